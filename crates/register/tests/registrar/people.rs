//! A federation with all its keys, and what its people write.

use domain::{
    cbor::{Encode, Encoder},
    charter::{Charter, RuleName},
    decision::{Choice, extensions},
    effect::{Applicant, Effect, Motion},
    entry::{Address, Audience, Entry, Header, SALT_BYTES, Salted, Sealed},
    genesis::{Founder, Genesis},
    id::{EntryId, FederationId, Hash, MemberId, PersonId, PhaseId, Timestamp},
    key::SecretKey,
    record::{Ballot, Delegate, Kind, Mandate, Opening, Withdrawal},
};
use register::{
    batch::{Answers, Items, Mandated, Opened},
    begin::{Begin, Beginning, First, Founding},
    chain::Chain,
    declaration::{Declaration, Matter},
    phase::Phase,
    recovery::{Base, Dated, Recovered, Recovery, Stage},
    says::{Act, Answer},
};

/// When the register begins.
pub const BEGUN: Timestamp = Timestamp(1_700_000_000_000);
/// How many delegates each member has.
pub const DELEGATES: usize = 2;
const FOUNDERS_MAX: usize = 7;

/// A federation and all its keys. Members are numbered; those after the first `size` join later.
pub struct Federation {
    pub id: FederationId,
    pub charter: Charter,
    genesis: Genesis,
    beginning: Beginning,
    roots: Vec<SecretKey>,
}

/// What a member opens a vote on.
pub struct Asked {
    pub proposer: usize,
    pub rule: RuleName,
    pub motion: Motion,
    /// Tells proposals of one proposer from each other.
    pub number: u8,
    /// When the opening was written.
    pub time: Timestamp,
}

/// A ballot to write.
#[derive(Debug, Clone, Copy)]
pub struct Vote {
    pub voter: usize,
    pub delegate: usize,
    pub mandate: u64,
    pub revision: u8,
    pub choice: Choice,
}

impl Vote {
    pub fn first(voter: usize, choice: Choice) -> Self {
        Self {
            voter,
            delegate: 0,
            mandate: 1,
            revision: 1,
            choice,
        }
    }
}

fn key(family: u8, number: usize) -> SecretKey {
    let mut seed = [family; 32];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    SecretKey::from_seed(&seed)
}

pub fn validator_key(member: usize) -> SecretKey {
    key(1, member)
}

fn delegate_key(member: usize, delegate: usize) -> SecretKey {
    key(2, member * DELEGATES + delegate)
}

impl Federation {
    /// A federation of so many members, each with a node and a validator, and its register's
    /// beginning. Members ascend by number; `nonce` tells federations of the same people apart.
    pub fn new(size: usize, toml: &str, nonce: u8) -> Self {
        let charter = Charter::from_toml(toml).expect("the test's charter is one");
        let mut roots: Vec<SecretKey> = (0..size).map(|number| key(0, number)).collect();
        roots.sort_by_key(SecretKey::public);
        let founders = roots.iter().take(FOUNDERS_MAX).enumerate();
        let founders: Vec<Founder> = founders
            .map(|(number, root)| Founder {
                root: root.public(),
                name: format!("Co-op {number}"),
                class: "producer".to_owned(),
            })
            .collect();
        let genesis = Genesis {
            name: "Meet".to_owned(),
            created: BEGUN,
            founders,
            charter: charter.to_bytes(),
            nonce: [nonce; 32],
            requires: Vec::new(),
        };
        let members = roots.iter().enumerate().map(|(number, root)| First {
            member: MemberId(root.public().0),
            name: format!("Co-op {number}"),
            class: ["producer", "consumer"][usize::from(number % 3 == 2)].to_owned(),
            root: root.public(),
            record: EntryId(root.public().0),
            host: MemberId(root.public().0),
            validator: Some(validator_key(number).public()),
        });
        let begin = Begin {
            time: BEGUN,
            members: members.collect(),
        };
        let id = genesis.federation();
        let founders = roots.iter().take(FOUNDERS_MAX);
        let signatures: Vec<Founding> = founders.map(|root| begin.sign(&id, root)).collect();
        roots.extend((size..size + 64).map(|number| key(0, number)));
        Self {
            id,
            charter,
            genesis,
            beginning: Beginning { begin, signatures },
            roots,
        }
    }

