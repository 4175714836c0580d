//! Four nodes with the register: a vote becomes final on all of them, through stored entries alone,
//! and a node that starts again goes on where it was.

#![expect(
    clippy::unwrap_used,
    reason = "a node that cannot go on has failed the test"
)]

#[path = "register/attacks.rs"]
mod attacks;
#[path = "register/beginnings.rs"]
mod beginnings;
#[path = "register/evidence.rs"]
mod evidence;
#[path = "register/mediation.rs"]
mod mediation;
#[path = "register/office.rs"]
mod office;
#[path = "register/recovery.rs"]
mod recovery;
#[path = "register/second.rs"]
mod second;
mod support;

use std::collections::BTreeSet;

use domain::{
    cbor::{Decode, Encode},
    decision::{Choice, Verdict},
    effect::{Effect, Someone, root_message},
    entry::Entry,
    id::{CircleId, Hash, PersonId, Timestamp},
    record::{self, Founding, Record, Witness},
};
use federation::{Act, Input, Output, Refused, Standing, State, message::Message};
use register::{
    chain::Ending,
    declaration::{Declaration, Matter},
    manifest::Manifest,
    order::Departure,
    registrar, witness,
};
use replica::view::HostState;
use support::{MINUTE_MS, World, applicant, id, key, other_charter, propose};

#[test]
fn an_amended_charter_holds_on_every_node_and_for_later_votes_only() {
    let mut world = World::new();
    let old = world.nodes[0].core.charter().hash();
    let effect =
        other_charter(|text| text.replace("regular-seconds = 604800", "regular-seconds = 86400"));
    let amendment = world.decide("charter", effect);
    for node in 0..4 {
        assert_eq!(world.state(node, amendment), State::Closed(Verdict::Passed));
        let charter = world.nodes[node].core.charter();
        assert_ne!(charter.hash(), old);
    }
    let [first, second] = world.nodes[3].core.charters_in_force() else {
        panic!("two charters");
    };
    assert_eq!((first.charter, first.height), (old, 1));
    assert_eq!(second.height, world.heights()[3]);
    assert!(world.nodes[3].core.charter_of(&old).is_some());
    // A vote by the new one.
    let next = world.propose(1);
    world.open_up(next);
    let chain = world.nodes[2].core.register_chain().unwrap();
    let phase = chain.open_phase(&next, &id(1)).unwrap();
    assert_eq!(phase.deadline.since_ms(phase.opened), 24 * 60 * MINUTE_MS);
    world.vote(2, next);
    world.vote(1, next);
    world.end_of(next);
    assert_eq!(world.state(3, next), State::Closed(Verdict::Passed));
    // Nothing of it is lost by starting again.
    world.restart(2);
    assert_eq!(world.nodes[2].core.charters_in_force().len(), 2);
    assert_eq!(world.state(2, amendment), State::Closed(Verdict::Passed));
    assert_eq!(world.state(2, next), State::Closed(Verdict::Passed));
}

#[test]
fn an_applicant_is_admitted_by_decision_and_takes_part() {
    let mut world = World::new();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply);
    let known = &world.nodes[0].core.view().candidates[&key(5, 1).public()];
    assert_eq!((&known.applicant, known.through), (&applicant, id(2)));
    world.decide("", Effect::Admission(applicant));
    let order = world.nodes[3].core.order().unwrap();
    assert!(order.members().contains_key(&id(5)));
    world.enter(5);
    for node in 0..5 {
        let members = &world.nodes[node].core.view().members;
        assert_eq!(members[&id(5)].name, "Co-op 5", "node {node}");
    }
    // What it says is heard, and its vote counts like any other.
    let proposal = world.act(4, &key(5, 3), propose("", None));
    world.act(4, &key(5, 3), Act::Open { proposal });
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    world.vote(5, proposal);
    world.vote(1, proposal);
    let chain = world.nodes[0].core.register_chain().unwrap();
    let phase = chain.open_phase(&proposal, &id(5)).unwrap();
    assert_eq!(phase.electorate.len(), 5);
    let deadline = phase.deadline;
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    assert_eq!(world.state(4, proposal), State::Closed(Verdict::Passed));
    assert_eq!(world.heights(), [world.heights()[0]; 5]);
}

