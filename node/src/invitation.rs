//! Invitations for co-ops: a text that tells a newcomer which federation, where, and until when,
//! and a secret that opens the door of the node that made it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, Hash, Timestamp},
    text::decode_line,
};
use federation::format_utc;

use crate::failure::{Failure, Outcome};

const PREFIX: &str = "folkmoot-invite:";
/// The most addresses of an invitation.
pub const ADDRESSES_MAX: usize = 8;
const CHECKSUM_BYTES: usize = 4;
/// The longest text.
const CHARACTERS_MAX: usize = 4_096;

/// An invitation.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The federation it leads to.
    pub federation: FederationId,
    /// Where the inviting node answers, each with its peer id.
    pub addresses: Vec<String>,
    /// What the inviting node knows it by.
    pub secret: [u8; 32],
    /// Until when it can be used.
    pub expires: Timestamp,
}

/// Whoever shows the secret is let in: it is never printed.
impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("federation", &self.federation)
            .field("addresses", &self.addresses)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Encode for Invitation {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(5).uint(1).value(&self.federation);
        encoder.array(self.addresses.len());
        for address in &self.addresses {
            encoder.text(address);
        }
        encoder.bytes(&self.secret).value(&self.expires);
    }
}

impl Decode for Invitation {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        if decoder.uint()? != 1 {
            return Err(DecodeError::Invalid("an invitation of a newer release"));
        }
        let federation = decoder.value()?;
        let count = decoder.array_to("addresses", ADDRESSES_MAX)?;
        let addresses = (0..count)
            .map(|_| decode_line(decoder, "address", network::ADDRESS_CHARACTERS_MAX))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            federation,
            addresses,
            secret: decoder.bytes_of("secret")?,
            expires: decoder.value()?,
        })
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Hash::of(&[b"folkmoot/invitation/1\0", bytes]);
    std::array::from_fn(|index| hash.0[index])
}

impl Invitation {
    /// The text to send to the newcomer.
    pub fn to_text(&self) -> String {
        let bytes = self.to_bytes();
        let all = [&bytes[..], &checksum(&bytes)].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(all))
    }

    /// Reads an invitation as it was pasted: white space within is dropped.
    pub fn parse(text: &str) -> Outcome<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let bad = |problem: &str| {
            Failure::usage(format!("this is no whole invitation: {problem}"))
                .hint("copy all of it, from \"folkmoot-invite:\" to its end")
        };
        let encoded = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| bad("it does not begin with \"folkmoot-invite:\""))?;
        if encoded.len() > CHARACTERS_MAX {
            return Err(bad("it is too long"));
        }
        let all = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| bad("it has characters that do not belong there"))?;
        let at = all.len().saturating_sub(CHECKSUM_BYTES);
        let (bytes, sum) = all.split_at(at);
        if sum != checksum(bytes) {
            return Err(bad(
                "its checksum is wrong, so a part is missing or changed",
            ));
        }
        Self::from_bytes(bytes).map_err(|error| {
            bad("this release cannot read it")
                .because(error)
                .hint("update folkmoot, or ask for a new invitation")
        })
    }

    /// Refuses an invitation that has expired.
    pub fn check_time(&self, now: Timestamp) -> Outcome {
        if now <= self.expires {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "the invitation expired at {}",
            format_utc(self.expires)
        ))
        .hint("ask the member that sent it for a new one: folkmoot invite"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation() -> Invitation {
        Invitation {
            federation: FederationId([7; 32]),
            addresses: vec!["/ip4/192.0.2.1/tcp/7181".to_owned()],
            secret: [9; 32],
            expires: Timestamp(1_000_000),
        }
    }

    #[test]
    fn an_invitations_secret_is_not_printed() {
        let mut invitation = invitation();
        invitation.secret = [0xa7; 32];
        let text = format!("{invitation:?} {invitation:#?}");
        for shown in ["167", "a7", "A7", "secret"] {
            assert!(!text.contains(shown), "{text}");
        }
    }

    #[test]
    fn an_invitation_comes_back_from_its_text_however_it_was_wrapped() {
        let text = invitation().to_text();
        let (first, second) = text.split_at(40);
        let wrapped = format!(" {first}\n  {second}\n");
        assert_eq!(Invitation::parse(&wrapped).unwrap(), invitation());
    }

    #[test]
    fn an_invitation_with_a_character_lost_or_changed_is_refused() {
        let text = invitation().to_text();
        for at in [20, 60, text.len() - 1] {
            let mut lost = text.clone();
            lost.remove(at);
            assert!(Invitation::parse(&lost).is_err());
            let mut changed: Vec<char> = text.chars().collect();
            changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
            assert!(Invitation::parse(&changed.iter().collect::<String>()).is_err());
        }
        assert!(Invitation::parse("hello").is_err());
    }

    #[test]
    fn an_invitation_ends_when_it_says() {
        assert!(invitation().check_time(Timestamp(1_000_000)).is_ok());
        let failure = invitation().check_time(Timestamp(1_000_001)).unwrap_err();
        assert!(failure.message.contains("1970-01-01 00:16:40 UTC"));
    }
}
