//! The rule of storing: every way in which an entry is refused.

use crate::scene::{Player, Scene, refused};
use domain::{
    cbor::DecodeError,
    decision::Choice,
    id::{EntryId, MemberId, PersonId, Timestamp},
    key::{PublicKey, Signature},
    record::{Found, Grant, Kind, Person, Purpose, Record, Roles},
};
use replica::{
    Offer, Refusal, Replica,
    testing::{
        Author, Draft, ballot, comment, grant_machine, grant_person, mandate, person_of, proposal,
        revocation,
    },
};

fn weak() -> PublicKey {
    let mut identity = [0; 32];
    identity[0] = 1;
    PublicKey(identity)
}

fn changed(record: &Record, change: impl FnOnce(&mut Grant)) -> Record {
    let mut record = record.clone();
    match &mut record {
        Record::Grant(grant) => change(grant),
        _ => panic!("expected a grant"),
    }
    record
}

fn right(kind: Kind) -> Offer {
    Offer::Refused(Refusal::Right { kind })
}

#[test]
fn an_entry_with_another_signature_is_refused() {
    let mut scene = Scene::new();
    let mut entry = scene.cast.by_root(0, &mandate(1, &[]));
    entry.signature = Signature([7; 64]);
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Signature));
}

#[test]
fn an_entry_signed_for_another_federation_is_refused() {
    let mut scene = Scene::new();
    let entry = scene.cast.by_root(0, &mandate(1, &[]));
    let mut genesis = scene.cast.genesis.clone();
    genesis.nonce = [8; 32];
    let offer = Replica::new(genesis).offer(scene.cast.now(), entry);
    assert_eq!(offer, Offer::Refused(Refusal::Signature));
}

#[test]
fn an_author_that_is_no_usable_key_is_refused() {
    let mut scene = Scene::new();
    let mut entry = scene.cast.by_root(0, &mandate(1, &[]));
    entry.header.author = weak();
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Key));
}

#[test]
fn a_grant_or_mandate_of_no_usable_key_is_refused() {
    let scene = Scene::new();
    let some = grant_person(&scene.cast.roots[1], scene.cast.member(0), Roles::WORKER);
    for record in [
        changed(&some, |grant| grant.key = weak()),
        mandate(1, &[weak()]),
    ] {
        let mut scene = Scene::new();
        let entry = scene.cast.by_root(0, &record);
        assert_eq!(scene.offer(entry), Offer::Refused(Refusal::GrantedKey));
    }
}

#[test]
fn a_grant_whose_proof_is_not_the_keys_for_this_member_purpose_and_person_is_refused() {
    let scene = Scene::new();
    let (cast, stranger) = (&scene.cast, Author::new(scene.cast.federation(), 77));
    let (own, other) = (cast.member(0), cast.member(1));
    let good = grant_person(&stranger, own, Roles::WORKER);
    let person = person_of(&stranger.key());
    let elsewhere = Author::new(domain::id::FederationId([9; 32]), 77);
    let proofs = [
        ("none", Signature([0; 64])),
        (
            "a member's root key's",
            cast.roots[0].proof(own, Purpose::Person, Some(person)),
        ),
        (
            "for another member",
            stranger.proof(other, Purpose::Person, Some(person)),
        ),
        (
            "for another purpose",
            stranger.proof(own, Purpose::Node, Some(person)),
        ),
        (
            "for another person",
            stranger.proof(own, Purpose::Person, Some(PersonId([9; 16]))),
        ),
        ("for no person", stranger.proof(own, Purpose::Person, None)),
        (
            "for another federation",
            elsewhere.proof(own, Purpose::Person, Some(person)),
        ),
    ];
    for (what, proof) in proofs {
        let mut scene = Scene::new();
        let entry = scene
            .cast
            .by_root(0, &changed(&good, |grant| grant.proof = proof));
        assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Proof), "{what}");
    }
    let mut scene = Scene::new();
    scene.by_root(0, &good);
    // What proves one member's right is no proof for a second that copies it.
    let entry = scene.cast.by_root(1, &good);
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Proof));
}

#[test]
fn a_binding_record_without_its_body_is_refused() {
    let mut scene = Scene::new();
    let mut entry = scene.cast.by_root(0, &mandate(1, &[]));
    entry.body = None;
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::BodyMissing));
}

