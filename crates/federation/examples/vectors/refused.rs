//! Entries that are not stored after the history, each with the name of the reason.

use domain::{
    decision::Choice,
    entry::{Audience, Entry},
    id::{EntryId, PersonId},
    key::{PublicKey, Signature},
    record::{self, Admission, Custody, Join, Kind, Newcomer, Record, Roles},
};
use serde_json::{Value, json};

use super::{
    book::{Draft, Written},
    history::{History, Member, mandate, person_grant},
    malformed::malformed,
    notation::{encoded, key},
    results::outcome,
    unproven::unproven,
    votes::address_of,
};

/// Rows: what is wrong, entries to store first, and the entry.
type Row = (&'static str, Vec<Entry>, Entry);

struct Rows<'a> {
    history: &'a History,
    rows: Vec<Row>,
}

impl Rows<'_> {
    fn add(&mut self, what: &'static str, draft: Draft) {
        let entry = self.history.book.sign(draft).entry;
        self.rows.push((what, Vec::new(), entry));
    }

    fn plain(&self) -> Draft {
        let anna = &self.history.anna;
        self.history
            .comment("refused", &anna.delegate, anna.grant, "words")
    }

    fn headers(&mut self) {
        let history = self.history;
        let unknown = EntryId([9; 32]);
        let (previous, bela) = (
            history.book.tips[&history.bela.delegate.public()],
            &history.bela,
        );
        let plain = self.plain();
        self.add(
            "a sequence is left out",
            plain.clone().change(|h| h.sequence += 1),
        );
        self.add(
            "the previous entry is another key's",
            plain.clone().change(|h| {
                h.previous = Some(previous.1);
                h.sequence = previous.0 + 1;
            }),
        );
        self.add(
            "before the previous entry",
            plain.clone().change(|h| {
                h.time.0 = history.book.now.0 - 600_000;
            }),
        );
        self.add(
            "another key's grant",
            plain.clone().change(|h| h.grant = bela.grant),
        );
        self.add(
            "an entry that gives no right",
            plain.clone().change(|h| h.grant = history.proposal),
        );
        self.add(
            "the federation as the grant",
            plain.clone().change(|h| h.grant = history.book.root()),
        );
        self.add(
            "another area",
            plain.clone().change(|h| {
                h.address = domain::entry::Address::parse("ballots").expect("an address");
            }),
        );
        self.add(
            "an unknown previous entry",
            plain.clone().change(|h| h.previous = Some(unknown)),
        );
        self.add(
            "an unknown grant",
            plain.clone().change(|h| h.grant = unknown),
        );
        self.add(
            "601 seconds ahead",
            plain.change(|h| h.time = history.book.now.plus_seconds(601)),
        );
    }

    fn signatures(&mut self) {
        let book = &self.history.book;
        let Written { entry, .. } = book.sign(self.plain());
        let mut flipped = entry.clone();
        flipped.signature.0[3] ^= 1;
        let mut weak = entry.clone();
        weak.header.author = PublicKey(std::array::from_fn(|i| u8::from(i == 0)));
        let mut elsewhere = entry;
        let federation = domain::id::FederationId([1; 32]);
        let anna = &self.history.anna.delegate;
        elsewhere.signature = elsewhere.header.sign(&federation, anna);
        self.rows
            .push(("a bit of the signature flipped", Vec::new(), flipped));
        self.rows
            .push(("signed for another federation", Vec::new(), elsewhere));
        self.rows
            .push(("the author is a point of small order", Vec::new(), weak));
    }

    fn bodies(&mut self) {
        let history = self.history;
        let anna = &history.anna;
        let ballot = history.ballot("refused", anna, 2, Choice::Agree);
        let mut withheld = history.book.sign(ballot).entry;
        withheld.body = None;
        self.rows
            .push(("a ballot without its body", Vec::new(), withheld));
        let bad = (Kind::Mandate, vec![0x82, 0, 0x80]);
        let root = &anna.root;
        self.add(
            "mandate 0",
            history
                .book
                .draft_of("refused", root, anna.record, "keys", bad),
        );
        let again = mandate(1, anna);
        self.add(
            "the number of an earlier mandate",
            history
                .book
                .draft("refused", root, anna.record, "keys", &again),
        );
        let mut block = history.ballot("refused", anna, 2, Choice::Block);
        block.header.note = None;
        block.note = None;
        self.add("a block whose note is shorter than its reason", block);
    }

    fn rights(&mut self) {
        let history = self.history;
        let (anna, book) = (&history.anna, &history.book);
        let person = PersonId([0x55; 16]);
        let granted =
            |by: &Member, roles| person_grant(by.id(), &key(0x55), person, (roles, Custody::Node));
        self.add(
            "a steward grants a steward",
            book.draft(
                "refused",
                &anna.delegate,
                anna.grant,
                "keys",
                &granted(anna, Roles::STEWARD),
            ),
        );
        let worker = (Roles::WORKER, Custody::Node);
        let own = person_grant(anna.id(), &anna.root, person, worker);
        self.add(
            "a key grants itself",
            book.draft("refused", &anna.root, anna.record, "keys", &own),
        );
        let dora = &history.dora;
        self.add(
            "a delegate who is no steward grants",
            book.draft(
                "refused",
                &dora.delegate,
                dora.grant,
                "keys",
                &granted(dora, Roles::WORKER),
            ),
        );
        self.add(
            "a steward writes a mandate",
            book.draft(
                "refused",
                &anna.delegate,
                anna.grant,
                "keys",
                &mandate(2, anna),
            ),
        );
        let ballot = history.ballot("refused", anna, 2, Choice::Agree);
        self.add(
            "a ballot under a grant",
            ballot.change(|h| h.grant = anna.grant),
        );
        let opening = book
            .written
            .iter()
            .find(|w| w.id == history.phase)
            .expect("the opening");
        let draft = book.draft_of(
            "refused",
            &anna.delegate,
            anna.grant,
            &address_of(&history.proposal),
            (Kind::Opening, opening.draft.body.clone()),
        );
        self.add(
            "an opening that is not public",
            draft.for_audience(Audience::Members),
        );
        let found = Record::Found(record::Found);
        self.add(
            "found twice",
            book.draft("refused", &anna.root, anna.record, "members", &found),
        );
    }

    fn beginnings(&mut self) {
        let book = &self.history.book;
        let found = Record::Found(record::Found);
        let stranger = key(0x55);
        self.add(
            "a stranger signs the genesis",
            book.draft("refused", &stranger, book.root(), "members", &found),
        );
        let newcomer = Newcomer {
            root: stranger.public(),
            class: "consumer".to_owned(),
            name: "Eva's co-op".to_owned(),
        };
        let message = newcomer.message(&book.federation);
        let admission = |key: &domain::key::SecretKey, signature: Signature| Admission {
            founder: key.public(),
            signature,
        };
        let (anna, bela) = (&self.history.anna.root, &self.history.bela.root);
        let mut cases = vec![
            (
                "one admission of two",
                vec![admission(anna, anna.sign(&message))],
            ),
            (
                "an admission by no founder",
                vec![
                    admission(anna, anna.sign(&message)),
                    admission(&stranger, stranger.sign(&message)),
                ],
            ),
            (
                "an admission for other words",
                vec![
                    admission(anna, anna.sign(&message)),
                    admission(bela, bela.sign(b"welcome")),
                ],
            ),
        ];
        for (what, admissions) in &mut cases {
            admissions.sort_by_key(|admission| admission.founder);
            let join = Record::Join(Join {
                newcomer: newcomer.clone(),
                admissions: admissions.clone(),
            });
            let book = &self.history.book;
            self.add(
                what,
                book.draft("refused", &stranger, book.root(), "members", &join),
            );
        }
        let book = &self.history.book;
        self.add(
            "a log that begins with a grant of the federation",
            book.draft(
                "refused",
                &stranger,
                book.root(),
                "keys",
                &mandate(1, &self.history.anna),
            ),
        );
    }

    /// Rights that come from another member or through a steward.
    fn foreign(&mut self) {
        let history = self.history;
        let (anna, carla) = (&history.anna, &history.carla);
        let (bela, mut book) = (&history.bela, history.book.clone());
        let person = PersonId([0x55; 16]);
        let roles = Roles::STEWARD.with(Roles::WORKER);
        // Bela's delegate agreed to it; its log stays Bela's.
        let foreign = person_grant(carla.id(), &bela.delegate, person, (roles, Custody::Node));
        let foreign = book.draft("carla.foreign", &carla.root, carla.record, "keys", &foreign);
        let foreign = book.sign(foreign);
        let comment = history.comment("refused", &bela.delegate, foreign.id, "words");
        let comment = comment.change(|header| header.time = header.time.plus_seconds(1));
        let comment = book.sign(comment).entry;
        self.rows
            .push(("another member's grant", vec![foreign.entry], comment));
        let raised = person_grant(
            anna.id(),
            &history.worker,
            PersonId([0x14; 16]),
            (roles, Custody::Person),
        );
        let draft = book.draft("anna.raised", &anna.root, anna.record, "keys", &raised);
        let raised = book.write(draft);
        let before = book.written[book.written.len() - 1].entry.clone();
        let worker = (Roles::WORKER, Custody::Node);
        let record = person_grant(anna.id(), &key(0x55), person, worker);
        let grant = book.draft("refused", &history.worker, raised, "keys", &record);
        let grant = book.sign(grant).entry;
        let what = "a steward whose log began under a steward's grant";
        self.rows.push((what, vec![before], grant));
        let book = &history.book;
        let other = (Kind::Profile, b"no profile".to_vec());
        self.add(
            "a profile whose body is none: stored, without effect",
            book.draft_of("stored", &anna.delegate, anna.grant, "profile", other),
        );
    }

    /// Grants without the granted key's proof for what they say.
    fn unproven(&mut self) {
        for (what, draft) in unproven(self.history) {
            self.add(what, draft);
        }
    }

    /// An entry above a fork.
    fn void(&mut self) {
        let history = self.history;
        let anna = &history.anna;
        let mut book = history.book.clone();
        let comment = |name: &str| history.comment(name, &anna.delegate, anna.grant, name);
        let other = book.sign(comment("the other branch")).entry;
        book.write(comment("one branch"));
        let one = book.written[book.written.len() - 1].clone();
        let mut above = comment("above the fork");
        above.header.previous = Some(one.id);
        above.header.sequence += 1;
        let above = book.sign(above).entry;
        let row = ("above a fork", vec![one.entry, other], above);
        self.rows.push(row);
    }

    /// The seventeenth grant of a day.
    fn limits(&mut self) {
        let history = self.history;
        let mut book = history.book.clone();
        let carla = &history.carla;
        let mut before = Vec::new();
        let grant = |number: u8| {
            let person = PersonId([number; 16]);
            let worker = (Roles::WORKER, Custody::Node);
            person_grant(carla.id(), &key(0x60 + number), person, worker)
        };
        for number in 0..16 {
            let name = format!("carla.grant {number}");
            let draft = book.draft(&name, &carla.delegate, carla.grant, "keys", &grant(number));
            book.write(draft);
            before.extend(book.written.last().map(|written| written.entry.clone()));
        }
        let draft = book.draft("refused", &carla.delegate, carla.grant, "keys", &grant(16));
        let late = book.sign(draft).entry;
        self.rows
            .push(("the 17th grant of a log in a day", before, late));
    }
}

/// The file. Each entry is offered to a node that holds the history, at the history's `now`.
pub fn file(history: &History) -> Value {
    let mut rows = Rows {
        history,
        rows: Vec::new(),
    };
    rows.signatures();
    rows.headers();
    rows.bodies();
    rows.rights();
    rows.beginnings();
    rows.foreign();
    rows.unproven();
    rows.void();
    rows.limits();
    let entries: Vec<Value> = rows
        .rows
        .into_iter()
        .map(|(what, before, entry)| {
            let mut replica = history.replica();
            let now = history.book.now.plus_seconds(60);
            for entry in &before {
                replica.offer(now, entry.clone());
            }
            let offer = replica.offer(history.book.now, entry.clone());
            let before: Vec<Value> = before.iter().map(encoded).collect();
            json!({
                "what": what, "before": before, "wire": encoded(&entry), "result": outcome(&offer),
            })
        })
        .collect();
    json!({ "entries": entries, "malformed": malformed(history) })
}
