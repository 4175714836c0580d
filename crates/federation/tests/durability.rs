//! What a node says only once it is durable, and what clocks that are off must not do to a vote.

use domain::{
    charter::Charter,
    decision::Choice,
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{Custody, Delegate, Grant, Purpose, Roles},
};
use federation::{Act, Core, Input, Output, Refused, Settings, Write, message::Message};

const START: Timestamp = Timestamp(1_790_000_000_000);

fn key(member: u8, what: u8) -> SecretKey {
    SecretKey::from_seed(&[member * 16 + what; 32])
}

fn genesis(members: u8) -> Genesis {
    let founder = |member: u8| Founder {
        root: key(member, 1).public(),
        name: format!("Co-op {member}"),
        class: "producer".to_owned(),
    };
    let mut founders: Vec<Founder> = (1..=members).map(founder).collect();
    founders.sort();
    Genesis {
        name: "Test".to_owned(),
        created: START,
        founders,
        charter: Charter::default().to_bytes(),
        nonce: [1; 32],
        requires: Vec::new(),
    }
}

/// A core whose writes become durable only when the test says so.
struct Alone {
    core: Core,
    written: Vec<Vec<u8>>,
    number: u64,
}

impl Alone {
    fn new(member: u8, members: u8) -> Self {
        let settings = Settings {
            node: key(member, 2).public(),
            seed: [member; 32],
        };
        Self {
            core: Core::new(genesis(members), settings).expect("the genesis is known"),
            written: Vec::new(),
            number: 0,
        }
    }

    fn start(mut self) -> Self {
        let (clean, alone) = (false, false);
        self.give(START, Input::Start { clean, alone });
        self
    }

    fn give(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        let outputs = self.core.handle(now, input);
        for output in &outputs {
            if let Output::Persist { number, writes } = output {
                self.number = *number;
                self.written
                    .extend(writes.iter().filter_map(|write| match write {
                        Write::Entry { bytes, .. } => Some(bytes.clone()),
                        _ => None,
                    }));
            }
        }
        outputs
    }

    fn flush(&mut self, now: Timestamp) -> Vec<Output> {
        let number = self.number;
        self.give(now, Input::Persisted(number))
    }

    fn act(&mut self, now: Timestamp, by: &SecretKey, act: Act) -> Result<EntryId, Refused> {
        let (ticket, random) = (1, [self.number as u8; 32]);
        let key = by.clone();
        let input = Input::Act {
            ticket,
            key,
            act,
            random,
        };
        let mut outputs = self.give(now, input);
        outputs.extend(self.flush(now));
        let answer = outputs.into_iter().find_map(|output| match output {
            Output::Answer { result, .. } => Some(result),
            _ => None,
        });
        answer.expect("every act is answered")
    }

    fn set_up(&mut self, member: u8) {
        let (root, person) = (key(member, 1), PersonId([member; 16]));
        let (federation, id) = (self.core.federation(), MemberId(root.public().0));
        let grant = |purpose, what, person, roles| Act::Grant {
            purpose,
            key: key(member, what).public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(Grant::prove(
                &key(member, what),
                &federation,
                &id,
                purpose,
                person,
            )),
        };
        let delegates = vec![Delegate {
            key: key(member, 3).public(),
            person,
        }];
        let acts = [
            Act::Found,
            grant(Purpose::Node, 2, None, Roles::none()),
            grant(Purpose::Person, 4, Some(person), Roles::STEWARD),
            Act::Mandate { delegates },
        ];
        for act in acts {
            assert!(self.act(START, &root, act).is_ok());
        }
    }

    /// A proposal that is open at `now`.
    fn open(&mut self, now: Timestamp) -> EntryId {
        let propose = Act::Propose {
            title: "Servers".to_owned(),
            text: "We share them.".to_owned(),
            rule: "consent".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: None,
        };
        let proposal = self.act(now, &key(1, 4), propose).expect("proposed");
        let opened = self.act(now, &key(1, 4), Act::Open { proposal });
        assert!(opened.is_ok());
        proposal
    }

    fn vote(&mut self, now: Timestamp, proposal: EntryId) -> Result<EntryId, Refused> {
        let decision = self.core.decision(&proposal, now).expect("it is here");
        let version = decision.version.hash;
        let vote = Act::Vote {
            proposal,
            version,
            choice: Choice::Agree,
            aim: None,
            reason: String::new(),
        };
        self.act(now, &key(1, 3), vote)
    }
}