#[test]
fn an_applicant_hears_how_far_its_application_is() {
    let world = World::before_the_register();
    let (now, root) = (world.now, key(5, 1).public());
    let before = world.nodes[0].core.standing(&root, now);
    assert_eq!(before, Standing::NoRegister);
    let mut world = World::new();
    let standing = |world: &World| world.nodes[3].core.standing(&root, world.now);
    assert_eq!(standing(&world), Standing::Unknown);
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply);
    assert_eq!(standing(&world), Standing::Waiting);
    let effect = Effect::Admission(applicant.clone());
    let proposal = world.act(0, &key(1, 3), propose("", Some(effect)));
    assert_eq!(standing(&world), Standing::Proposed(proposal));
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    let chain = world.nodes[3].core.register_chain().unwrap();
    let until = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    assert_eq!(standing(&world), Standing::Voting { proposal, until });
    (1..=3).for_each(|member| world.vote(member, proposal));
    world.end_of(proposal);
    let (member, newcomer) = (id(5), applicant.newcomer);
    let admitted = Standing::Admitted { member, newcomer };
    assert_eq!(standing(&world), admitted);
    let listed = world.nodes[3].core.candidates(world.now);
    assert_eq!(listed.len(), 1, "it has not entered yet");
    world.enter(5);
    assert!(world.nodes[3].core.candidates(world.now).is_empty());
}

#[test]
fn who_was_refused_hears_why_and_waits_again_once_it_applies_again() {
    let mut world = World::new();
    let root = key(5, 1).public();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply.clone());
    let proposal = world.act(
        0,
        &key(1, 3),
        propose("consent", Some(Effect::Admission(applicant))),
    );
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    (1..=3).for_each(|member| world.choose(member, proposal, Choice::Block));
    world.end_of(proposal);
    let standing = |world: &World| world.nodes[3].core.standing(&root, world.now);
    let Standing::Refused { proposal: by, why } = standing(&world) else {
        panic!("{:?}", standing(&world));
    };
    assert_eq!(by, proposal);
    assert!(why.contains("blocked"), "{why}");
    world.now = world.now.plus_ms(MINUTE_MS);
    world.act(1, &key(2, 2), apply);
    assert_eq!(standing(&world), Standing::Waiting);
}

#[test]
fn an_application_on_the_terms_of_an_earlier_charter_is_outdated() {
    let mut world = World::new();
    let root = key(5, 1).public();
    let applicant = applicant(&world.nodes[0].core, 5);
    let apply = Act::ApplyToAll(Box::new(applicant.clone()));
    world.act(1, &key(2, 2), apply.clone());
    world.act(
        0,
        &key(1, 3),
        propose("", Some(Effect::Admission(applicant))),
    );
    let change = other_charter(|text| text.replace("604800", "86400"));
    world.decide("charter", change);
    let core = &world.nodes[3].core;
    let charter = core.charter().hash();
    let outdated = Standing::Outdated { charter };
    assert_eq!(core.standing(&root, world.now), outdated);
    let refused = world.refused(1, &key(2, 2), apply);
    assert!(matches!(refused, Refused::Effect(_)), "{refused}");
}

#[test]
fn nobody_enters_whom_the_register_has_not_admitted() {
    let mut world = World::new();
    world.enter(5);
    for node in 0..4 {
        let view = world.nodes[node].core.view();
        assert!(!view.members.contains_key(&id(5)), "node {node}");
    }
}

#[test]
fn who_is_expelled_signs_nothing_more_and_is_let_go_of() {
    let mut world = World::new();
    let member = id(4);
    world.decide("", Effect::Expulsion { member });
    let core = &world.nodes[0].core;
    assert!(!core.view().members.contains_key(&member));
    assert_eq!(core.view().member_name(&member), "Co-op 4");
    assert!(!core.roster().contains_key(&key(4, 2).public()));
    assert!(core.roster().contains_key(&key(3, 2).public()));
    let refused = world.refused(3, &key(4, 3), propose("", None));
    assert!(matches!(refused, Refused::Departed { .. }), "{refused}");
}

