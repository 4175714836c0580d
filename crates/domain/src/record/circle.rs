//! What the people of a circle do: join it, take on work, gather (`specs/records.md`).

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{CircleId, EntryId, Hash, MemberId, PersonId, Timestamp},
    text::{decode_block, decode_line},
};

use super::LINE_BYTES_MAX;

/// The title of the role of who coordinates a circle.
pub const COORDINATOR: &str = "coordinator";
/// The longest words of an action point, in bytes.
pub const ACTION_BYTES_MAX: usize = 1_000;
/// The longest gathering, in minutes: a week.
pub const GATHERING_MINUTES_MAX: u64 = 7 * 24 * 60;
/// The longest name of a time zone, in bytes.
pub const ZONE_BYTES_MAX: usize = 64;
/// At most every so many weeks or months.
pub const EVERY_MAX: u64 = 52;
/// A gathering happens at most so often.
pub const OCCURRENCES_MAX: u64 = 1_000;
/// So many single days of a gathering can be cancelled.
pub const CANCELLED_MAX: usize = 64;
/// The last day that can be named, counted from 1970-01-01: the end of the year 9999.
pub const DAY_MAX: u64 = 2_932_896;

/// The author joins a circle or leaves it; the last word of a person counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The circle.
    pub circle: CircleId,
    /// Whether the person is in it from now on.
    pub joined: bool,
}

impl Encode for Membership {
    fn encode(&self, encoder: &mut Encoder) {
        let joined = u64::from(self.joined);
        encoder.array(2).value(&self.circle).uint(joined);
    }
}

impl Decode for Membership {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            circle: decoder.value()?,
            joined: decoder.uint_to("membership joined", 1)? == 1,
        })
    }
}

/// How an action point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionState {
    /// It is to be done.
    Open,
    /// It was done.
    Done,
    /// It will not be done.
    Dropped,
}

impl ActionState {
    const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Dropped];

    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Something that is to be done for a circle: who, what, by when. The words are the note; a later
/// record without a note leaves them as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The entry that began the action point; `None` begins one.
    pub action: Option<EntryId>,
    /// The circle it belongs to.
    pub circle: CircleId,
    /// Whose people do it.
    pub member: MemberId,
    /// Who of them; `None` leaves that to the member.
    pub person: Option<PersonId>,
    /// By when.
    pub due: Option<Timestamp>,
    /// How it stands.
    pub state: ActionState,
    /// The document or proposal it comes from.
    pub source: Option<Hash>,
}

impl Encode for Action {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(7)
            .optional(self.action.as_ref())
            .value(&self.circle)
            .value(&self.member)
            .optional(self.person.as_ref())
            .optional(self.due.as_ref())
            .uint(self.state as u64)
            .optional(self.source.as_ref());
    }
}

impl Decode for Action {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(7)?;
        Ok(Self {
            action: decoder.optional()?,
            circle: decoder.value()?,
            member: decoder.value()?,
            person: decoder.optional()?,
            due: decoder.optional()?,
            state: ActionState::ALL[decoder.uint_to("action state", 2)? as usize],
            source: decoder.optional()?,
        })
    }
}

/// After what time a gathering comes again. It keeps its time of day in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Every so many weeks on the weekday of the first.
    Weeks,
    /// Every so many months on the same weekday counted from the month's beginning, such as the
    /// second Tuesday; months without a fifth are left out.
    MonthsFromBeginning,
    /// Every so many months on the same weekday counted from the month's end, such as the last
    /// Tuesday.
    MonthsFromEnd,
}

impl Rhythm {
    const ALL: [Self; 3] = [Self::Weeks, Self::MonthsFromBeginning, Self::MonthsFromEnd];

    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weeks => "weeks",
            Self::MonthsFromBeginning => "months",
            Self::MonthsFromEnd => "months-from-end",
        }
    }

    /// The rhythm of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rhythm| rhythm.as_str() == word)
    }
}

/// When a gathering comes for the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Nobody has said.
    Open,
    /// After so many times, cancelled ones too.
    Count(u64),
    /// On this day of its zone at the latest, counted from 1970-01-01.
    Day(u64),
}

/// How a gathering comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetition {
    /// What is counted.
    pub rhythm: Rhythm,
    /// Every how many of them.
    pub every: u64,
    /// Until when.
    pub until: Until,
}

impl Encode for Repetition {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(4).uint(self.rhythm as u64).uint(self.every);
        match self.until {
            Until::Open => encoder.null().null(),
            Until::Count(count) => encoder.uint(count).null(),
            Until::Day(day) => encoder.null().uint(day),
        };
    }
}

impl Decode for Repetition {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        let rhythm = Rhythm::ALL[decoder.uint_to("rhythm", 2)? as usize];
        let every = from_one(decoder, "every", EVERY_MAX)?;
        let count = match decoder.is_null() {
            true => None,
            false => Some(from_one(decoder, "occurrences", OCCURRENCES_MAX)?),
        };
        let day = match decoder.is_null() {
            true => None,
            false => Some(decoder.uint_to("last day", DAY_MAX)?),
        };
        let until = match (count, day) {
            (None, None) => Until::Open,
            (Some(count), None) => Until::Count(count),
            (None, Some(day)) => Until::Day(day),
            (Some(_), Some(_)) => {
                return Err(DecodeError::Invalid(
                    "a repetition ends after a count or on a day, not both",
                ));
            }
        };
        Ok(Self {
            rhythm,
            every,
            until,
        })
    }
}

fn from_one(decoder: &mut Decoder<'_>, field: &'static str, most: u64) -> Result<u64, DecodeError> {
    match decoder.uint_to(field, most)? {
        0 => Err(DecodeError::Invalid(field)),
        number => Ok(number),
    }
}