#[test]
fn a_binding_record_with_another_kinds_body_is_refused() {
    let mut scene = Scene::new();
    let (grant, time) = (scene.cast.roots[0].id(1), scene.cast.tick());
    let mut draft = Draft::new(grant, time, &mandate(1, &[]));
    draft.body = vec![0x80];
    let entry = scene.cast.roots[0].write_draft(&draft);
    assert!(matches!(
        refused(&scene.offer(entry)),
        Refusal::Body(DecodeError::Unexpected { .. })
    ));
}

#[test]
fn a_body_or_note_that_may_be_withheld_never_decides_about_storing() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let time = scene.cast.tick();
    let mut garbled = Draft::new(worker.grant, time, &proposal("Words"));
    garbled.body = vec![0xff];
    let person = person_of(&worker.author.key());
    let mut unnamed = Draft::new(worker.grant, time, &Record::Person(Person { person }));
    unnamed.note = Some(vec![0xff]);
    for draft in [garbled, unnamed] {
        let entry = worker.author.write_draft(&draft);
        let mut withheld = entry.clone();
        (withheld.body, withheld.note) = (None, None);
        let mut other = Replica::new(scene.cast.genesis.clone());
        for root in scene.cast.clone().found() {
            let _ = other.offer(time, root);
        }
        assert_eq!(scene.offer(entry), Offer::Stored, "with what was garbled");
        let id = worker.author.tip().unwrap().1;
        assert!(scene.replica.find(&id).unwrap().person.is_none());
        // Withheld, it would have been stored as well: the log of a second scene shows it.
        assert_eq!(scene.offer(withheld), Offer::Known);
    }
}

#[test]
fn a_first_entry_by_no_founder_is_refused() {
    let mut scene = Scene::new();
    let mut stranger = scene.cast.newcomer();
    let (grant, time) = (scene.cast.federation_grant(), scene.cast.tick());
    let entry = stranger.write(grant, time, &Record::Found(Found));
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::NotAFounder));
}

#[test]
fn a_join_that_too_few_founders_admit_is_refused() {
    let mut scene = Scene::new();
    let mut newcomer = scene.cast.newcomer();
    let entry = scene.cast.join(&mut newcomer, &[1]);
    let missing = Refusal::AdmissionsMissing {
        found: 1,
        needed: 2,
    };
    assert_eq!(scene.offer(entry), Offer::Refused(missing));
}

#[test]
fn a_join_with_anothers_admissions_is_refused() {
    let mut scene = Scene::new();
    let (mut admitted, mut other) = (scene.cast.newcomer(), scene.cast.newcomer());
    let real = scene.cast.join(&mut admitted, &[0, 1]);
    let body = real.body.as_ref().unwrap().bytes().to_vec();
    let (grant, time) = (scene.cast.federation_grant(), scene.cast.tick());
    let mut draft = Draft::new(grant, time, &Record::Found(Found));
    (draft.kind, draft.body) = (Kind::Join, body);
    let entry = other.write_draft(&draft);
    assert!(matches!(
        refused(&scene.offer(entry)),
        Refusal::AdmissionsMissing { found: 2, .. }
    ));
    scene.stored(real);
}

#[test]
fn an_entry_that_skips_a_sequence_or_follows_another_key_is_refused() {
    let mut scene = Scene::new();
    let (grant, time) = (scene.cast.roots[0].id(1), scene.cast.tick());
    let draft = Draft::new(grant, time, &mandate(1, &[]));
    let mut skipping = scene.cast.roots[0].prepare(&draft);
    skipping.header.sequence = 3;
    scene.cast.roots[0].sign(&mut skipping);
    let skipped = Refusal::Sequence {
        found: 3,
        previous: 1,
    };
    assert_eq!(scene.offer(skipping), Offer::Refused(skipped));
    let mut foreign = scene.cast.roots[0].prepare(&draft);
    foreign.header.previous = Some(scene.cast.roots[1].id(1));
    scene.cast.roots[0].sign(&mut foreign);
    let foreign_log = Refusal::Sequence {
        found: 2,
        previous: 1,
    };
    assert_eq!(scene.offer(foreign), Offer::Refused(foreign_log));
}

