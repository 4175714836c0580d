//! What a hostile key can make a node keep is bounded, whatever it signs.

use domain::{
    decision::Choice,
    entry::Entry,
    id::{EntryId, PhaseId, Timestamp},
    key::PublicKey,
    record::Roles,
};
use replica::{
    Replica,
    testing::{Draft, ballot, grant_person, key, mandate, proposal, revocation},
};

use crate::scene::{Player, Scene};

/// What a flood left behind.
fn kept(replica: &Replica, before: usize) -> (usize, usize) {
    (replica.len() - before, replica.pending_len())
}

fn by_descending_id(scene: &Scene, mut entries: Vec<Entry>) -> Vec<Entry> {
    let federation = scene.cast.federation();
    entries.sort_by_cached_key(|entry| std::cmp::Reverse(entry.id(&federation)));
    entries
}

/// So many different entries of a player at one place of its log.
fn branches(scene: &mut Scene, player: &Player, after: u64, count: u64) -> Vec<Entry> {
    let mut draft = Draft::new(player.grant, scene.cast.tick(), &proposal("."));
    (0..count)
        .map(|number| {
            draft.references = vec![EntryId(domain::id::Hash::of(&[&number.to_be_bytes()]).0)];
            player.author.fork_after(after).write_draft(&draft)
        })
        .collect()
}

#[test]
fn a_flood_of_branches_leaves_two_even_if_each_is_smaller_than_the_last() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    for number in 0..5 {
        scene.says(&mut worker, &proposal(&format!("Proposal {number}")));
    }
    let flood = branches(&mut scene, &worker, 3, 10_000);
    let before = scene.replica.len();
    for entry in by_descending_id(&scene, flood) {
        let _ = scene.offer(entry);
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        stored <= 2 && pending == 0,
        "10,000 branches left {stored} entries and {pending} waiting"
    );
    assert_eq!(scene.replica.tip(&worker.author.key()).unwrap().0, 3);
    assert_eq!(
        scene.replica.take_changes().stored.len(),
        scene.replica.len()
    );
}

#[test]
fn a_flood_beside_a_picked_branch_leaves_one() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    for number in 0..5 {
        scene.says(&mut worker, &proposal(&format!("Proposal {number}")));
    }
    scene.by_root(0, &revocation(worker.author.key(), worker.author.tip()));
    let mut flood = branches(&mut scene, &worker, 1, 1_000);
    flood.extend(branches(&mut scene, &worker, 3, 1_000));
    flood.extend(branches(&mut scene, &worker, 5, 1_000));
    let before = scene.replica.len();
    for entry in by_descending_id(&scene, flood) {
        let _ = scene.offer(entry);
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        stored <= 3 && pending == 0,
        "3,000 branches left {stored} entries and {pending} waiting"
    );
    assert_eq!(scene.replica.tip(&worker.author.key()), worker.author.tip());
}

#[test]
fn ballots_with_invented_phases_above_a_fork_are_not_kept() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let phase = scene.phase(&mut steward);
    let author = scene.cast.newcomer();
    let grant = scene.mandate(0, 1, &[author.key()]);
    let mut delegate = Player { author, grant };
    let mut twin = delegate.clone();
    scene.says(&mut delegate, &ballot(phase, 1, Choice::Agree));
    let _ = scene.tries(&mut twin, &ballot(phase, 1, Choice::Abstain));
    let before = scene.replica.len();
    for number in 0..2_000_u64 {
        let invented: PhaseId = EntryId(domain::id::Hash::of(&[&number.to_be_bytes()]).0);
        let revision = 1 + (number % 8) as u8;
        let choice = Choice::ALL[(number % 3) as usize];
        let real = if number % 2 == 0 { phase } else { invented };
        let _ = scene.tries(&mut twin, &ballot(real, revision, choice));
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        stored <= 2 && pending <= 512,
        "2,000 ballots left {stored} entries and {pending} waiting"
    );
}

