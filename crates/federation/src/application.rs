//! What a node that is not a member's yet can say: ask for the terms, apply, ask how far its
//! admission is, and introduce itself once it has joined (`specs/messages.md`, "Strangers").

use std::fmt;

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    charter,
    effect::Applicant,
    entry::{ENTRY_BYTES_MAX, Entry},
    genesis::NAME_BYTES_MAX,
    key::{PublicKey, Signature},
    record::{Admission, BLOCK_BYTES_MAX, CLASS_BYTES_MAX},
    text::{decode_block, decode_line},
};

use crate::standing::Standing;

/// The most entries of an introduction.
pub const INTRODUCTION_MAX: usize = 256;
/// The most bytes of a request.
pub const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// A stranger's request.
#[derive(Clone, PartialEq, Eq)]
pub enum Request {
    /// Whoever holds an invitation asks which federation it is for: the answer is the genesis.
    Genesis {
        /// The invitation's secret.
        secret: [u8; 32],
    },
    /// A co-op applies.
    Apply {
        /// The invitation's secret.
        secret: [u8; 32],
        /// The root key it wants to be admitted with.
        root: PublicKey,
        /// Its name.
        name: String,
        /// The class it applies for.
        class: String,
        /// Its signature over [`domain::record::Application::message`].
        proof: Signature,
        /// The request in words.
        request: String,
    },
    /// An applicant asks which admissions were signed.
    Status {
        /// Its root key.
        root: PublicKey,
    },
    /// A member's node that may not be known shows its grants.
    Introduce {
        /// Its member's root log up to the grants, in order.
        entries: Vec<Entry>,
    },
    /// Whoever holds an invitation asks on what terms members are admitted.
    Terms {
        /// The invitation's secret.
        secret: [u8; 32],
    },
    /// A co-op asks all members to be admitted by decision.
    ApplyToAll {
        /// The invitation's secret.
        secret: [u8; 32],
        /// Who asks, on which terms.
        applicant: Box<Applicant>,
    },
    /// An applicant asks how far its admission by decision is.
    Standing {
        /// Its root key.
        root: PublicKey,
    },
}

/// What a stranger is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// The genesis, encoded.
    Genesis(Vec<u8>),
    /// The application was taken and is on its way to the founders.
    Applied,
    /// How far an admission is.
    Status {
        /// The admissions so far.
        admissions: Vec<Admission>,
        /// How many are needed.
        needed: u64,
    },
    /// The answering node's own introduction.
    Introduced {
        /// In order.
        entries: Vec<Entry>,
    },
    /// The request was refused, with a sentence for the person who asked.
    Refused(String),
    /// The charter in force, encoded; none if the federation has no register, so that founders
    /// admit.
    Terms(Option<Vec<u8>>),
    /// How far an admission by decision is.
    Standing(Standing),
}

/// An invitation's secret is let in by whoever shows it: it is never printed.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesis { secret: _ } => f.debug_struct("Genesis").finish_non_exhaustive(),
            Self::Terms { secret: _ } => f.debug_struct("Terms").finish_non_exhaustive(),
            Self::ApplyToAll {
                secret: _,
                applicant,
            } => f
                .debug_struct("ApplyToAll")
                .field("applicant", applicant)
                .finish_non_exhaustive(),
            Self::Standing { root } => f.debug_struct("Standing").field("root", root).finish(),
            Self::Apply {
                secret: _,
                root,
                name,
                class,
                proof,
                request,
            } => f
                .debug_struct("Apply")
                .field("root", root)
                .field("name", name)
                .field("class", class)
                .field("proof", proof)
                .field("request", request)
                .finish_non_exhaustive(),
            Self::Status { root } => f.debug_struct("Status").field("root", root).finish(),
            Self::Introduce { entries } => f
                .debug_struct("Introduce")
                .field("entries", entries)
                .finish(),
        }
    }
}

fn entries(decoder: &mut Decoder<'_>) -> Result<Vec<Entry>, DecodeError> {
    let count = decoder.array_to("introduction", INTRODUCTION_MAX)?;
    (0..count)
        .map(|_| Entry::from_bytes(decoder.bytes("entry", ENTRY_BYTES_MAX)?))
        .collect()
}

fn encode_entries(encoder: &mut Encoder, entries: &[Entry]) {
    encoder.array(entries.len());
    for entry in entries {
        encoder.bytes(&entry.to_bytes());
    }
}

