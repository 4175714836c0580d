//! What a mail says: plain text, the deadline in the reader's zone and in UTC, no secrets but the
//! address that ends such mails.

use crate::standpoint::Standpoint;
use domain::id::{EntryId, Timestamp};
use federation::{Decision, Phase, State};
use maud::Markup;
use replica::view::Action;

use super::{Moment, Reminder};
use crate::{
    accounts::Account,
    catalogue::{Language, Plain},
    decisions,
    handlers::views,
    pages::time::{Clock, Zone},
};

/// How long a subject may be, in characters.
const SUBJECT_CHARACTERS_MAX: usize = 150;
/// How many decisions a part of a digest lists.
pub(super) const LISTED_MAX: usize = 20;

/// A mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The person's address.
    pub to: String,
    /// The person's name.
    pub name: String,
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    /// The address that ends such mails, by GET with a question and by POST at once (RFC 8058).
    pub unsubscribe: String,
    /// What names this mail for ever: of one that is sent twice, programs show one.
    pub id: String,
}

/// What a letter is written with.
pub(super) struct Desk<'a> {
    pub core: &'a Standpoint<'a>,
    pub now: Timestamp,
    /// Where the site is, without a slash at the end.
    pub site: &'a str,
    pub account: &'a Account,
    /// The secret of the address that ends such mails.
    pub secret: &'a str,
}

