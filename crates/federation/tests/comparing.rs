//! How nodes find out what they differ in, and what it costs them when they do not.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;

use domain::{
    charter::Charter,
    genesis::{Founder, Genesis},
    id::{EntryId, Hash, MemberId, PersonId, Timestamp},
    key::{PublicKey, SecretKey},
    record::{Custody, Grant, Purpose, Roles},
};
use federation::{
    Act, Core, Input, Output, Settings, Write,
    message::{Message, Part, Range},
};

const START: Timestamp = Timestamp(1_800_000_000_000);
/// More than one message of heights holds.
const LOGS: u16 = 640;

fn key(what: u16) -> SecretKey {
    SecretKey::from_seed(&Hash::of(&[&what.to_be_bytes()]).0)
}

fn genesis() -> Genesis {
    Genesis {
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
    }
}

/// A node at a disk that keeps everything at once.
struct Node {
    core: Core,
    disk: Vec<(EntryId, Vec<u8>)>,
    tickets: u64,
}

impl Node {
    fn new(node: u16) -> Self {
        let settings = Settings {
            node: key(node).public(),
            seed: [3; 32],
        };
        let core = Core::new(genesis(), settings).unwrap();
        let mut node = Self {
            core,
            disk: Vec::new(),
            tickets: 0,
        };
        let (clean, alone) = (true, true);
        node.handle(START, Input::Start { clean, alone });
        node
    }

    /// Gives an input and returns what is to be sent.
    fn handle(&mut self, now: Timestamp, input: Input) -> Vec<(PublicKey, Message)> {
        let mut sent = Vec::new();
        let mut outputs: VecDeque<Output> = self.core.handle(now, input).into();
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Persist { number, writes } => {
                    for write in writes {
                        if let Write::Entry { id, bytes, .. } = write {
                            self.disk.push((id, bytes));
                        }
                    }
                    outputs.extend(self.core.handle(now, Input::Persisted(number)));
                }
                Output::Send(to, message) => sent.push((to, message)),
                Output::SendEntries { to, number, ids } => {
                    let kept = self.disk.iter().filter(|(id, _)| ids.contains(id));
                    let entries = kept.map(|(_, bytes)| bytes.clone()).collect();
                    sent.push((to, Message::Entries { number, entries }));
                }
                Output::Answer { result, .. } => drop(result.unwrap()),
                _ => {}
            }
        }
        sent
    }

    fn act(&mut self, now: Timestamp, by: u16, act: Act) -> Vec<(PublicKey, Message)> {
        self.tickets += 1;
        let random = Hash::of(&[&self.tickets.to_be_bytes()]).0;
        let (ticket, key) = (self.tickets, key(by));
        self.handle(
            now,
            Input::Act {
                ticket,
                key,
                act,
                random,
            },
        )
    }

    fn propose(&mut self, now: Timestamp, by: u16) -> Vec<(PublicKey, Message)> {
        let act = Act::Propose {
            title: "A title".to_owned(),
            text: "A text.".to_owned(),
            rule: String::new(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: None,
        };
        self.act(now, by, act)
    }

    fn key(&self) -> PublicKey {
        self.core.node()
    }
}

fn grant(what: u16) -> Act {
    let (key, member) = (key(what), MemberId(key(1).public().0));
    let (purpose, person) = (Purpose::Person, Some(PersonId([9; 16])));
    let federation = genesis().federation();
    Act::Grant {
        purpose,
        key: key.public(),
        person,
        roles: Roles::WORKER,
        custody: Custody::Node,
        proof: Some(Grant::prove(&key, &federation, &member, purpose, person)),
    }
}

/// Carries messages between two nodes until none is left, and returns them.
fn carry(now: Timestamp, one: &mut Node, other: &mut Node, sent: Sent) -> Vec<Message> {
    let (mut under_way, mut carried): (VecDeque<_>, _) = (sent.into(), Vec::new());
    while let Some((to, message)) = under_way.pop_front() {
        let (from, node) = match to == one.key() {
            true => (other.key(), &mut *one),
            false => (one.key(), &mut *other),
        };
        carried.push(message.clone());
        under_way.extend(node.handle(now, Input::Message(from, message)));
    }
    carried
}

type Sent = Vec<(PublicKey, Message)>;

fn meet(now: Timestamp, one: &mut Node, other: &mut Node) -> Vec<Message> {
    let mut sent = one.handle(now, Input::Connected(other.key()));
    sent.extend(other.handle(now, Input::Connected(one.key())));
    carry(now, one, other, sent)
}

fn part(one: &mut Node, other: &mut Node) {
    one.handle(START, Input::Disconnected(other.key()));
    other.handle(START, Input::Disconnected(one.key()));
}

/// How many digests, heights and entries were sent.
fn count(messages: &[Message]) -> (usize, usize, usize) {
    messages
        .iter()
        .fold((0, 0, 0), |(d, h, e), message| match message {
            Message::Digests { parts, .. } => (d + parts.len(), h, e),
            Message::Heights { heights, .. } => (d, h + heights.len(), e),
            Message::Entries { entries, .. } => (d, h, e + entries.len()),
            _ => (d, h, e),
        })
}

