//! One ballot, every state of its receipts, every choice of the liars: what each rule without seals
//! lets happen.

use crate::{
    knowledge::{ALL, Knowledge, Network, sizes},
    rules::Rule,
};

/// In how many states something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Found {
    /// It counts without a receipt of an honest validator (B).
    without_honest: usize,
    /// It has 2f+1 receipts and can be lost (C).
    two_thirds_lost: usize,
    /// It is secured and can be lost.
    secured_lost: usize,
    /// The liars choose whether it counts.
    toggled: usize,
}

fn found(rule: Rule, network: Network, honest: usize) -> Found {
    let mut found = Found::default();
    for state in Knowledge::states(network, honest) {
        let options = rule.options(&state);
        found.without_honest += usize::from(options.counted && state.given == 0);
        found.two_thirds_lost += usize::from(options.lost && state.has_two_thirds());
        found.secured_lost += usize::from(options.lost && state.is_secured());
        found.toggled += usize::from(options.toggled());
    }
    found
}

#[test]
fn what_each_rule_without_seals_lets_one_liar_of_four_do() {
    let honest = ALL - sizes().faulty();
    assert_eq!(Knowledge::states(Network::Free, honest).len(), 1000);
    assert_eq!(Knowledge::states(Network::Connected, honest).len(), 64);
    // Rule; 2f+1 receipts lost, secured lost, toggled, in a free network; the same when connected.
    let table = [
        (Rule::AsWritten, [896, 802, 992], [32, 44, 56]),
        (Rule::ListedInAny, [118, 0, 190], [0, 0, 12]),
        (Rule::UnionOfReceipts, [45, 0, 105], [0, 0, 12]),
        (Rule::ListedInWitnesses, [445, 348, 498], [0, 9, 18]),
        (Rule::UnionOfTwoThirds, [361, 267, 361], [12, 24, 12]),
    ];
    for (rule, free, connected) in table {
        for (network, expected) in [(Network::Free, free), (Network::Connected, connected)] {
            let found = found(rule, network, honest);
            let measured = [found.two_thirds_lost, found.secured_lost, found.toggled];
            println!("{rule:?}, {network:?}: {measured:?}");
            assert_eq!(measured, expected, "{rule:?}, {network:?}");
            assert_eq!(found.without_honest, 0, "{rule:?}, {network:?}");
        }
    }
}

#[test]
fn with_two_liars_of_four_what_no_honest_validator_saw_counts() {
    for rule in Rule::ALL {
        for network in [Network::Free, Network::Connected] {
            let found = found(rule, network, ALL - 2);
            // Two liars give two receipts: only the rule that asks for three withstands them.
            let withstands = rule == Rule::UnionOfTwoThirds;
            assert_eq!(
                found.without_honest == 0,
                withstands,
                "{rule:?}, {network:?}"
            );
            assert!(found.secured_lost > 0, "{rule:?}, {network:?}");
        }
    }
}
