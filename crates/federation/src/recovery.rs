//! The core's part in recoveries of the register: what organisations sign about them is gathered from the
//! stored entries, and one that is in force is handed to the registrar.

mod notice;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{
    cbor::{Decode, Encode},
    id::{Hash, MemberId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};
use register::{
    chain::Chain,
    recovery::{
        Base, Recovered, Recoveries, Recovery, RecoveryError, Stage, State, Voice, is_followed,
    },
    registrar::{Input, Message, Topic},
};

use self::notice::{Notice, Notices};
use crate::core::Core;

/// Of how many of the last heights it is kept who might have recovered the register there.
const BASES_MAX: usize = 64;
/// The most voices out of one member's logs that wait for a height that is not here: what hundreds of
/// organisations say of several recoveries, for one member's node may bring in what all of them signed, and
/// a node that starts again hears all of it before it knows any height. Who writes more crowds out itself.
const PENDING_OF_MEMBER_MAX: usize = 4096;
/// What is shown when two recoveries of one epoch are confirmed.
const TWO_RECOVERIES: &str = "two different recoveries of the register are confirmed: nothing more becomes \
    final until the members have settled which one holds";
/// What is shown when a height was decided after the one that a recovery goes on from.
const WENT_ON: &str = "a recovery is confirmed of a register that went on: somebody who was said to be gone \
    was not, and nothing more becomes final until the members have settled which register holds";
/// What is shown when somebody reappeared in time and it was confirmed all the same.
const DISPUTED: &str = "a recovery is confirmed though somebody who was said to be gone had shown itself: \
    nothing more becomes final here until the members have settled it";

/// What is known of recoveries.
#[derive(Default)]
pub(crate) struct Recovering {
    known: Recoveries,
    /// What nobody looked at yet, or what speaks of a height that is not here yet.
    pending: Pending,
    has_news: bool,
    notices: Notices,
    /// When this node's own notice is over.
    again_at: Option<Timestamp>,
    /// Where the register stood at its last heights.
    bases: VecDeque<Base>,
    /// The recoveries that this register went through.
    followed: BTreeSet<Hash>,
    /// Those that this node objected to.
    objected: BTreeSet<Hash>,
}

/// What a member's log brought, and when it came.
struct Heard {
    carrier: MemberId,
    received: Timestamp,
    voice: Voice,
}

/// Voices that wait, by the epoch and the height they speak of.
#[derive(Default)]
struct Pending {
    voices: BTreeMap<(u64, u64), Vec<Heard>>,
    count: BTreeMap<MemberId, usize>,
}

impl Pending {
    /// Keeps a voice, if there is room for its carrier.
    fn keep(&mut self, heard: Heard) -> bool {
        let count = self.count.entry(heard.carrier).or_default();
        let has_room = *count < PENDING_OF_MEMBER_MAX;
        if has_room {
            *count += 1;
            let recovery = &heard.voice.recovery;
            let place = (recovery.epoch, recovery.height);
            self.voices.entry(place).or_default().push(heard);
        }
        has_room
    }

    /// Takes those that speak of nothing later than this.
    fn up_to(&mut self, (epoch, height): (u64, u64)) -> Vec<Heard> {
        let later = self.voices.split_off(&(epoch, height + 1));
        let due = std::mem::replace(&mut self.voices, later);
        let due: Vec<Heard> = due.into_values().flatten().collect();
        for heard in &due {
            if let Some(count) = self.count.get_mut(&heard.carrier) {
                *count -= 1;
            }
        }
        self.count.retain(|_, count| *count > 0);
        due
    }
}

/// A recovery as people are shown it.
#[derive(Debug, Clone)]
pub struct RecoveryShown {
    /// Its hash.
    pub hash: Hash,
    /// What is to be recovered.
    pub recovery: Recovery,
    /// Where it stands, or why it cannot be.
    pub state: Result<State, RecoveryError>,
    /// Whether the register went through it.
    pub is_followed: bool,
    /// When the last of those who were needed confirmed it, if enough have.
    pub since: Option<Timestamp>,
    /// How many organisations have to announce it, and as many to confirm it.
    pub needed: usize,
    /// The organisations that announced it.
    pub announced: Vec<MemberId>,
    /// The organisations that confirmed it.
    pub confirmed: Vec<MemberId>,
    /// Those who are said to be gone and objected.
    pub objected: Vec<MemberId>,
}

impl Recovering {
    /// Takes note of what an entry in a member's log says.
    pub fn hear(&mut self, carrier: MemberId, received: Timestamp, bytes: &[u8]) {
        if let Ok(voice) = Voice::from_bytes(bytes) {
            self.has_news |= self.pending.keep(Heard {
                carrier,
                received,
                voice,
            });
        }
    }

