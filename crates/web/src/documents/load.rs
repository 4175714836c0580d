//! What is read of a document from the store, and how much of it is held: a function of the set of
//! its edits, so that a node that ran for long holds what one that just began holds.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::DecodeError,
    entry::Entry,
    id::{EntryId, FederationId},
    record::{Object, Operation},
};
use replica::document::Item;

use crate::{error::WebError, node::Node};

/// What an edit weighs beside its operations and its text, in bytes.
const EDIT_WEIGHT_BYTES: usize = 512;
/// The most edits of one document that are looked at, the earliest first.
const EDITS_MAX: usize = 100_000;
/// The most they may weigh. It guards the memory alone: a generation has far less room.
const WEIGHT_BYTES_MAX: usize = 64 << 20;
/// The most edits fetched from the store at once.
const BATCH: usize = 200;

/// What the store gave.
#[derive(Default)]
pub(super) struct Loaded {
    pub items: Vec<Item>,
    /// The edits whose body or text is not here.
    pub missing: BTreeSet<EntryId>,
    /// The bytes that are held.
    pub weight_bytes: usize,
    /// How much work they claim to be.
    pub effort: usize,
    /// All that is here is held.
    pub is_whole: bool,
    /// Not even of the generation in force is all held.
    pub is_cut: bool,
}

/// Reads these edits, which are in the order of their time, beside others that weigh `taken`.
/// Beyond the limit earlier generations keep nothing but their order: their versions are no longer
/// to be read, the text in force is.
pub(super) async fn load(
    node: &Node,
    federation: &FederationId,
    ids: &[EntryId],
    taken: usize,
) -> Result<Loaded, WebError> {
    let mut choice = Choice::new(taken, WEIGHT_BYTES_MAX);
    let mut missing = BTreeSet::new();
    choice.is_cut = ids.len() > EDITS_MAX;
    let ids = &ids[..ids.len().min(EDITS_MAX)];
    for ids in ids.chunks(BATCH) {
        let entries = node.library.entries(ids).await.map_err(WebError::Library)?;
        for (id, entry) in ids.iter().zip(entries) {
            match entry.and_then(|entry| read(node, federation, &entry)) {
                Some(item) => choice.add(item),
                None => drop(missing.insert(*id)),
            }
        }
    }
    // The texts that generations begin with, the latest generation first.
    for number in choice.without_text() {
        let Some(content) = choice.held[number].item.missing_text() else {
            continue;
        };
        if !choice.has_room(content.length()) {
            choice.leave_out(number);
            continue;
        }
        let chunks = node.library.chunks(content.chunks()).await;
        let chunks = chunks.map_err(WebError::Library)?;
        let damaged = |error: DecodeError| WebError::Library(Box::new(error));
        match chunks.into_iter().collect::<Option<Vec<_>>>() {
            Some(chunks) => choice.assemble(number, &chunks).map_err(damaged)?,
            None => drop(missing.insert(choice.held[number].item.id)),
        }
    }
    Ok(choice.loaded(missing))
}

fn read(node: &Node, federation: &FederationId, entry: &Entry) -> Option<Item> {
    let member = node.read(|core| core.replica().writer(&entry.header))?;
    Item::read(federation, member, entry)
}

struct Edit {
    item: Item,
    /// The number of its generation, if all it builds on came before it.
    generation: Option<u64>,
    weight_bytes: usize,
}

/// Which edits are held with all they say.
struct Choice {
    held: Vec<Edit>,
    generations: BTreeMap<EntryId, u64>,
    highest: u64,
    /// Generations below this one keep nothing but their order.
    floor: u64,
    weight_bytes: usize,
    weight_bytes_max: usize,
    effort: usize,
    is_whole: bool,
    is_cut: bool,
    /// The latest generation of which an edit found no room.
    cut: Option<u64>,
}