#[test]
fn of_many_logs_only_the_parts_that_differ_are_compared() {
    let (mut one, mut other) = (Node::new(2), Node::new(3));
    one.act(START, 1, Act::Found);
    let mut now = START;
    for number in 0..LOGS {
        now = START.plus_seconds(u64::from(number) / 16 * 86_400 + 60);
        one.act(now, 1, grant(100 + number));
        one.propose(now, 100 + number);
    }
    let first = meet(now, &mut one, &mut other);
    assert_eq!(one.core.replica().digest(), other.core.replica().digest());
    let everything = one.core.replica().len();
    assert_eq!(count(&first).2, everything);
    part(&mut one, &mut other);
    for number in [3, 300, 600] {
        one.propose(now, 100 + number);
        other.propose(now, 101 + number);
    }
    let second = meet(now, &mut one, &mut other);
    assert_eq!(one.core.replica().digest(), other.core.replica().digest());
    let (digests, heights, entries) = count(&second);
    assert!((3..=65).contains(&digests), "{digests}");
    assert!((1..=LOGS / 3).contains(&(heights as u16)), "{heights}");
    assert_eq!(entries, 6);
    part(&mut one, &mut other);
    let third = meet(now, &mut one, &mut other);
    assert_eq!(count(&third), (1, 0, 0));
}

#[test]
fn a_peer_that_said_it_holds_the_same_is_not_asked_again() {
    let mut node = Node::new(2);
    let (equal, silent) = (key(8).public(), key(9).public());
    node.act(START, 1, Act::Found);
    for peer in [equal, silent] {
        node.handle(START, Input::Connected(peer));
    }
    let now = START.plus_seconds(1);
    let digest = node.core.replica().digest();
    let range = Range::ALL;
    let parts = vec![Part { range, digest }];
    let answer = node.handle(now, Input::Message(equal, Message::Digests { now, parts }));
    assert_eq!(answer, [(equal, Message::Following { count: 0 })]);
    let mut asked = Vec::new();
    while let Some(now) = node.core.next_wakeup() {
        let sent = node.handle(now, Input::Wake);
        let digests = |message: &Message| matches!(message, Message::Digests { .. });
        asked.extend(
            sent.into_iter()
                .filter(|(_, m)| digests(m))
                .map(|(to, _)| to),
        );
    }
    assert!(asked.contains(&silent));
    assert!(!asked.contains(&equal));
}

/// Carries messages between two nodes whose clocks differ, and wakes them, for an hour; counts the entries
/// that were sent.
fn an_hour(clocks: [Timestamp; 2], nodes: [&mut Node; 2], sent: Sent) -> usize {
    let (mut under_way, mut entries) = (VecDeque::from(sent), 0);
    let keys = nodes.each_ref().map(|node| node.key());
    let mut after_ms = 0;
    loop {
        while let Some((to, message)) = under_way.pop_front() {
            entries += count(std::slice::from_ref(&message)).2;
            let at = usize::from(to == keys[1]);
            let now = clocks[at].plus_ms(after_ms);
            let input = Input::Message(keys[1 - at], message);
            under_way.extend(nodes[at].handle(now, input));
        }
        let wake = |at: usize| Some(nodes[at].core.next_wakeup()?.since_ms(clocks[at]));
        let Some(next) = [0, 1].into_iter().filter_map(wake).min() else {
            return entries;
        };
        if next > 3_600_000 {
            return entries;
        }
        after_ms = next.max(after_ms + 1);
        for (at, clock) in clocks.iter().enumerate() {
            under_way.extend(nodes[at].handle(clock.plus_ms(after_ms), Input::Wake));
        }
    }
}

#[test]
fn what_is_of_a_time_to_come_is_not_sent_again_and_again_but_once_it_has_come() {
    let (mut one, mut late) = (Node::new(2), Node::new(3));
    let begun = START.plus_seconds(50 * 86_400);
    one.act(begun, 1, Act::Found);
    let mut now = begun;
    // More than are kept until their time.
    for number in 0..560 {
        now = begun.plus_seconds(u64::from(number) / 16 * 86_400 + 60);
        one.act(now, 1, grant(100 + number));
    }
    let mut sent = one.handle(now, Input::Connected(late.key()));
    sent.extend(late.handle(START, Input::Connected(one.key())));
    let all = one.core.replica().len();
    let entries = an_hour([now, START], [&mut one, &mut late], sent);
    assert!(entries >= all && entries < 4 * all, "{entries} of {all}");
    assert_eq!(late.core.replica().len(), 0);
    // Its clock is set right.
    let now = now.plus_seconds(7_200);
    let sent = late.handle(now, Input::Wake);
    an_hour([now, now], [&mut one, &mut late], sent);
    assert_eq!(late.core.replica().digest(), one.core.replica().digest());
}
