//! The one encoding of an edit.

use super::{
    EDIT_WEIGHT_MAX, Edit, INSERT_BYTES_MAX, KEY_BYTES_MAX, OPERATIONS_MAX, Object, ObjectKind,
    Operation, Start, VALUE_BINARY_MAX, VALUE_BYTES_MAX, Value,
};
use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::EntryId,
    record::LINE_BYTES_MAX,
    text::{TEXT_BYTES_MAX, decode_block, decode_line},
};

impl Encode for Object {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Text => encoder.null(),
            Self::Map => encoder.uint(0),
            Self::Own(index) => encoder.array(2).null().uint(*index),
            Self::Made(entry, index) => encoder.array(2).value(entry).uint(*index),
        };
    }
}

impl Decode for Object {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if decoder.is_null() {
            return Ok(Self::Text);
        }
        let mut ahead = decoder.clone();
        if ahead.array(2).is_err() {
            return decoder.uint_to("object", 0).map(|_| Self::Map);
        }
        *decoder = ahead;
        let entry: Option<EntryId> = decoder.optional()?;
        let index = decoder.uint_to("operation", OPERATIONS_MAX as u64 - 1)?;
        Ok(entry.map_or(Self::Own(index), |entry| Self::Made(entry, index)))
    }
}

impl Encode for ObjectKind {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(match self {
            Self::Text => 0,
            Self::List => 1,
            Self::Map => 2,
        });
    }
}

impl Decode for ObjectKind {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match decoder.uint_to("object kind", 2)? {
            0 => Self::Text,
            1 => Self::List,
            _ => Self::Map,
        })
    }
}

impl Encode for Value {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Null => encoder.null(),
            Self::Number(number) => encoder.uint(*number),
            Self::Text(text) => encoder.text(text),
            Self::Bytes(bytes) => encoder.bytes(bytes),
        };
    }
}

impl Decode for Value {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if decoder.is_null() {
            return Ok(Self::Null);
        }
        let mut ahead = decoder.clone();
        match ahead.uint() {
            Err(DecodeError::Unexpected { .. }) => {}
            number => {
                *decoder = ahead;
                return number.map(Self::Number);
            }
        }
        let mut ahead = decoder.clone();
        match ahead.bytes("value", VALUE_BINARY_MAX) {
            Err(DecodeError::Unexpected { .. }) => {}
            bytes => {
                *decoder = ahead;
                return bytes.map(|bytes| Self::Bytes(bytes.to_vec()));
            }
        }
        decode_block(decoder, "value", VALUE_BYTES_MAX).map(Self::Text)
    }
}

const SPLICE: u64 = 0;
const PUT: u64 = 1;
const DELETE: u64 = 2;
const INSERT: u64 = 3;
const SET: u64 = 4;
const REMOVE: u64 = 5;
const MAKE_AT: u64 = 6;
const MAKE_IN: u64 = 7;

impl Encode for Operation {
    fn encode(&self, encoder: &mut Encoder) {
        let mut head = |length, code| {
            encoder.array(length).uint(code).value(&self.object());
        };
        match self {
            Self::Splice {
                position,
                delete,
                insert,
                ..
            } => {
                head(5, SPLICE);
                encoder.uint(*position).uint(*delete).text(insert);
            }
            Self::Put { key, value, .. } => {
                head(4, PUT);
                encoder.text(key).value(value);
            }
            Self::Delete { key, .. } => {
                head(3, DELETE);
                encoder.text(key);
            }
            Self::Insert { index, value, .. } => {
                head(4, INSERT);
                encoder.uint(*index).value(value);
            }
            Self::Set { index, value, .. } => {
                head(4, SET);
                encoder.uint(*index).value(value);
            }
            Self::Remove { index, .. } => {
                head(3, REMOVE);
                encoder.uint(*index);
            }
            Self::MakeAt { key, made, .. } => {
                head(4, MAKE_AT);
                encoder.text(key).value(made);
            }
            Self::MakeIn { index, made, .. } => {
                head(4, MAKE_IN);
                encoder.uint(*index).value(made);
            }
        }
    }
}

fn decode_key(decoder: &mut Decoder<'_>) -> Result<String, DecodeError> {
    decode_line(decoder, "key", KEY_BYTES_MAX)
}

fn decode_place(decoder: &mut Decoder<'_>, field: &'static str) -> Result<u64, DecodeError> {
    decoder.uint_to(field, TEXT_BYTES_MAX as u64)
}

impl Decode for Operation {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut ahead = decoder.clone();
        let length = ahead.array_to("operation", 5)?;
        let code = ahead.uint_to("operation", MAKE_IN)?;
        let expected = match code {
            SPLICE => 5,
            DELETE | REMOVE => 3,
            _ => 4,
        };
        if length != expected {
            // Says which length was expected.
            decoder.array(expected)?;
        }
        *decoder = ahead;
        let object = decoder.value()?;
        Ok(match code {
            SPLICE => Self::Splice {
                object,
                position: decode_place(decoder, "position")?,
                delete: decoder.uint_to("delete", EDIT_WEIGHT_MAX)?,
                insert: decode_block(decoder, "insert", INSERT_BYTES_MAX)?,
            },
            PUT => Self::Put {
                object,
                key: decode_key(decoder)?,
                value: decoder.value()?,
            },
            DELETE => Self::Delete {
                object,
                key: decode_key(decoder)?,
            },
            INSERT => Self::Insert {
                object,
                index: decode_place(decoder, "index")?,
                value: decoder.value()?,
            },
            SET => Self::Set {
                object,
                index: decode_place(decoder, "index")?,
                value: decoder.value()?,
            },
            REMOVE => Self::Remove {
                object,
                index: decode_place(decoder, "index")?,
            },
            MAKE_AT => Self::MakeAt {
                object,
                key: decode_key(decoder)?,
                made: decoder.value()?,
            },
            _ => Self::MakeIn {
                object,
                index: decode_place(decoder, "index")?,
                made: decoder.value()?,
            },
        })
    }
}

impl Encode for Start {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .text(&self.title)
            .optional(self.text.as_ref());
    }
}

impl Decode for Start {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            title: decode_line(decoder, "title", LINE_BYTES_MAX)?,
            text: decoder.optional()?,
        })
    }
}

impl Encode for Edit {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .optional(self.document.as_ref())
            .optional(self.start.as_ref())
            .list(self.operations.iter());
    }
}

impl Decode for Edit {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let edit = Self {
            document: decoder.optional()?,
            start: decoder.optional()?,
            operations: decoder.list("operations", OPERATIONS_MAX)?,
        };
        edit.check().map(|()| edit)
    }
}
