use std::sync::LazyLock;

use domain::{
    cbor::{Decode, Encode},
    charter::RuleName,
    decision::{
        Choice::{Abstain, Agree, Block},
        Verdict,
    },
    effect::Effect,
    id::{EntryId, Hash},
};
use proptest::prelude::*;

use super::*;
use crate::{
    agreement::{Certificate, CertificateError},
    batch::{Header, Items},
    chain::{Ending, ItemError},
    fault::{Fault, Refused},
    outcome::Outcome,
    says::Act,
    testing::{History, PROPOSED_TEXT, root_key},
};

fn register() -> History {
    History::new(&["producer"; 4], RuleName::ConsentThenVote, "")
}

/// A vote that passes at height 3.
fn passed() -> (History, PhaseId) {
    let mut history = register();
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Abstain)]));
    (history, opening)
}

fn file() -> DecisionFile {
    let (history, opening) = passed();
    history.file(&opening, Some(PROPOSED_TEXT)).unwrap()
}

/// What a file with a change is refused for.
fn refused(change: impl FnOnce(&mut DecisionFile)) -> FileError {
    let mut file = file();
    change(&mut file);
    // It is spelt as files are, so that what is wrong with it is found by what it says.
    let read = DecisionFile::read(file.to_json().as_bytes()).unwrap();
    read.verify(None).unwrap_err()
}

fn changed<T: Decode + Encode>(bytes: &mut Hex, change: impl FnOnce(&mut T)) {
    let mut value = T::from_bytes(&bytes.0).unwrap();
    change(&mut value);
    bytes.0 = value.to_bytes();
}

#[test]
fn a_file_shows_who_decided_what_and_how_it_was_counted() {
    let (history, opening) = passed();
    let federation = history.federation();
    let text = file().to_json();
    let read = DecisionFile::read(text.as_bytes()).unwrap();
    let proof = read.verify(Some(&federation)).unwrap();
    assert_eq!(proof.ending, Ending::Judged(Verdict::Passed));
    assert_eq!((proof.height(), proof.opening), (3, opening));
    assert_eq!(proof.motion.title, "Version 1");
    assert!(proof.is_pinned && proof.shows_text);
    let votes = &proof.counted().unwrap().votes;
    let words: Vec<Option<&str>> = votes.iter().map(Vote::word).collect();
    assert_eq!(words, [Some("agree"), Some("agree"), Some("abstain"), None]);
    let said = proof.words().join("\n");
    for sentence in [
        "It passed.",
        "  \"Co-op 3\": did not vote",
        "at most 1 lied",
        "as you said",
    ] {
        assert!(said.contains(sentence), "{said}");
    }
    let unpinned = read.verify(None).unwrap();
    assert!(!unpinned.is_pinned);
    // What to compare comes first: anybody can make a federation with these names.
    let first = unpinned.words();
    let first = &first[..first.iter().position(String::is_empty).unwrap()];
    assert!(first[0].contains("you named no federation"), "{first:?}");
    let first = first.join("\n");
    let founder = root_key(0).public().to_string();
    for compared in [federation.to_string(), founder] {
        assert!(first.contains(&compared), "{first}");
    }
}

#[test]
fn a_file_of_another_federation_or_of_nothing_known_is_refused() {
    let found = passed().0.federation();
    let pinned = FederationId([1; 32]);
    let other = FileError::OtherFederation { pinned, found };
    assert_eq!(file().verify(Some(&pinned)), Err(other));
    let stated = pinned;
    let named = refused(|file| file.federation = Hex(pinned.0.to_vec()));
    assert_eq!(named, FileError::Federation { stated, found });
    let read = |text: &str| DecisionFile::read(text.as_bytes()).unwrap_err();
    let text = file().to_json();
    let later = text.replace(FORMAT, "folkmoot decision 2");
    let found = "folkmoot decision 2".to_owned();
    assert_eq!(read(&later), FileError::Format { found });
    assert!(matches!(read("Dear members"), FileError::Json(_)));
    assert_eq!(read(&text.replace("  ", "\t")), FileError::Spelling);
    assert_eq!(read(&(text + "\n")), FileError::Spelling);
}

