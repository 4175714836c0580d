//! A scenario: a TOML file that says who the members are, what they do, what goes wrong, and what
//! every node must show.

use serde::{Deserialize, Deserializer, de::Error as _};
use thiserror::Error;

/// What is wrong with a scenario.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// It is not the TOML of a scenario.
    #[error("{name}: {source}")]
    Toml {
        /// The scenario's name.
        name: String,
        /// What is wrong.
        #[source]
        source: toml::de::Error,
    },
    /// The charter is not valid.
    #[error("{name}: the charter is refused: {problem}")]
    Charter {
        /// The scenario's name.
        name: String,
        /// Why.
        problem: String,
    },
    /// It names a member or a proposal that there is not.
    #[error("{name}: there is no {what} {found:?}")]
    Unknown {
        /// The scenario's name.
        name: String,
        /// What was looked for.
        what: &'static str,
        /// The name that was not found.
        found: String,
    },
}

/// A time from the beginning, or a length: `90s`, `10m`, `3h`, `7d`; in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || D::Error::custom(format!("expected a time such as 90s or 7d, found {text:?}"));
        let (number, unit) = text
            .split_at_checked(text.len().saturating_sub(1))
            .ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit_ms = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        Ok(Self(number * unit_ms))
    }
}

/// A scenario as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it shows, in a line.
    pub about: String,
    /// What differs from the default charter.
    #[serde(default)]
    pub charter: String,
    /// When it ends.
    pub ends: Time,
    /// Messages lost, in per cent.
    #[serde(default)]
    pub loss_percent: u64,
    /// When the founders begin the register; there is none by default.
    #[serde(default)]
    pub register: Option<Time>,
    /// Whether votes may stay open at the end, below a quorum.
    #[serde(default)]
    pub may_stall: bool,
    /// By how much the timed adversary delays messages at most, to part what nodes have seen at the end
    /// of each step; there is none by default.
    #[serde(default)]
    pub adversary: Time,
    /// On how many ballots a liar could decide in the end, at most.
    #[serde(default)]
    pub switchable_max: Option<usize>,
    pub member: Vec<MemberLines>,
    #[serde(default)]
    pub act: Vec<ActLine>,
    #[serde(default)]
    pub fault: Vec<FaultLine>,
    #[serde(default)]
    pub expect: Vec<ExpectLine>,
}

fn producer() -> String {
    "producer".to_owned()
}

fn yes() -> bool {
    true
}

/// One member, or several alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberLines {
    /// The name; with `count` it is followed by a number from 1.
    pub name: String,
    pub count: Option<u64>,
    #[serde(default = "producer")]
    pub class: String,
    #[serde(default = "yes")]
    pub founder: bool,
    /// The members whose nodes serve them, in turn; their own by default.
    #[serde(default)]
    pub homes: Vec<String>,
    /// When they join, if they did not found.
    #[serde(default)]
    pub joins: Time,
    /// Whether a decision admits them, and not the founders: they join once it is in the register.
    #[serde(default)]
    pub decided: bool,
}

/// Somebody does something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ActLine {
    pub at: Time,
    /// The members that do it: a name, or a name with a range of numbers as in `V1-22`.
    pub by: String,
    #[serde(rename = "do")]
    pub what: Doing,
    /// The proposal's name in this file.
    #[serde(default)]
    pub proposal: String,
    #[serde(default)]
    pub choice: Option<String>,
    #[serde(default)]
    pub rule: String,
    #[serde(default)]
    pub urgent: bool,
    /// The node where it is done; the member's own by default. A thief or a second device is
    /// elsewhere.
    #[serde(default)]
    pub on: Option<String>,
    /// The document's name in this file.
    #[serde(default)]
    pub document: String,
    /// The words that are written, after the member's name.
    #[serde(default)]
    pub text: String,
    /// The host that is named, or the member that is accepted.
    #[serde(default)]
    pub whom: Option<String>,
    /// What the proposal does once it is passed.
    #[serde(default)]
    pub effect: Option<EffectLine>,
    /// The members whose nodes are gone for good, in a recovery.
    #[serde(default)]
    pub gone: Vec<String>,
    /// Part of the message with which it must be refused.
    #[serde(default)]
    pub refused: Option<String>,
}

