//! What happens in a market, what is under way in it, and what goes wrong.

use federation::meetings::Served;

use crate::meetings::machine::{Key, Mood};

/// What happens in the market.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Somebody clicks on a room: its front end creates the meeting.
    Create(usize),
    /// The next person of a meeting comes.
    Arrive(usize),
    /// Somebody who could not join clicks again.
    Join(usize),
    /// Somebody follows the link to a server.
    Enter(usize, usize),
    /// The next person goes.
    Leave(usize),
    /// A server does what it was asked.
    Effect(Effect),
    /// A node hears what a server did.
    Served {
        node: usize,
        incarnation: u64,
        job: u64,
        served: Served,
    },
    /// A server ends a session in which nobody is, or nobody was since its creation.
    Expire(usize, Key, u64),
    Poll(usize),
    Sample,
    RoundTrips,
    Gather(usize),
    Disturb(Disturbance),
}

/// What a server is asked, and whom it answers.
#[derive(Debug, Clone)]
pub struct Effect {
    pub machine: usize,
    pub key: Key,
    pub is_create: bool,
    pub node: usize,
    pub incarnation: u64,
    /// The job, if it is answered in time.
    pub job: Option<u64>,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Disturbance {
    Mood(usize, Mood),
    /// A server restarts and forgets its meetings.
    Forget(usize),
    Crash(usize),
    Start(usize),
    /// Two nodes reach each other no more, and their connection breaks after so long.
    Cut(usize, usize, u64),
    Break(usize, usize),
    Heal,
    /// Two nodes reach each other again.
    Mend(usize, usize),
    Jump(usize, i64),
}

/// How a meeting stands for its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Before,
    Creating,
    Placed(usize),
    Refused,
    Over,
}

/// A meeting as its people see it.
#[derive(Debug, Clone)]
pub struct Run {
    pub stage: Stage,
    /// People who wait for the meeting.
    pub waiting: u32,
    pub inside: u32,
    pub arrived: usize,
    pub left: usize,
    /// Whether a create is under way.
    pub is_asked: bool,
    /// Whether it ever had a place.
    pub was_placed: bool,
    /// Since when it is lost, if it is.
    pub lost_at: Option<u64>,
    /// Since when its owner is away.
    pub away_at: Option<u64>,
    /// Meetings of unknown size that its front end began lately, when this one was asked for.
    pub unknown_rooms: u32,
}

impl Run {
    pub fn new() -> Self {
        Self {
            stage: Stage::Before,
            waiting: 0,
            inside: 0,
            arrived: 0,
            left: 0,
            is_asked: false,
            was_placed: false,
            lost_at: None,
            away_at: None,
            unknown_rooms: 0,
        }
    }
}

/// What a front end waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Create(usize),
    Join(usize),
    End,
    Gather,
}

/// A call of a front end that is under way.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    pub at: u64,
    pub node: usize,
    pub wanted: Wanted,
}
