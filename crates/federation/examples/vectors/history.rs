//! A small valid history with an entry of every kind.

use domain::{
    cbor::Encode,
    effect::{Applicant, Effect},
    entry::Audience,
    genesis::Genesis,
    id::{CircleId, EntryId, Hash, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{
        self, Action, ActionState, Admission, Admit, Application, Custody, Delegate, Endpoint,
        Gathering, Grant, Host, Hosting, Join, Kind, Mandate, Membership, Newcomer, PersonNote,
        Profile, Purpose, Record, Repetition, Review, Rhythm, Role, Roles, Until,
    },
    text::Content,
};

use super::{
    book::Book,
    genesis::genesis,
    notation::{key, salt},
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
    pub circle: CircleId,
    pub proposal: EntryId,
    pub phase: EntryId,
    pub version: Hash,
}

const NONE: EntryId = EntryId([0; 32]);

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

/// A person's key with roles, granted by a member and with its proof.
pub fn person_grant(
    by: MemberId,
    key: &SecretKey,
    person: PersonId,
    (roles, custody): (Roles, Custody),
) -> Record {
    let (purpose, person) = (Purpose::Person, Some(person));
    Record::Grant(Grant {
        purpose,
        key: key.public(),
        person,
        roles,
        custody,
        number: 1,
        proof: Grant::prove(key, &genesis().federation(), &by, purpose, person),
    })
}

/// A node's key, granted by a member and with its proof.
pub fn node_grant(by: MemberId, key: &SecretKey) -> Grant {
    Grant {
        purpose: Purpose::Node,
        key: key.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        number: 1,
        proof: Grant::prove(key, &genesis().federation(), &by, Purpose::Node, None),
    }
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
            circle: CircleId([0; 16]),
            proposal: NONE,
            phase: NONE,
            version: Hash([0; 32]),
        };
        history.found();
        history.describe();
        history.admit();
        history.propose();
        history.gather();
        history.vote();
        history.draft();
        history.end();
        history.register();
        history.meet();
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
            let grant = Record::Grant(node_grant(member.id(), &member.node));
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
            anna.id(),
            &self.worker,
            PersonId([0x14; 16]),
            (Roles::WORKER, Custody::Person),
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
        self.circle = id;
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

    /// The worker joins Anna's circle, takes on work, calls a gathering and says when the proposal
    /// is looked at again.
    fn gather(&mut self) {
        let (book, anna) = (&mut self.book, &self.anna);
        let circle = self.circle;
        let area = format!("circles/{circle}");
        let joined = true;
        let record = Record::Membership(Membership { circle, joined });
        let draft = book.draft(
            "anna.membership",
            &self.worker,
            self.worker_grant,
            &area,
            &record,
        );
        book.write(draft.for_audience(Audience::Members));
        let action = Action {
            action: None,
            circle,
            member: anna.id(),
            person: Some(anna.person),
            due: Some(Timestamp(1_801_000_000_000)),
            state: ActionState::Open,
            source: Some(Hash(self.proposal.0)),
        };
        let record = Record::Action(action.clone());
        let draft = book
            .draft(
                "anna.action",
                &self.worker,
                self.worker_grant,
                &area,
                &record,
            )
            .for_audience(Audience::Members)
            .with_note("Ask three co-ops for an offer.");
        let begun = book.write(draft);
        let record = Record::Action(Action {
            action: Some(begun),
            state: ActionState::Done,
            ..action
        });
        let draft = book.draft(
            "anna.action.done",
            &self.worker,
            self.worker_grant,
            &area,
            &record,
        );
        book.write(draft.for_audience(Audience::Members));
        let record = Record::Gathering(Gathering {
            gathering: None,
            circle,
            title: "Care circle".to_owned(),
            start: Timestamp(1_800_000_000_000),
            minutes: 90,
            zone: "Europe/Madrid".to_owned(),
            repetition: Some(Repetition {
                rhythm: Rhythm::MonthsFromBeginning,
                every: 1,
                until: Until::Count(12),
            }),
            place: "https://meet.example/care".to_owned(),
            cancelled: vec![20_864],
            ended: false,
        });
        let draft = book.draft(
            "anna.gathering",
            &self.worker,
            self.worker_grant,
            &area,
            &record,
        );
        book.write(draft.for_audience(Audience::Members));
        let digits: String = self.proposal.to_string().chars().take(32).collect();
        let record = Record::Review(Review {
            proposal: self.proposal,
            date: Some(Timestamp(1_830_000_000_000)),
        });
        let draft = book.draft(
            "anna.review",
            &anna.delegate,
            anna.grant,
            &format!("proposals/{digits}"),
            &record,
        );
        book.write(draft);
    }

    /// Anna's node may close votes, and says something of the register. What these entries carry is
    /// not looked at here: any bytes will do.
    fn register(&mut self) {
        let (book, anna) = (&mut self.book, &self.anna);
        let validator = key(0x15);
        let purpose = Purpose::Validator;
        let grant = Record::Grant(Grant {
            purpose,
            key: validator.public(),
            person: None,
            roles: Roles::none(),
            custody: Custody::Node,
            number: 1,
            proof: Grant::prove(&validator, &book.federation, &anna.id(), purpose, None),
        });
        let draft = book.draft("anna.validator", &anna.root, anna.record, "keys", &grant);
        let granted = book.write(draft);
        let founding = Record::Founding(record::Founding {
            beginning: b"a beginning".to_vec(),
        });
        let declaring = Record::Declaring(record::Declaring {
            declaration: b"a declaration".to_vec(),
        });
        let recovering = Record::Recovering(record::Recovering {
            voice: b"a voice".to_vec(),
        });
        let evidence = Record::Evidence(record::Evidence {
            contradiction: b"a contradiction".to_vec(),
        });
        let draft = book.draft("anna.evidence", &validator, granted, "register", &evidence);
        book.write(draft);
        for (name, record) in [
            ("founding", founding),
            ("declaring", declaring),
            ("recovering", recovering),
        ] {
            let name = format!("anna.{name}");
            let draft = book.draft(&name, &anna.delegate, anna.grant, "register", &record);
            book.write(draft);
        }
        let proposal = record::Proposal {
            title: "Carla's co-op moves to the producers".to_owned(),
            content: Content::of("It runs servers now.").expect("a text").0,
            rule: "consent".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
        };
        let effect = Effect::Class {
            member: self.carla.id(),
            class: "producer".to_owned(),
        };
        let content = proposal.content.clone();
        let measure = Record::Measure(record::Measure { proposal, effect });
        let (delegate, grant) = (&anna.delegate, anna.grant);
        let draft = book.draft("anna.measure", delegate, grant, "proposals", &measure);
        let measure = book.write(draft);
        let amended = Record::AmendedMeasure(record::AmendedMeasure {
            amendment: record::Amendment {
                proposal: measure,
                number: 2,
                previous: measure,
                title: "Carla's co-op is expelled".to_owned(),
                content,
            },
            effect: Effect::Expulsion {
                member: self.carla.id(),
            },
        });
        let digits: String = measure.to_string().chars().take(32).collect();
        let area = format!("proposals/{digits}");
        let draft = book.draft("anna.amended-measure", delegate, grant, &area, &amended);
        book.write(draft.referring_to(vec![measure]));
        let answer = Record::Answer(record::Answer {
            phase: measure,
            revision: 1,
            act: record::AnswerAct::CallVote,
        });
        let draft = book.draft("anna.answer", delegate, anna.mandate, "ballots", &answer);
        book.write(draft);
        let (root, contribution) = (key(0x16), "ten hours a month");
        let applicant = Applicant::sign(
            &book.federation,
            &root,
            ("Emma's co-op", "consumer"),
            ("We hold classes.", contribution),
            Hash([7; 32]),
            Some(anna.id()),
        );
        let newcomer = applicant.newcomer.clone();
        let applying = Record::Applying(record::Applying { applicant });
        let (node, node_grant) = (&anna.node, anna.node_grant);
        let draft = book.draft("anna.applying", node, node_grant, "applications", &applying);
        book.write(draft);
        let enter = Record::Enter(record::Enter {
            member: MemberId(root.public().0),
            newcomer,
        });
        let federation = EntryId(book.federation.0);
        let draft = book.draft("emma.enter", &root, federation, "members", &enter);
        book.write(draft);
        for part in record::Witness::parts_of(b"a message") {
            let record = Record::Witness(part);
            let draft = book.draft("anna.witness", &validator, granted, "receipts", &record);
            book.write(draft);
        }
        let report = Record::Report(record::Report {
            proposal: measure,
            recommends_vote: true,
        });
        let (worker, grant) = (&self.worker, self.worker_grant);
        let draft = book.draft("anna.report", worker, grant, &area, &report);
        book.write(draft.with_note("We listened to both sides. A vote would help now."));
    }

    /// Anna's node describes a server and a tenant, places a meeting and says what it used.
    fn meet(&mut self) {
        let (book, anna) = (&mut self.book, &self.anna);
        for (name, area, record) in meetings(anna.id(), anna.node.public()) {
            let draft = book.draft(name, &anna.node, anna.node_grant, area, &record);
            book.write(draft.for_audience(Audience::Organisations));
        }
    }

    /// Dora's co-op applies, is admitted by two founders, and joins.
    fn admit(&mut self) {
        let book = &mut self.book;
        let dora = &mut self.dora;
        let newcomer = Newcomer {
            root: dora.root.public(),
            name: "Dora's co-op".to_owned(),
            class: "consumer".to_owned(),
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
        let yes = Record::Hosting(Hosting {
            member: dora.id(),
            number: 1,
            accepts: true,
        });
        let draft = book.draft("anna.hosting", &anna.node, anna.node_grant, "hosts", &yes);
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
        let choice = Record::Host(Host {
            host: anna.id(),
            number: 1,
        });
        let draft = book.draft("dora.host", &dora.root, dora.record, "hosts", &choice);
        book.write(draft);
        empower(book, "dora", dora, Roles::DELEGATE);
    }
}

/// Gives a member's delegate its key and its mandate.
fn empower(book: &mut Book, name: &str, member: &mut Member, roles: Roles) {
    let given = (roles, Custody::Node);
    let grant = person_grant(member.id(), &member.delegate, member.person, given);
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

/// The records of servers and meetings, with the areas they belong to.
fn meetings(
    member: MemberId,
    node: domain::key::PublicKey,
) -> [(&'static str, &'static str, Record); 4] {
    let server = record::Server {
        nonce: [7; 16],
        name: "Girona 1".to_owned(),
        url: "https://meet.example.org".to_owned(),
        region: "eu-south".parse().expect("a region"),
        service: record::Service::Open,
        capability: record::Capability {
            cpu_units: 608,
            net_out_kbit_s: 1_000_000,
            users: 200,
            rooms: 40,
            room_users: 200,
        },
        features: ["dedicated", "recording"].map(str::to_owned).into(),
        share_percent: 50,
        energy: "solar".to_owned(),
        cost: record::Currency::parse("EUR").map(|currency| record::MonthlyCost {
            minor_units: 3_000,
            currency,
        }),
    };
    let tenant = record::Tenant {
        nonce: [8; 16],
        name: "Anna's rooms".to_owned(),
        member,
        home: node,
        region: Some(server.region.clone()),
        ended: false,
    };
    let (at, of) = (Timestamp(1_780_000_000_000), tenant.id(member));
    let placement = record::Placement {
        tenant: of,
        room: record::Room::of(of, "weekly"),
        server: server.id(member),
        at,
        standing: record::Standing::Placed,
    };
    let usage = record::Usage {
        from: at,
        until: at.plus_seconds(3_600),
        rows: vec![record::UsageRow {
            server: placement.server,
            tenant: of,
            member,
            meetings: 1,
            participant_minutes: 340,
            peak: 9,
        }],
    };
    let placing = record::Placing {
        placements: vec![placement],
    };
    [
        ("anna.server", "servers", Record::Server(server)),
        ("anna.tenant", "tenants", Record::Tenant(tenant)),
        ("anna.placing", "placements", Record::Placing(placing)),
        ("anna.usage", "usage", Record::Usage(usage)),
    ]
}
