//! The product end to end: real processes, real disks, real wires, a real browser.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod accessibility;
mod bad_input;
mod ballots;
mod charters;
mod circles;
mod crashes;
mod demo;
mod founding;
mod full_disk;
mod hosting;
mod mail_encryption;
mod mandates;
mod meetings;
mod outsiders;
mod pages;
mod partition;
mod register;
mod reminders;
mod tools;
mod writing;
