//! Recoveries as bytes.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::MemberId,
    record::VOTERS_MAX,
};

use super::{Dated, Recovered, Recovery, Stage, Voice};
use crate::{batch::HEIGHT_MAX, sizes::VALIDATORS_MAX};

const FORMAT: u64 = 1;

impl Encode for Recovery {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .uint(FORMAT)
            .uint(self.epoch)
            .uint(self.height)
            .value(&self.last)
            .list(self.gone.iter())
            .value(&self.time);
    }
}

impl Decode for Recovery {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        if decoder.uint()? != FORMAT {
            return Err(DecodeError::Invalid("a recovery of an unknown format"));
        }
        Ok(Self {
            epoch: decoder.uint_to("epoch", HEIGHT_MAX)?,
            height: decoder.uint_to("height", HEIGHT_MAX)?,
            last: decoder.value()?,
            gone: decode_members(decoder)?,
            time: decoder.value()?,
        })
    }
}

fn decode_members(decoder: &mut Decoder<'_>) -> Result<Vec<MemberId>, DecodeError> {
    let members: Vec<MemberId> = decoder.list("gone", VALIDATORS_MAX)?;
    match members.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(members),
        false => Err(DecodeError::Unsorted("gone")),
    }
}

impl Encode for Voice {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .uint(self.stage as u64)
            .value(&self.recovery)
            .value(&self.key)
            .value(&self.time)
            .value(&self.signature);
    }
}

impl Decode for Voice {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        let stage = match decoder.uint_to("stage", 2)? {
            0 => Stage::Announce,
            1 => Stage::Confirm,
            _ => Stage::Object,
        };
        Ok(Self {
            stage,
            recovery: decoder.value()?,
            key: decoder.value()?,
            time: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

impl Encode for Dated {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.root)
            .value(&self.time)
            .value(&self.signature);
    }
}

impl Decode for Dated {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            root: decoder.value()?,
            time: decoder.value()?,
            signature: decoder.value()?,
        })
    }
}

impl Encode for Recovered {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.recovery)
            .list(self.announced.iter())
            .list(self.confirmed.iter());
    }
}

impl Decode for Recovered {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            recovery: decoder.value()?,
            announced: decode_dated(decoder, "announced")?,
            confirmed: decode_dated(decoder, "confirmed")?,
        })
    }
}

fn decode_dated(decoder: &mut Decoder<'_>, field: &'static str) -> Result<Vec<Dated>, DecodeError> {
    let dated: Vec<Dated> = decoder.list(field, VOTERS_MAX)?;
    match dated.windows(2).all(|pair| pair[0].root < pair[1].root) {
        true => Ok(dated),
        false => Err(DecodeError::Unsorted(field)),
    }
}
