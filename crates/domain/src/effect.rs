//! What a decision does to the federation itself, once it is final.
//!
//! A proposal may carry one effect. Every node applies it alike, once, in the order of the register.
//! An effect of a type this release does not know is no effect it may vote on or pass over: the
//! bytes are refused, and the node has to be updated (`specs/effects.md`).

mod applicant;
mod motion;

use thiserror::Error;

pub use self::{
    applicant::{Applicant, CONTRIBUTION_BYTES_MAX},
    motion::Motion,
};
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    charter::{self, Charter, CharterError, RuleName},
    id::{CircleId, FederationId, Hash, MemberId, PersonId, ProposalId, Timestamp},
    key::{PublicKey, Signature},
    record::{BLOCK_BYTES_MAX, CLASS_BYTES_MAX, LINE_BYTES_MAX},
    text::{decode_block, decode_line},
};

const PREFIX: &[u8] = b"folkmoot/effect/1\0";
/// The most bytes of an encoded effect.
pub const EFFECT_BYTES_MAX: usize = charter::BYTES_MAX + 1024;
/// The most people of a commission or of a mediation.
pub const PEOPLE_MAX: usize = 32;
/// The commission whose members alone are validators as long as its term lasts: for federations of more
/// members than should all have to be there.
pub const COMMITTEE: &str = "validators";
/// The longest name of an office, in bytes.
pub const OFFICE_BYTES_MAX: usize = 64;
/// How many times as long periods can be made for a time of force majeure.
pub const LONGER_MAX: u64 = 10;
/// The longest time of force majeure that one decision can declare: 180 days, in milliseconds.
pub const FORCE_MAJEURE_MS_MAX: u64 = 180 * 24 * 3600 * 1000;

/// A person of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Someone {
    /// The member it acts for.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
}

/// What a decision does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A co-op or a person becomes a member.
    Admission(Applicant),
    /// A member is expelled: none of its keys acts for it any more.
    Expulsion {
        /// The member.
        member: MemberId,
    },
    /// A member changes its class.
    Class {
        /// The member.
        member: MemberId,
        /// Its class from now on.
        class: String,
    },
    /// A member whose host is gone is served by another one.
    Host {
        /// The member.
        member: MemberId,
        /// Who serves it from now on; the member itself if it has a node.
        host: MemberId,
    },
    /// A person holds an office for a time, such as the coordinator of a circle.
    Office {
        /// The circle; of the whole federation if none.
        circle: Option<CircleId>,
        /// The office in the federation's words, such as "coordinator".
        title: String,
        /// Who holds it; nobody any more if none.
        holder: Option<Someone>,
        /// When the term ends.
        until: Option<Timestamp>,
    },
    /// Some people may act for the federation in some matter until a day.
    Commission {
        /// Its name.
        name: String,
        /// What it may do.
        powers: String,
        /// Its people, ascending.
        people: Vec<Someone>,
        /// When its term ends.
        until: Timestamp,
    },
    /// The charter is replaced.
    Charter {
        /// The new one, encoded.
        charter: Vec<u8>,
    },
    /// Nodes follow a later version of the rules of this program from a height on.
    Rules {
        /// The version.
        version: u64,
        /// The first height that follows it.
        from_height: u64,
    },
    /// Votes take longer for a time, because many cannot take part.
    ForceMajeure {
        /// How many times as long every period is.
        times: u64,
        /// Until when.
        until: Timestamp,
    },
    /// People mediate in a conflict; when they have reported, the blocked proposal may be decided by
    /// a fallback vote.
    Mediation {
        /// The proposal in conflict.
        proposal: ProposalId,
        /// The mediators, ascending.
        people: Vec<Someone>,
        /// When their report is due.
        until: Timestamp,
    },
    /// What a member's meeting server is offered for.
    ServerPolicy {
        /// Its owner.
        member: MemberId,
        /// The server's name in its owner's inventory.
        server: String,
        /// The policy in words.
        policy: String,
    },
    /// A settlement of a period is binding: what it says can be recomputed by anyone.
    Settlement {
        /// The period in words, such as "2026-Q4".
        period: String,
        /// The digest of its result.
        digest: Hash,
    },
    /// A member that lost its root key has another one. The vote is the announcement: as long as it
    /// is open, whoever holds the old key can object with it.
    Root {
        /// The member.
        member: MemberId,
        /// Its root key from now on.
        root: PublicKey,
        /// The new key's signature over [`root_message`].
        proof: Signature,
    },
}

