//! Recoveries in a decision file: who may recover a register stands in its state, so the file shows that
//! part of it.

use domain::{
    cbor::Encode,
    charter::Charter,
    id::{FederationId, Hash},
};
use serde::{Deserialize, Serialize};

use super::{
    Hex,
    error::FileError,
    verify::{Base, decoded},
};
use crate::{
    batch::Header,
    chain::{Chain, state_of},
    order::{Order, Roots},
    recovery::{self, Dated, Recovered, RecoveryError},
    validators::ValidatorSet,
};

/// A recovery with what shows who might sign it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovering {
    recovered: Recovered,
    order: Vec<u8>,
    rest: Vec<u8>,
    charter: Charter,
    needed: usize,
}

impl Recovering {
    /// A recovery of this register.
    #[must_use]
    pub fn of(chain: &Chain, recovered: &Recovered) -> Self {
        // Height 1 has no header: the order follows from what founders signed.
        let rest = match chain.height() {
            1 => Vec::new(),
            _ => chain.rest().0.to_vec(),
        };
        Self {
            recovered: recovered.clone(),
            order: chain.order().to_bytes(),
            rest,
            charter: chain.order().charter().clone(),
            needed: recovery::Base::of(chain).needed(),
        }
    }

    /// What was recovered, with who signed it.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// The height after which the register was recovered.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.recovered.recovery.height
    }

    /// What it leads to, for those who would validate the next height.
    pub(super) fn crossed(
        &self,
        federation: &FederationId,
        today: &ValidatorSet,
    ) -> Result<Crossed, FileError> {
        let recovery = &self.recovered.recovery;
        let height = recovery.height;
        let remain = today.iter().map(|(_, one)| *one);
        let remain = remain.filter(|one| !recovery.gone.contains(&one.member));
        let validators = ValidatorSet::new(remain.collect());
        Ok(Crossed {
            height,
            hash: recovery.hash(federation),
            from: recovery.time.plus_ms(recovery::notice_ms(&self.charter)),
            validators: validators.map_err(|_| FileError::Recovery {
                height,
                source: Box::new(RecoveryError::NobodyRemains),
            })?,
        })
    }

    /// As a file has it: with as many signatures as are needed. Of two recoveries of one height both show
    /// the order of that height.
    pub(super) fn written(&self, before: Option<&Self>) -> RecoveringAt {
        let same = before.filter(|before| before.height() == self.height());
        let shown = same.unwrap_or(self);
        let enough = Recovered {
            recovery: self.recovered.recovery.clone(),
            announced: first(&self.recovered.announced, self.needed, |one| one.time),
            confirmed: first(&self.recovered.confirmed, self.needed, |one| {
                std::cmp::Reverse(one.time)
            }),
        };
        RecoveringAt {
            recovered: Hex(enough.to_bytes()),
            order: Hex(shown.order.clone()),
            rest: Hex(shown.rest.clone()),
            charter: Hex(shown.charter.to_bytes()),
        }
    }
}

/// So many, the first by this order, ascending by key again.
fn first<K: Ord>(all: &[Dated], needed: usize, key: impl Fn(&Dated) -> K) -> Vec<Dated> {
    let mut some = all.to_vec();
    some.sort_by_key(&key);
    some.truncate(needed);
    some.sort_by_key(|one| one.root);
    some
}

/// A recovery in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoveringAt {
    pub recovered: Hex,
    /// The order at its height,
    pub order: Hex,
    /// and the hash of the rest of the state there; nothing at height 1.
    pub rest: Hex,
    /// The charter in force there.
    charter: Hex,
}

/// Where a recovery of a file goes on from.
pub(super) struct Crossing<'a> {
    pub epoch: u64,
    pub height: u64,
    /// The hash of that height, or of the recovery before.
    pub last: Hash,
    /// Its header; none at height 1.
    pub header: Option<&'a Header>,
    /// The validators of the height after it, if nothing is recovered.
    pub validators: &'a ValidatorSet,
}

/// A recovery that was verified.
pub(super) struct Crossed {
    pub height: u64,
    pub hash: Hash,
    /// When those who remain hold open votes again.
    pub from: domain::id::Timestamp,
    pub validators: ValidatorSet,
}

impl RecoveringAt {
    /// Verifies the recovery, and tells who remains.
    pub fn cross(&self, base: &Base, at: &Crossing<'_>) -> Result<Crossed, FileError> {
        let height = at.height;
        let recovered: Recovered = decoded("a recovery", &self.recovered.0)?;
        let charter = Charter::decode(&self.charter.0).map_err(FileError::Charter)?;
        let roots: Roots = decoded("an order", &self.order.0)?;
        let order = Order::hash_of(&self.order.0);
        let (expected, found) = match at.header {
            Some(header) => {
                let rest = <[u8; 32]>::try_from(&*self.rest.0).ok().map(Hash);
                let rest = rest.ok_or(FileError::Rest(height))?;
                (header.state, state_of(&order, &rest))
            }
            None if self.rest.0.is_empty() => (base.order.hash(), order),
            None => return Err(FileError::Rest(height)),
        };
        if found != expected {
            return Err(FileError::State {
                height,
                expected,
                found,
            });
        }
        let (expected, found) = (roots.charter, charter.hash());
        if found != expected {
            return Err(FileError::State {
                height,
                expected,
                found,
            });
        }
        let ground = recovery::Base {
            federation: base.federation,
            epoch: at.epoch,
            height,
            last: at.last,
            organisations: roots.organisations(&charter),
            validators: at.validators.clone(),
            notice_ms: recovery::notice_ms(&charter),
        };
        let refused = |source: RecoveryError| FileError::Recovery {
            height,
            source: Box::new(source),
        };
        let validators = ground.check(&recovered).map_err(refused)?;
        let needed = ground.needed();
        for found in [recovered.announced.len(), recovered.confirmed.len()] {
            if found != needed {
                return Err(FileError::Signatures {
                    height,
                    found,
                    needed,
                });
            }
        }
        let recovery = &recovered.recovery;
        Ok(Crossed {
            height,
            hash: recovery.hash(&base.federation),
            from: recovery.time.plus_ms(ground.notice_ms),
            validators,
        })
    }
}
