//! Which ballots counted, decided once and for ever (`specs/register.md`).
//!
//! Validators witness ballots (receipts, holds), fix what each of them holds when the time is over
//! (manifests, seals), and agree on a closing. What a closing counts is a pure function of its bytes
//! and of the register before it; it never depends on a log's standing or on who was connected.

pub mod agreement;
pub mod ballot;
pub mod batch;
pub mod begin;
pub mod chain;
pub mod closing;
pub mod contradiction;
pub mod counting;
pub mod declaration;
pub mod evidence;
pub mod fault;
pub mod file;
pub mod gathered;
pub mod leaves;
pub mod manifest;
pub mod merkle;
pub mod order;
pub mod outcome;
pub mod phase;
pub mod recovery;
pub mod registrar;
pub mod says;
pub mod seal;
pub mod sizes;
pub mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod validators;
pub mod witness;
