//! The fallback vote after a mediation.

use domain::effect::Someone;

use super::*;
use crate::{order::Place, phase::PhaseError};

const BLOCKING: [Choice; 4] = [Choice::Agree, Choice::Agree, Choice::Block, Choice::Agree];

/// A register under a charter that offers consent and no vote by one member, one vote.
fn consenting() -> (Cast, Chain) {
    let cast = Cast::new(
        4,
        4,
        RuleName::Consent,
        "rules = [\"consent\", \"charter\"]",
    );
    let chain = register(&cast);
    assert!(
        chain
            .order
            .charter()
            .check_rule(RuleName::OneMemberOneVote)
            .is_err()
    );
    (cast, chain)
}

/// The same after its order has people who mediate about the proposal.
fn mediated(cast: &Cast, mut chain: Chain) -> Chain {
    let place = Place {
        federation: FEDERATION,
        height: chain.height + 1,
        time: OPENED,
        record: EntryId([5; 32]),
    };
    let mediation = Effect::Mediation {
        proposal: PROPOSAL,
        people: vec![Someone {
            member: cast.phase.electorate[3].member,
            person: domain::id::PersonId([4; 16]),
        }],
        until: OPENED.plus_ms(1),
    };
    chain.order.apply(&place, &mediation).unwrap();
    chain
}

fn votes_on(cast: &Cast, chain: &Chain, motion: &Motion, said: &[Choice]) -> Chain {
    let (voting, chain) = open(cast, chain, RuleName::Consent, motion);
    let passes = !said.contains(&Choice::Block);
    goes_on(
        &chain,
        closing(closes(&voting, said, passes.then_some(motion))),
    )
    .0
}

#[test]
fn what_was_blocked_and_is_mediated_is_decided_once_by_a_vote_the_charter_does_not_offer() {
    let (cast, chain) = consenting();
    let plain = motion(1, None);
    let rule = RuleName::OneMemberOneVote;
    let chain = mediated(&cast, votes_on(&cast, &chain, &plain, &BLOCKING));
    let proposer = cast.phase.electorate[0].member;
    assert!(chain.can_fall_back(&PROPOSAL, &proposer, &plain.hash()));
    let (voting, chain) = open(&cast, &chain, rule, &plain);
    assert_eq!(voting.phase.electorate, chain.order.electorate(rule));
    // More agree than are against; the block does not stop it.
    let (chain, _) = goes_on(&chain, closing(closes(&voting, &BLOCKING, Some(&plain))));
    let endings: Vec<Ending> = chain
        .decided(&PROPOSAL, &proposer)
        .iter()
        .map(|one| one.ending)
        .collect();
    let judged = Ending::Judged;
    assert_eq!(endings, [judged(Verdict::Blocked), judged(Verdict::Passed)]);
    assert!(!chain.can_fall_back(&PROPOSAL, &proposer, &plain.hash()));
}

#[test]
fn a_fallback_vote_that_fails_is_the_only_one() {
    let (cast, chain) = consenting();
    let plain = motion(1, None);
    let rule = RuleName::OneMemberOneVote;
    let chain = mediated(&cast, votes_on(&cast, &chain, &plain, &BLOCKING));
    let (voting, chain) = open(&cast, &chain, rule, &plain);
    let against = [Choice::Agree, Choice::Block, Choice::Block, Choice::Block];
    let (chain, _) = goes_on(&chain, closing(closes(&voting, &against, None)));
    assert!(chain.phases().is_empty());
    // Under another entry, as the first is in the register already.
    let mut again = opened(&cast, &chain, rule, &plain);
    let mut body = opening(&chain, rule, &plain);
    body.version = EntryId([3; 32]);
    again.opening = mandated(&cast, 0, Kind::Opening, &body);
    let found = refused(&chain, with_opening(&chain, again));
    assert!(
        matches!(found, ItemError::Phase(PhaseError::Rule(_))),
        "{found:?}"
    );
}

#[test]
fn without_a_mediation_or_a_block_there_is_no_fallback_vote() {
    let (cast, chain) = consenting();
    let (plain, other) = (motion(1, None), motion(2, None));
    let rule = RuleName::OneMemberOneVote;
    let not_offered = |found: ItemError| {
        assert_eq!(found, ItemError::Phase(PhaseError::Rule(rule.to_string())));
    };
    let fallback = |chain: &Chain, motion: &Motion| {
        let opened = opened(&cast, chain, rule, motion);
        refused(chain, with_opening(chain, opened))
    };
    let blocked = votes_on(&cast, &chain, &plain, &BLOCKING);
    not_offered(fallback(&blocked, &plain));
    let untouched = mediated(&cast, chain);
    not_offered(fallback(&untouched, &plain));
    // The version that was blocked, and no other.
    not_offered(fallback(&mediated(&cast, blocked), &other));
}

#[test]
fn where_the_charter_offers_the_rule_what_was_blocked_is_opened_again_only_after_a_mediation() {
    let cast = Cast::new(4, 4, RuleName::Consent, "");
    let plain = motion(1, None);
    let rule = RuleName::OneMemberOneVote;
    let chain = votes_on(&cast, &register(&cast), &plain, &BLOCKING);
    let again = opened(&cast, &chain, rule, &plain);
    let found = refused(&chain, with_opening(&chain, again));
    assert_eq!(found, ItemError::Again);
    let chain = mediated(&cast, chain);
    // By its own rule it was decided.
    let mut consent = opening(&chain, RuleName::Consent, &plain);
    consent.version = EntryId([3; 32]);
    let consent = Opened {
        opening: mandated(&cast, 0, Kind::Opening, &consent),
        motion: plain.clone(),
    };
    let found = refused(&chain, with_opening(&chain, consent));
    assert_eq!(found, ItemError::Again);
    let (voting, _) = open(&cast, &chain, rule, &plain);
    assert_eq!(voting.phase.rule, rule);
}

#[test]
fn what_only_the_charter_rule_decides_no_fallback_vote_does() {
    let (cast, chain) = consenting();
    let effect = Effect::Rules {
        version: 2,
        from_height: 90,
    };
    let rules = motion(1, Some(effect));
    // Nobody could open it by consent either: what ended so is put there.
    let mut chain = mediated(&cast, chain);
    let decided = Decided {
        height: 2,
        phase: EntryId([8; 32]),
        text: rules.hash(),
        ending: Ending::Judged(Verdict::Blocked),
        effective: None,
    };
    let proposer = cast.phase.electorate[0].member;
    chain.decided.insert((PROPOSAL, proposer), vec![decided]);
    let opened = opened(&cast, &chain, RuleName::OneMemberOneVote, &rules);
    let found = refused(&chain, with_opening(&chain, opened));
    assert!(matches!(found, ItemError::Ineffective(_)), "{found:?}");
}
