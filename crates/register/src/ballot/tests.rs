use domain::{
    charter::RuleName,
    entry::{SALT_BYTES, Salted},
    id::FederationId,
    key::SecretKey,
    record::Delegate,
};

use super::*;
use crate::{
    phase::Phase,
    says::Act,
    testing::{Cast, FEDERATION},
};

fn consent() -> Cast {
    Cast::new(4, 3, RuleName::Consent, "")
}

fn judge(cast: &Cast, ballot: &Entry, mandate: &Entry) -> Result<ProvenBallot, BallotError> {
    let mandate = ProvenMandate::judge(&cast.case(), mandate)?;
    ProvenBallot::judge(&cast.case(), ballot, &mandate)
}

/// The ballot that a voter's delegate signs with this body.
fn with_body(cast: &Cast, change: impl Fn(&mut Ballot)) -> Entry {
    let mut ballot = Ballot {
        phase: cast.phase.vote,
        revision: 1,
        version: cast.phase.text,
        choice: Choice::Block,
        aim: Some(0),
        reason_characters: 30,
    };
    change(&mut ballot);
    cast.signed(&cast.mandate(1, 1), 1, Kind::Ballot, &ballot, true)
}

fn refused(cast: &Cast, change: impl Fn(&mut Ballot)) -> BallotError {
    judge(cast, &with_body(cast, change), &cast.mandate(1, 1)).unwrap_err()
}

#[test]
fn a_ballot_is_its_voters_in_the_slot_of_mandate_and_revision() {
    let cast = consent();
    let mandate = cast.mandate(1, 4);
    let ballot = cast.ballot_under(&mandate, 1, 3, Choice::Block);
    let proven = judge(&cast, &ballot, &mandate).unwrap();
    assert_eq!(proven.voter, VoterIndex(1));
    assert_eq!(proven.member, cast.phase.electorate[1].member);
    let slot = Slot {
        mandate: 4,
        revision: 3,
    };
    assert_eq!(
        (proven.slot, proven.says),
        (slot, Says::Choice(Choice::Block))
    );
    assert_eq!(proven.id, ballot.id(&FEDERATION));
}

#[test]
fn a_mandate_must_be_signed_by_the_root_of_a_voter() {
    let cast = consent();
    let good = cast.mandate(1, 1);
    let mut forged = good.clone();
    forged.header.sequence += 1;
    let ballot = cast.ballot(1, 1, Choice::Agree);
    let signature = BallotError::Signature(KeyError::Signature);
    assert_eq!(judge(&cast, &ballot, &forged), Err(signature));
    let stranger = Cast::new(4, 4, RuleName::Consent, "").mandate(3, 1);
    let root = BallotError::Root(stranger.header.author);
    assert_eq!(judge(&cast, &ballot, &stranger), Err(root));
}

#[test]
fn a_ballot_must_be_signed_by_a_delegate_of_the_mandate_it_names() {
    let cast = consent();
    let (mandate, another) = (cast.mandate(1, 1), cast.mandate(1, 2));
    let ballot = cast.ballot(1, 1, Choice::Agree);
    let named = mandate.id(&FEDERATION);
    let given = another.id(&FEDERATION);
    let wrong = BallotError::Mandate { named, given };
    assert_eq!(judge(&cast, &ballot, &another), Err(wrong));
    let by_another = cast.ballot_under(&mandate, 2, 1, Choice::Agree);
    let delegate = BallotError::Delegate(by_another.header.author);
    assert_eq!(judge(&cast, &by_another, &mandate), Err(delegate));
    let mut forged = ballot.clone();
    forged.header.time = domain::id::Timestamp(5);
    let signature = BallotError::Signature(KeyError::Signature);
    assert_eq!(judge(&cast, &forged, &mandate), Err(signature));
}

#[test]
fn a_mandate_may_list_several_delegates() {
    let cast = consent();
    let mandate = ProvenMandate::judge(&cast.case(), &cast.mandate(1, 1)).unwrap();
    let more = Delegate {
        key: SecretKey::from_seed(&[9; 32]).public(),
        person: domain::id::PersonId([0; 16]),
    };
    let mut several = mandate.clone();
    several.mandate.delegates.push(more);
    let ballot = cast.ballot(1, 1, Choice::Agree);
    assert!(ProvenBallot::judge(&cast.case(), &ballot, &several).is_ok());
}

