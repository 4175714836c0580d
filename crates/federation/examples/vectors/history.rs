//! A small valid history with an entry of every kind.

use domain::{
    cbor::Encode,
    charter::Charter,
    decision::Choice,
    genesis::Genesis,
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{
        self, Admission, Admit, Amendment, Application, Ballot, Comment, Custody, Delegate,
        Elector, Endpoint, Grant, Join, Kind, Mandate, Newcomer, Opening, PersonNote, Profile,
        Proposal, Purpose, Record, Revocation, Role, Roles, Withdrawal, version_hash,
    },
    text::{Content, visible_characters},
};
use federation::{Core, Input, Settings};
use replica::{Offer, Replica, entry::Audience};
use serde_json::{Value, json};

use super::{
    book::{Book, Draft},
    genesis::genesis,
    notation::{bytes, encoded, key, key_forms, name_of, salt},
};

/// A member's keys and what gives them their rights.
pub struct Member {
    pub root: SecretKey,
    pub delegate: SecretKey,
    pub node: SecretKey,
    pub person: PersonId,
    pub record: EntryId,
    pub grant: EntryId,
    pub node_grant: EntryId,
    pub mandate: EntryId,
}

/// The history and the names in it.
pub struct History {
    pub genesis: Genesis,
    pub book: Book,
    pub anna: Member,
    pub bela: Member,
    pub carla: Member,
    pub dora: Member,
    pub worker: SecretKey,
    pub worker_grant: EntryId,
    pub proposal: EntryId,
    pub phase: EntryId,
    pub version: domain::id::Hash,
}

const NONE: EntryId = EntryId([0; 32]);
const REASON: &str = "The contract binds us for three years and nobody was asked.";

impl Member {
    fn of(byte: u8) -> Self {
        Self {
            root: key(byte),
            node: key(byte + 1),
            delegate: key(byte + 2),
            person: PersonId([byte; 16]),
            record: NONE,
            grant: NONE,
            node_grant: NONE,
            mandate: NONE,
        }
    }

    pub fn id(&self) -> MemberId {
        MemberId(self.root.public().0)
    }
}

/// A person's key with roles.
pub fn person_grant(key: &SecretKey, person: PersonId, roles: Roles, custody: Custody) -> Record {
    Record::Grant(Grant {
        purpose: Purpose::Person,
        key: key.public(),
        person: Some(person),
        roles,
        custody,
        number: 1,
    })
}

/// The list of one delegate.
pub fn mandate(number: u64, member: &Member) -> Record {
    let delegates = vec![Delegate {
        key: member.delegate.public(),
        person: member.person,
    }];
    Record::Mandate(Mandate { number, delegates })
}

impl History {
    pub fn new() -> Self {
        let genesis = genesis();
        let mut history = Self {
            book: Book::new(genesis.federation()),
            genesis,
            anna: Member::of(0x11),
            bela: Member::of(0x21),
            carla: Member::of(0x31),
            dora: Member::of(0x41),
            worker: key(0x14),
            worker_grant: NONE,
            proposal: NONE,
            phase: NONE,
            version: domain::id::Hash([0; 32]),
        };
        history.found();
        history.describe();
        history.admit();
        history.propose();
        history.vote();
        history.end();
        history
    }

    /// Founders sign and give their keys rights.
    fn found(&mut self) {
        let book = &mut self.book;
        let founders = [
            ("anna", &mut self.anna),
            ("bela", &mut self.bela),
            ("carla", &mut self.carla),
        ];
        for (name, member) in founders {
            let found = Record::Found(record::Found);
            let draft = book.draft(
                &format!("{name}.found"),
                &member.root,
                book.root(),
                "members",
                &found,
            );
            member.record = book.write(draft);
            empower(book, name, member, Roles::STEWARD.with(Roles::DELEGATE));
            let grant = Record::Grant(Grant {
                purpose: Purpose::Node,
                key: member.node.public(),
                person: None,
                roles: Roles::none(),
                custody: Custody::Node,
                number: 1,
            });
            let draft = book.draft(
                &format!("{name}.node"),
                &member.root,
                member.record,
                "keys",
                &grant,
            );
            member.node_grant = book.write(draft);
        }
    }