impl Choice {
    fn new(taken: usize, weight_bytes_max: usize) -> Self {
        Self {
            held: Vec::new(),
            generations: BTreeMap::new(),
            highest: 0,
            floor: 0,
            weight_bytes: taken,
            weight_bytes_max,
            effort: 0,
            is_whole: true,
            is_cut: false,
            cut: None,
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.weight_bytes.saturating_add(bytes) <= self.weight_bytes_max
    }

    /// The number of the generation of an edit: see `specs/documents.md`.
    fn generation_of(&self, item: &Item) -> Option<u64> {
        let parents = item.parents.iter();
        let known: Option<Vec<u64>> = parents
            .map(|parent| self.generations.get(parent).copied())
            .collect();
        let highest = known?.into_iter().max();
        match (&item.edit.start, highest) {
            (Some(_), None) => Some(0),
            (Some(_), Some(highest)) => Some(highest + 1),
            (None, highest) => highest,
        }
    }

    fn add(&mut self, item: Item) {
        let generation = self.generation_of(&item);
        if let Some(generation) = generation {
            self.generations.insert(item.id, generation);
            self.highest = self.highest.max(generation);
        }
        let weight_bytes = weight_bytes(&item);
        self.effort = self.effort.saturating_add(effort(&item));
        self.weight_bytes = self.weight_bytes.saturating_add(weight_bytes);
        self.held.push(Edit {
            item,
            generation,
            weight_bytes,
        });
        if generation.is_some_and(|generation| generation < self.floor) {
            self.empty(self.held.len() - 1);
        }
        if self.has_room(0) {
            return;
        }
        if self.floor < self.highest {
            self.floor = self.highest;
            for number in 0..self.held.len() {
                let generation = self.held[number].generation;
                if generation.is_some_and(|generation| generation < self.floor) {
                    self.empty(number);
                }
            }
        }
        if !self.has_room(0) {
            self.leave_out(self.held.len() - 1);
        }
    }

    /// An edit whose words or text find no room.
    fn leave_out(&mut self, number: usize) {
        let generation = self.held[number].generation.unwrap_or(self.highest);
        self.cut = self.cut.max(Some(generation));
        self.empty(number);
    }

    /// Leaves of an edit what it builds on. In place of its operations is one that never fits, so
    /// that no text is derived without them.
    fn empty(&mut self, number: usize) {
        self.is_whole = false;
        let edit = &mut self.held[number];
        if edit.item.edit.operations.is_empty() {
            return;
        }
        edit.item.edit.operations = vec![Operation::Splice {
            object: Object::Text,
            position: u64::from(u32::MAX),
            delete: 1,
            insert: String::new(),
        }];
        let now = weight_bytes(&edit.item);
        let freed = edit.weight_bytes.saturating_sub(now);
        self.weight_bytes = self.weight_bytes.saturating_sub(freed);
        edit.weight_bytes = now;
    }

    /// The starts whose text is long, of the latest generation first.
    fn without_text(&self) -> Vec<usize> {
        let long = self.held.iter().enumerate();
        let long = long.filter(|(_, edit)| edit.item.missing_text().is_some());
        let mut long: Vec<usize> = long.map(|(number, _)| number).collect();
        long.sort_by_key(|number| {
            let generation = self.held[*number].generation;
            (generation.is_none(), std::cmp::Reverse(generation), *number)
        });
        long
    }

    fn assemble(&mut self, number: usize, chunks: &[Vec<u8>]) -> Result<(), DecodeError> {
        let item = &mut self.held[number].item;
        item.assemble(chunks)?;
        let bytes = item.text().map_or(0, str::len);
        self.weight_bytes = self.weight_bytes.saturating_add(bytes);
        self.effort = self.effort.saturating_add(bytes);
        Ok(())
    }

    fn loaded(self, missing: BTreeSet<EntryId>) -> Loaded {
        let items = self.held.into_iter().map(|edit| edit.item);
        Loaded {
            items: items.filter(|item| !missing.contains(&item.id)).collect(),
            missing,
            weight_bytes: self.weight_bytes,
            effort: self.effort,
            is_whole: self.is_whole && !self.is_cut,
            is_cut: self.is_cut || self.cut.is_some_and(|cut| cut >= self.highest),
        }
    }
}

/// What is held of an edit in memory: what it claims to delete is not.
fn weight_bytes(item: &Item) -> usize {
    let operations = item.edit.operations.iter().map(|operation| {
        let words = match operation {
            Operation::Splice { insert, .. } => insert.len(),
            // Each character of a key or a value has its weight, and at most four bytes.
            other => usize::try_from(4 * other.weight()).unwrap_or(usize::MAX),
        };
        size_of::<Operation>().saturating_add(words)
    });
    let parents = item.parents.len() * size_of::<EntryId>();
    let text = item.text().map_or(0, str::len);
    operations.fold(EDIT_WEIGHT_BYTES + parents + text, usize::saturating_add)
}

/// What deriving it may cost: what it claims to insert and delete.
fn effort(item: &Item) -> usize {
    let operations = usize::try_from(item.edit.weight()).unwrap_or(usize::MAX);
    operations.saturating_add(100 + item.text().map_or(0, str::len))
}

#[cfg(test)]
mod tests {
    use domain::{
        cbor::Encode as _,
        entry::{Address, Audience, Entry, Header, Salted},
        id::{MemberId, Timestamp},
        key::SecretKey,
        record::{Edit as Change, Kind, Record, Start},
    };
    use replica::document::{Document, Outcome};

    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);

