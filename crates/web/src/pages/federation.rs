//! The federation: its members, one member and its profile.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::decide::Item;
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::home::{Connection, connection_words};
use super::leaving::departed;
use super::parts::{Name, circle_link, crumbs, member_link, note, page_head, paragraphs, short};
use crate::leaving::Departed;

/// One member of the list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id and name.
    pub member: Name,
    /// Its class's name in the charter.
    pub class: String,
    /// Where it is; may be empty.
    pub region: String,
    /// How its node is connected.
    pub connection: Connection,
    /// Who hosts it.
    pub host: Host,
    /// How many members' votes pass through its node; none where it is hosted.
    pub votes_held: u64,
}

/// Whose node serves a member.
#[derive(Debug, Clone, Default)]
pub enum Host {
    /// Its own.
    #[default]
    Own,
    /// This member's.
    Hosted(Name),
    /// Nobody's yet; it has asked this member.
    Asked(String),
}

fn host_words(frame: &Frame, host: &Host) -> Markup {
    let say = frame.language;
    match host {
        Host::Own => say.own_node(),
        Host::Hosted(host) => say.hosted_by(member_link(host)),
        Host::Asked(host) if host.is_empty() => say.no_host(),
        Host::Asked(host) => say.asks_host(host),
    }
}

/// What the list of members shows.
#[derive(Debug, Clone)]
pub struct Members {
    /// Every member, in the order to show.
    pub members: Vec<Listed>,
    /// Applications that wait.
    pub applications: u64,
    /// The federation's id.
    pub federation: String,
    /// Who was a member, the last to go first.
    pub former: Vec<Departed>,
}

/// The members.
#[must_use]
pub fn members(frame: &Frame, view: &Members) -> Markup {
    let say = frame.language;
    let own = view.members.iter();
    let nodes = own.filter(|one| matches!(one.host, Host::Own)).count() as u64;
    let body = html! {
        (page_head(Markup::default(), say.members_of(&frame.federation),
            say.members_counted(view.members.len() as u64, nodes)))
        (links(frame, view.applications))
        section aria-labelledby="members-title" data-live="members" {
            h2.vh id="members-title" { (say.members()) }
            table.cards {
                caption.vh { (say.members()) }
                thead {
                    tr {
                        th scope="col" { (say.member()) }
                        th scope="col" { (say.class()) }
                        th scope="col" { (say.region()) }
                        th scope="col" { (say.node()) }
                        th scope="col" { (say.votes_held()) }
                    }
                }
                tbody {
                    @for listed in &view.members {
                        tr {
                            th scope="row" { (member_link(&listed.member)) }
                            td data-label=(say.class()) { span { (listed.class) } }
                            td data-label=(say.region()) {
                                @if listed.region.is_empty() { span.muted { (say.not_said()) } }
                                @else { span { (listed.region) } }
                            }
                            td data-label=(say.node()) {
                                (connection_words(frame, listed.connection))
                                @if !matches!(listed.host, Host::Own) {
                                    span.sub { (host_words(frame, &listed.host)) }
                                }
                            }
                            td data-label=(say.votes_held()) {
                                span { (say.holds_votes(listed.votes_held)) }
                            }
                        }
                    }
                }
            }
        }
        @if !view.former.is_empty() {
            section.area aria-labelledby="former-title" data-live="former" {
                h2 id="former-title" { (say.former_members()) }
                ul.stack { @for one in &view.former { li { (departed(frame, one)) } } }
            }
        }
        p.small.muted.area { (say.federation_id()) " " (short(&view.federation)) }
    };
    document(frame, &Head::live(say.members(), Area::Federation), body)
}

fn links(frame: &Frame, applications: u64) -> Markup {
    let say = frame.language;
    html! {
        nav.tabs aria-label=(say.federation()) {
            a href="/federation" aria-current="page" { (say.members()) }
            a href="/circles" { (say.circles()) }
            a href="/charter" { (say.charter()) }
            a href="/federation/applications" {
                (say.applications()) @if applications > 0 { span.badge { (applications) } }
            }
        }
    }
}

/// One member's page.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its id and name.
    pub member: Name,
    /// Its class's name.
    pub class: String,
    /// Where it is.
    pub region: String,
    /// What it does, in its own words.
    pub description: String,
    /// Its web site; shown as a link only if it starts with `https://` or `http://`.
    pub website: String,
    /// When it was admitted.
    pub since: Timestamp,
    /// How its node is connected.
    pub connection: Connection,
    /// Who hosts it.
    pub host: Host,
    /// The members it hosts.
    pub hosts: Vec<Name>,
    /// Hosts that claim it though it did not choose them.
    pub claims: Vec<Name>,
    /// Its root key.
    pub root_key: String,
    /// Its people: name (nothing where it has not arrived or was erased) and roles.
    pub people: Vec<(Option<String>, Vec<Role>)>,
    /// Circles its people have roles in.
    pub circles: Vec<Name>,
    /// Its proposals, newest first.
    pub proposals: Vec<Item>,
    /// Two signed histories of one of its keys are known: since when.
    pub forked: Option<Timestamp>,
    /// The reader may edit this profile.
    pub may_edit: bool,
    /// It is a member no more.
    pub departed: Option<Departed>,
}

/// What a person may do for its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs the node.
    Steward,
    /// Votes for the member.
    Delegate,
    /// Logs hours.
    Worker,
    /// Is a member in person.
    Individual,
}

