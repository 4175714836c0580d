//! What was used of servers in a month.

use maud::{Markup, html};
use replica::view::Used;

use super::frame::{Area, Frame, Head, document};
use super::parts::{Name, crumbs, member_link, page_head};
use crate::meetings::usage::Month;

/// What one front end used of one server.
#[derive(Debug, Clone)]
pub struct Line {
    /// The front end's name; none where its record is not here.
    pub tenant: Option<String>,
    /// The beginning of its id.
    pub tenant_id: String,
    /// The server's name; none where its record is not here.
    pub server: Option<String>,
    /// The beginning of its id.
    pub server_id: String,
    /// Who measured it.
    pub owner: Name,
    /// What was used.
    pub used: Used,
}

/// What the front ends of one member used.
#[derive(Debug, Clone)]
pub struct OfMember {
    /// The member.
    pub member: Name,
    /// Each front end on each server.
    pub lines: Vec<Line>,
    /// All together.
    pub used: Used,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The month.
    pub month: Month,
    /// By member, the names in order.
    pub members: Vec<OfMember>,
    /// By server: its name (or its id's beginning), its owner and what was used of it.
    pub servers: Vec<(String, Name, Used)>,
    /// All together.
    pub used: Used,
    /// The month after, unless it has not begun.
    pub next: Option<Month>,
}

fn month_words(frame: &Frame, month: Month) -> Markup {
    let (number, year) = month.number_and_year();
    html! { (frame.language.month(number)) " " (year) }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &Usage) -> Markup {
    let say = frame.language;
    let (number, year) = view.month.number_and_year();
    let title = say.usage_title(say.month(number), year);
    let body = html! {
        (page_head(crumbs(say, &[("/meet", say.meet())], say.usage()), title.clone(), Markup::default()))
        p.say { (sentence(frame, view)) }
        nav.links aria-label=(say.usage_months()) {
            @if let Some(previous) = view.month.previous() {
                a href={ "/meet/usage?month=" (previous) } {
                    (say.usage_previous(month_words(frame, previous)))
                }
            }
            @if let Some(next) = view.next {
                a href={ "/meet/usage?month=" (next) } { (say.usage_next(month_words(frame, next))) }
            }
            @if !view.members.is_empty() {
                a href={ "/meet/usage.csv?month=" (view.month) } { (say.usage_csv()) }
            }
        }
        @if view.members.is_empty() {
            p.empty { (say.usage_nothing_explained()) }
        } @else {
            (members(frame, view))
            (servers(frame, view))
            p.small.muted { (say.usage_peak_explained()) }
        }
        p.small.muted { (say.usage_explained()) }
    };
    document(frame, &Head::new(title, Area::Meet), body)
}

fn sentence(frame: &Frame, view: &Usage) -> Markup {
    let say = frame.language;
    let (number, year) = view.month.number_and_year();
    if view.members.is_empty() {
        return say.usage_nothing(say.month(number), year);
    }
    let minutes = say.usage_minutes_count(view.used.participant_minutes);
    let meetings = say.usage_meetings_count(view.used.meetings);
    let members = view.members.len() as u64;
    say.usage_sentence(members, minutes, meetings, say.month(number), year)
}

/// The three figures of a row.
fn figures(frame: &Frame, used: &Used) -> Markup {
    let say = frame.language;
    html! {
        td.num data-label=(say.usage_minutes()) { span { (used.participant_minutes) } }
        td.num data-label=(say.usage_meetings()) { span { (used.meetings) } }
        td.num data-label=(say.usage_peak()) { span { (used.peak) } }
    }
}

fn figure_heads(frame: &Frame) -> Markup {
    let say = frame.language;
    html! {
        th.num scope="col" { (say.usage_minutes()) }
        th.num scope="col" { (say.usage_meetings()) }
        th.num scope="col" { (say.usage_peak()) }
    }
}

fn members(frame: &Frame, view: &Usage) -> Markup {
    let say = frame.language;
    html! {
        section.area aria-labelledby="members-title" {
            h2 id="members-title" { (say.usage_by_member()) }
            table.cards {
                caption.vh { (say.usage_caption_members()) }
                thead {
                    tr {
                        th scope="col" { (say.usage_front_end()) }
                        th scope="col" { (say.meet_server()) }
                        th scope="col" { (say.usage_measured_by()) }
                        (figure_heads(frame))
                    }
                }
                @for of in &view.members {
                    tbody {
                        tr.group {
                            th scope="rowgroup" colspan="3" { (member_link(&of.member)) }
                            (figures(frame, &of.used))
                        }
                        @for line in &of.lines { (row(frame, line)) }
                    }
                }
                tfoot {
                    tr.group {
                        th scope="row" colspan="3" { (say.usage_total()) }
                        (figures(frame, &view.used))
                    }
                }
            }
        }
    }
}

fn row(frame: &Frame, line: &Line) -> Markup {
    let say = frame.language;
    html! {
        tr {
            th scope="row" {
                @match &line.tenant {
                    Some(name) => (name),
                    None => (say.usage_unknown_tenant(&line.tenant_id)),
                }
            }
            td data-label=(say.meet_server()) {
                span {
                    @match &line.server {
                        Some(name) => (name),
                        None => (say.usage_unknown_server(&line.server_id)),
                    }
                }
            }
            td data-label=(say.usage_measured_by()) { (member_link(&line.owner)) }
            (figures(frame, &line.used))
        }
    }
}

fn servers(frame: &Frame, view: &Usage) -> Markup {
    let say = frame.language;
    html! {
        section.area aria-labelledby="servers-title" {
            h2 id="servers-title" { (say.usage_by_server()) }
            table.cards {
                caption.vh { (say.usage_caption_servers()) }
                thead {
                    tr {
                        th scope="col" { (say.meet_server()) }
                        th scope="col" { (say.usage_measured_by()) }
                        (figure_heads(frame))
                    }
                }
                tbody {
                    @for (server, owner, used) in &view.servers {
                        tr {
                            th scope="row" { (server) }
                            td data-label=(say.usage_measured_by()) { (member_link(owner)) }
                            (figures(frame, used))
                        }
                    }
                }
            }
        }
    }
}
