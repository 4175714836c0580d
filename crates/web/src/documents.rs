//! Documents as pages and programs read them: derived from their edits, kept for a while, brought
//! up to date when edits come.
//!
//! Deriving takes as long as somebody wanted it to take, so it happens off the async threads and
//! outside the core's lock, one derivation per document at a time, a few at once, and documents that
//! took long before only wait for one another.

mod comparison;
mod load;
mod presence;
mod save;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::id::{DocumentId, EntryId};
use federation::Core;
use replica::document::Document;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore};

use self::{
    comparison::Comparisons,
    load::{Loaded, load},
};
pub(crate) use self::{
    presence::{Presence, Present},
    save::{Saved, restart, save, splices},
};
use crate::{error::WebError, node::Node};

/// The most documents that are kept.
const DOCUMENTS_MAX: usize = 32;
/// The most bytes that the kept documents hold together; one is always kept.
const WEIGHT_BYTES_MAX: usize = 16 << 20;
/// How many derivations run at once, of documents that take little time.
const QUICK_MAX: usize = 2;
/// A document that took longer than this is slow, and one of which more than this is to be derived.
const QUICK: Duration = Duration::from_millis(300);
const QUICK_EFFORT_MAX: usize = 50_000;
/// How long a request waits for a document.
const DEADLINE: Duration = Duration::from_secs(20);

/// A document that was derived, and from what.
struct Held {
    document: Document,
    /// The edits that were read, and those whose body or text is not here.
    read: BTreeSet<EntryId>,
    missing: BTreeSet<EntryId>,
    /// How many edits the document had.
    of: usize,
    weight_bytes: usize,
    /// All that is here was read.
    is_whole: bool,
    /// Not all of the generation in force was read.
    is_cut: bool,
    took: Duration,
}

impl Held {
    /// Whether the document that these edits give can be made from this one. An edit that counts
    /// no more, such as one of a revoked key, cannot be taken out again; and where something was
    /// left out, another edit may change what.
    fn goes_on_to(&self, edits: &[EntryId]) -> bool {
        let edits: BTreeSet<&EntryId> = edits.iter().collect();
        let mut before = self.read.union(&self.missing);
        let stays = before.all(|edit| edits.contains(edit));
        stays && (self.is_whole || edits.len() == self.of && self.missing.is_empty())
    }

    /// The edits that are still to be read.
    fn wanted(&self, edits: &[EntryId]) -> Vec<EntryId> {
        let is_wanted = |edit: &&EntryId| !self.read.contains(*edit);
        match self.is_whole {
            true => edits.iter().filter(is_wanted).copied().collect(),
            false => Vec::new(),
        }
    }
}

/// The place of one document.
#[derive(Default)]
struct Slot {
    held: Arc<AsyncMutex<Option<Held>>>,
    saving: Arc<AsyncMutex<()>>,
    weight_bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Shelf {
    slots: HashMap<DocumentId, Slot>,
    uses: u64,
}

impl Shelf {
    fn slot(&mut self, id: DocumentId) -> &mut Slot {
        self.uses += 1;
        let uses = self.uses;
        let slot = self.slots.entry(id).or_default();
        slot.used = uses;
        slot
    }

    /// Drops what was not used for longest until the limits are kept. What is in use stays: there
    /// must not be two derivations of one document.
    fn sweep(&mut self) {
        loop {
            let weight_bytes: usize = self.slots.values().map(|slot| slot.weight_bytes).sum();
            let is_over = self.slots.len() > DOCUMENTS_MAX || weight_bytes > WEIGHT_BYTES_MAX;
            if !is_over || self.slots.len() <= 1 {
                return;
            }
            let free = self.slots.iter().filter(|(_, slot)| {
                Arc::strong_count(&slot.held) == 1 && Arc::strong_count(&slot.saving) == 1
            });
            let Some(oldest) = free.min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id) else {
                return;
            };
            self.slots.remove(&oldest);
        }
    }
}

/// The documents that were read lately. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Documents {
    shelf: Arc<Mutex<Shelf>>,
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    comparisons: Arc<Mutex<Comparisons>>,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            shelf: Arc::default(),
            quick: Arc::new(Semaphore::new(QUICK_MAX)),
            slow: Arc::new(Semaphore::new(1)),
            comparisons: Arc::default(),
        }
    }
}

fn busy() -> WebError {
    WebError::NotReady {
        why: "putting this text together takes long",
    }
}

impl Documents {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a document as its edits leave it now. The work may take its time: it runs apart.
    ///
    /// # Errors
    /// When there is no such document here, or it takes too long to derive.
    pub(crate) async fn with<T, F>(
        &self,
        node: &Node,
        id: DocumentId,
        work: F,
    ) -> Result<T, WebError>
    where
        T: Send + 'static,
        F: FnOnce(&Document) -> T + Send + 'static,
    {
        self.with_whole(node, id, |document, _| work(document))
            .await
    }

