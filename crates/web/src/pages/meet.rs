//! Meet: servers by region with how full they are, the meetings this node placed and why there, and
//! those that found no place.

mod live;
mod reason;
mod strip;

use std::collections::BTreeSet;

use domain::{
    id::{ServerId, TenantId, Timestamp},
    record::Room,
};
use maud::{Markup, html};
use routing::Reason;

use super::form::Filled;
use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, icon, member_link, note, page_head};
use crate::catalogue::Language;

pub(crate) use self::{
    live::{why_here, why_not},
    reason::{order, sentence},
};

/// The most meetings on the page; more are listed by the command.
pub const LIVE_MAX: usize = 40;
/// The most creates without a place on the page.
pub const UNPLACED_MAX: usize = 10;

/// How a server is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerState {
    /// It takes new meetings.
    Open,
    /// It takes none for now.
    Cordoned,
    /// It takes none any more.
    Draining,
    /// It takes new meetings of its owner only.
    TestsOnly,
    /// Nothing is heard of it, or it gives its owner no answer.
    NotAnswering,
}

impl ServerState {
    const ALL: [Self; 5] = [
        Self::Open,
        Self::Cordoned,
        Self::Draining,
        Self::TestsOnly,
        Self::NotAnswering,
    ];

    /// The word of programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cordoned => "cordoned",
            Self::Draining => "draining",
            Self::TestsOnly => "tests-only",
            Self::NotAnswering => "not-answering",
        }
    }

    fn word(self, say: Language) -> Markup {
        match self {
            Self::Open => say.meet_state_open(),
            Self::Cordoned => say.meet_state_cordoned(),
            Self::Draining => say.meet_state_draining(),
            Self::TestsOnly => say.meet_state_tests_only(),
            Self::NotAnswering => say.meet_state_not_answering(),
        }
    }

    fn means(self, say: Language) -> Markup {
        match self {
            Self::Open => say.meet_open_means(),
            Self::Cordoned => say.meet_cordoned_means(),
            Self::Draining => say.meet_draining_means(),
            Self::TestsOnly => say.meet_tests_only_means(),
            Self::NotAnswering => say.meet_not_answering_means(),
        }
    }

    fn pill(self, say: Language) -> Markup {
        let (family, shape) = match self {
            Self::Open => ("k-agree", "agree"),
            Self::Cordoned => ("k-wait", "cordoned"),
            Self::Draining => ("k-wait", "draining"),
            Self::TestsOnly => ("k-rest", "tests-only"),
            Self::NotAnswering => ("k-block", "not-answering"),
        };
        html! { span class={ "state " (family) } { (icon(shape)) (self.word(say)) } }
    }
}

/// What a server can run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Places for people.
    People,
    /// Processing power.
    Processing,
    /// Outgoing traffic.
    Traffic,
    /// Rooms.
    Rooms,
}

impl Part {
    /// The word of programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Processing => "processing",
            Self::Traffic => "traffic",
            Self::Rooms => "rooms",
        }
    }

    fn taken(self, say: Language, percent: u64) -> Markup {
        match self {
            Self::People => say.meet_full_people(percent),
            Self::Processing => say.meet_full_processing(percent),
            Self::Traffic => say.meet_full_traffic(percent),
            Self::Rooms => say.meet_full_rooms(percent),
        }
    }
}

/// What its owner says is on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Places taken: people there or planned for.
    pub users: u64,
    /// Meetings.
    pub meetings: u64,
    /// How full it is in what it has least of, in millionths.
    pub utilisation_ppm: u64,
    /// What that is.
    pub fullest: Part,
}

/// A server as this node knows it now.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// What its owner calls it.
    pub name: String,
    /// Its owner.
    pub owner: Name,
    /// How it is.
    pub state: ServerState,
    /// Places it has.
    pub places: u64,
    /// What is on it, unless nobody knows.
    pub taken: Option<Taken>,
    /// When it was last heard of, since this node was started.
    pub heard: Option<Timestamp>,
    /// Its owner's node is there but has no answer from it.
    pub is_down: bool,
}

/// The servers of one region.
#[derive(Debug, Clone)]
pub struct Region {
    /// The region.
    pub name: String,
    /// Its servers, by name.
    pub servers: Vec<Server>,
}

impl Region {
    fn places(&self) -> u64 {
        let answering = self.servers.iter().filter(|server| server.taken.is_some());
        answering.map(|server| server.places).sum()
    }

    fn taken(&self) -> u64 {
        let taken = self.servers.iter().filter_map(|server| server.taken);
        taken.map(|taken| taken.users).sum()
    }

    /// How full its answering servers are, the larger ones counting more; none if none answers.
    fn utilisation_ppm(&self) -> Option<u64> {
        let places = self.places();
        let weighted = self.servers.iter().filter_map(|server| {
            let full = u128::from(server.taken?.utilisation_ppm.min(FULL_PPM_SHOWN));
            Some(full * u128::from(server.places))
        });
        let sum: u128 = weighted.sum();
        let mean = sum.checked_div(u128::from(places))?;
        u64::try_from(mean).ok()
    }
}

