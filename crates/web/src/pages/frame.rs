//! What surrounds every page: head, bar, notice, footer, and what a page knows of its reader.

use domain::id::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::form::Filled;
use super::parts::icon;
pub use super::reader::{Done, Session, Theme};
use super::time::{Clock, Zone};
use crate::catalogue::Language;

/// What every page knows of its reader, its node and the moment.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Language of the page.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The reader's zone.
    pub zone: Zone,
    /// The node's time when the page was made.
    pub now: Timestamp,
    /// The federation's name.
    pub federation: String,
    /// The name of the member whose node this is.
    pub member: String,
    /// The signed-in person, if any.
    pub session: Option<Session>,
    /// What the last form did.
    pub done: Option<Done>,
    /// Said on top of every page, such as "Example data …" in a demonstration.
    pub banner: Option<String>,
    /// The reader signed up through this node and is no member yet.
    pub applies: bool,
    /// Path and query of this page, for live updates and for coming back after signing in.
    pub path: String,
}

impl Frame {
    /// The token of the session; empty where nobody is signed in.
    #[must_use]
    pub fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.csrf)
    }

    /// Whether the reader may read what is the members'.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.session.is_some() && !self.applies
    }

    /// Whether the reader may cast this member's vote.
    #[must_use]
    pub fn is_delegate(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.delegate)
    }

    /// Whether the reader may change the node and its people.
    #[must_use]
    pub fn is_steward(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.steward)
    }

    pub(crate) fn clock(&self) -> Clock<'_> {
        Clock {
            say: self.language,
            zone: &self.zone,
            now: self.now,
        }
    }
}

/// The areas of the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Home,
    Decide,
    Meet,
    Federation,
    Node,
    Account,
    Archive,
    Register,
    SignIn,
    None,
}

impl Area {
    fn name(self, say: Language) -> Markup {
        match self {
            Self::Home => say.home(),
            Self::Decide => say.decide(),
            Self::Meet => say.meet(),
            Self::Federation => say.federation(),
            Self::Node => say.this_node(),
            Self::Account => say.account(),
            Self::Archive => say.archive(),
            Self::Register => say.register(),
            Self::SignIn => say.sign_in(),
            Self::None => Markup::default(),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Home | Self::None => "/",
            Self::Decide => "/decide",
            Self::Meet => "/meet",
            Self::Federation => "/federation",
            Self::Node => "/node",
            Self::Account => "/account",
            Self::Archive => "/archive",
            Self::Register => "/register",
            Self::SignIn => "/sign-in",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Home | Self::None => "home",
            Self::Decide | Self::Archive => "decide",
            Self::Meet => "meet",
            Self::Federation => "federation",
            Self::Register => "linked",
            Self::Node => "node",
            Self::Account | Self::SignIn => "account",
        }
    }
}

/// What distinguishes one page's head from another's.
pub(crate) struct Head<'a> {
    /// State and subject; area and product follow.
    pub title: Markup,
    pub area: Area,
    /// Fragments of this page follow the node's changes.
    pub live: bool,
    /// The form that was sent back, whose errors stand on top.
    pub filled: Option<&'a Filled>,
    /// A script of this page alone.
    pub script: Option<&'static str>,
    /// Where the browser goes on to at once.
    pub onward: Option<&'a str>,
}

impl Head<'_> {
    pub fn new(title: Markup, area: Area) -> Self {
        Self {
            title,
            area,
            live: false,
            filled: None,
            script: None,
            onward: None,
        }
    }

    pub fn live(title: Markup, area: Area) -> Self {
        Self {
            title,
            area,
            live: true,
            filled: None,
            script: None,
            onward: None,
        }
    }
}

/// The whole document around `body`, which brings its own `h1`.
pub(crate) fn document(frame: &Frame, head: &Head<'_>, body: Markup) -> Markup {
    let say = frame.language;
    let has_errors = head.filled.is_some_and(Filled::has_errors);
    let theme = (frame.theme != Theme::System).then(|| frame.theme.as_str());
    html! {
        (DOCTYPE)
        html lang=(say.tag()) data-theme=[theme] data-zone=(frame.zone.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(url) = head.onward { meta http-equiv="refresh" content={ "0; url=" (url) }; }
                title { (title(frame, head, has_errors)) }
                link rel="stylesheet" href="/assets/style.css";
                link rel="alternate" type="application/atom+xml" title=(say.news_feed())
                    href="/archive/feed.atom";
                link rel="alternate" type="text/calendar" title=(say.calendar_feed())
                    href="/archive/calendar.ics";
                link rel="icon" type="image/svg+xml" href="/assets/mark.svg";
                @if head.live && frame.session.is_some() { script src="/assets/live.js" defer {} }
                @if let Some(script) = head.script { script src=(script) defer {} }
            }
            body {
                a.skip href="#main" { (say.skip_to_content()) }
                (bar(frame, head.area))
                @if let Some(banner) = &frame.banner {
                    aside.banner aria-label=(say.about_this_page()) {
                        p.wrap {
                            (banner)
                            @if frame.applies {
                                " " a href="/account/application" { (say.your_application()) }
                            }
                        }
                    }
                }
                main id="main" tabindex="-1" {
                    div.wrap {
                        @if head.live && frame.session.is_some() { (live_line(say)) }
                        @if let Some(filled) = head.filled { (filled.summary(say)) }
                        @if let Some(done) = frame.done.filter(|_| !has_errors) {
                            p.done { (icon("yes")) span { (done.sentence(say)) } }
                        }
                        (body)
                    }
                }
                (foot(frame, head))
                p.vh role="status" id="live-status" {}
            }
        }
    }
}

