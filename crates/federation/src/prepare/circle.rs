//! Acts of a circle's people: joining, action points, gatherings; and when a decision is reviewed.

use domain::{
    cbor::{Decode, Encode},
    entry::Audience,
    id::{CircleId, EntryId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};
use replica::view::Someone;

use super::{
    Draft,
    text::{block, line, note, text_error},
};
use crate::{act::Act, core::Core, error::Refused};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Refuses a gathering nobody could come to: one that would begin with all of it over, or end before
/// it begins.
fn check_span(now: Timestamp, gathering: &record::Gathering) -> Result<(), Refused> {
    let end = gathering
        .start
        .plus_seconds(gathering.minutes.saturating_mul(60));
    match gathering.repetition {
        None if gathering.gathering.is_none() && end < now => {
            Err(text_error("day", "it would be over already"))
        }
        // A day of its zone may begin up to a day away from that of UTC.
        Some(record::Repetition {
            until: record::Until::Day(day),
            ..
        }) if (day + 1) * DAY_MS < gathering.start.0.saturating_sub(DAY_MS) => Err(text_error(
            "last_day",
            "the last day lies before the first gathering",
        )),
        _ => Ok(()),
    }
}

impl Core {
    pub(super) fn draft_circle(
        &self,
        now: Timestamp,
        key: &PublicKey,
        act: &Act,
    ) -> Result<Draft, Refused> {
        let (grant, _) = self.person_grant(key)?;
        let tip = self.replica().tip(key);
        let own = tip.and_then(|(_, id)| self.replica().find(&id));
        let own = own.map(|stored| stored.time);
        match act {
            Act::Membership(membership) => {
                self.check_circle(&membership.circle)?;
                let record = Record::Membership(*membership);
                let mut draft = Draft::in_circle(grant, &membership.circle, record);
                draft.replaces = own;
                Ok(draft)
            }
            Act::Action { action, words } => self.draft_action(now, key, grant, action, words),
            Act::Gathering(gathering) => self.draft_gathering(now, key, grant, gathering),
            Act::Review(review) => {
                let known = self.view().proposals.get(&review.proposal);
                let first = known.and_then(|proposal| proposal.first.as_ref());
                let first = first.ok_or(Refused::UnknownProposal)?;
                let who = self.someone(key)?;
                let is_proposer =
                    first.by == *key || (first.member, first.person) == (who.0, Some(who.1));
                let grant = match self.steward_or_delegate(key) {
                    Ok((grant, _)) => grant,
                    Err(_) if is_proposer => grant,
                    Err(refused) => return Err(refused),
                };
                let mut draft = Draft::of(grant, &review.proposal, Record::Review(*review));
                draft.after = Some(review.proposal);
                let known = self.view().review(&review.proposal);
                draft.replaces = known.map(|known| known.set).max(own);
                Ok(draft)
            }
            _ => Err(Refused::UnknownCircle),
        }
    }

    /// Refuses the name of another circle at work: people could not tell them apart.
    pub(super) fn check_circle_name(
        &self,
        circle: &record::Circle,
        id: CircleId,
    ) -> Result<(), Refused> {
        let name = circle.name.to_lowercase();
        let same = self.view().circles.iter().find(|(other, known)| {
            **other != id && !known.record.ended && known.record.name.to_lowercase() == name
        });
        match same {
            Some(_) if !circle.ended => {
                Err(text_error("name", "there is a circle of this name already"))
            }
            _ => Ok(()),
        }
    }

    fn check_circle(&self, circle: &CircleId) -> Result<(), Refused> {
        match self.view().circles.contains_key(circle) {
            true => Ok(()),
            false => Err(Refused::UnknownCircle),
        }
    }

    /// Whose key this is.
    pub(super) fn someone(&self, key: &PublicKey) -> Result<Someone, Refused> {
        let view = self.view();
        let found = view.member_of(key).or_else(|| {
            let mandate = self.mandate_of(key).ok()?;
            Some(mandate.1)
        });
        let person = view.person_of(key).ok_or(Refused::UnknownKey)?;
        Ok((found.ok_or(Refused::UnknownKey)?, person))
    }

    /// Refuses who is not one of a circle's people.
    fn check_in_circle(
        &self,
        circle: &CircleId,
        who: &Someone,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.check_circle(circle)?;
        if self.view().is_in_circle(circle, who, now) {
            return Ok(());
        }
        let known = self.view().circles.get(circle);
        let name = known.map_or_else(|| circle.short(), |known| known.record.name.clone());
        Err(Refused::NotInCircle { circle: name })
    }

    fn draft_action(
        &self,
        now: Timestamp,
        key: &PublicKey,
        grant: EntryId,
        action: &record::Action,
        words: &str,
    ) -> Result<Draft, Refused> {
        let who = self.someone(key)?;
        let words = match (words.trim().is_empty(), action.action) {
            // What is changed keeps its words.
            (true, Some(_)) => None,
            _ => note(&line("what", words, record::ACTION_BYTES_MAX)?),
        };
        let replaces = match action.action {
            None => {
                self.check_in_circle(&action.circle, &who, now)?;
                None
            }
            Some(id) => {
                let known = self.view().action(&id).ok_or(Refused::UnknownAction)?;
                if known.record.circle != action.circle {
                    return Err(Refused::UnknownAction);
                }
                let assigned = known.record.person;
                let assigned = assigned.map(|person| (known.record.member, person));
                if known.begun_by != who && assigned != Some(who) {
                    self.check_in_circle(&action.circle, &who, now)?;
                }
                Some(known.changed)
            }
        };
        self.check_doer(action)?;
        let record = Record::Action(action.clone());
        let mut draft = Draft::in_circle(grant, &action.circle, record);
        draft.note = words;
        draft.replaces = replaces;
        Ok(draft)
    }

    /// Whether the one who is to do an action point is known here.
    fn check_doer(&self, action: &record::Action) -> Result<(), Refused> {
        let view = self.view();
        if !view.members.contains_key(&action.member) {
            return Err(Refused::UnknownMember(action.member.to_string()));
        }
        let known = |person| view.persons.contains_key(&(action.member, person));
        match action.person {
            Some(person) if !known(person) => {
                let member = view.member_name(&action.member);
                Err(text_error("who", format!("{member} has no such person")))
            }
            _ => Ok(()),
        }
    }

    fn draft_gathering(
        &self,
        now: Timestamp,
        key: &PublicKey,
        grant: EntryId,
        gathering: &record::Gathering,
    ) -> Result<Draft, Refused> {
        let who = self.someone(key)?;
        let replaces = match gathering.gathering {
            None => {
                self.check_in_circle(&gathering.circle, &who, now)?;
                None
            }
            Some(id) => {
                let known = self.view().gathering(&id);
                let known = known.ok_or(Refused::UnknownGathering)?;
                if known.record.circle != gathering.circle {
                    return Err(Refused::UnknownGathering);
                }
                if known.begun_by != who {
                    self.check_in_circle(&gathering.circle, &who, now)?;
                }
                Some(known.changed)
            }
        };
        let gathering = record::Gathering {
            title: line("title", &gathering.title, record::LINE_BYTES_MAX)?,
            zone: line("zone", &gathering.zone, record::ZONE_BYTES_MAX)?,
            place: block("place", &gathering.place, record::LINE_BYTES_MAX)?,
            ..gathering.clone()
        };
        check_span(now, &gathering)?;
        // The other fields have limits of their own: every node must read it as a gathering.
        let read = record::Gathering::from_bytes(&gathering.to_bytes());
        if let Err(error) = read {
            return Err(text_error("gathering", error.to_string()));
        }
        let circle = gathering.circle;
        let mut draft = Draft::in_circle(grant, &circle, Record::Gathering(gathering));
        draft.replaces = replaces;
        Ok(draft)
    }
}

impl Draft {
    /// A draft in the area of one circle, for members.
    fn in_circle(grant: EntryId, circle: &CircleId, record: Record) -> Self {
        let mut draft = Self::new(grant, &format!("circles/{circle}"), record);
        draft.audience = Audience::Members;
        draft
    }
}
