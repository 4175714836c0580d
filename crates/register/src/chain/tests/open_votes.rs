//! How many votes a member has open.

use super::*;

/// An opening by a voter of a proposal of that number, on a version of another.
fn opens(cast: &Cast, chain: &Chain, voter: usize, proposal: u8, version: u8) -> Opened {
    let motion = motion(version, None);
    let body = Opening {
        proposal: EntryId([proposal; 32]),
        ..opening(chain, RuleName::Consent, &motion)
    };
    Opened {
        opening: mandated(cast, voter, Kind::Opening, &body),
        motion,
    }
}

fn opening_all(openings: Vec<Opened>) -> Items {
    Items {
        openings,
        ..Items::default()
    }
}

#[test]
fn a_member_has_so_many_votes_open_at_one_time_and_no_more() {
    let cast = cast();
    let chain = register(&cast);
    let by = |voter: usize, proposal: u8| opens(&cast, &chain, voter, proposal, 1);
    let many = (1..=40).map(|proposal| by(0, proposal)).collect();
    let (chain, happened) = goes_on(&chain, opening_all(many));
    assert_eq!(happened.len(), OPEN_VOTES_MAX);
    let member = cast.phase.electorate[0].member;
    let is_open = |chain: &Chain, proposal: u8| {
        let proposal = EntryId([proposal; 32]);
        chain.open_phase(&proposal, &member).is_some()
    };
    let open: Vec<u8> = (1..=40).filter(|one| is_open(&chain, *one)).collect();
    let closed = (1..=40).find(|one| !open.contains(one)).unwrap();
    let another = opens(&cast, &chain, 0, closed, 1);
    let (found, most) = (OPEN_VOTES_MAX, OPEN_VOTES_MAX);
    assert_eq!(
        refused(&chain, with_opening(&chain, another.clone())),
        ItemError::OpenVotes { found, most }
    );
    // Other members, and another version of what is open, have room.
    let amended = opens(&cast, &chain, 0, open[0], 2);
    let others = vec![opens(&cast, &chain, 1, closed, 1), amended];
    let (chain, happened) = goes_on(&chain, opening_all(others));
    assert_eq!(happened.len(), 2);
    // When one has ended, another is opened.
    let proposal = EntryId([open[1]; 32]);
    let taken_back = mandated(&cast, 0, Kind::Withdrawal, &Withdrawal { proposal });
    let wanted = Items {
        withdrawals: vec![taken_back],
        ..opening_all(vec![another])
    };
    let (chain, _) = goes_on(&chain, wanted);
    assert!(is_open(&chain, closed) && !is_open(&chain, open[1]));
}
