//! What who signed up through this node says to those who admit, and how far that is.

use maud::{Markup, html};

use super::{
    applicants::{Journey, standing},
    form::{Field, Filled, csrf},
    frame::{Area, Frame, Head, document},
    parts::{crumbs, page_head, paragraphs, short},
};

/// The charter on which members are admitted.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its title.
    pub title: String,
    /// Its hash.
    pub hash: String,
    /// All of it.
    pub text: String,
}

/// What was said to all members.
#[derive(Debug, Clone)]
pub struct Said {
    /// Who asks, and why.
    pub request: String,
    /// What it commits itself to.
    pub contribution: String,
    /// The hash of the charter it accepted.
    pub terms: String,
}

/// How far it is.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Founders admit: how many have signed, and how many must.
    Founders(u64, u64),
    /// All members decide, and have not been asked yet.
    NotAsked,
    /// All members decide.
    Decided(Journey),
}

/// One's own application.
#[derive(Debug, Clone)]
pub struct Application {
    /// How far it is.
    pub stage: Stage,
    /// What was said to all members, if anything was.
    pub said: Option<Said>,
    /// The charter in force, where something is to be said now, for the first time or again.
    pub to_accept: Option<Terms>,
    /// The keys are on a device of one's own, which signs.
    pub signs_itself: bool,
}

/// The charter, what it asks of who accepts it, and the box that accepts it; `said` is the request
/// and the contribution as they were before.
pub(super) fn acceptance(
    frame: &Frame,
    filled: &Filled,
    terms: &Terms,
    said: (&str, &str),
) -> Markup {
    let say = frame.language;
    let (request, contribution) = said;
    html! {
        (Field::new(say, filled, "request", say.join_request_to_all())
            .hint(say.join_request_to_all_hint()).initial(request).area(4))
        (Field::new(say, filled, "contribution", say.join_contribution())
            .hint(say.join_contribution_hint()).initial(contribution).line("text", Some("off")))
        section.box aria-labelledby="terms-title" {
            h2.h3 id="terms-title" { (say.join_terms()) }
            p { (say.join_terms_explained(html! { strong { (terms.title) } })) }
            details {
                summary { (say.join_terms_read()) }
                pre.scroll tabindex="0" role="region" aria-labelledby="terms-title" {
                    code { (terms.text) }
                }
            }
            p.small { (say.charter_hash()) " " code { (terms.hash) } }
            (Field::new(say, filled, "accept_charter", say.join_accept()).check_of(&terms.hash))
        }
    }
}

fn stage(frame: &Frame, stage: &Stage) -> Markup {
    let say = frame.language;
    match stage {
        Stage::Founders(signed, needed) => say.applicant_banner(signed, needed),
        Stage::NotAsked => say.applicant_not_asked(),
        Stage::Decided(journey) => standing(frame, journey),
    }
}

/// The page of one's own application.
#[must_use]
pub fn page(frame: &Frame, view: &Application, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/account", say.account())], say.your_application()),
            say.your_application(),
            say.your_application_explained(&frame.federation),
        ))
        section.box aria-labelledby="journey-title" {
            h2.h3 id="journey-title" { (say.how_far_it_is()) }
            p { (stage(frame, &view.stage)) }
        }
        @if let Some(said) = &view.said {
            section.area {
                dl.facts {
                    dt { (say.effect_its_request()) } dd { (paragraphs(&said.request)) }
                    dt { (say.effect_its_contribution()) } dd { (said.contribution) }
                    dt { (say.effect_its_terms()) }
                    dd { a href={ "/charters/" (said.terms) } { (short(&said.terms)) } }
                }
            }
        }
        @if let Some(terms) = &view.to_accept {
            @if view.signs_itself { p.area { (say.apply_on_device()) } }
            @else {
                form.narrow method="post" action="/account/application" {
                    (csrf(frame.csrf()))
                    (acceptance(frame, filled, terms, match &view.said {
                        Some(said) => (&said.request, &said.contribution),
                        None => ("", ""),
                    }))
                    div.buttons { button.btn.primary { (say.join_apply()) } }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.your_application(), Area::Account)
    };
    document(frame, &head, body)
}
