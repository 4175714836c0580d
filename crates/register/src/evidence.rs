//! Evidence: two things that one key must not both have signed. Each carries what it takes to see
//! that, beside the phase: no log, no other record.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::Entry,
    id::{EntryId, FederationId, Hash, PhaseId, Timestamp},
    key::{PublicKey, Signature},
};

use crate::{
    ballot::{ProvenBallot, ProvenMandate},
    closing::Closing,
    fault::Fault,
    leaves::{Claim, Leaf},
    merkle::Proof,
    outcome::Closed,
    phase::Case,
    seal::Seal,
    statement::Statement,
    validators::ValidatorIndex,
};

/// A ballot with the mandate it rests on, without notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The ballot.
    pub ballot: Entry,
    /// The mandate.
    pub mandate: Entry,
}

/// A receipt with its leaf and the proof that it is in the signed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What it is for.
    pub leaf: Leaf,
    /// When it was signed.
    pub time: Timestamp,
    /// That the leaf is in the batch.
    pub proof: Proof,
    /// The signature over the batch.
    pub signature: Signature,
}

/// Two things that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Two ballots of one slot that say different things, the smaller id first. Two honest delegates
    /// may have signed them: it shows why the voter abstains, not that anyone lied.
    Ballots(Box<[Signed; 2]>),
    /// Receipts of one validator for two ballots of one slot, the smaller leaf first.
    Receipts(ValidatorIndex, Box<[Receipt; 2]>),
    /// Two manifests of one validator, by their hashes, the smaller first.
    Manifests(ValidatorIndex, [(Hash, Signature); 2]),
    /// Two seals of one validator, the earlier first, of one time the one with the smaller list.
    Seals(Box<[Seal; 2]>),
}

impl Evidence {
    /// Checks that both are signed and contradict each other.
    ///
    /// # Errors
    /// When one of them is not signed as it says, or both may stand together.
    pub fn verify(&self, case: &Case<'_>) -> Result<(), Fault> {
        if let Self::Ballots(ballots) = self {
            return verify_ballots(case, ballots);
        }
        self.verify_signed(case.phase.id, |validator, statement, signature, what| {
            case.verify(validator, statement, signature, what)
        })
    }

    /// Checks that this key signed both in a phase, and that they contradict each other, without knowing
    /// the phase. Two ballots of a voter convict nobody.
    ///
    /// # Errors
    /// When one of them is not signed with it, or both may stand together.
    pub fn verify_by(
        &self,
        federation: &FederationId,
        phase: PhaseId,
        key: &PublicKey,
    ) -> Result<(), Fault> {
        contradicts(!matches!(self, Self::Ballots(_)))?;
        self.verify_signed(phase, |validator, statement, signature, what| {
            let verified = statement.verify(federation, key, signature);
            verified.map_err(|source| Fault::Signature {
                validator,
                what,
                source,
            })
        })
    }

    /// Who signed both, by its index; nobody is convicted by ballots.
    #[must_use]
    pub fn validator(&self) -> Option<ValidatorIndex> {
        match self {
            Self::Ballots(_) => None,
            Self::Receipts(validator, _) | Self::Manifests(validator, _) => Some(*validator),
            Self::Seals(seals) => Some(seals[0].validator),
        }
    }

    fn verify_signed(
        &self,
        phase: PhaseId,
        verify: impl Fn(ValidatorIndex, &Statement, &Signature, &'static str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Ballots(_) => Ok(()),
            Self::Receipts(validator, receipts) => {
                let [one, other] = &**receipts;
                let place = |receipt: &Receipt| (receipt.leaf.voter, receipt.leaf.slot);
                contradicts(place(one) == place(other) && one.leaf < other.leaf)?;
                for receipt in [one, other] {
                    let root = receipt.proof.root_of(receipt.leaf.hash());
                    let statement = Claim::Receipts.statement(phase, receipt.time, root);
                    verify(*validator, &statement, &receipt.signature, "receipts")?;
                }
                Ok(())
            }
            Self::Manifests(validator, [one, other]) => {
                contradicts(one.0 < other.0)?;
                for (manifest, signature) in [one, other] {
                    let manifest = *manifest;
                    let statement = Statement::Manifest { phase, manifest };
                    verify(*validator, &statement, signature, "a manifest")?;
                }
                Ok(())
            }
            Self::Seals(seals) => {
                let [one, other] = &**seals;
                contradicts(one.validator == other.validator)?;
                contradicts((one.time, &one.names) < (other.time, &other.names))?;
                for seal in [one, other] {
                    let statement = seal.statement(phase);
                    verify(seal.validator, &statement, &seal.signature, "a seal")?;
                }
                Ok(())
            }
        }
    }

