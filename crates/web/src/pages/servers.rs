//! Servers: those of all members, and what a steward does with the own ones.

mod fields;

use domain::record::Service;
use maud::{Markup, html};

use self::fields::fields;
use super::form::{Field, Filled, csrf, second_step};
use super::frame::{Area, Frame, Head, document};
use super::meet;
use super::node::tabs;
use super::parts::{Name, crumbs, icon, member_link, note, page_head};
use crate::catalogue::Language;
use crate::meetings::SecretState;

/// A server as the pages show it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id and name.
    pub server: Name,
    /// The member it belongs to.
    pub owner: Name,
    /// Where it stands.
    pub region: String,
    /// Whether it takes new meetings.
    pub service: Service,
    /// People at one time.
    pub users: u64,
    /// Meetings at one time.
    pub rooms: u64,
    /// People in one meeting.
    pub room_users: u64,
    /// What it can do beyond meetings.
    pub features: Vec<String>,
    /// How much of it meetings of other members may take, in per cent.
    pub share_percent: u8,
    /// Where its energy comes from; may be empty.
    pub energy: String,
    /// What it costs in a month: amount and currency.
    pub cost: Option<(String, String)>,
    /// What this node has of its secret; none for servers of others.
    pub secret: Option<SecretState>,
    /// Meetings that run on it.
    pub meetings: u64,
    /// How it is now.
    pub now: meet::Server,
}

/// What is typed into the form of a server, as it stands.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The address.
    pub url: String,
    /// Units of processing; empty for a new server, as the rest is.
    pub cpu_units: String,
    /// Kilobits a second.
    pub net_out_kbit_s: String,
    /// The word of the hash.
    pub algorithm: String,
    /// Private addresses are allowed.
    pub allow_private: bool,
    /// Calls without encryption are allowed.
    pub allow_http: bool,
}

/// What a server said when it was called.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The version of its API.
    pub version: String,
    /// Its release; empty where it does not say.
    pub release: String,
    /// How long it took.
    pub round_trip_ms: u64,
    /// How far its clock is ahead.
    pub clock_ahead_ms: Option<i64>,
}

/// A clock off by more than this is said, in milliseconds.
const CLOCK_OFF_MS_MAX: u64 = 5_000;

/// The word of a service.
pub(crate) fn service_word(say: Language, service: Service) -> Markup {
    match service {
        Service::Open => say.service_open(),
        Service::Cordoned => say.service_cordoned(),
        Service::Draining => say.service_draining(),
        Service::TestsOnly => say.service_tests_only(),
        Service::Removed => say.service_removed(),
    }
}

/// A service with its shape and family of colour.
pub(crate) fn service_mark(say: Language, service: Service) -> Markup {
    let (shape, family) = match service {
        Service::Open => ("agree", "k-agree"),
        Service::Cordoned => ("cordoned", "k-wait"),
        Service::Draining => ("draining", "k-wait"),
        Service::TestsOnly => ("tests-only", "k-rest"),
        Service::Removed => ("withdrawn", "k-rest"),
    };
    html! { span class={ "word " (family) } { (icon(shape)) (service_word(say, service)) } }
}

/// `/meet/servers`: everybody's.
#[must_use]
pub fn all(frame: &Frame, servers: &[Server]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(crumbs(say, &[("/meet", say.meet())], say.all_servers()), say.all_servers(),
            say.all_servers_explained()))
        @if servers.is_empty() { p.empty { (say.all_servers_none()) } }
        @else {
            table.cards data-live="servers" {
                caption.vh { (say.all_servers()) }
                thead {
                    tr {
                        th scope="col" { (say.server()) }
                        th scope="col" { (say.server_owner()) }
                        th scope="col" { (say.server_service()) }
                        th scope="col" { (say.server_now()) }
                        th scope="col" { (say.server_capacity()) }
                        th scope="col" { (say.server_features()) }
                        th scope="col" { (say.server_share()) }
                        th scope="col" { (say.server_energy()) }
                        th scope="col" { (say.server_cost()) }
                    }
                }
                tbody { @for server in servers { (row(frame, server)) } }
            }
        }
    };
    document(frame, &Head::live(say.all_servers(), Area::Meet), body)
}

