//! Who waits for an answer of the core.

use domain::id::EntryId;
use federation::{
    Prepared, Refused,
    meetings::{Part, call::CallFault},
};
use tokio::sync::oneshot;

/// Who waits for an answer.
pub enum Ticket {
    /// For an entry, once it is durable.
    Entry(oneshot::Sender<Result<EntryId, Refused>>),
    /// For what a key elsewhere would sign.
    Prepared(oneshot::Sender<Result<Box<Prepared>, Refused>>),
    /// For what servers said.
    Parts(oneshot::Sender<Vec<Part>>),
    /// Nobody: the node did it by itself.
    Own,
}

impl Ticket {
    /// Answers with a refusal.
    pub fn refuse(self, refused: Refused) {
        // Who asked may have gone.
        match self {
            Self::Entry(reply) => drop(reply.send(Err(refused))),
            Self::Prepared(reply) => drop(reply.send(Err(refused))),
            Self::Parts(reply) => drop(reply.send(vec![Part::fault(CallFault::Busy)])),
            Self::Own => {}
        }
    }
}