impl Encode for Request {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Genesis { secret } => {
                encoder.array(2).uint(1).bytes(secret);
            }
            Self::Apply {
                secret,
                root,
                name,
                class,
                proof,
                request,
            } => {
                encoder
                    .array(7)
                    .uint(2)
                    .bytes(secret)
                    .value(root)
                    .text(name)
                    .text(class)
                    .value(proof)
                    .text(request);
            }
            Self::Status { root } => {
                encoder.array(2).uint(3).value(root);
            }
            Self::Introduce { entries } => {
                encoder.array(2).uint(4);
                encode_entries(encoder, entries);
            }
            Self::Terms { secret } => {
                encoder.array(2).uint(5).bytes(secret);
            }
            Self::ApplyToAll { secret, applicant } => {
                encoder.array(3).uint(6).bytes(secret).value(&**applicant);
            }
            Self::Standing { root } => {
                encoder.array(2).uint(7).value(root);
            }
        }
    }
}

impl Decode for Request {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("request", 7)?;
        Ok(match (decoder.uint()?, length) {
            (1, 2) => Self::Genesis {
                secret: decoder.bytes_of("secret")?,
            },
            (2, 7) => Self::Apply {
                secret: decoder.bytes_of("secret")?,
                root: decoder.value()?,
                name: decode_line(decoder, "name", NAME_BYTES_MAX)?,
                class: decode_line(decoder, "class", CLASS_BYTES_MAX)?,
                proof: decoder.value()?,
                request: decode_block(decoder, "request", BLOCK_BYTES_MAX)?,
            },
            (3, 2) => Self::Status {
                root: decoder.value()?,
            },
            (4, 2) => Self::Introduce {
                entries: entries(decoder)?,
            },
            (5, 2) => Self::Terms {
                secret: decoder.bytes_of("secret")?,
            },
            (6, 3) => Self::ApplyToAll {
                secret: decoder.bytes_of("secret")?,
                applicant: Box::new(decoder.value()?),
            },
            (7, 2) => Self::Standing {
                root: decoder.value()?,
            },
            _ => return Err(DecodeError::Invalid("no request of that code and length")),
        })
    }
}

impl Encode for Response {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Genesis(bytes) => {
                encoder.array(2).uint(1).bytes(bytes);
            }
            Self::Applied => {
                encoder.array(1).uint(2);
            }
            Self::Status { admissions, needed } => {
                encoder
                    .array(3)
                    .uint(3)
                    .list(admissions.iter())
                    .uint(*needed);
            }
            Self::Introduced { entries } => {
                encoder.array(2).uint(4);
                encode_entries(encoder, entries);
            }
            Self::Refused(why) => {
                encoder.array(2).uint(5).text(why);
            }
            Self::Terms(charter) => {
                encoder.array(2).uint(6);
                match charter {
                    Some(charter) => encoder.bytes(charter),
                    None => encoder.null(),
                };
            }
            Self::Standing(standing) => {
                encoder.array(2).uint(7).value(standing);
            }
        }
    }
}

impl Decode for Response {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("response", 3)?;
        Ok(match (decoder.uint()?, length) {
            (1, 2) => Self::Genesis(decoder.bytes("genesis", REQUEST_BYTES_MAX)?.to_vec()),
            (2, 1) => Self::Applied,
            (3, 3) => Self::Status {
                admissions: decoder.list("admissions", domain::genesis::FOUNDERS_MAX)?,
                needed: decoder.uint()?,
            },
            (4, 2) => Self::Introduced {
                entries: entries(decoder)?,
            },
            (5, 2) => Self::Refused(decode_block(decoder, "reason", BLOCK_BYTES_MAX)?),
            (6, 2) => Self::Terms(match decoder.is_null() {
                true => None,
                false => Some(decoder.bytes("charter", charter::BYTES_MAX)?.to_vec()),
            }),
            (7, 2) => Self::Standing(decoder.value()?),
            _ => return Err(DecodeError::Invalid("no response of that code and length")),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        id::{FederationId, Hash},
        key::SecretKey,
    };

    use super::*;

    #[test]
    fn an_invitations_secret_is_not_printed() {
        let (secret, root) = ([0xa7; 32], PublicKey([1; 32]));
        let apply = Request::Apply {
            secret,
            root,
            name: "Newcomers".to_owned(),
            class: "producer".to_owned(),
            proof: Signature([0; 64]),
            request: "Let us in.".to_owned(),
        };
        let applicant = Box::new(Applicant::sign(
            &FederationId([2; 32]),
            &SecretKey::from_seed(&[3; 32]),
            ("Newcomers", "producer"),
            ("Let us in.", "ten hours"),
            Hash([4; 32]),
            None,
        ));
        let apply_to_all = Request::ApplyToAll { secret, applicant };
        let terms = Request::Terms { secret };
        for request in [Request::Genesis { secret }, apply, apply_to_all, terms] {
            let text = format!("{request:?} {request:#?}");
            for shown in ["167, 167", "a7a7", "A7A7", "secret"] {
                assert!(!text.contains(shown), "{text}");
            }
        }
    }
}