/// Why a meeting is where it is, or found no place.
#[derive(Debug, Clone)]
pub struct Why {
    /// When it was placed, or was not.
    pub at: Timestamp,
    /// People planned for.
    pub users: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Each server that was looked at, by name, the chosen one first.
    pub candidates: Vec<(String, Reason)>,
}

/// A meeting that this node placed.
#[derive(Debug, Clone)]
pub struct Live {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// The room: names stay with the front end.
    pub room: Room,
    /// What the room is called, for the people whose room of the dashboard it is.
    pub title: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// The server's name and region, with its owner; none where its record is not here.
    pub server: Option<(String, Name, String)>,
    /// The server's id.
    pub server_id: ServerId,
    /// People expected, if that is known.
    pub expected: Option<u64>,
    /// People in it, if the server is one of this node's own.
    pub now: Option<u64>,
    /// Why there, if it was placed since this node was started.
    pub why: Option<Why>,
    /// Its server's owner is away.
    pub is_owner_away: bool,
    /// The reader may give it up.
    pub may_release: bool,
}

/// A create that found no place.
#[derive(Debug, Clone)]
pub struct Unplaced {
    /// Whose.
    pub tenant: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// The room.
    pub room: Room,
    /// What the room is called, for the people whose room of the dashboard it is.
    pub title: Option<String>,
    /// Why not.
    pub why: Why,
}

/// What Meet shows.
#[derive(Debug, Clone, Default)]
pub struct Meet {
    /// Regions with servers, by name.
    pub regions: Vec<Region>,
    /// Meetings that this node placed and the reader may see, the last to begin first.
    pub live: Vec<Live>,
    /// Meetings that run and others placed.
    pub others: u64,
    /// Creates without a place, the newest first.
    pub unplaced: Vec<Unplaced>,
    /// Whether any front end has its meetings through this node.
    pub has_tenants: bool,
}

impl Meet {
    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.regions.iter().flat_map(|region| &region.servers)
    }

    /// Meetings of the list on servers that do not answer: nobody counts their people now.
    fn unseen(&self) -> u64 {
        let silent: BTreeSet<ServerId> = self.silent().map(|server| server.id).collect();
        let live = self.live.iter();
        live.filter(|one| silent.contains(&one.server_id)).count() as u64
    }

    fn silent(&self) -> impl Iterator<Item = &Server> {
        self.servers()
            .filter(|server| server.state == ServerState::NotAnswering)
    }
}

/// Fuller than this is shown as this.
const FULL_PPM_SHOWN: u64 = 9_990_000;

/// Millionths as whole per cent.
fn percent(part_ppm: u64) -> u64 {
    (part_ppm.min(FULL_PPM_SHOWN) + 5_000) / 10_000
}

/// Millionths as per cent with one digit after the point, for figures that are compared.
fn tenths(part_ppm: u64) -> String {
    let tenths = (part_ppm.min(FULL_PPM_SHOWN) + 500) / 1_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The page; `filled` is a release that was not done.
#[must_use]
pub fn page(frame: &Frame, view: &Meet, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.meet(), Markup::default()))
        div data-live="meet-now" { p.say { (first_sentence(frame, view)) } }
        p.links {
            a href="/rooms" { (say.rooms()) }
            a href="/meet/servers" { (say.meet_all_servers()) }
            a href="/meet/usage" { (say.meet_usage_link()) }
        }
        div data-live="meet-silent" { (silent(frame, view)) }
        section.area aria-labelledby="regions-title" data-live="meet-regions" {
            h2 id="regions-title" { (say.meet_by_region()) }
            @if view.regions.is_empty() {
                p.empty { (say.meet_no_servers_here()) " " (say.meet_begin_server()) }
            } @else {
                (strip::strip(frame, &view.regions))
                (table(frame, &view.regions))
                p.small { (say.meet_full_means()) }
                (legend(say, view))
            }
        }
        (live::live(frame, view))
        (live::unplaced(frame, view))
    };
    let head = Head {
        filled: Some(filled),
        ..Head::live(title(say, view), Area::Meet)
    };
    document(frame, &head, body)
}

fn title(say: Language, view: &Meet) -> Markup {
    match view.silent().count() as u64 {
        0 => say.meet(),
        silent => say.meet_silent(silent),
    }
}

/// What runs now and where, then what is in the way.
fn first_sentence(frame: &Frame, view: &Meet) -> Markup {
    const HOUR_MS: u64 = 3_600_000;
    let say = frame.language;
    let answering: Vec<&Server> = view.servers().filter(|one| one.taken.is_some()).collect();
    let taken = || answering.iter().filter_map(|server| server.taken);
    let meetings: u64 = taken().map(|taken| taken.meetings).sum();
    let used: u64 = taken().map(|taken| taken.users).sum();
    let places: u64 = answering.iter().map(|server| server.places).sum();
    let servers = say.meet_servers_count(answering.len() as u64);
    let regions = view.regions.iter();
    let regions = regions.filter(|region| region.places() > 0).count();
    let regions = say.meet_regions_count(regions as u64);
    let silent = view.silent().count() as u64;
    let recent = view.unplaced.iter();
    let recent = recent.filter(|one| one.why.at.plus_ms(HOUR_MS) > frame.now);
    let recent = recent.count() as u64;
    let unseen = view.unseen();
    html! {
        @if view.regions.is_empty() { (say.meet_no_servers()) }
        @else if answering.is_empty() { (say.meet_all_silent()) }
        @else if meetings == 0 && unseen > 0 { (say.meet_room_for(places, servers, regions)) }
        @else if meetings == 0 { (say.meet_nothing_runs(places, servers, regions)) }
        @else { (say.meet_runs(meetings, used, places, servers, regions)) }
        @if silent > 0 { " " (say.meet_silent_sentence(silent)) }
        @if unseen > 0 { " " (say.meet_runs_unseen(unseen)) }
        @if recent > 0 { " " (say.meet_unplaced_sentence(recent)) }
    }
}

