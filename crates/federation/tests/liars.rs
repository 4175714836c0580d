//! What a member's node that lies can cost an honest one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use domain::{
    charter::Charter,
    genesis::{Founder, Genesis},
    id::{EntryId, FederationId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Custody, Grant, Purpose, Roles},
};
use federation::{
    Act, Core, Input, Output, Refused, Settings, Write,
    message::{Message, Range},
};
use replica::heights::Ask;

const START: Timestamp = Timestamp(1_800_000_000_000);
const LIAR: PublicKey = PublicKey([7; 32]);
const HONEST: PublicKey = PublicKey([8; 32]);

fn key(what: u8) -> SecretKey {
    SecretKey::from_seed(&[what; 32])
}

/// A node of a federation of one founder, at a disk that keeps everything at once.
struct Node {
    core: Core,
    now: Timestamp,
    tickets: u64,
    written: Vec<Vec<u8>>,
}

impl Node {
    fn new() -> Self {
        let genesis = Genesis {
            name: "Test".to_owned(),
            created: START,
            founders: vec![Founder {
                root: key(1).public(),
                name: "Co-op".to_owned(),
                class: "producer".to_owned(),
            }],
            charter: Charter::default().to_bytes(),
            nonce: [1; 32],
            requires: Vec::new(),
        };
        let settings = Settings {
            node: key(2).public(),
            seed: [3; 32],
        };
        let mut node = Self {
            core: Core::new(genesis, settings).unwrap(),
            now: START,
            tickets: 0,
            written: Vec::new(),
        };
        let (clean, alone) = (true, true);
        node.handle(Input::Start { clean, alone });
        node.act(1, Act::Found).unwrap();
        let federation = node.core.federation();
        for act in [
            grant(&federation, Purpose::Node, 2, None),
            grant(&federation, Purpose::Person, 3, Some(PersonId([9; 16]))),
        ] {
            node.act(1, act).unwrap();
        }
        for peer in [LIAR, HONEST] {
            node.handle(Input::Connected(peer));
        }
        node
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = self.core.handle(self.now, input);
        let mut last = None;
        for output in &outputs {
            if let Output::Persist { number, writes } = output {
                last = Some(*number);
                let entries = writes.iter().filter_map(|write| match write {
                    Write::Entry { bytes, .. } => Some(bytes.clone()),
                    _ => None,
                });
                self.written.extend(entries);
            }
        }
        if let Some(number) = last {
            outputs.extend(self.core.handle(self.now, Input::Persisted(number)));
        }
        outputs
    }

    fn hear(&mut self, from: PublicKey, message: Message) -> Vec<Message> {
        let outputs = self.handle(Input::Message(from, message));
        let answers = outputs.into_iter().filter_map(|output| match output {
            Output::Send(to, message) if to == from => Some(message),
            _ => None,
        });
        answers.collect()
    }

    fn act(&mut self, by: u8, act: Act) -> Result<EntryId, Refused> {
        self.tickets += 1;
        let (ticket, random) = (self.tickets, [self.tickets as u8; 32]);
        let key = key(by);
        let input = Input::Act {
            ticket,
            key,
            act,
            random,
        };
        let answers = self.handle(input).into_iter();
        let mut answers = answers.filter_map(|output| match output {
            Output::Answer { result, .. } => Some(result),
            _ => None,
        });
        answers.next().unwrap()
    }
}

fn grant(federation: &FederationId, purpose: Purpose, what: u8, person: Option<PersonId>) -> Act {
    let (key, member) = (key(what), MemberId(key(1).public().0));
    Act::Grant {
        purpose,
        key: key.public(),
        person,
        roles: match person {
            Some(_) => Roles::STEWARD,
            None => Roles::none(),
        },
        custody: Custody::Node,
        proof: Some(Grant::prove(&key, federation, &member, purpose, person)),
    }
}

fn ids(from: u16, count: u16) -> Vec<EntryId> {
    let id = |number: u16| EntryId(Hash::of(&[&number.to_be_bytes()]).0);
    (from..from + count).map(id).collect()
}

