//! Who is in a circle, whose action points and gatherings count, and when decisions are reviewed:
//! the same in every order of arrival.

use domain::{
    entry::Entry,
    id::{CircleId, EntryId, Timestamp},
    record::{
        Action, ActionState, Circle, Gathering, Kind, Membership, Record, Review, Role, Roles,
    },
};
use replica::{
    Offer, Refusal, Replica,
    testing::{Draft, person_of, proposal, revocation},
    view::{Someone, View},
};

use crate::{
    history::Chance,
    scene::{Player, Scene, refused},
};

/// Three founders with a person each; the first one's steward begins a circle.
struct Village {
    scene: Scene,
    players: Vec<Player>,
    circle: CircleId,
}

impl Village {
    fn new() -> Self {
        let mut scene = Scene::new();
        let roles = [Roles::STEWARD, Roles::WORKER, Roles::WORKER];
        let mut players: Vec<Player> = (0..3)
            .map(|founder| scene.person(founder, roles[founder]))
            .collect();
        let circle = Circle {
            nonce: [5; 16],
            name: "Care".to_owned(),
            domain: String::new(),
            rhythm: String::new(),
            ended: false,
        };
        let id = circle.id(scene.cast.member(0));
        scene.says(&mut players[0], &Record::Circle(circle));
        Self {
            scene,
            players,
            circle: id,
        }
    }

    fn who(&self, player: usize) -> Someone {
        let person = person_of(&self.players[player].author.key());
        (self.scene.cast.member(player), person)
    }

    fn says(&mut self, player: usize, record: &Record) -> EntryId {
        self.scene.says(&mut self.players[player], record)
    }

    /// The first player says something with a note.
    fn notes(&mut self, record: &Record, note: Option<&str>) -> EntryId {
        let time = self.scene.cast.tick();
        let player = &mut self.players[0];
        let mut draft = Draft::new(player.grant, time, record);
        draft.note = note.map(|note| note.as_bytes().to_vec());
        let entry = player.author.write_draft(&draft);
        self.scene.stored(entry)
    }

    fn joins(&mut self, player: usize, joined: bool) {
        let circle = self.circle;
        self.says(player, &Record::Membership(Membership { circle, joined }));
    }

    fn action(&self, action: Option<EntryId>, doer: usize, state: ActionState) -> Record {
        let (member, person) = self.who(doer);
        Record::Action(Action {
            action,
            circle: self.circle,
            member,
            person: Some(person),
            due: None,
            state,
            source: None,
        })
    }

    fn role(&mut self, title: &str, until: Option<Timestamp>) {
        let (circle, (_, person)) = (self.circle, self.who(0));
        let title = title.to_owned();
        let role = Role {
            circle,
            person,
            title,
            until,
        };
        self.says(0, &Record::Role(role));
    }

    fn view(&self) -> View {
        self.scene.replica.view()
    }

    fn now(&self) -> Timestamp {
        self.scene.cast.now()
    }

    fn state(&self, action: &EntryId) -> Option<ActionState> {
        Some(self.view().action(action)?.record.state)
    }
}

#[test]
fn a_person_joins_and_leaves_by_its_own_word() {
    let mut village = Village::new();
    village.joins(1, true);
    let (view, now) = (village.view(), village.now());
    let people = view.participants(&village.circle, now);
    assert_eq!(people.len(), 1);
    assert_eq!((people[0].member, people[0].person), village.who(1));
    assert!(people[0].joined && people[0].roles.is_empty());
    let (member, person) = village.who(1);
    assert_eq!(view.circles_of(&member, &person, now).len(), 1);
    village.joins(1, false);
    let view = village.view();
    assert!(view.participants(&village.circle, village.now()).is_empty());
    assert!(!view.is_in_circle(&village.circle, &(member, person), village.now()));
}

#[test]
fn who_is_removed_from_its_member_is_in_no_circle_and_what_it_said_counts() {
    let mut village = Village::new();
    village.joins(1, true);
    village.joins(2, true);
    let action = village.action(None, 1, ActionState::Open);
    let begun = village.says(1, &action);
    assert_eq!(count(&village), 2);
    let revoked = &village.players[1].author;
    let record = revocation(revoked.key(), revoked.tip());
    village.scene.by_root(1, &record);
    let view = village.view();
    assert_eq!(count(&village), 1);
    let (member, person) = village.who(1);
    let now = village.now();
    assert!(!view.is_in_circle(&village.circle, &(member, person), now));
    assert!(view.circles_of(&member, &person, now).is_empty());
    assert_eq!(village.state(&begun), Some(ActionState::Open));
}

fn count(village: &Village) -> usize {
    let view = village.view();
    view.participants(&village.circle, village.now()).len()
}

