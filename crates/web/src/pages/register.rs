//! The register: what is decided for good, height by height, who signs it, and who was caught lying.

mod height;
pub mod recovery;
mod words;

use domain::id::{MemberId, Timestamp};
use maud::{Markup, html};

pub use self::height::{Beginning, Height, beginning, height};
pub(crate) use self::words::{effect_words, turn_shape, turn_words};
use super::{
    frame::{Area, Frame, Head, document},
    parts::{Name, icon, note, page_head, short},
};
use crate::catalogue::Language;
use ::register::{declaration::Matter, file::Turn};

/// A link to the page of a height.
pub(crate) fn height_link(say: Language, height: u64) -> Markup {
    html! { a href={ "/register/" (height) } { (say.height_number(height)) } }
}

/// One thing that a height did.
#[derive(Debug, Clone)]
pub enum Line {
    /// Something happened to a vote.
    Vote {
        /// The proposal, with the title voted on.
        proposal: Name,
        /// The proposing member's name.
        by: String,
        /// What.
        turn: Turn,
        /// What the decision was to do by itself, with why it did not, if this ended it.
        effect: Option<(&'static str, Option<String>)>,
        /// Where the file is that proves it, if this ended it.
        file: Option<String>,
    },
    /// A member declared something.
    Declared {
        /// Its name.
        member: String,
        /// What.
        matter: Matter,
    },
    /// After this height the register went on without validators that were gone.
    Recovered {
        /// Their names.
        gone: Vec<String>,
        /// The epoch that began.
        epoch: u64,
        /// Since when it is in force.
        since: Timestamp,
    },
}

/// A height in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The height.
    pub height: u64,
    /// When, as far as can be told.
    pub at: Timestamp,
    /// What it did.
    pub lines: Vec<Line>,
}

/// A validator of today.
#[derive(Debug, Clone)]
pub struct Validator {
    /// Its member.
    pub member: MemberId,
    /// The member's name.
    pub name: String,
    /// How many of the last heights it signed, of how many, and the last of them.
    pub signed: (u64, u64, Option<u64>),
    /// The last height with a seal of its, and when it sealed.
    pub sealed: Option<(u64, Timestamp)>,
}

/// The register, as far as it has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The last height.
    pub height: u64,
    /// Its hash.
    pub last: String,
    /// Its epoch: how often it was recovered.
    pub epoch: u64,
    /// How many phases are open.
    pub open: u64,
    /// The round of the height that is being agreed on.
    pub round: Option<u64>,
    /// How many validators may lie or be away.
    pub faulty: u64,
    /// The validators.
    pub validators: Vec<Validator>,
    /// Heights of this page, the newest first.
    pub rows: Vec<Row>,
    /// Which page, from 1.
    pub page: usize,
    /// Whether there are older heights.
    pub more: bool,
}

/// Who contradicted itself.
#[derive(Debug, Clone)]
pub struct CaughtLine {
    /// Its name.
    pub name: String,
    /// The word of what was signed twice.
    pub word: &'static str,
    /// When this node saw it.
    pub at: Timestamp,
    /// The hash of the evidence.
    pub hash: String,
    /// The proposal that the phase is about, if it is known.
    pub proposal: Option<Name>,
}

/// A beginning that is signed.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its hash.
    pub hash: String,
    /// Who signed it.
    pub signed: Vec<String>,
}

/// What the page of the register shows.
#[derive(Debug, Clone)]
pub struct Register {
    /// The register, if it has begun.
    pub begun: Option<Begun>,
    /// What founders signed: one beginning, unless something is wrong.
    pub beginnings: Vec<Pending>,
    /// How many founders have to sign.
    pub needed: u64,
    /// What is wrong with this node's part in it.
    pub trouble: Option<String>,
    /// Rules that are to come and that this release does not know: their version, and the first height
    /// that follows them.
    pub unknown_rules: Option<(u64, u64)>,
    /// Who contradicted itself.
    pub caught: Vec<CaughtLine>,
}

fn names(say: Language, names: &[String]) -> Markup {
    say.list(names.iter().map(|name| html! { (name) }).collect())
}