fn asked_for(answers: &[Message]) -> usize {
    let asked = answers.iter().map(|answer| match answer {
        Message::Want { ids } => ids.len(),
        _ => 0,
    });
    asked.sum()
}

#[test]
fn a_peer_that_announces_what_nobody_has_leaves_places_for_others() {
    let mut node = Node::new();
    let mut asked = 0;
    for part in 0..8 {
        let ids = ids(part * 1_000, 1_000);
        asked += asked_for(&node.hear(LIAR, Message::Have { ids }));
    }
    assert!(asked <= 1_024, "{asked}");
    let ids = ids(60_000, 500);
    assert_eq!(asked_for(&node.hear(HONEST, Message::Have { ids })), 500);
}

#[test]
fn a_flood_of_questions_is_not_answered_and_other_peers_are() {
    let mut node = Node::new();
    let heights = |now| Message::Heights {
        now,
        range: Range::ALL,
        heights: Vec::new(),
    };
    let answered = |answers: Vec<Message>| {
        let is_answer = |answer: &Message| matches!(answer, Message::Following { .. });
        answers.iter().any(is_answer)
    };
    let now = node.now;
    let flood = (0..1_000).filter(|_| answered(node.hear(LIAR, heights(now))));
    assert!(flood.count() <= 256);
    assert!(answered(node.hear(HONEST, heights(now))));
    node.now = node.now.plus_seconds(1);
    assert!(answered(node.hear(LIAR, heights(now))));
}

#[test]
fn a_node_that_says_it_started_again_and_again_gets_no_flood_of_heights() {
    let mut node = Node::new();
    let now = node.now;
    let mut sent = 0;
    for incarnation in 1..=1_000 {
        let answers = node.hear(LIAR, Message::Hello { now, incarnation });
        sent += answers.len();
    }
    assert!(sent <= 256, "{sent}");
}

#[test]
fn one_log_is_walked_once_for_one_message() {
    let mut node = Node::new();
    let ask = Ask {
        key: key(1).public(),
        locator: Vec::new(),
        aside: true,
        wanted: None,
    };
    let unknown = Ask {
        key: LIAR,
        locator: vec![(1, [1; 16])],
        ..ask.clone()
    };
    let asks = [vec![ask; 100], vec![unknown; 100]].concat();
    let again = false;
    let answers = node.hear(LIAR, Message::Asks { asks, again });
    let back = answers.iter().find_map(|answer| match answer {
        Message::Asks { asks, .. } => Some(asks.len()),
        _ => None,
    });
    assert_eq!(back, Some(1));
}

