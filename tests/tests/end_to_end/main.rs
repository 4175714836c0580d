//! The product end to end: real processes, real disks, real wires, a real browser.

mod crashes;
mod founding;
mod outsiders;
mod partition;
mod tools;