#[test]
fn a_member_is_served_by_the_host_that_a_decision_gave_it_until_it_chooses_anew() {
    let mut world = World::new();
    let (member, host) = (id(4), id(1));
    world.decide("", Effect::Host { member, host });
    // After a restart the first decision of a register is still told from what was before it.
    world.restart(2);
    for (at, node) in world.nodes.iter().enumerate() {
        let view = node.core.view();
        let hosted = view.hosted(&member).unwrap();
        assert_eq!(
            (hosted.host, hosted.state),
            (Some(host), HostState::InForce)
        );
        assert!(hosted.decided.is_some(), "node {at}");
        assert_eq!(view.hosts()[&host], BTreeSet::from([member]), "node {at}");
        assert_eq!(view.votes_held()[&host], 2, "node {at}");
    }
    let end = Act::Hosting {
        member,
        accepts: false,
    };
    let refused = world.refused(0, &key(1, 2), end);
    assert!(
        matches!(refused, Refused::HostByDecision { .. }),
        "{refused}"
    );
    let other = id(2);
    world.act(3, &key(4, 1), Act::Host { host: other });
    let hosted = world.nodes[0].core.view().hosted(&member).unwrap();
    assert_eq!(
        (hosted.host, hosted.state),
        (Some(host), HostState::Pending)
    );
    let accepts = true;
    world.act(1, &key(2, 2), Act::Hosting { member, accepts });
    let hosted = world.nodes[0].core.view().hosted(&member).unwrap();
    assert_eq!((hosted.host, hosted.decided), (Some(other), None));
}

#[test]
fn what_a_member_chose_before_a_decision_on_its_host_counts_no_more() {
    let mut world = World::new();
    let (member, host) = (id(4), id(1));
    world.act(3, &key(4, 1), Act::Host { host: id(2) });
    let accepts = true;
    world.act(1, &key(2, 2), Act::Hosting { member, accepts });
    assert_eq!(world.nodes[0].core.view().host_of(&member), id(2));
    world.decide("", Effect::Host { member, host });
    for node in &world.nodes {
        assert_eq!(node.core.view().host_of(&member), host);
    }
}

#[test]
fn a_root_key_that_a_decision_put_in_the_place_of_another_signs_and_the_old_one_no_longer() {
    let mut world = World::new();
    let (member, old, new) = (id(4), key(4, 1), key(9, 1));
    let federation = world.nodes[0].core.federation();
    assert_eq!(world.nodes[3].core.takes_up(&old.public()), None);
    let proof = new.sign(&root_message(&federation, &member));
    let root = new.public();
    world.decide(
        "",
        Effect::Root {
            member,
            root,
            proof,
        },
    );
    let mandate = Act::Mandate {
        delegates: Vec::new(),
    };
    let refused = world.refused(3, &old, mandate.clone());
    assert!(matches!(refused, Refused::Right { .. }), "{refused}");
    let early = world.refused(3, &new, mandate);
    assert!(
        matches!(early, Refused::Right { .. }),
        "it begins its log first: {early}"
    );
    let mut acts = 0;
    while let Some(act) = world.nodes[3].core.takes_up(&root) {
        world.act(3, &new, act);
        acts += 1;
    }
    assert_eq!(
        acts, 3,
        "it enters, ends the old key, and signs the mandate"
    );
    // Who stole the old key writes on with another node's release, dated as it likes: it stands nowhere.
    let before = world.nodes[0].core.replica().tip(&old.public());
    let stolen = Record::Mandate(record::Mandate {
        number: 9,
        delegates: Vec::new(),
    });
    world.steals(&old, before, &stolen);
    world.restart(1);
    for (at, node) in world.nodes.iter().enumerate() {
        let view = node.core.view();
        let known = &view.members[&member];
        assert_eq!(known.root, root, "node {at}");
        let mandate = known.mandate.as_ref().unwrap();
        assert_eq!(
            (mandate.number, mandate.delegates.len()),
            (2, 1),
            "node {at}"
        );
        assert_eq!(view.member_of(&old.public()), None, "node {at}");
    }
    // Its delegate votes on under the new mandate.
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=4 {
        world.vote(member, proposal);
    }
    world.end_of(proposal);
    let decision = world.nodes[2].core.decision(&proposal, world.now).unwrap();
    let counted = decision.phase.unwrap().count.counted.clone();
    assert!(counted.contains_key(&member), "{counted:?}");
}

