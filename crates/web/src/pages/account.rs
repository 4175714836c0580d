//! The reader's account: password, settings, tokens, signing in and out, accepting an invitation.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::federation::{Role, role_words};
use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, Theme, document};
use super::parts::page_head;
use super::subscriptions::{self, Feeds, Mails};
use super::time::Zone;

/// A personal token for programs.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id; not the secret.
    pub id: String,
    /// What its owner called it.
    pub label: String,
    /// Made then.
    pub made: Timestamp,
    /// Used last.
    pub used: Option<Timestamp>,
}

/// What the account page shows.
#[derive(Debug, Clone)]
pub struct Account {
    /// The reader's roles.
    pub roles: Vec<Role>,
    /// The tokens that stand.
    pub tokens: Vec<Token>,
    /// A token just made: label and secret, shown once.
    pub new_token: Option<(String, String)>,
    /// Sessions open, this one included.
    pub sessions: u64,
    /// What the reader is written to about.
    pub mails: Mails,
    /// Where the reader's own feeds are.
    pub feeds: Feeds,
}

/// The forms of the page, as they came back if they did.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// `/account/password`
    pub password: Filled,
    /// `/account/tokens`
    pub token: Filled,
    /// `/account/settings`
    pub settings: Filled,
    /// `/account/reminders`
    pub mails: Filled,
}

impl Forms {
    fn sent(&self) -> Option<&Filled> {
        [&self.password, &self.token, &self.settings, &self.mails]
            .into_iter()
            .find(|filled| filled.has_errors())
    }
}

/// The account page.
#[must_use]
pub fn page(frame: &Frame, view: &Account, forms: &Forms) -> Markup {
    let say = frame.language;
    let name = frame
        .session
        .as_ref()
        .map_or("", |session| session.person.as_str());
    let body = html! {
        (page_head(
            Markup::default(),
            html! { (name) },
            match view.roles.is_empty() {
                true => say.acts_for_without_role(&frame.member),
                false => say.acts_for(&frame.member, role_words(frame, &view.roles)),
            },
        ))
        div.split {
            div.col {
                (settings(frame, &forms.settings))
                (subscriptions::mails(frame, &view.mails, &forms.mails))
                (tokens(frame, view, &forms.token))
            }
            div.col {
                (password(frame, &forms.password))
                (sign_out(frame, view))
                (subscriptions::feeds(frame, &view.feeds))
            }
        }
    };
    let head = Head {
        filled: forms.sent(),
        ..Head::new(say.account(), Area::Account)
    };
    document(frame, &head, body)
}

fn settings(frame: &Frame, filled: &Filled) -> Markup {
    let say = frame.language;
    let zones: Vec<(String, Markup)> = Zone::all()
        .into_iter()
        .map(|name| (name.clone(), html! { (name) }))
        .collect();
    let themes = Theme::ALL.map(|theme| {
        let words = match theme {
            Theme::System => say.theme_system(),
            Theme::Light => say.theme_light(),
            Theme::Dark => say.theme_dark(),
        };
        (theme.as_str().to_owned(), words)
    });
    html! {
        section id="settings" {
            h2 { (say.settings()) }
            form method="post" action="/account/settings" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "zone", say.time_zone()).hint(say.time_zone_hint())
                    .initial(frame.zone.name()).select(None, &zones))
                (Field::new(say, filled, "theme", say.theme()).initial(frame.theme.as_str())
                    .select(None, &themes))
                div.buttons { button.btn { (say.save()) } }
            }
        }
    }
}

