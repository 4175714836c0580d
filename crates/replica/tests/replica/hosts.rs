//! Who serves whom: the member's choice and its host's answer, the same in every order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    entry::Entry,
    id::MemberId,
    record::{Purpose, Record, Roles},
};
use replica::{
    Offer, Refusal, Replica,
    testing::{Author, grant_machine, grant_person, host, hosting, proposal, revocation},
    view::{HostState, View},
};

use crate::{
    history::Chance,
    scene::{Scene, refused},
};

/// Three founders with nodes, and a newcomer without one that has joined.
struct Village {
    scene: Scene,
    newcomer: Author,
    founders: Vec<MemberId>,
}

impl Village {
    fn new() -> Self {
        let mut scene = Scene::new();
        let mut newcomer = scene.cast.newcomer();
        let join = scene.cast.join(&mut newcomer, &[0, 1]);
        scene.stored(join);
        let founders = (0..3).map(|founder| scene.cast.member(founder)).collect();
        Self {
            scene,
            newcomer,
            founders,
        }
    }

    fn id(&self) -> MemberId {
        MemberId(self.newcomer.key().0)
    }

    fn chooses(&mut self, whom: MemberId, number: u64) {
        let grant = self.newcomer.id(1);
        let record = host(whom, number);
        let entry = self.scene.cast.by(&mut self.newcomer, grant, &record);
        self.scene.stored(entry);
    }

    fn answers(&mut self, founder: usize, number: u64, accepts: bool) {
        let record = hosting(self.id(), number, accepts);
        self.scene.by_root(founder, &record);
    }

    fn view(&self) -> View {
        self.scene.replica.view()
    }

    fn host(&self) -> Option<MemberId> {
        self.view().hosted(&self.id())?.host
    }

    fn state(&self) -> HostState {
        self.view().hosted(&self.id()).expect("it chose").state
    }
}

#[test]
fn a_member_is_served_by_the_host_it_chose_and_that_said_yes() {
    let mut village = Village::new();
    assert_eq!(village.view().hosted(&village.id()), None);
    village.chooses(village.founders[0], 1);
    assert_eq!(
        (village.host(), village.state()),
        (None, HostState::Pending)
    );
    village.answers(1, 1, true);
    assert_eq!(village.host(), None, "another's yes is none");
    village.answers(0, 1, true);
    let (host, id) = (village.founders[0], village.id());
    assert_eq!(
        (village.host(), village.state()),
        (Some(host), HostState::InForce)
    );
    let hosts = village.view().hosts();
    assert_eq!(hosts, BTreeMap::from([(host, BTreeSet::from([id]))]));
    let held = village.view().votes_held();
    assert_eq!((held.get(&host), held.get(&id)), (Some(&2), None));
}

#[test]
fn a_member_that_moves_stays_where_it_is_until_the_new_host_says_yes() {
    let mut village = Village::new();
    let [old, new, _] = village.founders[..] else {
        panic!("three founders");
    };
    village.chooses(old, 1);
    village.answers(0, 1, true);
    village.chooses(new, 2);
    assert_eq!(
        (village.host(), village.state()),
        (Some(old), HostState::Pending)
    );
    village.answers(1, 2, false);
    assert_eq!(
        (village.host(), village.state()),
        (Some(old), HostState::Refused)
    );
    village.answers(1, 2, true);
    assert_eq!(
        (village.host(), village.state()),
        (Some(new), HostState::InForce)
    );
    let itself = village.id();
    village.chooses(itself, 3);
    assert_eq!(village.host(), Some(itself), "nobody else is asked");
    assert!(village.view().hosts().is_empty());
}

#[test]
fn a_host_can_end_it_and_a_host_that_is_no_member_is_none() {
    let mut village = Village::new();
    village.chooses(village.founders[2], 1);
    village.answers(2, 1, true);
    village.answers(2, 1, false);
    assert_eq!(
        (village.host(), village.state()),
        (None, HostState::Refused)
    );
    village.chooses(MemberId([3; 32]), 2);
    assert_eq!(
        (village.host(), village.state()),
        (None, HostState::Unknown)
    );
}

#[test]
fn of_two_hosts_that_claim_a_member_its_own_word_decides_and_the_other_is_shown() {
    let mut village = Village::new();
    village.answers(0, 1, true);
    village.answers(1, 1, true);
    let (id, claims) = (village.id(), village.view().offers_to(&village.id()));
    assert_eq!(claims.len(), 2, "both offered before it chose");
    village.chooses(village.founders[1], 1);
    let hosted = village.view().hosted(&id).unwrap();
    assert_eq!(hosted.host, Some(village.founders[1]));
    let claims: Vec<MemberId> = hosted.claims.into_keys().collect();
    assert_eq!(claims, [village.founders[0]]);
}