#[test]
fn heights_follow_each_other_from_what_enough_founders_signed() {
    let few = refused(|file| {
        changed(
            &mut file.beginning,
            |beginning: &mut crate::begin::Beginning| {
                beginning.signatures.truncate(1);
            },
        );
    });
    let (found, needed) = (1, 2);
    assert_eq!(few, FileError::Founders { found, needed });
    let none = refused(|file| file.headers.clear());
    assert_eq!(none, FileError::Heights(0));
    let turned = refused(|file| file.headers.swap(0, 1));
    let (expected, found) = (2, 3);
    assert_eq!(turned, FileError::Height { expected, found });
    let later =
        refused(|file| changed(&mut file.headers[0], |header: &mut Header| header.epoch = 1));
    let (found, needed) = (0, 1);
    assert_eq!(later, FileError::Recoveries { found, needed });
    let rewritten = refused(|file| {
        changed(&mut file.headers[0], |header: &mut Header| {
            header.state = Hash([1; 32])
        });
    });
    assert!(matches!(rewritten, FileError::Previous { height: 3, .. }));
    let others = refused(|file| {
        changed(&mut file.headers[0], |header: &mut Header| {
            header.validators = Hash([1; 32])
        });
    });
    assert!(matches!(others, FileError::Validators { height: 2, .. }));
}

#[test]
fn a_certificate_of_another_federation_epoch_height_or_value_certifies_nothing() {
    let with =
        |change: fn(&mut Certificate)| refused(|file| changed(&mut file.certificates[0], change));
    let height = 3;
    let source = CertificateError::Epoch {
        expected: 0,
        found: 1,
    };
    let epoch = with(|certificate| certificate.epoch = 1);
    assert_eq!(epoch, FileError::Certificate { height, source });
    let source = CertificateError::Height {
        expected: 3,
        found: 2,
    };
    let of_height = with(|certificate| certificate.height = 2);
    assert_eq!(of_height, FileError::Certificate { height, source });
    let value = with(|certificate| certificate.value = Hash([1; 32]));
    assert!(matches!(value, FileError::Value { height: 3, .. }));
    let few = with(|certificate| certificate.signatures.truncate(2));
    let (found, needed) = (2, 3);
    assert_eq!(
        few,
        FileError::Signatures {
            height,
            found,
            needed
        }
    );
    // The same keys in another federation: the same statement signed there does not count here.
    let other = History::new(
        &["producer"; 4],
        RuleName::ConsentThenVote,
        "title = \"Another\"",
    );
    let (history, _) = passed();
    let (batch, _, _) = history.heights.last().unwrap();
    let mut signed_elsewhere = other.certify(batch);
    signed_elsewhere.value = batch.header.hash(&history.federation());
    signed_elsewhere.signatures.truncate(3);
    let elsewhere = refused(|file| file.certificates[0] = Hex(signed_elsewhere.to_bytes()));
    assert!(matches!(
        elsewhere,
        FileError::Certificate {
            source: CertificateError::Signature(_),
            ..
        }
    ));
}

#[test]
fn what_is_missing_or_not_needed_is_named_with_both_numbers() {
    let certificates = refused(|file| file.certificates.clear());
    let (found, needed) = (0, 1);
    assert_eq!(certificates, FileError::Certificates { found, needed });
    let set = passed().0.chain.validators().to_bytes();
    let sets = refused(|file| file.validators.push(Hex(set)));
    let (found, needed) = (1, 0);
    assert_eq!(sets, FileError::Sets { found, needed });
    let no_items = refused(|file| file.items.clear());
    assert_eq!(no_items, FileError::Open(3));
    let no_closing = refused(|file| drop(file.items.pop()));
    assert_eq!(no_closing, FileError::Open(3));
    let no_opening = refused(|file| drop(file.items.remove(0)));
    assert!(matches!(no_opening, FileError::NotOpened { height: 3, .. }));
    let twice = refused(|file| file.items.push(file.items[1].clone()));
    let (before, found, last) = (3, 3, 3);
    let order = FileError::Order {
        before,
        found,
        last,
    };
    assert_eq!(twice, order);
    let other = refused(|file| {
        changed(&mut file.items[1].items, |items: &mut Items| {
            items.closings[0].motion = None
        });
    });
    assert!(matches!(other, FileError::Items { height: 3, .. }));
}