fn row(frame: &Frame, one: &Server) -> Markup {
    let say = frame.language;
    html! {
        tr {
            th scope="row" { (one.server.name) span.sub { (one.region) } }
            td data-label=(say.server_owner()) { (member_link(&one.owner)) }
            td data-label=(say.server_service()) { (service_mark(say, one.service)) }
            td data-label=(say.server_now()) { (meet::now(frame, &one.now)) }
            td data-label=(say.server_capacity()) { (capacity(say, one)) }
            td data-label=(say.server_features()) { span { (features(say, one)) } }
            td data-label=(say.server_share()) {
                span { (say.server_share_of(one.share_percent)) }
            }
            td data-label=(say.server_energy()) {
                @if one.energy.is_empty() { span.muted { (say.not_said()) } }
                @else { span { (one.energy) } }
            }
            td data-label=(say.server_cost()) {
                @match &one.cost {
                    Some((amount, currency)) => {
                        span { (say.server_cost_of(amount, currency)) }
                    }
                    None => span.muted { (say.not_said()) },
                }
            }
        }
    }
}

fn capacity(say: Language, one: &Server) -> Markup {
    html! {
        span { (say.capacity_of(one.users, one.rooms)) }
        span.sub { (say.capacity_room(one.room_users)) }
    }
}

fn features(say: Language, one: &Server) -> Markup {
    match one.features.is_empty() {
        true => say.server_features_none(),
        false => html! { (one.features.join(", ")) },
    }
}

/// `/node/servers`: the own ones, and a form for another.
#[must_use]
pub fn own(frame: &Frame, servers: &[Server], filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.servers()),
            say.servers_of(&frame.member),
            say.servers_explained(),
        ))
        (tabs(say, "/node/servers"))
        div.split {
            div.col {
                @if servers.is_empty() { p.empty { (say.servers_none()) } }
                @else { (own_table(frame, servers)) }
                p { a href="/meet/servers" { (say.see_all_servers()) } }
            }
            div.col {
                section aria-labelledby="add-title" {
                    h2.h3 id="add-title" { (say.add_server()) }
                    p.small { (say.add_server_explained()) }
                    form method="post" action="/node/servers" {
                        (csrf(frame.csrf()))
                        (fields(frame, filled, None))
                        div.buttons { button.btn.primary { (say.add_server()) } }
                    }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.servers(), Area::Node)
    };
    document(frame, &head, body)
}

