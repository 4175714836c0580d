//! The meetings this node placed, and the creates that found no place.

use maud::{Markup, html};
use routing::Reason;

use super::{LIVE_MAX, Live, Meet, UNPLACED_MAX, Unplaced, Why, reason::sentence};
use crate::pages::{
    form::csrf,
    frame::Frame,
    parts::{icon, member_link},
};

/// Candidates of one meeting on the page; the command lists all.
const CANDIDATES_MAX: usize = 8;

pub(super) fn live(frame: &Frame, view: &Meet) -> Markup {
    let say = frame.language;
    let more = view.live.len().saturating_sub(LIVE_MAX) as u64;
    html! {
        section.area aria-labelledby="live-title" data-live="meet-live" {
            h2 id="live-title" { (say.meet_live()) }
            @if view.live.is_empty() {
                p.empty {
                    @if view.has_tenants { (say.meet_nothing_live()) }
                    @else { (say.meet_no_tenants()) " " (say.meet_begin_tenant()) }
                }
            } @else {
                table.cards {
                    caption.vh { (say.meet_live_caption()) }
                    thead {
                        tr {
                            th scope="col" { (say.meet_meeting()) }
                            th scope="col" { (say.meet_people()) }
                            th scope="col" { (say.meet_since()) }
                            th scope="col" { (say.meet_server()) }
                        }
                    }
                    tbody { @for one in view.live.iter().take(LIVE_MAX) { (row(frame, one)) } }
                }
            }
            @if more > 0 { p.small { (say.meet_live_more(more)) } }
            p.small.muted {
                @if view.others > 0 { (say.meet_live_others(view.others)) " " }
                (say.meet_names_stay())
            }
        }
    }
}

/// The beginning of a room's hash: enough to tell the rooms of a tenant apart.
fn short(room: &domain::record::Room) -> String {
    room.to_string().chars().take(8).collect()
}

fn row(frame: &Frame, one: &Live) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        tr {
            th scope="row" {
                @match &one.title {
                    Some(title) => {
                        (title)
                        span.sub { (one.tenant_name) }
                    }
                    None => {
                        (one.tenant_name)
                        span.sub { (say.meet_room(html! { code { (short(&one.room)) } })) }
                    }
                }
            }
            td data-label=(say.meet_people()) {
                span {
                    @match (one.now, one.expected) {
                        (Some(now), Some(expected)) => (say.meet_people_now(now, expected)),
                        (Some(now), None) => (say.meet_people_only(now)),
                        (None, Some(expected)) => (say.meet_people_expected(expected)),
                        (None, None) => (say.meet_people_unknown()),
                    }
                }
            }
            td data-label=(say.meet_since()) { (clock.past(one.since)) }
            td data-label=(say.meet_server()) {
                div {
                    @match &one.server {
                        Some((name, owner, region)) => {
                            (name)
                            span.sub { (say.meet_owner_and_region(member_link(owner), region)) }
                        }
                        None => (say.meet_server_gone()),
                    }
                    (why_here(frame, one))
                    (release(frame, one))
                }
            }
        }
    }
}

/// Why a meeting is where it is, folded.
pub(crate) fn why_here(frame: &Frame, one: &Live) -> Markup {
    let say = frame.language;
    html! {
        // Its id lets a page that is brought up to date keep it open.
        details.small id={ "why-" (short(&one.room)) "-" (one.since.0) } {
            summary {
                (say.meet_why_here())
                span.vh { (say.meet_why_of(&one.tenant_name, short(&one.room))) }
            }
            @match &one.why {
                Some(why) => {
                    p { (say.meet_why_asked(why.users, why.elapsed_ms)) }
                    (candidates(frame, why))
                }
                None => p { (say.meet_why_forgotten()) },
            }
        }
    }
}

fn candidates(frame: &Frame, why: &Why) -> Markup {
    let say = frame.language;
    let more = why.candidates.len().saturating_sub(CANDIDATES_MAX) as u64;
    html! {
        @if why.candidates.is_empty() { p { (say.meet_none_known()) } }
        ol.reasons {
            @for (server, reason) in why.candidates.iter().take(CANDIDATES_MAX) {
                li {
                    @let is_chosen = matches!(reason, Reason::Chosen { .. });
                    @if is_chosen { strong { (sentence(say, server, reason)) } }
                    @else { (sentence(say, server, reason)) }
                }
            }
        }
        @if more > 0 { p.muted { (say.why_more(more)) } }
    }
}

fn release(frame: &Frame, one: &Live) -> Markup {
    let say = frame.language;
    let Some((_, owner, _)) = one.server.as_ref().filter(|_| one.is_owner_away) else {
        return Markup::default();
    };
    html! {
        p.remark { (icon("wait")) span { (say.meet_owner_silent(member_link(owner))) } }
        @if one.may_release {
            form.no-print method="post" action="/meet/release" {
                (csrf(frame.csrf()))
                input type="hidden" name="tenant" value=(one.tenant);
                input type="hidden" name="room" value=(one.room);
                button.btn.quiet {
                    (say.meet_release())
                    span.vh { (say.meet_release_vh(&one.tenant_name, short(&one.room))) }
                }
            }
        }
    }
}

pub(super) fn unplaced(frame: &Frame, view: &Meet) -> Markup {
    let say = frame.language;
    let more = view.unplaced.len().saturating_sub(UNPLACED_MAX) as u64;
    html! {
        div data-live="meet-unplaced" {
            @if !view.unplaced.is_empty() {
                section.area aria-labelledby="unplaced-title" {
                    h2 id="unplaced-title" { (say.meet_unplaced()) }
                    p.small.muted { (say.meet_unplaced_explained()) }
                    ul.stack {
                        @for one in view.unplaced.iter().take(UNPLACED_MAX) { li { (unplaced_one(frame, one)) } }
                    }
                    @if more > 0 { p.small.muted { (say.meet_unplaced_more(more)) } }
                }
            }
        }
    }
}

fn unplaced_one(frame: &Frame, one: &Unplaced) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let people = say.meet_people_count(one.why.users);
    html! {
        p {
            @let name = one.title.as_ref().unwrap_or(&one.tenant_name);
            // For how many it was is not always known.
            @match one.why.users {
                0 => (say.meet_unplaced_unsized(name, clock.past(one.why.at))),
                _ => (say.meet_unplaced_one(name, clock.past(one.why.at), people)),
            }
        }
        (why_not(frame, one))
    }
}

/// Why a meeting found no place, folded.
pub(crate) fn why_not(frame: &Frame, one: &Unplaced) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        details.small id={ "why-not-" (short(&one.room)) "-" (one.why.at.0) } {
            summary {
                (say.meet_why_not())
                span.vh { (say.meet_why_not_of(&one.tenant_name, short(&one.room), clock.past(one.why.at))) }
            }
            (candidates(frame, &one.why))
        }
    }
}
