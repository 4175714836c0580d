//! What a lying validator says in place of what an honest one would have said.

use domain::{
    cbor::{Decode, Encode},
    id::{Hash, Timestamp},
    key::SecretKey,
};
use register::{
    agreement::{self, Proposal, Signed, Vote},
    batch::{Batch, Header, Items},
    chain::Chain,
    closing::SignedManifest,
    leaves::{Claim, SignedLeaves},
    manifest::Manifest,
    phase::Phase,
    registrar::{Message, Registrar},
    seal::Seal,
    statement::{Named, Statement},
    validators::ValidatorIndex,
    witness::{self, SignedHave},
};

use crate::liar::{Liar, Lie};

/// The most strange things that one liar says.
const STRANGE_MAX: u64 = 120;

/// Who hears something first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearers {
    All,
    /// Those with an even number, and
    Even,
    /// those with an odd one.
    Odd,
    Only(usize),
}

impl Hearers {
    pub fn has(self, node: usize) -> bool {
        match self {
            Self::All => true,
            Self::Even => node.is_multiple_of(2),
            Self::Odd => !node.is_multiple_of(2),
            Self::Only(one) => node == one,
        }
    }
}

/// Something said so many milliseconds later.
pub type Bent = (Message, Hearers, u64);

/// A validator in the back room, and its key.
type Signer<'a> = (&'a Registrar, &'a SecretKey);

/// What is said in place of a message. `now` is by the liar's clock.
pub fn distort(liar: &mut Liar, signer: Signer<'_>, now: Timestamp, message: Message) -> Vec<Bent> {
    let plain = |message| vec![(message, Hearers::All, 0)];
    if liar.is_calm() {
        return plain(message);
    }
    let mut more = match liar.tells(Lie::Babble) {
        true => babble(liar, signer),
        false => Vec::new(),
    };
    let bent = match &message {
        Message::Value(batch) if liar.proposes_otherwise() => {
            liar.instead = replaced(liar, signer.0.chain(), batch);
            let other = liar.instead.clone();
            let other = other.map(|batch| Message::Value(Box::new(batch)));
            instead(liar, message, other)
        }
        Message::Agreement(agreement::Message::Proposal(signed)) if liar.proposes_otherwise() => {
            let federation = signer.0.chain().federation();
            let other = liar.instead.as_ref().map(|batch| {
                let value = batch.header.hash(&federation);
                let statement = Proposal {
                    value,
                    ..signed.statement
                };
                let signed = Signed::sign(&federation, signed.validator, signer.1, statement);
                Message::Agreement(agreement::Message::Proposal(signed))
            });
            instead(liar, message, other)
        }
        Message::Agreement(agreement::Message::Vote(signed)) if liar.tells(Lie::DoubleVote) => {
            let federation = signer.0.chain().federation();
            let value = match signed.statement.value {
                Some(_) => None,
                None => liar
                    .instead
                    .as_ref()
                    .map(|batch| batch.header.hash(&federation)),
            };
            let statement = Vote {
                value,
                ..signed.statement
            };
            let other = sign_vote(signer, signed.validator, statement);
            both(message, other)
        }
        Message::Phase { phase, said } => {
            let phase = signer.0.chain().phases().get(phase);
            let bent = phase.map(|phase| in_phase(liar, signer, (now, phase), said));
            bent.flatten().unwrap_or_else(|| plain(message))
        }
        _ => plain(message),
    };
    more.extend(bent);
    more
}

fn both(one: Message, other: Message) -> Vec<Bent> {
    vec![(one, Hearers::Even, 0), (other, Hearers::Odd, 0)]
}

/// A double voter says both, a bad proposer the other only.
fn instead(liar: &Liar, message: Message, other: Option<Message>) -> Vec<Bent> {
    match (liar.tells(Lie::DoubleVote), other) {
        (true, Some(other)) => both(message, other),
        (true, None) => vec![(message, Hearers::All, 0)],
        (false, other) => other.map_or_else(Vec::new, |other| vec![(other, Hearers::All, 0)]),
    }
}

fn in_phase(
    liar: &Liar,
    signer: Signer<'_>,
    (now, phase): (Timestamp, &Phase),
    said: &witness::Message,
) -> Option<Vec<Bent>> {
    let case = signer.0.chain().case(&phase.id)?;
    let whole = |said| Message::Phase {
        phase: phase.id,
        said,
    };
    let message = whole(said.clone());
    match said {
        witness::Message::Leaves(_) if liar.tells(Lie::HideReceipts) => {
            Some(vec![(message, Hearers::Only(0), 0)])
        }
        witness::Message::Have(_) if liar.tells(Lie::HideReceipts) => Some(Vec::new()),
        witness::Message::Manifest(_) | witness::Message::Leaves(_)
            if liar.tells(Lie::LateManifest) =>
        {
            // For one other, a moment before the first step ends.
            let terms = case.charter.terms();
            let step_ms = (terms.gossip_bound_seconds + 2 * terms.clock_bound_seconds) * 1_000;
            let moment = phase.deadline.plus_ms(2 * step_ms - 3_000);
            Some(vec![(message, Hearers::Only(0), moment.since_ms(now))])
        }
        witness::Message::Manifest(signed) => {
            let mut manifest = Manifest::from_bytes(&signed.bytes).ok()?;
            (manifest.rows, manifest.early) = (Vec::new(), Vec::new());
            let empty = whole(sign_manifest(signer, &manifest));
            match (liar.tells(Lie::EmptyManifest), liar.tells(Lie::DoubleSeal)) {
                (true, _) => Some(vec![(empty, Hearers::All, 0)]),
                (_, true) => Some(both(message, empty)),
                _ => None,
            }
        }
        witness::Message::Seal(seal) if liar.tells(Lie::DoubleSeal) => {
            let mut names = seal.names.clone();
            names.pop();
            let federation = signer.0.chain().federation();
            let signed = (seal.validator, signer.1);
            let other = Seal::sign(&federation, phase.id, signed, seal.time, names);
            let other = whole(witness::Message::Seal(other));
            Some(both(message, other))
        }
        // Dated a second before the deadline, whenever it saw the ballots.
        witness::Message::Leaves(signed)
            if liar.tells(Lie::Backdate) && signed.claim == Claim::Receipts =>
        {
            let time = Timestamp(phase.deadline.0 - 1_000).min(signed.time);
            let federation = signer.0.chain().federation();
            let (leaves, by) = (signed.leaves().to_vec(), (signed.validator, signer.1));
            let claim = Claim::Receipts;
            let signed = SignedLeaves::sign(claim, &federation, phase.id, by, time, leaves).ok()?;
            Some(vec![(
                whole(witness::Message::Leaves(signed)),
                Hearers::All,
                0,
            )])
        }
        _ => None,
    }
}

