//! This node: its health in words, its peers, its people and its keys.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::federation::{Role, person_name, role_words};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::home::{Connection, connection_words};
use super::parts::{Name, crumbs, icon, member_link, page_head, short};
use crate::catalogue::Language;

/// Something that is wrong at this node, and what to do is said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No other node answers.
    Alone,
    /// The clock differs from the peers' median.
    Clock {
        /// By how much, in seconds.
        off_seconds: u64,
        /// It is ahead of them.
        ahead: bool,
        /// So far that this node signs nothing.
        signs_nothing: bool,
    },
    /// The disk has little room.
    DiskNearlyFull {
        /// What is left, in bytes.
        free_bytes: u64,
    },
    /// The store refused a write.
    StoreFailed {
        /// What it said.
        because: String,
    },
    /// The federation uses something this release does not know.
    TooOld {
        /// The release that is needed.
        needed: String,
    },
    /// The member has no mandate, so nobody can vote for it.
    NoDelegate,
    /// Sign-in is reached over an address that is neither this machine nor encrypted.
    Unencrypted,
}

/// How far this node has caught up with one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Nothing is missing on either side.
    UpToDate,
    /// That many entries are on their way here.
    Receiving(u64),
    /// That many entries are on their way there.
    Sending(u64),
    /// Not compared yet.
    Unknown,
}

/// Another member's node.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its member.
    pub member: Name,
    /// How it is connected.
    pub connection: Connection,
    /// Its address, where connected.
    pub address: Option<String>,
    /// Its software, as it says.
    pub agent: String,
    /// How far we are.
    pub catch_up: CatchUp,
    /// Round trip in milliseconds.
    pub round_trip_ms: Option<u64>,
}

/// What the page of this node shows.
#[derive(Debug, Clone)]
pub struct Node {
    /// What is wrong, worst first.
    pub troubles: Vec<Trouble>,
    /// Every other member's node.
    pub peers: Vec<Peer>,
    /// Entries stored.
    pub entries: u64,
    /// Bytes of the store.
    pub store_bytes: u64,
    /// Logs known, one for each key that ever wrote.
    pub logs: u64,
    /// When the newest entry arrived.
    pub newest: Option<Timestamp>,
    /// Entries held back because they claim a time that has not come.
    pub held: u64,
    /// Milliseconds between this clock and the peers' median; nothing without peers.
    pub clock_off_ms: Option<i64>,
    /// When the node was started.
    pub started: Timestamp,
    /// Addresses at which other nodes reach this one.
    pub addresses: Vec<String>,
    /// Release and version of formats.
    pub release: String,
    /// The node's key.
    pub key: String,
}

/// The page of this node.
#[must_use]
pub fn page(frame: &Frame, view: &Node) -> Markup {
    let say = frame.language;
    let connected = view
        .peers
        .iter()
        .filter(|peer| peer.connection == Connection::Connected);
    let (connected, all) = (connected.count() as u64, view.peers.len() as u64);
    let behind = view
        .peers
        .iter()
        .any(|peer| matches!(peer.catch_up, CatchUp::Receiving(_)));
    let body = html! {
        (page_head(
            Markup::default(),
            say.node_of(&frame.member),
            if behind { say.node_catching_up(all, connected) }
            else { say.node_up_to_date(all, connected) },
        ))
        (tabs(say, "/node"))
        section aria-labelledby="troubles-title" data-live="troubles" {
            h2 id="troubles-title" { (say.what_is_wrong()) }
            @if view.troubles.is_empty() {
                p.word.k-agree { (icon("yes")) (say.nothing_is_wrong()) }
            }
            @for trouble in &view.troubles { (trouble_note(frame, trouble)) }
        }
        (peers(frame, view))
        div.split.area {
            (store(frame, view))
            (identity(frame, view))
        }
    };
    document(frame, &Head::live(say.this_node(), Area::Node), body)
}

fn tabs(say: Language, current: &str) -> Markup {
    let tabs = [
        ("/node", say.health()),
        ("/node/people", say.people()),
        ("/node/keys", say.keys()),
    ];
    html! {
        nav.tabs aria-label=(say.this_node()) {
            @for (path, name) in tabs {
                a href=(path) aria-current=[(path == current).then_some("page")] { (name) }
            }
        }
    }
}