impl Desk<'_> {
    fn say(&self) -> Language {
        Language::default()
    }

    fn member(&self) -> String {
        let own = self.core.member();
        own.map(|own| self.core.view().member_name(&own))
            .unwrap_or_default()
    }

    fn zone(&self) -> Zone {
        Zone::named(&self.account.zone).unwrap_or_else(Zone::utc)
    }

    fn when(&self, at: Timestamp) -> String {
        let zone = self.zone();
        let clock = Clock {
            say: self.say(),
            zone: &zone,
            now: self.now,
        };
        clock.anywhere(at)
    }

    fn page(&self, decision: &Decision<'_>) -> String {
        format!("{}/decide/{}", self.site, decision.id)
    }

    fn unsubscribe(&self) -> String {
        format!("{}/unsubscribe/{}", self.site, self.secret)
    }

    fn letter(&self, id: String, subject: &str, parts: Vec<String>) -> Letter {
        Letter {
            to: self.account.mail.clone(),
            name: one_line(&self.account.name),
            subject: one_line(subject),
            text: parts.join("\n\n") + "\n",
            unsubscribe: self.unsubscribe(),
            id: format!("{id}.{}", self.account.person),
        }
    }

    /// The end of every letter.
    fn close(&self, parts: &mut Vec<String>, reason: Markup, end: Markup) {
        let settings = format!("{}/account#reminders", self.site);
        let settings = self.say().mail_settings(Plain(settings));
        parts.push("-- ".to_owned());
        parts.extend([reason, end, settings].map(|part| part.into_string()));
    }

    /// A reminder of one vote.
    pub fn reminder(&self, decision: &Decision<'_>, phase: &Phase<'_>, due: &Reminder) -> Letter {
        let say = self.say();
        let title = Plain(one_line(&phase.version.title));
        let subject = match due.moment {
            Moment::Opening => say.mail_subject_opening(&title),
            Moment::HalfTime => say.mail_subject_half(&title),
            Moment::Day => say.mail_subject_day(&title),
            Moment::TwoHours => say.mail_subject_hours(&title),
        };
        let what = match due.moment {
            Moment::Opening => say.mail_opening(Plain(self.member()), &title),
            _ => say.mail_missing(Plain(self.member()), &title),
        };
        let proposer = self.core.view().member_name(&decision.first.member);
        let until = self.when(phase.deadline);
        let mut parts: Vec<String> = [
            say.mail_hello(Plain(&self.account.name)),
            what,
            say.mail_proposed_by(Plain(proposer)),
            say.mail_until(Plain(until)),
            say.mail_vote_here(Plain(self.page(decision))),
            say.mail_stops(),
        ]
        .map(|part| part.into_string())
        .into();
        let reason = say.mail_reason_reminder(Plain(self.member()));
        let end = say.mail_end_reminders(Plain(self.unsubscribe()));
        self.close(&mut parts, reason, end);
        let id = format!("{}.{}", short(&phase.opening.id), due.planned.0);
        self.letter(id, &subject.into_string(), parts)
    }

    /// What is open, what needs the person's vote, what closed since `since`, what the person has to
    /// do and where it is expected; none when there is nothing to say. Who casts no vote hears only
    /// of the last two.
    pub fn digest(
        &self,
        planned: Timestamp,
        since: Timestamp,
        actions: &[(Action, Option<String>)],
    ) -> Option<Letter> {
        let say = self.say();
        let votes = views::Rights::of(self.core, &self.account.person).delegate;
        let all = match votes {
            true => decisions::all(self.core, self.now),
            false => Vec::new(),
        };
        let needs = |decision: &&Decision<'_>| decisions::needs_vote(self.core, decision);
        let over =
            |decision: &Decision<'_>| matches!(decision.state, State::Closed(_) | State::Withdrawn);
        let needed: Vec<_> = all.iter().filter(needs).collect();
        let open = all.iter().filter(|d| !over(d) && !needs(d));
        let closed = all
            .iter()
            .filter(|d| self.ended(d).is_some_and(|at| at > since));
        let listed = |of: &mut dyn Iterator<Item = &Decision<'_>>| -> Vec<String> {
            of.take(LISTED_MAX).map(|d| self.item(d)).collect()
        };
        let sections = [
            (say.mail_digest_needs(), listed(&mut needed.iter().copied())),
            (say.mail_digest_open(), listed(&mut open.into_iter())),
            (say.mail_digest_closed(), listed(&mut closed.into_iter())),
            (say.mail_digest_actions(), self.actions(actions)),
            (say.mail_digest_gatherings(), self.gatherings()),
        ];
        if sections.iter().all(|(_, items)| items.is_empty()) {
            return None;
        }
        let mut parts = vec![say.mail_hello(Plain(&self.account.name)).into_string()];
        if votes && needed.is_empty() {
            parts.push(say.mail_digest_nothing().into_string());
        }
        for (heading, items) in sections {
            if !items.is_empty() {
                let heading = heading.into_string();
                let line = "-".repeat(heading.chars().count());
                parts.push(format!("{heading}\n{line}\n{}", items.join("\n")));
            }
        }
        let reason = match votes {
            true => say.mail_reason_digest(Plain(self.member())),
            false => say.mail_reason_digest_own(Plain(self.member())),
        };
        let end = say.mail_end_digest(Plain(self.unsubscribe()));
        self.close(&mut parts, reason, end);
        let federation = Plain(&self.core.genesis().name);
        let subject = match needed.len() as u64 {
            0 => say.mail_digest_subject(federation),
            count => say.mail_digest_subject_needs(count, federation),
        };
        let id = format!("digest.{}", planned.0);
        Some(self.letter(id, &subject.into_string(), parts))
    }

    /// What the person has to do by tomorrow evening or had to before.
    fn actions(&self, actions: &[(Action, Option<String>)]) -> Vec<String> {
        let (say, zone) = (self.say(), self.zone());
        let soon = super::soon(self.now, &zone);
        let due = actions.iter().filter_map(|(action, words)| {
            let due = action.record.due.filter(|due| *due <= soon)?;
            let clock = Clock {
                say,
                zone: &zone,
                now: self.now,
            };
            let day = Plain(clock.day_words(due));
            let due = match due < self.now {
                true => say.mail_digest_action_overdue(day),
                false => say.mail_digest_action_due(day),
            };
            let page = format!("{}/actions/{}", self.site, action.id);
            let words = one_line(words.as_deref().unwrap_or("…"));
            Some(
                say.mail_digest_action(Plain(words), due, Plain(page))
                    .into_string(),
            )
        });
        due.take(LISTED_MAX).collect()
    }

    /// Who of the person's circles gathers until tomorrow evening.
    fn gatherings(&self) -> Vec<String> {
        let say = self.say();
        let Some(member) = self.core.member() else {
            return Vec::new();
        };
        let (who, soon) = (
            (member, self.account.person),
            super::soon(self.now, &self.zone()),
        );
        let all = super::gatherings(self.core, &who, self.now, soon);
        let listed = all.iter().map(|each| {
            let page = format!("{}/gatherings/{}", self.site, each.gathering.id);
            let words = say.mail_digest_gathering(
                Plain(one_line(&each.gathering.name)),
                Plain(one_line(&each.circle.name)),
                Plain(self.when(each.start)),
                Plain(page),
            );
            words.into_string()
        });
        listed.collect()
    }

    /// When a decision was over, if it is.
    fn ended(&self, decision: &Decision<'_>) -> Option<Timestamp> {
        match decision.state {
            State::Closed(_) => decision.phase.as_ref().map(|phase| phase.deadline),
            State::Withdrawn => decision.proposal.withdrawal().map(|it| it.time),
            _ => None,
        }
    }

    fn item(&self, decision: &Decision<'_>) -> String {
        let say = self.say();
        let title = Plain(one_line(&decision.version.title));
        let page = Plain(self.page(decision));
        let words = match (decision.state, &decision.phase) {
            (State::Voting, Some(phase)) => {
                let until = self.when(phase.deadline);
                say.mail_digest_vote(title, Plain(until), page)
            }
            (State::Integration(until), _) => {
                let until = self.when(until);
                say.mail_digest_integration(title, Plain(until), page)
            }
            (State::Closed(_) | State::Withdrawn, _) => {
                let outcome = views::state(decision.state).word(say);
                say.mail_digest_end(title, outcome, page)
            }
            _ => say.mail_digest_talk(title, page),
        };
        words.into_string()
    }
}

fn short(id: &EntryId) -> String {
    id.to_string().chars().take(32).collect()
}

/// A text as one line: a header must end where we end it.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= SUBJECT_CHARACTERS_MAX {
        return line;
    }
    let cut: String = line.chars().take(SUBJECT_CHARACTERS_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn nothing_in_a_title_can_begin_a_header_of_its_own() {
        assert_eq!(
            one_line("Rent\r\nBcc: all@example.org\u{2028}\u{0}x"),
            "Rent Bcc: all@example.org x"
        );
        let long = one_line(&"ü ".repeat(500));
        assert_eq!(long.chars().count(), super::SUBJECT_CHARACTERS_MAX);
    }
}
