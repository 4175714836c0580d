//! The explorations: what holds everywhere, and the mistakes that must be found.

use register::counting::{Counted, counted};
use stateright::{Checker, HasDiscoveries, Model};

use super::{
    Action, Closing, Listing, Planned, Protocol,
    properties::{FIXED, SECURED, SEEN},
};
use crate::{
    knowledge::{Network, sizes},
    outcomes::highest_in_any,
};

const ONE: &[Planned] = &[planned(1, 1)];
const TWO_SLOTS: &[Planned] = &[planned(1, 1), planned(2, 2)];
const ONE_SLOT: &[Planned] = &[planned(1, 1), planned(1, 2)];
const THREADS: usize = 2;

const fn planned(revision: u8, choice: u64) -> Planned {
    Planned { revision, choice }
}

fn right(ballots: &[Planned], network: Network) -> Protocol {
    Protocol::new(ballots, network, enough_steps(), counted)
}

fn enough_steps() -> Closing {
    Closing::Seals {
        steps: sizes().witnesses() as u8,
    }
}

fn all_hold(name: &str, protocol: Protocol) {
    let started = std::time::Instant::now();
    let checker = protocol.checker().threads(THREADS).spawn_bfs().join();
    println!(
        "{name}: {} states, {:?}",
        checker.unique_state_count(),
        started.elapsed()
    );
    checker.assert_properties();
}

/// Explores until something always expected fails, and shows how.
fn fails(property: &'static str, protocol: Protocol) {
    let wanted = HasDiscoveries::AllOf([property].into());
    let checker = protocol.checker().finish_when(wanted).spawn_bfs().join();
    let path = checker.discovery(property);
    let path = path.unwrap_or_else(|| panic!("not found to fail: {property}"));
    println!(
        "{property}, fails after {} acts: {:?}",
        path.clone().into_actions().len(),
        path.into_actions()
    );
}

fn holds_when(property: &'static str, protocol: Protocol) {
    let checker = protocol.checker().spawn_bfs().join();
    assert!(checker.discovery(property).is_none(), "{property}");
}

#[test]
fn one_ballot_in_a_free_network_and_in_a_connected_one() {
    all_hold("one, free", right(ONE, Network::Free));
    all_hold("one, connected", right(ONE, Network::Connected));
}

#[test]
fn two_revisions_in_a_connected_network() {
    all_hold("two slots, connected", right(TWO_SLOTS, Network::Connected));
}

#[test]
fn two_revisions_in_a_free_network() {
    all_hold("two slots, free", right(TWO_SLOTS, Network::Free));
}

#[test]
fn two_ballots_of_one_revision_in_a_connected_network() {
    all_hold("one slot, connected", right(ONE_SLOT, Network::Connected));
}

#[test]
fn two_ballots_of_one_revision_in_a_free_network() {
    all_hold("one slot, free", right(ONE_SLOT, Network::Free));
}

#[test]
fn two_liars_of_four_count_what_nobody_saw_and_lose_what_is_secured() {
    fails(SEEN, right(ONE, Network::Free).with_honest(2));
    fails(SECURED, right(ONE, Network::Free).with_honest(2));
}

#[test]
fn with_f_steps_a_ballot_can_be_switched_after_the_seals() {
    let steps = sizes().faulty() as u8;
    let closing = Closing::Seals { steps };
    fails(
        FIXED,
        Protocol::new(ONE, Network::Connected, closing, counted),
    );
}

#[test]
fn without_seals_a_ballot_can_be_switched_though_a_secured_one_stays() {
    let minimum = || Protocol::new(ONE, Network::Connected, Closing::Manifests, highest_in_any);
    fails(FIXED, minimum());
    holds_when(SECURED, minimum());
    holds_when(SEEN, minimum());
}

#[test]
fn listing_the_highest_seen_loses_a_secured_ballot() {
    let protocol = right(TWO_SLOTS, Network::Free);
    fails(SECURED, protocol.with_listing(Listing::HighestSeen));
}

/// What counts after these acts, each of which must be possible, if that is one thing.
fn counts_after(protocol: &Protocol, acts: &[Action]) -> Option<Counted> {
    let mut state = protocol.init_states().remove(0);
    for act in acts {
        let mut possible = Vec::new();
        protocol.actions(&state, &mut possible);
        assert!(possible.contains(act), "{act:?} in {state:?}");
        state = protocol
            .next_state(&state, *act)
            .expect("a possible act leads somewhere");
    }
    let outcomes = protocol.outcomes(&state);
    assert!(
        outcomes.windows(2).all(|pair| pair[0] == pair[1]),
        "{outcomes:?}"
    );
    outcomes[0].clone()
}

/// A limit, not a promise: what the honest list can be read before the first step ends.
#[test]
fn until_the_steps_end_a_liar_may_bring_in_its_manifest_or_keep_it_back() {
    let protocol = right(ONE, Network::Connected);
    let seen_by_one = [Action::Show(0, 0), Action::Close, Action::SignAll];
    let kept_back = [Action::EndStep, Action::EndStep];
    let brought_in = [Action::Accept(0, 1), Action::EndStep, Action::EndStep];
    assert!(counts_after(&protocol, &[&seen_by_one[..], &kept_back[..]].concat()).is_none());
    assert!(counts_after(&protocol, &[&seen_by_one[..], &brought_in[..]].concat()).is_some());
    // In the second step it comes too late.
    let late = [&seen_by_one[..], &[Action::EndStep]].concat();
    let mut state = protocol.init_states().remove(0);
    for act in late {
        state = protocol
            .next_state(&state, act)
            .expect("a possible act leads somewhere");
    }
    let mut possible = Vec::new();
    protocol.actions(&state, &mut possible);
    assert_eq!(possible, [Action::EndStep]);
}
