//! Liars: what becomes of what an honest registrar would have said.

use domain::cbor::{Decode, Encode};
use domain::id::Timestamp;
use domain::id::{Hash, PhaseId};
use register::{
    agreement::{self, Proposal, Signed, Vote},
    batch::{Batch, Header, Items},
    chain::Chain,
    closing::SignedManifest,
    leaves::{Claim, Leaf, SignedLeaves},
    manifest::Manifest,
    phase::Phase,
    registrar::Message,
    seal::Seal,
    statement::{Named, Statement},
    validators::ValidatorIndex,
    witness::{self, SignedHave},
};

use crate::{
    node::{Conduct, Node},
    random::Random,
};

/// To whom something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    All,
    /// Those with an even number, and
    Even,
    /// those with an odd one.
    Odd,
    Only(usize),
}

/// Something said to some, so many milliseconds later.
pub type Lie = (Message, Audience, u64);

impl Audience {
    pub fn hears(self, node: usize) -> bool {
        match self {
            Self::All => true,
            Self::Even => node.is_multiple_of(2),
            Self::Odd => !node.is_multiple_of(2),
            Self::Only(one) => node == one,
        }
    }
}

/// What a node says in place of what its registrar says. `now` is by its own clock.
pub fn distort(node: &mut Node, now: Timestamp, message: Message, random: &mut Random) -> Vec<Lie> {
    let plain = |message| vec![(message, Audience::All, 0)];
    match (node.conduct, &message) {
        (Conduct::DoubleVoter, Message::Agreement(agreement::Message::Vote(signed))) => {
            let value = match signed.statement.value {
                Some(_) => None,
                None => node.instead.as_ref().map(|batch| hash(&node.chain, batch)),
            };
            let statement = Vote {
                value,
                ..signed.statement
            };
            let other = sign_vote(node, signed.validator, statement);
            both(message, other)
        }
        (Conduct::DoubleVoter | Conduct::Censor | Conduct::BadProposer, Message::Value(batch)) => {
            node.instead = replaced(node.conduct, node.registrar.chain(), batch);
            let other = node
                .instead
                .clone()
                .map(|batch| Message::Value(Box::new(batch)));
            match (node.conduct, other) {
                (Conduct::DoubleVoter, Some(other)) => both(message, other),
                (Conduct::DoubleVoter, None) => plain(message),
                (_, other) => other.map(plain).unwrap_or_default(),
            }
        }
        (
            Conduct::DoubleVoter | Conduct::Censor | Conduct::BadProposer,
            Message::Agreement(agreement::Message::Proposal(signed)),
        ) => {
            let other = node.instead.as_ref().map(|batch| {
                let value = hash(&node.chain, batch);
                let statement = Proposal {
                    value,
                    ..signed.statement
                };
                let federation = node.chain.federation();
                let signed = Signed::sign(&federation, signed.validator, &node.key, statement);
                Message::Agreement(agreement::Message::Proposal(signed))
            });
            match (node.conduct, other) {
                (Conduct::DoubleVoter, Some(other)) => both(message, other),
                (Conduct::DoubleVoter, None) => plain(message),
                (_, other) => other.map(plain).unwrap_or_default(),
            }
        }
        (Conduct::Flood, _) => {
            let mut lies = flood(node, random);
            lies.push((message, Audience::All, 0));
            lies
        }
        (_, Message::Phase { phase, said }) => {
            let (phase, said) = (*phase, said.clone());
            in_phase(node, now, (phase, said), message)
        }
        _ => plain(message),
    }
}

fn in_phase(
    node: &Node,
    now: Timestamp,
    (phase, said): (PhaseId, witness::Message),
    message: Message,
) -> Vec<Lie> {
    let Some(case) = node.registrar.chain().case(&phase) else {
        return Vec::new();
    };
    match (node.conduct, said) {
        (Conduct::Withholder, witness::Message::Leaves(_)) => {
            vec![(message, Audience::Only(0), 0)]
        }
        (Conduct::Withholder, witness::Message::Manifest(_)) => {
            vec![(message, Audience::Even, 0)]
        }
        (Conduct::Withholder, _) => Vec::new(),
        (Conduct::EmptyManifest | Conduct::Accomplice, witness::Message::Manifest(signed)) => {
            let Ok(mut manifest) = Manifest::from_bytes(&signed.bytes) else {
                return Vec::new();
            };
            (manifest.rows, manifest.early) = (Vec::new(), Vec::new());
            vec![(sign_manifest(node, &manifest), Audience::All, 0)]
        }
        // Its receipts and manifest are there for one other, a moment before the first step ends.
        (Conduct::LateManifest, witness::Message::Manifest(_) | witness::Message::Leaves(_)) => {
            let terms = case.charter.terms();
            let d_ms = (terms.gossip_bound_seconds + 2 * terms.clock_bound_seconds) * 1_000;
            let moment = case.phase.deadline.plus_ms(2 * d_ms - 3_000);
            vec![(message, Audience::Only(0), moment.since_ms(now))]
        }
        _ => vec![(message, Audience::All, 0)],
    }
}

