//! Who serves a member that has no node of its own (`specs/hosts.md`).

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::MemberId,
};

/// The highest number of a choice of host: a thief of a steward's key cannot use the numbers up
/// in one day.
pub const HOST_NUMBER_MAX: u64 = 1 << 40;

fn number(decoder: &mut Decoder<'_>) -> Result<u64, DecodeError> {
    match decoder.uint_to("host number", HOST_NUMBER_MAX)? {
        0 => Err(DecodeError::Invalid(
            "choices of a host are numbered from 1",
        )),
        number => Ok(number),
    }
}

/// A member says whose node serves it. It binds once that host has said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// The host; the member itself once it has a node of its own.
    pub host: MemberId,
    /// Counts the member's choices from 1; of several that bind the highest is in force.
    pub number: u64,
}

impl Encode for Host {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.host).uint(self.number);
    }
}

impl Decode for Host {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            host: decoder.value()?,
            number: number(decoder)?,
        })
    }
}

/// A host says whether it serves a member, so that nobody is served against its host's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hosting {
    /// The member, or the co-op or person that asks to become one.
    pub member: MemberId,
    /// Which of the member's choices this answers.
    pub number: u64,
    /// Whether it serves it; the last word on a choice counts.
    pub accepts: bool,
}

impl Encode for Hosting {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.member)
            .uint(self.number)
            .uint(u64::from(self.accepts));
    }
}

impl Decode for Hosting {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        Ok(Self {
            member: decoder.value()?,
            number: number(decoder)?,
            accepts: decoder.uint_to("hosting accepts", 1)? == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: MemberId = MemberId([7; 32]);

    #[test]
    fn a_choice_and_its_answer_come_back() {
        let (host, number) = (MEMBER, HOST_NUMBER_MAX);
        let choice = Host { host, number };
        assert_eq!(Host::from_bytes(&choice.to_bytes()), Ok(choice));
        for accepts in [true, false] {
            let answer = Hosting {
                member: MEMBER,
                number: 1,
                accepts,
            };
            assert_eq!(Hosting::from_bytes(&answer.to_bytes()), Ok(answer));
        }
    }

    #[test]
    fn choices_are_numbered_from_one_and_not_without_end() {
        for number in [0, HOST_NUMBER_MAX + 1] {
            let (host, member) = (MEMBER, MEMBER);
            assert!(Host::from_bytes(&Host { host, number }.to_bytes()).is_err());
            let answer = Hosting {
                member,
                number,
                accepts: true,
            };
            assert!(Hosting::from_bytes(&answer.to_bytes()).is_err());
        }
    }
}