fn title(frame: &Frame, head: &Head<'_>, has_errors: bool) -> Markup {
    let say = frame.language;
    html! {
        @if has_errors { (say.error_before_title()) " " }
        (head.title)
        @let area = head.area.name(say);
        @if head.area != Area::None && head.title.0 != area.0 { " · " (area) }
        " · Folkmoot"
    }
}

fn bar(frame: &Frame, current: Area) -> Markup {
    let say = frame.language;
    let areas: &[Area] = match frame.session {
        Some(_) => &[
            Area::Home,
            Area::Decide,
            Area::Meet,
            Area::Federation,
            Area::Node,
            Area::Account,
        ],
        None => &[Area::Archive, Area::Register, Area::SignIn],
    };
    let waiting = frame.session.as_ref().map_or(0, |session| session.waiting);
    html! {
        header.top {
            div.wrap {
                a.brand href=(if frame.session.is_some() { "/" } else { "/archive" }) {
                    (mark())
                    span { "Folkmoot" }
                }
                nav.nav aria-label=(say.main_navigation()) {
                    ul {
                        @for area in areas {
                            li {
                                a href=(area.path()) aria-current=[(*area == current).then_some("true")] {
                                    (icon(area.icon()))
                                    span { (area.name(say)) }
                                    @if *area == Area::Decide {
                                        span data-live="waiting" {
                                            @if waiting > 0 {
                                                span.badge {
                                                    span.vh { (say.waiting_for_you()) " " }
                                                    (waiting)
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                p.me data-live="place" { (place(frame)) }
            }
        }
    }
}

fn place(frame: &Frame) -> Markup {
    let clock = frame.clock();
    html! {
        span { (frame.member) }
        span.clock {
            (clock.time_now())
            @if let Some(utc) = clock.time_now_utc() { " · " (utc) }
        }
    }
}

/// Shown by the script when the stream of changes breaks; without script it stays hidden.
fn live_line(say: Language) -> Markup {
    html! {
        p.live-line id="live-line" hidden {
            (icon("wait"))
            span {
                (say.not_live_since(html! { span data-live-time {} })) " "
                a href="" { (say.reload()) }
            }
        }
    }
}

fn foot(frame: &Frame, head: &Head<'_>) -> Markup {
    let say = frame.language;
    html! {
        footer.foot {
            div.wrap {
                @if let Some(session) = &frame.session {
                    p { (say.you_act_as(&session.person, &frame.member, &frame.federation)) }
                } @else if head.area != Area::None {
                    // A page behind a private link is none of the archive.
                    p { (say.you_only_read(&frame.member, &frame.federation)) }
                }
                p {
                    @if frame.zone.is_utc() { (say.times_are_utc()) }
                    @else { (say.times_are_in_zone(frame.zone.name())) }
                }
                @if head.live && frame.session.is_some() {
                    p.live-switch hidden {
                        button.btn.quiet type="button" aria-pressed="false" data-live-pause {
                            (say.pause_live_updates())
                        }
                    }
                }
                ul {
                    li { a href="/archive" { (say.public_archive()) } }
                    li { a href="/archive/final" { (say.decided_for_good()) } }
                    li { a href="/register" { (say.register()) } }
                    li { a href="/help/consent" { (say.words_explained()) } }
                    @if frame.session.is_some() {
                        li { a href="/charter" { (say.charter()) } }
                        li { a href="/account#settings" { (say.zone_and_theme()) } }
                    }
                }
            }
        }
    }
}

/// The product's mark: twelve people in a ring.
fn mark() -> Markup {
    const RING: [(&str, &str); 12] = [
        ("16", "4"),
        ("22", "5.6"),
        ("26.4", "10"),
        ("28", "16"),
        ("26.4", "22"),
        ("22", "26.4"),
        ("16", "28"),
        ("10", "26.4"),
        ("5.6", "22"),
        ("4", "16"),
        ("5.6", "10"),
        ("10", "5.6"),
    ];
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" fill="currentColor" {
            @for (x, y) in RING { circle cx=(x) cy=(y) r="2.3" {} }
        }
    }
}