    pub fn chain(&self) -> Chain {
        Chain::begin(&self.genesis, &self.beginning).expect("the founders began it")
    }

    /// A recovery without these, announced and confirmed by all the others and as many more as must.
    pub fn recovered(
        &self,
        chain: &Chain,
        gone: &[usize],
        (announced, confirmed): (Timestamp, Timestamp),
    ) -> Recovered {
        let mut members: Vec<MemberId> = gone.iter().map(|number| self.member(*number)).collect();
        members.sort_unstable();
        let recovery = Recovery {
            epoch: chain.epoch() + 1,
            height: chain.height(),
            last: chain.last(),
            gone: members,
            time: announced,
        };
        let needed = Base::of(chain).needed();
        let numbers = 0..chain.order().members().len();
        let mut signers: Vec<usize> = numbers.collect();
        signers.sort_by_key(|number| gone.contains(number));
        signers.truncate(needed);
        signers.sort_unstable();
        let dated = |stage, time| {
            let signed = signers.iter().map(|number| {
                let voice = recovery.say(&self.id, stage, &self.roots[*number], time);
                let (root, signature) = (voice.key, voice.signature);
                Dated {
                    root,
                    time,
                    signature,
                }
            });
            let mut signed: Vec<Dated> = signed.collect();
            signed.sort_by_key(|one| one.root);
            signed
        };
        Recovered {
            announced: dated(Stage::Announce, announced),
            confirmed: dated(Stage::Confirm, confirmed),
            recovery,
        }
    }

    pub fn member(&self, number: usize) -> MemberId {
        MemberId(self.roots[number].public().0)
    }

    pub fn mandate(&self, voter: usize, number: u64) -> Entry {
        let delegates = (0..DELEGATES).map(|delegate| Delegate {
            key: delegate_key(voter, delegate).public(),
            person: PersonId([delegate as u8; 16]),
        });
        let mut delegates: Vec<Delegate> = delegates.collect();
        delegates.sort_by_key(|delegate| delegate.key);
        let mandate = Mandate { number, delegates };
        let grant = EntryId(self.member(voter).0);
        let kind = Kind::Mandate;
        self.entry(&self.roots[voter], (grant, BEGUN), kind, &mandate, None)
    }

    /// A ballot with its mandate, for the vote and the text of a phase.
    pub fn ballot(&self, (vote, text): (PhaseId, Hash), cast: Vote) -> (Entry, Entry) {
        let blocks = cast.choice == Choice::Block;
        let ballot = Ballot {
            phase: vote,
            revision: cast.revision,
            version: text,
            choice: cast.choice,
            aim: blocks.then_some(0),
            reason_characters: if blocks { 30 } else { 0 },
        };
        let note = blocks.then_some(Sealed {
            hash: Hash([4; 32]),
            length: 40,
        });
        let mandate = self.mandate(cast.voter, cast.mandate);
        let by = delegate_key(cast.voter, cast.delegate);
        let grant = (mandate.id(&self.id), BEGUN);
        let ballot = self.entry(&by, grant, Kind::Ballot, &ballot, note);
        (ballot, mandate)
    }

    /// What a proposing member does about a block, as a ballot of the window.
    pub fn answer(&self, member: usize, window: &Phase, act: Act) -> (Entry, Entry) {
        let answer = Answer {
            phase: window.id,
            revision: 1,
            act,
        };
        let written = self.mandated(member, (Kind::Answer, BEGUN), &answer);
        (written.entry, written.mandate)
    }

    /// The same, wanted at once.
    pub fn answers(&self, member: usize, window: &Phase, act: Act) -> Items {
        let (entry, mandate) = self.answer(member, window, act);
        let answer = Mandated { entry, mandate };
        let motion = None;
        Items {
            answers: vec![Answers { answer, motion }],
            ..Items::default()
        }
    }

