//! What one member's keys sign about another member has no effect there.

use domain::{
    id::MemberId,
    record::{Purpose, Roles},
};
use replica::{
    Offer, Refusal, Replica,
    testing::{grant_machine, grant_person, mandate, proposal, revocation},
};

use crate::scene::{Player, Scene};

#[test]
fn a_revocation_of_another_members_key_ends_nothing() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let mut hostile = scene.person(1, Roles::STEWARD);
    let first = scene.says(&mut worker, &proposal("First"));
    let key = worker.author.key();
    scene.says(&mut hostile, &revocation(key, None));
    scene.by_root(1, &revocation(key, None));
    let second = scene.says(&mut worker, &proposal("Second"));
    assert!(scene.stands(&first) && scene.stands(&second));
}

#[test]
fn a_root_key_is_ended_by_nobodys_revocation() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let root = scene.cast.roots[0].key();
    scene.says(&mut steward, &revocation(root, None));
    scene.by_root(1, &revocation(root, None));
    let id = scene.by_root(0, &mandate(1, &[]));
    assert!(scene.stands(&id));
}

#[test]
fn stewards_cannot_end_each_other_but_the_root_can() {
    let mut scene = Scene::new();
    let mut one = scene.person(0, Roles::STEWARD);
    let mut other = scene.person(0, Roles::STEWARD);
    scene.says(&mut one, &revocation(other.author.key(), None));
    let id = scene.says(&mut other, &proposal("Still here"));
    assert!(scene.stands(&id));
    scene.by_root(0, &revocation(other.author.key(), None));
    assert!(!scene.stands(&id));
}

#[test]
fn a_member_that_grants_a_key_whose_holder_agreed_gains_and_takes_nothing() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    let first = scene.says(&mut worker, &proposal("First"));
    let mut hostile = scene.person(1, Roles::STEWARD);
    let (key, by) = (worker.author.key(), scene.cast.member(1));
    scene.says(
        &mut hostile,
        &grant_person(&worker.author, by, Roles::WORKER),
    );
    scene.by_root(1, &grant_person(&worker.author, by, Roles::STEWARD));
    scene.by_root(1, &mandate(1, &[key]));
    scene.by_root(1, &revocation(key, None));
    let second = scene.says(&mut worker, &proposal("Second"));
    assert!(scene.stands(&first) && scene.stands(&second));
    let stored = scene.replica.find(&second).unwrap();
    assert_eq!(stored.member, MemberId(scene.cast.roots[0].key().0));
}

#[test]
fn a_member_that_takes_a_founders_root_key_as_its_worker_ends_nothing() {
    let mut scene = Scene::new();
    let (root, by) = (scene.cast.roots[0].clone(), scene.cast.member(1));
    let mut hostile = scene.person(1, Roles::STEWARD);
    scene.says(&mut hostile, &grant_person(&root, by, Roles::WORKER));
    scene.by_root(1, &grant_machine(&root, by, Purpose::Node));
    scene.by_root(1, &revocation(root.key(), None));
    let id = scene.by_root(0, &mandate(1, &[]));
    assert!(scene.stands(&id));
}

#[test]
fn two_joins_of_one_key_void_that_member_and_no_other() {
    let mut scene = Scene::new();
    let mut newcomer = scene.cast.newcomer();
    let mut twin = newcomer.clone();
    let one = scene.cast.join(&mut newcomer, &[0, 1]);
    let other = scene.cast.join(&mut twin, &[0, 1]);
    let joined = scene.stored(one);
    assert!(scene.stands(&joined));
    scene.stored(other);
    assert!(!scene.stands(&joined));
    assert_eq!(scene.replica.tip(&newcomer.key()), None);
    assert_eq!(scene.replica.forks().len(), 1);
    for founder in 0..3 {
        let id = scene.by_root(founder, &mandate(1, &[]));
        assert!(scene.stands(&id));
    }
}

