//! What is known of recoveries, from whoever, and where each of them stands.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{Hash, MemberId, Timestamp},
    key::PublicKey,
};

use super::{Base, Recovered, Recovery, RecoveryError, Stage, Voice};

/// The most recoveries of which one key is heard.
const RECOVERIES_MAX: usize = 16;
/// How often one key is heard saying one thing of one recovery.
const VOICES_MAX: usize = 8;
/// Of how many moments it is kept that a key signed something, the last ones.
const MOMENTS_MAX: usize = 1024;

/// What was said of a recovery.
#[derive(Debug, Clone)]
struct Known {
    recovery: Recovery,
    /// By what is said, who says it, and when by its own date.
    voices: BTreeMap<(Stage, PublicKey, Timestamp), Voice>,
}

/// What is known of recoveries.
#[derive(Debug, Clone, Default)]
pub struct Recoveries {
    known: BTreeMap<Hash, Known>,
    /// When keys signed something, whatever it was.
    moments: BTreeMap<PublicKey, BTreeSet<Timestamp>>,
}

/// Where a recovery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Too few organisations have announced it.
    Announcing {
        /// How many have.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// It is announced: whoever is not gone has time to say so.
    Notice {
        /// Until when.
        until: Timestamp,
    },
    /// The notice is over; too few organisations have confirmed it.
    Confirming {
        /// Since when it can be confirmed.
        since: Timestamp,
        /// How many have.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// Somebody who is said to be gone is not. It will not be in force; another may be announced.
    Stopped {
        /// Who.
        member: MemberId,
        /// When it showed itself.
        time: Timestamp,
    },
    /// Enough have confirmed it, though somebody who was said to be gone had shown itself in time: people
    /// have to settle that.
    Disputed {
        /// Who.
        member: MemberId,
        /// When it showed itself.
        time: Timestamp,
        /// What was confirmed.
        recovered: Box<Recovered>,
    },
    /// It is in force.
    InForce(Box<Recovered>),
}

impl State {
    /// The word in commands and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Announcing { .. } => "announcing",
            Self::Notice { .. } => "notice",
            Self::Confirming { .. } => "confirming",
            Self::Stopped { .. } => "stopped",
            Self::Disputed { .. } => "disputed",
            Self::InForce(_) => "in-force",
        }
    }

    /// What enough have announced and confirmed, disputed or not.
    #[must_use]
    pub fn confirmed(&self) -> Option<&Recovered> {
        match self {
            Self::InForce(recovered) | Self::Disputed { recovered, .. } => Some(recovered),
            _ => None,
        }
    }
}

impl Recoveries {
    /// Takes note of what was said of a recovery; whether it is new. It is for the caller to have
    /// verified it, and that its key is of somebody who may say it: others are heard of too few.
    pub fn take(&mut self, hash: Hash, voice: Voice) -> bool {
        let of_key = |known: &&Known| {
            let mut voices = known.voices.keys();
            voices.any(|(_, key, _)| *key == voice.key)
        };
        let count = self.known.values().filter(of_key).count();
        if count >= RECOVERIES_MAX && !self.known.contains_key(&hash) {
            return false;
        }
        let known = self.known.entry(hash).or_insert_with(|| Known {
            recovery: voice.recovery.clone(),
            voices: BTreeMap::new(),
        });
        let (stage, key) = (voice.stage, voice.key);
        let of_one = (stage, key, Timestamp(0))..=(stage, key, Timestamp(u64::MAX));
        if known.voices.range(of_one).count() >= VOICES_MAX {
            return false;
        }
        known
            .voices
            .insert((stage, key, voice.time), voice)
            .is_none()
    }

    /// Takes note that a key signed something at a time: whoever can, is not gone.
    pub fn lives(&mut self, key: PublicKey, time: Timestamp) {
        let moments = self.moments.entry(key).or_default();
        moments.insert(time);
        if moments.len() > MOMENTS_MAX {
            moments.pop_first();
        }
    }

    /// When a key signed something last, by its own date.
    #[must_use]
    pub fn last_sign(&self, key: &PublicKey) -> Option<Timestamp> {
        self.moments.get(key)?.last().copied()
    }

    /// The recoveries of which something was said, by hash.
    pub fn all(&self) -> impl Iterator<Item = (&Hash, &Recovery)> {
        self.known
            .iter()
            .map(|(hash, known)| (hash, &known.recovery))
    }