fn silent(frame: &Frame, view: &Meet) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let servers: Vec<&Server> = view.silent().collect();
    if servers.is_empty() {
        return Markup::default();
    }
    let words = html! {
        ul {
            @for server in &servers {
                @let owner = member_link(&server.owner);
                li {
                    @match (server.is_down, server.heard) {
                        (true, _) => (say.meet_silent_down(&server.name, owner)),
                        (false, Some(at)) => (say.meet_silent_since(&server.name, owner, clock.past(at))),
                        (false, None) => (say.meet_silent_never(&server.name, owner)),
                    }
                }
            }
        }
        p { (say.meet_silent_then()) }
    };
    note(say.meet_silent(servers.len() as u64), words)
}

fn table(frame: &Frame, regions: &[Region]) -> Markup {
    let say = frame.language;
    html! {
        table.cards {
            caption.vh { (say.meet_table_caption()) }
            thead {
                tr {
                    th scope="col" { (say.meet_server()) }
                    th scope="col" { (say.meet_state()) }
                    th scope="col" { (say.meet_places()) }
                    th scope="col" { (say.meet_meetings()) }
                    th scope="col" { (say.meet_heard()) }
                }
            }
            @for region in regions {
                tbody {
                    tr.group { th scope="rowgroup" colspan="5" { (region.name) } }
                    @for server in &region.servers { (row(frame, server)) }
                }
            }
        }
    }
}

fn row(frame: &Frame, server: &Server) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        tr {
            th scope="row" {
                (server.name)
                span.sub { (say.meet_of_owner(member_link(&server.owner))) }
            }
            td data-label=(say.meet_state()) { (server.state.pill(say)) }
            td data-label=(say.meet_places()) {
                div {
                    (bar(server.taken))
                    @match server.taken {
                        Some(taken) => {
                            (say.meet_places_of(taken.users, server.places))
                            span.sub {
                                (taken.fullest.taken(say, percent(taken.utilisation_ppm)))
                            }
                        }
                        None => (say.meet_places_unknown(server.places)),
                    }
                }
            }
            td data-label=(say.meet_meetings()) {
                span {
                    @match server.taken { Some(taken) => (taken.meetings), None => "–" }
                }
            }
            td data-label=(say.meet_heard()) {
                span.small {
                    @match server.heard {
                        Some(at) => (clock.past(at)),
                        None => (say.meet_never_heard()),
                    }
                }
            }
        }
    }
}

/// How a server is now: in a word, and how full, or since when nothing is heard of it.
pub(crate) fn now(frame: &Frame, server: &Server) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        div {
            (server.state.pill(say))
            span.sub {
                @match (server.taken, server.is_down, server.heard) {
                    (Some(taken), ..) => {
                        (taken.fullest.taken(say, percent(taken.utilisation_ppm)))
                    }
                    (None, true, _) => (say.meet_down()),
                    (None, false, Some(at)) => (say.meet_heard_last(clock.past(at))),
                    (None, false, None) => (say.meet_never_heard()),
                }
            }
        }
    }
}

/// How full a server is, as a bar beside the words.
fn bar(taken: Option<Taken>) -> Markup {
    let full = taken.map_or(0, |taken| percent(taken.utilisation_ppm).min(100));
    let track = if taken.is_some() {
        "track"
    } else {
        "track off"
    };
    html! {
        svg.load viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect class=(track) x="0.5" y="0.5" width="99" height="11" {}
            @if full > 0 { rect.fill x="0.5" y="0.5" width=(full.min(99)) height="11" {} }
        }
    }
}

/// What the words of the states mean that are on the page.
fn legend(say: Language, view: &Meet) -> Markup {
    let shown = |state: &ServerState| view.servers().any(|server| server.state == *state);
    html! {
        dl.facts.small {
            @for state in ServerState::ALL.iter().filter(|state| shown(state)) {
                dt { (state.word(say)) } dd { (state.means(say)) }
            }
        }
    }
}

/// A name for a server whose record may not be here.
#[must_use]
pub fn short_id(id: &ServerId) -> String {
    id.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_never_overflow() {
        assert_eq!(percent(326_000), 33);
        assert_eq!(percent(u64::MAX), 999);
        assert_eq!(tenths(946_400), "94.6");
        assert_eq!(tenths(1_000_000), "100.0");
    }
}
