//! What a node writes down before it speaks: with it a restarted node comes to the same state and
//! says nothing it did not say before.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
};

use super::{
    certificate::Certificate,
    statement::{Message, ROUND_MAX},
    timers::{Timer, Wait},
};

/// One entry of the journal of a height, in the order written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A message that was taken in or is about to be published.
    Message(Message),
    /// A value was judged, or is put forward by this node.
    Judged {
        /// The height.
        height: u64,
        /// The round in which it was put forward.
        round: u32,
        /// The value.
        value: Hash,
        /// Whether it is valid.
        valid: bool,
    },
    /// A timer fired.
    Fired(Timer),
    /// A certificate was verified, while its value was perhaps not there.
    Certificate(Certificate),
}

impl Record {
    /// The height it belongs to.
    #[must_use]
    pub fn height(&self) -> u64 {
        match self {
            Record::Message(message) => message.height(),
            Record::Judged { height, .. } => *height,
            Record::Fired(timer) => timer.height,
            Record::Certificate(certificate) => certificate.height,
        }
    }
}

impl Encode for Record {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Record::Message(message) => {
                encoder.array(2).uint(1).value(message);
            }
            Record::Certificate(certificate) => {
                encoder.array(2).uint(4).value(certificate);
            }
            Record::Judged {
                height,
                round,
                value,
                valid,
            } => {
                encoder.array(5).uint(2).uint(*height);
                encoder.uint(u64::from(*round)).value(value);
                encoder.uint(u64::from(*valid));
            }
            Record::Fired(timer) => {
                let wait = match timer.wait {
                    Wait::Proposal => 0,
                    Wait::Prevotes => 1,
                    Wait::Precommits => 2,
                    Wait::Republish => 3,
                };
                encoder.array(4).uint(3).uint(timer.height);
                encoder.uint(u64::from(timer.round)).uint(wait);
            }
        }
    }
}

fn decode_place(decoder: &mut Decoder<'_>) -> Result<(u64, u32), DecodeError> {
    let height = decoder.uint()?;
    let round = decoder.uint_to("round", u64::from(ROUND_MAX))?;
    Ok((height, u32::try_from(round).expect("the limit fits")))
}

impl Decode for Record {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("record", 5)?;
        match (length, decoder.uint()?) {
            (2, 1) => decoder.value().map(Record::Message),
            (2, 4) => decoder.value().map(Record::Certificate),
            (5, 2) => {
                let (height, round) = decode_place(decoder)?;
                Ok(Record::Judged {
                    height,
                    round,
                    value: decoder.value()?,
                    valid: decoder.uint_to("valid", 1)? == 1,
                })
            }
            (4, 3) => {
                let (height, round) = decode_place(decoder)?;
                let wait = match decoder.uint_to("wait", 3)? {
                    0 => Wait::Proposal,
                    1 => Wait::Prevotes,
                    2 => Wait::Precommits,
                    _ => Wait::Republish,
                };
                Ok(Record::Fired(Timer {
                    height,
                    round,
                    wait,
                }))
            }
            (_, found) => Err(DecodeError::Range {
                field: "record",
                found,
                allowed: "1 to 4, each with its fields",
            }),
        }
    }
}
