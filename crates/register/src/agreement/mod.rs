//! Agreement on one value per height (`specs/agreement.md`).
//!
//! A height is started when there is something to decide and ends with a certificate; in between
//! heights nothing runs. The engine is a state machine without clock, chance or I/O: it is told of
//! messages, timers and verdicts, and answers with what to write down and then what to do. Whether a
//! value is valid is the caller's to say, as a pure function of its bytes.

mod certificate;
mod context;
mod convert;
mod desk;
mod engine;
mod error;
mod evidence;
mod journal;
mod open;
mod proposers;
mod replay;
mod statement;
mod timers;
mod verification;

use domain::id::Hash;

use crate::validators::{ValidatorIndex, ValidatorSet};

pub use certificate::{Certificate, CertificateError, Polka, verify};
pub use engine::{Engine, Identity};
pub use error::{AgreementError, Refusal};
pub use evidence::{Evidence, Pair};
pub use journal::Record;
pub use proposers::proposers;
pub use statement::{
    Message, Place, Proposal, ROUND_MAX, Signed, Statement, Step, Vote, signed_bytes,
};
pub use timers::{Timeouts, Timer, Wait};
pub use verification::{Strict, Verification};

/// What the caller says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its bytes follow from the register and all rules.
    Valid,
    /// Its bytes break a rule.
    Invalid,
    /// Bytes are missing. It will be asked for again.
    NotYet,
}

/// What happens to an agreement.
#[derive(Debug, Clone)]
pub enum Input {
    /// There is something to decide at the next height. The journal is empty, or what an earlier
    /// run wrote down for this height, whole and in order.
    Start {
        /// The height: the one after the last decided.
        height: u64,
        /// The validators of that height.
        set: ValidatorSet,
        /// What was written down for it.
        journal: Vec<Record>,
    },
    /// A message of the open height, from whoever. Messages of other heights are refused and not
    /// kept: the replicated store has them; give them again after the start.
    Message(Message),
    /// The own value for a round in which [`Output::NeedValue`] asked for one. Its bytes are
    /// durable and on their way to the others.
    Propose {
        /// The round asked for.
        round: u32,
        /// The hash of the value.
        value: Hash,
    },
    /// The answer to [`Output::Judge`].
    Judged {
        /// The value.
        value: Hash,
        /// What the caller says of it.
        verdict: Verdict,
    },
    /// A timer fired.
    Fired(Timer),
    /// The certificate of the open height (or the last one), from whoever.
    Certificate(Certificate),
}

/// What is to be done, in this order, once what was to be written down is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A round has begun. Messages of the open height that were refused as too far ahead may now
    /// be given again.
    Round {
        /// Its number.
        round: u32,
        /// Who proposes, by index.
        proposer: ValidatorIndex,
    },
    /// Send this to all, and keep it for those who are away.
    Publish(Message),
    /// This node proposes in this round: answer with [`Input::Propose`], or let the timer run out.
    NeedValue {
        /// The round.
        round: u32,
    },
    /// Answer with [`Input::Judged`] as soon as the value's bytes are there. The same value may be
    /// asked about more than once.
    Judge {
        /// The value.
        value: Hash,
        /// The round in which it was put forward or certified.
        round: u32,
    },
    /// Set a timer, or move it.
    SetTimer {
        /// Which.
        timer: Timer,
        /// From now, in milliseconds.
        after_ms: u64,
    },
    /// Cancel a timer.
    CancelTimer(Timer),
    /// Cancel all timers.
    CancelTimers,
    /// The value is decided and the height closed. Store the value, the certificate and all
    /// effects in one go; then the journal of this height can go.
    Decided(Certificate),
    /// Somebody signed two things that exclude each other.
    Evidence(Evidence),
    /// The message or certificate given was refused. It changed nothing.
    Refused(Refusal),
}

/// The answer to an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// To be appended to the height's journal, in order, and durable before any output is acted
    /// on. If it cannot be made durable nothing may be sent: stop, and start again from the
    /// journal.
    pub journal: Vec<Record>,
    /// To be done then, in order.
    pub outputs: Vec<Output>,
}

/// Agreement on one value per height, one height after the other.
pub trait Agreement {
    /// Takes an input and says what follows from it.
    ///
    /// # Errors
    /// When the caller breaks the contract (another height than the next, a start while one is
    /// open), which changes nothing; or when going on might contradict what this node or the
    /// federation said before: then every later call fails too, and a person has to look
    /// ([`AgreementError::is_final`]).
    fn handle(&mut self, input: Input) -> Result<Reaction, AgreementError>;

    /// The height that is open, or the next one to start.
    fn height(&self) -> u64;

    /// The round of the open height.
    fn round(&self) -> Option<u32>;
}