fn own_table(frame: &Frame, servers: &[Server]) -> Markup {
    let say = frame.language;
    html! {
        table.cards {
            caption.vh { (say.servers()) }
            thead {
                tr {
                    th scope="col" { (say.server()) }
                    th scope="col" { (say.server_service()) }
                    th scope="col" { (say.server_now()) }
                    th scope="col" { (say.server_capacity()) }
                    th scope="col" { span.vh { (say.server_change()) } }
                }
            }
            tbody {
                @for one in servers {
                    tr {
                        th scope="row" {
                            a href={ "/node/servers/" (one.server.id) } { (one.server.name) }
                            span.sub { (one.region) }
                            (secret_remark(say, one.secret))
                        }
                        td data-label=(say.server_service()) { (service_mark(say, one.service)) }
                        td data-label=(say.server_now()) { (meet::now(frame, &one.now)) }
                        td data-label=(say.server_capacity()) { (capacity(say, one)) }
                        td data-label="" {
                            a href={ "/node/servers/" (one.server.id) } {
                                (say.server_change()) span.vh { " " (one.server.name) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is wrong with a secret, if something is.
pub(super) fn secret_remark(say: Language, secret: Option<SecretState>) -> Markup {
    let words = match secret {
        Some(SecretState::Missing) => say.secret_missing(),
        Some(SecretState::Shut) => say.secret_shut(),
        Some(SecretState::Here) | None => return Markup::default(),
    };
    html! { span.remark { (icon("wait")) span { (words) } } }
}

/// `/node/servers/{id}`: one of the own ones.
#[must_use]
pub fn edit(
    frame: &Frame,
    (one, typed): (&Server, &Typed),
    answered: Option<&Answered>,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let path = format!("/node/servers/{}", one.server.id);
    let above = [("/node", say.this_node()), ("/node/servers", say.servers())];
    let body = html! {
        (page_head(
            crumbs(say, &above, html! { (one.server.name) }),
            say.edit_server(&one.server.name),
            html! { (service_mark(say, one.service)) },
        ))
        (tabs(say, "/node/servers"))
        @if one.secret == Some(SecretState::Shut) {
            (note(say.secret_shut(), html! { p { (say.secret_shut_todo()) } }))
        }
        @if let Some(answered) = answered { (answer(frame, answered)) }
        div.split {
            div.col {
                form method="post" action=(path) {
                    (csrf(frame.csrf()))
                    (fields(frame, &filled.of_form_with("url"), Some((one, typed))))
                    div.buttons { button.btn.primary { (say.save_server()) } }
                }
            }
            div.col { (acts(frame, one, (&path, &filled.of_form_with("service")))) }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.edit_server(&one.server.name), Area::Node)
    };
    document(frame, &head, body)
}

fn acts(frame: &Frame, one: &Server, (path, filled): (&str, &Filled)) -> Markup {
    let say = frame.language;
    let choices = [
        (Service::Open, say.service_open_means()),
        (Service::Cordoned, say.service_cordoned_means()),
        (Service::Draining, say.service_draining_means()),
        (Service::TestsOnly, say.service_tests_only_means()),
    ];
    let rows = choices.map(|(service, means)| {
        let name = service_word(say, service);
        (service.as_str(), name, means, "")
    });
    html! {
        section {
            form method="post" action={ (path) "/service" } {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "service", say.server_service())
                    .initial(one.service.as_str()).rows("radio", &rows))
                div.buttons { button.btn { (say.set_service()) } }
            }
        }
        section aria-labelledby="check-title" {
            h2.h3 id="check-title" { (say.server_check()) }
            p.small { (say.server_check_explained()) }
            form method="post" action={ (path) "/check" } {
                (csrf(frame.csrf()))
                div.buttons { button.btn { (say.server_check()) } }
            }
        }
        (removal(frame, one, (path, filled)))
    }
}

fn removal(frame: &Frame, one: &Server, (path, filled): (&str, &Filled)) -> Markup {
    let say = frame.language;
    let form = html! {
        form method="post" action={ (path) "/remove" } {
            (csrf(frame.csrf()))
            @if one.meetings > 0 {
                (Field::new(say, filled, "force", say.server_remove_forced(one.meetings)).check())
            }
            div.buttons { button.btn { (say.server_remove()) } }
        }
    };
    let means = html! { p.small { (say.server_remove_explained()) } };
    html! {
        section aria-labelledby="remove-title" {
            h2.h3 id="remove-title" { (say.server_remove()) }
            (second_step(("remove", filled.is_wrong("force")), say.server_remove_open(), means, form))
        }
    }
}

fn answer(frame: &Frame, answered: &Answered) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let off = answered.clock_ahead_ms;
    let seconds = off.map_or(0, i64::unsigned_abs) / 1_000;
    html! {
        section.box aria-labelledby="answer-title" {
            h2 id="answer-title" { (say.server_answers(answered.round_trip_ms)) }
            p {
                @if answered.release.is_empty() { (say.server_has_version(&answered.version)) }
                @else { (say.server_is_release(&answered.release, &answered.version)) }
            }
            @match off {
                None => {}
                Some(off) if off.unsigned_abs() <= CLOCK_OFF_MS_MAX => {
                    p { (say.server_clock_right()) }
                }
                Some(off) if off > 0 => {
                    p { (say.server_clock_ahead(clock.length(seconds))) }
                }
                Some(_) => p { (say.server_clock_behind(clock.length(seconds))) },
            }
        }
    }
}
