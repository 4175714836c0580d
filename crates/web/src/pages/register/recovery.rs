//! What is done when more servers are gone for good than may be away: for whom the register waits, which
//! recoveries are announced, and what to type.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::{area, height_link, names};
use crate::{
    catalogue::Language,
    pages::{
        frame::{Frame, Head, document},
        home::{Connection, connection_words},
        parts::{Name, crumbs, page_head, short},
    },
};

/// How many digits of a hash name a recovery in a command.
const DIGITS: usize = 8;
/// The file of a root key in commands.
const ROOT_KEY: &str = "--root-key root.key";

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// The closing of the vote on a proposal.
    Closing(Name),
    /// Agreement on a height, in a round.
    Height(u64, u64),
}

/// Something that waits for validators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What.
    pub what: Awaited,
    /// Since when.
    pub since: Timestamp,
    /// For whom.
    pub members: Vec<String>,
}

/// A validator, and how long it has been silent.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// How commands name it.
    pub typed: String,
    /// Whether something waits for it.
    pub awaited: bool,
    /// When it signed something last, by its own clock.
    pub signed: Option<Timestamp>,
    /// How its node is connected to this one; readers of the archive are not told.
    pub connection: Option<Connection>,
}

/// Where a recovery stands.
#[derive(Debug, Clone)]
pub enum Stands {
    /// Too few have announced it.
    Announcing,
    /// Until when its notice runs.
    Notice(Timestamp),
    /// Since when it can be confirmed.
    Confirming(Timestamp),
    /// Who showed itself, and when.
    Stopped(String, Timestamp),
    /// The same, and it was confirmed all the same.
    Disputed(String, Timestamp),
    /// It is in force: the epoch, and since when.
    InForce(u64, Timestamp),
    /// Why it does not hold.
    Refused(String),
}

/// A recovery.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Its hash.
    pub hash: String,
    /// The height after which it goes on.
    pub height: u64,
    /// When it was announced first.
    pub at: Timestamp,
    /// Who is said to be gone.
    pub gone: Vec<String>,
    /// Where it stands.
    pub stands: Stands,
    /// How many have to announce it, and to confirm it.
    pub needed: u64,
    /// Who announced it.
    pub announced: Vec<String>,
    /// Who objected.
    pub objected: Vec<String>,
    /// Who confirmed it.
    pub confirmed: Vec<String>,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Recovering {
    /// What waits for validators.
    pub waits: Vec<Wait>,
    /// The validators.
    pub validators: Vec<Seen>,
    /// How many of them may be away.
    pub bearable: u64,
    /// How many organisations with a server there are, and how many of them recover the register.
    pub organisations: (u64, u64),
    /// How long the notice of a recovery is, in seconds.
    pub notice_seconds: u64,
    /// The recoveries that are known, the newest first.
    pub known: Vec<Recovery>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &Recovering) -> Markup {
    let say = frame.language;
    let above = [("/register", say.register())];
    let crumbs = crumbs(say, &above, say.recovery());
    let body = html! {
        (page_head(crumbs, say.recovery_title(), say.recovery_explained()))
        div.split {
            div.col { (waits(frame, view)) (recoveries(frame, view)) }
            div.col { (rules(frame, view)) }
        }
        (validators(frame, view))
    };
    document(frame, &Head::live(say.recovery(), area(frame)), body)
}

/// A sentence that leads to the page, where people have to look at it.
pub(crate) fn look(say: Language) -> Markup {
    html! { p { a href="/register/recovery" { (say.look_at_recovery()) } } }
}

/// What waits for whom, and since when.
pub(crate) fn wait_words(frame: &Frame, one: &Wait) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (since, whom) = (clock.past(one.since), names(say, &one.members));
    match &one.what {
        Awaited::Closing(vote) => say.closing_waits(super::proposal_link(frame, vote), since, whom),
        Awaited::Height(height, round) => say.height_waits(*height, *round, since, whom),
    }
}

fn waits(frame: &Frame, view: &Recovering) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="waits-title" data-live="waits" {
            h2 id="waits-title" { (say.register_waits()) }
            @if view.waits.is_empty() { p.empty { (say.register_waits_for_nobody()) } }
            @else {
                ul.stack {
                    @for one in &view.waits { li { (wait_words(frame, one)) } }
                }
                p { (say.waits_safely(view.bearable, view.validators.len())) }
            }
        }
    }
}

fn rules(frame: &Frame, view: &Recovering) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (all, needed) = view.organisations;
    let command = announcing(view);
    html! {
        section aria-labelledby="how-title" data-live="recovery-how" {
            h2 id="how-title" { (say.recovery_how()) }
            p { (say.recovery_only_when(view.bearable)) }
            ol.stack {
                li { "1. " (say.recovery_call()) }
                li {
                    "2. " (say.recovery_announce(needed, all))
                    p { code { (command) } }
                }
                li { "3. " (say.recovery_notice(clock.length(view.notice_seconds))) }
                li { "4. " (say.recovery_confirm(needed, all)) }
            }
            p { (say.recovery_root_key()) }
        }
    }
}

/// The command that announces a recovery without those for whom the register waits.
fn announcing(view: &Recovering) -> String {
    let awaited = view.validators.iter().filter(|one| one.awaited);
    let mut gone: Vec<&str> = awaited.map(|one| &*one.typed).collect();
    if gone.len() as u64 <= view.bearable || gone.len() == view.validators.len() {
        gone = vec!["CO-OP"; usize::try_from(view.bearable).unwrap_or(0) + 1];
    }
    let gone: String = gone
        .iter()
        .map(|name| format!(" --gone \"{name}\""))
        .collect();
    format!("folkmoot register recover announce{gone} {ROOT_KEY}")
}

