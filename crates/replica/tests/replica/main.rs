//! The laws of the replicated set, through the public interface of the crate.

mod bounds;
mod circles;
mod claims;
mod edits;
mod entry;
mod exchange;
mod foreign;
mod history;
mod hosts;
mod meeting;
mod merge;
mod order;
mod rule;
mod scene;
mod servers;
