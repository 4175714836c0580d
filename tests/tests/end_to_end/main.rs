//! The product end to end: real processes, real disks, real wires, a real browser.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod accessibility;
mod admission;
mod bad_input;
mod ballots;
mod charters;
mod circles;
mod crashes;
mod demo;
mod evidence;
mod founding;
mod full_disk;
mod hosted_admission;
mod hosting;
mod leaving;
mod mail_encryption;
mod mandates;
mod outsiders;
mod pages;
mod partition;
mod recovery;
mod register;
mod reminders;
mod tools;
mod writing;