#[test]
fn a_mandate_that_comes_again_keeps_the_ballot_that_rests_on_it() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let phase = scene.phase(&mut steward);
    let delegate = scene.cast.newcomer();
    let root = scene.cast.roots[1].clone();
    let (found, time) = (root.id(1), scene.cast.tick());
    // Three sides of one fork: the two with the smallest ids prove it, the third is kept only for
    // its ballot.
    let federation = scene.cast.federation();
    let side = |number| {
        let mandate = mandate(number, &[delegate.key()]);
        root.fork_after(1).write(found, time, &mandate)
    };
    let mut entries: Vec<_> = (1..=3).map(side).collect();
    entries.sort_by_key(|entry| entry.id(&federation));
    let grant = entries[2].id(&federation);
    let mut author = delegate.clone();
    let time = scene.cast.tick();
    entries.push(author.write(grant, time, &ballot(phase, 1, Choice::Agree)));
    let member = domain::id::MemberId(root.key().0);
    for round in 0..4 {
        for entry in &entries {
            let _ = scene.offer(entry.clone());
        }
        // In the first round the mandate comes before anything needs it.
        if round > 0 {
            let ballots = scene.replica.ballots_of(&phase, &member);
            assert_eq!(ballots.len(), 1, "round {round}");
            let rests_on = scene.replica.get(ballots[0]).unwrap().grant;
            let mandate = rests_on.and_then(|mandate| scene.replica.get(mandate));
            assert_eq!(
                mandate.map(|mandate| mandate.id),
                Some(grant),
                "round {round}"
            );
        }
    }
}

#[test]
fn ballots_under_ever_higher_mandates_of_a_hostile_root_leave_the_highest() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let phase = scene.phase(&mut steward);
    let delegate = scene.cast.newcomer();
    let mut root = scene.cast.roots[1].clone();
    let found = root.id(1);
    // The root forks at 2, then goes on above with mandates that the fork voids.
    let time = scene.cast.tick();
    let one = root.fork_after(1).write(found, time, &mandate(1, &[]));
    let other = root.write(found, time, &mandate(2, &[delegate.key()]));
    scene.stored(one);
    scene.stored(other);
    let before = scene.replica.len();
    for number in 3..500 {
        let time = scene.cast.tick();
        let entry = root.write(found, time, &mandate(number, &[delegate.key()]));
        let grant = entry.id(&scene.cast.federation());
        let author = delegate.clone();
        let mut voter = Player { author, grant };
        // The ballot first, so that the mandate is waited for.
        let _ = scene.tries(&mut voter, &ballot(phase, 1, Choice::Agree));
        let _ = scene.offer(entry);
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        (2..=4).contains(&stored) && pending <= 512,
        "497 mandates with ballots left {stored} entries and {pending} waiting"
    );
    let member = domain::id::MemberId(root.key().0);
    let ballots = scene.replica.ballots_of(&phase, &member);
    assert_eq!(ballots.len(), 1, "and the last mandate's ballot counts");
}

#[test]
fn a_colluder_who_names_branches_makes_nobody_keep_them() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let mut colluder = scene.person(1, Roles::STEWARD);
    scene.says(&mut steward, &proposal("First"));
    // Every branch of the steward grants a key of its own, which writes; the colluder names all.
    let mut flood = Vec::new();
    for number in 0..300 {
        let mut branch = steward.clone();
        branch.author = steward.author.fork_after(1);
        let granted = replica::testing::Author::new(scene.cast.federation(), 9_000 + number);
        let record = grant_person(&granted, scene.cast.member(0), Roles::WORKER);
        let entry = scene.cast.by(&mut branch.author, branch.grant, &record);
        let grant = entry.id(&scene.cast.federation());
        flood.push(entry);
        let mut puppet = Player {
            author: granted,
            grant,
        };
        for _ in 0..3 {
            let cast = &mut scene.cast;
            flood.push(cast.by(&mut puppet.author, grant, &proposal("By a puppet")));
        }
    }
    let names: Vec<EntryId> = flood
        .iter()
        .map(|entry| entry.id(&scene.cast.federation()))
        .collect();
    let before = scene.replica.len();
    for some in names.chunks(16) {
        let mut draft = Draft::new(colluder.grant, scene.cast.tick(), &proposal("Naming"));
        draft.references = some.to_vec();
        draft.references.sort_unstable();
        let entry = colluder.author.write_draft(&draft);
        scene.stored(entry);
    }
    let naming = names.len().div_ceil(16);
    for entry in flood.iter().chain(&flood) {
        let _ = scene.offer(entry.clone());
    }
    let (stored, pending) = kept(&scene.replica, before + naming);
    assert!(
        stored <= 2 + 4 && pending <= 512,
        "1,200 entries above a fork left {stored} and {pending} waiting"
    );
}