/// A receipt dated a second before the deadline, for a ballot seen after it.
pub fn backdated(node: &Node, phase: &PhaseId, leaf: Leaf) -> Option<Message> {
    let phase = node.registrar.chain().phases().get(phase)?;
    let me = phase.validators.index_of(&node.key.public())?;
    let time = Timestamp(phase.deadline.0 - 1_000);
    let federation = node.chain.federation();
    let signer = (me, &node.key);
    let claim = Claim::Receipts;
    let leaves = SignedLeaves::sign(claim, &federation, phase.id, signer, time, vec![leaf]).ok()?;
    let said = witness::Message::Leaves(leaves);
    Some(Message::Phase {
        phase: phase.id,
        said,
    })
}

fn both(one: Message, other: Message) -> Vec<Lie> {
    vec![(one, Audience::Even, 0), (other, Audience::Odd, 0)]
}

fn hash(chain: &Chain, batch: &Batch) -> Hash {
    batch.header.hash(&chain.federation())
}

fn sign_vote(node: &Node, me: ValidatorIndex, statement: Vote) -> Message {
    let signed = Signed::sign(&node.chain.federation(), me, &node.key, statement);
    Message::Agreement(agreement::Message::Vote(signed))
}

fn sign_manifest(node: &Node, manifest: &Manifest) -> Message {
    let (phase, bytes) = (manifest.phase, manifest.to_bytes());
    let federation = node.chain.federation();
    let manifest = Manifest::hash_of(&federation, &bytes);
    let signature = Statement::Manifest { phase, manifest }.sign(&federation, &node.key);
    let said = witness::Message::Manifest(SignedManifest { bytes, signature });
    Message::Phase { phase, said }
}

/// What a lying proposer puts forward in place of this, if anything.
fn replaced(conduct: Conduct, chain: &Chain, batch: &Batch) -> Option<Batch> {
    if conduct == Conduct::BadProposer {
        let state = Hash([0xba; 32]);
        let header = Header {
            state,
            ..batch.header
        };
        let items = batch.items.clone();
        return Some(Batch { header, items });
    }
    let mut items = batch.items.clone();
    if !items.closings.is_empty() {
        items.closings.remove(0);
    } else if !items.openings.is_empty() {
        items.openings.remove(0);
    }
    let (batch, _) = chain.draft(items);
    (!batch.items.is_empty()).then_some(batch)
}

/// Values that follow from nothing, votes of rounds to come, and in each phase manifests of strange
/// bytes, haves and seals of manifests that do not exist.
fn flood(node: &mut Node, random: &mut Random) -> Vec<Lie> {
    const MOST: u64 = 400;
    if node.flooded >= MOST {
        return Vec::new();
    }
    node.flooded += 20;
    let chain = node.registrar.chain();
    let mut strange = || Hash::of(&[&random.next().to_be_bytes()]);
    let mut said = Vec::new();
    let (empty, _) = chain.draft(Items::default());
    for _ in 0..20 {
        let header = Header {
            state: strange(),
            ..empty.header
        };
        let items = empty.items.clone();
        said.push(Message::Value(Box::new(Batch { header, items })));
    }
    if let Some(me) = chain.validators().index_of(&node.key.public()) {
        for round in [7, 70, 7_000] {
            let vote = Vote {
                epoch: chain.epoch(),
                height: chain.height() + 1,
                round,
                step: agreement::Step::Prevote,
                value: Some(strange()),
            };
            said.push(sign_vote(node, me, vote));
        }
    }
    for phase in chain.phases().values() {
        said.extend(flood_of(node, phase, &mut strange));
    }
    said.into_iter()
        .map(|message| (message, Audience::All, 0))
        .collect()
}

/// Of one phase: haves and a seal of manifests that do not exist, and some empty manifests.
fn flood_of(node: &Node, phase: &Phase, mut strange: impl FnMut() -> Hash) -> Vec<Message> {
    let (id, federation) = (phase.id, node.chain.federation());
    let Some(me) = phase.validators.index_of(&node.key.public()) else {
        return Vec::new();
    };
    let named = |(author, _)| Named {
        author,
        manifest: strange(),
    };
    let names: Vec<Named> = phase.validators.iter().map(named).collect();
    let haves = names.iter().map(|named| {
        let (phase, named) = (id, *named);
        let statement = Statement::Have { phase, named };
        let signature = statement.sign(&federation, &node.key);
        witness::Message::Have(SignedHave {
            validator: me,
            named,
            signature,
        })
    });
    let mut said: Vec<witness::Message> = haves.collect();
    let signer = (me, &node.key);
    let seal = Seal::sign(&federation, id, signer, phase.deadline, names);
    said.push(witness::Message::Seal(seal));
    let said = said.into_iter();
    let said = said.map(|said| Message::Phase { phase: id, said });
    let manifests = (0..5).map(|number| {
        let manifest = Manifest {
            phase: id,
            author: me,
            opened_final: Timestamp(phase.opened.0 + number + node.flooded),
            rows: Vec::new(),
            early: Vec::new(),
        };
        sign_manifest(node, &manifest)
    });
    said.chain(manifests).collect()
}
