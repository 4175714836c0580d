//! This node: its health in words, its peers, what it stores.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::frame::{Area, Frame, Head, document};
use super::home::{Connection, connection_words};
use super::leaving::{departed, section};
use super::parts::{Name, bytes, icon, member_link, page_head, short};
use super::register::recovery::{Wait, wait_words};
use crate::catalogue::Language;
use crate::leaving::{Departed, Leaving};

/// Something that is wrong at this node, and what to do is said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No other node answers.
    Alone,
    /// The node was not stopped in order and has not compared its logs with another since.
    NotCompared,
    /// The clock differs from the peers' median.
    Clock {
        /// By how much, in seconds.
        off_seconds: u64,
        /// It is ahead of them.
        ahead: bool,
        /// So far that this node signs nothing.
        signs_nothing: bool,
    },
    /// Nothing more can be stored.
    DiskFull,
    /// Writing takes longer than its deadline.
    DiskSlow,
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
    /// This node takes no full part in the register.
    Register {
        /// Why.
        because: String,
    },
    /// The register waits for validators.
    RegisterWaits(Wait),
    /// The register names another validator key than this node's, or will from the next height on.
    NextKey {
        /// Whether it does already: the node has to be started again.
        is_named: bool,
    },
    /// The member has no mandate, so nobody can vote for it.
    NoDelegate,
    /// A member's keys wrote more than is kept of one member for now.
    HeldBack {
        /// The member.
        member: String,
        /// How many entries were held back since the node started.
        count: u64,
    },
    /// Mail cannot be sent.
    Mail {
        /// Since when.
        since: Timestamp,
        /// What the mail server said.
        because: String,
        /// How many mails wait.
        waiting: u64,
    },
    /// One of the member's own servers gives no answer.
    Server {
        /// What it is called.
        name: String,
        /// Its id.
        id: String,
    },
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
    /// What its member hands over before it leaves; nothing before the register, or for who could not
    /// leave.
    pub leaving: Option<Leaving>,
    /// Its member is one no more.
    pub departed: Option<Departed>,
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
        div data-live="heading" {
        (page_head(
            Markup::default(),
            say.node_of(&frame.member),
            if view.departed.is_some() { Markup::default() }
            else if behind { say.node_catching_up(all, connected) }
            else { say.node_up_to_date(all, connected) },
        ))
        }
        (tabs(say, "/node"))
        section aria-labelledby="troubles-title" data-live="troubles" {
            h2 id="troubles-title" { (say.what_is_wrong()) }
            @if view.troubles.is_empty() {
                p.word.k-agree { (icon("yes")) span { (say.nothing_is_wrong()) } }
            }
            @for trouble in &view.troubles { (trouble_note(frame, trouble)) }
        }
        @if let Some(gone) = &view.departed { p.box { (departed(frame, gone)) } }
        @else { (peers(frame, view)) }
        div.split.area {
            (store(frame, view))
            (identity(frame, view))
        }
        @if let Some(leaving) = &view.leaving { (section(frame, leaving)) }
    };
    document(frame, &Head::live(say.this_node(), Area::Node), body)
}

pub(super) fn tabs(say: Language, current: &str) -> Markup {
    let tabs = [
        ("/node", say.health()),
        ("/node/people", say.people()),
        ("/node/hosted", say.hosting()),
        ("/node/servers", say.servers()),
        ("/node/tenants", say.tenants()),
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
        Trouble::NotCompared => (say.trouble_not_compared(), say.todo_not_compared()),
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
        Trouble::DiskFull => (say.trouble_disk_full(), say.todo_disk_full()),
        Trouble::DiskSlow => (say.trouble_disk_slow(), say.todo_disk_slow()),
        Trouble::DiskNearlyFull { free_bytes } => {
            (say.trouble_disk(bytes(*free_bytes)), say.todo_disk())
        }
        Trouble::StoreFailed { because } => (say.trouble_store(), say.todo_store(because)),
        Trouble::TooOld { needed } => (say.trouble_too_old(needed), say.todo_too_old()),
        Trouble::Register { because } => (say.trouble_register(), say.todo_register(because)),
        Trouble::RegisterWaits(wait) => {
            let whom = wait.members.iter().map(|name| html! { (name) });
            let about = html! { a href="/register/recovery" { (say.recovery_when_gone()) } };
            (
                say.trouble_register_waits(say.list(whom.collect())),
                html! { (wait_words(frame, wait)) " " (about) },
            )
        }
        Trouble::NextKey { is_named: true } => {
            (say.trouble_next_key_named(), say.todo_next_key_named())
        }
        Trouble::NextKey { is_named: false } => {
            (say.trouble_next_key_waits(), say.todo_next_key_waits())
        }
        Trouble::NoDelegate => (
            say.trouble_no_delegate(&frame.member),
            say.todo_no_delegate(),
        ),
        Trouble::HeldBack { member, count } => (
            say.trouble_held_back(member, *count),
            say.todo_held_back(member),
        ),
        Trouble::Mail {
            since,
            because,
            waiting,
        } => {
            let todo = say.todo_mail(because, clock.past(*since));
            (
                say.trouble_mail(),
                html! { (todo) " " (say.mails_wait(*waiting)) },
            )
        }
        Trouble::Server { name, id } => {
            let link = html! { a href={ "/node/servers/" (id) } { (name) } };
            (say.trouble_server(name), say.todo_server(link))
        }
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