#[test]
fn an_entry_earlier_than_its_previous_or_its_grant_is_refused() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let earliest = scene.cast.now();
    let found = Timestamp(earliest.0 - 1);
    let early = Draft::new(worker.grant, found, &proposal("Early"));
    let entry = worker.author.clone().write_draft(&early);
    let refusal = Refusal::Time { found, earliest };
    assert_eq!(scene.offer(entry), Offer::Refused(refusal.clone()));
    let on_time = Draft::new(worker.grant, earliest, &proposal("On time"));
    let entry = worker.author.write_draft(&on_time);
    scene.stored(entry);
    let entry = worker.author.write_draft(&early);
    assert_eq!(scene.offer(entry), Offer::Refused(refusal));
}

#[test]
fn another_keys_grant_gives_no_right() {
    let mut scene = Scene::new();
    let worker = scene.person(0, Roles::WORKER);
    let mut other = scene.person(0, Roles::WORKER);
    other.grant = worker.grant;
    let offer = scene.tries(&mut other, &proposal("Borrowed"));
    assert_eq!(offer, Offer::Refused(Refusal::Grant));
    other.author = scene.cast.newcomer();
    other.grant = scene.cast.federation_grant();
    let offer = scene.tries(&mut other, &proposal("By the federation itself"));
    assert_eq!(offer, Offer::Refused(Refusal::Grant));
}

#[test]
fn a_log_stays_with_the_member_it_began_for() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    scene.says(&mut worker, &proposal("For the first member"));
    let record = grant_person(&worker.author, scene.cast.member(1), Roles::WORKER);
    worker.grant = scene.by_root(1, &record);
    let offer = scene.tries(&mut worker, &proposal("For the second"));
    assert_eq!(offer, Offer::Refused(Refusal::Grant));
}

#[test]
fn a_right_covers_only_its_kinds_and_addresses() {
    let mut scene = Scene::new();
    let (mut worker, mut steward) = (
        scene.person(0, Roles::WORKER),
        scene.person(0, Roles::STEWARD),
    );
    let (stranger, member) = (scene.cast.newcomer(), scene.cast.member(0));
    let about = EntryId([1; 32]);
    for (record, kind) in [
        (grant_person(&stranger, member, Roles::WORKER), Kind::Grant),
        (revocation(stranger.key(), None), Kind::Revocation),
        (mandate(1, &[stranger.key()]), Kind::Mandate),
        (ballot(about, 1, Choice::Agree), Kind::Ballot),
    ] {
        let mut copy = worker.clone();
        assert_eq!(scene.tries(&mut copy, &record), right(kind));
    }
    for record in [
        grant_person(&stranger, member, Roles::STEWARD),
        grant_machine(&stranger, member, Purpose::Validator),
        grant_person(&steward.author, member, Roles::WORKER),
    ] {
        let mut copy = steward.clone();
        assert_eq!(scene.tries(&mut copy, &record), right(Kind::Grant));
    }
    let own = revocation(steward.author.key(), None);
    let offer = scene.tries(&mut steward, &own);
    assert_eq!(offer, right(Kind::Revocation), "nobody revokes itself");
    let mut elsewhere = Draft::new(worker.grant, scene.cast.tick(), &comment(about));
    elsewhere.address = "ballots".to_owned();
    let entry = worker.author.write_draft(&elsewhere);
    assert_eq!(scene.offer(entry), right(Kind::Comment));
}

#[test]
fn a_block_whose_note_is_shorter_than_its_reason_is_refused() {
    let mut scene = Scene::new();
    let mut delegate = scene.person(0, Roles::DELEGATE);
    let mut steward = scene.person(0, Roles::STEWARD);
    let phase = scene.phase(&mut steward);
    delegate.grant = scene.mandate(0, 1, &[delegate.author.key()]);
    let record = ballot(phase, 1, Choice::Block);
    let mut draft = Draft::new(delegate.grant, scene.cast.tick(), &record);
    draft.note = Some(vec![b'.'; 19]);
    let entry = delegate.author.clone().write_draft(&draft);
    assert_eq!(scene.offer(entry), right(Kind::Ballot));
    scene.says(&mut delegate, &record);
}

#[test]
fn a_key_that_a_steward_granted_gives_no_rights_even_as_a_steward() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let author = scene.cast.newcomer();
    let member = scene.cast.member(0);
    let grant = scene.says(&mut steward, &grant_person(&author, member, Roles::WORKER));
    let mut promoted = Player { author, grant };
    scene.says(&mut promoted, &proposal("As a worker"));
    let raised = grant_person(&promoted.author, member, Roles::STEWARD);
    promoted.grant = scene.by_root(0, &raised);
    scene.says(&mut promoted, &proposal("As a steward"));
    let other = scene.cast.newcomer();
    let offer = scene.tries(&mut promoted, &grant_person(&other, member, Roles::WORKER));
    assert_eq!(offer, Offer::Refused(Refusal::GrantedBySteward));
}