/// A circle that member 1 keeps.
fn circle(world: &mut World) -> CircleId {
    let circle = record::Circle {
        nonce: [1; 16],
        name: "Servers".to_owned(),
        domain: "Servers.".to_owned(),
        rhythm: String::new(),
        ended: false,
    };
    let circle_id = circle.id(id(1));
    world.act(0, &key(1, 4), Act::Circle(circle));
    circle_id
}

#[test]
fn who_coordinates_a_circle_by_decision_is_shown_there_until_the_term_ends() {
    let mut world = World::new();
    let circle = circle(&mut world);
    let said = record::Role {
        circle,
        person: PersonId([3; 16]),
        title: "Coordinator".to_owned(),
        until: None,
    };
    world.act(2, &key(3, 4), Act::Role(said));
    let until = world.now.plus_ms(30 * 24 * 60 * MINUTE_MS);
    let holder = Someone {
        member: id(2),
        person: PersonId([2; 16]),
    };
    let office = Effect::Office {
        circle: Some(circle),
        title: "coordinator".to_owned(),
        holder: Some(holder),
        until: Some(until),
    };
    world.decide("", office);
    world.restart(3);
    for (at, node) in world.nodes.iter().enumerate() {
        let coordinates = |now| {
            let people = node.core.view().participants(&circle, now);
            let people = people.iter().filter(|each| each.coordinates());
            people.map(|each| each.member).collect::<Vec<_>>()
        };
        assert_eq!(
            coordinates(world.now),
            [id(2)],
            "node {at}: what was decided"
        );
        assert_eq!(coordinates(until), [id(3)], "node {at}: the term is over");
        let term = node.core.view().coordinator_term(&circle, Timestamp::MAX);
        assert_eq!(term, None, "node {at}: somebody has no term");
    }
    // It is one of the circle's people without having joined.
    let action = record::Action {
        action: None,
        circle,
        member: id(2),
        person: None,
        due: None,
        source: None,
        state: record::ActionState::Open,
    };
    let words = "Order two servers".to_owned();
    let begun = world.act(1, &key(2, 4), Act::Action { action, words });
    assert!(world.nodes[0].core.view().action(&begun).is_some());
    // Another decision ends it.
    let nobody = Effect::Office {
        circle: Some(circle),
        title: "coordinator".to_owned(),
        holder: None,
        until: None,
    };
    world.decide("", nobody);
    let view = world.nodes[0].core.view();
    let people = view.participants(&circle, world.now);
    assert!(people.iter().all(|each| each.member != id(2)), "{people:?}");
    assert!(view.action(&begun).is_some(), "it was of the circle then");
}

#[test]
fn who_leaves_hears_of_it_before_it_is_let_go_of() {
    let mut world = World::new();
    let (member, node) = (id(4), key(4, 2).public());
    let federation = world.nodes[0].core.federation();
    let leaves = Declaration::sign(&federation, &key(4, 1), (member, 1), Matter::Leave);
    let declaration = leaves.to_bytes();
    world.act(3, &key(4, 1), Act::Declare { declaration });
    world.run(world.now.plus_ms(5 * MINUTE_MS));
    for (at, own) in world.nodes.iter().enumerate() {
        let former = own.core.order().unwrap().former();
        assert_eq!(former[&member].departure, Departure::Left, "node {at}");
        assert!(!own.core.view().members.contains_key(&member), "node {at}");
    }
    assert!(world.nodes[0].core.roster().contains_key(&node));
    assert!(
        world.nodes[3].core.roster().is_empty(),
        "it waits for nobody"
    );
    world.run(world.now.plus_ms(10 * MINUTE_MS));
    assert!(!world.nodes[0].core.roster().contains_key(&node));
    let refused = world.refused(3, &key(4, 3), propose("", None));
    assert!(matches!(refused, Refused::Departed { .. }), "{refused}");
    // The votes of the three that stay are as final as before, without it.
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let voters = world.nodes[1].core.decision(&proposal, world.now).unwrap();
    assert_eq!(voters.phase.unwrap().opening.record.electorate.len(), 3);
    world.end_of(proposal);
    assert_eq!(world.state(0, proposal), State::Closed(Verdict::Passed));
    let reason = String::new();
    let refused = world.refused(0, &key(1, 3), Act::Withdraw { proposal, reason });
    assert_eq!(refused, Refused::OverAlready);
}