#[test]
fn every_other_fault_of_a_ballot_has_its_name() {
    let cast = consent();
    let vote = cast.phase.vote;
    let named = EntryId([9; 32]);
    let phase = refused(&cast, |ballot| ballot.phase = named);
    assert_eq!(phase, BallotError::Phase { named, vote });
    let (named, text) = (Hash([9; 32]), cast.phase.text);
    let version = refused(&cast, |ballot| ballot.version = named);
    assert_eq!(version, BallotError::Version { named, text });
    let disagree = refused(&cast, |ballot| {
        (ballot.choice, ballot.aim) = (Choice::Disagree, None);
    });
    assert_eq!(disagree, BallotError::Choice(Choice::Disagree));
    let aims = cast.charter.terms().aims.len();
    let aim = refused(&cast, |ballot| ballot.aim = Some(aims as u64));
    let found = aims as u64;
    assert_eq!(aim, BallotError::Aim { found, aims });
    let claim = refused(&cast, |ballot| ballot.reason_characters = 41);
    let (bytes, characters) = (40, 41);
    assert_eq!(claim, BallotError::Claim { bytes, characters });

    let strict = Cast::new(
        4,
        3,
        RuleName::Consent,
        "block.minimum-reason-characters = 31",
    );
    let (found, needed) = (30, 31);
    let reason = refused(&strict, |_| ());
    assert_eq!(reason, BallotError::Reason { found, needed });
}

#[test]
fn what_is_no_ballot_comes_without_body_or_with_a_note_is_refused() {
    let cast = consent();
    let (mandate, ballot) = (cast.mandate(1, 1), cast.ballot(1, 1, Choice::Agree));
    let (found, needed) = (Kind::Mandate, Kind::Ballot);
    let kind = BallotError::Kind { found, needed };
    assert_eq!(judge(&cast, &mandate, &mandate), Err(kind));
    let bare = Entry {
        body: None,
        ..ballot.clone()
    };
    assert_eq!(judge(&cast, &bare, &mandate), Err(BallotError::NoBody));
    let noted = Entry {
        note: Some(Salted::new(&[0; SALT_BYTES], b"why")),
        ..ballot.clone()
    };
    assert_eq!(judge(&cast, &noted, &mandate), Err(BallotError::Note));
    let garbled = cast.signed(&mandate, 1, Kind::Ballot, &vote_in_a_window(&cast), false);
    let body = judge(&cast, &garbled, &mandate);
    assert!(matches!(body, Err(BallotError::Body(_))));
    let elsewhere = FederationId([0; 32]);
    let case = Case {
        federation: &elsewhere,
        ..cast.case()
    };
    let refused = ProvenMandate::judge(&case, &mandate);
    let signature = BallotError::Signature(KeyError::Signature);
    assert_eq!(refused, Err(signature));
}

fn vote_in_a_window(cast: &Cast) -> Answer {
    Answer {
        phase: cast.phase.vote,
        revision: 1,
        act: Act::CallVote,
    }
}

#[test]
fn in_a_window_only_the_proposing_member_is_heard_and_only_with_answers() {
    let cast = consent();
    let window = cast.within(Phase {
        question: Question::Answer,
        ..cast.phase.clone()
    });
    let answer = window.answer(1, Act::Withdraw);
    let proven = judge(&window, &answer, &cast.mandate(0, 1)).unwrap();
    assert_eq!(proven.says, Says::Act(Act::Withdraw));
    let ballot = judge(
        &window,
        &cast.ballot(0, 1, Choice::Agree),
        &cast.mandate(0, 1),
    );
    assert!(matches!(ballot, Err(BallotError::Kind { .. })));
    let another = judge(&window, &answer, &cast.mandate(1, 1));
    assert!(matches!(another, Err(BallotError::Root(_))));
}