    /// Takes note that something of a member came.
    pub fn wrote(&mut self, member: MemberId, time: Timestamp, received: Timestamp) {
        self.notices.wrote(member, time, received);
    }

    /// Takes note that a peer said something.
    pub fn met(&mut self, now: Timestamp) {
        self.notices.met(now);
    }

    /// When this node's own notice of a recovery is over that is confirmed.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.again_at
    }

    /// Takes note that a key signed something.
    pub fn lives(&mut self, key: PublicKey, time: Timestamp) {
        self.known.lives(key, time);
    }

    /// When a key signed something last, by its own date.
    pub fn last_sign(&self, key: &PublicKey) -> Option<Timestamp> {
        self.known.last_sign(key)
    }

    /// The register stands there now.
    pub fn stands(&mut self, chain: &Chain) {
        let place = |base: &Base| (base.epoch, base.height);
        if self.bases.back().map(place) == Some((chain.epoch(), chain.height())) {
            self.sort();
            return;
        }
        self.bases.push_back(Base::of(chain));
        if self.bases.len() > BASES_MAX {
            self.bases.pop_front();
        }
        self.has_news = true;
        self.sort();
        if self.known.all().any(|(hash, _)| *hash == chain.last()) {
            self.followed.insert(chain.last());
        }
    }

    /// The register has just gone on in another epoch. To be told before anything is decided there: a
    /// node that catches up learns the heights of the epoch in the same go, and the recovery is seen in
    /// no place but the one before them.
    pub fn entered(&mut self, chain: &Chain) {
        self.stands(chain);
        self.followed.insert(chain.last());
    }

    /// Looks at what was said: it counts if it is signed by who could say it at the height it names.
    fn sort(&mut self) {
        let Some(last) = self.bases.back() else {
            return;
        };
        if !std::mem::take(&mut self.has_news) {
            return;
        }
        let next = (last.epoch + 1, last.height);
        for heard in self.pending.up_to(next) {
            let Heard {
                received, voice, ..
            } = heard;
            let recovery = &voice.recovery;
            let Some(base) = self.base_of(recovery) else {
                continue;
            };
            let may = base.organisations.contains_key(&voice.key)
                || base.validators.index_of(&voice.key).is_some();
            if may && base.remaining(recovery).is_ok() && voice.verify(&base.federation).is_ok() {
                let hash = recovery.hash(&base.federation);
                let (stage, key) = (voice.stage, voice.key);
                if self.known.take(hash, voice) && stage == Stage::Announce {
                    self.notices.announced(hash, key, received);
                }
            }
        }
    }

    /// Where the register stood where a recovery would go on, if it is the same register.
    fn base_of(&self, recovery: &Recovery) -> Option<&Base> {
        let mut bases = self.bases.iter();
        bases.find(|base| {
            (base.epoch + 1, base.height, base.last)
                == (recovery.epoch, recovery.height, recovery.last)
        })
    }

    /// What was confirmed as the recovery of that hash, if it was.
    fn confirmed(&self, hash: &Hash, now: Timestamp) -> Option<Recovered> {
        let (_, recovery) = self.known.all().find(|(known, _)| *known == hash)?;
        let state = self.known.state(self.base_of(recovery)?, hash, now);
        state.ok().flatten()?.confirmed().cloned()
    }