fn trouble_note(frame: &Frame, trouble: &Trouble) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (what, todo) = match trouble {
        Trouble::Alone => (say.trouble_alone(), say.todo_alone()),
        Trouble::Clock {
            off_seconds,
            ahead,
            signs_nothing,
        } => {
            let off = clock.length(*off_seconds);
            let what = if *ahead {
                say.trouble_clock_ahead(off)
            } else {
                say.trouble_clock_behind(off)
            };
            (
                what,
                if *signs_nothing {
                    say.todo_clock_signs_nothing()
                } else {
                    say.todo_clock()
                },
            )
        }
        Trouble::DiskNearlyFull { free_bytes } => {
            (say.trouble_disk(bytes(*free_bytes)), say.todo_disk())
        }
        Trouble::StoreFailed { because } => (say.trouble_store(), say.todo_store(because)),
        Trouble::TooOld { needed } => (say.trouble_too_old(needed), say.todo_too_old()),
        Trouble::NoDelegate => (
            say.trouble_no_delegate(&frame.member),
            say.todo_no_delegate(),
        ),
        Trouble::Unencrypted => (say.trouble_unencrypted(), say.todo_unencrypted()),
    };
    html! { div.note { h3 { (icon("wait")) (what) } p { (todo) } } }
}

fn peers(frame: &Frame, view: &Node) -> Markup {
    let say = frame.language;
    html! {
        section.area aria-labelledby="peers-title" data-live="peers" {
            h2 id="peers-title" { (say.other_nodes()) }
            @if view.peers.is_empty() { p.empty { (say.no_other_members()) } }
            @else {
                table.cards {
                    caption.vh { (say.other_nodes()) }
                    thead {
                        tr {
                            th scope="col" { (say.member()) }
                            th scope="col" { (say.connection()) }
                            th scope="col" { (say.catch_up()) }
                            th scope="col" { (say.address()) }
                        }
                    }
                    tbody { @for peer in &view.peers { (peer_row(frame, peer)) } }
                }
            }
        }
    }
}

fn peer_row(frame: &Frame, peer: &Peer) -> Markup {
    let say = frame.language;
    let catch_up = match peer.catch_up {
        CatchUp::UpToDate => say.up_to_date(),
        CatchUp::Receiving(count) => say.receiving(count),
        CatchUp::Sending(count) => say.sending(count),
        CatchUp::Unknown => say.not_compared(),
    };
    html! {
        tr {
            th scope="row" { (member_link(&peer.member)) span.sub { (peer.agent) } }
            td data-label=(say.connection()) {
                (connection_words(frame, peer.connection))
                @if let Some(ms) = peer.round_trip_ms { span.sub { (say.round_trip(ms)) } }
            }
            td data-label=(say.catch_up()) { span { (catch_up) } }
            td data-label=(say.address()) {
                @if let Some(address) = &peer.address { code { (address) } }
                @else { span.muted { (say.none_known()) } }
            }
        }
    }
}

fn store(frame: &Frame, view: &Node) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section.col aria-labelledby="store-title" data-live="store" {
            h2 id="store-title" { (say.stored_here()) }
            dl.facts {
                dt { (say.entries()) } dd { (view.entries) }
                dt { (say.size()) } dd { (bytes(view.store_bytes)) }
                dt { (say.logs()) } dd { (view.logs) }
                dt { (say.newest()) }
                dd {
                    @match view.newest {
                        Some(at) => { (clock.past(at)) " (" (clock.since(at)) ")" }
                        None => (say.nothing_yet()),
                    }
                }
                dt { (say.held_back()) } dd { (say.held_entries(view.held)) }
            }
        }
    }
}

fn identity(frame: &Frame, view: &Node) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section.col aria-labelledby="identity-title" {
            h2 id="identity-title" { (say.facts()) }
            dl.facts {
                dt { (say.clock()) }
                dd {
                    @match view.clock_off_ms {
                        Some(off) if off.unsigned_abs() < 1000 => (say.clock_agrees()),
                        Some(off) if off > 0 => (say.clock_ahead(clock.length(off.unsigned_abs() / 1000))),
                        Some(off) => (say.clock_behind(clock.length(off.unsigned_abs() / 1000))),
                        None => (say.clock_unknown()),
                    }
                }
                dt { (say.running_since()) } dd { (clock.past(view.started)) }
                dt { (say.release()) } dd { (view.release) }
                dt { (say.address()) }
                dd {
                    @if view.addresses.is_empty() { (say.none_known()) }
                    @for address in &view.addresses { code { (address) } " " }
                }
                dt { (say.node_key()) } dd { (short(&view.key)) }
            }
        }
    }
}

/// A size in the unit that leaves at most three digits before the point; MiB and GiB as they are.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = count.saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

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
    /// Signed in last.
    pub seen: Option<Timestamp>,
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
}

