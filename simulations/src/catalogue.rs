//! The scenarios that come with the simulator.
//!
//! Those with a register hold the fault bars that have to do with it:
//!
//! | bar | held by |
//! |---|---|
//! | 7: clocks an hour off, of 1970, jumping at a deadline | `register-clock` |
//! | 9: half and half cut for seven days over a deadline | `register-even-split` |
//! | 10: links that carry one way to a validator | `register-one-way` |
//! | 11: f validators contradict themselves, 30 % loss | `register-equivocation` |
//! | 12: f+1 down, then back | `register-72-hours` |
//! | 16: votes of another federation or epoch | `crates/register/tests/registrar/tests/strangers.rs` |
//! | 19: half of the nodes of another release | none: there is one release of the register |

/// Name and text of a scenario.
macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

/// The scenarios that come with the simulator.
pub const SCENARIOS: [(&str, &str); 37] = scenarios![
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
    "register-stalled",
    "register-membership",
    "register-releases",
    "register-72-hours",
    "register-clock",
    "register-adversary",
    "register-closing-down",
];

/// Stories in which more nodes lie than may: the checks must see what they break.
pub const ABOVE: [(&str, &str); 1] = scenarios!["above/register-above-f"];