#[test]
fn a_revocation_of_what_does_not_exist_makes_nobody_hoard() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, Roles::WORKER);
    scene.says(&mut worker, &proposal("First"));
    let nothing = Some((900, EntryId([5; 32])));
    scene.by_root(0, &revocation(worker.author.key(), nothing));
    let before = scene.replica.len();
    for entry in branches(&mut scene, &worker, 0, 2_000) {
        let _ = scene.offer(entry);
    }
    let mut branch = worker.clone();
    branch.author = worker.author.fork_after(0);
    for _ in 0..1_500 {
        let _ = scene.tries(&mut branch, &proposal("Above"));
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        stored <= 2 && pending <= 512,
        "3,500 entries left {stored} stored and {pending} waiting"
    );
}

#[test]
fn strangers_make_a_node_hold_no_more_than_what_waits() {
    let mut scene = Scene::new();
    let before = scene.replica.len();
    let heights = scene.replica.heights().len();
    for number in 0..2_000 {
        let mut stranger = Player {
            author: replica::testing::Author::new(scene.cast.federation(), 50_000 + number),
            grant: EntryId([6; 32]),
        };
        let _ = scene.tries(&mut stranger, &proposal("Let me in"));
    }
    let (stored, pending) = kept(&scene.replica, before);
    assert!(
        stored == 0 && pending <= 512,
        "2,000 strangers left {stored} entries and {pending} waiting"
    );
    assert_eq!(scene.replica.heights().len(), heights);
    let unknown: PublicKey = key(50_000).public();
    assert_eq!(scene.replica.tip(&unknown), None);
}

#[test]
fn a_ballot_after_the_deadline_takes_no_vote_back() {
    let mut scene = Scene::new();
    let mut steward = scene.person(0, Roles::STEWARD);
    let phase = scene.phase(&mut steward);
    let author = scene.cast.newcomer();
    let grant = scene.mandate(0, 1, &[author.key()]);
    let mut delegate = Player { author, grant };
    let mut thief = delegate.clone();
    let vote = scene.says(&mut delegate, &ballot(phase, 1, Choice::Agree));
    let [deadline, extended, .., last] = scene.replica.opening(&phase).unwrap().deadlines();
    // The thief forks the log below the vote, then votes late in a higher slot.
    let twin = ballot(EntryId([9; 32]), 1, Choice::Abstain);
    let _ = scene.tries(&mut thief, &twin);
    let fork = thief
        .author
        .fork_after(0)
        .write(grant, deadline, &proposal("."));
    let _ = scene.replica.offer(deadline, fork);
    let member = domain::id::MemberId(scene.cast.roots[0].key().0);
    let kept = |scene: &Scene| -> Vec<EntryId> {
        let kept = scene.replica.ballots_of(&phase, &member).into_iter();
        kept.map(|position| scene.replica.get(position).unwrap().id)
            .collect()
    };
    let mut vote_late = |scene: &mut Scene, time: Timestamp, revision: u8| {
        let late = ballot(phase, revision, Choice::Block);
        let late = thief.author.write(grant, time, &late);
        let id = late.id(&scene.cast.federation());
        let _ = scene.replica.offer(time, late);
        id
    };
    // Whether the vote is extended that long is not known here, so both are kept.
    let between = vote_late(&mut scene, extended, 7);
    let mut both = vec![vote, between];
    both.sort_unstable();
    let mut found = kept(&scene);
    found.sort_unstable();
    assert_eq!(found, both);
    vote_late(&mut scene, last.plus_seconds(1), 8);
    assert_eq!(kept(&scene).len(), 2, "after every end");
}