/// What a proposal does once it is passed.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(crate) enum EffectLine {
    /// One of the members that are admitted by decision.
    Admission {
        member: String,
    },
    Expulsion {
        member: String,
    },
    Class {
        member: String,
        class: String,
    },
    /// Another charter: what differs from the default one.
    Charter {
        toml: String,
    },
    Rules {
        version: u64,
        from_height: u64,
    },
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Doing {
    Propose,
    Open,
    Vote,
    /// A vote on the version that was opened first, whatever is voted on now.
    VoteOnOldVersion,
    Amend,
    Withdraw,
    Comment,
    /// The root key lists a new delegate key.
    NewDelegate,
    /// The root key ends the delegate key.
    RevokeDelegate,
    /// The delegate key is known to a thief from now on.
    LoseKey,
    /// A steward names `whom` as the host of its member.
    Host,
    /// A steward says that its member hosts `whom`.
    Accept,
    /// The root key declares that its node no longer validates,
    ValidateNoMore,
    /// or that it does again,
    Validate,
    /// or that it leaves.
    Leave,
    /// The root key announces that the nodes of `gone` are gone for good, or signs what was announced,
    AnnounceRecovery,
    /// confirms it,
    ConfirmRecovery,
    /// or objects to it.
    ObjectToRecovery,
    /// A worker begins a document.
    Begin,
    /// A worker writes a line at the end of a document, as the node where it is done shows it.
    Write,
    /// A worker begins a document anew with its text.
    BeginAnew,
}

/// Something goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FaultLine {
    pub at: Time,
    pub kind: FaultKind,
    /// Whose nodes; for a cut one side of it.
    pub nodes: Vec<String>,
    /// The other side of a cut; everyone else by default.
    #[serde(default)]
    pub from: Vec<String>,
    /// When it ends.
    #[serde(default)]
    pub until: Option<Time>,
    /// Seconds a clock jumps.
    #[serde(default)]
    pub seconds: i64,
    /// The last version of the rules that the release which is installed knows.
    #[serde(default)]
    pub rules: u64,
    /// Part of why that release refuses to start.
    #[serde(default)]
    pub refused: Option<String>,
    /// The ways in which a node lies.
    #[serde(default)]
    pub lies: Vec<crate::liar::Lie>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// No message passes in either direction.
    Cut,
    /// No message passes from `nodes` to `from`.
    CutOneWay,
    /// The power fails, and comes back at `until`.
    Crash,
    /// The clock jumps.
    Clock,
    /// The node lies.
    Lie,
    /// The node goes away, until `until` or for good.
    Vanish,
    /// What is on the disk is copied,
    SaveDisk,
    /// and the copy put back: the node starts from it, and is no longer honest.
    RollBack,
    /// The power fails at every height, in the middle of it and when it is decided.
    CrashAtHeights,
    /// Another release is installed.
    Release,
}

/// What every honest node that is up must show.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ExpectLine {
    /// When; at the end by default.
    #[serde(default)]
    pub at: Option<Time>,
    #[serde(default)]
    pub proposal: String,
    pub state: Option<String>,
    pub agree: Option<usize>,
    pub abstain: Option<usize>,
    pub stand_aside: Option<usize>,
    pub block: Option<usize>,
    pub cast: Option<usize>,
    pub eligible: Option<usize>,
    /// Ballots that do not count.
    pub left_out: Option<usize>,
    pub members: Option<usize>,
    /// How the register ended the vote on the proposal, as in `passed`; `open` while it is open there.
    pub ending: Option<String>,
    /// The last height of the register.
    pub height: Option<u64>,
    /// Validators of the next height.
    pub validators: Option<usize>,
    /// The members that the proposal's vote waits for.
    pub waits_for: Option<Vec<String>>,
    /// The node's validator has said nothing since.
    pub silent_since: Option<Time>,
    /// Validators of which contradictions are kept, for everybody to see.
    pub contradicted: Option<usize>,
    /// Part of why the node takes no part in the register any more; nothing if it does.
    pub trouble: Option<String>,
    /// How often the register was recovered.
    pub epoch: Option<u64>,
    /// Keys whose fork is shown.
    pub forks: Option<usize>,
    /// A member that has chosen a host,
    #[serde(default)]
    pub member: Option<String>,
    /// and the host that is in force.
    #[serde(default)]
    pub host: Option<String>,
    /// A document,
    #[serde(default)]
    pub document: String,
    /// what its text says,
    #[serde(default)]
    pub says: Vec<String>,
    /// and what it does not say.
    #[serde(default)]
    pub says_not: Vec<String>,
    /// The nodes that must show it; all by default.
    #[serde(default)]
    pub on: Vec<String>,
}

/// Reads a scenario.
pub(crate) fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    toml::from_str(text).map_err(|source| ScenarioError::Toml {
        name: name.to_owned(),
        source,
    })
}

/// What a scenario shows, in a line.
///
/// # Errors
/// When it cannot be read.
pub fn about(name: &str, text: &str) -> Result<String, ScenarioError> {
    parse(name, text).map(|scenario| scenario.about)
}