fn tokens(frame: &Frame, view: &Account, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section.area id="tokens" {
            h2 { (say.tokens()) }
            p.muted { (say.tokens_explained()) }
            @if let Some((label, secret)) = &view.new_token {
                div.box {
                    h3 { (say.new_token(label)) }
                    p { (say.token_shown_once()) }
                    p.secret { code { (secret) } }
                }
            }
            @if view.tokens.is_empty() { p.empty { (say.no_tokens()) } }
            @else {
                ul.rows {
                    @for token in &view.tokens {
                        li {
                            strong { (token.label) }
                            span.meta {
                                (say.made_at(clock.past(token.made))) " · "
                                @match token.used {
                                    Some(at) => (say.used_at(clock.past(at))),
                                    None => (say.never_used()),
                                }
                            }
                            form.go method="post" action={ "/account/tokens/" (token.id) "/revoke" } {
                                (csrf(frame.csrf()))
                                button.btn.quiet { (say.revoke()) span.vh { " " (token.label) } }
                            }
                        }
                    }
                }
            }
            form method="post" action="/account/tokens" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "label", say.token_label()).hint(say.token_label_hint())
                    .required().line("text", Some("off")))
                div.buttons { button.btn { (say.make_token()) } }
            }
        }
    }
}

fn password(frame: &Frame, filled: &Filled) -> Markup {
    let say = frame.language;
    html! {
        section {
            h2 { (say.password()) }
            form method="post" action="/account/password" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "current", say.current_password()).required()
                    .line("password", Some("current-password")))
                (Field::new(say, filled, "new", say.new_password()).hint(say.password_hint())
                    .required().line("password", Some("new-password")))
                div.buttons { button.btn { (say.change_password()) } }
            }
        }
    }
}

fn sign_out(frame: &Frame, view: &Account) -> Markup {
    let say = frame.language;
    html! {
        section.area {
            h2 { (say.sign_out()) }
            p.muted { (say.sessions_open(view.sessions)) }
            div.buttons {
                form method="post" action="/account/sign-out" {
                    (csrf(frame.csrf())) button.btn { (say.sign_out()) }
                }
                form method="post" action="/account/sign-out-everywhere" {
                    (csrf(frame.csrf())) button.btn { (say.sign_out_everywhere()) }
                }
            }
        }
    }
}

/// Signing in; `csrf_token` is the one given before there is a session, `next` where to go after.
#[must_use]
pub fn sign_in(frame: &Frame, csrf_token: &str, next: &str, filled: &Filled) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            Markup::default(), say.sign_in_at(&frame.member), say.sign_in_explained(&frame.federation),
        ))
        form.narrow method="post" action="/sign-in" {
            (csrf(csrf_token))
            input type="hidden" name="next" value=(next);
            (Field::new(say, filled, "name", say.name()).required().line("text", Some("username")))
            (Field::new(say, filled, "password", say.password()).required()
                .line("password", Some("current-password")))
            div.buttons { button.btn.primary { (say.sign_in()) } }
        }
        p.area.muted { (say.no_account_yet()) }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.sign_in(), Area::SignIn)
    };
    document(frame, &head, body)
}

/// What an invitation is for.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// The secret of the link, which the form goes back to.
    pub secret: String,
    /// The name the steward gave; may be changed.
    pub name: String,
    /// What the person will be allowed to do.
    pub roles: Vec<Role>,
    /// The first steward of a new node.
    pub is_first: bool,
    /// The link works until then.
    pub until: Option<Timestamp>,
}

/// Accepting an invitation, or becoming the first steward.
#[must_use]
pub fn welcome(frame: &Frame, csrf_token: &str, view: &Welcome, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let body = html! {
        (page_head(
            Markup::default(),
            say.welcome_to(&frame.member),
            if view.is_first { say.first_steward(&frame.member) }
            else { say.invited_as(&frame.member, role_words(frame, &view.roles)) },
        ))
        form.narrow method="post" action={ "/welcome/" (view.secret) } {
            (csrf(csrf_token))
            (Field::new(say, filled, "name", say.your_name()).hint(say.your_name_hint())
                .initial(&view.name).required().line("text", Some("username")))
            (Field::new(say, filled, "mail", say.mail()).hint(say.mail_hint())
                .line("email", Some("email")))
            (Field::new(say, filled, "password", say.password()).hint(say.password_hint()).required()
                .line("password", Some("new-password")))
            div.buttons {
                button.btn.primary { (say.begin()) }
                @if let Some(until) = view.until {
                    span.hint { (say.link_works_until(clock.deadline_short(until))) }
                }
            }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.welcome(), Area::None)
    };
    document(frame, &head, body)
}
