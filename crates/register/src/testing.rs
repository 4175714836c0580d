//! A cast of validators and voters for tests: everything signed with keys that anyone can make.

mod history;
mod keys;

pub use history::{History, TEXT as PROPOSED_TEXT};

use domain::{
    cbor::Encode,
    charter::{Charter, RuleName},
    decision::{Choice, extensions},
    entry::{Entry, Sealed},
    id::{EntryId, FederationId, Hash, Timestamp},
    key::SecretKey,
    record::{Ballot, Delegate, Elector, Kind, Mandate, Opening},
};

pub use self::keys::root_key;
use self::keys::{delegate_key, elector, entry, keys, member};
use crate::{
    closing::SignedManifest,
    gathered::Gathered,
    leaves::{Claim, Leaf, SignedLeaves},
    manifest::Manifest,
    phase::{Case, Phase},
    says::{Act, Answer},
    seal::Seal,
    statement::{Named, Statement},
    validators::{Validator, ValidatorIndex, ValidatorSet},
    witness::Message,
};

/// The federation of the cast.
pub const FEDERATION: FederationId = FederationId([0xfe; 32]);
/// When the cast's phase opens.
pub const OPENED: Timestamp = Timestamp(1_000_000_000);
/// A minute, in milliseconds.
pub const MINUTE_MS: u64 = 60_000;
/// An hour, in milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
const TEXT: Hash = Hash([0x7e; 32]);

/// A ballot, how long after the opening it is witnessed, and by whom.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The number of the voter.
    pub voter: usize,
    /// The revision.
    pub revision: u8,
    /// What it says.
    pub choice: Choice,
    /// When receipts for it are signed, in milliseconds after the opening.
    pub after_ms: u64,
    /// The validators that sign them.
    pub witnesses: Vec<u8>,
}

impl Sent {
    /// A first ballot, an hour after the opening.
    #[must_use]
    pub fn new(voter: usize, choice: Choice, witnesses: &[u8]) -> Self {
        Self {
            voter,
            revision: 1,
            choice,
            after_ms: HOUR_MS,
            witnesses: witnesses.to_vec(),
        }
    }
}

/// Validators and voters of one phase, with all their keys.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The federation.
    pub federation: FederationId,
    /// The charter.
    pub charter: Charter,
    /// The phase.
    pub phase: Phase,
    roots: Vec<SecretKey>,
    validators: Vec<SecretKey>,
}

impl Cast {
    /// So many validators, so many voters of one class, and a phase by a rule under the default
    /// charter with changes as its file has them. Voter 0 is the proposing member.
    #[must_use]
    pub fn new(validators: usize, voters: usize, rule: RuleName, toml: &str) -> Self {
        let charter = Charter::from_toml(toml).expect("the test's charter is one");
        let roots = keys(0, voters);
        let electorate: Vec<Elector> = roots.iter().enumerate().map(elector).collect();
        let keys = keys(1, validators);
        let of_key = |(place, key): (usize, &SecretKey)| Validator {
            member: member(place),
            key: key.public(),
        };
        let set = ValidatorSet::new(keys.iter().enumerate().map(of_key).collect());
        let period_ms = charter.terms().periods.regular_seconds * 1_000;
        let (late_block_ms, extension_ms) = extensions(period_ms, &charter);
        let opening = Opening {
            proposal: EntryId([1; 32]),
            version: EntryId([2; 32]),
            text: TEXT,
            rule: rule.to_string(),
            charter: charter.hash(),
            deadline: OPENED.plus_ms(period_ms),
            late_block_ms,
            extension_ms,
            electorate: electorate.clone(),
        };
        let phase = Phase::of_opening(
            (EntryId([3; 32]), OPENED),
            &opening,
            electorate[0].clone(),
            set.expect("the cast's validators are a set"),
            (&charter, 1),
        );
        Self {
            federation: FEDERATION,
            charter,
            phase: phase.expect("the cast's opening follows its charter"),
            roots,
            validators: keys,
        }
    }

