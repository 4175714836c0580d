//! A register for tests, from its genesis on: founders, members of several classes, votes that are
//! opened, closed, extended, answered, and validators that change.

mod votes;

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, RuleName},
    effect::{Effect, Motion},
    genesis::{Founder, Genesis},
    id::{EntryId, FederationId, Hash, MemberId, PhaseId, Timestamp},
    key::{PublicKey, SecretKey},
};

use super::{
    Cast, HOUR_MS, MINUTE_MS, OPENED,
    keys::{key, member, root_key},
};
use crate::{
    agreement::{Certificate, Signed, Step, Vote},
    batch::{Batch, Items},
    begin::{Begin, Beginning, First},
    chain::{Chain, Happened},
    file::{DecisionFile, ExportError, Height, Recovering, export_recovered},
    phase::Phase,
    recovery::{Base, Dated, Recovered, Recovery, Stage},
    validators::ValidatorSet,
};

/// The text of every proposal of a history.
pub const TEXT: &str = "We meet every week.\n";

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
    recoveries: Vec<Recovering>,
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
            recoveries: Vec::new(),
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

    /// The register is recovered without the validators of these members, announced at a time and
    /// confirmed when the notice is over, by as many others as must.
    ///
    /// # Panics
    /// When it cannot be.
    pub fn recover(&mut self, gone: &[usize], announced: Timestamp) {
        let chain = &self.chain;
        let base = Base::of(chain);
        let recovery = Recovery {
            epoch: chain.epoch() + 1,
            height: chain.height(),
            last: chain.last(),
            gone: gone.iter().map(|number| member(*number)).collect(),
            time: announced,
        };
        let organisations = base.organisations.values();
        let mut signers: Vec<usize> = (0..chain.order().members().len())
            .filter(|number| organisations.clone().any(|one| *one == member(*number)))
            .collect();
        signers.sort_by_key(|number| gone.contains(number));
        signers.truncate(base.needed());
        let signed = |stage, from: Timestamp| {
            let dated = signers.iter().zip(0..).map(|(number, place)| {
                let time = from.plus_ms(place * MINUTE_MS);
                let voice = recovery.say(&base.federation, stage, &root_key(*number), time);
                voice.dated()
            });
            let mut dated: Vec<Dated> = dated.collect();
            dated.sort_by_key(|one| one.root);
            dated
        };
        let announced = signed(Stage::Announce, announced);
        let last = announced.iter().map(|one| one.time).max();
        let until = last.expect("somebody signed").plus_ms(base.notice_ms);
        let recovered = Recovered {
            announced,
            confirmed: signed(Stage::Confirm, until),
            recovery,
        };
        self.recoveries.push(Recovering::of(chain, &recovered));
        let (after, again) = chain.recovered(&recovered).expect("it is in force");
        self.chain = after;
        if let Some(next) = again.get(&self.cast.phase.id).copied() {
            self.enter(&next);
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
        export_recovered(
            base,
            heights,
            &self.recoveries,
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
