//! Documents: what people write together is the same on every node.

mod carrying;
mod faults;
mod fuzz;
mod generations;
mod laws;
mod random;
mod room;
mod scene;
mod story;
