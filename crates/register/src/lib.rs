//! Which ballots counted, decided once and for ever (`specs/register.md`).
//!
//! Validators witness ballots (receipts, holds), fix what each of them holds when the time is over
//! (manifests, seals), and agree on a closing. What a closing counts is a pure function of its bytes
//! and of the register before it; it never depends on a log's standing or on who was connected.

pub mod agreement;
pub mod counting;
pub mod sizes;