#[test]
fn the_coordinator_comes_first_and_the_end_of_its_term_is_told() {
    let mut village = Village::new();
    village.joins(1, true);
    let ends = village.now().plus_seconds(86_400);
    village.role("facilitator", None);
    village.role("Coordinator", Some(ends));
    let (view, now) = (village.view(), village.now());
    let people = view.participants(&village.circle, now);
    assert!(people[0].coordinates() && !people[1].coordinates());
    assert_eq!(people[0].roles.len(), 2);
    assert!(people[0].roles[0].is_coordinator());
    let month = now.plus_seconds(30 * 86_400);
    let told = view.coordinator_term(&village.circle, month);
    assert_eq!(told.map(|told| told.until), Some(ends));
    assert_eq!(view.coordinator_term(&village.circle, now), None);
    village.role("Coordinator", None);
    let view = village.view();
    assert_eq!(view.coordinator_term(&village.circle, month), None);
}

#[test]
fn an_action_point_counts_if_one_of_the_circles_people_began_it() {
    let mut village = Village::new();
    let record = village.action(None, 2, ActionState::Open);
    let before = village.says(1, &record);
    assert_eq!(village.state(&before), None, "not in the circle yet");
    village.joins(1, true);
    let action = village.says(1, &record);
    assert_eq!(village.state(&action), Some(ActionState::Open));
    village.joins(1, false);
    assert_eq!(
        village.state(&action),
        Some(ActionState::Open),
        "it counted then"
    );
    assert_eq!(village.view().actions().len(), 1);
}

#[test]
fn the_circles_people_who_began_it_and_who_does_it_change_an_action_point() {
    let mut village = Village::new();
    village.joins(0, true);
    let record = village.action(None, 1, ActionState::Open);
    let action = village.says(0, &record);
    let done = village.action(Some(action), 1, ActionState::Done);
    village.says(2, &done);
    assert_eq!(
        village.state(&action),
        Some(ActionState::Open),
        "a stranger's word is none"
    );
    village.says(1, &done);
    assert_eq!(village.state(&action), Some(ActionState::Done));
    village.joins(2, true);
    let reopened = village.action(Some(action), 2, ActionState::Open);
    village.says(2, &reopened);
    assert_eq!(village.view().actions()[0].changed_by, village.who(2));
    village.says(1, &done);
    assert_eq!(
        village.state(&action),
        Some(ActionState::Open),
        "it is another's to do now"
    );
    village.joins(0, false);
    let dropped = village.action(Some(action), 2, ActionState::Dropped);
    village.says(0, &dropped);
    assert_eq!(village.state(&action), Some(ActionState::Dropped));
}

#[test]
fn the_words_are_the_last_note() {
    let mut village = Village::new();
    village.joins(0, true);
    let begun = village.action(None, 1, ActionState::Open);
    let action = village.notes(&begun, Some("Call the bank"));
    let again = village.action(Some(action), 1, ActionState::Done);
    village.notes(&again, None);
    assert_eq!(village.view().action(&action).unwrap().words, action);
    let changed = village.notes(&again, Some("Write to the bank"));
    assert_eq!(village.view().action(&action).unwrap().words, changed);
}

fn gathering(circle: CircleId, gathering: Option<EntryId>, title: &str) -> Record {
    Record::Gathering(Gathering {
        gathering,
        circle,
        title: title.to_owned(),
        start: Timestamp(1_800_000_000_000),
        minutes: 60,
        zone: "Europe/Madrid".to_owned(),
        repetition: None,
        place: String::new(),
        cancelled: Vec::new(),
        ended: false,
    })
}

#[test]
fn a_gathering_is_changed_by_the_circles_people_alone() {
    let mut village = Village::new();
    village.joins(1, true);
    let circle = village.circle;
    let id = village.says(1, &gathering(circle, None, "Monthly"));
    village.says(2, &gathering(circle, Some(id), "Hijacked"));
    let title = |village: &Village| village.view().gathering(&id).unwrap().record.title;
    assert_eq!(title(&village), "Monthly");
    village.joins(2, true);
    village.says(2, &gathering(circle, Some(id), "Weekly"));
    assert_eq!(title(&village), "Weekly");
    let elsewhere = CircleId([7; 16]);
    village.says(2, &gathering(elsewhere, Some(id), "Moved"));
    assert_eq!(title(&village), "Weekly", "it stays in its circle");
}

