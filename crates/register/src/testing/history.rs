//! A register for tests, from its genesis on: founders, members of several classes, votes that are
//! opened, closed, extended, answered, and validators that change.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    charter::{Charter, RuleName},
    decision::extensions,
    effect::{Effect, Motion},
    entry::Entry,
    genesis::{Founder, Genesis},
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Kind, Opening, Withdrawal},
};

use super::{
    Cast, HOUR_MS, MINUTE_MS, OPENED, Sent,
    keys::{key, member, root_key},
};
use crate::{
    agreement::{Certificate, Signed, Step, Vote},
    batch::{Answers, Batch, Closes, Items, Mandated, Opened, Stall, StallNote},
    begin::{Begin, Beginning, First},
    chain::{Chain, Happened},
    closing::assemble,
    declaration::{Declaration, Matter},
    file::{DecisionFile, ExportError, Height, export},
    leaves::{Claim, Leaf},
    outcome::Outcome,
    phase::Phase,
    says::Act,
    statement::Statement,
    validators::{ValidatorIndex, ValidatorSet},
    witness::Message,
};

/// The text of every proposal of a history.
pub const TEXT: &str = "We meet every week.\n";

/// A ballot with its mandate, when receipts for it are signed and by whom.
type Shown = (Entry, Entry, u64, Vec<u8>);

/// A register with everybody's keys.
#[derive(Debug, Clone)]
pub struct History {
    /// Its genesis.
    pub genesis: Genesis,
    /// Height 1.
    pub beginning: Beginning,
    /// The register now.
    pub chain: Chain,
    /// The voters, in the phase opened or closed last.
    pub cast: Cast,
    /// Every height from 2 with its certificate and the validators after it.
    pub heights: Vec<(Batch, Certificate, ValidatorSet)>,
    /// The heights before the last one was forged.
    honest: Vec<(Batch, Certificate, ValidatorSet)>,
    charter: Charter,
    motion: Motion,
    rule: RuleName,
    keys: BTreeMap<PublicKey, SecretKey>,
    declared: u64,
    divided: Option<u64>,
}

impl History {
    /// Members of these classes, of which the organisations have a node and a validator; the first
    /// three are the founders. They vote by this rule under the default charter with changes.
    ///
    /// # Panics
    /// When they are not so many, or the charter is none.
    #[must_use]
    pub fn new(classes: &[&str], rule: RuleName, toml: &str) -> Self {
        let mut cast = Cast::new(1, classes.len(), rule, toml);
        let charter = cast.charter.clone();
        let mut founders: Vec<Founder> = (0..3).map(|number| founder(number, classes)).collect();
        founders.sort();
        let genesis = Genesis {
            name: "Meet".to_owned(),
            created: Timestamp(OPENED.0 - HOUR_MS),
            founders,
            charter: charter.to_bytes(),
            nonce: [7; 32],
            requires: Vec::new(),
        };
        let federation = genesis.federation();
        cast.federation = federation;
        let begin = Begin {
            time: Timestamp(OPENED.0 - MINUTE_MS),
            members: (0..classes.len()).map(|n| first(n, classes[n])).collect(),
        };
        let mut signatures: Vec<_> = (0..3)
            .map(|number| begin.sign(&federation, &root_key(number)))
            .collect();
        signatures.sort_by_key(|founding| founding.root);
        let beginning = Beginning { begin, signatures };
        let chain = Chain::begin(&genesis, &beginning).expect("the test's founders begin");
        let keys = (0..classes.len()).map(|number| key(1, number));
        Self {
            genesis,
            beginning,
            chain,
            heights: Vec::new(),
            honest: Vec::new(),
            charter,
            motion: motion(1, None),
            rule,
            keys: keys.map(|key| (key.public(), key)).collect(),
            declared: 0,
            divided: None,
            cast,
        }
    }

    /// The federation.
    #[must_use]
    pub fn federation(&self) -> FederationId {
        self.cast.federation
    }

    /// What is voted on.
    #[must_use]
    pub fn motion(&self) -> &Motion {
        &self.motion
    }