    /// The ballots in conflict that a closing counts as abstentions and carries.
    #[must_use]
    pub fn of_closing(case: &Case<'_>, closing: &Closing, closed: &Closed) -> Vec<Self> {
        let find = |entries: &[Entry], id: &EntryId| {
            let place = entries.binary_search_by_key(id, |entry| entry.id(case.federation));
            place.ok().map(|place| entries[place].clone())
        };
        let signed = |id: &EntryId| {
            let ballot = find(&closing.ballots, id)?;
            let mandate = find(&closing.mandates, &ballot.header.grant)?;
            Some(Signed { ballot, mandate })
        };
        let conflicts = closed.counted.values().filter_map(|standing| {
            let mut ids: Vec<EntryId> = standing.sides().iter().map(|(_, id)| *id).collect();
            ids.sort_unstable();
            match ids[..] {
                [one, other] => Some(Self::Ballots(Box::new([signed(&one)?, signed(&other)?]))),
                _ => None,
            }
        });
        conflicts.collect()
    }
}

fn contradicts(holds: bool) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        Err(Fault::NoContradiction)
    }
}

fn verify_ballots(case: &Case<'_>, ballots: &[Signed; 2]) -> Result<(), Fault> {
    let prove = |signed: &Signed| {
        let fault = |entry: &Entry| {
            let entry = entry.id(case.federation);
            move |source| Fault::Ballot { entry, source }
        };
        let mandate =
            ProvenMandate::judge(case, &signed.mandate).map_err(fault(&signed.mandate))?;
        ProvenBallot::judge(case, &signed.ballot, &mandate).map_err(fault(&signed.ballot))
    };
    let (one, other) = (prove(&ballots[0])?, prove(&ballots[1])?);
    contradicts((one.voter, one.slot) == (other.voter, other.slot))?;
    contradicts(one.id < other.id && one.says != other.says)
}

impl Encode for Signed {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.ballot).value(&self.mandate);
    }
}

impl Decode for Signed {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            ballot: decoder.value()?,
            mandate: decoder.value()?,
        })
    }
}

impl Encode for Receipt {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(4)
            .value(&self.leaf)
            .value(&self.time)
            .value(&self.proof)
            .value(&self.signature);
    }
}