/// Receipts dated a second before the deadline, for ballots seen after it.
pub fn backdated(
    signer: Signer<'_>,
    phase: &Phase,
    leaf: register::leaves::Leaf,
) -> Option<Message> {
    let me = phase.validators.index_of(&signer.1.public())?;
    let time = Timestamp(phase.deadline.0 - 1_000);
    let federation = signer.0.chain().federation();
    let (by, claim) = ((me, signer.1), Claim::Receipts);
    let leaves = SignedLeaves::sign(claim, &federation, phase.id, by, time, vec![leaf]).ok()?;
    let said = witness::Message::Leaves(leaves);
    Some(Message::Phase {
        phase: phase.id,
        said,
    })
}

fn sign_vote(signer: Signer<'_>, me: ValidatorIndex, statement: Vote) -> Message {
    let signed = Signed::sign(&signer.0.chain().federation(), me, signer.1, statement);
    Message::Agreement(agreement::Message::Vote(signed))
}

fn sign_manifest(signer: Signer<'_>, manifest: &Manifest) -> witness::Message {
    let (phase, bytes) = (manifest.phase, manifest.to_bytes());
    let federation = signer.0.chain().federation();
    let manifest = Manifest::hash_of(&federation, &bytes);
    let signature = Statement::Manifest { phase, manifest }.sign(&federation, signer.1);
    witness::Message::Manifest(SignedManifest { bytes, signature })
}

/// What a lying proposer puts forward in place of this, if anything.
fn replaced(liar: &Liar, chain: &Chain, batch: &Batch) -> Option<Batch> {
    if liar.tells(Lie::BadProposal) {
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

/// Values that follow from nothing, votes of rounds to come, and in each phase haves and a seal of
/// manifests that do not exist, and some empty manifests.
fn babble(liar: &mut Liar, signer: Signer<'_>) -> Vec<Bent> {
    if liar.strange >= STRANGE_MAX {
        return Vec::new();
    }
    liar.strange += 20;
    let chain = signer.0.chain();
    let mut said = Vec::new();
    let (empty, _) = chain.draft(Items::default());
    for _ in 0..5 {
        let header = Header {
            state: Hash(liar.random.bytes()),
            ..empty.header
        };
        let items = empty.items.clone();
        said.push(Message::Value(Box::new(Batch { header, items })));
    }
    if let Some(me) = chain.validators().index_of(&signer.1.public()) {
        for round in [7, 70, 7_000] {
            let vote = Vote {
                epoch: chain.epoch(),
                height: chain.height() + 1,
                round,
                step: agreement::Step::Prevote,
                value: Some(Hash(liar.random.bytes())),
            };
            said.push(sign_vote(signer, me, vote));
        }
    }
    for phase in chain.phases().values() {
        said.extend(babble_of(liar, signer, phase));
    }
    let said = said.into_iter();
    said.map(|message| (message, Hearers::All, 0)).collect()
}

fn babble_of(liar: &mut Liar, signer: Signer<'_>, phase: &Phase) -> Vec<Message> {
    let (id, federation) = (phase.id, signer.0.chain().federation());
    let Some(me) = phase.validators.index_of(&signer.1.public()) else {
        return Vec::new();
    };
    let named = |(author, _)| Named {
        author,
        manifest: Hash(liar.random.bytes()),
    };
    let names: Vec<Named> = phase.validators.iter().map(named).collect();
    let haves = names.iter().map(|named| {
        let (phase, named) = (id, *named);
        let statement = Statement::Have { phase, named };
        witness::Message::Have(SignedHave {
            validator: me,
            named,
            signature: statement.sign(&federation, signer.1),
        })
    });
    let mut said: Vec<witness::Message> = haves.collect();
    let seal = Seal::sign(&federation, id, (me, signer.1), phase.deadline, names);
    said.push(witness::Message::Seal(seal));
    said.extend((0..3).map(|number| {
        let manifest = Manifest {
            phase: id,
            author: me,
            opened_final: Timestamp(phase.opened.0 + number + liar.strange),
            rows: Vec::new(),
            early: Vec::new(),
        };
        sign_manifest(signer, &manifest)
    }));
    let said = said.into_iter();
    said.map(|said| Message::Phase { phase: id, said })
        .collect()
}
