//! Hosting: the members that this node serves, the reader's own host, and signing up through one.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::applicants::{Journey, standing};
use super::application::{Terms, acceptance};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::node::tabs;
use super::parts::{Name, crumbs, invitation_once, member_link, page_head};

/// Where a member stands with this host.
#[derive(Debug, Clone)]
pub enum Stand {
    /// Hosted here.
    InForce,
    /// Hosted here because the members decided it.
    ByDecision,
    /// Hosted here, and has asked this member to take over.
    Moving(String),
    /// Asks to be hosted here.
    Asks,
    /// Signed up here and waits for the founders: how many have signed, and how many must.
    Applies(u64, u64),
    /// Signed up here, and has not applied to all members yet.
    SignedUp,
    /// Signed up here, and all members decide: how far that is.
    Journeys(Journey),
    /// Not hosted here any more; accounts of it are left.
    Left {
        /// One of them keeps its root key.
        keeps_root: bool,
    },
}

/// A member, or who wants to be one, that has to do with this host.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Its id, of a member or of who will be one.
    pub id: String,
    /// Its id and name, with a page if it is a member.
    pub member: Name,
    /// Its class's name.
    pub class: String,
    /// Where it stands.
    pub stand: Stand,
    /// Its people sign on devices of their own.
    pub signs_itself: bool,
}

/// What the page of a host shows.
#[derive(Debug, Clone)]
pub struct Hosting {
    /// Everyone who has to do with it.
    pub guests: Vec<Guest>,
    /// A link just made: shown once. Whom it is for and the whole address.
    pub invitation: Option<(String, String)>,
    /// The classes of the charter: id and name.
    pub classes: Vec<(String, String)>,
}

/// The members that this node hosts.
#[must_use]
pub fn page(frame: &Frame, view: &Hosting, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.hosting()),
            say.hosted_at(&frame.member),
            say.hosted_explained(),
        ))
        (tabs(say, "/node/hosted"))
        (invitation_once(say, view.invitation.as_ref()))
        div.split {
            div.col {
                @if view.guests.is_empty() { p.empty { (say.hosted_none()) } }
                @else { (guests(frame, &view.guests)) }
            }
            div.col { (invite_form(frame, view, filled)) }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::live(say.hosting(), Area::Node)
    };
    document(frame, &head, body)
}

fn guests(frame: &Frame, guests: &[Guest]) -> Markup {
    let say = frame.language;
    html! {
        table.cards data-live="members applications" {
            caption.vh { (say.hosting()) }
            thead {
                tr {
                    th scope="col" { (say.hosted_name()) }
                    th scope="col" { (say.class()) }
                    th scope="col" { (say.hosted_state()) }
                    th scope="col" { span.vh { (say.hosted_end()) } }
                }
            }
            tbody {
                @for guest in guests {
                    tr {
                        th scope="row" { (member_link(&guest.member)) }
                        td data-label=(say.class()) { span { (guest.class) } }
                        td data-label=(say.hosted_state()) {
                            span {
                                @match &guest.stand {
                                    Stand::InForce => (say.hosted_in_force()),
                                    Stand::ByDecision => (say.hosted_by_decision()),
                                    Stand::Moving(host) => (say.hosted_moving(host)),
                                    Stand::Asks => (say.hosted_asks()),
                                    Stand::Applies(signed, needed) => {
                                        (say.hosted_applies(signed, needed))
                                    },
                                    Stand::SignedUp => (say.hosted_signed_up()),
                                    Stand::Journeys(journey) => (standing(frame, journey)),
                                    Stand::Left { .. } => (say.hosted_left()),
                                }
                            }
                            @if guest.signs_itself { span.sub { (say.hosted_signs_itself()) } }
                        }
                        td data-label="" { @if frame.is_steward() { (answers(frame, guest)) } }
                    }
                }
            }
        }
    }
}

fn answers(frame: &Frame, guest: &Guest) -> Markup {
    let say = frame.language;
    let offered: &[(&str, Markup)] = match guest.stand {
        Stand::Asks => &[("yes", say.hosted_accept()), ("no", say.hosted_refuse())],
        Stand::InForce | Stand::Moving(_) => &[("no", say.hosted_end())],
        _ => &[],
    };
    html! {
        @for (value, words) in offered {
            form method="post" action={ "/node/hosted/" (guest.id) "/answer" } {
                (csrf(frame.csrf()))
                input type="hidden" name="accepts" value=(value);
                button.btn.quiet { (words) span.vh { " " (guest.member.name) } }
            }
        }
        @if matches!(
            guest.stand,
            Stand::Applies(..) | Stand::SignedUp | Stand::Journeys(_) | Stand::Left { .. }
        ) {
            (removal(frame, guest))
        }
    }
}

/// Where a member's only root key may go, that is ticked by itself.
fn removal(frame: &Frame, guest: &Guest) -> Markup {
    let say = frame.language;
    let keeps_root = matches!(guest.stand, Stand::Left { keeps_root: true });
    html! {
        form method="post" action={ "/node/hosted/" (guest.id) "/remove" } {
            (csrf(frame.csrf()))
            @if keeps_root {
                label {
                    input type="checkbox" name="with_keys" value="yes" required; " "
                    (say.hosted_keys_may_go())
                }
            }
            button.btn.quiet { (say.remove()) span.vh { " " (guest.member.name) } }
        }
    }
}

