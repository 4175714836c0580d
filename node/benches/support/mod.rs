//! A history to measure with: comments by ten authors, as another node would send it.

use domain::{
    charter::Charter,
    genesis::{Founder, Genesis},
    id::{EntryId, MemberId, PersonId, ProposalId, Timestamp},
    key::SecretKey,
    record::{Custody, Grant, Purpose, Roles},
};
use federation::{Act, Core, Input, Output, Settings, Write};

const START: Timestamp = Timestamp(1_800_000_000_000);
const AUTHORS: u8 = 10;
/// Of one author. A node takes a member's entries only so fast.
const ENTRIES_A_DAY: u64 = 150;

/// A history of comments by ten authors, as another node would send it.
pub struct History {
    pub genesis: Genesis,
    pub entries: Vec<Vec<u8>>,
    pub end: Timestamp,
}

pub fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn act(core: &mut Core, now: Timestamp, key: &SecretKey, act: Act) -> (EntryId, Vec<Vec<u8>>) {
    let random = [7; 32];
    let outputs = core.handle(
        now,
        Input::Act {
            ticket: 1,
            key: key.clone(),
            act,
            random,
        },
    );
    let (mut written, mut answer) = (Vec::new(), None);
    for output in outputs {
        if let Output::Persist { number, writes } = output {
            for write in writes {
                if let Write::Entry { bytes, .. } = write {
                    written.push(bytes);
                }
            }
            for output in core.handle(now, Input::Persisted(number)) {
                if let Output::Answer { result, .. } = output {
                    answer = Some(result.unwrap());
                }
            }
        }
    }
    (answer.unwrap(), written)
}

pub fn history(count: u64) -> History {
    let root = key(1);
    let founder = Founder {
        root: root.public(),
        name: "Co-op".to_owned(),
        class: "producer".to_owned(),
    };
    let genesis = Genesis {
        name: "Bench".to_owned(),
        created: START,
        founders: vec![founder],
        charter: Charter::default().to_bytes(),
        nonce: [0; 32],
        requires: Vec::new(),
    };
    let settings = Settings {
        node: key(2).public(),
        seed: [0; 32],
    };
    let mut core = Core::new(genesis.clone(), settings).unwrap();
    core.handle(
        START,
        Input::Start {
            clean: true,
            alone: true,
        },
    );
    let mut entries = act(&mut core, START, &root, Act::Found).1;
    let member = MemberId(root.public().0);
    for author in 0..AUTHORS {
        let (key, purpose) = (key(10 + author), Purpose::Person);
        let person = Some(PersonId([author; 16]));
        let proof = Grant::prove(&key, &core.federation(), &member, purpose, person);
        let grant = Act::Grant {
            purpose,
            key: key.public(),
            person,
            roles: Roles::WORKER,
            custody: Custody::Node,
            proof: Some(proof),
        };
        entries.extend(act(&mut core, START, &root, grant).1);
    }
    let propose = Act::Propose {
        title: "A proposal".to_owned(),
        text: "Its text.".to_owned(),
        rule: "consent".to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    };
    let (proposal, written): (ProposalId, _) = act(&mut core, START, &key(10), propose);
    entries.extend(written);
    let step_ms = 86_400_000 / (ENTRIES_A_DAY * u64::from(AUTHORS));
    let mut now = START;
    for number in 0..count {
        now = START.plus_ms(number * step_ms + 1);
        let text = format!("Comment {number}, of a length that people write: one or two lines.");
        let comment = Act::Comment {
            proposal,
            answers: None,
            text,
        };
        let author = key(10 + (number % u64::from(AUTHORS)) as u8);
        entries.extend(act(&mut core, now, &author, comment).1);
    }
    History {
        genesis,
        entries,
        end: now,
    }
}

/// A write of the core as the store takes it.
pub fn stored(write: Write) -> store::Write {
    match write {
        Write::Entry {
            id,
            bytes,
            received,
        } => store::Write::Entry {
            id,
            bytes,
            received,
        },
        Write::Remove { id } => store::Write::Remove { id },
        Write::Chunk { hash, bytes } => store::Write::Chunk { hash, bytes },
        Write::Height { .. } | Write::Journal { .. } => unreachable!("no register has begun"),
        Write::Room { .. } => unreachable!("nobody has a meeting"),
    }
}
