//! One ballot, every state of its receipts, and every seal that the honest validators can sign over
//! the four manifests, one liar's being of two kinds: what the seals support.

use domain::{decision::Slot, id::Hash};
use register::counting::{Listed, counted};

use crate::{
    knowledge::{ALL, Knowledge, Network, count, sizes},
    outcomes::{Outcomes, Seals, closings},
    rules::lists,
};

const HONEST: usize = 3;

/// What a seal names: honest manifests, and of the liar's two none, the full or the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Names {
    honest: u8,
    liar: Option<Full>,
}

type Full = bool;

/// Everything a seal can name: at least a quorum of manifests, one per author.
fn all_names() -> Vec<Names> {
    let mut all = Vec::new();
    for honest in 0..1u8 << HONEST {
        for liar in [None, Some(true), Some(false)] {
            if count(honest) + usize::from(liar.is_some()) >= sizes().quorum() {
                all.push(Names { honest, liar });
            }
        }
    }
    all
}

/// Whether a manifest that such a seal names lists the ballot, as the one row of [`Outcomes`].
fn side(names: Names, listing: u8, full_lists: bool) -> u8 {
    let liar = names.liar == Some(true) && full_lists;
    u8::from(names.honest & listing != 0 || liar)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    states: usize,
    without_honest: usize,
    secured_lost: usize,
    /// It counts in one closing and not in another.
    toggled: usize,
    /// It counts though no honest seal supports it.
    without_honest_seal: usize,
}

fn look(found: &mut Found, outcomes: &Outcomes, state: &Knowledge, seals: &Seals) {
    let (mut counted, mut lost) = (false, false);
    for closing in closings(seals) {
        match outcomes.get(&closing) {
            Some(_) => counted = true,
            None => lost = true,
        }
    }
    let supported = seals[..HONEST].contains(&Some(1));
    found.states += 1;
    found.without_honest += usize::from(counted && state.given == 0);
    found.secured_lost += usize::from(lost && state.is_secured());
    found.toggled += usize::from(counted && lost);
    found.without_honest_seal += usize::from(counted && !supported);
}

/// Goes through every state; `equal` if all honest seals name the same, as they do while the honest
/// are connected.
fn found(network: Network, equal: bool) -> Found {
    let row = Listed {
        slot: Slot {
            mandate: 1,
            revision: 1,
        },
        ballots: vec![Hash([1; 32])],
    };
    let outcomes = Outcomes::of(vec![row], counted);
    let names = all_names();
    let mut found = Found::default();
    for state in Knowledge::states(network, HONEST) {
        let holders = (0..HONEST).filter(|author| lists(state.known[*author]));
        let listing = holders.fold(0u8, |mask, author| mask | 1 << author);
        let full_lists = lists(state.receipts());
        let sides: Vec<u8> = names
            .iter()
            .map(|names| side(*names, listing, full_lists))
            .collect();
        for liar in [0, 1] {
            for (one, a) in sides.iter().enumerate() {
                for (two, b) in sides.iter().enumerate() {
                    for (three, c) in sides.iter().enumerate() {
                        if equal && (one != two || two != three) {
                            continue;
                        }
                        // A liar's seal can support only what some manifest lists.
                        let liar = liar & u8::from(full_lists);
                        let seals = [Some(*a), Some(*b), Some(*c), Some(liar)];
                        look(&mut found, &outcomes, &state, &seals);
                    }
                }
            }
        }
    }
    found
}

#[test]
fn seals_never_count_what_no_honest_validator_saw_nor_lose_what_is_secured() {
    assert_eq!(ALL - HONEST, sizes().faulty());
    let found = found(Network::Free, false);
    println!("{found:?}");
    assert_eq!(found.states, 1_458_000);
    assert_eq!(found.without_honest, 0);
    assert_eq!(found.secured_lost, 0);
    assert_eq!(found.without_honest_seal, 0);
    assert!(
        found.toggled > 0,
        "a free network leaves the liars a choice"
    );
}

#[test]
fn equal_honest_seals_leave_the_liars_no_choice() {
    for (network, states) in [(Network::Free, 1000), (Network::Connected, 64)] {
        let found = found(network, true);
        println!("equal seals, {network:?}: {found:?}");
        assert_eq!(found.states, states * 9 * 2);
        assert_eq!((found.toggled, found.without_honest_seal), (0, 0));
    }
}
