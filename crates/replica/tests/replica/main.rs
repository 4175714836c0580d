//! The laws of the replicated set, through the public interface of the crate.

mod bounds;
mod debug;
mod entry;
mod exchange;
mod foreign;
mod history;
mod order;
mod rule;
mod scene;
