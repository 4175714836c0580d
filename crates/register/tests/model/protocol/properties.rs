//! What must hold in every state of the protocol, and what must be possible lest it hold for want of
//! anything happening.

use register::counting::Counted;
use stateright::Property;

use super::{Closing, Protocol, Stage, State};
use crate::{
    knowledge::{Network, count, sizes},
    outcomes::closings,
};

/// A secured ballot counts, or a later one does, whatever is carried.
pub const SECURED: &str = "a secured ballot is counted";

/// Nothing counts for which no honest validator gave a receipt before its deadline.
pub const SEEN: &str = "what is first shown after T + e is not counted";

/// The counted slot is no higher than the highest an honest seal supports.
pub const SUPPORTED: &str = "nothing higher counts than honest seals support";

/// Connected: when the honest have sealed, every closing says the same.
pub const FIXED: &str = "when the honest have sealed nobody can switch a ballot";

/// The model can secure a ballot and carry it into a closing.
pub const CAN_SECURE: &str = "a secured ballot counts at times";

/// The model lets liars decide where they can.
pub const CAN_SWITCH: &str = "liars of a free network can switch a ballot";

/// The model lets a liar's manifest alone bring a ballot in.
pub const CAN_ADD: &str = "a ballot that only a liar lists counts at times";

pub fn all(protocol: &Protocol) -> Vec<Property<Protocol>> {
    let mut all = vec![
        Property::always(SECURED, |protocol: &Protocol, state: &State| {
            (0..protocol.ballots.len())
                .filter(|ballot| is_secured(protocol, state, *ballot))
                .all(|ballot| {
                    every_outcome(protocol, state, |counted| keeps(protocol, ballot, counted))
                })
        }),
        Property::always(SEEN, |protocol: &Protocol, state: &State| {
            every_outcome(protocol, state, |counted| {
                was_seen(protocol, state, counted)
            })
        }),
        Property::always(SUPPORTED, |protocol: &Protocol, state: &State| {
            let highest = highest_of_honest(protocol, state);
            every_outcome(protocol, state, |counted| {
                counted.is_none_or(|counted| Some(counted.slot) <= highest)
            })
        }),
        Property::sometimes(CAN_SECURE, |protocol: &Protocol, state: &State| {
            is_secured(protocol, state, 0)
                && some_outcome(protocol, state, |counted| counted.is_some())
        }),
    ];
    if protocol.network == Network::Connected {
        all.push(Property::always(
            FIXED,
            |protocol: &Protocol, state: &State| {
                state.stage != Stage::Sealed || !can_switch(protocol, state)
            },
        ));
    } else {
        all.push(Property::sometimes(CAN_SWITCH, can_switch));
    }
    if matches!(protocol.closing, Closing::Seals { .. }) {
        all.push(Property::sometimes(
            CAN_ADD,
            |protocol: &Protocol, state: &State| {
                let honest_list = state.manifests.iter().flatten().any(|rows| *rows != 0);
                !honest_list && some_outcome(protocol, state, |counted| counted.is_some())
            },
        ));
    }
    all
}

fn every_outcome(
    protocol: &Protocol,
    state: &State,
    holds: impl Fn(Option<&Counted>) -> bool,
) -> bool {
    protocol.all_seals(state).iter().all(|seals| {
        let mut closings = closings(seals);
        closings.all(|closing| holds(protocol.outcomes.get(&closing)))
    })
}

fn some_outcome(
    protocol: &Protocol,
    state: &State,
    holds: impl Fn(Option<&Counted>) -> bool,
) -> bool {
    !every_outcome(protocol, state, |counted| !holds(counted))
}

/// Whether the voter may have been told so: all honest ones that hold it said so, and the liars too.
fn is_secured(protocol: &Protocol, state: &State, ballot: usize) -> bool {
    count(state.held[ballot]) + protocol.liars() >= sizes().securing()
}

/// It counts, or a later one, or it is evidence beside another of its slot.
fn keeps(protocol: &Protocol, ballot: usize, counted: Option<&Counted>) -> bool {
    let slot = protocol.slot(ballot);
    counted.is_some_and(|counted| {
        let here = counted.slot == slot;
        let kept = counted.ballots.contains(&Protocol::hash(ballot)) || counted.ballots.len() > 1;
        counted.slot > slot || here && kept
    })
}

fn was_seen(protocol: &Protocol, state: &State, counted: Option<&Counted>) -> bool {
    let Some(counted) = counted else {
        return true;
    };
    (0..protocol.ballots.len())
        .filter(|ballot| counted.ballots.contains(&Protocol::hash(*ballot)))
        .all(|ballot| state.given[ballot] != 0)
}

fn highest_of_honest(protocol: &Protocol, state: &State) -> Option<domain::decision::Slot> {
    let rows = state
        .seals
        .iter()
        .flatten()
        .fold(0, |rows, more| rows | more);
    let supported = (0..protocol.rows.len()).filter(|row| rows & (1 << row) != 0);
    supported.map(|row| protocol.rows[row].slot).max()
}

fn can_switch(protocol: &Protocol, state: &State) -> bool {
    let all_sealed = state.seals[..protocol.honest].iter().all(Option::is_some);
    let mut first = None;
    all_sealed
        && protocol.all_seals(state).iter().any(|seals| {
            let mut closings =
                closings(seals).map(|closing| protocol.outcomes.get(&closing).cloned());
            closings.any(|counted| *first.get_or_insert(counted.clone()) != counted)
        })
}