    /// A worker, a person, a circle, a role, a profile, a node.
    fn describe(&mut self) {
        let book = &mut self.book;
        let (anna, bela) = (&self.anna, &self.bela);
        let worker = person_grant(
            &self.worker,
            PersonId([0x14; 16]),
            Roles::WORKER,
            Custody::Person,
        );
        let draft = book.draft("anna.worker", &anna.delegate, anna.grant, "keys", &worker);
        self.worker_grant = book.write(draft);
        let person = Record::Person(record::Person {
            person: anna.person,
        });
        let note = PersonNote {
            name: "Anna Puig".to_owned(),
            contact: "room 7".to_owned(),
        };
        let draft = book
            .draft(
                "anna.person",
                &anna.delegate,
                anna.grant,
                "persons",
                &person,
            )
            .for_audience(Audience::Members)
            .with_note(note.to_bytes());
        book.write(draft);
        let circle = record::Circle {
            nonce: salt("circle")[..16].try_into().expect("16 bytes"),
            name: "Care".to_owned(),
            domain: "How we treat each other.".to_owned(),
            rhythm: "first Monday".to_owned(),
            ended: false,
        };
        let id = circle.id(anna.id());
        let draft = book.draft(
            "anna.circle",
            &anna.delegate,
            anna.grant,
            "circles",
            &Record::Circle(circle),
        );
        book.write(draft);
        let role = Record::Role(Role {
            circle: id,
            person: anna.person,
            title: "coordinator".to_owned(),
            until: Some(Timestamp(1_831_536_000_000)),
        });
        let draft = book.draft("anna.role", &anna.delegate, anna.grant, "circles", &role);
        book.write(draft);
        let profile = Record::Profile(Profile {
            name: "Bela & friends".to_owned(),
            region: "Girona".to_owned(),
            description: "We host meetings.".to_owned(),
            website: "https://bela.example".to_owned(),
        });
        let draft = book
            .draft(
                "bela.profile",
                &bela.delegate,
                bela.grant,
                "profile",
                &profile,
            )
            .for_audience(Audience::Organisations);
        book.write(draft);
        let endpoint = Record::Endpoint(Endpoint {
            addresses: vec!["/ip4/192.0.2.7/tcp/4001".to_owned()],
            agent: "folkmoot/0.1.0".to_owned(),
        });
        let draft = book.draft(
            "anna.endpoint",
            &anna.node,
            anna.node_grant,
            "nodes",
            &endpoint,
        );
        book.write(draft);
        let draft = book
            .draft_of(
                "anna.experiment",
                &anna.delegate,
                anna.grant,
                "experiments/1",
                (Kind(99), b"anything".to_vec()),
            )
            .for_audience(Audience::Circle(id));
        book.write(draft);
    }

    /// Dora's co-op applies, is admitted by two founders, and joins.
    fn admit(&mut self) {
        let book = &mut self.book;
        let dora = &mut self.dora;
        let newcomer = Newcomer {
            root: dora.root.public(),
            class: "consumer".to_owned(),
            name: "Dora's co-op".to_owned(),
        };
        let applying = Application::message(
            &book.federation,
            &newcomer.root,
            &newcomer.name,
            &newcomer.class,
        );
        let application = Record::Application(Application {
            root: newcomer.root,
            name: newcomer.name.clone(),
            class: newcomer.class.clone(),
            proof: dora.root.sign(&applying),
        });
        let anna = &self.anna;
        let draft = book
            .draft(
                "anna.application",
                &anna.node,
                anna.node_grant,
                "applications",
                &application,
            )
            .for_audience(Audience::Members)
            .with_note("We would like to meet on your servers.");
        book.write(draft);
        let message = newcomer.message(&book.federation);
        let mut admissions = Vec::new();
        for (name, founder) in [("anna", &self.anna), ("bela", &self.bela)] {
            let signature = founder.root.sign(&message);
            let admit = Record::Admit(Admit {
                newcomer: newcomer.clone(),
                signature,
            });
            let draft = book.draft(
                &format!("{name}.admit"),
                &founder.root,
                founder.record,
                "members",
                &admit,
            );
            book.write(draft);
            admissions.push(Admission {
                founder: founder.root.public(),
                signature,
            });
        }
        admissions.sort_by_key(|admission| admission.founder);
        let join = Record::Join(Join {
            newcomer,
            admissions,
        });
        let draft = book.draft("dora.join", &dora.root, book.root(), "members", &join);
        dora.record = book.write(draft);
        empower(book, "dora", dora, Roles::DELEGATE);
    }

