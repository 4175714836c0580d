//! Every message between nodes, and bytes that are none.

use domain::{
    cbor::{Decode, Encode, Encoder},
    charter::Charter,
    effect::Applicant,
    id::{EntryId, Hash, MemberId, PersonId, ServerId, TenantId, Timestamp},
    key::PublicKey,
    record::{Admission, Application, Room},
};
use federation::{
    Standing,
    application::{Request, Response},
    meetings::{
        call::{Call, Method},
        holds::{Hold, Refusal},
        wire::Said,
    },
    message::{Message, Part, Range},
    presence::Writing,
};
use replica::{
    Replica,
    heights::{Ask, Height},
};
use serde_json::{Value, json};

use super::{
    history::History,
    notation::{bytes, done, encoded, key, name_of, salt},
};

fn members(history: &History) -> Vec<(&'static str, Message)> {
    let holds = holds().map(|(what, said)| (what, Message::Meetings(Box::new(said))));
    let mut all = said(history);
    all.extend(holds);
    all
}

fn said(history: &History) -> Vec<(&'static str, Message)> {
    let replica = history.replica();
    let entries = &history.book.written[..2];
    let heights = replica.heights().to_vec();
    let first = PublicKey([0; 32]);
    let bela = history.bela.delegate.public();
    let asks = vec![
        replica.ask(&bela, true),
        Ask {
            key: first,
            locator: Vec::new(),
            aside: false,
            wanted: Some(EntryId([5; 32])),
        },
    ];
    let aside = Height {
        key: bela,
        sequence: 0,
        tip: [0; 16],
        aside: Some([3; 16]),
    };
    let now = history.book.now;
    let parts = halves(&replica);
    vec![
        (
            "hello",
            Message::Hello {
                now,
                incarnation: 7,
            },
        ),
        (
            "entries",
            Message::Entries {
                number: 1,
                entries: entries.iter().map(|w| w.entry.to_bytes()).collect(),
            },
        ),
        ("acknowledge", Message::Acknowledge { number: 1 }),
        (
            "have",
            Message::Have {
                ids: entries.iter().map(|w| w.id).collect(),
            },
        ),
        (
            "want",
            Message::Want {
                ids: vec![entries[1].id],
            },
        ),
        (
            "heights",
            Message::Heights {
                now,
                range: Range::ALL,
                heights,
            },
        ),
        (
            "heights of a log of which nothing stands",
            Message::Heights {
                now,
                range: Range {
                    first: bela,
                    last: bela,
                },
                heights: vec![aside],
            },
        ),
        ("asks", Message::Asks { asks, again: false }),
        ("following", Message::Following { count: 300 }),
        (
            "want chunks",
            Message::WantChunks {
                hashes: vec![Hash([4; 32])],
            },
        ),
        (
            "chunk",
            Message::Chunk {
                bytes: b"part of a long text".to_vec(),
            },
        ),
        (
            "a digest over all",
            Message::Digests {
                now,
                parts: vec![Part {
                    range: Range::ALL,
                    digest: replica.digest(),
                }],
            },
        ),
        ("digests over parts", Message::Digests { now, parts }),
        (
            "present",
            Message::Present {
                writing: vec![Writing {
                    document: entries[1].id,
                    member: MemberId([5; 32]),
                    person: PersonId([6; 16]),
                }],
            },
        ),
        ("a meeting is gone", Message::Meetings(Box::new(gone()))),
        ("a meeting is called", Message::Meetings(Box::new(called()))),
        ("of a later release", Message::Later { code: 14 }),
    ]
}

/// Digests over two ranges of keys with about as many logs each.
fn halves(replica: &Replica) -> Vec<Part> {
    let heights = replica.heights();
    let last = heights[heights.len() / 2 - 1].key;
    let mut first = last;
    first.0[31] = first.0[31].wrapping_add(1);
    let low = Range { last, ..Range::ALL };
    let high = Range {
        first,
        ..Range::ALL
    };
    let part = |range: Range| Part {
        range,
        digest: replica.digest_in(&range.keys()),
    };
    vec![part(low), part(high)]
}

fn requests(history: &History) -> Vec<(&'static str, Request)> {
    let root = key(0x51);
    let (name, class) = ("Eva's co-op".to_owned(), "consumer".to_owned());
    let message = Application::message(&history.book.federation, &root.public(), &name, &class);
    let secret = salt("invitation");
    let entries = history.book.written[..3]
        .iter()
        .map(|w| w.entry.clone())
        .collect();
    vec![
        ("genesis", Request::Genesis { secret }),
        (
            "apply",
            Request::Apply {
                secret,
                root: root.public(),
                name,
                class,
                proof: root.sign(&message),
                request: "We meet on\nyour servers.".to_owned(),
            },
        ),
        (
            "status",
            Request::Status {
                root: root.public(),
            },
        ),
        ("introduce", Request::Introduce { entries }),
        ("terms", Request::Terms { secret }),
        (
            "apply to all",
            Request::ApplyToAll {
                secret,
                applicant: Box::new(applicant(history)),
            },
        ),
        (
            "standing",
            Request::Standing {
                root: root.public(),
            },
        ),
    ]
}

