//! A batch judged, and a batch drafted: the same way through the items, all of them or those that can
//! be taken.

use domain::{
    cbor::Encode,
    id::{PhaseId, Timestamp},
};

use super::{
    Chain, Happened,
    error::{BatchError, ItemError},
    next::Next,
};
use crate::batch::{Batch, Closes, Header, ITEMS_MAX, Items, Mandated};

/// With so many bytes of closings a batch is drafted at most: a validator's log takes less than eight
/// mebibytes a day, and whoever puts a batch forward sends it through that.
const CLOSINGS_BYTES: usize = 6 << 20;

/// Where a closing stands among those of its batch.
fn place_of(chain: &Chain, closes: &Closes) -> (Timestamp, PhaseId) {
    let id = closes.closing.phase;
    let deadline = chain.phases.get(&id).map(|phase| phase.deadline);
    (deadline.unwrap_or_default(), id)
}

fn ascending<T, K: Ord>(
    what: &'static str,
    items: &[T],
    key: impl Fn(&T) -> K,
) -> Result<(), BatchError> {
    let keys: Vec<K> = items.iter().map(key).collect();
    match keys.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(()),
        false => Err(BatchError::Order(what)),
    }
}

/// Takes items that must all be possible.
fn all<T>(
    what: &'static str,
    items: &[T],
    mut take: impl FnMut(&T) -> Result<(), ItemError>,
) -> Result<(), BatchError> {
    for (at, item) in items.iter().enumerate() {
        take(item).map_err(|source| {
            let source = Box::new(source);
            BatchError::Item { what, at, source }
        })?;
    }
    Ok(())
}

pub(super) fn judge(chain: &Chain, batch: &Batch) -> Result<(Chain, Vec<Happened>), BatchError> {
    let Batch { header, items } = batch;
    let (expected, found) = (chain.epoch, header.epoch);
    if found != expected {
        return Err(BatchError::Epoch { expected, found });
    }
    let (expected, found) = (chain.height + 1, header.height);
    if found != expected {
        return Err(BatchError::Height { expected, found });
    }
    let (expected, found) = (chain.last, header.previous);
    if found != expected {
        return Err(BatchError::Previous { expected, found });
    }
    let (expected, found) = (chain.validators.hash(), header.validators);
    if found != expected {
        return Err(BatchError::Validators { expected, found });
    }
    if items.is_empty() {
        return Err(BatchError::Empty);
    }
    let federation = &chain.federation;
    let (expected, found) = (items.hash(federation), header.items);
    if found != expected {
        return Err(BatchError::Items { expected, found });
    }
    let entry = |mandated: &Mandated| mandated.entry.id(federation);
    ascending("closings", &items.closings, |one| place_of(chain, one))?;
    ascending("answers", &items.answers, |one| entry(&one.answer))?;
    ascending("withdrawals", &items.withdrawals, entry)?;
    ascending("stalls", &items.stalls, |one| one.phase)?;
    ascending("declarations", &items.declarations, |one| {
        (one.member, one.number)
    })?;
    ascending("openings", &items.openings, |one| entry(&one.opening))?;
    let mut next = Next::new(chain);
    all("closing", &items.closings, |one| next.close(one))?;
    all("answer", &items.answers, |one| next.answer(one))?;
    all("withdrawal", &items.withdrawals, |one| next.withdraw(one))?;
    all("stall", &items.stalls, |one| next.stall(one))?;
    all("declaration", &items.declarations, |one| next.declare(one))?;
    let begun = next.begins();
    let (what, at) = ("closing", 0);
    let mut begun = begun.map_err(|source| {
        let source = Box::new(source);
        BatchError::Item { what, at, source }
    })?;
    all("opening", &items.openings, |one| begun.open(one))?;
    let (mut after, happened) = begun.finish();
    let (expected, found) = (after.validators.hash(), header.next_validators);
    if found != expected {
        return Err(BatchError::NextValidators { expected, found });
    }
    let (expected, found) = (after.state(), header.state);
    if found != expected {
        return Err(BatchError::State { expected, found });
    }
    after.last = header.hash(federation);
    Ok((after, happened))
}

/// Sorts items and keeps those that can be taken, as many as a batch has: of each key the first that can,
/// for what another made of it must not hide it.
fn some<T: Encode, K: Ord>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> K,
    mut take: impl FnMut(&T) -> bool,
) -> Vec<T> {
    items.sort_by(|one, other| {
        let by_key = key(one).cmp(&key(other));
        by_key.then_with(|| one.to_bytes().cmp(&other.to_bytes()))
    });
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        let is_there = kept.last().is_some_and(|last| key(last) == key(&item));
        if kept.len() < ITEMS_MAX && !is_there && take(&item) {
            kept.push(item);
        }
    }
    kept
}

pub(super) fn draft(chain: &Chain, wanted: Items) -> (Batch, Vec<Happened>) {
    draft_within(chain, wanted, CLOSINGS_BYTES)
}

/// The same with so many bytes of closings; what does not fit is for the heights after. One that is longer
/// than that by itself is put forward alone.
pub(super) fn draft_within(chain: &Chain, wanted: Items, most: usize) -> (Batch, Vec<Happened>) {
    let federation = &chain.federation;
    let entry = |mandated: &Mandated| mandated.entry.id(federation);
    let (mut next, mut taken) = (Next::new(chain), 0);
    let closings = some(
        wanted.closings,
        |one| place_of(chain, one),
        |one| {
            let bytes = taken + one.closing.to_bytes().len();
            let takes = (taken == 0 || bytes <= most) && next.close(one).is_ok();
            taken = if takes { bytes } else { taken };
            takes
        },
    );
    let answers = some(
        wanted.answers,
        |one| entry(&one.answer),
        |one| next.answer(one).is_ok(),
    );
    let withdrawals = some(wanted.withdrawals, entry, |one| next.withdraw(one).is_ok());
    let stalls = some(
        wanted.stalls,
        |one| one.phase,
        |one| next.stall(one).is_ok(),
    );
    let declarations = some(
        wanted.declarations,
        |one| (one.member, one.number),
        |one| next.declare(one).is_ok(),
    );
    let mut items = Items {
        closings,
        answers,
        withdrawals,
        stalls,
        declarations,
        openings: Vec::new(),
    };
    // No phase follows from what was closed: nothing is drafted rather than something wrong.
    let Ok(mut begun) = next.begins() else {
        return (headed(chain, Items::default(), chain), Vec::new());
    };
    items.openings = some(
        wanted.openings,
        |one| entry(&one.opening),
        |one| begun.open(one).is_ok(),
    );
    let (after, happened) = begun.finish();
    (headed(chain, items, &after), happened)
}

/// These items under the header of what follows.
fn headed(before: &Chain, items: Items, after: &Chain) -> Batch {
    let header = Header {
        epoch: before.epoch,
        height: before.height + 1,
        previous: before.last,
        validators: before.validators.hash(),
        items: items.hash(&before.federation),
        next_validators: after.validators.hash(),
        state: after.state(),
    };
    Batch { header, items }
}
