//! Two nodes edit one document and see the same text.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};

use domain::{
    blob::BLOB_BYTES_MAX,
    cbor::Decode,
    charter::Charter,
    entry::Entry,
    genesis::{Founder, Genesis},
    id::{DocumentId, EntryId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{self, Custody, Grant, Object, Operation, Purpose, Roles, Sort},
};
use federation::{
    Act, Change, Core, Input, Output, Refused, Settings, Write,
    message::Message,
    presence::{WRITING_MS, Writing},
};
use replica::{
    Refusal,
    document::{Document, Item},
    view::ATTACHMENTS_MAX,
};

const START: Timestamp = Timestamp(1_800_000_000_000);

/// A node that makes every write durable at once.
struct Node {
    core: Core,
    person: SecretKey,
    entries: BTreeMap<EntryId, Vec<u8>>,
    chunks: BTreeMap<Hash, Vec<u8>>,
    changes: Vec<Change>,
    sent: Vec<(PublicKey, Message)>,
}

struct World {
    nodes: Vec<Node>,
    now: Timestamp,
}

fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

impl World {
    fn new() -> Self {
        let mut founders: Vec<Founder> = (1..=2)
            .map(|member| Founder {
                root: key(member, 1).public(),
                name: format!("Co-op {member}"),
                class: "producer".to_owned(),
            })
            .collect();
        founders.sort();
        let genesis = Genesis {
            name: "Test".to_owned(),
            created: START,
            founders,
            charter: Charter::default().to_bytes(),
            nonce: [1; 32],
            requires: Vec::new(),
        };
        let node = |member: u8| {
            let settings = Settings {
                node: key(member, 2).public(),
                seed: [member; 32],
            };
            let mut core = Core::new(genesis.clone(), settings).unwrap();
            let (clean, alone) = (true, false);
            core.handle(START, Input::Start { clean, alone });
            Node {
                core,
                person: key(member, 3),
                entries: BTreeMap::new(),
                chunks: BTreeMap::new(),
                changes: Vec::new(),
                sent: Vec::new(),
            }
        };
        let mut world = Self {
            nodes: vec![node(1), node(2)],
            now: START,
        };
        for (index, member) in [(0, 1), (1, 2)] {
            let (root, person) = (key(member, 1), PersonId([member; 16]));
            let id = MemberId(root.public().0);
            world.act(index, &root, Act::Found).unwrap();
            let federation = world.nodes[index].core.federation();
            let grant = |purpose, key: &SecretKey, person, roles| Act::Grant {
                purpose,
                key: key.public(),
                person,
                roles,
                custody: Custody::Node,
                proof: Some(Grant::prove(key, &federation, &id, purpose, person)),
            };
            let worker = grant(
                Purpose::Person,
                &key(member, 3),
                Some(person),
                Roles::WORKER,
            );
            let machine = grant(Purpose::Node, &key(member, 2), None, Roles::none());
            world.act(index, &root, worker).unwrap();
            world.act(index, &root, machine).unwrap();
        }
        world.meet();
        world
    }

    /// Hands everything that both hold to the other, as if they had just met.
    fn meet(&mut self) {
        for (from, to) in [(0, 1), (1, 0)] {
            let entries: Vec<Vec<u8>> = self.nodes[from].entries.values().cloned().collect();
            let mut entries: Vec<Entry> = entries
                .iter()
                .map(|bytes| Entry::from_bytes(bytes).unwrap())
                .collect();
            entries.sort_by_key(|entry| (entry.header.time, entry.header.sequence));
            for entry in entries {
                self.run(
                    to,
                    Input::Submit {
                        ticket: 0,
                        entry,
                        chunks: self.nodes[from].chunks.values().cloned().collect(),
                    },
                );
            }
        }
    }

    fn run(&mut self, index: usize, input: Input) -> Option<Result<EntryId, Refused>> {
        let node = &mut self.nodes[index];
        let (mut inputs, mut answer) = (VecDeque::from([input]), None);
        while let Some(input) = inputs.pop_front() {
            for output in node.core.handle(self.now, input) {
                match output {
                    Output::Persist { number, writes } => {
                        for write in writes {
                            match write {
                                Write::Entry { id, bytes, .. } => {
                                    node.entries.insert(id, bytes);
                                }
                                Write::Remove { id } => {
                                    node.entries.remove(&id);
                                }
                                Write::Chunk { hash, bytes } => {
                                    node.chunks.insert(hash, bytes);
                                }
                                Write::Height { .. }
                                | Write::Journal { .. }
                                | Write::Room { .. } => {}
                            }
                        }
                        inputs.push_back(Input::Persisted(number));
                    }
                    Output::Answer { result, .. } => answer = Some(result),
                    Output::Changed(change) => node.changes.push(change),
                    Output::Send(to, message) => node.sent.push((to, message)),
                    _ => {}
                }
            }
        }
        answer
    }

    fn act(&mut self, index: usize, key: &SecretKey, act: Act) -> Result<EntryId, Refused> {
        self.now = self.now.plus_seconds(1);
        let input = Input::Act {
            ticket: 1,
            key: key.clone(),
            act,
            random: [(self.now.0 / 1000 % 251) as u8; 32],
        };
        self.run(index, input).unwrap()
    }

    fn says(&mut self, index: usize, act: Act) -> Result<EntryId, Refused> {
        let person = self.nodes[index].person.clone();
        self.act(index, &person, act)
    }

    /// What a shell does: reads the bodies from the store.
    fn document(&self, index: usize, id: &DocumentId) -> Document {
        let node = &self.nodes[index];
        let federation = node.core.federation();
        let items = node.core.edits(id).into_iter().map(|edit| {
            let entry = Entry::from_bytes(&node.entries[&edit]).unwrap();
            let member = node.core.replica().writer(&entry.header).unwrap();
            let mut item = Item::read(&federation, member, &entry).unwrap();
            let missing = item.missing_text().map(|content| content.chunks().to_vec());
            if let Some(hashes) = missing {
                let chunks: Vec<Vec<u8>> = hashes
                    .iter()
                    .map(|hash| node.chunks[hash].clone())
                    .collect();
                item.assemble(&chunks).unwrap();
            }
            item
        });
        Document::build(*id, items)
    }

    fn rewrites(&mut self, index: usize, id: &DocumentId, text: &str) {
        let basis = self.document(index, id).basis();
        let mut parents = basis.parents.clone();
        for operations in Document::changes(&basis, text) {
            let act = Act::Edit {
                document: *id,
                parents,
                operations,
            };
            parents = vec![self.says(index, act).unwrap()];
        }
    }
}

fn create(text: &str) -> Act {
    Act::CreateDocument {
        title: "Shared servers".to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn two_nodes_write_a_text_together() {
    let mut world = World::new();
    let id = world.says(0, create("We share servers.")).unwrap();
    world.meet();
    assert!(world.nodes[1].changes.contains(&Change::Document(id)));
    world.rewrites(0, &id, "We share five servers.");
    world.rewrites(1, &id, "We gladly share servers.");
    world.meet();
    for index in 0..2 {
        let document = world.document(index, &id);
        assert_eq!(document.text(), "We gladly share five servers.");
        assert_eq!(document.title(), "Shared servers");
    }
    let known = &world.nodes[0].core.view().documents[&id];
    let begun = known.begun.as_ref().unwrap();
    assert_eq!((known.edits.len(), known.members.len()), (3, 2));
    assert_eq!(begun.title, "Shared servers");
    world.rewrites(1, &id, "One text.");
    world.meet();
    assert_eq!(world.document(0, &id).text(), "One text.");
}

#[test]
fn a_long_document_begins_anew_on_both_nodes() {
    let mut world = World::new();
    let text = "A line of a long text.\n".repeat(3_000);
    let id = world.says(0, create(&text)).unwrap();
    world.meet();
    let restart = world.document(1, &id).restart().unwrap();
    let act = Act::Restart {
        document: id,
        parents: restart.parents,
        title: "Anew".to_owned(),
        text: text.clone(),
    };
    let root = world.says(1, act).unwrap();
    world.meet();
    let document = world.document(0, &id);
    assert_eq!(document.heads(), [root]);
    assert_eq!((document.title().as_str(), document.text()), ("Anew", text));
    assert_eq!(document.begins_as_left(), Some(true));
}

#[test]
fn an_edit_that_fits_no_document_is_refused_and_nothing_is_stored() {
    let mut world = World::new();
    let id = world.says(0, create("abc")).unwrap();
    let before = world.nodes[0].entries.len();
    let splice = |delete| Operation::Splice {
        object: Object::Text,
        position: 0,
        delete,
        insert: String::new(),
    };
    let edit = |document, parents: &[EntryId], operations| Act::Edit {
        document,
        parents: parents.to_vec(),
        operations,
    };
    let unknown = EntryId([9; 32]);
    let found = world.nodes[0]
        .core
        .view()
        .members
        .values()
        .next()
        .unwrap()
        .record;
    for act in [
        edit(unknown, &[id], vec![splice(1)]),
        edit(id, &[unknown], vec![splice(1)]),
        edit(id, &[found], vec![splice(1)]),
        edit(id, &[], vec![splice(1)]),
    ] {
        assert_eq!(world.says(0, act), Err(Refused::UnknownDocument));
    }
    for act in [
        edit(id, &[id], vec![splice(0)]),
        edit(id, &[id], Vec::new()),
        edit(id, &[id], vec![splice(1); 257]),
        create("a\u{202e}b"),
    ] {
        let refused = world.says(0, act).unwrap_err();
        assert!(matches!(refused, Refused::Text { .. }), "{refused}");
    }
    let node = key(1, 2);
    let by_node = world.act(0, &node, edit(id, &[id], vec![splice(1)]));
    assert!(matches!(by_node, Err(Refused::Right { .. })));
    assert_eq!(world.nodes[0].entries.len(), before);
}

#[test]
fn a_version_of_a_proposal_names_the_draft_it_was_read_from() {
    let mut world = World::new();
    let id = world.says(0, create("We share servers.")).unwrap();
    world.meet();
    world.rewrites(0, &id, "We share five servers.");
    world.rewrites(1, &id, "We gladly share servers.");
    world.meet();
    let version = world.document(0, &id).version();
    assert_eq!(version.edits.len(), 2);
    let propose = |draft: &[EntryId]| Act::Propose {
        title: "Servers".to_owned(),
        text: "We gladly share five servers.".to_owned(),
        rule: String::new(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: draft.to_vec(),
        effect: None,
    };
    let proposal = world.says(0, propose(&version.edits)).unwrap();
    let amend = Act::Amend {
        proposal,
        title: "Servers".to_owned(),
        text: "We share servers.".to_owned(),
        what_changed: String::new(),
        draft: vec![id],
        effect: None,
    };
    world.says(0, amend).unwrap();
    world.meet();
    let core = &world.nodes[1].core;
    let versions = core.view().proposals[&proposal].versions();
    let drafts: Vec<_> = versions
        .iter()
        .map(|version| core.replica().draft_of(version).unwrap())
        .collect();
    assert_eq!(drafts[0].document, id);
    assert_eq!(drafts[0].edits, version.edits);
    assert_eq!(drafts[1].edits, [id]);

    let other = world.says(0, create("Another text.")).unwrap();
    for draft in [&[id, other][..], &[proposal], &[EntryId([9; 32])]] {
        assert_eq!(world.says(0, propose(draft)), Err(Refused::UnknownDocument));
    }
}

#[test]
fn the_last_word_on_where_a_document_belongs_counts() {
    let mut world = World::new();
    let id = world.says(0, create("We share servers.")).unwrap();
    world.meet();
    let filing = |sort, closed| record::Filing {
        document: id,
        sort,
        circle: None,
        proposal: None,
        meeting: None,
        closed,
    };
    let (draft, minutes) = (filing(Sort::Draft, false), filing(Sort::Minutes, true));
    world.says(0, Act::File(draft)).unwrap();
    world.meet();
    world.says(1, Act::File(minutes)).unwrap();
    world.meet();
    for node in &world.nodes {
        let filed = node.core.view().documents[&id].filed.as_ref().unwrap();
        assert_eq!(filed.record, minutes);
    }
    let nowhere = record::Filing {
        circle: Some(domain::id::CircleId([1; 16])),
        ..draft
    };
    let refused = world.says(0, Act::File(nowhere));
    assert_eq!(refused, Err(Refused::UnknownCircle));
    let nothing = record::Filing {
        document: EntryId([9; 32]),
        ..draft
    };
    let refused = world.says(0, Act::File(nothing));
    assert_eq!(refused, Err(Refused::UnknownDocument));
}

#[test]
fn what_is_filed_attached_or_taken_away_has_its_effect_however_late_others_clocks_are() {
    let mut world = World::new();
    let id = world.says(0, create("Plans.")).unwrap();
    world.meet();
    let filing = |closed| record::Filing {
        document: id,
        sort: Sort::Minutes,
        circle: None,
        proposal: None,
        meeting: None,
        closed,
    };
    let attach = |bytes: &[u8]| Act::Attach {
        document: id,
        name: "plan".to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: bytes.to_vec(),
    };
    let name = "plan".to_owned();
    let detach = Act::Detach { document: id, name };
    let lengths = |world: &World, index: usize| {
        let known = &world.nodes[index].core.view().documents[&id];
        let all = known.attachments().into_iter();
        all.map(|a| a.record.content.as_ref().unwrap().length())
            .collect::<Vec<_>>()
    };
    let start = world.now;
    for (first, later) in [(0, 1), (1, 0)] {
        // The first one's clock is a minute ahead.
        world.now = world.now.plus_seconds(60);
        world.says(first, Act::File(filing(false))).unwrap();
        world.says(first, attach(b"a")).unwrap();
        world.meet();
        world.now = start;
        world.says(later, Act::File(filing(true))).unwrap();
        world.says(later, attach(b"longer")).unwrap();
        world.meet();
        for node in &world.nodes {
            let filed = node.core.view().documents[&id].filed.as_ref().unwrap();
            assert!(filed.record.closed);
        }
        assert_eq!((lengths(&world, 0), lengths(&world, 1)), (vec![6], vec![6]));
        world.says(first, detach.clone()).unwrap();
        world.meet();
        assert!(lengths(&world, 0).is_empty() && lengths(&world, 1).is_empty());
        // What was taken away can be attached again.
        world.says(later, attach(b"anew")).unwrap();
        world.meet();
        assert_eq!((lengths(&world, 0), lengths(&world, 1)), (vec![4], vec![4]));
    }
}

#[test]
fn of_two_filings_in_one_millisecond_the_later_one_counts() {
    let mut world = World::new();
    let id = world.says(0, create("Plans.")).unwrap();
    let moment = world.now;
    for number in 0..10 {
        world.now = moment;
        let filing = record::Filing {
            document: id,
            sort: Sort::Minutes,
            circle: None,
            proposal: None,
            meeting: None,
            closed: number % 2 == 0,
        };
        world.says(0, Act::File(filing)).unwrap();
        let filed = world.nodes[0].core.view().documents[&id].filed.as_ref();
        assert_eq!(filed.unwrap().record, filing, "filing {number}");
    }
}

#[test]
fn a_long_text_is_signed_in_several_edits_or_not_at_all() {
    let mut world = World::new();
    let id = world.says(0, create("We share servers.")).unwrap();
    let held = world.nodes[0].entries.len();
    let basis = world.document(0, &id).basis();
    let text = "We share a long list of servers.\n".repeat(10_000);
    let edits = |text: &str| Act::Edits {
        document: id,
        parents: basis.parents.clone(),
        changes: Document::changes(&basis, text),
    };
    let Act::Edits { changes, .. } = edits(&text) else {
        unreachable!("edits were made");
    };
    let mut broken = changes.clone();
    let bell = Operation::Splice {
        object: Object::Text,
        position: 0,
        delete: 0,
        insert: "\u{7}".to_owned(),
    };
    broken.last_mut().unwrap().push(bell);
    let refused = world.says(
        0,
        Act::Edits {
            document: id,
            parents: basis.parents.clone(),
            changes: broken,
        },
    );
    assert!(matches!(refused, Err(Refused::Text { .. })), "{refused:?}");
    let days = vec![changes.clone(); 30].concat();
    let refused = world.says(
        0,
        Act::Edits {
            document: id,
            parents: basis.parents.clone(),
            changes: days,
        },
    );
    let limit = matches!(refused, Err(Refused::Entry(Refusal::Limit { .. })));
    assert!(limit, "{refused:?}");
    assert_eq!(world.nodes[0].entries.len(), held, "nothing was signed");
    world.says(0, edits(&text)).unwrap();
    assert_eq!(world.nodes[0].entries.len(), held + changes.len());
    assert_eq!(world.document(0, &id).text(), text);
}

#[test]
fn what_is_attached_to_a_document_is_at_the_other_node_until_it_is_taken_away() {
    let mut world = World::new();
    let id = world.says(0, create("Plans.")).unwrap();
    world.meet();
    let attach = |name: &str, bytes: &[u8]| Act::Attach {
        document: id,
        name: name.to_owned(),
        media_type: "image/png".to_owned(),
        bytes: bytes.to_vec(),
    };
    let plan: Vec<u8> = (0..60_000_u32).flat_map(u32::to_le_bytes).collect();
    world
        .says(0, attach("plan.png", b"a first sketch"))
        .unwrap();
    world.says(0, attach("plan.png", &plan)).unwrap();
    world.nodes[1].changes.clear();
    world.meet();
    assert!(world.nodes[1].changes.contains(&Change::Document(id)));
    let node = &world.nodes[1];
    let attached = node.core.view().documents[&id].attachments();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].member, MemberId(key(1, 1).public().0));
    let blob = attached[0].record.content.as_ref().unwrap();
    let chunks = blob.chunks().iter().map(|hash| node.chunks[hash].clone());
    assert_eq!(blob.assemble(&chunks.collect::<Vec<_>>()), Ok(plan));

    // Whoever it was that attached it, others may take it away.
    let detach = |name: &str| Act::Detach {
        document: id,
        name: name.to_owned(),
    };
    world.says(1, detach("plan.png")).unwrap();
    world.meet();
    for node in &world.nodes {
        assert!(node.core.view().documents[&id].attachments().is_empty());
    }
    for act in [
        detach("plan.png"),
        attach("../plan", b"x"),
        attach("empty", b""),
        attach("long", &vec![0; BLOB_BYTES_MAX + 1]),
    ] {
        let refused = world.says(0, act);
        assert!(matches!(refused, Err(Refused::Text { .. })), "{refused:?}");
    }
}

#[test]
fn no_member_attaches_without_end() {
    let mut world = World::new();
    let id = world.says(0, create("Plans.")).unwrap();
    let attach = |number: usize, bytes: usize| Act::Attach {
        document: id,
        name: format!("{number}"),
        media_type: "text/plain".to_owned(),
        bytes: vec![number as u8; bytes],
    };
    for number in 0..ATTACHMENTS_MAX {
        world.says(0, attach(number, 1)).unwrap();
    }
    let refused = world.says(0, attach(ATTACHMENTS_MAX, 1));
    assert!(matches!(refused, Err(Refused::Text { .. })), "{refused:?}");
    world.says(0, attach(0, 2)).unwrap();
    let mut held = 0;
    while held < 100
        && world
            .says(0, attach(held % 8, BLOB_BYTES_MAX - held))
            .is_ok()
    {
        held += 1;
    }
    assert!((6..8).contains(&held), "{held} of 4 MiB in half of 64 MiB");
    world.says(0, create("There is room for words.")).unwrap();
    world.now = world.now.plus_ms(2 * 86_400_000);
    world.says(0, attach(1, BLOB_BYTES_MAX)).unwrap();
}

#[test]
fn who_is_writing_is_seen_at_the_other_node_until_it_is_silent() {
    let mut world = World::new();
    let id = world.says(0, create("We share servers.")).unwrap();
    world.meet();
    let node = |member| key(member, 2).public();
    let of = |member| Writing {
        document: id,
        member: MemberId(key(member, 1).public().0),
        person: PersonId([member; 16]),
    };
    let said = |world: &mut World| {
        let sent = std::mem::take(&mut world.nodes[0].sent).into_iter();
        let said = sent.filter(|(_, message)| matches!(message, Message::Present { .. }));
        said.collect::<Vec<_>>()
    };
    world.run(1, Input::Connected(node(1)));
    world.run(0, Input::Present(vec![of(1)]));
    assert_eq!(said(&mut world), []);

    // Who comes later is told.
    world.run(0, Input::Connected(node(2)));
    let [(to, message)] = &said(&mut world)[..] else {
        panic!("one message");
    };
    assert_eq!(*to, node(2));
    world.nodes[1].changes.clear();
    world.run(1, Input::Message(node(1), message.clone()));
    assert_eq!(world.nodes[1].changes, [Change::Document(id)]);
    let writing = |world: &World| world.nodes[1].core.writing(&id, world.now);
    assert_eq!(
        writing(&world),
        [(of(1).member, of(1).person)].into_iter().collect()
    );

    // Nobody is believed of those whom another serves, and of persons nobody knows.
    let strangers = [
        of(2),
        Writing {
            person: PersonId([9; 16]),
            ..of(1)
        },
    ];
    let lie = Message::Present {
        writing: strangers.to_vec(),
    };
    world.run(1, Input::Message(node(1), lie));
    assert!(writing(&world).is_empty());

    world.run(1, Input::Message(node(1), message.clone()));
    let until = world.now.plus_ms(WRITING_MS);
    assert_eq!(world.nodes[1].core.next_wakeup(), Some(until));
    world.now = until;
    world.nodes[1].changes.clear();
    world.run(1, Input::Wake);
    assert_eq!(world.nodes[1].changes, [Change::Document(id)]);
    assert!(writing(&world).is_empty());

    world.run(0, Input::Present(Vec::new()));
    let silence = Message::Present {
        writing: Vec::new(),
    };
    assert_eq!(said(&mut world), [(node(2), silence)]);
    world.run(0, Input::Present(Vec::new()));
    assert_eq!(said(&mut world), []);
}