    /// Decides a height, signed by all its validators.
    ///
    /// # Panics
    /// When not everything that is wanted is possible.
    pub fn commit(&mut self, wanted: Items) -> Vec<Happened> {
        let (batch, _) = self.chain.draft(wanted.clone());
        assert_eq!(batch.items, wanted, "all of it is possible");
        let (after, happened) = self.chain.after(&batch).expect("what was drafted follows");
        let certificate = self.certify(&batch);
        self.heights
            .push((batch, certificate, after.validators().clone()));
        self.chain = after;
        happened
    }

    /// The certificate of a batch by all of today's validators, whatever it says.
    #[must_use]
    pub fn certify(&self, batch: &Batch) -> Certificate {
        let federation = self.federation();
        let vote = Vote {
            epoch: batch.header.epoch,
            height: batch.header.height,
            round: 1,
            step: Step::Precommit,
            value: Some(batch.header.hash(&federation)),
        };
        let validators = self.chain.validators().iter();
        let signatures = validators.map(|(place, validator)| {
            let key = &self.keys[&validator.key];
            let signed = Signed::sign(&federation, place, key, vote);
            (place, signed.signature)
        });
        Certificate {
            epoch: vote.epoch,
            height: vote.height,
            round: vote.round,
            value: batch.header.hash(&federation),
            signatures: signatures.collect(),
        }
    }

    fn enter(&mut self, phase: &PhaseId) {
        let phase: Phase = self.chain.phases()[phase].clone();
        let validators = phase.validators.iter();
        self.cast.validators = validators
            .map(|(_, validator)| self.keys[&validator.key].clone())
            .collect();
        self.cast.phase = phase;
    }

    fn enter_next(&mut self, happened: &[Happened]) {
        let next = happened.iter().find_map(|happened| match happened {
            Happened::Closed { next, .. } | Happened::Answered { next, .. } => *next,
            Happened::Stalled { next, .. } => Some(*next),
            Happened::Opened { phase } => Some(*phase),
            _ => None,
        });
        if let Some(next) = next {
            self.enter(&next);
        }
    }

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

    /// The file that the opening's vote would have if its last height held, as JSON.
    ///
    /// # Panics
    /// When even the heights before do not hold.
    #[must_use]
    pub fn file_unchecked(&self, opening: &PhaseId) -> String {
        let (last, certificate, _) = self.heights.last().expect("a height was decided");
        let honest = Self {
            heights: self.honest.clone(),
            ..self.clone()
        };
        let file = honest.file(opening, None).expect("the vote is over");
        file.with_last(&last.header, &last.items, certificate)
            .to_json()
    }

    /// Puts other items into the last height, and has all of today's validators sign it: what more
    /// liars than may be could do.
    pub fn forge(&mut self, change: impl FnOnce(&mut Items)) {
        self.honest.clone_from(&self.heights);
        let (mut batch, _, next) = self.heights.pop().expect("a height was decided");
        change(&mut batch.items);
        batch.header.items = batch.items.hash(&self.federation());
        let certificate = self.certify(&batch);
        self.heights.push((batch, certificate, next));
    }

    /// The file of the vote that an opening began, with its text.
    ///
    /// # Errors
    /// When there is no such vote, or it is not over.
    pub fn file(&self, opening: &PhaseId, text: Option<&str>) -> Result<DecisionFile, ExportError> {
        let heights = self
            .heights
            .iter()
            .map(|(batch, certificate, next)| Height {
                header: &batch.header,
                items: &batch.items,
                certificate,
                next,
            });
        let base = (&self.genesis, &self.beginning);
        export(
            base,
            heights,
            opening,
            &self.charter,
            text.map(str::to_owned),
        )
    }
}

fn motion(version: u8, effect: Option<Effect>) -> Motion {
    Motion {
        title: format!("Version {version}"),
        text: Hash::of(&[TEXT.as_bytes()]),
        effect,
    }
}

fn founder(number: usize, classes: &[&str]) -> Founder {
    Founder {
        root: root_key(number).public(),
        name: format!("Co-op {number}"),
        class: classes[number].to_owned(),
    }
}

fn first(number: usize, class: &str) -> First {
    let has_node = class != "individual";
    let id = member(number);
    First {
        member: id,
        name: format!("Co-op {number}"),
        class: class.to_owned(),
        root: root_key(number).public(),
        record: EntryId(id.0),
        host: if has_node { id } else { MemberId([0; 32]) },
        validator: has_node.then(|| key(1, number).public()),
    }
}