/// What a member's new root key signs, so that nobody is given a key that nobody holds.
#[must_use]
pub fn root_message(federation: &FederationId, member: &MemberId) -> Vec<u8> {
    [b"folkmoot/root/1\0", &federation.0[..], &member.0].concat()
}

/// Why an effect is refused before anybody votes on it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EffectError {
    /// A charter that is none.
    #[error("the new charter is not valid: {0}")]
    Charter(CharterError),
    /// It must be decided by another rule.
    #[error("this is decided by the rule {needed}, not by {found}")]
    Rule {
        /// The rule that decides it.
        needed: RuleName,
        /// The rule that was chosen.
        found: RuleName,
    },
    /// The charter no longer has the rule by which charters are changed.
    #[error(
        "the new charter has no rule by which it could be changed again: keep the rule charter"
    )]
    Unchangeable,
}

impl Effect {
    /// The hash that a version's hash covers.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&[PREFIX, &self.to_bytes()])
    }

    /// The rule that must decide it; any the charter offers if none.
    #[must_use]
    pub fn rule(&self) -> Option<RuleName> {
        match self {
            Self::Charter { .. } | Self::Rules { .. } => Some(RuleName::Charter),
            // Who closes votes is no matter of a usual one.
            Self::Commission { name, .. } if name == COMMITTEE => Some(RuleName::Charter),
            _ => None,
        }
    }

    /// Whether it may be voted on by this rule, as far as its own bytes say.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self, rule: RuleName) -> Result<(), EffectError> {
        if let Some(needed) = self.rule()
            && needed != rule
        {
            let found = rule;
            return Err(EffectError::Rule { needed, found });
        }
        if let Self::Charter { charter } = self {
            let charter = Charter::decode(charter).map_err(EffectError::Charter)?;
            if charter.check_rule(RuleName::Charter).is_err() {
                return Err(EffectError::Unchangeable);
            }
        }
        Ok(())
    }

    /// The word used in JSON and in commands.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Admission(_) => "admission",
            Self::Expulsion { .. } => "expulsion",
            Self::Class { .. } => "class",
            Self::Host { .. } => "host",
            Self::Office { .. } => "office",
            Self::Commission { .. } => "commission",
            Self::Charter { .. } => "charter",
            Self::Rules { .. } => "rules",
            Self::ForceMajeure { .. } => "force-majeure",
            Self::Mediation { .. } => "mediation",
            Self::ServerPolicy { .. } => "server-policy",
            Self::Settlement { .. } => "settlement",
            Self::Root { .. } => "root",
        }
    }
}

impl Encode for Someone {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.member).value(&self.person);
    }
}

impl Decode for Someone {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            member: decoder.value()?,
            person: decoder.value()?,
        })
    }
}