/// Who asks all members.
fn applicant(history: &History) -> Applicant {
    Applicant::sign(
        &history.book.federation,
        &key(0x51),
        ("Eva's co-op", "consumer"),
        ("We meet on\nyour servers.", "Two hours a month."),
        Charter::default().hash(),
        None,
    )
}

/// Every standing of an application.
fn standings(history: &History) -> Vec<(&'static str, Response)> {
    let newcomer = applicant(history).newcomer;
    let proposal = EntryId([8; 32]);
    let until = Timestamp(history.book.now.0 + 1_000);
    let why = "rejected: agree: 1, needed more than 2".to_owned();
    [
        ("no register", Standing::NoRegister),
        ("an unknown applicant", Standing::Unknown),
        ("an applicant that waits", Standing::Waiting),
        (
            "an applicant that is proposed",
            Standing::Proposed(proposal),
        ),
        (
            "an applicant that is voted on",
            Standing::Voting { proposal, until },
        ),
        (
            "an applicant that was refused",
            Standing::Refused { proposal, why },
        ),
        (
            "an applicant that accepted another charter",
            Standing::Outdated {
                charter: Hash([9; 32]),
            },
        ),
        (
            "an applicant that was admitted",
            Standing::Admitted {
                member: MemberId(newcomer.root.0),
                newcomer,
            },
        ),
    ]
    .map(|(what, standing)| (what, Response::Standing(standing)))
    .into()
}

fn responses(history: &History) -> Vec<(&'static str, Response)> {
    let founder = key(0x11);
    let admission = Admission {
        founder: founder.public(),
        signature: founder.sign(b"an example"),
    };
    let entries = vec![history.book.written[0].entry.clone()];
    let mut responses = vec![
        ("genesis", Response::Genesis(history.genesis.to_bytes())),
        ("applied", Response::Applied),
        (
            "status",
            Response::Status {
                admissions: vec![admission],
                needed: 2,
            },
        ),
        ("introduced", Response::Introduced { entries }),
        (
            "refused",
            Response::Refused("The invitation has been used.".to_owned()),
        ),
        (
            "terms",
            Response::Terms(Some(Charter::default().to_bytes())),
        ),
        ("no terms", Response::Terms(None)),
    ];
    responses.extend(standings(history));
    responses
}

fn rows<T: Encode + Decode + PartialEq + std::fmt::Debug>(all: Vec<(&str, T)>) -> Vec<Value> {
    all.into_iter()
        .map(|(what, value)| {
            assert_eq!(T::from_bytes(&value.to_bytes()).as_ref(), Ok(&value));
            json!({ "what": what, "hex": encoded(&value) })
        })
        .collect()
}