fn recoveries(frame: &Frame, view: &Recovering) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="recoveries-title" data-live="recoveries" {
            h2 id="recoveries-title" { (say.recoveries()) }
            @if view.known.is_empty() { p.empty { (say.no_recovery()) } }
            @for one in &view.known { (recovery(frame, one)) }
        }
    }
}

fn recovery(frame: &Frame, one: &Recovery) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let signed = |those: &[String]| {
        html! {
            @if those.is_empty() { (say.nobody()) } @else { (names(say, those)) }
            " (" (say.n_of_needed(those.len(), one.needed)) ")"
        }
    };
    let commands = commands(one);
    html! {
        article.voice {
            header {
                h3 { (say.recovery_without(names(say, &one.gone))) }
                span.meta { (short(&one.hash)) }
            }
            p { (stands(frame, one)) }
            dl.facts {
                dt { (say.recovery_announced_first()) }
                dd { (clock.past(one.at)) ", " (say.recovery_after(height_link(say, one.height))) }
                dt { (say.recovery_announced_by()) }
                dd { (signed(&one.announced)) }
                dt { (say.recovery_objected_by()) }
                dd { @if one.objected.is_empty() { (say.nobody()) } @else { (names(say, &one.objected)) } }
                dt { (say.recovery_confirmed_by()) }
                dd { (signed(&one.confirmed)) }
            }
            @for (what, command) in commands {
                p {
                    @match what {
                        "sign" => (say.recovery_to_sign()),
                        "confirm" => (say.recovery_to_confirm()),
                        _ => (say.recovery_to_object()),
                    }
                }
                p { code { (command) } }
            }
        }
    }
}

fn stands(frame: &Frame, one: &Recovery) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    match &one.stands {
        Stands::Announcing => say.recovery_announcing(one.announced.len(), one.needed),
        Stands::Notice(until) => say.recovery_in_notice(clock.deadline(*until)),
        Stands::Confirming(since) => {
            say.recovery_confirming(clock.past(*since), one.confirmed.len(), one.needed)
        }
        Stands::Stopped(member, at) => say.recovery_stopped(member, clock.past(*at)),
        Stands::Disputed(member, at) => say.recovery_disputed(member, clock.past(*at)),
        Stands::InForce(epoch, since) => say.recovery_in_force(*epoch, clock.past(*since)),
        Stands::Refused(why) => say.recovery_refused(why),
    }
}

/// What can be done about it, and what to type for it.
fn commands(one: &Recovery) -> Vec<(&'static str, String)> {
    let what: &[&'static str] = match one.stands {
        Stands::Announcing => &["sign", "object"],
        Stands::Notice(_) => &["object"],
        Stands::Confirming(_) => &["confirm", "object"],
        _ => &[],
    };
    let hash: String = one.hash.chars().take(DIGITS).collect();
    let typed = |what: &&'static str| {
        let command = format!("folkmoot register recover {what} {hash} {ROOT_KEY}");
        (*what, command)
    };
    what.iter().map(typed).collect()
}

fn validators(frame: &Frame, view: &Recovering) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let are_connections_shown = view.validators.iter().any(|one| one.connection.is_some());
    html! {
        section.area aria-labelledby="away-title" data-live="away" {
            h2 id="away-title" { (say.who_is_away()) }
            table.cards {
                caption { (say.who_is_away_caption()) }
                thead {
                    tr {
                        th scope="col" { (say.co_op()) }
                        th scope="col" { (say.validator_waited_for()) }
                        th scope="col" { (say.validator_signed_last()) }
                        @if are_connections_shown { th scope="col" { (say.validator_connection()) } }
                    }
                }
                tbody {
                    @for one in &view.validators {
                        tr {
                            th scope="row" { (one.name) }
                            td data-label=(say.validator_waited_for()) {
                                @if one.awaited { strong { (say.waited_for()) } } @else { (say.not_waited_for()) }
                            }
                            td data-label=(say.validator_signed_last()) {
                                @match one.signed {
                                    Some(at) => (clock.past(at)),
                                    None => (say.none_seen()),
                                }
                            }
                            @if let Some(connection) = one.connection {
                                td data-label=(say.validator_connection()) {
                                    (connection_words(frame, connection))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(typed: &str, awaited: bool) -> Seen {
        Seen {
            name: typed.to_owned(),
            typed: typed.to_owned(),
            awaited,
            signed: None,
            connection: None,
        }
    }

    #[test]
    fn the_command_names_those_who_are_waited_for_if_they_are_more_than_may_be_away() {
        let of = |awaited: [bool; 4]| {
            let validators = ["Ash", "Birch", "Cedar", "Dill"].iter().zip(awaited);
            announcing(&Recovering {
                waits: Vec::new(),
                validators: validators
                    .map(|(name, awaited)| seen(name, awaited))
                    .collect(),
                bearable: 1,
                organisations: (4, 3),
                notice_seconds: 60,
                known: Vec::new(),
            })
        };
        let command = of([false, true, false, true]);
        let start = "folkmoot register recover announce";
        assert_eq!(
            command,
            format!("{start} --gone \"Birch\" --gone \"Dill\" --root-key root.key")
        );
        for awaited in [[true, false, false, false], [true; 4]] {
            assert!(of(awaited).contains("--gone \"CO-OP\" --gone \"CO-OP\" "));
        }
    }
}