impl Decode for Receipt {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(4)?;
        Ok(Self {
            leaf: decoder.value()?,
            time: decoder.value()?,
            proof: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

impl Encode for Evidence {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(3);
        match self {
            Self::Ballots(ballots) => encoder.uint(0).value(&ballots[0]).value(&ballots[1]),
            Self::Receipts(validator, receipts) => {
                let encoder = encoder.uint(1).value(validator);
                encoder.list(receipts.iter())
            }
            Self::Manifests(validator, manifests) => {
                let encoder = encoder.uint(2).value(validator).array(2);
                for (manifest, signature) in manifests {
                    encoder.array(2).value(manifest).value(signature);
                }
                encoder
            }
            Self::Seals(seals) => encoder.uint(3).value(&seals[0]).value(&seals[1]),
        };
    }
}

impl Decode for Evidence {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(match decoder.uint_to("evidence", 3)? {
            0 => Self::Ballots(Box::new([decoder.value()?, decoder.value()?])),
            1 => {
                let validator = decoder.value()?;
                decoder.array(2)?;
                Self::Receipts(validator, Box::new([decoder.value()?, decoder.value()?]))
            }
            2 => {
                let validator = decoder.value()?;
                decoder.array(2)?;
                let mut pair = || {
                    decoder.array(2)?;
                    Ok::<_, DecodeError>((decoder.value()?, decoder.value()?))
                };
                Self::Manifests(validator, [pair()?, pair()?])
            }
            _ => Self::Seals(Box::new([decoder.value()?, decoder.value()?])),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{charter::RuleName, decision::Choice};

    use super::*;
    use crate::{
        closing::assemble,
        testing::{Cast, FEDERATION, HOUR_MS, MINUTE_MS, Sent},
        witness::Message,
    };

    const ALL: [u8; 4] = [0, 1, 2, 3];

    fn consent() -> Cast {
        Cast::new(4, 2, RuleName::Consent, "")
    }

    fn holds(cast: &Cast, evidence: &Evidence) {
        assert_eq!(evidence.verify(&cast.case()), Ok(()));
        let back = Evidence::from_bytes(&evidence.to_bytes());
        assert_eq!(back.as_ref(), Ok(evidence));
    }

    fn no_contradiction(cast: &Cast, evidence: &Evidence) {
        let refused = Err(Fault::NoContradiction);
        assert_eq!(evidence.verify(&cast.case()), refused);
    }

    #[test]
    fn a_closing_shows_both_ballots_of_a_slot_that_differ() {
        let cast = consent();
        let sent = [
            Sent::new(0, Choice::Agree, &ALL),
            Sent::new(1, Choice::Agree, &ALL),
            Sent::new(1, Choice::StandAside, &ALL),
        ];
        let things = cast.whole(cast.sent(&sent), &ALL);
        let (closing, closed) = assemble(&cast.case(), &cast.gather(&things)).unwrap();
        let evidence = Evidence::of_closing(&cast.case(), &closing, &closed);
        assert_eq!(evidence.len(), 1);
        holds(&cast, &evidence[0]);
        let Evidence::Ballots(pair) = &evidence[0] else {
            panic!("{evidence:?}");
        };
        let [one, other] = (**pair).clone();
        no_contradiction(
            &cast,
            &Evidence::Ballots(Box::new([one.clone(), one.clone()])),
        );
        no_contradiction(&cast, &Evidence::Ballots(Box::new([other, one])));
    }

    #[test]
    fn receipts_for_two_ballots_of_a_slot_convict_who_signed_both() {
        let cast = consent();
        let mandate = cast.mandate(0, 1);
        let receipt = |validator: u8, revision: u8, choice| {
            let leaf = cast.leaf(&cast.ballot(0, revision, choice), &mandate);
            let signed = cast.leaves(Claim::Receipts, validator, HOUR_MS, &[leaf]);
            Receipt {
                leaf,
                time: signed.time,
                proof: Proof::of(&signed.hashes(), 0).unwrap(),
                signature: signed.signature,
            }
        };
        let sorted = |mut receipts: [Receipt; 2]| {
            receipts.sort_by_key(|receipt| receipt.leaf);
            Evidence::Receipts(ValidatorIndex(2), Box::new(receipts))
        };
        let two = [receipt(2, 1, Choice::Agree), receipt(2, 1, Choice::Abstain)];
        holds(&cast, &sorted(two));
        let slots = [receipt(2, 1, Choice::Agree), receipt(2, 2, Choice::Abstain)];
        no_contradiction(&cast, &sorted(slots));
        let of_another = [receipt(2, 1, Choice::Agree), receipt(1, 1, Choice::Abstain)];
        let refused = sorted(of_another).verify(&cast.case());
        assert!(matches!(refused, Err(Fault::Signature { .. })));
    }

    #[test]
    fn two_manifests_and_two_seals_convict_their_author() {
        let cast = consent();
        let things = cast.sent(&[Sent::new(0, Choice::Agree, &ALL)]);
        let manifests = [cast.manifest(1, &things), cast.manifest(1, &[])];
        let mut pair = manifests.map(|(signed, named)| (named.manifest, signed.signature));
        pair.sort_by_key(|(hash, _)| *hash);
        holds(&cast, &Evidence::Manifests(ValidatorIndex(1), pair));
        let same = Evidence::Manifests(ValidatorIndex(1), [pair[0], pair[0]]);
        no_contradiction(&cast, &same);
        let forged = Evidence::Manifests(ValidatorIndex(2), pair);
        assert!(forged.verify(&cast.case()).is_err());

        let names: Vec<_> = ALL.map(|author| cast.manifest(author, &things).1).to_vec();
        let seals = [
            cast.seal(1, MINUTE_MS, &names),
            cast.seal(1, HOUR_MS, &names),
        ];
        holds(&cast, &Evidence::Seals(Box::new(seals.clone())));
        let [one, _] = seals;
        let of_another = cast.seal(2, HOUR_MS, &names);
        no_contradiction(&cast, &Evidence::Seals(Box::new([one, of_another])));
    }

    #[test]
    fn a_conflict_of_receipts_is_found_among_what_was_gathered() {
        let cast = consent();
        let sent = [
            Sent::new(0, Choice::Agree, &[1, 2]),
            Sent::new(0, Choice::Abstain, &[2, 3]),
        ];
        let things: Vec<Message> = cast.sent(&sent);
        let gathered = cast.gather(&things);
        let leaf = cast.leaf(&cast.ballot(0, 1, Choice::Agree), &cast.mandate(0, 1));
        let of = |validator| {
            let validator = ValidatorIndex(validator);
            gathered.receipts_in_conflict(validator, leaf.voter, leaf.slot)
        };
        assert!(of(1).is_none() && of(3).is_none());
        let evidence = of(2).unwrap();
        assert!(matches!(evidence, Evidence::Receipts(..)));
        holds(&cast, &evidence);
        let elsewhere = FederationId([0; 32]);
        assert_ne!(elsewhere, FEDERATION);
        let case = Case {
            federation: &elsewhere,
            ..cast.case()
        };
        assert!(evidence.verify(&case).is_err());
    }
}
