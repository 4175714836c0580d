//! The people of this member: their roles, inviting and removing them.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::federation::{Role, person_name, role_words};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::node::tabs;
use super::parts::{crumbs, icon, invitation_once, page_head};

/// Someone who acts for this member.
#[derive(Debug, Clone)]
pub struct Person {
    /// The person's id.
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// The person's keys are on a device of its own, not on this node.
    pub own_device: bool,
    /// In the mandate that stands: the vote counts.
    pub in_mandate: bool,
    /// Can sign in at this node.
    pub has_account: bool,
    /// Invited and has not accepted yet, until then.
    pub invited_until: Option<Timestamp>,
    /// It is the reader.
    pub is_reader: bool,
}

/// What the page of people shows.
#[derive(Debug, Clone)]
pub struct People {
    /// Everyone, invited ones last.
    pub people: Vec<Person>,
    /// A link just made: shown once. Its name and the whole address.
    pub invitation: Option<(String, String)>,
    /// The root key is on this node, so that a mandate can be signed here.
    pub root_key_here: bool,
    /// The root key is in the reader's account: the password opens it for each use.
    pub password_needed: bool,
}

/// The people of this member.
#[must_use]
pub fn page(frame: &Frame, view: &People, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.people()),
            say.people_of(&frame.member),
            say.people_explained(),
        ))
        (tabs(say, "/node/people"))
        (invitation_once(say, view.invitation.as_ref()))
        div.split {
            div.col {
                table.cards {
                    caption.vh { (say.people()) }
                    thead {
                        tr {
                            th scope="col" { (say.name()) }
                            th scope="col" { (say.roles()) }
                            th scope="col" { (say.account_here()) }
                            th scope="col" { span.vh { (say.remove()) } }
                        }
                    }
                    tbody { @for person in &view.people { (person_row(frame, view, person)) } }
                }
            }
            div.col { (invite_form(frame, view, filled)) }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.people(), Area::Node)
    };
    document(frame, &head, body)
}

fn person_row(frame: &Frame, view: &People, person: &Person) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        tr {
            th scope="row" {
                (person_name(frame, person.name.as_deref()))
                @if person.is_reader { " " span.meta { (say.that_is_you()) } }
            }
            td data-label=(say.roles()) {
                span { (role_words(frame, &person.roles)) }
                @if person.roles.contains(&Role::Delegate) && !person.in_mandate {
                    span.remark { (icon("wait")) span { (say.not_in_mandate()) } }
                }
                @if person.own_device { span.sub { (say.keys_on_own_device()) } }
            }
            td data-label=(say.account_here()) {
                span {
                    @match (person.invited_until, person.has_account) {
                        (Some(until), _) => (say.invited_until(clock.deadline_short(until))),
                        (None, true) => (say.has_account()),
                        (None, false) => (say.has_no_account()),
                    }
                }
            }
            td data-label="" {
                @if frame.is_steward() && !person.is_reader {
                    form method="post" action={ "/node/people/" (person.id) "/remove" } {
                        (csrf(frame.csrf()))
                        @if view.password_needed {
                            label {
                                (say.password()) " "
                                input type="password" name="password"
                                    autocomplete="current-password";
                            }
                        }
                        button.btn.quiet {
                            (say.remove())
                            span.vh { " " (person_name(frame, person.name.as_deref())) }
                        }
                    }
                }
            }
        }
    }
}

fn invite_form(frame: &Frame, view: &People, filled: &Filled) -> Markup {
    let say = frame.language;
    if !frame.is_steward() {
        return html! { p.muted { (say.only_stewards_invite(&frame.member)) } };
    }
    let rows = [
        (
            Role::Delegate.as_str(),
            say.delegate(),
            say.delegate_means(),
            "",
        ),
        (Role::Worker.as_str(), say.worker(), say.worker_means(), ""),
        (
            Role::Steward.as_str(),
            say.steward(),
            say.steward_means(),
            "",
        ),
    ];
    html! {
        section {
            h2.h3 { (say.invite_somebody()) }
            @if !view.root_key_here { p.small { (say.root_key_elsewhere()) } }
            form method="post" action="/node/people/invite" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "name", say.name()).hint(say.person_name_hint()).required()
                    .line("text", None))
                (Field::new(say, filled, "roles", say.roles()).initial("delegate")
                    .rows("checkbox", &rows))
                @if view.password_needed {
                    (Field::new(say, filled, "password", say.password())
                        .hint(say.password_opens_root())
                        .line("password", Some("current-password")))
                }
                div.buttons { button.btn.primary { (say.make_invitation()) } }
            }
        }
    }
}
