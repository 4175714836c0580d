//! Action points and gatherings as they are written in JSON.

use domain::{
    id::{CircleId, EntryId, Hash, MemberId, PersonId, Timestamp},
    record::{self, ActionState, Repetition, Rhythm, Until},
};
use federation::Act;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use super::{body::Text, parts::fault};
use crate::{auth::Actor, error::WebError, gatherings::day_number, site::Site};

/// A field that may be left out, or be null, which says something else.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ActionFields {
    /// The action point that is changed; left out, one is begun.
    action: Option<Text<EntryId>>,
    /// Needed to begin one.
    circle: Option<Text<CircleId>>,
    member: Option<Text<MemberId>>,
    /// Null leaves it to the member; left out, it is the caller's to begin with.
    #[serde(default, deserialize_with = "given")]
    person: Option<Option<Text<PersonId>>>,
    #[serde(default, deserialize_with = "given")]
    due_ms: Option<Option<u64>>,
    /// `open`, `done` or `dropped`.
    state: Option<String>,
    #[serde(default, deserialize_with = "given")]
    source: Option<Option<Text<Hash>>>,
    #[serde(default)]
    words: String,
}

impl ActionFields {
    pub(super) fn into_act(self, site: &Site, actor: &Actor) -> Result<Act, WebError> {
        let id = self.action.map(|id| id.0);
        let before = match id {
            Some(id) => {
                let known = site.node.read(|core| core.view().action(&id));
                let missing = WebError::NotFound {
                    what: "action point",
                };
                known.ok_or(missing)?.record
            }
            None => record::Action {
                action: None,
                circle: self
                    .circle
                    .as_ref()
                    .ok_or_else(|| fault("circle", "Name the circle it is for."))?
                    .0,
                member: actor
                    .member(site)
                    .ok_or(WebError::NotFound { what: "member" })?,
                person: Some(actor.person()),
                due: None,
                state: ActionState::Open,
                source: None,
            },
        };
        // Another member's person has to be named with it.
        let member = self.member.map_or(before.member, |member| member.0);
        let same = member == before.member;
        let state = match self.state {
            None => before.state,
            Some(word) => ActionState::from_word(&word)
                .ok_or_else(|| fault("state", "Write open, done or dropped."))?,
        };
        let person = self.person.map(|person| person.map(|person| person.0));
        Ok(Act::Action {
            action: record::Action {
                action: id,
                circle: self.circle.map_or(before.circle, |circle| circle.0),
                member,
                person: person.unwrap_or(before.person.filter(|_| same)),
                due: self.due_ms.map_or(before.due, |due| due.map(Timestamp)),
                state,
                source: self
                    .source
                    .map_or(before.source, |source| source.map(|source| source.0)),
            },
            words: self.words,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct RepetitionFields {
    /// `weeks`, `months` or `months-from-end`.
    rhythm: String,
    every: u64,
    count: Option<u64>,
    /// `yyyy-mm-dd`, in the gathering's zone.
    last_day: Option<Text<Date>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct GatheringFields {
    /// The gathering that is described anew; left out, one is begun.
    gathering: Option<Text<EntryId>>,
    circle: Text<CircleId>,
    title: String,
    start_ms: u64,
    minutes: u64,
    /// An IANA name, such as `Europe/Madrid`.
    zone: String,
    repetition: Option<RepetitionFields>,
    #[serde(default)]
    place: String,
    /// Days, `yyyy-mm-dd`, in the gathering's zone.
    #[serde(default)]
    cancelled: Vec<Text<Date>>,
    #[serde(default)]
    ended: bool,
}

fn number(field: &'static str, day: Date) -> Result<u64, WebError> {
    day_number(day).ok_or_else(|| fault(field, "Days begin with 1970-01-01."))
}

impl RepetitionFields {
    fn into_record(self) -> Result<Repetition, WebError> {
        let rhythm = Rhythm::from_word(&self.rhythm)
            .ok_or_else(|| fault("rhythm", "Write weeks, months or months-from-end."))?;
        let until = match (self.count, self.last_day) {
            (None, None) => Until::Open,
            (Some(count), None) => Until::Count(count),
            (None, Some(day)) => Until::Day(number("last_day", day.0)?),
            (Some(_), Some(_)) => {
                return Err(fault("count", "Write a count or a last day, not both."));
            }
        };
        Ok(Repetition {
            rhythm,
            every: self.every,
            until,
        })
    }
}

impl GatheringFields {
    pub(super) fn into_record(self) -> Result<record::Gathering, WebError> {
        let days = self.cancelled.into_iter();
        let mut cancelled = days
            .map(|day| number("cancelled", day.0))
            .collect::<Result<Vec<_>, _>>()?;
        cancelled.sort_unstable();
        cancelled.dedup();
        if crate::pages::time::Zone::named(&self.zone).is_none() {
            return Err(fault("zone", "Write an IANA name, such as Europe/Madrid."));
        }
        let repetition = self.repetition.map(RepetitionFields::into_record);
        Ok(record::Gathering {
            gathering: self.gathering.map(|id| id.0),
            circle: self.circle.0,
            title: self.title,
            start: Timestamp(self.start_ms),
            minutes: self.minutes,
            zone: self.zone,
            repetition: repetition.transpose()?,
            place: self.place,
            cancelled,
            ended: self.ended,
        })
    }
}
