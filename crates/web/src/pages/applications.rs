//! Co-ops that ask to join, and admitting them.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::form::{Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{crumbs, page_head, paragraphs};

/// A co-op that asks to join.
#[derive(Debug, Clone)]
pub struct Application {
    /// The key it would be a member with.
    pub root_key: String,
    /// Its name.
    pub name: String,
    /// The class it asks for.
    pub class: String,
    /// What it wrote.
    pub request: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Founders that have signed.
    pub signed_by: Vec<String>,
    /// How many founders have to sign.
    pub needed: u64,
    /// The member that will host it, if it has no node.
    pub host: Option<String>,
    /// This member has signed.
    pub signed_here: bool,
}

/// What the page of applications shows.
#[derive(Debug, Clone)]
pub struct Applications {
    /// Every application that waits, oldest first.
    pub applications: Vec<Application>,
    /// The reader may sign: a steward of a founder whose root key is on this node.
    pub may_admit: bool,
    /// The root key is in the reader's account: the password opens it for each use.
    pub password_needed: bool,
}

/// Applications to admit.
#[must_use]
pub fn page(frame: &Frame, view: &Applications, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/federation", say.federation())], say.applications()),
            say.applications(),
            say.applications_explained(),
        ))
        p { a href="/applicants" { (say.who_applies()) } }
        div data-live="applications" {
            @if view.applications.is_empty() { p.empty { (say.no_applications()) } }
            @for application in &view.applications {
                (application_box(frame, view, application))
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::live(say.applications(), Area::Federation)
    };
    document(frame, &head, body)
}

fn application_box(frame: &Frame, view: &Applications, application: &Application) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let signers = application
        .signed_by
        .iter()
        .map(|name| html! { (name) })
        .collect();
    html! {
        section.box {
            h2 { (application.name) }
            p.muted { (say.applies_as(&application.class, clock.past(application.at))) }
            @if !application.request.is_empty() { div.words { (paragraphs(&application.request)) } }
            @if let Some(host) = &application.host { p { (say.will_be_hosted(host)) } }
            dl.facts {
                dt { (say.root_key()) }
                dd { code { (application.root_key) } span.sub { (say.compare_the_key()) } }
                dt { (say.signed_so_far()) }
                dd {
                    (say.signed_of(application.signed_by.len() as u64, application.needed))
                    @if !application.signed_by.is_empty() { ": " (say.list(signers)) }
                }
            }
            @if application.signed_here { p { (say.signed_here()) } }
            @else if view.may_admit {
                form method="post"
                    action={ "/federation/applications/" (application.root_key) "/admit" } {
                    (csrf(frame.csrf()))
                    @if view.password_needed {
                        label {
                            (say.password()) " "
                            input type="password" name="password" autocomplete="current-password";
                        }
                    }
                    button.btn.primary { (say.admit(&application.name)) }
                }
            } @else { p.muted { (say.only_founders_admit()) } }
        }
    }
}
