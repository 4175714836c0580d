//! How holds travel.

use domain::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

use super::{Hold, Refusal};

impl Encode for Hold {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .value(&self.tenant)
            .value(&self.room)
            .value(&self.server)
            .value(&self.starts)
            .uint(u64::from(self.users));
    }
}

impl Decode for Hold {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        Ok(Self {
            tenant: decoder.value()?,
            room: decoder.value()?,
            server: decoder.value()?,
            starts: decoder.value()?,
            users: super::super::wire::small(decoder, "users")?,
        })
    }
}

impl Encode for Refusal {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.uint(*self as u64);
    }
}

/// The highest code of a reason that a later release may give.
const LATER_REASON_MAX: u64 = 255;

impl Decode for Refusal {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let code = decoder.uint_to("why nothing is held", LATER_REASON_MAX)?;
        let known = usize::try_from(code).ok().and_then(|at| Self::ALL.get(at));
        Ok(known.copied().unwrap_or(Self::Closed))
    }
}
