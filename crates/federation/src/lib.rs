//! The node's state machine: it composes the rules of the domain with the replica, and speaks with
//! other nodes through messages. It does no I/O, reads no clock and spawns nothing; the node and
//! the simulator drive the same [`Core`].

mod act;
pub mod application;
mod budget;
mod core;
mod error;
mod exchange;
pub mod finality;
mod followed;
mod heard;
mod io;
mod mediation;
pub mod meetings;
pub mod message;
mod office;
mod prepare;
pub mod presence;
mod recovery;
mod register;
mod relay;
mod standing;
mod state;
mod unsaid;

pub use self::{
    act::{Act, Keep, Prepared},
    core::{Core, Settings},
    error::{CoreError, Refused, format_utc},
    exchange::{CLOCK_MS_MAX, PeerState},
    followed::InForce,
    io::{Change, Fault, Input, Output, Write},
    office::{Office, Successor},
    recovery::RecoveryShown,
    standing::Standing,
    state::{BallotSeen, Decision, Phase, State},
};