    /// Who said something of a recovery, with the date.
    pub fn said(&self, hash: &Hash, stage: Stage) -> impl Iterator<Item = (PublicKey, Timestamp)> {
        let voices = self.known.get(hash).into_iter().flat_map(|one| &one.voices);
        voices
            .filter(move |((of, ..), _)| *of == stage)
            .map(|((_, key, time), _)| (*key, *time))
    }

    /// Where a recovery stands at a time by this machine's clock.
    ///
    /// # Errors
    /// When it does not go on from here, or nothing was said of it.
    pub fn state(
        &self,
        base: &Base,
        hash: &Hash,
        now: Timestamp,
    ) -> Result<Option<State>, RecoveryError> {
        let Some(known) = self.known.get(hash) else {
            return Ok(None);
        };
        base.remaining(&known.recovery)?;
        let needed = base.needed();
        let announced = earliest(known, base, Stage::Announce, (known.recovery.time, now));
        let found = announced.len();
        let times = announced.iter().map(|voice| voice.time);
        let until = base.until(times.collect());
        let confirmed = match until {
            Some(until) => earliest(known, base, Stage::Confirm, (until, now)),
            None => Vec::new(),
        };
        let is_confirmed = confirmed.len() >= needed;
        let last = until.filter(|_| is_confirmed).unwrap_or(Timestamp::MAX);
        let sign = self.sign_of_life(known, base, last);
        let (Some(since), true) = (until, is_confirmed) else {
            return Ok(Some(match (sign, until) {
                (Some((member, time)), _) => State::Stopped { member, time },
                (None, None) => State::Announcing { found, needed },
                (None, Some(until)) if now < until => State::Notice { until },
                (None, Some(since)) => State::Confirming {
                    since,
                    found: confirmed.len(),
                    needed,
                },
            }));
        };
        debug_assert!(since <= now);
        let recovered = Box::new(Recovered {
            recovery: known.recovery.clone(),
            announced: dated(announced, needed),
            confirmed: dated(confirmed, needed),
        });
        Ok(Some(match sign {
            Some((member, time)) => State::Disputed {
                member,
                time,
                recovered,
            },
            None => State::InForce(recovered),
        }))
    }

    /// Who of those said to be gone showed itself first, from the announcement to that moment: by an
    /// objection, or by anything its validator's key signed.
    fn sign_of_life(
        &self,
        known: &Known,
        base: &Base,
        last: Timestamp,
    ) -> Option<(MemberId, Timestamp)> {
        let from = known.recovery.time;
        let mut signs = Vec::new();
        for (_, validator) in base.validators.iter() {
            let member = validator.member;
            if !known.recovery.gone.contains(&member) {
                continue;
            }
            let moments = self.moments.get(&validator.key).into_iter().flatten();
            let moments = moments.copied().filter(|time| *time >= from);
            signs.extend(moments.map(|time| (time, member)));
            let is_its = |key: &PublicKey| {
                *key == validator.key || base.organisations.get(key) == Some(&member)
            };
            let objections = known.voices.iter();
            let objections =
                objections.filter(|((stage, key, _), _)| *stage == Stage::Object && is_its(key));
            let objections = objections.map(|(_, voice)| (voice.time, member));
            signs.extend(objections.filter(|(time, _)| *time >= from));
        }
        let first = signs.into_iter().min().filter(|(time, _)| *time <= last);
        first.map(|(time, member)| (member, time))
    }
}

/// What organisations said in a stage, dated between these, the earliest first.
fn earliest<'k>(
    known: &'k Known,
    base: &Base,
    stage: Stage,
    (from, to): (Timestamp, Timestamp),
) -> Vec<&'k Voice> {
    let voices = known.voices.values().filter(|voice| {
        voice.stage == stage
            && (from..=to).contains(&voice.time)
            && base.organisations.contains_key(&voice.key)
    });
    let mut voices: Vec<&Voice> = voices.collect();
    voices.sort_by_key(|voice| (voice.time, voice.key));
    let mut heard = BTreeSet::new();
    voices.retain(|voice| heard.insert(voice.key));
    voices
}

/// As many as are needed, ascending by key.
fn dated(mut voices: Vec<&Voice>, needed: usize) -> Vec<super::Dated> {
    voices.truncate(needed);
    voices.sort_by_key(|voice| voice.key);
    voices.into_iter().map(Voice::dated).collect()
}
