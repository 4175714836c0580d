//! What registrars say to each other, and what each writes down.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{Hash, PhaseId, Timestamp},
};

use crate::{
    agreement,
    batch::{Batch, StallNote},
    closing::SignedManifest,
    recovery::Recovered,
    seal::Seal,
    witness::{self, Duty},
};

/// What a message is about: who carries messages keeps them by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// An open phase.
    Phase(PhaseId),
    /// A height that is being decided.
    Height(u64),
}

/// What a validator says to all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// In a phase. Ballots travel as the entries they are; those whose log forked are repeated so.
    Phase {
        /// The phase.
        phase: PhaseId,
        /// What.
        said: witness::Message,
    },
    /// In agreement.
    Agreement(agreement::Message),
    /// A value that is put forward.
    Value(Box<Batch>),
    /// A phase whose validators are not those of today cannot be closed: too few of them are left.
    Stalled {
        /// The phase.
        phase: PhaseId,
        /// The hash of today's validators.
        validators: Hash,
        /// What one of them has seen.
        note: StallNote,
    },
}

/// What a registrar writes down before it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Of agreement.
    Agreement(agreement::Record),
    /// The value it is about to put forward: a vote for bytes that are lost would be lost too.
    Value(Box<Batch>),
    /// It is about to sign this in a phase.
    Duty {
        /// The phase.
        phase: PhaseId,
        /// What.
        duty: Duty,
    },
    /// The register goes on in another epoch: from here on nothing is signed in the one before.
    Recovered(Box<Recovered>),
    /// The opening of a phase became final here.
    Opened {
        /// The phase.
        phase: PhaseId,
        /// When.
        time: Timestamp,
    },
}

impl Message {
    /// What it is about.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::Phase { phase, .. } | Self::Stalled { phase, .. } => Topic::Phase(*phase),
            Self::Agreement(message) => Topic::Height(message.height()),
            Self::Value(batch) => Topic::Height(batch.header.height),
        }
    }
}

impl Encode for Message {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Phase { phase, said } => {
                encoder.array(3).uint(1).value(phase);
                encode_said(said, encoder);
            }
            Self::Agreement(message) => {
                encoder.array(2).uint(2).value(message);
            }
            Self::Value(batch) => {
                encoder.array(2).uint(3).value(&**batch);
            }
            Self::Stalled {
                phase,
                validators,
                note,
            } => {
                let encoder = encoder.array(4).uint(4).value(phase);
                encoder.value(validators).value(note);
            }
        }
    }
}

fn encode_said(said: &witness::Message, encoder: &mut Encoder) {
    match said {
        witness::Message::Leaves(leaves) => encoder.array(2).uint(1).value(leaves),
        witness::Message::Manifest(manifest) => encoder.array(2).uint(2).value(manifest),
        witness::Message::Have(have) => encoder.array(2).uint(3).value(have),
        witness::Message::Seal(seal) => encoder.array(2).uint(4).value(seal),
        witness::Message::Ballot(pair) => {
            let (ballot, mandate) = &**pair;
            encoder.array(3).uint(5).value(ballot).value(mandate)
        }
    };
}

fn decode_said(decoder: &mut Decoder<'_>) -> Result<witness::Message, DecodeError> {
    let length = decoder.array_to("said", 3)?;
    Ok(match (decoder.uint_to("said", 5)?, length) {
        (1, 2) => witness::Message::Leaves(decoder.value()?),
        (2, 2) => witness::Message::Manifest(decoder.value::<SignedManifest>()?),
        (3, 2) => witness::Message::Have(decoder.value()?),
        (4, 2) => witness::Message::Seal(decoder.value::<Seal>()?),
        (5, 3) => witness::Message::Ballot(Box::new((decoder.value()?, decoder.value()?))),
        _ => return Err(DecodeError::Invalid("a message of an unknown type")),
    })
}

impl Decode for Message {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("message", 4)?;
        Ok(match (decoder.uint()?, length) {
            (1, 3) => Self::Phase {
                phase: decoder.value()?,
                said: decode_said(decoder)?,
            },
            (2, 2) => Self::Agreement(decoder.value()?),
            (3, 2) => Self::Value(Box::new(decoder.value()?)),
            (4, 4) => Self::Stalled {
                phase: decoder.value()?,
                validators: decoder.value()?,
                note: decoder.value()?,
            },
            _ => return Err(DecodeError::Invalid("a message of an unknown type")),
        })
    }
}

impl Encode for Record {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Agreement(record) => encoder.array(2).uint(1).value(record),
            Self::Value(batch) => encoder.array(2).uint(4).value(&**batch),
            Self::Recovered(recovered) => encoder.array(2).uint(5).value(&**recovered),
            Self::Duty { phase, duty } => encoder.array(3).uint(2).value(phase).value(duty),
            Self::Opened { phase, time } => encoder.array(3).uint(3).value(phase).value(time),
        };
    }
}

impl Decode for Record {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("record", 3)?;
        Ok(match (decoder.uint()?, length) {
            (1, 2) => Self::Agreement(decoder.value()?),
            (4, 2) => Self::Value(Box::new(decoder.value()?)),
            (5, 2) => Self::Recovered(Box::new(decoder.value()?)),
            (2, 3) => Self::Duty {
                phase: decoder.value()?,
                duty: decoder.value()?,
            },
            (3, 3) => Self::Opened {
                phase: decoder.value()?,
                time: decoder.value()?,
            },
            _ => return Err(DecodeError::Invalid("a record of an unknown type")),
        })
    }
}