#[test]
fn another_text_or_charter_than_those_voted_on_is_refused() {
    let text = refused(|file| file.text = Some("We meet every month.\n".to_owned()));
    assert!(matches!(text, FileError::Text { .. }));
    let charter = refused(|file| {
        let other = domain::charter::Charter::from_toml("title = \"Another\"").unwrap();
        file.charter = Hex(other.to_bytes());
    });
    let FileError::Item { height: 2, source } = charter else {
        panic!("{charter:?}");
    };
    assert!(matches!(*source, ItemError::Phase(_)));
}

/// What a file is refused for whose last height a whole quorum has forged.
fn forged(change: impl FnOnce(&mut Items)) -> ItemError {
    let (mut history, opening) = passed();
    history.forge(change);
    let text = history.file_unchecked(&opening);
    let file = DecisionFile::read(text.as_bytes()).unwrap();
    match file.verify(None) {
        Err(FileError::Item { source, .. }) => *source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_quorum_cannot_make_a_count_right_that_is_wrong() {
    let verdict = forged(|items| {
        items.closings[0].closing.outcome = Outcome::Decided(Verdict::Rejected);
        items.closings[0].motion = None;
    });
    let outcome = ItemError::Closing(Refused::Invalid(Fault::Outcome));
    assert_eq!(verdict, outcome);
    let ballot = forged(|items| drop(items.closings[0].closing.ballots.pop()));
    assert!(matches!(ballot, ItemError::Closing(_)));
    let motion = forged(|items| items.closings[0].motion = None);
    assert_eq!(motion, ItemError::Motion);
}

#[test]
fn what_was_shown_is_the_same_in_every_later_file() {
    let (mut history, first) = passed();
    let old = history.file(&first, None).unwrap();
    history.renew(1);
    let member = history.beginning.begin.members[3].member;
    let second = history.open(2, 2, Some(Effect::Expulsion { member }));
    history.close(&history.sent(&[(0, Agree), (1, Block)]));
    history.close_answered(Act::CallVote);
    history.close(&history.sent(&[(0, Agree), (1, Block), (3, Agree)]));
    let new = history.file(&second, None).unwrap();
    let federation = history.federation();
    let (before, after) = since(&old, &new, Some(&federation)).unwrap();
    assert_eq!((before.height(), after.height(), after.changes), (3, 8, 1));
    assert!(since(&old, &old, None).is_ok());
    let (shorter, longer) = (3, 8);
    let turned = SinceError::Shorter {
        old: longer,
        new: shorter,
    };
    assert_eq!(since(&new, &old, None), Err(turned));
    let mut fork = register();
    let opening = fork.open(1, 2, None);
    fork.close(&fork.sent(&[(0, Agree), (1, Agree)]));
    let forked = fork.file(&opening, None).unwrap();
    let rewritten = since(&old, &forked, None).unwrap_err();
    assert!(matches!(rewritten, SinceError::Rewritten { height: 2, .. }));
    let other = History::new(&["producer"; 5], RuleName::Consent, "title = \"Another\"");
    let mut other = other;
    let opening = other.open(1, 1, None);
    other.withdraw();
    let elsewhere = since(&old, &other.file(&opening, None).unwrap(), None);
    assert!(matches!(elsewhere, Err(SinceError::Federation { .. })));
    let mut broken = old.clone();
    broken.headers.pop();
    assert!(matches!(
        since(&broken, &new, None),
        Err(SinceError::Old(_))
    ));
    assert!(matches!(
        since(&old, &broken, None),
        Err(SinceError::New(_))
    ));
}

#[test]
fn only_votes_that_are_over_have_a_file() {
    let mut history = register();
    let opening = history.open(1, 1, None);
    assert_eq!(history.file(&opening, None), Err(ExportError::Open(2)));
    let unknown = EntryId([1; 32]);
    let none = history.file(&unknown, None);
    assert_eq!(none, Err(ExportError::Unknown(unknown)));
}

/// Made once for all cases.
static LONG: LazyLock<(FederationId, String)> = LazyLock::new(long);

/// Several heights, changed validators, an extension, a window and a fallback vote.
fn long() -> (FederationId, String) {
    let mut history = register();
    history.renew(2);
    let opening = history.open(1, 1, None);
    let mut sent = history.sent(&[(0, Agree), (1, Block)]);
    sent[1].after_ms = history.cast.phase.length_ms() - 1;
    history.close(&sent);
    history.renew(1);
    history.close(&[]);
    history.answer(Act::CallVote);
    history.close(&history.sent(&[(0, Agree), (1, Block), (2, Agree)]));
    let file = history.file(&opening, Some(PROPOSED_TEXT)).unwrap();
    assert_eq!(file.validators.len(), 2);
    (history.federation(), file.to_json())
}

fn is_refused(federation: &FederationId, text: &[u8]) -> bool {
    let read = DecisionFile::read(text);
    read.and_then(|file| file.verify(Some(federation))).is_err()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_changed_dropped_or_doubled_byte_is_refused(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        digit in prop::sample::select(b"0123456789abcdef".to_vec()),
        how in 0..4,
    ) {
        let (federation, text) = &*LONG;
        let mut bytes = text.as_bytes().to_vec();
        let at = at.index(bytes.len());
        match how {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, bytes[at]),
            2 => bytes[at] = byte,
            _ => bytes[at] = digit,
        }
        // Doubling one of two equal neighbours, or writing what is there, changes nothing.
        prop_assume!(bytes != text.as_bytes());
        prop_assert!(is_refused(federation, &bytes));
    }

    #[test]
    fn every_vote_that_is_over_has_a_file_that_verifies(
        says in prop::collection::vec(prop::option::of(0usize..4), 4),
        rule in prop::sample::select(RuleName::ALL.to_vec()),
        renews in prop::collection::vec(0usize..3, 0..3),
    ) {
        let classes = ["producer", "producer", "producer", "consumer"];
        let mut history = History::new(&classes, rule, "");
        let choices = [Agree, Abstain, domain::decision::Choice::StandAside, Block];
        let says = says.iter().enumerate();
        let says: Vec<_> = says.filter_map(|(voter, choice)| Some((voter, choices[(*choice)?]))).collect();
        let opening = history.open(1, 1, None);
        for number in renews {
            history.renew(number);
        }
        let mut outcome = history.close(&history.sent(&says));
        while !matches!(outcome, Outcome::Decided(_) | Outcome::Lapsed) {
            outcome = history.close(&[]);
        }
        let file = history.file(&opening, None).unwrap();
        let proof = file.verify(Some(&history.federation())).unwrap();
        let ended = history.chain.decided(&proof.proposal, &proof.proposer.member);
        prop_assert_eq!(ended[0].ending, proof.ending);
        prop_assert_eq!((ended[0].height, ended[0].text), (proof.height(), proof.version));
    }
}

/// A vote during which half of the validators were gone for good.
fn recovered() -> (History, DecisionFile) {
    let mut history = register();
    let opening = history.open(1, 1, None);
    history.recover(&[2, 3], crate::testing::OPENED.plus_ms(1));
    history.close(&history.sent(&[(0, Agree), (1, Agree)]));
    let file = history.file(&opening, None).unwrap();
    (history, file)
}

#[test]
fn a_file_follows_the_register_across_a_recovery() {
    let (history, file) = recovered();
    let text = file.to_json();
    let read = DecisionFile::read(text.as_bytes()).unwrap();
    let proof = read.verify(Some(&history.federation())).unwrap();
    assert_eq!(proof.recoveries, 1);
    let turns: Vec<&str> = proof.steps.iter().map(|step| step.turn.word()).collect();
    assert_eq!(turns, ["opened", "recovered", "passed"]);
    assert_eq!(proof.signatures.all(), 2);
    assert!(proof.words().join("\n").contains("was recovered 1 times"));
}

#[test]
fn a_recovery_that_does_not_hold_makes_a_file_of_nothing() {
    use super::recovering::RecoveringAt;
    use crate::recovery::{Recovered, RecoveryError};
    let refused = |change: &dyn Fn(&mut DecisionFile)| {
        let mut file = recovered().1;
        change(&mut file);
        let read = DecisionFile::read(file.to_json().as_bytes()).unwrap();
        read.verify(None).unwrap_err()
    };
    let in_recovery = |change: fn(&mut Recovered)| {
        let error = refused(&|file| {
            let RecoveringAt { recovered, .. } = &mut file.recoveries[0];
            changed(recovered, change);
        });
        let FileError::Recovery { height: 2, source } = error else {
            panic!("{error:?}");
        };
        *source
    };
    let few = in_recovery(|one| one.announced.truncate(2));
    assert!(matches!(
        few,
        RecoveryError::TooFew {
            found: 2,
            needed: 3,
            ..
        }
    ));
    let early = in_recovery(|one| one.confirmed.clone_from(&one.announced));
    assert!(matches!(early, RecoveryError::Early { .. }));
    let others = in_recovery(|one| one.recovery.gone.truncate(1));
    assert!(matches!(others, RecoveryError::TooFewGone { .. }));
    let elsewhere = in_recovery(|one| one.recovery.last = Hash([1; 32]));
    assert!(matches!(elsewhere, RecoveryError::Last { .. }));
    let unsigned = in_recovery(|one| one.recovery.time.0 -= 1);
    assert!(matches!(unsigned, RecoveryError::Signature(_)));
    // Who may sign stands in a state that its own validators certified.
    let state = |error| {
        assert!(
            matches!(error, FileError::State { height: 2, .. }),
            "{error:?}"
        )
    };
    state(refused(&|file| file.recoveries[0].rest.0[0] ^= 1));
    state(refused(&|file| {
        let order = &mut file.recoveries[0].order.0;
        let last = order.len() - 2;
        order[last] ^= 1;
    }));
    assert_eq!(
        refused(&|file| file.recoveries[0].rest.0.truncate(31)),
        FileError::Rest(2)
    );
    let (found, needed) = (0, 1);
    assert_eq!(
        refused(&|file| file.recoveries.clear()),
        FileError::Recoveries { found, needed }
    );
    assert!(matches!(
        refused(&|file| file.recoveries.push(file.recoveries[0].clone())),
        FileError::Recoveries {
            found: 2,
            needed: 1
        }
    ));
    let certificate = refused(&|file| drop(file.certificates.remove(0)));
    assert!(
        matches!(certificate, FileError::Value { height: 2, .. }),
        "{certificate:?}"
    );
}

#[test]
fn a_file_whose_beginning_is_of_another_format_is_refused() {
    let mut file = file();
    // [[format, time, members], signatures]
    assert_eq!(file.beginning.0[..3], [0x82, 0x83, 1]);
    file.beginning.0[2] = 0;
    let read = DecisionFile::read(file.to_json().as_bytes()).unwrap();
    assert!(read.verify(None).is_err(), "two spellings of one beginning");
}

#[test]
fn what_is_said_about_a_file_that_is_none_does_not_steer_a_terminal() {
    let hostile = br#"{"\u001b]0;owned\u0007\u001b[2J\u001b[32mIt passed.": 1}"#;
    let said = [
        DecisionFile::read(hostile).unwrap_err().to_string(),
        crate::contradiction::EvidenceFile::read(hostile)
            .unwrap_err()
            .to_string(),
    ];
    for said in said {
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}
