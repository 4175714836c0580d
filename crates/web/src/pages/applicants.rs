//! Who asks to become a member, for anyone: what each wrote, committed itself to and accepted, and how
//! far it is.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{
    frame::{Area, Frame, Head, document},
    parts::{Name, crumbs, member_link, page_head, paragraphs, short},
};

/// How far an application is.
#[derive(Debug, Clone)]
pub enum Journey {
    /// Nobody has proposed its admission yet.
    Waiting,
    /// A member proposes it.
    Proposed(String),
    /// It is voted on until then.
    Voting(String, Timestamp),
    /// It was decided not to admit it: by which decision, and how that ended.
    Refused(String, String),
    /// The charter has changed since it was accepted.
    Outdated,
    /// It is a member.
    Admitted(Name),
}

/// One applicant.
#[derive(Debug, Clone)]
pub struct Applicant {
    /// The root key it will have.
    pub root_key: String,
    /// Its name.
    pub name: String,
    /// The name of its class.
    pub class: String,
    /// What it wrote.
    pub request: String,
    /// What it commits itself to.
    pub contribution: String,
    /// The hash of the charter that it accepts.
    pub terms: String,
    /// The member whose node passed its application on.
    pub through: Name,
    /// The member that is to serve it; none if it runs a node of its own.
    pub host: Option<Name>,
    /// When it applied.
    pub at: Timestamp,
    /// How far it is.
    pub journey: Journey,
}

/// The way to a decision: members read it among theirs, anyone in the archive.
fn decision(frame: &Frame, id: &str) -> String {
    match frame.is_member() {
        true => format!("/decide/{id}"),
        false => format!("/archive/{id}"),
    }
}

/// How far an application is, in a sentence about who applies.
pub(super) fn standing(frame: &Frame, journey: &Journey) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let link = |id: &str, words: Markup| html! { a href=(decision(frame, id)) { (words) } };
    match journey {
        Journey::Waiting => say.applicant_waits(),
        Journey::Proposed(id) => say.applicant_proposed(link(id, say.the_proposal())),
        Journey::Voting(id, until) => {
            say.applicant_voted_on(link(id, say.the_vote()), clock.deadline_short(*until))
        }
        Journey::Refused(id, why) => say.applicant_refused(link(id, say.the_vote()), why),
        Journey::Outdated => say.applicant_outdated(),
        Journey::Admitted(member) => say.applicant_admitted(&member.name),
    }
}

/// A member's link, which only members can follow.
fn named(frame: &Frame, member: &Name) -> Markup {
    match frame.is_member() {
        true => member_link(member),
        false => html! { (member.name) },
    }
}

/// All that wait, oldest first.
#[must_use]
pub fn list(frame: &Frame, applicants: &[Applicant]) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(Markup::default(), say.applicants(), say.applicants_explained()))
        div data-live="applications" {
            @if applicants.is_empty() { p.empty { (say.no_applicants()) } }
            @for applicant in applicants {
                section.area {
                    h2.h3 { a href={ "/applicants/" (applicant.root_key) } { (applicant.name) } }
                    p { (standing(frame, &applicant.journey)) }
                }
            }
        }
    };
    document(frame, &Head::live(say.applicants(), Area::Archive), body)
}

/// One of them.
#[must_use]
pub fn one(frame: &Frame, applicant: &Applicant, may_propose: bool) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let heading = html! { (applicant.name) };
    let body = html! {
        (page_head(
            crumbs(say, &[("/applicants", say.applicants())], heading.clone()),
            heading.clone(),
            say.applies_as(&applicant.class, clock.past(applicant.at)),
        ))
        section.box aria-labelledby="journey-title" data-live="applications" {
            h2.h3 id="journey-title" { (say.how_far_it_is()) }
            p { (standing(frame, &applicant.journey)) }
            @if may_propose && matches!(applicant.journey, Journey::Waiting) {
                p {
                    a.btn.primary href={ "/decide/new?does=admission&of=" (applicant.root_key) } {
                        (say.propose_to_admit(&applicant.name))
                    }
                }
            }
        }
        section.area {
            dl.facts {
                dt { (say.effect_its_request()) } dd { (paragraphs(&applicant.request)) }
                dt { (say.effect_its_contribution()) } dd { (applicant.contribution) }
                dt { (say.effect_its_terms()) }
                dd { a href={ "/charters/" (applicant.terms) } { (short(&applicant.terms)) } }
                dt { (say.applied_through()) } dd { (named(frame, &applicant.through)) }
                @if let Some(host) = &applicant.host {
                    dt { (say.effect_which_host()) } dd { (named(frame, host)) }
                }
                dt { (say.root_key()) }
                dd { code { (applicant.root_key) } span.sub { (say.compare_the_key()) } }
            }
        }
    };
    document(frame, &Head::live(heading, Area::Archive), body)
}
