//! What a recovery goes on from, and whether it does.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    charter::{Charter, ClassKind},
    id::{FederationId, Hash, MemberId, Timestamp},
    key::PublicKey,
};

use super::{Dated, Recovered, Recovery, RecoveryError, Stage};
use crate::{
    agreement::{self, Step},
    chain::Chain,
    order::Organisation,
    validators::{Validator, ValidatorSet},
};

/// What a recovery goes on from: the register's last height, and who may recover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The federation.
    pub federation: FederationId,
    /// The epoch of the last height.
    pub epoch: u64,
    /// The last height.
    pub height: u64,
    /// Its hash.
    pub last: Hash,
    /// The organisations with a node, by root key.
    pub organisations: BTreeMap<PublicKey, MemberId>,
    /// The validators of the next height, if nothing is recovered.
    pub validators: ValidatorSet,
    /// How long a recovery is announced, in milliseconds.
    pub notice_ms: u64,
}

/// The organisations among members that have a node.
pub(crate) fn organisations<'a>(
    charter: &Charter,
    members: impl IntoIterator<Item = Organisation<'a>>,
) -> BTreeMap<PublicKey, MemberId> {
    let members = members.into_iter().filter(|one| {
        let class = one.class.and_then(|class| charter.class(class));
        let is_organisation = class.is_some_and(|class| class.kind == ClassKind::Organisation);
        is_organisation && one.host == one.member
    });
    members.map(|one| (one.root, one.member)).collect()
}

/// How long the charter has a recovery announced, in milliseconds.
pub(crate) fn notice_ms(charter: &Charter) -> u64 {
    charter
        .terms()
        .recovery_notice_seconds
        .saturating_mul(1_000)
}

impl Base {
    /// The base of a recovery of this register as it stands.
    #[must_use]
    pub fn of(chain: &Chain) -> Self {
        let (order, charter) = (chain.order(), chain.order().charter());
        let members = order.members().iter().map(|(id, member)| Organisation {
            member: *id,
            class: Some(&member.class),
            root: member.root,
            host: member.host,
        });
        Self {
            federation: chain.federation(),
            epoch: chain.epoch(),
            height: chain.height(),
            last: chain.last(),
            organisations: organisations(charter, members),
            validators: chain.validators().clone(),
            notice_ms: notice_ms(charter),
        }
    }

    /// How many organisations must sign: at least two thirds of those with a node.
    #[must_use]
    pub fn needed(&self) -> usize {
        (2 * self.organisations.len()).div_ceil(3)
    }

    /// The validators that remain, if the recovery goes on from here.
    ///
    /// # Errors
    /// Says why it does not.
    pub fn remaining(&self, recovery: &Recovery) -> Result<ValidatorSet, RecoveryError> {
        let (expected, found) = (self.epoch + 1, recovery.epoch);
        if found != expected {
            return Err(RecoveryError::Epoch { expected, found });
        }
        let (expected, found) = (self.height, recovery.height);
        if found != expected {
            return Err(RecoveryError::Height { expected, found });
        }
        let (expected, found) = (self.last, recovery.last);
        if found != expected {
            return Err(RecoveryError::Last { expected, found });
        }
        let gone: BTreeSet<&MemberId> = recovery.gone.iter().collect();
        let all: Vec<Validator> = self.validators.iter().map(|(_, one)| *one).collect();
        let is_validator = |member: &&&MemberId| all.iter().any(|one| one.member == ***member);
        if let Some(stranger) = gone.iter().find(|member| !is_validator(member)) {
            return Err(RecoveryError::NoValidator(**stranger));
        }
        let (found, bearable) = (gone.len(), self.validators.sizes().faulty());
        if found <= bearable {
            return Err(RecoveryError::TooFewGone { found, bearable });
        }
        let remain = all.into_iter().filter(|one| !gone.contains(&one.member));
        ValidatorSet::new(remain.collect()).map_err(|_| RecoveryError::NobodyRemains)
    }

    /// The validators that remain, if enough organisations announced and confirmed it in time.
    ///
    /// # Errors
    /// Says why it is not in force.
    pub fn check(&self, recovered: &Recovered) -> Result<ValidatorSet, RecoveryError> {
        let recovery = &recovered.recovery;
        let remain = self.remaining(recovery)?;
        let announced = (&*recovered.announced, "announced");
        self.signed(recovery, Stage::Announce, announced, recovery.time)?;
        let times = recovered.announced.iter().map(|one| one.time);
        let until = self.until(times.collect()).unwrap_or(Timestamp::MAX);
        let confirmed = (&*recovered.confirmed, "confirmed");
        self.signed(recovery, Stage::Confirm, confirmed, until)?;
        Ok(remain)
    }

    /// When the notice is over, by the dates of those who announced it: it begins when enough have.
    pub(super) fn until(&self, mut times: Vec<Timestamp>) -> Option<Timestamp> {
        times.sort_unstable();
        let begins = times.get(self.needed().checked_sub(1)?)?;
        Some(begins.plus_ms(self.notice_ms))
    }

    fn signed(
        &self,
        recovery: &Recovery,
        stage: Stage,
        (signatures, what): (&[Dated], &'static str),
        from: Timestamp,
    ) -> Result<(), RecoveryError> {
        let (found, needed) = (signatures.len(), self.needed());
        if found < needed {
            return Err(RecoveryError::TooFew {
                what,
                found,
                needed,
            });
        }
        let mut before = None;
        for one in signatures {
            let (key, found) = (one.root, one.time);
            // Each counts once, whoever made the list.
            if !self.organisations.contains_key(&key) || before >= Some(key) {
                return Err(RecoveryError::NotAnOrganisation(key));
            }
            before = Some(key);
            if found < from {
                return Err(RecoveryError::Early { key, found, from });
            }
            let message = recovery.message(&self.federation, stage, found);
            let signed = key.verify(&message, &one.signature);
            signed.map_err(|_| RecoveryError::Signature(key))?;
        }
        Ok(())
    }
}

/// Whether a quorum of the validators of an epoch's first height has decided one: then the recovery that
/// leads to it is followed, whatever is said of it.
#[must_use]
pub fn is_followed<'a>(
    after: &Chain,
    said: impl IntoIterator<Item = &'a agreement::Message>,
) -> bool {
    !decided_after(after, said).is_empty()
}

/// The values for which a quorum of the validators of the next height has precommitted.
pub(crate) fn decided_after<'a>(
    after: &Chain,
    said: impl IntoIterator<Item = &'a agreement::Message>,
) -> BTreeSet<Hash> {
    let mut votes: BTreeMap<(u32, Hash), BTreeSet<u8>> = BTreeMap::new();
    for message in said {
        let agreement::Message::Vote(signed) = message else {
            continue;
        };
        let vote = &signed.statement;
        let is_next = (vote.epoch, vote.height) == (after.epoch(), after.height() + 1);
        let Some(value) = vote
            .value
            .filter(|_| is_next && vote.step == Step::Precommit)
        else {
            continue;
        };
        let known = after.validators().get(signed.validator);
        if known.is_some_and(|one| signed.is_by(&after.federation(), &one.key)) {
            let voters = votes.entry((vote.round, value)).or_default();
            voters.insert(signed.validator.0);
        }
    }
    let quorum = after.validators().sizes().quorum();
    let votes = votes.into_iter();
    let decided = votes.filter(|(_, voters)| voters.len() >= quorum);
    decided.map(|((_, value), _)| value).collect()
}
