//! Commands of this machine: what stewards do with the files of the data directory at hand.
//!
//! The running node listens on a loopback port and writes the port and a secret to the file
//! `control` in the data directory, which only its owner can read. When no node runs, the same
//! commands are carried out by the command-line program itself, over the same core and store. Root
//! keys never travel: what they sign is prepared here, signed by the program, and submitted.

mod client;
mod copying;
mod desk;
mod evidence;
mod export;
mod recovery;
mod register;
mod server;
mod views;

use domain::key::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use web::{copy::Row, invitation::Invitation};

pub use self::{
    client::Access,
    desk::{Desk, read_signature, roles_of},
    export::Piece,
    recovery::not_begun,
    register::beginning,
    server::{Notice, serve},
};

/// The longest command or answer.
pub const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// How the node is.
    Status,
    /// The members.
    Members,
    /// The keys.
    Keys,
    /// The persons of this member.
    Persons,
    /// How the register is, and how it would begin.
    Register,
    /// Who signed two things that exclude each other.
    Evidence,
    /// The file that shows one of them.
    EvidenceFile {
        /// What it is known by, in hexadecimal.
        hash: String,
    },
    /// Who asks to be admitted.
    Applications,
    /// The nodes of this member.
    Nodes,
    /// What a second node of this member needs.
    Copy {
        /// Its key, once it is granted: then what shows it to be the member's comes along.
        node: Option<String>,
    },
    /// What another node of this member copied.
    TakeCopy {
        /// The member.
        member: String,
        /// The node that made it.
        from: String,
        /// When.
        made_ms: u64,
        /// Servers, front ends and rooms.
        rows: Vec<Row>,
    },
    /// Whose root key this is, and whether it has to take up its place first.
    Root {
        /// The key.
        key: String,
    },
    /// What a member hands over before it leaves.
    Leaving {
        /// Its root key; of this node's member if none.
        root: Option<String>,
    },
    /// A piece of what this member takes along.
    Export {
        /// Which one.
        piece: Piece,
    },
    /// Makes an invitation for a co-op.
    Invite {
        /// Whom it is for; may be empty.
        name: String,
        /// In which class; may be empty.
        class: String,
        /// How long it can be used.
        valid_seconds: u64,
    },
    /// What a root key would sign.
    Prepare {
        /// The key.
        key: String,
        /// The act.
        act: RootAct,
    },
    /// An entry that was signed, in hexadecimal.
    Submit {
        /// The entry.
        entry: String,
    },
    /// Keeps an invitation for a person.
    KeepInvitation {
        /// The invitation.
        invitation: Box<Invitation>,
    },
    /// Removes a person's account and open invitation from this node.
    RemoveAccount {
        /// The person.
        person: String,
    },
}

/// An act of a root key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RootAct {
    /// Admits the applicant with this root key; the signature is over the newcomer.
    Admit {
        /// The applicant's root key.
        root: String,
        /// The founder's signature, in hexadecimal.
        signature: String,
    },
    /// Signs the beginning of the register.
    BeginRegister {
        /// The beginning with the signature, in hexadecimal.
        beginning: String,
    },
    /// Declares something for the register.
    Declare {
        /// The declaration with the signature, in hexadecimal.
        declaration: String,
    },
    /// What a root key signs next that took the place of another.
    TakeUp {
        /// The root key.
        root: String,
    },
    /// Says something of a recovery of the register.
    Recover {
        /// What is said, with the signature, in hexadecimal.
        voice: String,
    },
    /// Grants a key.
    Grant {
        /// `person`, `node` or `validator`.
        purpose: String,
        /// The key.
        key: String,
        /// Whose it is, for persons.
        person: Option<String>,
        /// The person's roles.
        roles: Vec<String>,
        /// `node` or `person`.
        custody: String,
        /// The key's signature, in hexadecimal; none if the key was granted before for the same.
        proof: Option<String>,
    },
    /// Lists who votes: keys and whose they are.
    Mandate {
        /// Keys and persons.
        delegates: Vec<(String, String)>,
    },
    /// Ends a key.
    Revoke {
        /// The key.
        key: String,
        /// Whether nothing of it stands.
        keep_nothing: bool,
        /// Why.
        reason: String,
    },
}

/// An answer: `{"ok": …}`, or `{"error": …, "hint": …, "exit": …}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// What was asked for.
    Done {
        /// The answer.
        ok: Value,
    },
    /// Why not.
    Failed {
        /// What happened.
        error: String,
        /// What to do.
        hint: Option<String>,
        /// The exit code.
        exit: u8,
    },
}

/// A key as text, in a sentence of its own when it is none.
pub fn parse_key(text: &str) -> crate::failure::Outcome<PublicKey> {
    text.parse()
        .map_err(|error| crate::failure::Failure::usage(format!("{text:?} is no key: {error}")))
}