fn refused() -> Vec<Value> {
    let write = |write: &dyn Fn(&mut Encoder)| {
        let mut encoder = Encoder::new();
        write(&mut encoder);
        encoder.into_bytes()
    };
    let places = |count: usize| {
        move |e: &mut Encoder| {
            e.array(3)
                .uint(7)
                .array(1)
                .array(4)
                .bytes(&[1; 32])
                .array(count);
            for sequence in 0..count {
                e.array(2).uint(sequence as u64).bytes(&[0; 16]);
            }
            e.uint(1).null().uint(0);
        }
    };
    [
        ("code 0", write(&|e| done(e.array(2).uint(0).uint(0)))),
        ("code 256", write(&|e| done(e.array(2).uint(256).uint(0)))),
        (
            "65 who write",
            write(&|e| {
                e.array(2).uint(12).array(65);
                for number in 0..65 {
                    e.array(3)
                        .bytes(&[number; 32])
                        .bytes(&[1; 32])
                        .bytes(&[1; 16]);
                }
            }),
        ),
        (
            "digests of ranges that overlap",
            write(&|e| {
                e.array(3).uint(11).uint(0).array(2);
                for first in 0..2 {
                    e.array(3)
                        .bytes(&[first; 32])
                        .bytes(&[1; 32])
                        .bytes(&[0; 32]);
                }
            }),
        ),
        (
            "a digest of a range backwards",
            write(&|e| {
                e.array(3).uint(11).uint(0).array(1);
                e.array(3).bytes(&[1; 32]).bytes(&[0; 32]).bytes(&[0; 32]);
            }),
        ),
        (
            "a field too many",
            write(&|e| done(e.array(3).uint(3).uint(0).uint(0))),
        ),
        (
            "a field too few",
            write(&|e| done(e.array(2).uint(1).uint(0))),
        ),
        (
            "257 entries",
            write(&|e| {
                e.array(3).uint(2).uint(1).array(257);
                for _ in 0..257 {
                    e.bytes(&[]);
                }
            }),
        ),
        (
            "an id of 31 bytes",
            write(&|e| done(e.array(2).uint(4).array(1).bytes(&[0; 31]))),
        ),
        (
            "a tip of 32 bytes",
            write(&|e| {
                e.array(5)
                    .uint(6)
                    .uint(0)
                    .bytes(&[0; 32])
                    .bytes(&[0; 32])
                    .array(1);
                e.array(4).bytes(&[0; 32]).uint(1).bytes(&[0; 32]).null();
            }),
        ),
        ("a locator of 41 places", write(&places(41))),
        (
            "again 2",
            write(&|e| done(e.array(3).uint(7).array(0).uint(2))),
        ),
        (
            "a chunk of more than 48 KiB",
            write(&|e| done(e.array(2).uint(10).bytes(&vec![0; 49_153]))),
        ),
        (
            "a byte more",
            write(&|e| done(e.array(2).uint(3).uint(0).uint(0))),
        ),
    ]
    .map(|(what, hex)| {
        let error = Message::from_bytes(&hex).expect_err(what);
        json!({ "what": what, "hex": bytes(hex), "refusal": name_of(&error) })
    })
    .into()
}

fn refused_requests() -> Vec<Value> {
    let write = |write: &dyn Fn(&mut Encoder)| {
        let mut encoder = Encoder::new();
        write(&mut encoder);
        encoder.into_bytes()
    };
    [
        ("code 8", write(&|e| done(e.array(2).uint(8).uint(0)))),
        (
            "an applicant without a signature",
            write(&|e| {
                e.array(3).uint(6).bytes(&[1; 32]).array(1).array(5);
            }),
        ),
        (
            "a secret of 31 bytes",
            write(&|e| done(e.array(2).uint(1).bytes(&[0; 31]))),
        ),
        (
            "257 entries",
            write(&|e| done(e.array(2).uint(4).array(257))),
        ),
        (
            "an entry that is none",
            write(&|e| done(e.array(2).uint(4).array(1).bytes(&[0x80]))),
        ),
    ]
    .map(|(what, hex)| {
        let error = Request::from_bytes(&hex).expect_err(what);
        json!({ "what": what, "hex": bytes(hex), "refusal": name_of(&error) })
    })
    .into()
}

/// The file.
pub fn file(history: &History) -> Value {
    let acknowledge = Message::Acknowledge { number: 1 }.to_bytes();
    let framed = [&[0, 0, 0, acknowledge.len() as u8][..], &acknowledge].concat();
    json!({
        "messages": rows(members(history)),
        "refused": refused(),
        "requests": rows(requests(history)),
        "refused_requests": refused_requests(),
        "responses": rows(responses(history)),
        "frame": { "message": bytes(&acknowledge), "frame": bytes(framed) },
    })
}

/// What is said of a server that is held for a conference.
fn holds() -> [(&'static str, Said); 4] {
    let tenant = TenantId([1; 16]);
    let room = Room::of(tenant, "assembly");
    let hold = Hold {
        tenant,
        room,
        server: ServerId([2; 16]),
        starts: Timestamp(1_800_000_000_000),
        users: 300,
    };
    let refused = Said::NotHeld {
        hold,
        why: Refusal::Full,
        possible_users: 180,
    };
    [
        ("a server is to be held", Said::Hold(hold)),
        ("a server is held", Said::Held(hold)),
        ("no server is held", refused),
        ("a hold is given up", Said::GiveUp { tenant, room }),
    ]
}

fn gone() -> Said {
    let tenant = TenantId([1; 16]);
    Said::Gone {
        tenant,
        room: Room::of(tenant, "weekly"),
        server: ServerId([2; 16]),
        peak: 9,
    }
}

fn called() -> Said {
    let tenant = TenantId([1; 16]);
    Said::Call {
        number: 7,
        server: Some(ServerId([2; 16])),
        tenant,
        room: Some(Room::of(tenant, "weekly")),
        call: Call {
            method: Method::Join,
            query: "fullName=Anna".to_owned(),
            body: None,
        },
    }
}