    /// The register in the epoch of a header, if the recoveries that lead there are known here; each
    /// one is told with the register before it.
    pub fn crossed(
        &mut self,
        mut chain: Chain,
        (epoch, previous): (u64, &Hash),
        mut tell: impl FnMut(&Chain, &Recovered),
    ) -> Chain {
        self.stands(&chain);
        while chain.epoch() < epoch {
            // Of several the one that the header names; else one that leads on to it.
            let mut hashes: Vec<Hash> = self.known.all().map(|(hash, _)| *hash).collect();
            hashes.sort_by_key(|hash| hash != previous);
            let confirmed = hashes
                .iter()
                .filter_map(|hash| self.confirmed(hash, Timestamp::MAX));
            let after = confirmed
                .filter_map(|one| Some((chain.recovered(&one).ok()?.0, one)))
                .next();
            let Some((after, recovered)) = after else {
                break;
            };
            tell(&chain, &recovered);
            self.followed.insert(after.last());
            chain = after;
            self.stands(&chain);
        }
        chain
    }
}

/// Who is said to be gone and objected, with its root key or its validator's.
fn objected(
    recovering: &Recovering,
    hash: &Hash,
    base: &Base,
    recovery: &Recovery,
) -> Vec<MemberId> {
    let member_of = |key: &PublicKey| {
        let validator = base.validators.index_of(key);
        let validator = validator.and_then(|index| base.validators.get(index));
        let organisation = base.organisations.get(key).copied();
        organisation.or_else(|| validator.map(|one| one.member))
    };
    let said = recovering.known.said(hash, Stage::Object);
    let members = said.filter_map(|(key, _)| member_of(&key));
    let members: BTreeSet<MemberId> = members
        .filter(|member| recovery.gone.contains(member))
        .collect();
    members.into_iter().collect()
}

/// What is to be done about recoveries.
enum Due {
    Nothing,
    Wait(Timestamp),
    Enter(Box<Recovered>),
    Stop(&'static str),
}

impl Core {
    /// What is known of recoveries of the register as it stands, those it went through included.
    #[must_use]
    pub fn recoveries(&self, now: Timestamp) -> Vec<RecoveryShown> {
        let recovering = &self.register.recovery;
        let shown = recovering.known.all().filter_map(|(hash, recovery)| {
            let base = recovering.base_of(recovery)?;
            let current = recovering.bases.back()?;
            let is_followed = recovering.followed.contains(hash);
            let judged = if is_followed { base } else { current };
            let state = recovering.known.state(judged, hash, now).transpose()?;
            let members = |stage| {
                let said = recovering.known.said(hash, stage);
                let members = said.filter_map(|(key, _)| base.organisations.get(&key).copied());
                let members: BTreeSet<MemberId> = members.collect();
                members.into_iter().collect()
            };
            let confirmed = state.as_ref().ok().and_then(State::confirmed);
            Some(RecoveryShown {
                since: confirmed.and_then(Recovered::since),
                hash: *hash,
                recovery: recovery.clone(),
                state,
                is_followed,
                needed: base.needed(),
                announced: members(Stage::Announce),
                confirmed: members(Stage::Confirm),
                objected: objected(recovering, hash, base, recovery),
            })
        });
        shown.collect()
    }

    /// Acts on what is known of recoveries: goes on with one that is in force, stops where people have to
    /// settle something, and objects where this node is said to be gone.
    pub(crate) fn settle_recovery(&mut self, now: Timestamp) {
        let Some(registrar) = &self.register.registrar else {
            return;
        };
        self.register.recovery.stands(registrar.chain());
        if self.register.heard.is_waiting() {
            // What was said about the next height may show that others follow one.
            return;
        }
        let due = self.due_recovery(now);
        self.register.recovery.again_at = match due {
            Due::Wait(until) => Some(until),
            _ => None,
        };
        match due {
            Due::Nothing | Due::Wait(_) => self.object(now),
            Due::Enter(recovered) => self.register.inbox.push_back(Input::Recovered(recovered)),
            Due::Stop(trouble) => self.leave_office(trouble),
        }
    }

