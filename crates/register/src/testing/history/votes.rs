//! What happens to votes, one height after the other.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    decision::extensions,
    effect::Effect,
    entry::Entry,
    id::{EntryId, PhaseId, Timestamp},
    record::{Kind, Opening, Withdrawal},
};

use super::{
    super::{
        HOUR_MS, MINUTE_MS, OPENED, Sent,
        keys::{key, member, root_key},
    },
    History, motion,
};
use crate::{
    batch::{Answers, Closes, Items, Mandated, Opened, Stall, StallNote},
    closing::assemble,
    declaration::{Declaration, Matter},
    leaves::{Claim, Leaf},
    outcome::Outcome,
    says::Act,
    statement::Statement,
    validators::ValidatorIndex,
    witness::Message,
};

/// A ballot with its mandate, when receipts for it are signed and by whom.
type Shown = (Entry, Entry, u64, Vec<u8>);

impl History {
    fn mandated(&self, kind: Kind, body: &impl Encode) -> Mandated {
        let mandate = self.cast.mandate(0, 1);
        let entry = self.cast.signed(&mandate, 0, kind, body, false);
        Mandated { entry, mandate }
    }

    /// Member 0 opens a vote on a version of a proposal.
    pub fn open(&mut self, proposal: u8, version: u8, effect: Option<Effect>) -> PhaseId {
        let motion = motion(version, effect);
        let charter = self.chain.order().charter().clone();
        let period_ms = charter.terms().periods.regular_seconds * 1_000;
        let (late_block_ms, extension_ms) = extensions(period_ms, &charter);
        let opening = Opening {
            proposal: EntryId([proposal; 32]),
            version: EntryId([version; 32]),
            text: motion.hash(),
            rule: self.rule.to_string(),
            charter: charter.hash(),
            deadline: OPENED.plus_ms(period_ms),
            late_block_ms,
            extension_ms,
            electorate: self.chain.order().electorate(self.rule),
        };
        let opening = self.mandated(Kind::Opening, &opening);
        let id = opening.entry.id(&self.federation());
        let motion_shown = motion.clone();
        (self.motion, self.charter) = (motion, charter);
        let happened = self.commit(Items {
            openings: vec![Opened {
                opening,
                motion: motion_shown,
            }],
            ..Items::default()
        });
        self.enter_next(&happened);
        id
    }

    /// What every voter says in this phase, witnessed by all validators an hour after it began.
    #[must_use]
    pub fn sent(&self, says: &[(usize, domain::decision::Choice)]) -> Vec<Sent> {
        let validators = self.cast.phase.validators.iter();
        let all: Vec<u8> = validators.map(|(place, _)| place.0).collect();
        let says = says.iter();
        says.map(|(voter, choice)| Sent::new(*voter, *choice, &all))
            .collect()
    }

    /// Closes the phase with these ballots; how it ended.
    pub fn close(&mut self, sent: &[Sent]) -> Outcome {
        let ballots = sent.iter().map(|sent| {
            let ballot = self.cast.ballot(sent.voter, sent.revision, sent.choice);
            let mandate = self.cast.mandate(sent.voter, 1);
            (ballot, mandate, sent.after_ms, sent.witnesses.clone())
        });
        let ballots = ballots.collect();
        let closes = self.closes(ballots);
        self.closed(closes)
    }

    /// Closes the window after a block with the proposing member's answer.
    pub fn close_answered(&mut self, act: Act) -> Outcome {
        let validators = self.cast.phase.validators.iter();
        let all: Vec<u8> = validators.map(|(place, _)| place.0).collect();
        let answer = (
            self.cast.answer(1, act),
            self.cast.mandate(0, 1),
            HOUR_MS,
            all,
        );
        let closes = self.closes(vec![answer]);
        self.closed(closes)
    }

    fn closed(&mut self, closes: Closes) -> Outcome {
        let outcome = closes.closing.outcome;
        let happened = self.commit(Items {
            closings: vec![closes],
            ..Items::default()
        });
        self.enter_next(&happened);
        outcome
    }