impl Encode for Effect {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Admission(applicant) => encoder.array(2).uint(1).value(applicant),
            Self::Expulsion { member } => encoder.array(2).uint(2).value(member),
            Self::Class { member, class } => encoder.array(3).uint(3).value(member).text(class),
            Self::Host { member, host } => encoder.array(3).uint(4).value(member).value(host),
            Self::Office {
                circle,
                title,
                holder,
                until,
            } => encoder
                .array(5)
                .uint(5)
                .optional(circle.as_ref())
                .text(title)
                .optional(holder.as_ref())
                .optional(until.as_ref()),
            Self::Commission {
                name,
                powers,
                people,
                until,
            } => encoder
                .array(5)
                .uint(6)
                .text(name)
                .text(powers)
                .list(people.iter())
                .value(until),
            Self::Charter { charter } => encoder.array(2).uint(7).bytes(charter),
            Self::Rules {
                version,
                from_height,
            } => encoder.array(3).uint(8).uint(*version).uint(*from_height),
            Self::ForceMajeure { times, until } => {
                encoder.array(3).uint(9).uint(*times).value(until)
            }
            Self::Mediation {
                proposal,
                people,
                until,
            } => encoder
                .array(4)
                .uint(10)
                .value(proposal)
                .list(people.iter())
                .value(until),
            Self::ServerPolicy {
                member,
                server,
                policy,
            } => encoder
                .array(4)
                .uint(11)
                .value(member)
                .text(server)
                .text(policy),
            Self::Settlement { period, digest } => {
                encoder.array(3).uint(12).text(period).value(digest)
            }
            Self::Root {
                member,
                root,
                proof,
            } => encoder
                .array(4)
                .uint(13)
                .value(member)
                .value(root)
                .value(proof),
        };
    }
}

fn times_outside(found: u64) -> DecodeError {
    DecodeError::Range {
        field: "times",
        found,
        allowed: "2 to 10",
    }
}

fn people(decoder: &mut Decoder<'_>) -> Result<Vec<Someone>, DecodeError> {
    let people = decoder.set("people", PEOPLE_MAX)?;
    match people.is_empty() {
        true => Err(DecodeError::Invalid("people are named")),
        false => Ok(people),
    }
}

/// How many elements an effect of this type has.
fn length(kind: u64) -> Option<usize> {
    Some(match kind {
        1 | 2 | 7 => 2,
        3 | 4 | 8 | 9 | 12 => 3,
        10 | 11 | 13 => 4,
        5 | 6 => 5,
        _ => return None,
    })
}

impl Decode for Effect {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let found = decoder.array_to("effect", 5)?;
        let kind = decoder.uint()?;
        if length(kind) != Some(found) {
            return Err(DecodeError::Invalid(
                "an effect this release does not know: update the node",
            ));
        }
        Ok(match kind {
            1 => Self::Admission(decoder.value()?),
            2 => Self::Expulsion {
                member: decoder.value()?,
            },
            3 => Self::Class {
                member: decoder.value()?,
                class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
            },
            4 => Self::Host {
                member: decoder.value()?,
                host: decoder.value()?,
            },
            5 => Self::Office {
                circle: decoder.optional()?,
                title: decode_line(decoder, "office", OFFICE_BYTES_MAX)?,
                holder: decoder.optional()?,
                until: decoder.optional()?,
            },
            6 => Self::Commission {
                name: decode_line(decoder, "commission", LINE_BYTES_MAX)?,
                powers: decode_block(decoder, "powers", BLOCK_BYTES_MAX)?,
                people: people(decoder)?,
                until: decoder.value()?,
            },
            7 => Self::Charter {
                charter: decoder.bytes("charter", charter::BYTES_MAX)?.to_vec(),
            },
            8 => Self::Rules {
                version: decoder.uint_to("rules version", u64::from(u32::MAX))?,
                from_height: decoder.uint_to("height", u64::from(u32::MAX))?,
            },
            9 => Self::ForceMajeure {
                times: match decoder.uint()? {
                    times @ 2..=LONGER_MAX => times,
                    found => return Err(times_outside(found)),
                },
                until: decoder.value()?,
            },
            10 => Self::Mediation {
                proposal: decoder.value()?,
                people: people(decoder)?,
                until: decoder.value()?,
            },
            11 => Self::ServerPolicy {
                member: decoder.value()?,
                server: decode_line(decoder, "server", LINE_BYTES_MAX)?,
                policy: decode_block(decoder, "policy", BLOCK_BYTES_MAX)?,
            },
            12 => Self::Settlement {
                period: decode_line(decoder, "period", OFFICE_BYTES_MAX)?,
                digest: decoder.value()?,
            },
            _ => Self::Root {
                member: decoder.value()?,
                root: decoder.value()?,
                proof: decoder.value()?,
            },
        })
    }
}

#[cfg(test)]
mod tests;