#[test]
fn a_mandate_needs_a_higher_number_than_the_one_before() {
    let mut scene = Scene::new();
    scene.mandate(0, 4, &[]);
    let entry = scene.cast.by_root(0, &mandate(4, &[]));
    let refusal = Refusal::MandateNumber {
        found: 4,
        previous: 4,
    };
    assert_eq!(scene.offer(entry), Offer::Refused(refusal));
}

#[test]
fn a_log_holds_no_more_than_its_limits_in_one_day_and_as_much_the_next() {
    let mut scene = Scene::new();
    for _ in 0..16 {
        scene.person(0, Roles::WORKER);
    }
    let author = scene.cast.newcomer();
    let seventeenth = grant_person(&author, scene.cast.member(0), Roles::WORKER);
    let copy = scene.cast.clone();
    let entry = scene.cast.by_root(0, &seventeenth);
    let limit = "16 grants";
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Limit { limit }));
    scene.cast = copy;
    let root = &mut scene.cast.roots[0];
    let tomorrow = scene.replica.genesis().created.plus_seconds(86_400);
    let entry = root.write(root.id(1), tomorrow, &seventeenth);
    assert_eq!(scene.replica.offer(tomorrow, entry), Offer::Stored);
}

#[test]
fn a_log_holds_at_most_two_thousand_entries_and_eight_mebibytes_a_day() {
    for (size, most, limit) in [(1, 2_000, "2,000 entries"), (65_000, 128, "8 MiB")] {
        let mut scene = Scene::new();
        let mut worker = scene.person(0, Roles::WORKER);
        let mut draft = Draft::new(worker.grant, scene.cast.tick(), &proposal("."));
        draft.body = vec![0; size];
        let refusal = loop {
            let entry = worker.author.write_draft(&draft);
            match scene.offer(entry) {
                Offer::Stored => {}
                other => break other,
            }
        };
        assert_eq!(refusal, Offer::Refused(Refusal::Limit { limit }));
        assert_eq!(scene.replica.tip(&worker.author.key()).unwrap().0, most);
    }
}

#[test]
fn an_entry_larger_than_64_kib_is_refused() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let mut draft = Draft::new(worker.grant, scene.cast.tick(), &proposal("."));
    draft.body = vec![0; 65_536];
    let entry = worker.author.write_draft(&draft);
    let limit = "64 KiB in one entry";
    assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Limit { limit }));
}

#[test]
fn what_follows_a_revocation_is_void_but_for_two_as_evidence() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    scene.says(&mut worker, &proposal("Before"));
    let last = worker.author.tip();
    scene.by_root(0, &revocation(worker.author.key(), last));
    let mut late = worker.clone();
    assert_eq!(scene.tries(&mut late, &proposal("After")), Offer::Stored);
    let offer = scene.tries(&mut late, &proposal("Later"));
    assert_eq!(offer, Offer::Refused(Refusal::Void));
    assert_eq!(scene.replica.tip(&worker.author.key()), last);
    assert_eq!(scene.replica.aside(&worker.author.key()).len(), 1);
}

#[test]
fn what_was_stored_does_not_come_back_without_its_ancestors() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let entry = scene
        .cast
        .by(&mut worker.author, worker.grant, &proposal("Alone"));
    let mut damaged = Replica::new(scene.cast.genesis.clone());
    assert_eq!(
        damaged.restore(entry, scene.cast.now()),
        Err(Refusal::AncestorMissing)
    );
}

#[test]
fn an_unknown_kind_is_stored_and_a_critical_one_mutes_what_follows() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let mut draft = Draft::new(worker.grant, scene.cast.tick(), &proposal("."));
    (draft.kind, draft.body, draft.critical) = (Kind(900), vec![1, 2, 3], true);
    let entry = worker.author.write_draft(&draft);
    let id = scene.stored(entry);
    let about = scene.says(&mut worker, &proposal("After it"));
    assert!(scene.stands(&id) && scene.stands(&about));
    let view = scene.replica.view();
    assert!(view.proposals.is_empty(), "what follows has no effect here");
    assert_eq!(view.entries[&MemberId(scene.cast.roots[0].key().0)], 2);
}