    /// The cast in another phase.
    #[must_use]
    pub fn within(&self, phase: Phase) -> Self {
        Self {
            phase,
            ..self.clone()
        }
    }

    /// What its ballots are judged by.
    #[must_use]
    pub fn case(&self) -> Case<'_> {
        Case {
            federation: &self.federation,
            phase: &self.phase,
            charter: &self.charter,
        }
    }

    /// The key of a validator.
    #[must_use]
    pub fn validator(&self, number: u8) -> (ValidatorIndex, &SecretKey) {
        (
            ValidatorIndex(number),
            &self.validators[usize::from(number)],
        )
    }

    /// The key of a voter's delegate.
    #[must_use]
    pub fn delegate(&self, voter: usize) -> SecretKey {
        delegate_key(voter)
    }

    /// A mandate of a voter that lists its delegate.
    #[must_use]
    pub fn mandate(&self, voter: usize, number: u64) -> Entry {
        let delegate = Delegate {
            key: delegate_key(voter).public(),
            person: domain::id::PersonId([0; 16]),
        };
        let mandate = Mandate {
            number,
            delegates: vec![delegate],
        };
        let root = &self.roots[voter];
        let grant = EntryId(member(voter).0);
        entry(&self.federation, root, grant, Kind::Mandate, &mandate, None)
    }

    /// A ballot of a voter's delegate under its first mandate.
    #[must_use]
    pub fn ballot(&self, voter: usize, revision: u8, choice: Choice) -> Entry {
        self.ballot_under(&self.mandate(voter, 1), voter, revision, choice)
    }

    /// A ballot of a voter's delegate under a mandate.
    #[must_use]
    pub fn ballot_under(
        &self,
        mandate: &Entry,
        voter: usize,
        revision: u8,
        choice: Choice,
    ) -> Entry {
        let blocks = choice == Choice::Block;
        let ballot = Ballot {
            phase: self.phase.vote,
            revision,
            version: self.phase.text,
            choice,
            aim: blocks.then_some(0),
            reason_characters: if blocks { 30 } else { 0 },
        };
        self.signed(mandate, voter, Kind::Ballot, &ballot, blocks)
    }

    /// What the proposing member does about a block.
    #[must_use]
    pub fn answer(&self, revision: u8, act: Act) -> Entry {
        let answer = Answer {
            phase: self.phase.vote,
            revision,
            act,
        };
        self.signed(&self.mandate(0, 1), 0, Kind::Answer, &answer, false)
    }

    /// Any entry of a voter's delegate under a mandate.
    #[must_use]
    pub fn signed(
        &self,
        mandate: &Entry,
        voter: usize,
        kind: Kind,
        body: &impl Encode,
        with_reason: bool,
    ) -> Entry {
        let note = with_reason.then_some(Sealed {
            hash: Hash([4; 32]),
            length: 40,
        });
        let grant = mandate.id(&self.federation);
        entry(
            &self.federation,
            &delegate_key(voter),
            grant,
            kind,
            body,
            note,
        )
    }

    /// What receipts and holds for a ballot sign.
    ///
    /// # Panics
    /// When it is no ballot of the phase.
    #[must_use]
    pub fn leaf(&self, ballot: &Entry, mandate: &Entry) -> Leaf {
        let mut gathered = Gathered::new();
        let taken = gathered.take_ballot(&self.case(), ballot, mandate);
        let proven = taken.expect("the ballot is one of the phase");
        proven.expect("nothing was there before").ballot.leaf()
    }

    /// Leaves signed by a validator so long after the phase's opening.
    #[must_use]
    pub fn leaves(
        &self,
        claim: Claim,
        validator: u8,
        after_ms: u64,
        leaves: &[Leaf],
    ) -> SignedLeaves {
        let signer = self.validator(validator);
        let time = self.phase.opened.plus_ms(after_ms);
        let (phase, leaves) = (self.phase.id, leaves.to_vec());
        let signed = SignedLeaves::sign(claim, &self.federation, phase, signer, time, leaves);
        signed.expect("the test's leaves are of different slots")
    }

    /// Ballots with their receipts, each signed by itself.
    #[must_use]
    pub fn sent(&self, sent: &[Sent]) -> Vec<Message> {
        let mut things = Vec::new();
        for sent in sent {
            let ballot = self.ballot(sent.voter, sent.revision, sent.choice);
            let ballot = (ballot, self.mandate(sent.voter, 1));
            let leaf = self.leaf(&ballot.0, &ballot.1);
            things.push(Message::Ballot(Box::new(ballot)));
            things.extend(sent.witnesses.iter().map(|validator| {
                let claim = Claim::Receipts;
                Message::Leaves(self.leaves(claim, *validator, sent.after_ms, &[leaf]))
            }));
        }
        things
    }

    /// What was gathered of these, in their order.
    ///
    /// # Panics
    /// When one of them does not count.
    #[must_use]
    pub fn gather(&self, things: &[Message]) -> Gathered {
        let (case, mut gathered) = (self.case(), Gathered::new());
        for thing in things {
            let counts = match thing {
                Message::Ballot(pair) => gathered.take_ballot(&case, &pair.0, &pair.1).is_ok(),
                Message::Leaves(leaves) => gathered.take_leaves(&case, leaves).is_ok(),
                Message::Have(have) => gathered.take_have(&case, have).is_ok(),
                Message::Manifest(manifest) => gathered.take_manifest(&case, manifest).is_ok(),
                Message::Seal(seal) => gathered.take_seal(&case, seal).is_ok(),
            };
            assert!(counts, "the test's things count: {thing:?}");
        }
        gathered
    }

    /// A manifest signed by its author, and how seals name it.
    #[must_use]
    pub fn sign_manifest(&self, manifest: &Manifest) -> (SignedManifest, Named) {
        let bytes = manifest.to_bytes();
        let hash = Manifest::hash_of(&self.federation, &bytes);
        let statement = Statement::Manifest {
            phase: self.phase.id,
            manifest: hash,
        };
        let (author, key) = self.validator(manifest.author.0);
        let signature = statement.sign(&self.federation, key);
        let signed = SignedManifest { bytes, signature };
        let manifest = hash;
        (signed, Named { author, manifest })
    }

    /// The manifest of a validator that has seen these things and the opening at once.
    #[must_use]
    pub fn manifest(&self, author: u8, things: &[Message]) -> (SignedManifest, Named) {
        let seen = self.gather(things);
        let author = ValidatorIndex(author);
        self.sign_manifest(&seen.manifest(&self.case(), author, self.phase.opened))
    }

    /// A seal signed so long after the deadline.
    #[must_use]
    pub fn seal(&self, validator: u8, after_ms: u64, names: &[Named]) -> Seal {
        let mut names = names.to_vec();
        names.sort_unstable();
        let time = self.phase.deadline.plus_ms(after_ms);
        let signer = self.validator(validator);
        Seal::sign(&self.federation, self.phase.id, signer, time, names)
    }

    /// These things, and manifests and seals of validators that have all seen them.
    #[must_use]
    pub fn whole(&self, things: Vec<Message>, sealers: &[u8]) -> Vec<Message> {
        let manifests: Vec<_> = sealers
            .iter()
            .map(|author| self.manifest(*author, &things))
            .collect();
        let names: Vec<Named> = manifests.iter().map(|(_, named)| *named).collect();
        let mut whole = things;
        let signed = manifests.into_iter().map(|(signed, _)| signed);
        whole.extend(signed.map(Message::Manifest));
        let seals = sealers.iter().map(|validator| {
            let after_ms = u64::from(*validator + 1) * MINUTE_MS;
            Message::Seal(self.seal(*validator, after_ms, &names))
        });
        whole.extend(seals);
        whole
    }
}
