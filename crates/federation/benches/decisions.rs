//! What a page pays to say how decisions stand: `cargo bench -p federation`.
//!
//! Five hundred members, each with a delegate. A hundred thousand ballots are either all of one vote
//! (every member used every revision of 25 mandates) or of two hundred votes that are listed.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use domain::{
    cbor::Encode,
    charter::Charter,
    decision::{self, Choice},
    entry::Entry,
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, ProposalId, Timestamp},
    record::{
        Admission, Ballot, Elector, Join, Newcomer, Opening, Proposal, Record, Roles, version_hash,
    },
    text::Content,
};
use federation::{Core, Input, Settings};
use replica::testing::{Author, BEGIN, grant_person, key, mandate};

const MEMBERS: u64 = 500;
const FOUNDERS: u64 = 3;
const CLASSES: [&str; 3] = ["producer", "consumer", "individual"];
const RULE: &str = "class-weighted";

/// A member with the keys that act for it.
struct Actor {
    root: Author,
    delegate: Author,
    class: &'static str,
    /// Its `found` or `join`.
    record: EntryId,
    /// Its mandates, in order.
    mandates: Vec<EntryId>,
}

struct Scene {
    genesis: Genesis,
    entries: Vec<Entry>,
    actors: Vec<Actor>,
    now: Timestamp,
}

impl Scene {
    /// The members, each with so many mandates.
    fn new(mandates: u64) -> Self {
        let mut numbers: Vec<u64> = (0..FOUNDERS).collect();
        numbers.sort_unstable_by_key(|number| key(*number).public());
        let class = |number: u64| CLASSES[(number % 3) as usize];
        let founders = numbers.iter().map(|number| Founder {
            root: key(*number).public(),
            name: format!("Co-op {number}"),
            class: class(*number).to_owned(),
        });
        let genesis = Genesis {
            name: "Bench".to_owned(),
            created: BEGIN,
            founders: founders.collect(),
            charter: Charter::default().to_bytes(),
            nonce: [7; 32],
            requires: Vec::new(),
        };
        let mut scene = Self {
            genesis,
            entries: Vec::new(),
            actors: Vec::new(),
            now: BEGIN,
        };
        for number in numbers.into_iter().chain(FOUNDERS..MEMBERS) {
            scene.admit(number, class(number), mandates);
        }
        scene
    }

    fn admit(&mut self, number: u64, class: &'static str, mandates: u64) {
        let federation = self.genesis.federation();
        let mut root = Author::new(federation, number);
        let delegate = Author::new(federation, MEMBERS + number);
        let newcomer = Newcomer {
            root: root.key(),
            class: class.to_owned(),
            name: format!("Co-op {number}"),
        };
        let message = newcomer.message(&federation);
        let founders = self.genesis.founders.iter().map(|founder| founder.root);
        let admission = |founder| {
            let secret = (0..FOUNDERS).map(key).find(|key| key.public() == founder);
            let signature = secret.unwrap().sign(&message);
            Admission { founder, signature }
        };
        let first = if number < FOUNDERS {
            Record::Found(domain::record::Found)
        } else {
            let admissions = founders.map(admission).collect();
            Record::Join(Join {
                newcomer,
                admissions,
            })
        };
        let member = MemberId(root.key().0);
        let mut entries = vec![root.write(EntryId(federation.0), self.now, &first)];
        let record = root.id(1);
        let grant = grant_person(&delegate, member, Roles::DELEGATE);
        entries.push(root.write(record, self.now, &grant));
        let mut own = Vec::new();
        for number in 1..=mandates {
            entries.push(root.write(record, self.now, &mandate(number, &[delegate.key()])));
            own.push(root.tip().unwrap().1);
        }
        self.entries.extend(entries);
        self.actors.push(Actor {
            root,
            delegate,
            class,
            record,
            mandates: own,
        });
    }

    /// A vote in which every member votes with every revision under every mandate.
    fn vote(&mut self, number: u64, revisions: u8) -> ProposalId {
        self.now = self.now.plus_seconds(600);
        let title = format!("Proposal {number}");
        let (content, _) = Content::of("Its text.").unwrap();
        let charter = Charter::default();
        let (text, rule) = (version_hash(&title, &content), RULE.to_owned());
        let (first, now) = (&mut self.actors[0], self.now);
        let mandate = first.mandates[0];
        let proposal = Record::Proposal(Proposal {
            title,
            content,
            rule: rule.clone(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
        });
        self.entries
            .push(first.delegate.write(mandate, now, &proposal));
        let proposal = first.delegate.tip().unwrap().1;
        let period_ms = decision::period(RULE.parse().unwrap(), false, &charter) * 1_000;
        let (late_block_ms, extension_ms) = decision::extensions(period_ms, &charter);
        let electors = self.actors.iter().map(|actor| Elector {
            member: MemberId(actor.root.key().0),
            class: actor.class.to_owned(),
            root: actor.root.key(),
            record: actor.record,
        });
        let mut electorate: Vec<Elector> = electors.collect();
        electorate.sort_unstable();
        let opening = Record::Opening(Opening {
            proposal,
            version: proposal,
            text,
            rule,
            charter: charter.hash(),
            deadline: now.plus_ms(period_ms),
            late_block_ms,
            extension_ms,
            electorate,
        });
        let first = &mut self.actors[0];
        self.entries
            .push(first.delegate.write(mandate, now, &opening));
        let phase = first.delegate.tip().unwrap().1;
        for (place, actor) in self.actors.iter_mut().enumerate() {
            for mandate in &actor.mandates {
                for revision in 1..=revisions {
                    let agrees = (place + usize::from(revision)) % 5 > 0;
                    let ballot = Record::Ballot(Ballot {
                        phase,
                        revision,
                        version: text,
                        choice: if agrees {
                            Choice::Agree
                        } else {
                            Choice::Abstain
                        },
                        aim: None,
                        reason_characters: 0,
                    });
                    let entry = actor
                        .delegate
                        .write(*mandate, now.plus_seconds(60), &ballot);
                    self.entries.push(entry);
                }
            }
        }
        proposal
    }

    /// The core of a node that was started with all of it.
    fn core(&self) -> Core {
        let settings = Settings {
            node: key(9_999_999).public(),
            seed: [0; 32],
        };
        let mut core = Core::new(self.genesis.clone(), settings).unwrap();
        for entry in &self.entries {
            core.restore(&entry.to_bytes(), self.now).unwrap();
        }
        let (clean, alone) = (true, true);
        core.handle(self.now, Input::Start { clean, alone });
        core
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("decisions");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(100_000));

    let mut scene = Scene::new(25);
    let proposal = scene.vote(1, 8);
    let (core, end) = (scene.core(), scene.now.plus_seconds(30 * 86_400));
    let decision = core.decision(&proposal, end).unwrap();
    let phase = decision.phase.as_ref().unwrap();
    assert_eq!(
        (phase.ballots.len(), phase.count.counted.len()),
        (100_000, 500)
    );
    group.bench_function("one vote of 100,000 ballots", |bencher| {
        bencher.iter(|| black_box(core.decision(&proposal, end)));
    });
    drop(decision);

    let mut scene = Scene::new(1);
    let proposals: Vec<ProposalId> = (0..200).map(|number| scene.vote(number, 1)).collect();
    let (core, end) = (scene.core(), scene.now.plus_seconds(30 * 86_400));
    group.bench_function("200 votes of 500 ballots", |bencher| {
        bencher.iter(|| {
            for proposal in &proposals {
                black_box(core.decision(proposal, end));
            }
        });
    });
    group.finish();
    criterion.final_summary();
}