    /// A vote opened under the order of a register, and its phase.
    pub fn opens(&self, chain: &Chain, asked: &Asked) -> (Items, PhaseId) {
        let charter = chain.order().charter();
        let period_ms = charter.terms().periods.regular_seconds * 1_000;
        let (late_block_ms, extension_ms) = extensions(period_ms, charter);
        let opening = Opening {
            proposal: EntryId([asked.number; 32]),
            version: EntryId([asked.number; 32]),
            text: asked.motion.hash(),
            rule: asked.rule.to_string(),
            charter: charter.hash(),
            deadline: asked.time.plus_ms(period_ms),
            late_block_ms,
            extension_ms,
            electorate: chain.order().electorate(asked.rule),
        };
        let opening = self.mandated(asked.proposer, (Kind::Opening, asked.time), &opening);
        let phase = opening.entry.id(&self.id);
        let motion = asked.motion.clone();
        let openings = vec![Opened { opening, motion }];
        let items = Items {
            openings,
            ..Items::default()
        };
        (items, phase)
    }

    pub fn withdraws(&self, member: usize, number: u8) -> Items {
        let proposal = EntryId([number; 32]);
        let body = Withdrawal { proposal };
        Items {
            withdrawals: vec![self.mandated(member, (Kind::Withdrawal, BEGUN), &body)],
            ..Items::default()
        }
    }

    /// A co-op that asks to join, with a node of its own.
    pub fn applicant(&self, chain: &Chain, number: usize) -> Applicant {
        let words = ("We ask to join.", "40 hours a year");
        let terms = chain.order().charter().hash();
        let (root, name) = (&self.roots[number], ("Newcomer", "producer"));
        Applicant::sign(&self.id, root, name, words, terms, None)
    }

    /// What a member declares for the n-th time.
    pub fn declares(&self, member: usize, number: u64, matter: Matter) -> Items {
        let (root, by) = (&self.roots[member], (self.member(member), number));
        let declaration = Declaration::sign(&self.id, root, by, matter);
        Items {
            declarations: vec![declaration],
            ..Items::default()
        }
    }

    /// That a member's node is a validator from now on.
    pub fn declares_validator(&self, member: usize, number: u64) -> Items {
        let (root, by) = (&self.roots[member], (self.member(member), number));
        let key = validator_key(member);
        let declaration = Declaration::of_validator(&self.id, root, by, &key);
        Items {
            declarations: vec![declaration],
            ..Items::default()
        }
    }

    fn mandated(
        &self,
        voter: usize,
        (kind, time): (Kind, Timestamp),
        body: &impl Encode,
    ) -> Mandated {
        let mandate = self.mandate(voter, 1);
        let grant = (mandate.id(&self.id), time);
        let entry = self.entry(&delegate_key(voter, 0), grant, kind, body, None);
        Mandated { entry, mandate }
    }

    fn entry(
        &self,
        key: &SecretKey,
        (grant, time): (EntryId, Timestamp),
        kind: Kind,
        body: &impl Encode,
        note: Option<Sealed>,
    ) -> Entry {
        let mut encoder = Encoder::new();
        encoder.value(body);
        let body = Salted::new(&[5; SALT_BYTES], &encoder.into_bytes());
        let header = Header {
            author: key.public(),
            grant,
            sequence: 2,
            previous: Some(EntryId([6; 32])),
            time,
            address: Address::parse("ballots").expect("a plain word is an address"),
            audience: Audience::Public,
            kind,
            critical: false,
            body: body.seal(),
            note,
            references: Vec::new(),
        };
        let signature = header.sign(&self.id, key);
        Entry {
            header,
            signature,
            body: Some(body),
            note: None,
        }
    }
}

/// A motion that does this, or nothing.
pub fn motion(number: u8, effect: Option<Effect>) -> Motion {
    Motion {
        title: "A motion".to_owned(),
        text: Hash([number; 32]),
        effect,
    }
}