    /// A proposal, its second version, the opening, and another that is withdrawn.
    fn propose(&mut self) {
        let book = &mut self.book;
        let anna = &self.anna;
        let inline = |text: &str| Content::of(text).expect("a text").0;
        let title = "A meeting server in Girona";
        let proposal = Record::Proposal(Proposal {
            title: title.to_owned(),
            content: inline("We rent it together.\n"),
            rule: "consent".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
        });
        let draft = book.draft(
            "anna.proposal",
            &anna.delegate,
            anna.grant,
            "proposals",
            &proposal,
        );
        self.proposal = book.write(draft);
        let address = address_of(&self.proposal);
        let content = inline("We rent it together, for one year.\n");
        self.version = version_hash(title, &content);
        let amendment = Record::Amendment(Amendment {
            proposal: self.proposal,
            number: 2,
            previous: self.proposal,
            title: title.to_owned(),
            content,
        });
        let draft = book
            .draft(
                "anna.amendment",
                &anna.delegate,
                anna.grant,
                &address,
                &amendment,
            )
            .with_note("For one year only.")
            .referring_to(vec![self.proposal]);
        let amendment = book.write(draft);
        let opening = Record::Opening(Opening {
            proposal: self.proposal,
            version: amendment,
            text: self.version,
            rule: "consent".to_owned(),
            charter: Charter::default().hash(),
            deadline: book.now.plus_seconds(1 + 604_800),
            electorate: electorate(&[&self.anna, &self.bela, &self.carla, &self.dora]),
        });
        let draft = book
            .draft(
                "anna.opening",
                &anna.delegate,
                anna.grant,
                &address,
                &opening,
            )
            .referring_to(vec![amendment]);
        self.phase = book.write(draft);
        let (long, _) = Content::of(&"0123456789abcdef\n".repeat(6_000)).expect("a text");
        let proposal = Record::Proposal(Proposal {
            title: "A long text".to_owned(),
            content: long,
            rule: "one-member-one-vote".to_owned(),
            urgent: Some("The offer ends on Friday.".to_owned()),
            circle: None,
            language: "ca".to_owned(),
        });
        let carla = &self.carla;
        let draft = book.draft(
            "carla.proposal",
            &carla.delegate,
            carla.grant,
            "proposals",
            &proposal,
        );
        let proposal = book.write(draft);
        let withdrawal = Record::Withdrawal(Withdrawal { proposal });
        let draft = book
            .draft(
                "carla.withdrawal",
                &carla.delegate,
                carla.grant,
                &address_of(&proposal),
                &withdrawal,
            )
            .with_note("The offer was taken back.");
        book.write(draft);
    }

    /// The next ballot of a member, under its mandate.
    pub fn ballot(&self, name: &str, member: &Member, revision: u8, choice: Choice) -> Draft {
        let reason = if choice == Choice::Block { REASON } else { "" };
        let ballot = Record::Ballot(Ballot {
            phase: self.phase,
            revision,
            version: self.version,
            choice,
            aim: (choice == Choice::Block).then_some(2),
            reason_characters: visible_characters(reason) as u64,
        });
        let draft = self
            .book
            .draft(name, &member.delegate, member.mandate, "ballots", &ballot)
            .for_audience(Audience::Members);
        match reason {
            "" => draft,
            reason => draft.with_note(reason),
        }
    }

    /// A comment by a key of a member.
    pub fn comment(&self, name: &str, key: &SecretKey, grant: EntryId, words: &str) -> Draft {
        let comment = Record::Comment(Comment {
            proposal: self.proposal,
            answers: None,
        });
        self.book
            .draft(name, key, grant, &address_of(&self.proposal), &comment)
            .for_audience(Audience::Members)
            .with_note(words)
    }

    fn vote(&mut self) {
        let words = "Who pays for the second year?";
        let draft = self.comment("worker.comment", &self.worker, self.worker_grant, words);
        self.book.write(draft);
        let draft = self.ballot("anna.ballot", &self.anna, 1, Choice::Agree);
        self.book.write(draft);
        let draft = self.ballot("bela.block", &self.bela, 1, Choice::Block);
        self.book.write(draft);
        let draft = self.ballot("carla.ballot", &self.carla, 1, Choice::StandAside);
        self.book.write(draft);
        let draft = self.ballot("bela.ballot", &self.bela, 2, Choice::Agree);
        self.book.write(draft);
    }

    /// Anna's co-op revokes the worker's key; what it wrote stays.
    fn end(&mut self) {
        let last = self.book.tips[&self.worker.public()];
        let revocation = Record::Revocation(Revocation {
            key: self.worker.public(),
            last: Some(last),
        });
        let anna = &self.anna;
        let draft = self
            .book
            .draft(
                "anna.revocation",
                &anna.delegate,
                anna.grant,
                "keys",
                &revocation,
            )
            .for_audience(Audience::Members)
            .with_note("The laptop was stolen.");
        self.book.write(draft);
    }

