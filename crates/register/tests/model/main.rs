//! A checked model of how a closing comes about: receipts, holds, manifests, seals, closings. What
//! it says, what it found and how to run more of it stands in `specs/finality-model.md`.
//!
//! The model moves receipts and manifests about and lets liars choose; what is listed and what
//! counts it asks of the production functions, [`register::counting`] and [`register::sizes`].

mod knowledge;
mod one_ballot;
mod outcomes;
mod protocol;
mod rules;
mod seals;
mod spread;

mod timed;
mod two_ballots;