impl Role {
    /// The word in forms, as in the grant.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steward => "steward",
            Self::Delegate => "delegate",
            Self::Worker => "worker",
            Self::Individual => "individual",
        }
    }

    pub(crate) fn word(self, say: crate::catalogue::Language) -> Markup {
        match self {
            Self::Steward => say.steward(),
            Self::Delegate => say.delegate(),
            Self::Worker => say.worker(),
            Self::Individual => say.individual(),
        }
    }
}

/// A person's name, or that this node does not have it.
pub(crate) fn person_name(frame: &Frame, name: Option<&str>) -> Markup {
    match name {
        Some(name) => html! { (name) },
        None => html! { span.muted { (frame.language.name_not_here()) } },
    }
}

pub(crate) fn role_words(frame: &Frame, roles: &[Role]) -> Markup {
    let say = frame.language;
    if roles.is_empty() {
        return say.no_role();
    }
    say.list(roles.iter().map(|role| role.word(say)).collect())
}

/// One member.
#[must_use]
pub fn member(frame: &Frame, view: &Member) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let body = html! {
        (page_head(
            crumbs(say, &[("/federation", say.federation())], html! { (view.member.name) }),
            html! { (view.member.name) },
            say.member_since(&view.class, clock.day(view.since)),
        ))
        div.split {
            div.col {
                @if let Some(gone) = &view.departed { p.box { (departed(frame, gone)) } }
                @if let Some(at) = view.forked {
                    (note(say.fork_title(), html! { p { (say.fork_words(clock.past(at))) } }))
                }
                @if view.description.is_empty() { p.empty { (say.no_description()) } }
                @else { div.words { (paragraphs(&view.description)) } }
                (proposals(frame, &view.proposals))
            }
            div.col {
                section {
                    h2 { (say.facts()) }
                    dl.facts {
                        dt { (say.node()) } dd { (connection_words(frame, view.connection)) }
                        dt { (say.host_of_member()) } dd {
                            (host_words(frame, &view.host))
                            @if !view.claims.is_empty() {
                                span.sub { (say.claimed_by(links_to(frame, &view.claims))) }
                            }
                        }
                        @if !view.hosts.is_empty() {
                            dt { (say.hosting()) } dd { (links_to(frame, &view.hosts)) }
                        }
                        @if !view.region.is_empty() { dt { (say.region()) } dd { (view.region) } }
                        @if !view.website.is_empty() { dt { (say.website()) } dd { (website(&view.website)) } }
                        dt { (say.root_key()) } dd { (short(&view.root_key)) }
                    }
                    @if view.may_edit {
                        div.buttons { a.btn href="/profile" { (say.edit_profile()) } }
                    }
                }
                (people(frame, view))
            }
        }
    };
    document(
        frame,
        &Head::new(html! { (view.member.name) }, Area::Federation),
        body,
    )
}

fn links_to(frame: &Frame, members: &[Name]) -> Markup {
    let links = members.iter().map(member_link).collect();
    frame.language.list(links)
}

/// Anyone can write anything here, so only a web address becomes a link.
fn website(address: &str) -> Markup {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    html! {
        @if is_web { a href=(address) rel="nofollow noreferrer" { (address) } }
        @else { (address) }
    }
}

fn proposals(frame: &Frame, items: &[Item]) -> Markup {
    let say = frame.language;
    html! {
        section {
            h2 { (say.its_proposals()) }
            @if items.is_empty() { p.empty { (say.proposed_nothing()) } }
            @else {
                ul.rows {
                    @for item in items {
                        li {
                            a href={ "/decide/" (item.proposal.id) } { (item.proposal.name) }
                            (item.state.pill(say))
                        }
                    }
                }
            }
        }
    }
}

fn people(frame: &Frame, view: &Member) -> Markup {
    let say = frame.language;
    html! {
        section {
            h2 { (say.people()) }
            @if view.people.is_empty() { p.empty { (say.no_people()) } }
            @else {
                ul.rows {
                    @for (name, roles) in &view.people {
                        li {
                            strong { (person_name(frame, name.as_deref())) }
                            span.meta { (role_words(frame, roles)) }
                        }
                    }
                }
            }
            @if !view.circles.is_empty() {
                p.small {
                    (say.in_circles(say.list(view.circles.iter().map(circle_link).collect())))
                }
            }
        }
    }
}

/// The profile form; `profile` is what stands: name, region, description, website.
#[must_use]
pub fn edit_profile(frame: &Frame, profile: [&str; 4], filled: &Filled) -> Markup {
    let say = frame.language;
    let [name, region, description, website] = profile;
    let body = html! {
        (page_head(
            crumbs(say, &[("/federation", say.federation())], say.edit_profile()),
            say.edit_profile(),
            say.every_member_sees_it(),
        ))
        form.narrow method="post" action="/profile" {
            (csrf(frame.csrf()))
            (Field::new(say, filled, "name", say.name()).initial(name).required().line("text", Some("organization")))
            (Field::new(say, filled, "region", say.region()).hint(say.region_hint()).initial(region)
                .line("text", None))
            (Field::new(say, filled, "description", say.description()).hint(say.description_hint())
                .initial(description).area(6))
            (Field::new(say, filled, "website", say.website()).hint(say.website_hint())
                .initial(website).line("url", Some("url")))
            div.buttons { button.btn.primary { (say.save()) } }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.edit_profile(), Area::Federation)
    };
    document(frame, &head, body)
}
