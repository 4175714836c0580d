//! A co-op without a node is admitted, served by a host, votes, and moves to another.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;

use domain::{
    charter::Charter,
    decision::Choice,
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Admission, Admit, Custody, Delegate, Grant, Join, Newcomer, Purpose, Roles},
};
use federation::{Act, Core, Input, Output, Refused, Settings};
use replica::view::HostState;

const START: Timestamp = Timestamp(1_800_000_000_000);

/// A core with a disk that is durable at once.
struct World {
    core: Core,
    tickets: u64,
}

/// The key of member 1 or 2, who founded, or 3, who joins: `what` is 1 for the root, 2 the node,
/// 3 and 4 persons.
fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

fn id(member: u8) -> MemberId {
    MemberId(key(member, 1).public().0)
}

impl World {
    fn new() -> Self {
        let mut founders: Vec<Founder> = (1..=2)
            .map(|member| Founder {
                root: key(member, 1).public(),
                name: format!("Co-op {member}"),
                class: "producer".to_owned(),
            })
            .collect();
        founders.sort();
        let genesis = Genesis {
            name: "Test".to_owned(),
            created: START,
            founders,
            charter: Charter::default().to_bytes(),
            nonce: [1; 32],
            requires: Vec::new(),
        };
        let settings = Settings {
            node: key(1, 2).public(),
            seed: [1; 32],
        };
        let core = Core::new(genesis, settings).unwrap();
        let mut world = Self { core, tickets: 0 };
        let (clean, alone) = (true, true);
        let outputs = world.core.handle(START, Input::Start { clean, alone });
        drop(outputs);
        for member in 1..=2 {
            world.act(&key(member, 1), Act::Found).unwrap();
            world.grant(member, 2, Purpose::Node, Roles::none());
            world.empower(member, &[3]);
        }
        world
    }

    fn act(&mut self, key: &SecretKey, act: Act) -> Result<EntryId, Refused> {
        self.tickets += 1;
        let (ticket, mut answer) = (self.tickets, None);
        let mut inputs = VecDeque::from([Input::Act {
            ticket,
            key: key.clone(),
            act,
            random: [ticket as u8; 32],
        }]);
        while let Some(input) = inputs.pop_front() {
            let now = START.plus_seconds(ticket);
            for output in self.core.handle(now, input) {
                match output {
                    Output::Persist { number, .. } => inputs.push_back(Input::Persisted(number)),
                    Output::Answer { result, .. } => answer = Some(result),
                    _ => {}
                }
            }
        }
        answer.unwrap()
    }

    fn grant(&mut self, member: u8, what: u8, purpose: Purpose, roles: Roles) {
        let person = (purpose == Purpose::Person).then_some(PersonId([member * 16 + what; 16]));
        let held = key(member, what);
        let proof = Grant::prove(&held, &self.core.federation(), &id(member), purpose, person);
        let grant = Act::Grant {
            purpose,
            key: held.public(),
            person,
            roles,
            custody: Custody::Person,
            proof: Some(proof),
        };
        self.act(&key(member, 1), grant).unwrap();
    }

    /// Persons' keys become delegates of a member, all of them under one mandate.
    fn empower(&mut self, member: u8, persons: &[u8]) {
        let roles = Roles::STEWARD.with(Roles::DELEGATE);
        for what in persons {
            self.grant(member, *what, Purpose::Person, roles);
        }
        let delegates = persons.iter().map(|what| Delegate {
            key: key(member, *what).public(),
            person: PersonId([member * 16 + what; 16]),
        });
        let delegates = delegates.collect();
        self.act(&key(member, 1), Act::Mandate { delegates })
            .unwrap();
    }

    /// Both founders admit member 3, and it joins.
    fn join(&mut self, class: &str) {
        let newcomer = Newcomer {
            root: key(3, 1).public(),
            name: "Buyers".to_owned(),
            class: class.to_owned(),
        };
        let message = newcomer.message(&self.core.federation());
        let mut admissions = Vec::new();
        for founder in [key(1, 1), key(2, 1)] {
            let signature = founder.sign(&message);
            let admit = Admit {
                newcomer: newcomer.clone(),
                signature,
            };
            self.act(&founder, Act::Admit(admit.clone())).unwrap();
            // One founder counts once, and hears so.
            let again = self.act(&founder, Act::Admit(admit)).unwrap_err();
            assert!(matches!(again, Refused::AdmittedAlready(_)), "{again}");
            let founder = founder.public();
            admissions.push(Admission { founder, signature });
        }
        admissions.sort_by_key(|admission| admission.founder);
        let join = Join {
            newcomer,
            admissions,
        };
        self.act(&key(3, 1), Act::Join(join)).unwrap();
    }