    /// The same; the work is told whether all of the generation in force could be read.
    async fn with_whole<T, F>(&self, node: &Node, id: DocumentId, work: F) -> Result<T, WebError>
    where
        T: Send + 'static,
        F: FnOnce(&Document, bool) -> T + Send + 'static,
    {
        if !node.read(|core| core.view().documents.contains_key(&id)) {
            return Err(WebError::NotFound { what: "document" });
        }
        let reading = self.read(node, id, work);
        tokio::time::timeout(DEADLINE, reading)
            .await
            .map_err(|_| busy())?
    }

    async fn read<T, F>(&self, node: &Node, id: DocumentId, work: F) -> Result<T, WebError>
    where
        T: Send + 'static,
        F: FnOnce(&Document, bool) -> T + Send + 'static,
    {
        let held = Arc::clone(&self.shelf().slot(id).held);
        let mut held: OwnedMutexGuard<Option<Held>> = held.lock_owned().await;
        let (federation, edits) = node.read(|core| (core.federation(), core.edits(&id)));
        let is_kept = held.as_ref().is_some_and(|known| known.goes_on_to(&edits));
        let known = held.as_ref().filter(|_| is_kept);
        let wanted = known.map_or_else(|| edits.clone(), |known| known.wanted(&edits));
        let taken = known.map_or(0, |known| known.weight_bytes);
        let mut loaded = load(node, &federation, &wanted, taken).await?;
        // What is left out is decided by all edits, whatever came first.
        let is_fresh = !is_kept || !(loaded.is_whole || wanted.is_empty());
        if is_kept && is_fresh {
            loaded = load(node, &federation, &edits, 0).await?;
        }
        let is_slow = loaded.effort > QUICK_EFFORT_MAX || known.is_some_and(|k| k.took > QUICK);
        let permits = if is_slow { &self.slow } else { &self.quick };
        let permit = Arc::clone(permits).acquire_owned().await;
        let permit = permit.map_err(|_| busy())?;
        let shelf = Arc::clone(&self.shelf);
        let working = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let before = held.take().filter(|_| !is_fresh);
            let now = brought_up_to_date(id, before, loaded, (edits.len(), started));
            let result = work(&now.document, !now.is_cut);
            let weight_bytes = now.weight_bytes;
            *held = Some(now);
            drop((held, permit));
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(slot) = shelf.slots.get_mut(&id) {
                slot.weight_bytes = weight_bytes;
            }
            shelf.sweep();
            result
        });
        working
            .await
            .map_err(|error| WebError::Library(Box::new(error)))
    }

    /// One writer at a time: a request that is sent again must find what the first one did.
    async fn saving(&self, id: DocumentId) -> OwnedMutexGuard<()> {
        let saving = Arc::clone(&self.shelf().slot(id).saving);
        saving.lock_owned().await
    }
}

fn brought_up_to_date(
    id: DocumentId,
    before: Option<Held>,
    loaded: Loaded,
    (of, started): (usize, Instant),
) -> Held {
    let read = loaded.items.iter().map(|item| item.id).collect();
    let is_changed = !loaded.items.is_empty();
    let Some(mut held) = before else {
        let document = Document::build(id, loaded.items);
        return Held {
            document,
            read,
            missing: loaded.missing,
            of,
            weight_bytes: loaded.weight_bytes,
            is_whole: loaded.is_whole,
            is_cut: loaded.is_cut,
            took: started.elapsed(),
        };
    };
    if held.is_whole {
        held.document.apply(loaded.items);
        held.read.extend(read);
        held.missing = loaded.missing;
        held.of = of;
        held.weight_bytes = loaded.weight_bytes;
    }
    if is_changed {
        held.took = started.elapsed();
    }
    held
}

/// The id of a document written whole, or cut to six digits or more if only one begins so.
pub(crate) fn find(core: &Core, text: &str) -> Result<DocumentId, WebError> {
    let missing = || WebError::NotFound { what: "document" };
    if let Ok(id) = text.parse::<DocumentId>() {
        return Ok(id);
    }
    if text.len() < 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(missing());
    }
    let text = text.to_ascii_lowercase();
    let mut found = core
        .view()
        .documents
        .keys()
        .filter(|id| id.to_string().starts_with(&text));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(*id),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> DocumentId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        EntryId(id)
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room_and_what_is_in_use_stays() {
        let mut shelf = Shelf::default();
        let used = Arc::clone(&shelf.slot(id(0)).held);
        for number in 1..=DOCUMENTS_MAX + 5 {
            shelf.slot(id(number));
            shelf.sweep();
        }
        assert_eq!(shelf.slots.len(), DOCUMENTS_MAX);
        assert!(shelf.slots.contains_key(&id(0)), "it is in use");
        assert!(!shelf.slots.contains_key(&id(1)));
        drop(used);
        shelf.slot(id(99));
        shelf.sweep();
        assert!(!shelf.slots.contains_key(&id(0)));
    }

    #[test]
    fn heavy_documents_leave_room_for_fewer_and_one_always_stays() {
        let mut shelf = Shelf::default();
        for number in 0..3 {
            shelf.slot(id(number)).weight_bytes = WEIGHT_BYTES_MAX;
            shelf.sweep();
            assert_eq!(shelf.slots.len(), 1);
        }
        assert!(shelf.slots.contains_key(&id(2)));
    }
}
