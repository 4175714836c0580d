//! The scenarios that come with the simulator.
//!
//! Those with a register hold the fault bars of a node that has to do with it: clocks that are wrong
//! (`register-clock`), an even split over a deadline (`register-even-split`), links that carry one way
//! (`register-one-way`), as many liars as may be over a third of messages lost
//! (`register-equivocation`), more away than may be, then back (`register-72-hours`). That votes of
//! another federation or epoch count nowhere is a test of the core (`tests/replay.rs`); that nodes of
//! two releases decide alike is not a scenario yet, for there is one release of the register.

/// Name and text of a scenario.
macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

/// The scenarios that come with the simulator.
pub const SCENARIOS: [(&str, &str); 34] = scenarios![
    "founding-and-voting",
    "partition",
    "newcomer",
    "stolen-key",
    "forked-delegate",
    "crash-storm",
    "fork-flood",
    "clock-off",
    "vanished-host",
    "balance-2023",
    "new-mandate",
    "documents",
    "forked-editor",
    "edit-flood",
    "low-turnout",
    "low-turnout-quarter",
    "strengths",
    "fallback",
    "compensation-2020",
    "register",
    "register-thirds",
    "register-two-sided",
    "register-equivocation",
    "register-backdating",
    "register-censor",
    "register-even-split",
    "register-minority",
    "register-one-way",
    "register-crashes",
    "register-members",
    "register-72-hours",
    "register-clock",
    "register-adversary",
    "register-closing-down",
];

/// Stories in which more nodes lie than may: the checks must see what they break.
pub const ABOVE: [(&str, &str); 1] = scenarios!["above/register-above-f"];
