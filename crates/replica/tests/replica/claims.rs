//! Whose a key is: a member grants only a key whose holder agreed, and one that two members grant
//! with its holder's consent acts for one of them, the same on every node.

use domain::{
    entry::Entry,
    id::MemberId,
    record::{Purpose, Record, Roles},
};
use replica::{
    Offer, Refusal, Replica,
    testing::{Author, Cast, Draft, grant_machine, grant_person, mandate, proposal, revocation},
};

use crate::{history::Chance, scene::Scene};

/// A thief backdates a grant: as early as its own log allows.
fn earliest(scene: &mut Scene, thief: usize, record: &Record) -> Entry {
    let root = &mut scene.cast.roots[thief];
    let (grant, time) = (root.id(1), scene.replica.genesis().created);
    root.write_draft(&Draft::new(grant, time, record))
}

#[test]
fn a_thief_that_claims_an_unused_key_by_an_earlier_date_gains_nothing() {
    for purpose in [Purpose::Node, Purpose::Validator] {
        let mut scene = Scene::new();
        let (owner, thief) = (scene.cast.member(0), scene.cast.member(1));
        let author = scene.cast.newcomer();
        let good = grant_machine(&author, owner, purpose);
        scene.by_root(0, &good);
        // It knows the key and the proof, which are public, and has a proof by a key of its own.
        let Record::Grant(mut made) = good.clone() else {
            panic!("a grant");
        };
        made.proof = scene.cast.newcomer().proof(thief, purpose, None);
        for record in [good, Record::Grant(made)] {
            let tip = scene.cast.clone();
            let entry = earliest(&mut scene, 1, &record);
            assert_eq!(scene.offer(entry), Offer::Refused(Refusal::Proof));
            scene.cast = tip;
        }
        let view = scene.replica.view();
        assert_eq!(view.member_of(&author.key()), Some(owner));
        assert_eq!(view.granted_by(&thief, &author.key()), None);
    }
}

#[test]
fn a_thief_that_lists_an_unused_persons_key_as_its_delegate_takes_nothing() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let key = worker.author.key();
    let entry = earliest(&mut scene, 1, &mandate(1, &[key]));
    scene.stored(entry);
    scene.by_root(1, &revocation(key, None));
    let id = scene.says(&mut worker, &proposal("First"));
    assert!(scene.stands(&id));
    let owner = scene.cast.member(0);
    assert_eq!(scene.replica.view().member_of(&key), Some(owner));
}

/// What a story's entries make, in many orders of arrival: by one build and entry by entry.
fn member_of(scene: &Scene, entries: &[Entry], key: &Author) -> Option<MemberId> {
    let mut chance = Chance::new(1);
    let mut found = Vec::new();
    for _ in 0..40 {
        let mut entries = entries.to_vec();
        chance.shuffle(&mut entries);
        let mut replica = Replica::new(scene.cast.genesis.clone());
        let mut view = replica.view();
        for entry in entries {
            let _ = replica.offer(scene.cast.now(), entry);
            let changes = replica.take_changes();
            if changes.standing {
                view = replica.view();
            } else {
                for (position, _) in changes.stored {
                    replica.apply(&mut view, position);
                }
            }
            if changes.revoked {
                replica.apply_revocations(&mut view);
            }
        }
        assert_eq!(view, replica.view(), "grown and built views agree");
        found.push(view.keys.get(&key.key()).map(|key| key.member));
    }
    assert!(found.iter().all(|member| *member == found[0]), "{found:?}");
    found[0]
}

#[test]
fn a_key_that_its_holder_proves_to_two_members_acts_for_one_in_any_order() {
    let mut scene = Scene::new();
    let mut author = scene.cast.newcomer();
    let mut entries: Vec<Entry> = Vec::new();
    let roots = Cast::new(3).found();
    entries.extend(roots);
    let members = [scene.cast.member(0), scene.cast.member(1)];
    let first = grant_person(&author, members[1], Roles::WORKER);
    let first = scene.cast.by_root(1, &first);
    let second = grant_person(&author, members[0], Roles::WORKER);
    let second = scene.cast.by_root(0, &second);
    let grant = second.id(&scene.cast.federation());
    entries.extend([first, second]);
    let acts_for = |scene: &Scene, entries: &[Entry], author: &Author| {
        member_of(scene, entries, author).expect("it was granted")
    };
    let older = acts_for(&scene, &entries, &author);
    assert_eq!(
        older, members[1],
        "the older grant counts while it is unused"
    );
    // Its log settles it, whichever grant is older.
    let mut used = entries.clone();
    used.push(scene.cast.by(&mut author, grant, &proposal("First")));
    assert_eq!(acts_for(&scene, &used, &author), members[0]);
    // And so does the end of one claim.
    entries.push(scene.cast.by_root(1, &revocation(author.key(), None)));
    assert_eq!(acts_for(&scene, &entries, &author), members[0]);
}
