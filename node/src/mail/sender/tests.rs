//! What the sender does when the server is slow, refuses, or comes back; on a clock that jumps
//! over every wait.

use std::sync::{Arc, Mutex};

use domain::id::{EntryId, PersonId};
use tokio::time::Instant;
use web::reminders::{Moment, Reminder};

use super::*;

const BASE: Timestamp = Timestamp(1_800_000_000_000);

fn due(number: u8) -> Due {
    Due {
        person: PersonId([number; 16]),
        occasion: Occasion::Reminder(Reminder {
            phase: EntryId([1; 32]),
            moment: Moment::Opening,
            planned: BASE,
        }),
    }
}

#[derive(Default)]
struct Known {
    due: Vec<Due>,
    remembered: Vec<Due>,
    store_fails: bool,
}

/// Letters that are due until they are remembered.
#[derive(Clone)]
struct Book {
    known: Arc<Mutex<Known>>,
    begun: Instant,
}

impl Letters for Book {
    fn now(&self) -> Timestamp {
        let passed = self.begun.elapsed().as_millis();
        BASE.plus_ms(u64::try_from(passed).unwrap())
    }

    async fn round(&self) -> Result<Round, WebError> {
        let known = self.known.lock().unwrap();
        let mut due = known.due.clone();
        due.retain(|due| !known.remembered.contains(due));
        Ok(Round {
            due,
            next: self.now().plus_ms(DAY_MS),
        })
    }

    async fn letter(&self, due: &Due) -> Result<Option<Letter>, WebError> {
        let number = due.person.0[0];
        Ok(Some(Letter {
            to: format!("{number}@example.org"),
            name: number.to_string(),
            subject: "Vote open".to_owned(),
            text: "Vote".to_owned(),
            unsubscribe: "https://moot.example.org/unsubscribe/x".to_owned(),
            id: number.to_string(),
        }))
    }

    async fn remember(&self, due: &Due) -> Result<(), WebError> {
        let mut known = self.known.lock().unwrap();
        if known.store_fails {
            return Err(WebError::NotReady { why: "it is full" });
        }
        known.remembered.push(*due);
        Ok(())
    }

    async fn forget_old(&self) -> Result<(), WebError> {
        Ok(())
    }
}

/// How a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Hangs,
    RefusesAll,
    /// It does not take letters to this person.
    Refuses(u8),
}

#[derive(Clone)]
struct Server {
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<usize>>,
}

impl Post for Server {
    async fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        *self.asked.lock().unwrap() += 1;
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Hangs => std::future::pending().await,
            Mood::RefusesAll => Err(NotSent::Server("go away".to_owned())),
            Mood::Refuses(who) if letter.id == who.to_string() => {
                Err(NotSent::Letter("no such mailbox".to_owned()))
            }
            _ => {
                self.taken.lock().unwrap().push(letter.id.clone());
                Ok(())
            }
        }
    }
}

struct World {
    book: Book,
    server: Server,
    state: watch::Receiver<Mail>,
    changes: broadcast::Sender<Change>,
}

impl World {
    fn new(mood: Mood, count: u8, hourly_max: u32) -> Self {
        let known = Known {
            due: (1..=count).map(due).collect(),
            ..Known::default()
        };
        let book = Book {
            known: Arc::new(Mutex::new(known)),
            begun: Instant::now(),
        };
        let server = Server {
            mood: Arc::new(Mutex::new(mood)),
            taken: Arc::default(),
            asked: Arc::default(),
        };
        let (told, state) = watch::channel(Mail::default());
        let sender = Sender::new(book.clone(), server.clone(), hourly_max, told);
        let changes = broadcast::Sender::new(4);
        tokio::spawn(sender.run(changes.subscribe()));
        Self {
            book,
            server,
            state,
            changes,
        }
    }

    fn taken(&self) -> Vec<String> {
        self.server.taken.lock().unwrap().clone()
    }

    async fn minutes(&self, minutes: u64) {
        sleep(Duration::from_secs(minutes * 60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_letter_is_sent_once_and_remembered() {
    let world = World::new(Mood::Takes, 3, 100);
    world.minutes(600).await;
    assert_eq!(world.taken(), ["1", "2", "3"]);
    assert_eq!(world.book.known.lock().unwrap().remembered.len(), 3);
    assert_eq!(*world.state.borrow(), Mail::default());
}

#[tokio::test(start_paused = true)]
async fn what_becomes_due_is_sent_soon_after_a_change() {
    let world = World::new(Mood::Takes, 0, 100);
    world.minutes(1).await;
    world.book.known.lock().unwrap().due.push(due(1));
    world.changes.send(Change::Members).unwrap();
    sleep(GATHER * 2).await;
    assert_eq!(world.taken(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_given_up_on_said_and_tried_again() {
    let world = World::new(Mood::Hangs, 2, 100);
    sleep(HEAR_FIRST + SEND_DEADLINE + Duration::from_secs(1)).await;
    let mail = world.state.borrow().clone();
    let trouble = mail.trouble.expect("it is said");
    assert_eq!(trouble.because, "no answer within 20 seconds");
    assert_eq!(mail.waiting, 2);

    *world.server.mood.lock().unwrap() = Mood::Takes;
    world.minutes(3).await;
    assert_eq!(world.taken(), ["1", "2"]);
    assert_eq!(*world.state.borrow(), Mail::default());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_is_asked_less_and_less_often() {
    let world = World::new(Mood::RefusesAll, 1, 100);
    world.minutes(24 * 60).await;
    // After 1, 2, 4, 8, 16 and 32 minutes, then once an hour.
    let asked = *world.server.asked.lock().unwrap();
    assert!((25..=32).contains(&asked), "{asked}");
    let trouble = world.state.borrow().trouble.clone().unwrap();
    assert!(trouble.since.since_ms(BASE) < 60_000);
}

#[tokio::test(start_paused = true)]
async fn one_mailbox_that_is_refused_keeps_no_other_waiting() {
    let world = World::new(Mood::Refuses(1), 3, 100);
    world.minutes(1).await;
    assert_eq!(world.taken(), ["2", "3"]);
    let mail = world.state.borrow().clone();
    assert_eq!(mail.waiting, 1);
    assert_eq!(mail.trouble.unwrap().because, "no such mailbox");
    *world.server.mood.lock().unwrap() = Mood::Takes;
    world.minutes(5).await;
    assert_eq!(world.taken(), ["2", "3", "1"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_go_out_in_an_hour_than_are_allowed() {
    let world = World::new(Mood::Takes, 5, 2);
    world.minutes(50).await;
    assert_eq!(world.taken().len(), 2);
    assert_eq!(world.state.borrow().waiting, 3);
    world.minutes(20).await;
    assert_eq!(world.taken().len(), 4);
    world.minutes(60).await;
    assert_eq!(world.taken().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_the_store_could_not_take_down_is_not_sent_again() {
    let world = World::new(Mood::Takes, 1, 100);
    world.book.known.lock().unwrap().store_fails = true;
    world.minutes(10).await;
    assert_eq!(world.taken(), ["1"]);
    world.book.known.lock().unwrap().store_fails = false;
    world.minutes(2).await;
    assert_eq!(world.book.known.lock().unwrap().remembered, [due(1)]);
    assert_eq!(world.taken(), ["1"]);
}
