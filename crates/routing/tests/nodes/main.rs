//! Whole creates, through the real searches and admissions of twelve nodes and a network between them.

#![allow(clippy::unwrap_used)]

mod burst;
mod driver;
mod faults;
mod outcome;
mod trial;
