//! The conflict path: a proposal is blocked, people mediate by decision, they report, and the proposing
//! member calls a fallback vote.

use domain::{
    effect::Someone,
    id::{EntryId, PersonId},
};
use federation::{Core, finality::Finality};

use super::*;

/// A blocked proposal of the first member, by consent alone.
fn blocked(world: &mut World) -> EntryId {
    let proposal = world.act(0, &key(1, 3), propose("consent", None));
    world.act(0, &key(1, 3), Act::Open { proposal });
    world.open_up(proposal);
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    assert_eq!(world.state(0, proposal), State::Closed(Verdict::Blocked));
    proposal
}

fn mediate(world: &mut World, proposal: EntryId, member: u8) {
    let until = world.now.plus_ms(7 * 24 * 60 * MINUTE_MS);
    let people = vec![Someone {
        member: id(member),
        person: PersonId([member; 16]),
    }];
    world.decide(
        "consent",
        Effect::Mediation {
            proposal,
            people,
            until,
        },
    );
}

fn report(proposal: EntryId, recommends_vote: bool, text: &str) -> Act {
    Act::Report {
        proposal,
        recommends_vote,
        text: text.to_owned(),
    }
}

#[test]
fn a_blocked_proposal_is_decided_by_a_fallback_vote_once_its_mediators_have_reported() {
    let mut world = World::new();
    let proposal = blocked(&mut world);
    let fall_back = || Act::FallBack { proposal };
    let refused = world.refused(0, &key(1, 3), fall_back());
    assert_eq!(refused, Refused::NotMediated);
    let refused = world.refused(3, &key(4, 3), report(proposal, true, "Vote."));
    assert_eq!(refused, Refused::NotMediated);
    mediate(&mut world, proposal, 4);

    let refused = world.refused(0, &key(1, 3), fall_back());
    assert!(matches!(refused, Refused::NotReported { .. }), "{refused}");
    let refused = world.refused(2, &key(3, 3), report(proposal, false, "Do not."));
    assert!(
        refused.to_string().starts_with("only the mediators"),
        "{refused}"
    );
    let refused = world.refused(3, &key(4, 3), report(proposal, true, " \n"));
    assert!(matches!(refused, Refused::Text { .. }), "{refused}");

    world.act(3, &key(4, 3), report(proposal, false, "We listened."));
    let last = world.act(3, &key(4, 3), report(proposal, true, "Vote on it."));
    let reported = |core: &Core| {
        core.report(&proposal)
            .map(|known| (known.entry, known.recommends_vote))
    };
    for node in &world.nodes {
        assert_eq!(reported(&node.core), Some((last, true)));
    }
    let refused = world.refused(1, &key(2, 3), fall_back());
    assert!(
        matches!(refused, Refused::NotTheProposer { .. }),
        "{refused}"
    );

    world.act(0, &key(1, 3), fall_back());
    let refused = world.refused(0, &key(1, 3), fall_back());
    assert_eq!(refused, Refused::AlreadyOpen);
    world.open_up(proposal);
    for node in &world.nodes {
        let decision = node.core.decision(&proposal, world.now).unwrap();
        assert_eq!(decision.state, State::Voting);
        let phase = decision.phase.unwrap();
        assert!(phase.fallback);
        assert_eq!(phase.rule, domain::charter::RuleName::OneMemberOneVote);
    }
    world.vote(1, proposal);
    world.vote(2, proposal);
    world.choose(3, proposal, Choice::Block);
    world.end_of(proposal);
    for node in 0..4 {
        assert_eq!(world.state(node, proposal), State::Closed(Verdict::Passed));
        let core = &world.nodes[node].core;
        let decision = core.settled(&proposal, world.now).unwrap();
        let Finality::Final(vote, _) = core.finality(&decision) else {
            panic!("it is final");
        };
        assert_eq!(vote.named.last(), Some(&decision.phase.unwrap().opening.id));
        assert!(!core.can_fall_back(&core.decision(&proposal, world.now).unwrap()));
    }
    // Nothing of it is lost by starting again.
    world.restart(2);
    assert_eq!(world.state(2, proposal), State::Closed(Verdict::Passed));
    assert_eq!(reported(&world.nodes[2].core), Some((last, true)));
}

#[test]
fn no_fallback_vote_is_called_on_what_was_not_blocked_or_had_one() {
    let mut world = World::new();
    let proposal = world.act(0, &key(1, 3), propose("consent", None));
    mediate(&mut world, proposal, 4);
    world.act(3, &key(4, 3), report(proposal, true, "Vote on it."));
    let fall_back = || Act::FallBack { proposal };
    let refused = world.refused(0, &key(1, 3), fall_back());
    assert_eq!(refused, Refused::NotBlocked);

    let proposal = blocked(&mut world);
    mediate(&mut world, proposal, 4);
    world.act(3, &key(4, 3), report(proposal, true, "Vote on it."));
    world.act(0, &key(1, 3), Act::FallBack { proposal });
    world.open_up(proposal);
    for member in 1..=3 {
        world.choose(member, proposal, Choice::Block);
    }
    world.end_of(proposal);
    assert_eq!(world.state(1, proposal), State::Closed(Verdict::Rejected));
    let refused = world.refused(0, &key(1, 3), Act::FallBack { proposal });
    assert_eq!(refused, Refused::NotBlocked);
}

#[test]
fn only_what_those_who_mediate_now_report_in_words_counts() {
    let mut world = World::new();
    let proposal = blocked(&mut world);
    mediate(&mut world, proposal, 4);
    let record = Record::Report(record::Report {
        proposal,
        recommends_vote: true,
    });
    let digits: String = proposal.to_string().chars().take(32).collect();
    // Without words no node stores it.
    let height = |world: &World| world.nodes[3].core.replica().tip(&key(4, 4).public());
    let before = height(&world);
    world.writes(4, 4, &format!("proposals/{digits}"), &record);
    assert_eq!(height(&world), before);

    world.act(3, &key(4, 3), report(proposal, true, "Vote on it."));
    assert!(world.nodes[1].core.report(&proposal).is_some());
    mediate(&mut world, proposal, 3);
    assert!(world.nodes[1].core.report(&proposal).is_none());
}
