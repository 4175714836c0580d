//! The client and the laboratory, each tried on the other.

mod common;
mod faults;
mod keeping;
mod life;
mod telling;