    /// A replica that holds the history.
    pub fn replica(&self) -> Replica {
        let mut replica = Replica::new(self.genesis.clone());
        for written in &self.book.written {
            let offer = replica.offer(self.book.now, written.entry.clone());
            assert_eq!(offer, Offer::Stored, "{}", written.draft.name);
        }
        replica
    }

    fn decision(&self, at: Timestamp) -> Value {
        let settings = Settings {
            node: key(0x51).public(),
            seed: [0; 32],
        };
        let mut core = Core::new(self.genesis.clone(), settings).expect("a known genesis");
        for written in &self.book.written {
            core.restore(&written.entry.to_bytes(), written.entry.header.time)
                .expect("a valid history");
        }
        let start = Input::Start {
            clean: true,
            alone: true,
        };
        core.handle(self.book.now, start);
        let decision = core.decision(&self.proposal, at).expect("the proposal");
        let phase = decision.phase.as_ref().expect("an open phase");
        let counted: serde_json::Map<String, Value> = phase
            .count
            .counted
            .iter()
            .map(|(member, counted)| {
                let value = json!({
                    "mandate": counted.slot.mandate, "revision": counted.slot.revision,
                    "choice": counted.choice.as_str(), "ballot": bytes(counted.ballot.0),
                });
                (member.to_string(), value)
            })
            .collect();
        json!({
            "at": at.0, "proposal": bytes(self.proposal.0), "phase": bytes(phase.opening.id.0),
            "version": bytes(phase.version.hash.0), "state": decision.state.as_str(),
            "verdict": phase.outcome.verdict.as_str(), "counted": counted,
        })
    }

    /// The file.
    pub fn file(&self) -> Value {
        let members = [
            ("anna", &self.anna),
            ("bela", &self.bela),
            ("carla", &self.carla),
            ("dora", &self.dora),
        ];
        let mut keys: Vec<Value> = members
            .iter()
            .flat_map(|(name, member)| {
                [
                    ("root", &member.root),
                    ("node", &member.node),
                    ("delegate", &member.delegate),
                ]
                .map(|(what, key)| key_forms(&format!("{name}.{what}"), key))
            })
            .collect();
        keys.push(key_forms("anna.worker", &self.worker));
        let entries: Vec<Value> = self.book.written.iter().map(|w| w.described()).collect();
        let replica = self.replica();
        let heights: Vec<Value> = replica
            .heights()
            .iter()
            .map(|height| json!({
                "key": bytes(height.key.0), "sequence": height.sequence, "tip": bytes(height.tip),
                "aside": height.aside.map(bytes),
            }))
            .collect();
        let open = self.book.now;
        json!({
            "genesis": encoded(&self.genesis),
            "federation": bytes(self.book.federation.0),
            "keys": keys,
            "now": self.book.now.0,
            "entries": entries,
            "heights": heights,
            "digest": bytes(replica.digest().0),
            "decisions": [self.decision(open), self.decision(open.plus_seconds(604_801))],
        })
    }
}

/// Gives a member's delegate its key and its mandate.
fn empower(book: &mut Book, name: &str, member: &mut Member, roles: Roles) {
    let grant = person_grant(&member.delegate, member.person, roles, Custody::Node);
    let draft = book.draft(
        &format!("{name}.delegate"),
        &member.root,
        member.record,
        "keys",
        &grant,
    );
    member.grant = book.write(draft);
    let mandate = mandate(1, member);
    let draft = book.draft(
        &format!("{name}.mandate"),
        &member.root,
        member.record,
        "keys",
        &mandate,
    );
    member.mandate = book.write(draft);
}

/// Who may vote, as an opening lists it.
fn electorate(members: &[&Member]) -> Vec<Elector> {
    let mut electorate: Vec<Elector> = members
        .iter()
        .map(|member| Elector {
            member: member.id(),
            class: if member.person.0[0] == 0x41 {
                "consumer"
            } else {
                "producer"
            }
            .to_owned(),
            root: member.root.public(),
            record: member.record,
        })
        .collect();
    electorate.sort();
    electorate
}

/// The address of what belongs to a proposal.
pub fn address_of(proposal: &EntryId) -> String {
    format!("proposals/{}", &proposal.to_string()[..32])
}

/// What became of an offered entry, by its name.
pub fn outcome(offer: &Offer) -> Value {
    match offer {
        Offer::Refused(refusal) => json!({ "outcome": "Refused", "refusal": name_of(refusal) }),
        other => json!({ "outcome": name_of(other) }),
    }
}
