//! Deriving documents: edits one after the other and at once, and many documents held.

use std::{fs, hint::black_box, time::Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use domain::{
    cbor::Encode,
    entry::Audience,
    id::{EntryId, FederationId, MemberId},
    record::{Edit, Kind, Object, Operation, Record, Start},
};
use replica::{
    document::{Document, EDITS_MAX, Item, Outcome, REPLAY_MAX},
    testing::{Author, BEGIN, Draft},
};

const FEDERATION: FederationId = FederationId([5; 32]);
const AUTHORS: u64 = 5;
const DOCUMENTS: usize = 1_000;
const EDITS_PER_DOCUMENT: usize = 50;
const WORDS: &str = "some twenty letters ";

/// Authors who write one document.
struct Desk {
    authors: Vec<Author>,
    items: Vec<Item>,
    document: EntryId,
}

impl Desk {
    fn new(number: u64) -> Self {
        let numbers = 0..AUTHORS;
        let mut desk = Self {
            authors: numbers
                .map(|n| Author::new(FEDERATION, number * AUTHORS + n))
                .collect(),
            items: Vec::new(),
            document: EntryId([0; 32]),
        };
        let edit = Edit {
            document: None,
            start: Some(Start {
                title: "Draft".to_owned(),
                text: None,
            }),
            operations: Vec::new(),
        };
        desk.document = desk.write(0, &[], edit);
        desk
    }

    fn write(&mut self, author: usize, parents: &[EntryId], edit: Edit) -> EntryId {
        let mut references = parents.to_vec();
        references.sort_unstable();
        let entry = self.authors[author].write_draft(&Draft {
            grant: EntryId([0; 32]),
            time: BEGIN.plus_seconds(self.items.len() as u64),
            address: "documents".to_owned(),
            audience: Audience::Members,
            kind: Kind::Edit,
            critical: false,
            body: Record::Edit(edit).to_bytes(),
            note: None,
            references,
        });
        let member = MemberId(entry.header.author.0);
        let item = Item::read(&FEDERATION, member, &entry).expect("an edit");
        let id = item.id;
        self.items.push(item);
        id
    }

    fn splice(&mut self, author: usize, parents: &[EntryId], position: u64) -> EntryId {
        self.inserts(author, parents, position, WORDS)
    }

    fn inserts(
        &mut self,
        author: usize,
        parents: &[EntryId],
        position: u64,
        insert: &str,
    ) -> EntryId {
        let edit = Edit {
            document: Some(self.document),
            start: None,
            operations: vec![Operation::Splice {
                object: Object::Text,
                position,
                delete: 0,
                insert: insert.to_owned(),
            }],
        };
        self.write(author, parents, edit)
    }

    /// Each edit builds on the one before.
    fn linear(number: u64, count: usize) -> Self {
        let mut desk = Self::new(number);
        let mut last = desk.document;
        for edit in 0..count {
            let length = (edit * WORDS.len()) as u64;
            let author = edit % AUTHORS as usize;
            last = desk.splice(author, &[last], (edit as u64 * 7_919) % (length + 1));
        }
        desk
    }

    /// Five authors write at once and join every tenth round.
    fn concurrent(count: usize) -> Self {
        let mut desk = Self::new(0);
        let mut tips = vec![desk.document; AUTHORS as usize];
        for edit in 0..count {
            let author = edit % AUTHORS as usize;
            let round = edit / AUTHORS as usize;
            let parents = if round.is_multiple_of(10) {
                let mut all = tips.clone();
                all.sort_unstable();
                all.dedup();
                all
            } else {
                vec![tips[author]]
            };
            tips[author] = desk.splice(author, &parents, (edit % 7) as u64 * u64::from(round > 0));
        }
        desk
    }
}

/// What a hostile member could write: each edit builds on sixteen from all over the history.
fn scattered(count: usize) -> Desk {
    let mut desk = Desk::new(0);
    let mut all = vec![desk.document];
    for edit in 0..count {
        let mut parents: Vec<EntryId> = (0..16)
            .map(|n| all[(edit * 7_919 + n * 104_729) % all.len()])
            .collect();
        parents.sort_unstable();
        parents.dedup();
        all.push(desk.splice(edit % AUTHORS as usize, &parents, 0));
    }
    desk
}

/// Edits on a text of half a megabyte: three in four build on what was written long before, on one
/// branch or two, as nobody who writes would.
fn heavy(count: usize) -> Desk {
    let mut desk = Desk::new(0);
    let mut all = vec![desk.document];
    for edit in 0..count {
        let old = |n: usize| all[(edit * 7_919 + n * 104_729) % all.len()];
        let (parents, insert) = if edit < 14 {
            let insert = "heavy ".repeat(5_000);
            (vec![all[all.len() - 1]], insert)
        } else {
            (vec![old(0), old(1)], "x".to_owned())
        };
        let mut parents = parents;
        parents.sort_unstable();
        parents.dedup();
        all.push(desk.inserts(edit % AUTHORS as usize, &parents, 0, &insert));
    }
    desk
}

/// Prints what it takes to derive what a hostile member wrote.
fn hostile() {
    let cases = [
        ("build on sixteen old ones", scattered(EDITS_MAX - 1)),
        ("build on old ones of a heavy text", heavy(EDITS_MAX - 1)),
    ];
    for (what, desk) in cases {
        let start = Instant::now();
        let document = black_box(Document::build(desk.document, desk.items.clone()));
        let seconds = start.elapsed().as_secs_f64();
        let ids = desk.items.iter().map(|item| document.outcome(&item.id));
        let applied = ids.filter(|outcome| *outcome == Some(Outcome::Applied));
        println!(
            "{EDITS_MAX} edits that {what}: {seconds:.2} s, {} applied, {:.0} % of what may be replayed",
            applied.count(),
            document.replayed() as f64 * 100.0 / REPLAY_MAX as f64
        );
    }
}

fn resident_kib() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split_whitespace().nth(1).and_then(|p| p.parse().ok());
    pages.unwrap_or(0u64) * 4
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("documents");
    group.sample_size(10);
    for count in [100, 1_000] {
        group.throughput(Throughput::Elements(count as u64));
        let linear = Desk::linear(0, count - 1);
        let concurrent = Desk::concurrent(count - 1);
        for (name, desk) in [("linear", &linear), ("concurrent", &concurrent)] {
            let id = BenchmarkId::new(format!("build, {name}"), count);
            group.bench_function(id, |bencher| {
                bencher.iter_batched(
                    || desk.items.clone(),
                    |items| black_box(Document::build(desk.document, items)),
                    BatchSize::PerIteration,
                );
            });
        }
        let last = linear.items.last().cloned();
        let id = BenchmarkId::new("apply one to", count);
        group.throughput(Throughput::Elements(1));
        group.bench_function(id, |bencher| {
            let most = linear.items[..linear.items.len() - 1].to_vec();
            bencher.iter_batched(
                || Document::build(linear.document, most.clone()),
                |mut document| {
                    document.apply(last.clone());
                    black_box(document)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    criterion.final_summary();
    hostile();
    many();
}

/// Prints what it takes to load many documents and to hold them.
fn many() {
    let desks: Vec<Desk> = (0..DOCUMENTS)
        .map(|number| Desk::linear(number as u64, EDITS_PER_DOCUMENT - 1))
        .collect();
    let inputs: Vec<(EntryId, Vec<Item>)> = desks
        .into_iter()
        .map(|desk| (desk.document, desk.items))
        .collect();
    let (before, start) = (resident_kib(), Instant::now());
    let documents: Vec<Document> = inputs
        .iter()
        .map(|(id, items)| Document::build(*id, items.iter().cloned()))
        .collect();
    let (took, after) = (start.elapsed(), resident_kib());
    println!(
        "{DOCUMENTS} documents of {EDITS_PER_DOCUMENT} edits: loaded in {:.2} s, {} KiB each",
        took.as_secs_f64(),
        (after - before) / DOCUMENTS as u64
    );
    black_box(documents);
}