#[test]
fn a_chunk_asked_for_many_times_in_one_message_is_read_once() {
    let mut node = Node::new();
    let text = "A long text. ".repeat(9_000);
    let propose = Act::Propose {
        title: "Long".to_owned(),
        text,
        rule: String::new(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let proposal = node.act(3, propose).unwrap();
    let content = node.core.view().proposals[&proposal].current().unwrap();
    let chunks = content.content.chunks().to_vec();
    let hashes: Vec<Hash> = chunks.iter().copied().cycle().take(1_000).collect();
    let message = Message::WantChunks { hashes };
    let outputs = node.handle(Input::Message(LIAR, message));
    let sent = outputs.iter().find_map(|output| match output {
        Output::SendChunks { hashes, .. } => Some(hashes.clone()),
        _ => None,
    });
    let sent = sent.unwrap();
    assert_eq!(sent.len(), chunks.len());
    let same: BTreeSet<Hash> = chunks.into_iter().collect();
    assert_eq!(sent.into_iter().collect::<BTreeSet<_>>(), same);
}

#[test]
fn chunks_that_nobody_has_do_not_hide_the_others() {
    let mut node = Node::new();
    for number in 0..10 {
        let act = Act::Propose {
            title: "Long".to_owned(),
            text: (0..45_000)
                .map(|line| format!("{number}-{line}\n"))
                .collect(),
            rule: String::new(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: None,
        };
        let (ticket, random, author) = (1_000 + number, [number as u8; 32], key(3));
        let input = Input::Prepare {
            ticket,
            key: author.public(),
            act,
            random,
        };
        let prepared = node
            .handle(input)
            .into_iter()
            .find_map(|output| match output {
                Output::Prepared { result, .. } => Some(result.unwrap()),
                _ => None,
            });
        let prepared = prepared.unwrap();
        let signature = prepared.header.sign(&node.core.federation(), &author);
        let (entry, chunks) = (prepared.signed(signature), Vec::new());
        node.handle(Input::Submit {
            ticket,
            entry,
            chunks,
        });
    }
    let missing = node.core.missing_chunks();
    assert!(missing > 64, "{missing}");
    let mut asked = BTreeSet::new();
    for _ in 0..32 {
        for output in node.handle(Input::Connected(HONEST)) {
            if let Output::Send(_, Message::WantChunks { hashes }) = output {
                asked.extend(hashes);
            }
        }
    }
    assert_eq!(asked.len(), missing);
}

#[test]
fn a_peer_that_lacks_everything_again_and_again_is_sent_so_much_an_hour() {
    let mut node = Node::new();
    let all = node.core.replica().len();
    let mut sent = 0;
    let mut draw = |node: &mut Node, times: u64| {
        for _ in 0..times {
            node.now = node.now.plus_ms(100);
            let (now, heights) = (node.now, Vec::new());
            let range = Range::ALL;
            let message = Message::Heights {
                now,
                range,
                heights,
            };
            for output in node.handle(Input::Message(LIAR, message)) {
                if let Output::SendEntries { number, ids, .. } = output {
                    sent += ids.len();
                    node.hear(LIAR, Message::Acknowledge { number });
                }
            }
        }
        sent
    };
    assert!(draw(&mut node, 30_000) <= 65_536 + 5 * all);
    node.handle(Input::Disconnected(LIAR));
    node.handle(Input::Connected(LIAR));
    let before = draw(&mut node, 10);
    assert!(before <= 65_536 + 5 * all);
    node.now = node.now.plus_seconds(3_600);
    assert!(draw(&mut node, 1) > before);
}

#[test]
fn a_stolen_key_that_claims_many_past_days_fills_no_disk_and_silences_no_other_key() {
    let mut thief = Node::new();
    let member = thief.core.member().unwrap();
    let federation = thief.core.federation();
    let other = grant(&federation, Purpose::Person, 4, Some(PersonId([10; 16])));
    thief.act(1, other).unwrap();
    let long = |number: u32| Act::Propose {
        title: "Long".to_owned(),
        text: format!("{number:08}").repeat((500 << 10) / 8),
        rule: String::new(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    for number in 0..140 {
        thief.act(3, long(number)).unwrap();
    }
    let flood = thief.written.len();
    thief.act(4, long(140)).unwrap();

    let mut node = Node::new();
    let send = |node: &mut Node, entries: &[Vec<u8>]| {
        let before = node.core.replica().len();
        for (number, entry) in (1..).zip(entries) {
            let entries = vec![entry.clone()];
            let answers = node.hear(LIAR, Message::Entries { number, entries });
            // Sending it again at once would help nobody.
            assert!(answers.contains(&Message::Acknowledge { number }));
        }
        node.core.replica().len() - before
    };
    let taken = send(&mut node, &thief.written[..flood]);
    assert!((100..130).contains(&taken), "{taken}");
    assert!(node.core.held_back()[&member] > 0);
    assert_eq!(send(&mut node, &thief.written[flood..]), 1);
    let again = node.core.next_wakeup().unwrap();
    assert!(
        again <= node.now.plus_seconds(3_600),
        "it is asked for later"
    );
    node.now = node.now.plus_seconds(30 * 86_400);
    send(&mut node, &thief.written);
    assert_eq!(node.core.replica().len(), thief.core.replica().len());
}