#[test]
fn a_founder_that_forks_after_admitting_does_not_unadmit() {
    let mut scene = Scene::new();
    let mut newcomer = scene.cast.newcomer();
    let join = scene.cast.join(&mut newcomer, &[0, 1]);
    let joined = scene.stored(join);
    let mut twin = scene.cast.roots[0].fork_after(0);
    let time = scene.cast.tick();
    let federation = scene.cast.federation_grant();
    let again = twin.write(
        federation,
        time,
        &domain::record::Record::Found(domain::record::Found),
    );
    scene.stored(again);
    assert_eq!(scene.replica.tip(&twin.key()), None);
    assert!(scene.stands(&joined));
}

#[test]
fn a_stolen_worker_key_that_grants_is_refused_before_it_matters() {
    let mut scene = Scene::new();
    let worker = scene.person(0, Roles::WORKER);
    let friend = scene.cast.newcomer();
    let grant = scene.cast.by(
        &mut worker.author.clone(),
        worker.grant,
        &grant_person(&friend, scene.cast.member(0), Roles::STEWARD),
    );
    let id = grant.id(&scene.cast.federation());
    assert!(matches!(
        scene.offer(grant),
        Offer::Refused(Refusal::Right { .. })
    ));
    let mut friend = Player {
        author: friend,
        grant: id,
    };
    let offer = scene.tries(&mut friend, &proposal("Under nothing"));
    assert_eq!(offer, Offer::Waits(vec![id]));
}

#[test]
fn of_several_revocations_the_roots_counts_then_the_lowest_in_any_order() {
    let mut scene = Scene::new();
    let mut one = scene.person(0, Roles::STEWARD);
    let mut other = scene.person(0, Roles::STEWARD);
    let mut worker = scene.person(0, Roles::WORKER);
    for number in 0..4 {
        scene.says(&mut worker, &proposal(&format!("Proposal {number}")));
    }
    let before = scene.replica.take_changes().stored;
    let (key, path) = (worker.author.key(), &worker.author);
    let at = |sequence| Some((sequence, path.id(sequence)));
    let cast = &mut scene.cast;
    let low = cast.by(&mut one.author, one.grant, &revocation(key, at(1)));
    let high = cast.by(&mut other.author, other.grant, &revocation(key, at(3)));
    let by_root = cast.by_root(0, &revocation(key, at(2)));
    for order in [[&low, &high], [&high, &low]] {
        let mut fresh = Scene {
            cast: scene.cast.clone(),
            replica: Replica::new(scene.cast.genesis.clone()),
        };
        for entry in before.iter().map(|(_, entry)| entry).chain(order) {
            fresh.stored(entry.clone());
        }
        assert_eq!(fresh.replica.tip(&key), at(1), "the lowest counts");
        fresh.stored(by_root.clone());
        assert_eq!(fresh.replica.tip(&key), at(2), "the root's outranks both");
    }
}

#[test]
fn another_members_revocation_does_not_hide_the_branch_that_the_own_root_picks() {
    for hostile in [1, 2] {
        let mut scene = Scene::new();
        let worker = scene.person(0, Roles::WORKER);
        let key = worker.author.key();
        let (mut honest, mut thief) = (worker.clone(), worker.clone());
        let branch: Vec<_> = (0..3)
            .map(|number| {
                let record = proposal(&format!("Honest {number}"));
                scene.cast.by(&mut honest.author, honest.grant, &record)
            })
            .collect();
        for number in 0..2 {
            let mut twin = thief.clone();
            scene.says(&mut twin, &proposal(&format!("Theft {number}")));
        }
        scene.says(&mut thief, &proposal("Theft"));
        let elsewhere = Some((1, domain::id::EntryId([9; 32])));
        scene.by_root(hostile, &revocation(key, elsewhere));
        scene.by_root(0, &revocation(key, honest.author.tip()));
        for entry in branch {
            let _ = scene.offer(entry);
        }
        assert_eq!(scene.replica.tip(&key), honest.author.tip());
    }
}
