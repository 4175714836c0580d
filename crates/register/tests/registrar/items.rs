//! What travels: each thing once for all nodes, by its hash.

use std::{collections::BTreeMap, rc::Rc};

use domain::{
    cbor::Encode,
    id::{EntryId, FederationId, Hash, PhaseId},
};
use register::registrar::{Input, Message, Topic};

/// A thing's number.
pub type Thing = usize;

/// What a thing is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A height or phase.
    Topic(Topic),
    /// A vote: ballots name it, and count in each phase of it.
    Vote(PhaseId),
    /// The next height, whichever.
    Next,
    /// Something elsewhere.
    Elsewhere,
}

#[derive(Debug)]
pub struct Kept {
    pub input: Rc<Input>,
    /// How many bytes it has on the wire.
    pub bytes: usize,
    pub hash: Hash,
}

/// All things there ever were.
#[derive(Debug, Default)]
pub struct Things {
    kept: Vec<Kept>,
    by_hash: BTreeMap<Hash, Thing>,
    about: BTreeMap<About, Vec<Thing>>,
}

impl Things {
    pub fn get(&self, thing: Thing) -> &Kept {
        &self.kept[thing]
    }

    /// Those about something, in the order in which they came about.
    pub fn about(&self, about: About) -> &[Thing] {
        self.about.get(&about).map_or(&[], Vec::as_slice)
    }

    pub fn message(&mut self, message: Message) -> Thing {
        let (bytes, about) = (message.to_bytes(), About::Topic(message.topic()));
        self.keep(&bytes, bytes.len(), about, Input::Message(message))
    }

    /// A ballot, and its entry's id.
    pub fn ballot(
        &mut self,
        federation: &FederationId,
        vote: PhaseId,
        input: Input,
    ) -> (Thing, EntryId) {
        let Input::Ballot(pair) = &input else {
            panic!("not a ballot: {input:?}");
        };
        let bytes = [pair.0.to_bytes(), pair.1.to_bytes()].concat();
        let id = pair.0.id(federation);
        (self.keep(&bytes, bytes.len(), About::Vote(vote), input), id)
    }

    pub fn wanted(&mut self, federation: &FederationId, input: Input) -> Thing {
        let hash = match &input {
            Input::Want(items) => items.hash(federation),
            Input::Motion(_, motion) => motion.hash(),
            Input::Recovered(recovered) => recovered.recovery.hash(federation),
            other => panic!("nothing that is wanted: {other:?}"),
        };
        self.keep(&hash.0, 1_000, About::Next, input)
    }

    /// A decided height. Its certificates differ with whose signatures came first: one is kept.
    pub fn height(&mut self, input: Input) -> Thing {
        let Input::Height(height) = &input else {
            panic!("not a height: {input:?}");
        };
        let (batch, certificate) = (height.0.to_bytes(), height.1.to_bytes());
        let about = About::Topic(Topic::Height(height.0.header.height));
        let bytes = batch.len() + certificate.len();
        self.keep(&[b"height", &batch[..]].concat(), bytes, about, input)
    }

    /// A thing that comes from elsewhere: whatever it is, it is about nothing here.
    pub fn strange(&mut self, input: Input) -> Thing {
        let bytes = format!("{input:?}").into_bytes();
        self.keep(&bytes, bytes.len(), About::Elsewhere, input)
    }

    pub fn all(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter()
    }

    fn keep(&mut self, id: &[u8], bytes: usize, about: About, input: Input) -> Thing {
        let hash = Hash::of(&[id]);
        let (kept, of_about) = (&mut self.kept, &mut self.about);
        *self.by_hash.entry(hash).or_insert_with(|| {
            let input = Rc::new(input);
            kept.push(Kept { input, bytes, hash });
            of_about.entry(about).or_default().push(kept.len() - 1);
            kept.len() - 1
        })
    }
}

/// The things a node has.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    words: Vec<u64>,
    /// Of all of them together: two nodes with the same things have the same.
    pub digest: u64,
}

impl Shelf {
    pub fn has(&self, thing: Thing) -> bool {
        let word = self.words.get(thing / 64).copied().unwrap_or(0);
        word >> (thing % 64) & 1 == 1
    }

    /// Puts it there; whether it is new.
    pub fn put(&mut self, thing: Thing, hash: &Hash) -> bool {
        if self.has(thing) {
            return false;
        }
        if self.words.len() <= thing / 64 {
            self.words.resize(thing / 64 + 1, 0);
        }
        self.words[thing / 64] |= 1 << (thing % 64);
        self.digest ^= u64::from_be_bytes(hash.0[..8].try_into().expect("eight bytes"));
        true
    }

    /// Takes it away.
    pub fn remove(&mut self, thing: Thing) {
        if let Some(word) = self.words.get_mut(thing / 64) {
            *word &= !(1 << (thing % 64));
        }
    }

    /// What it has that another one has not, the earliest first.
    pub fn without(&self, other: &Self) -> Vec<Thing> {
        let mut things = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let mut more = word & !other.words.get(at).copied().unwrap_or(0);
            while more != 0 {
                things.push(at * 64 + more.trailing_zeros() as usize);
                more &= more - 1;
            }
        }
        things
    }
}