#[test]
fn only_root_and_stewards_choose_and_only_they_and_the_node_answer() {
    let mut village = Village::new();
    let (id, root) = (village.id(), village.newcomer.id(1));
    let mut worker = village.scene.cast.newcomer();
    let record = grant_person(&worker, id, Roles::WORKER.with(Roles::DELEGATE));
    let grant = village.scene.cast.by(&mut village.newcomer, root, &record);
    let grant = village.scene.stored(grant);
    for record in [host(village.founders[0], 1), hosting(id, 1, true)] {
        let mut again = worker.clone();
        let entry = village.scene.cast.by(&mut again, grant, &record);
        let offer = village.scene.offer(entry);
        assert!(
            matches!(refused(&offer), Refusal::Right { .. }),
            "{offer:?}"
        );
    }
    let _ = village
        .scene
        .cast
        .by(&mut worker, grant, &proposal("Words"));
    let mut node = village.scene.cast.newcomer();
    let record = grant_machine(&node, village.founders[0], Purpose::Node);
    let grant = village.scene.by_root(0, &record);
    let answer = village
        .scene
        .cast
        .by(&mut node, grant, &hosting(id, 1, true));
    village.scene.stored(answer);
    let choice = village.scene.cast.by(&mut node, grant, &host(id, 1));
    let offer = village.scene.offer(choice);
    assert!(
        matches!(refused(&offer), Refusal::Right { .. }),
        "{offer:?}"
    );
}

#[test]
fn a_stolen_stewards_choice_falls_with_the_key() {
    let mut village = Village::new();
    let (id, root) = (village.id(), village.newcomer.id(1));
    village.chooses(village.founders[0], 1);
    village.answers(0, 1, true);
    let mut thief = village.scene.cast.newcomer();
    let record = grant_person(&thief, id, Roles::STEWARD);
    let grant = village.scene.cast.by(&mut village.newcomer, root, &record);
    let grant = village.scene.stored(grant);
    let last = domain::record::HOST_NUMBER_MAX;
    let choice = host(village.founders[1], last);
    let choice = village.scene.cast.by(&mut thief, grant, &choice);
    village.scene.stored(choice);
    village.answers(1, last, true);
    assert_eq!(village.host(), Some(village.founders[1]));
    let record = revocation(thief.key(), None);
    let end = village.scene.cast.by(&mut village.newcomer, root, &record);
    village.scene.stored(end);
    assert_eq!(village.host(), Some(village.founders[0]));
}

/// Random choices and answers by everyone, as entries.
fn history(village: &mut Village, chance: &mut Chance) -> Vec<Entry> {
    let grant = village.newcomer.id(1);
    let mut entries = Vec::new();
    for _ in 0..12 {
        let number = 1 + chance.below(4) as u64;
        let founder = chance.below(3);
        entries.push(if chance.one_in(2) {
            let whom = match chance.below(5) {
                0 => village.id(),
                1 => MemberId([9; 32]),
                _ => village.founders[founder],
            };
            let record = host(whom, number);
            village.scene.cast.by(&mut village.newcomer, grant, &record)
        } else {
            let accepts = !chance.one_in(3);
            let record: Record = hosting(village.id(), number, accepts);
            village.scene.cast.by_root(founder, &record)
        });
    }
    entries
}

#[test]
fn who_serves_whom_is_the_same_in_every_order_of_arrival() {
    let mut reached = BTreeSet::new();
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let mut village = Village::new();
        let mut entries = history(&mut village, &mut chance);
        for entry in entries.clone() {
            assert_eq!(village.scene.offer(entry), Offer::Stored);
        }
        let expected = village.view();
        let hosted = expected.hosted(&village.id());
        reached.extend(hosted.as_ref().map(|hosted| hosted.state));
        let held: u64 = expected.votes_held().values().sum();
        assert_eq!(held, 4, "every member's vote is held once");
        for _ in 0..4 {
            chance.shuffle(&mut entries);
            let (mut replica, mut view) = grown(&village);
            for entry in &entries {
                let _ = replica.offer(village.scene.cast.now(), entry.clone());
                for (position, _) in replica.take_changes().stored {
                    replica.apply(&mut view, position);
                }
            }
            assert_eq!(view, replica.view(), "grown and built views agree");
            assert_eq!(view.hosted(&village.id()), hosted, "seed {seed}");
            assert_eq!(view.choices, expected.choices);
            assert_eq!(view.answers, expected.answers);
        }
    }
    assert_eq!(reached.len(), 4, "every state is reached: {reached:?}");
}

/// A replica that knows the members and nothing else, with its view.
fn grown(village: &Village) -> (Replica, View) {
    let fresh = Village::new();
    assert_eq!(fresh.id(), village.id());
    let mut replica = fresh.scene.replica;
    drop(replica.take_changes());
    let view = replica.view();
    (replica, view)
}