#[test]
fn who_has_declared_something_waits_for_a_height_before_it_declares_more() {
    let mut world = World::new();
    let member = id(4);
    let federation = world.nodes[0].core.federation();
    let sign = |number, matter| {
        let declaration = Declaration::sign(&federation, &key(4, 1), (member, number), matter);
        Act::Declare {
            declaration: declaration.to_bytes(),
        }
    };
    world.act_alone(3, &key(4, 1), sign(1, Matter::NoValidator));
    assert_eq!(world.nodes[3].core.waiting_declaration(&member), Some(1));
    let refused = world.refused(3, &key(4, 1), sign(1, Matter::Leave));
    assert!(
        matches!(refused, Refused::DeclarationWaits { .. }),
        "{refused}"
    );
    world.run(world.now.plus_ms(5 * MINUTE_MS));
    assert_eq!(world.nodes[3].core.waiting_declaration(&member), None);
    world.act(3, &key(4, 1), sign(2, Matter::Leave));
    world.run(world.now.plus_ms(5 * MINUTE_MS));
    let former = world.nodes[0].core.order().unwrap().former();
    assert_eq!(former[&member].departure, Departure::Left);
}

#[test]
fn a_blocked_proposal_is_decided_by_the_fallback_vote_that_its_proposer_calls() {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    assert!(matches!(world.state(2, proposal), State::Integration(_)));
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    assert_eq!(world.state(3, proposal), State::Voting);
    let core = &world.nodes[3].core;
    let decision = core.decision(&proposal, world.now).unwrap();
    assert!(decision.phase.unwrap().fallback);
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    for node in 0..4 {
        assert_eq!(world.state(node, proposal), State::Closed(Verdict::Passed));
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anybody_votes_on_it() {
    let mut world = World::before_the_register();
    let class = |class: &str| Effect::Class {
        member: id(2),
        class: class.to_owned(),
    };
    let by = key(1, 3);
    let early = world.refused(0, &by, propose("", Some(class("consumer"))));
    assert_eq!(early, Refused::NoRegister);
    let mut world = World::new();
    let refusals = [
        (class("emperor"), "", "emperor"),
        (class("producer"), "", "producer"),
        (
            other_charter(|text| {
                text.replace("regular-seconds = 604800", "regular-seconds = 86400")
            }),
            "consent",
            "charter",
        ),
        (
            Effect::Charter {
                charter: vec![1, 2, 3],
            },
            "charter",
            "charter",
        ),
        (Effect::Expulsion { member: id(9) }, "", "member"),
    ];
    for (effect, rule, word) in refusals {
        let refused = world.refused(0, &by, propose(rule, Some(effect)));
        let Refused::Effect(why) = &refused else {
            panic!("{refused}");
        };
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn what_no_node_could_read_again_is_refused_before_it_is_signed() {
    let mut world = World::new();
    let by = key(1, 3);
    let until = world.now.plus_ms(90 * 24 * 60 * MINUTE_MS);
    let times = |times| Effect::ForceMajeure { times, until };
    let office = |title: &str| Effect::Office {
        circle: None,
        title: title.to_owned(),
        holder: None,
        until: None,
    };
    let policy = |server: &str, policy: &str| Effect::ServerPolicy {
        member: id(1),
        server: server.to_owned(),
        policy: policy.to_owned(),
    };
    let nobody = Effect::Commission {
        name: "Audit".to_owned(),
        powers: String::new(),
        people: Vec::new(),
        until,
    };
    let refusals = [
        (times(1), "times"),
        (times(11), "times"),
        (times(300), "times"),
        (office(""), "office"),
        (office(&"x".repeat(500)), "office"),
        (policy("", ""), "server"),
        (policy("meet", "\u{7}"), "policy"),
        (nobody, "people"),
    ];
    for (effect, named) in refusals {
        let refused = world.refused(0, &by, propose("", Some(effect)));
        let Refused::Text { field, problem } = &refused else {
            panic!("{named}: {refused}");
        };
        assert_eq!(*field, named, "{problem}");
    }
    // Any other record too.
    let endpoint = record::Endpoint {
        addresses: vec!["/ip4/192.0.2.1/tcp/7181".to_owned(); 9],
        agent: "folkmoot".to_owned(),
    };
    let refused = world.refused(0, &key(1, 2), Act::Endpoint(endpoint));
    assert!(refused.to_string().starts_with("addresses: 9"), "{refused}");
}

#[test]
fn what_would_do_nothing_is_refused_before_it_is_proposed_and_before_it_is_opened() {
    let mut world = World::new();
    let by = key(1, 3);
    let someone = || Someone {
        member: id(2),
        person: PersonId([2; 16]),
    };
    let soon = world.now.plus_ms(60 * MINUTE_MS);
    let in_time = world.now.plus_ms(30 * 24 * 60 * MINUTE_MS);
    let proposal = world.propose(1);
    let office = |until: Timestamp| Effect::Office {
        circle: None,
        title: "treasurer".to_owned(),
        holder: Some(someone()),
        until: Some(until),
    };
    let commission = |until| Effect::Commission {
        name: "Audit".to_owned(),
        powers: "To read the books.".to_owned(),
        people: vec![someone()],
        until,
    };
    let mediation = |until| Effect::Mediation {
        proposal,
        people: vec![someone()],
        until,
    };
    let longer = |until| Effect::ForceMajeure { times: 2, until };
    let vacant = Effect::Office {
        circle: None,
        title: "treasurer".to_owned(),
        holder: None,
        until: None,
    };
    let itself = Effect::Host {
        member: id(2),
        host: id(2),
    };
    let refusals = [
        (office(soon), "term"),
        (commission(soon), "term"),
        (mediation(soon), "report"),
        (longer(soon), "end"),
        (longer(Timestamp(0)), "1970"),
        (longer(Timestamp::MAX), "until 9999-12-31"),
        (vacant, "nobody holds"),
        (itself, "own node already"),
    ];
    for (effect, word) in refusals {
        let refused = world.refused(0, &by, propose("", Some(effect)));
        let Refused::Effect(why) = &refused else {
            panic!("{word}: {refused}");
        };
        assert!(why.contains(word), "{why}");
    }
    // What was in time when it was proposed is not when it would be opened.
    let effect = Some(longer(in_time));
    let proposal = world.act(0, &by, propose("", effect));
    world.run(in_time);
    let refused = world.refused(0, &by, Act::Open { proposal });
    assert!(matches!(refused, Refused::Effect(_)), "{refused}");
}

#[test]
fn a_vote_becomes_final_on_every_node_through_stored_entries() {
    let mut world = World::new();
    assert_eq!(world.heights(), [1; 4]);
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    assert_eq!(world.heights(), [2; 4]);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let registrar = world.nodes[3].core.registrar().unwrap();
    let phase = registrar.chain().open_phase(&proposal, &id(1)).unwrap();
    let case = registrar.chain().case(&phase.id).unwrap();
    let (deadline, witness) = (phase.deadline, registrar.witness(&phase.id).unwrap());
    let ballots = &world.nodes[3].core.decision(&proposal, world.now).unwrap();
    let counted = ballots.phase.as_ref().unwrap().count.counted.values();
    for counted in counted {
        let ballot = witness.gathered().ballot_of(&counted.ballot).unwrap();
        assert!(witness.gathered().is_secured(&case, ballot));
    }
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    assert_eq!(world.heights(), [3; 4]);
    let states: Vec<_> = world
        .nodes
        .iter()
        .map(|node| node.core.registrar().unwrap().chain().state())
        .collect();
    assert!(states.iter().all(|state| *state == states[0]));
    let chain = world.nodes[2].core.registrar().unwrap().chain();
    let [decided] = chain.decided(&proposal, &id(1)) else {
        panic!("one decision");
    };
    assert_eq!(decided.ending, Ending::Judged(Verdict::Passed));
}

#[test]
fn a_node_that_starts_again_goes_on_where_it_was() {
    let mut world = World::new();
    let proposal = world.propose(2);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    world.restart(0);
    assert_eq!(world.heights(), [2; 4]);
    for member in [1, 2, 4] {
        world.vote(member, proposal);
    }
    let registrar = world.nodes[3].core.registrar().unwrap();
    let deadline = registrar
        .chain()
        .open_phase(&proposal, &id(2))
        .unwrap()
        .deadline;
    world.run(deadline.plus_ms(6 * MINUTE_MS));
    for node in 0..4 {
        world.restart(node);
    }
    world.run(deadline.plus_ms(90 * MINUTE_MS));
    assert_eq!(world.heights(), [3; 4]);
    world.restart(1);
    assert_eq!(world.heights(), [3; 4]);
}

#[test]
fn a_node_whose_clock_is_off_its_peers_signs_nothing_until_it_is_right() {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    let hear = |world: &mut World, ahead_ms: u64| {
        let now = world.now.plus_ms(ahead_ms);
        for member in [1, 2] {
            let peer = key(member, 2).public();
            world.give(2, Input::Connected(peer));
            let incarnation = u64::from(member);
            world.give(2, Input::Message(peer, Message::Hello { now, incarnation }));
        }
    };
    // More than the charter's bound of a minute, and less than what ends all signing.
    hear(&mut world, 90_000);
    let before: Vec<usize> = world.nodes.iter().map(|node| node.journal.len()).collect();
    world.vote(1, proposal);
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let signed = |world: &World, node: usize| world.nodes[node].journal.len() - before[node];
    assert_eq!(signed(&world, 2), 0);
    assert!(signed(&world, 0) > 0 && signed(&world, 3) > 0);
    hear(&mut world, 0);
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    assert!(signed(&world, 2) > 0);
}

#[test]
fn a_forged_signature_keeps_no_register_from_beginning() {
    let mut world = World::before_the_register();
    let begin = world.begin();
    // Member 4 says that 1, 2 and 3 signed, and that it is a founder twice over.
    let mut forged = world.signed(&begin, &[1, 2, 3, 4]);
    for founding in &mut forged.signatures {
        founding.signature.0[0] ^= 1;
    }
    let beginning = forged.to_bytes();
    world.lies(4, &Record::Founding(Founding { beginning }));
    for member in [1, 2, 3] {
        let beginning = world.signed(&begin, &[member]).to_bytes();
        world.lies(member, &Record::Founding(Founding { beginning }));
    }
    assert_eq!(world.heights(), [1; 4]);
}

#[test]
fn votes_opened_before_the_register_are_not_wanted_in_it() {
    let mut world = World::before_the_register();
    world.propose(1);
    world.now = world.now.plus_ms(MINUTE_MS);
    let begin = world.begin();
    let beginning = world.signed(&begin, &[1, 2, 3]).to_bytes();
    world.lies(1, &Record::Founding(Founding { beginning }));
    let soon = world.now.plus_ms(20 * MINUTE_MS);
    world.run(soon);
    assert_eq!(world.heights(), [1; 4]);
    for node in &world.nodes {
        assert!(node.core.registrar().unwrap().wanted().openings.is_empty());
    }
}

#[test]
fn a_node_whose_clock_is_off_asks_for_the_time_until_it_is_right() {
    let mut world = World::new();
    let hear = |world: &mut World, ahead_ms: u64| {
        let now = world.now.plus_ms(ahead_ms);
        for member in [1, 2] {
            let peer = key(member, 2).public();
            world.give(2, Input::Connected(peer));
            let incarnation = u64::from(member);
            world.give(2, Input::Message(peer, Message::Hello { now, incarnation }));
        }
    };
    let asks = |world: &mut World| {
        world.now = world.now.plus_ms(11 * MINUTE_MS);
        let outputs = world.nodes[2].core.handle(world.now, Input::Wake);
        let asks_time = |output: &&Output| match output {
            Output::Send(_, Message::Digests { parts, .. }) => parts[0].digest.0 == [0; 32],
            _ => false,
        };
        outputs.iter().filter(asks_time).count()
    };
    hear(&mut world, 90_000);
    assert_eq!(asks(&mut world), 2);
    assert_eq!(asks(&mut world), 2);
    hear(&mut world, 0);
    assert_eq!(asks(&mut world), 0);
}

#[test]
fn what_the_register_would_never_take_is_refused_where_it_is_written() {
    let mut world = World::new();
    let proposal = world.act(0, &key(1, 3), propose("", None));
    // Key 4 is a steward's, and in no mandate.
    let refused = world.refused(0, &key(1, 4), Act::Open { proposal });
    assert!(matches!(refused, Refused::NotInMandate { .. }), "{refused}");
    world.act(0, &key(1, 3), Act::Open { proposal });
    // Nor is a vote opened anew by half.
    let amend = Act::Amend {
        proposal,
        title: "Meet on Fridays".to_owned(),
        text: "We meet on Fridays.".to_owned(),
        what_changed: String::new(),
        draft: Vec::new(),
        effect: None,
    };
    let refused = world.refused(0, &key(1, 4), amend);
    assert!(matches!(refused, Refused::NotInMandate { .. }), "{refused}");
    let core = &world.nodes[0].core;
    assert_eq!(
        core.decision(&proposal, world.now).unwrap().version.number,
        1
    );
}

#[test]
fn what_a_full_day_does_not_take_is_said_the_next_day() {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let chain = world.nodes[0].core.register_chain().unwrap();
    let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    world.run(Timestamp(deadline.0 - MINUTE_MS));
    // The logs of two of four take no more today.
    for member in [1, 2] {
        let sizes = [(150, 56 << 10), (60, 1_000), (10, 1)];
        let sizes = sizes.map(|(times, size)| std::iter::repeat_n(size, times));
        for (number, size) in sizes.into_iter().flatten().enumerate() {
            let junk = Witness {
                message: Hash([(number / 100) as u8; 32]),
                part: number as u64 % 100,
                parts: 140,
                bytes: vec![0; size],
            };
            world.writes(member, 6, "receipts", &Record::Witness(junk));
        }
    }
    world.run(deadline.plus_ms(120 * MINUTE_MS));
    let is_open = |world: &World, node: usize| {
        let chain = world.nodes[node].core.register_chain().unwrap();
        chain.open_phase(&proposal, &id(1)).is_some()
    };
    assert!(is_open(&world, 0));
    world.run(deadline.plus_ms(27 * 60 * MINUTE_MS));
    for node in 0..4 {
        assert!(!is_open(&world, node), "node {node}");
    }
}

#[test]
fn what_was_witnessed_counts_though_all_nodes_were_off_over_the_deadline() {
    let mut world = World::new();
    let proposal = world.propose(1);
    world.open_up(proposal);
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    // The power fails everywhere, and comes back when the time for writing down what one holds has come.
    let chain = world.nodes[0].core.register_chain().unwrap();
    let deadline = chain.open_phase(&proposal, &id(1)).unwrap().deadline;
    world.now = deadline.plus_ms(30 * MINUTE_MS);
    for node in 0..4 {
        world.restart(node);
    }
    let listed = manifests(&world);
    assert_eq!(listed, [3; 4], "ballots that each of them holds");
    let later = world.now.plus_ms(60 * MINUTE_MS);
    world.run(later);
    for node in 0..4 {
        let (annals, proposer) = (world.nodes[node].core.annals(), id(1));
        let mut votes = annals.votes_on(&proposal, &proposer);
        let ended = votes.find_map(|vote| vote.ended.as_ref()).unwrap();
        let passed = Ending::Judged(Verdict::Passed);
        assert_eq!(ended.ending, passed, "node {node}");
    }
}

/// How many voters' ballots each validator has written down that it holds.
fn manifests(world: &World) -> Vec<usize> {
    let entries = world.nodes[0].entries.iter();
    let entries = entries.map(|(bytes, _)| Entry::from_bytes(bytes).unwrap());
    let messages = entries.filter_map(|entry| match entry.record() {
        Some(Record::Witness(part)) => registrar::Message::from_bytes(&part.bytes).ok(),
        _ => None,
    });
    let manifests = messages.filter_map(|message| match message {
        registrar::Message::Phase {
            said: witness::Message::Manifest(signed),
            ..
        } => Some(Manifest::from_bytes(&signed.bytes).unwrap().rows.len()),
        _ => None,
    });
    manifests.collect()
}
