//! Entries that members write under their mandates and that a batch has: openings, answers,
//! withdrawals.

use domain::{
    cbor::Decode,
    id::{EntryId, FederationId},
    record::{Elector, Kind, Mandate, Opening, Withdrawal},
};

use super::{Chain, error::ItemError};
use crate::{
    ballot::{self, BallotError},
    batch::{Mandated, Opened},
    order::{Order, Place},
    phase::Phase,
    says::Answer,
    validators::ValidatorSet,
};

/// The most votes of one member that are open at one time. Every node witnesses each of them: more than a
/// co-op has under way, and few enough that nobody makes the others work without end.
pub const OPEN_VOTES_MAX: usize = 32;

/// What a member wrote under a mandate.
pub(super) struct Written<T> {
    pub id: EntryId,
    pub by: Elector,
    pub mandate: u64,
    pub body: T,
}

/// The mandate and the body of what was written under it: both signed, and the mandate lists who
/// wrote. Whose mandate it is, is for who knows the members to say.
pub(crate) fn written_under<T: Decode>(
    federation: &FederationId,
    Mandated { entry, mandate }: &Mandated,
    kind: Kind,
) -> Result<(Mandate, T), ItemError> {
    let listed: Mandate = ballot::body(mandate, Kind::Mandate).map_err(ItemError::Entry)?;
    let body = ballot::body(entry, kind).map_err(ItemError::Entry)?;
    let (named, given) = (entry.header.grant, mandate.id(federation));
    if named != given {
        return Err(ItemError::Entry(BallotError::Mandate { named, given }));
    }
    let author = entry.header.author;
    if listed.delegate(&author).is_none() {
        return Err(ItemError::Entry(BallotError::Delegate(author)));
    }
    for entry in [mandate, entry] {
        let verifier = entry.header.author.verifier();
        let signed = verifier.and_then(|key| entry.verify(federation, &key));
        signed.map_err(|error| ItemError::Entry(BallotError::Signature(error)))?;
    }
    Ok((listed, body))
}

impl Chain {
    /// Tells for which member an entry was written, by its mandate and that member's root key.
    fn written<T: Decode>(
        &self,
        order: &Order,
        mandated: &Mandated,
        kind: Kind,
    ) -> Result<Written<T>, ItemError> {
        let Mandated { entry, mandate } = mandated;
        let root = mandate.header.author;
        let mut members = order.members().iter();
        let member = members.find(|(_, member)| member.root == root);
        let (id, member) = member.ok_or(ItemError::Root(root))?;
        let by = Elector {
            member: *id,
            class: member.class.as_str().to_owned(),
            root,
            record: member.record,
        };
        let (listed, body) = written_under::<T>(&self.federation, mandated, kind)?;
        // Another root key counts its mandates anew: whoever had the one before may have used its numbers up.
        let before = self.order.members().get(id);
        let known = before.filter(|before| before.root == root);
        let known = known.and_then(|_| self.mandates.get(id));
        let known = known.copied().unwrap_or(0);
        if listed.number < known {
            let found = listed.number;
            return Err(ItemError::OldMandate { known, found });
        }
        Ok(Written {
            id: entry.id(&self.federation),
            by,
            mandate: listed.number,
            body,
        })
    }

    /// Whether an entry was written for a member of the order in force.
    pub(crate) fn is_written<T: Decode>(&self, mandated: &Mandated, kind: Kind) -> bool {
        self.written::<T>(&self.order, mandated, kind).is_ok()
    }

    pub(super) fn withdrawal(
        &self,
        order: &Order,
        mandated: &Mandated,
    ) -> Result<Written<Withdrawal>, ItemError> {
        self.written(order, mandated, Kind::Withdrawal)
    }

    pub(super) fn answer(
        &self,
        order: &Order,
        mandated: &Mandated,
    ) -> Result<Written<Answer>, ItemError> {
        self.written(order, mandated, Kind::Answer)
    }

    /// Judges an opening by the order and the validators in force after the rest of its batch.
    pub(super) fn opening(
        &self,
        (order, validators): (&Order, &ValidatorSet),
        opened: &Opened,
        height: u64,
    ) -> Result<(Phase, Written<Opening>), ItemError> {
        let written = self.written::<Opening>(order, &opened.opening, Kind::Opening)?;
        let Written { id, by, body, .. } = &written;
        if self.opened.contains(id) {
            return Err(ItemError::OpenedBefore(*id));
        }
        let (begun, found) = (self.begun, opened.opening.entry.header.time);
        if found < begun {
            return Err(ItemError::BeforeTheRegister { begun, found });
        }
        let phase = Phase::of_opening(
            (*id, found),
            body,
            by.clone(),
            validators.clone(),
            (order.charter(), order.times_as_long(found)),
        );
        let phase = phase.map_err(ItemError::Phase)?;
        if phase.electorate != order.electorate(phase.rule) {
            return Err(ItemError::Electorate);
        }
        let (expected, found) = (phase.text, opened.motion.hash());
        if found != expected {
            return Err(ItemError::OtherMotion { expected, found });
        }
        if let Some(effect) = &opened.motion.effect {
            let place = Place {
                federation: self.federation,
                height,
                time: phase.deadline,
                record: phase.id,
            };
            let checked = order.check(&place, phase.rule, effect);
            checked.map_err(ItemError::Ineffective)?;
        }
        Ok((phase, written))
    }
}
