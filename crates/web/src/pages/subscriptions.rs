//! How a person is kept up to date elsewhere: mails, calendar, news.

use maud::{Markup, html};

use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::page_head;

/// What a person is written to about.
#[derive(Debug, Clone)]
pub struct Mails {
    /// The person's address, or empty.
    pub address: String,
    /// Whether the person is reminded.
    pub reminders: bool,
    /// Whether the person gets a digest.
    pub digest: bool,
    /// At which hour of the day.
    pub digest_hour: u8,
    /// Whether this node sends mail at all.
    pub is_on: bool,
}

/// The secret addresses of a person's feeds.
#[derive(Debug, Clone)]
pub struct Feeds {
    /// The calendar of votes.
    pub calendar: String,
    /// The news of decisions.
    pub news: String,
}

/// What a link in a mail ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Reminders of single votes.
    Reminders,
    /// The daily digest.
    Digest,
}

pub(super) fn mails(frame: &Frame, view: &Mails, filled: &Filled) -> Markup {
    let say = frame.language;
    let hours: Vec<(String, Markup)> = (0..24)
        .map(|hour: u8| (hour.to_string(), html! { (format!("{hour:02}:00")) }))
        .collect();
    let hour = view.digest_hour.to_string();
    let ticked = |on: bool| if on { "yes" } else { "" };
    html! {
        section.area id="reminders" {
            h2 { (say.reminders()) }
            p.muted { (say.reminders_explained()) }
            @if !view.is_on { p { (say.reminders_off_here()) } }
            @else if !frame.is_delegate() { p { (say.reminders_not_delegate()) } }
            form method="post" action="/account/reminders" {
                (csrf(frame.csrf()))
                (Field::new(say, filled, "mail", say.mail()).hint(say.reminders_address_hint())
                    .initial(&view.address).line("email", Some("email")))
                (Field::new(say, filled, "reminders", say.reminders_wanted())
                    .initial(ticked(view.reminders)).check())
                (Field::new(say, filled, "digest", say.digest_wanted())
                    .initial(ticked(view.digest)).check())
                (Field::new(say, filled, "digest_hour", say.digest_hour())
                    .hint(say.digest_hour_hint(frame.zone.name())).initial(&hour)
                    .select(None, &hours))
                div.buttons { button.btn { (say.save()) span.vh { ": " (say.reminders()) } } }
            }
        }
    }
}

pub(super) fn feeds(frame: &Frame, view: &Feeds) -> Markup {
    let say = frame.language;
    let feeds = [
        (
            say.calendar_feed(),
            say.calendar_feed_hint(),
            &view.calendar,
        ),
        (say.news_feed(), say.news_feed_hint(), &view.news),
    ];
    html! {
        section.area id="subscribe" {
            h2 { (say.subscribe()) }
            p.muted { (say.subscribe_explained()) }
            @for (name, hint, address) in feeds {
                h3 { (name) }
                p { (hint) }
                p.secret { code { (address) } }
            }
            form method="post" action="/account/feeds" {
                (csrf(frame.csrf()))
                p.hint id="renew-hint" { (say.renew_explained()) }
                div.buttons {
                    button.btn aria-describedby="renew-hint" { (say.renew_addresses()) }
                }
            }
        }
    }
}

/// Asks whether a kind of mail is to end.
#[must_use]
pub fn ask(frame: &Frame, ending: Ending, secret: &str) -> Markup {
    let say = frame.language;
    let (title, explained) = match ending {
        Ending::Reminders => (
            say.unsubscribe_reminders(),
            say.unsubscribe_reminders_explained(&frame.member),
        ),
        Ending::Digest => (
            say.unsubscribe_digest(),
            say.unsubscribe_digest_explained(&frame.member),
        ),
    };
    let body = html! {
        (page_head(Markup::default(), title.clone(), explained))
        form.narrow method="post" action={ "/unsubscribe/" (secret) } {
            div.buttons { button.btn.primary { (say.unsubscribe_do()) } }
        }
    };
    document(frame, &Head::new(title, Area::None), body)
}

/// Says that they have ended.
#[must_use]
pub fn ended(frame: &Frame) -> Markup {
    let say = frame.language;
    let body = page_head(
        Markup::default(),
        say.unsubscribed(),
        say.unsubscribed_explained(),
    );
    document(frame, &Head::new(say.unsubscribed(), Area::None), body)
}