    fn answer(&mut self, founder: u8, accepts: bool) -> Result<EntryId, Refused> {
        let member = id(3);
        self.act(
            &key(founder, 2 + u8::from(founder == 2)),
            Act::Hosting { member, accepts },
        )
    }

    fn choose(&mut self, host: MemberId) -> Result<EntryId, Refused> {
        self.act(&key(3, 1), Act::Host { host })
    }
}

#[test]
fn a_co_op_without_a_node_is_hosted_votes_and_moves() {
    let mut world = World::new();
    // The offer of a node, before anybody has admitted the newcomer.
    world.answer(1, true).unwrap();
    world.join("consumer");
    world.choose(id(1)).unwrap();
    let hosted = world.core.view().hosted(&id(3)).unwrap();
    assert_eq!((hosted.host, hosted.number), (Some(id(1)), 1));
    world.empower(3, &[3, 4]);

    let propose = Act::Propose {
        title: "Shared servers".to_owned(),
        text: "We rent one.".to_owned(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let proposal = world.act(&key(3, 4), propose).unwrap();
    world.act(&key(3, 3), Act::Open { proposal }).unwrap();
    let version = world.core.decision(&proposal, START).unwrap().version.hash;
    let vote = |choice| Act::Vote {
        proposal,
        version,
        choice,
        aim: None,
        reason: String::new(),
    };
    // Either delegate of the one mandate votes for the co-op; the last one counts.
    world.act(&key(3, 3), vote(Choice::Agree)).unwrap();
    world.act(&key(3, 4), vote(Choice::Abstain)).unwrap();
    let now = START.plus_seconds(world.tickets);
    let decision = world.core.decision(&proposal, now).unwrap();
    let counted = &decision.phase.as_ref().unwrap().count.counted[&id(3)];
    assert_eq!(counted.choice, Choice::Abstain);

    world.choose(id(2)).unwrap();
    let view = world.core.view();
    assert_eq!(view.hosted(&id(3)).unwrap().state, HostState::Pending);
    assert_eq!(view.host_of(&id(3)), id(1), "until the new host says yes");
    world.answer(2, true).unwrap();
    assert_eq!(world.core.view().host_of(&id(3)), id(2));
    assert_eq!(world.core.view().votes_held()[&id(2)], 2);
    // What was voted under the old host counts on.
    let decision = world.core.decision(&proposal, now).unwrap();
    assert!(decision.phase.unwrap().count.counted.contains_key(&id(3)));
}

#[test]
fn a_host_that_does_not_exist_or_has_no_node_is_refused_and_nothing_is_stored() {
    let mut world = World::new();
    world.answer(1, true).unwrap();
    world.join("consumer");
    let before = world.core.replica().len();
    let nobody = MemberId([9; 32]);
    let unknown = world.choose(nobody);
    assert_eq!(unknown, Err(Refused::UnknownMember(nobody.to_string())));
    let itself = world.choose(id(3));
    assert_eq!(itself, Err(Refused::NoNode("your co-op".to_owned())));
    assert_eq!(world.core.replica().len(), before);
    world.choose(id(1)).unwrap();
    let again = world.choose(id(1));
    assert_eq!(again, Err(Refused::AlreadyHost("Co-op 1".to_owned())));
}

#[test]
fn a_host_that_was_not_chosen_cannot_claim_a_member() {
    let mut world = World::new();
    world.answer(1, true).unwrap();
    world.join("consumer");
    world.choose(id(1)).unwrap();
    let claim = world.answer(2, true);
    let (member, chosen) = ("Buyers".to_owned(), "Co-op 1".to_owned());
    assert_eq!(claim, Err(Refused::NotChosen { member, chosen }));
    // Its own host may end it.
    world.answer(1, false).unwrap();
    assert_eq!(world.core.view().hosted(&id(3)).unwrap().host, None);
}

#[test]
fn a_delegate_of_an_old_mandate_is_told_so() {
    let mut world = World::new();
    world.join("consumer");
    world.empower(3, &[3]);
    world.empower(3, &[4]);
    let propose = Act::Propose {
        title: "Shared servers".to_owned(),
        text: "We rent one.".to_owned(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let proposal = world.act(&key(3, 4), propose).unwrap();
    world.act(&key(3, 4), Act::Open { proposal }).unwrap();
    let version = world.core.decision(&proposal, START).unwrap().version.hash;
    let vote = Act::Vote {
        proposal,
        version,
        choice: Choice::Agree,
        aim: None,
        reason: String::new(),
    };
    let refused = world.act(&key(3, 3), vote.clone()).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("mandate") && said.contains('2'), "{said}");
    world.act(&key(3, 4), vote).unwrap();
}