/// The page of the register.
#[must_use]
pub fn page(frame: &Frame, view: &Register) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.register_of(&frame.federation), say.register_explained()))
        (trouble(say, view))
        @if view.begun.is_some() { p.links { a href="/register/recovery" { (say.recovery_when_gone()) } } }
        @match &view.begun {
            None => (not_begun(say, view)),
            Some(begun) => {
                div.split {
                    div.col { (heights(frame, begun)) }
                    div.col { (state(say, begun)) }
                }
                (validators(frame, begun))
            }
        }
        @if view.begun.is_some() || !view.caught.is_empty() { (evidence(frame, view)) }
    };
    let area = area(frame);
    document(frame, &Head::live(say.register(), area), body)
}

/// Readers of the archive have an area of their own for it.
fn area(frame: &Frame) -> Area {
    match frame.session {
        Some(_) => Area::Federation,
        None => Area::Register,
    }
}

fn trouble(say: Language, view: &Register) -> Markup {
    let needed = view.needed;
    let enough = view.beginnings.iter();
    let enough = enough.filter(|one| one.signed.len() as u64 >= needed);
    html! {
        div data-live="trouble" {
            @if let Some((version, height)) = view.unknown_rules {
                (note(say.later_rules(), html! { p { (say.later_rules_are(version, height)) } }))
            }
            @if let Some(trouble) = &view.trouble {
                (note(say.register_trouble(), html! {
                    p { (say.register_trouble_is(trouble)) }
                    @if view.beginnings.len() > 1 {
                        (beginnings(say, view))
                    }
                }))
            } @else if enough.count() > 1 {
                (note(say.two_beginnings(), html! {
                    p { (say.two_beginnings_are()) }
                    (beginnings(say, view))
                }))
            }
        }
    }
}

/// What founders signed as the beginning, and who.
fn beginnings(say: Language, view: &Register) -> Markup {
    html! {
        ul {
            @for one in &view.beginnings {
                li {
                    (say.beginning_number(short(&one.hash))) ": "
                    (say.beginning_signed_by(names(say, &one.signed), view.needed))
                }
            }
        }
    }
}

fn not_begun(say: Language, view: &Register) -> Markup {
    html! {
        div data-live="register-begins" {
            p.empty { (say.register_not_begun()) }
            @for one in &view.beginnings {
                p { (say.beginning_signed_by(names(say, &one.signed), view.needed)) }
            }
        }
    }
}

fn state(say: Language, begun: &Begun) -> Markup {
    let all = begun.validators.len() as u64;
    html! {
        section aria-labelledby="register-state" data-live="register-state" {
            h2 id="register-state" { (say.how_it_stands()) }
            dl.facts {
                dt { (say.last_height()) }
                dd { (height_link(say, begun.height)) }
                dt { (say.its_hash()) }
                dd { (short(&begun.last)) }
                @if begun.epoch > 0 {
                    dt { (say.register_epoch()) }
                    dd { (say.epoch_recovered(begun.epoch)) }
                }
                dt { (say.open_votes()) }
                dd { (begun.open) }
                dt { (say.being_decided()) }
                dd {
                    @match begun.round {
                        Some(round) => (say.height_in_round(begun.height + 1, round)),
                        None => (say.nothing_being_decided()),
                    }
                }
                dt { (say.may_lie()) }
                dd { (say.n_of_validators(begun.faulty, all)) }
            }
        }
    }
}

fn heights(frame: &Frame, begun: &Begun) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let address = |page: usize| format!("/register?page={page}");
    html! {
        section aria-labelledby="heights-title" data-live="heights" {
            h2 id="heights-title" { (say.heights()) }
            @if begun.rows.is_empty() { p.empty { (say.no_heights()) } }
            @for row in &begun.rows {
                article.voice {
                    header {
                        h3 { a href={ "/register/" (row.height) } { (say.height_title(row.height)) } }
                        span.meta { (clock.past(row.at)) }
                    }
                    (lines(frame, &row.lines))
                }
            }
            p.links {
                @if begun.page > 1 {
                    a rel="prev" href=(address(begun.page - 1)) { (say.heights_newer()) }
                }
                @if begun.more {
                    a rel="next" href=(address(begun.page + 1)) { (say.heights_older()) }
                } @else {
                    a href="/register/1" { (say.height_began()) }
                }
            }
        }
    }
}