fn acknowledged(outputs: &[Output]) -> Vec<u64> {
    let numbers = outputs.iter().filter_map(|output| match output {
        Output::Send(_, Message::Acknowledge { number }) => Some(*number),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn an_entry_that_is_asked_for_is_sent_only_once_it_is_durable() {
    let mut node = Alone::new(1, 2).start();
    let peer = key(2, 2).public();
    node.give(START, Input::Connected(peer));
    let found = Input::Act {
        ticket: 1,
        key: key(1, 1),
        act: Act::Found,
        random: [1; 32],
    };
    node.give(START, found);
    let tip = node.core.replica().tip(&key(1, 1).public());
    let ids = vec![tip.expect("the entry is in the log").1];
    let sends = |outputs: &[Output]| {
        let sent = |output: &Output| matches!(output, Output::SendEntries { .. });
        outputs.iter().any(sent)
    };
    let asked = node.give(START, Input::Message(peer, Message::Want { ids }));
    assert!(!sends(&asked));
    assert!(sends(&node.flush(START)));
}

#[test]
fn what_waits_for_an_ancestor_is_acknowledged_only_once_it_is_stored() {
    let mut author = Alone::new(1, 2).start();
    author.set_up(1);
    let (first, second) = (author.written[0].clone(), author.written[1].clone());
    let mut node = Alone::new(2, 2).start();
    let peer = key(1, 2).public();
    node.give(START, Input::Connected(peer));
    let entries = |number: u64, bytes: &Vec<u8>| {
        let entries = vec![bytes.clone()];
        Input::Message(peer, Message::Entries { number, entries })
    };
    assert_eq!(acknowledged(&node.give(START, entries(1, &second))), [0; 0]);
    node.give(START, entries(2, &first));
    assert_eq!(acknowledged(&node.flush(START)), [2]);
    assert_eq!(acknowledged(&node.give(START, entries(1, &second))), [1]);
}

#[test]
fn a_node_that_crashed_before_it_was_a_members_may_still_become_one() {
    let mut other = Alone::new(1, 2).start();
    other.set_up(1);
    let mut node = Alone::new(2, 2);
    for bytes in &other.written {
        assert!(node.core.restore(bytes, START).is_ok());
    }
    let mut node = node.start();
    assert!(node.core.is_caught_up());
    node.set_up(2);
    // Now it is one, and after the next crash it compares first.
    let mut again = Alone::new(2, 2);
    for bytes in other.written.iter().chain(&node.written) {
        assert!(again.core.restore(bytes, START).is_ok());
    }
    assert!(!again.start().core.is_caught_up());
}

#[test]
fn a_node_whose_own_last_words_are_ahead_of_its_clock_has_not_caught_up() {
    let mut other = Alone::new(2, 2).start();
    other.set_up(2);
    let mut node = Alone::new(1, 2);
    for bytes in &other.written {
        assert!(node.core.restore(bytes, START).is_ok());
    }
    let mut node = node.start();
    node.set_up(1);
    let kept = node.written.len();
    let later = START.plus_seconds(3_600);
    node.open(later);
    // From an old backup, with a clock of before what it said last.
    let mut again = Alone::new(1, 2);
    for bytes in other.written.iter().chain(&node.written[..kept]) {
        assert!(again.core.restore(bytes, START).is_ok());
    }
    let mut again = again.start();
    let peer = key(2, 2).public();
    again.give(START, Input::Connected(peer));
    let entries = node.written[kept..].to_vec();
    let count = entries.len() as u64;
    again.give(START, Input::Message(peer, Message::Following { count }));
    let number = 1;
    again.give(
        START,
        Input::Message(peer, Message::Entries { number, entries }),
    );
    assert!(!again.core.is_caught_up());
    // Its clock is set right.
    again.give(later, Input::Wake);
    again.flush(later);
    let agreed = Input::Message(peer, Message::Following { count: 0 });
    again.give(later, agreed);
    assert!(again.core.is_caught_up());
}

#[test]
fn a_vote_on_a_clock_behind_the_openers_counts() {
    let mut node = Alone::new(1, 1).start();
    node.set_up(1);
    let opened = START.plus_seconds(300);
    let proposal = node.open(opened);
    let behind = START.plus_seconds(200);
    assert!(node.vote(behind, proposal).is_ok());
    let decision = node.core.decision(&proposal, opened).expect("it is here");
    assert_eq!(
        decision.phase.map(|phase| phase.outcome.figures.agree),
        Some(1)
    );
}

#[test]
fn a_vote_that_could_not_count_because_the_clock_was_set_back_is_refused() {
    let mut node = Alone::new(1, 1).start();
    node.set_up(1);
    let proposal = node.open(START);
    let after = START.plus_seconds(13 * 86_400);
    let comment = Act::Comment {
        proposal,
        answers: None,
        text: "Too late.".to_owned(),
    };
    assert!(node.act(after, &key(1, 3), comment).is_ok());
    let refused = node.vote(START.plus_seconds(60), proposal);
    assert!(matches!(refused, Err(Refused::Closed(_))), "{refused:?}");
}

#[test]
fn an_amendment_and_its_new_opening_are_one_write() {
    let mut alone = Alone::new(1, 1).start();
    alone.set_up(1);
    let proposal = alone.open(START);
    let amend = Act::Amend {
        proposal,
        title: "Servers".to_owned(),
        text: "We share some of them.".to_owned(),
        what_changed: "Some.".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let input = Input::Act {
        ticket: 90,
        key: key(1, 4),
        act: amend,
        random: [90; 32],
    };
    let outputs = alone.give(START.plus_seconds(60), input);
    let writes = outputs.iter().filter_map(|output| match output {
        Output::Persist { writes, .. } => Some(writes.len()),
        _ => None,
    });
    assert_eq!(writes.collect::<Vec<_>>(), [2]);
}

#[test]
fn a_node_that_left_messages_out_compares_at_once() {
    let mut node = Alone::new(1, 2).start();
    node.set_up(1);
    let peer = key(2, 2).public();
    node.give(START, Input::Connected(peer));
    let is_digests = |output: &Output| matches!(output, Output::Send(_, Message::Digests { .. }));
    assert!(!node.give(START, Input::Wake).iter().any(is_digests));
    node.give(START, Input::Compare);
    assert_eq!(node.core.next_wakeup(), Some(START));
    assert!(node.give(START, Input::Wake).iter().any(is_digests));
}