    fn due_recovery(&self, now: Timestamp) -> Due {
        let recovering = &self.register.recovery;
        let Some(current) = recovering.bases.back() else {
            return Due::Nothing;
        };
        let mut due = Due::Nothing;
        for (hash, recovery) in recovering.known.all() {
            let base = recovering.base_of(recovery);
            let Some(base) = base.filter(|_| !recovering.followed.contains(hash)) else {
                continue;
            };
            let Ok(Some(state)) = recovering.known.state(base, hash, now) else {
                continue;
            };
            let Some(recovered) = state.confirmed() else {
                continue;
            };
            let is_here = (base.epoch, base.height) == (current.epoch, current.height);
            let is_first = matches!(due, Due::Nothing);
            if current.epoch > base.epoch || (is_here && !is_first) {
                return Due::Stop(TWO_RECOVERIES);
            }
            if !is_here {
                return Due::Stop(WENT_ON);
            }
            due = match state {
                State::Disputed { .. } if !self.is_followed(recovered) => Due::Stop(DISPUTED),
                _ => self.after_own_notice(now, (hash, base), recovered),
            };
        }
        due
    }

    /// What is to be done about a recovery that is confirmed, if all dates are right.
    fn after_own_notice(
        &self,
        now: Timestamp,
        (hash, base): (&Hash, &Base),
        recovered: &Recovered,
    ) -> Due {
        let recovering = &self.register.recovery;
        let own = self.member();
        let notice = recovering
            .notices
            .of(own, hash, (recovered, base.notice_ms));
        let Some(notice) = notice else {
            return Due::Nothing;
        };
        let Notice {
            until,
            is_backdated,
        } = notice;
        if now < until && (is_backdated || !self.is_followed(recovered)) {
            return Due::Wait(until);
        }
        // Whoever could not show itself by the dates could since this node heard of it.
        let from = recovered.recovery.time;
        let gone = base.validators.iter().filter(|(_, validator)| {
            let signed = recovering.last_sign(&validator.key);
            recovered.recovery.gone.contains(&validator.member)
                && signed.is_some_and(|time| time >= from)
        });
        let is_alive =
            gone.count() > 0 || !objected(recovering, hash, base, &recovered.recovery).is_empty();
        match is_backdated && is_alive {
            true => Due::Stop(DISPUTED),
            false => Due::Enter(Box::new(recovered.clone())),
        }
    }

    /// Whether a quorum of those who remain has decided a height after it.
    fn is_followed(&self, recovered: &Recovered) -> bool {
        let chain = self.register.registrar.as_ref().map(|one| one.chain());
        let after = chain.and_then(|chain| chain.recovered(recovered).ok());
        let Some((after, _)) = after else {
            return false;
        };
        let topic = Topic::Height(after.height() + 1);
        let said = self.register.messages.get(&topic).into_iter();
        let said = said.flat_map(|messages| messages.values());
        is_followed(
            &after,
            said.filter_map(|message| match message {
                Message::Agreement(message) => Some(message),
                _ => None,
            }),
        )
    }

    /// A validator that is said to be gone and is not says so by itself, once.
    fn object(&mut self, now: Timestamp) {
        let recovering = &self.register.recovery;
        let registrar = self.register.registrar.as_ref();
        let Some(key) = registrar.and_then(|one| one.key()).cloned() else {
            return;
        };
        let Some(base) = recovering.bases.back() else {
            return;
        };
        let own = base.validators.index_of(&key.public());
        let own = own.and_then(|own| base.validators.get(own));
        let Some(member) = own.map(|own| own.member) else {
            return;
        };
        let stated = recovering.known.all().find(|(hash, recovery)| {
            recovery.gone.contains(&member)
                && base.remaining(recovery).is_ok()
                && !recovering.objected.contains(hash)
        });
        let Some((hash, recovery)) = stated.map(|(hash, one)| (*hash, one.clone())) else {
            return;
        };
        let voice = recovery.say(&base.federation, Stage::Object, &key, now);
        let voice = voice.to_bytes();
        let record = Record::Recovering(record::Recovering { voice });
        if self.say(now, &key, record).is_ok() {
            self.register.recovery.objected.insert(hash);
        }
    }
}