#[test]
fn stewards_and_the_proposer_say_when_a_decision_is_reviewed() {
    let mut village = Village::new();
    let about = village.says(1, &proposal("Shared servers"));
    let review = |seconds: Option<u64>| {
        Record::Review(Review {
            proposal: about,
            date: seconds.map(|seconds| Timestamp(0).plus_seconds(seconds)),
        })
    };
    let date = |village: &Village| village.view().review(&about).map(|review| review.date.0);
    village.says(2, &review(Some(1)));
    assert_eq!(date(&village), None, "neither steward nor proposer");
    village.says(1, &review(Some(2)));
    assert_eq!(date(&village), Some(2_000));
    village.says(0, &review(Some(3)));
    assert_eq!(date(&village), Some(3_000), "a steward of any member");
    village.says(2, &review(None));
    assert_eq!(date(&village), Some(3_000));
    village.says(1, &review(None));
    assert_eq!(date(&village), None);
}

#[test]
fn roots_write_nothing_in_circles() {
    let mut village = Village::new();
    let circle = village.circle;
    let joined = true;
    for record in [
        Record::Membership(Membership { circle, joined }),
        village.action(None, 0, ActionState::Open),
        gathering(circle, None, "Monthly"),
    ] {
        let entry = village.scene.cast.clone().by_root(0, &record);
        let offer = village.scene.offer(entry);
        let expected = Refusal::Right {
            kind: record.kind(),
        };
        assert_eq!(refused(&offer), &expected);
    }
    let known = [Kind::Action, Kind::Gathering, Kind::Membership];
    assert!(known.iter().all(|kind| !kind.is_binding()));
}

/// Random acts of everybody in and around the circle.
fn history(village: &mut Village, chance: &mut Chance) -> Vec<Entry> {
    let (circle, mut actions, mut gatherings) = (village.circle, Vec::new(), Vec::new());
    let mut about = Vec::new();
    let mut entries = Vec::new();
    for _ in 0..24 {
        let player = chance.below(3);
        let doer = chance.below(3);
        let states = [ActionState::Open, ActionState::Done, ActionState::Dropped];
        let which = chance.below(9);
        let record = match which {
            0..=2 => Record::Membership(Membership {
                circle,
                joined: !chance.one_in(3),
            }),
            3 | 4 => {
                let known = chance.pick(&actions).copied();
                village.action(known, doer, states[chance.below(3)])
            }
            5 => {
                let known = chance.pick(&gatherings).copied();
                gathering(circle, known, ["Weekly", "Monthly"][chance.below(2)])
            }
            6 => {
                let (_, person) = village.who(player);
                Record::Role(Role {
                    circle,
                    person,
                    title: "coordinator".to_owned(),
                    until: chance.one_in(2).then(|| village.now()),
                })
            }
            7 if !about.is_empty() => Record::Review(Review {
                proposal: about[chance.below(about.len())],
                date: chance.one_in(2).then_some(Timestamp(5)),
            }),
            _ => proposal("Shared servers"),
        };
        // Only stewards give roles here.
        let player = if which == 6 { 0 } else { player };
        let speaker = &mut village.players[player];
        let entry = village
            .scene
            .cast
            .by(&mut speaker.author, speaker.grant, &record);
        let id = entry.id(&village.scene.cast.federation());
        match &record {
            Record::Action(record) if record.action.is_none() => actions.push(id),
            Record::Gathering(record) if record.gathering.is_none() => gatherings.push(id),
            Record::Proposal(_) => about.push(id),
            _ => {}
        }
        entries.push(entry);
    }
    entries
}

#[test]
fn what_a_circle_does_is_the_same_in_every_order_of_arrival() {
    let (mut counted, mut ignored) = (0, 0);
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let mut village = Village::new();
        let mut entries = history(&mut village, &mut chance);
        let mut fresh = Village::new();
        for entry in entries.clone() {
            assert_eq!(fresh.scene.offer(entry), Offer::Stored);
        }
        let expected = fresh.view();
        counted += expected.actions().len() + expected.gatherings().len();
        let begun = |entry: &&Entry| matches!(entry.header.kind, Kind::Action | Kind::Gathering);
        ignored += entries.iter().filter(begun).count();
        for _ in 0..4 {
            chance.shuffle(&mut entries);
            let mut replica: Replica = Village::new().scene.replica;
            drop(replica.take_changes());
            let mut view = replica.view();
            for entry in &entries {
                let _ = replica.offer(village.now(), entry.clone());
                for (position, _) in replica.take_changes().stored {
                    replica.apply(&mut view, position);
                }
            }
            assert_eq!(view, replica.view(), "grown and built views agree");
            assert_eq!(view, expected, "seed {seed}");
            assert_eq!(view.actions(), expected.actions(), "seed {seed}");
            let now = village.now();
            assert_eq!(
                view.participants(&village.circle, now),
                expected.participants(&village.circle, now)
            );
        }
    }
    assert!(counted > 20 && ignored > counted, "{counted} of {ignored}");
}