/// A circle gathers, once or again and again; the last record of a gathering counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// The entry that began it; `None` begins one.
    pub gathering: Option<EntryId>,
    /// The circle.
    pub circle: CircleId,
    /// What it is called.
    pub title: String,
    /// When the first begins.
    pub start: Timestamp,
    /// How long it takes.
    pub minutes: u64,
    /// The time zone whose time of day it keeps, by its name in the IANA database.
    pub zone: String,
    /// How it comes again; `None` if it happens once.
    pub repetition: Option<Repetition>,
    /// Where: an address of the web or words; may be empty.
    pub place: String,
    /// The days on which it does not happen, of its zone, counted from 1970-01-01, ascending.
    pub cancelled: Vec<u64>,
    /// Whether it was called off altogether.
    pub ended: bool,
}

impl Encode for Gathering {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(10)
            .optional(self.gathering.as_ref())
            .value(&self.circle)
            .text(&self.title)
            .value(&self.start)
            .uint(self.minutes)
            .text(&self.zone)
            .optional(self.repetition.as_ref())
            .text(&self.place)
            .array(self.cancelled.len());
        for day in &self.cancelled {
            encoder.uint(*day);
        }
        encoder.uint(u64::from(self.ended));
    }
}

impl Decode for Gathering {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(10)?;
        let gathering = decoder.optional()?;
        let circle = decoder.value()?;
        let title = decode_line(decoder, "gathering title", LINE_BYTES_MAX)?;
        let start = decoder.value()?;
        let minutes = from_one(decoder, "gathering minutes", GATHERING_MINUTES_MAX)?;
        let zone = decode_line(decoder, "time zone", ZONE_BYTES_MAX)?;
        let repetition = decoder.optional()?;
        let place = decode_block(decoder, "gathering place", LINE_BYTES_MAX)?;
        let count = decoder.array_to("cancelled days", CANCELLED_MAX)?;
        let cancelled = (0..count)
            .map(|_| decoder.uint_to("cancelled day", DAY_MAX))
            .collect::<Result<Vec<_>, _>>()?;
        if !cancelled.is_sorted_by(|one, next| one < next) {
            return Err(DecodeError::Unsorted("cancelled days"));
        }
        let ended = decoder.uint_to("gathering ended", 1)? == 1;
        Ok(Self {
            gathering,
            circle,
            title,
            start,
            minutes,
            zone,
            repetition,
            place,
            cancelled,
            ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathering() -> Gathering {
        Gathering {
            gathering: Some(EntryId([4; 32])),
            circle: CircleId([1; 16]),
            title: "Weekly call".to_owned(),
            start: Timestamp(1_795_352_400_000),
            minutes: 60,
            zone: "Europe/Madrid".to_owned(),
            repetition: Some(Repetition {
                rhythm: Rhythm::MonthsFromEnd,
                every: 2,
                until: Until::Count(6),
            }),
            place: "https://meet.example/commons".to_owned(),
            cancelled: vec![20_780, 20_900],
            ended: false,
        }
    }

    #[test]
    fn a_membership_and_an_action_come_back() {
        for joined in [true, false] {
            let circle = CircleId([1; 16]);
            let membership = Membership { circle, joined };
            let read = Membership::from_bytes(&membership.to_bytes());
            assert_eq!(read, Ok(membership));
        }
        for state in ActionState::ALL {
            let action = Action {
                action: (state != ActionState::Open).then_some(EntryId([4; 32])),
                circle: CircleId([1; 16]),
                member: MemberId([2; 32]),
                person: (state != ActionState::Done).then_some(PersonId([3; 16])),
                due: Some(Timestamp(7)),
                state,
                source: Some(Hash([9; 32])),
            };
            assert_eq!(Action::from_bytes(&action.to_bytes()), Ok(action));
            assert_eq!(ActionState::from_word(state.as_str()), Some(state));
        }
    }

    #[test]
    fn a_gathering_comes_back_whatever_its_repetition() {
        let mut each = gathering();
        assert_eq!(Gathering::from_bytes(&each.to_bytes()), Ok(each.clone()));
        for until in [Until::Open, Until::Count(1), Until::Day(DAY_MAX)] {
            for rhythm in Rhythm::ALL {
                let every = EVERY_MAX;
                each.repetition = Some(Repetition {
                    rhythm,
                    every,
                    until,
                });
                assert_eq!(Gathering::from_bytes(&each.to_bytes()), Ok(each.clone()));
            }
        }
        each.repetition = None;
        assert_eq!(Gathering::from_bytes(&each.to_bytes()), Ok(each));
    }

    #[test]
    fn a_gathering_outside_its_limits_is_refused() {
        let broken: [fn(&mut Gathering); 8] = [
            |g| g.minutes = 0,
            |g| g.minutes = GATHERING_MINUTES_MAX + 1,
            |g| g.title = "\n".to_owned(),
            |g| g.zone = "z".repeat(ZONE_BYTES_MAX + 1),
            |g| g.cancelled = vec![5, 5],
            |g| g.cancelled = vec![DAY_MAX + 1],
            |g| g.cancelled = (0..=CANCELLED_MAX as u64).collect(),
            |g| {
                if let Some(repetition) = &mut g.repetition {
                    repetition.every = 0;
                }
            },
        ];
        for (number, change) in broken.into_iter().enumerate() {
            let mut each = gathering();
            change(&mut each);
            assert!(Gathering::from_bytes(&each.to_bytes()).is_err(), "{number}");
        }
    }
}