    /// What closes the phase with these ballots, seen by all validators.
    fn closes(&self, ballots: Vec<Shown>) -> Closes {
        let (cast, case) = (&self.cast, self.cast.case());
        let mut receipts = BTreeMap::<(u8, u64), Vec<Leaf>>::new();
        let mut things = Vec::new();
        for (ballot, mandate, after_ms, witnesses) in ballots {
            let leaf = cast.leaf(&ballot, &mandate);
            for validator in witnesses {
                receipts
                    .entry((validator, after_ms))
                    .or_default()
                    .push(leaf);
            }
            things.push(Message::Ballot(Box::new((ballot, mandate))));
        }
        for ((validator, after_ms), mut leaves) in receipts {
            leaves.sort_unstable();
            let signed = cast.leaves(Claim::Receipts, validator, after_ms, &leaves);
            things.push(Message::Leaves(signed));
        }
        let mut seen = cast.gather(&things);
        let validators: Vec<ValidatorIndex> = cast
            .phase
            .validators
            .iter()
            .map(|(place, _)| place)
            .collect();
        let manifests: Vec<_> = validators
            .iter()
            .map(|author| {
                let own: Vec<Message> = self.seen_by(*author, &things);
                let opened_final = self.opened_final_at(*author);
                cast.sign_manifest(&cast.gather(&own).manifest(&case, *author, opened_final))
            })
            .collect();
        let names: Vec<_> = manifests.iter().map(|(_, named)| *named).collect();
        for (signed, _) in &manifests {
            let taken = seen.take_manifest(&case, signed);
            taken.expect("the test's manifests are signed");
        }
        for validator in validators {
            let after_ms = u64::from(validator.0 + 1) * MINUTE_MS;
            let mut names = names.clone();
            if cast.phase.validators.sizes().faulty() > 0
                && let Some(seed) = self.divided
            {
                // What one of them alone has seen is in the seal of one alone.
                let places = names.len() as u64;
                let (alone, sealer) = (seed % places, (seed / 7) % places);
                let is_sealer = u64::from(validator.0) == sealer;
                let left_out = if is_sealer { alone + 1 } else { alone } % places;
                names.remove(left_out as usize);
            }
            let taken = seen.take_seal(&case, &cast.seal(validator.0, after_ms, &names));
            taken.expect("the test's seals are signed");
        }
        let (closing, _) = assemble(&case, &seen).expect("all is there");
        let asked = closing.outcome.motion(&cast.phase);
        let motion = asked.map(|_| self.motion.clone());
        Closes { closing, motion }
    }

    /// The validators of the next phases see, name and know different things, as the seed says.
    pub fn divide(&mut self, seed: Option<u64>) {
        self.divided = seed;
    }

    fn seen_by(&self, validator: ValidatorIndex, things: &[Message]) -> Vec<Message> {
        let sees = |thing: &&Message| match (thing, self.divided) {
            (Message::Ballot(pair), Some(seed)) => {
                let validators = self.cast.phase.validators.sizes().all() as u64;
                let alone = u64::from(validator.0) == seed % validators;
                let id = pair.0.id(&self.federation());
                match (u64::from(id.0[0]) + seed) % 3 {
                    0 => alone,
                    1 => !alone,
                    _ => true,
                }
            }
            _ => true,
        };
        things.iter().filter(sees).cloned().collect()
    }

    fn opened_final_at(&self, validator: ValidatorIndex) -> Timestamp {
        let phase = &self.cast.phase;
        match self.divided {
            Some(seed) if (seed / 3 + u64::from(validator.0)) % 4 < seed % 4 => phase.deadline,
            _ => phase.opened,
        }
    }

    /// Member 0 answers a block in a batch, before its time is over.
    pub fn answer(&mut self, act: Act) {
        let answer = Mandated {
            entry: self.cast.answer(1, act),
            mandate: self.cast.mandate(0, 1),
        };
        let motion = act.amends().map(|_| self.motion.clone());
        let answers = vec![Answers { answer, motion }];
        let happened = self.commit(Items {
            answers,
            ..Items::default()
        });
        self.enter_next(&happened);
    }

    /// The act that amends to another version, which is voted on from then on.
    pub fn amend(&mut self, version: u8) -> Act {
        self.motion = motion(version, None);
        Act::Amend {
            version: EntryId([version; 32]),
            text: self.motion.hash(),
        }
    }

    /// Member 0 takes the proposal back that is voted on.
    pub fn withdraw(&mut self) {
        let proposal = self.cast.phase.proposal;
        let withdrawals = vec![self.mandated(Kind::Withdrawal, &Withdrawal { proposal })];
        self.commit(Items {
            withdrawals,
            ..Items::default()
        });
    }

    /// A member declares something.
    pub fn declare(&mut self, number: usize, matter: Matter) {
        self.declared += 1;
        let (id, root) = (member(number), root_key(number));
        let declared = Declaration::sign(&self.federation(), &root, (id, self.declared), matter);
        self.commit(Items {
            declarations: vec![declared],
            ..Items::default()
        });
    }

    /// A member's node closes votes with a new key from now on.
    pub fn renew(&mut self, number: usize) {
        self.declared += 1;
        let key = key(9, number + 100 * self.declared as usize);
        let (federation, root) = (self.federation(), root_key(number));
        let place = (member(number), self.declared);
        let declared = Declaration::of_validator(&federation, &root, place, &key);
        self.keys.insert(key.public(), key);
        self.commit(Items {
            declarations: vec![declared],
            ..Items::default()
        });
    }

    /// Today's validators hold the phase again, because its own are too few.
    pub fn stall(&mut self) {
        let federation = self.federation();
        let (phase, today) = (self.cast.phase.id, self.chain.validators());
        let notes = today.iter().map(|(place, validator)| {
            let says = Statement::Stalled {
                phase,
                validators: today.hash(),
                seals: 0,
            };
            StallNote {
                validator: place,
                seals: 0,
                signature: says.sign(&federation, &self.keys[&validator.key]),
            }
        });
        let notes = notes.collect();
        let happened = self.commit(Items {
            stalls: vec![Stall { phase, notes }],
            ..Items::default()
        });
        self.enter_next(&happened);
    }
}