/// The people of this member.
#[must_use]
pub fn people(frame: &Frame, view: &People, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.people()),
            say.people_of(&frame.member),
            say.people_explained(),
        ))
        (tabs(say, "/node/people"))
        @if let Some((name, link)) = &view.invitation {
            section.box {
                h2 { (say.invitation_for(name)) }
                p { (say.invitation_shown_once(name)) }
                p.secret { code { (link) } }
            }
        }
        div.split {
            div.col {
                table.cards {
                    caption.vh { (say.people()) }
                    thead {
                        tr {
                            th scope="col" { (say.name()) }
                            th scope="col" { (say.roles()) }
                            th scope="col" { (say.last_seen()) }
                            th scope="col" { span.vh { (say.remove()) } }
                        }
                    }
                    tbody { @for person in &view.people { (person_row(frame, person)) } }
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

fn person_row(frame: &Frame, person: &Person) -> Markup {
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
            td data-label=(say.last_seen()) {
                span {
                    @match (person.invited_until, person.seen) {
                        (Some(until), _) => (say.invited_until(clock.deadline_short(until))),
                        (None, Some(at)) => (clock.past(at)),
                        (None, None) => (say.never_signed_in()),
                    }
                }
            }
            td data-label="" {
                @if frame.is_steward() && !person.is_reader {
                    form method="post" action={ "/node/people/" (person.id) "/remove" } {
                        (csrf(frame.csrf()))
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
                (Field::new(say, filled, "mail", say.mail()).hint(say.mail_hint())
                    .line("email", None))
                (Field::new(say, filled, "roles", say.roles()).initial("delegate")
                    .rows("checkbox", &rows))
                div.buttons { button.btn.primary { (say.make_invitation()) } }
            }
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// The member's root key.
    Root,
    /// The node's own key.
    Node,
    /// A person's key.
    Person,
    /// A validator's key.
    Validator,
}

/// A key of this member.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub key: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Whose, for persons.
    pub person: Option<String>,
    /// Its secret half is on this node.
    pub here: bool,
    /// Granted then.
    pub granted: Option<Timestamp>,
    /// Entries it signed.
    pub entries: u64,
    /// Revoked then.
    pub revoked: Option<Timestamp>,
    /// It signed two histories.
    pub forked: bool,
}

/// The keys of this member: read only; changing them needs the command line.
#[must_use]
pub fn keys(frame: &Frame, keys: &[Key]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.keys()),
            say.keys_of(&frame.member),
            say.keys_explained(),
        ))
        (tabs(say, "/node/keys"))
        table.cards {
            caption.vh { (say.keys()) }
            thead {
                tr {
                    th scope="col" { (say.key()) }
                    th scope="col" { (say.purpose()) }
                    th scope="col" { (say.where_it_is()) }
                    th scope="col" { (say.state()) }
                }
            }
            tbody { @for key in keys { (key_row(frame, key)) } }
        }
        section.area {
            h2 { (say.changing_keys()) }
            p { (say.keys_by_command()) }
            code.command { "folkmoot key grant | mandate | revoke | export" }
        }
    };
    document(frame, &Head::new(say.keys(), Area::Node), body)
}

fn key_row(frame: &Frame, key: &Key) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let purpose = match key.purpose {
        KeyPurpose::Root => say.purpose_root(),
        KeyPurpose::Node => say.purpose_node(),
        KeyPurpose::Person => say.purpose_person(),
        KeyPurpose::Validator => say.purpose_validator(),
    };
    html! {
        tr {
            th scope="row" { (short(&key.key)) }
            td data-label=(say.purpose()) {
                span { (purpose) }
                @if let Some(person) = &key.person { span.sub { (person) } }
            }
            td data-label=(say.where_it_is()) {
                span { @if key.here { (say.on_this_node()) } @else { (say.not_on_this_node()) } }
            }
            td data-label=(say.state()) {
                @match key.revoked {
                    Some(at) => span.word.k-rest { (icon("no")) (say.revoked_at(clock.past(at))) },
                    None if key.forked => span.word.k-wait { (icon("wait")) (say.key_forked()) },
                    None => span.word.k-agree { (icon("yes")) (say.key_stands()) },
                }
                @if let Some(at) = key.granted { span.sub { (say.granted_at(clock.past(at))) } }
                span.sub { (say.entries_signed(key.entries)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_one_digit_after_the_point() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 * 1024 * 1024 * 1024), "5.0 GiB");
    }
}