    /// An edit at a time, in seconds; without operations a start.
    fn edit(seconds: u64, document: Option<EntryId>, parents: &[EntryId], words: &str) -> Item {
        let insert = words.to_owned();
        let start = Start {
            title: "Minutes".to_owned(),
            text: None,
        };
        let splice = Operation::Splice {
            object: Object::Text,
            position: 0,
            delete: 0,
            insert,
        };
        let change = Change {
            document,
            start: words.is_empty().then_some(start),
            operations: (!words.is_empty()).then_some(splice).into_iter().collect(),
        };
        let body = Salted::new(&[0; 32], &Record::Edit(change).to_bytes());
        let key = SecretKey::from_seed(&[2; 32]);
        let header = Header {
            author: key.public(),
            grant: EntryId([3; 32]),
            sequence: seconds,
            previous: Some(EntryId([4; 32])),
            time: Timestamp(seconds * 1_000),
            address: Address::parse("documents").unwrap(),
            audience: Audience::Members,
            kind: Kind::Edit,
            critical: false,
            body: body.seal(),
            note: None,
            references: parents.to_vec(),
        };
        let entry = Entry {
            signature: header.sign(&FEDERATION, &key),
            header,
            body: Some(body),
            note: None,
        };
        Item::read(&FEDERATION, MemberId([3; 32]), &entry).unwrap()
    }

    #[test]
    fn beyond_the_limit_earlier_generations_keep_their_order_and_the_last_one_its_text() {
        let start = edit(1, None, &[], "");
        let id = start.id;
        let long = edit(2, Some(id), &[id], &"long ".repeat(2_000));
        let anew = edit(3, Some(id), &[long.id], "");
        let now = edit(4, Some(id), &[anew.id], &"now ".repeat(2_000));
        let mut choice = Choice::new(0, 16_000);
        for item in [&start, &long, &anew, &now] {
            choice.add(item.clone());
        }
        let loaded = choice.loaded(BTreeSet::new());
        assert!(!loaded.is_whole && !loaded.is_cut);
        assert!(loaded.weight_bytes <= 16_000);
        let document = Document::build(id, loaded.items);
        assert_eq!(document.text(), "now ".repeat(2_000));
        assert_eq!(document.outcome(&long.id), Some(Outcome::Earlier));
        assert!(document.text_at(&[long.id]).is_err(), "not another text");

        let mut choice = Choice::new(0, 8_000);
        for item in [start, long, anew, now] {
            choice.add(item);
        }
        assert!(
            choice.loaded(BTreeSet::new()).is_cut,
            "nobody saves on that"
        );
    }
}