fn invite_form(frame: &Frame, view: &Hosting, filled: &Filled) -> Markup {
    let say = frame.language;
    if !frame.is_steward() {
        return html! { p.muted { (say.only_stewards_host(&frame.member)) } };
    }
    html! {
        section {
            h2.h3 { (say.hosted_invite()) }
            p.muted { (say.hosted_invite_explained()) }
            form method="post" action="/node/hosted/invite" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "name", say.hosted_for()).hint(say.hosted_for_hint())
                    .required().line("text", None))
                (Field::new(say, filled, "class", say.class())
                    .select(Some(say.any_class()), &options(&view.classes)))
                div.buttons { button.btn.primary { (say.make_invitation()) } }
            }
        }
    }
}

fn options(pairs: &[(String, String)]) -> Vec<(String, Markup)> {
    let option = |(id, name): &(String, String)| (id.clone(), html! { (name) });
    pairs.iter().map(option).collect()
}

/// How the choice of the reader's member stands.
#[derive(Debug, Clone)]
pub enum Choice {
    /// It is in force.
    InForce,
    /// This host was asked.
    Asked(String),
    /// This host said no.
    Refused(String),
    /// It is no member.
    Unknown,
}

/// What a hosted member's people see of their host.
#[derive(Debug, Clone)]
pub struct OwnHost {
    /// The host in force, or the member whose node this is.
    pub host: Name,
    /// The member whose node this is, if it is not the host any more.
    pub left: Option<Name>,
    /// How the last choice stands.
    pub choice: Choice,
    /// Members that could host: id and name.
    pub hosts: Vec<(String, String)>,
    /// The keys are in the reader's account here.
    pub has_keys: bool,
    /// The text of the keys, when it was asked for.
    pub keys: Option<String>,
}

/// The reader's own host.
#[must_use]
pub fn own(frame: &Frame, view: &OwnHost, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.hosting()),
            say.your_host(),
            match &view.left {
                None => say.your_host_explained(member_link(&view.host)),
                Some(left) => say.your_host_is_elsewhere(
                    member_link(&view.host),
                    member_link(left),
                ),
            },
        ))
        (tabs(say, "/node/hosted"))
        @match &view.choice {
            Choice::InForce => {},
            Choice::Asked(host) => p.box { (say.your_host_asked(host)) },
            Choice::Refused(host) => p.box { (say.your_host_refused(host)) },
            Choice::Unknown => p.box { (say.your_host_unknown()) },
        }
        div.split {
            div.col {
                section {
                    h2 { (say.move_host()) }
                    p.muted { (say.move_host_explained()) }
                    @if frame.is_steward() {
                        form method="post" action="/node/hosted/move" {
                            (csrf(frame.csrf()))
                            (Field::new(say, filled, "host", say.new_host()).required()
                                .select(None, &options(&view.hosts)))
                            div.buttons { button.btn { (say.ask_to_host()) } }
                        }
                    }
                }
            }
            div.col {
                section {
                    h2 { (say.take_keys()) }
                    @if let Some(keys) = &view.keys {
                        p { (say.keys_text_shown()) }
                        p.secret { code { (keys) } }
                    } @else if view.has_keys {
                        p.muted { (say.take_keys_explained()) }
                        form method="post" action="/node/hosted/export" {
                            (csrf(frame.csrf()))
                            div.buttons { button.btn { (say.show_keys_text()) } }
                        }
                    } @else { p.muted { (say.keys_on_device()) } }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.your_host(), Area::Node)
    };
    document(frame, &head, body)
}

/// What a link to sign up is for.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The secret of the link, which the form goes back to.
    pub secret: String,
    /// The classes to choose from: id and name.
    pub classes: Vec<(String, String)>,
    /// The link works until then.
    pub until: Timestamp,
    /// The charter that has to be accepted, where all members decide; none while founders admit.
    pub terms: Option<Terms>,
}

/// Signing up through a host; `csrf_token` is the one given before there is a session.
#[must_use]
pub fn sign_up(frame: &Frame, csrf_token: &str, view: &Entry, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let first = view.classes.first().map_or("", |(id, _)| id.as_str());
    let is_bringing = filled.has_errors() && !filled.value("export").is_empty();
    let body = html! {
        (page_head(
            Markup::default(),
            say.join_through(&frame.member),
            match view.terms {
                None => say.join_through_explained(&frame.federation, &frame.member),
                Some(_) => say.join_through_decided(&frame.federation, &frame.member),
            },
        ))
        form.narrow method="post" action={ "/join/" (view.secret) } {
            (csrf(csrf_token))
            (Field::new(say, filled, "member_name", say.join_member_name())
                .hint(say.join_member_name_hint()).required().line("text", Some("organization")))
            (Field::new(say, filled, "class", say.join_class()).initial(first).required()
                .select(None, &options(&view.classes)))
            @match &view.terms {
                None => (Field::new(say, filled, "request", say.join_request())
                    .hint(say.join_request_hint()).area(4)),
                Some(terms) => (acceptance(frame, filled, terms, ("", ""))),
            }
            (Field::new(say, filled, "name", say.your_name()).hint(say.your_name_hint())
                .required().line("text", Some("username")))
            (Field::new(say, filled, "mail", say.mail()).hint(say.mail_hint())
                .line("email", Some("email")))
            (Field::new(say, filled, "password", say.password()).hint(say.password_hint())
                .required().line("password", Some("new-password")))
            details open[is_bringing] {
                summary { (say.join_bring()) }
                p.muted { (say.join_bring_explained()) }
                (Field::new(say, filled, "export", say.join_export()).area(4))
                (Field::new(say, filled, "old_password", say.join_old_password())
                    .line("password", Some("off")))
            }
            div.buttons {
                button.btn.primary { (say.join_apply()) }
                span.hint { (say.link_works_until(clock.deadline_short(view.until))) }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.join_through(&frame.member), Area::None)
    };
    document(frame, &head, body)
}