/// What a height did, in words.
pub(super) fn lines(frame: &Frame, lines: &[Line]) -> Markup {
    let say = frame.language;
    html! {
        ul.timeline {
            @for line in lines {
                @match line {
                    Line::Vote { proposal, by, turn, effect, file } => li {
                        (icon(turn_shape(*turn))) strong { (turn_words(frame, *turn)) } ". "
                        (say.about_vote(proposal_link(frame, proposal), by))
                        @if let Some((word, failed)) = effect {
                            " " (effect_words(say, word, failed.as_deref()))
                        }
                        @if let Some(file) = file {
                            span.at { a href=(file) download { (say.decision_file()) } }
                        }
                    },
                    Line::Declared { member, matter } => li {
                        (icon("key"))
                        @match matter {
                            Matter::Validator { .. } => (say.declared_validator(member)),
                            Matter::NoValidator => (say.declared_no_validator(member)),
                            Matter::Leave => (say.declared_leave(member)),
                            Matter::Objection { .. } => (say.declared_objection(member)),
                        }
                    },
                    Line::Recovered { gone, epoch, since } => li {
                        (icon("wait"))
                        (say.recovered_after(names(say, gone), *epoch, frame.clock().past(*since)))
                    },
                }
            }
        }
    }
}

/// A link to a decision: members have a page of their own for it.
fn proposal_link(frame: &Frame, proposal: &Name) -> Markup {
    let area = if frame.session.is_some() {
        "decide"
    } else {
        "archive"
    };
    html! { a href={ "/" (area) "/" (proposal.id) } { (proposal.name) } }
}

fn validators(frame: &Frame, begun: &Begun) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section.area aria-labelledby="validators-title" data-live="validators" {
            h2 id="validators-title" { (say.validators()) }
            table.cards {
                caption { (say.validators_caption()) }
                thead {
                    tr {
                        th scope="col" { (say.co_op()) }
                        th scope="col" { (say.signed_lately()) }
                        th scope="col" { (say.last_seal()) }
                    }
                }
                tbody {
                    @for validator in &begun.validators {
                        @let (count, all, last) = validator.signed;
                        tr {
                            th scope="row" { (validator.name) }
                            td data-label=(say.signed_lately()) {
                                span {
                                    @if all == 0 { (say.none_seen()) }
                                    @else { (say.signed_of_last(count, all)) }
                                    @if let Some(last) = last {
                                        span.sub { (say.last_signed(height_link(say, last))) }
                                    }
                                }
                            }
                            td data-label=(say.last_seal()) {
                                span {
                                    @match validator.sealed {
                                        Some((height, at)) => {
                                            (say.sealed_at(height_link(say, height), clock.past(at)))
                                        }
                                        None => (say.none_seen()),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn evidence(frame: &Frame, view: &Register) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let what = |word: &str| match word {
        "receipts" => say.two_receipts(),
        "manifests" => say.two_manifests(),
        "seals" => say.two_seals(),
        "ballots" => say.two_ballots(),
        "entries" => say.two_entries(),
        "proposals" => say.two_proposals(),
        _ => say.two_votes(),
    };
    html! {
        section.area aria-labelledby="evidence-title" data-live="evidence" {
            h2 id="evidence-title" { (say.evidence()) }
            p.narrow { (say.evidence_explained()) }
            @if view.caught.is_empty() { p.empty { (say.no_evidence()) } }
            @else {
                table.cards {
                    caption.vh { (say.evidence()) }
                    thead {
                        tr {
                            th scope="col" { (say.co_op()) }
                            th scope="col" { (say.signed_two()) }
                            th scope="col" { (say.seen()) }
                            th scope="col" { (say.evidence()) }
                        }
                    }
                    tbody {
                        @for caught in &view.caught {
                            tr {
                                th scope="row" { (caught.name) }
                                td data-label=(say.signed_two()) {
                                    span {
                                        (what(caught.word))
                                        @if let Some(proposal) = &caught.proposal {
                                            span.sub { (proposal_link(frame, proposal)) }
                                        }
                                    }
                                }
                                td data-label=(say.seen()) { (clock.past(caught.at)) }
                                td data-label=(say.evidence()) {
                                    a href={ "/register/evidence/" (caught.hash) ".json" } download {
                                        (say.download_evidence())
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
