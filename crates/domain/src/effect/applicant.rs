//! A co-op or a person that asks to become a member.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{FederationId, Hash, MemberId},
    key::{KeyError, SecretKey, Signature},
    record::{BLOCK_BYTES_MAX, Newcomer},
    text::{decode_block, decode_line},
};

const PREFIX: &[u8] = b"folkmoot/membership/1\0";
/// The longest contribution that an applicant commits itself to, in bytes.
pub const CONTRIBUTION_BYTES_MAX: usize = 400;

/// Who asks to become a member, and on what terms: all of it signed with the root key it will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Root key, name and class.
    pub newcomer: Newcomer,
    /// The written request: who they are, and why they ask.
    pub request: String,
    /// The hash of the charter that it accepts.
    pub terms: Hash,
    /// What it commits itself to give, such as hours, money or servers.
    pub contribution: String,
    /// The member that is to serve it; none if it runs a node of its own.
    pub host: Option<MemberId>,
    /// The newcomer's signature over [`Applicant::message`].
    pub proof: Signature,
}

impl Applicant {
    /// An application, signed.
    #[must_use]
    pub fn sign(
        federation: &FederationId,
        root: &SecretKey,
        (name, class): (&str, &str),
        (request, contribution): (&str, &str),
        terms: Hash,
        host: Option<MemberId>,
    ) -> Self {
        let mut applicant = Self {
            newcomer: Newcomer {
                root: root.public(),
                name: name.to_owned(),
                class: class.to_owned(),
            },
            request: request.to_owned(),
            terms,
            contribution: contribution.to_owned(),
            host,
            proof: Signature([0; 64]),
        };
        applicant.proof = root.sign(&applicant.message(federation));
        applicant
    }

    /// What the newcomer signs.
    #[must_use]
    pub fn message(&self, federation: &FederationId) -> Vec<u8> {
        let mut encoder = Encoder::new();
        self.encode_unsigned(&mut encoder);
        [PREFIX, &federation.0[..], &encoder.into_bytes()].concat()
    }

    /// Whether the newcomer signed this for this federation.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, federation: &FederationId) -> Result<(), KeyError> {
        let message = self.message(federation);
        self.newcomer.root.verify(&message, &self.proof)
    }

    /// The member it will be.
    #[must_use]
    pub fn member(&self) -> MemberId {
        MemberId(self.newcomer.root.0)
    }

    fn encode_unsigned(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .value(&self.newcomer)
            .text(&self.request)
            .value(&self.terms)
            .text(&self.contribution)
            .optional(self.host.as_ref());
    }
}

impl Encode for Applicant {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2);
        self.encode_unsigned(encoder);
        encoder.value(&self.proof);
    }
}

impl Decode for Applicant {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        decoder.array(5)?;
        Ok(Self {
            newcomer: decoder.value()?,
            request: decode_block(decoder, "request", BLOCK_BYTES_MAX)?,
            terms: decoder.value()?,
            contribution: decode_line(decoder, "contribution", CONTRIBUTION_BYTES_MAX)?,
            host: decoder.optional()?,
            proof: decoder.value()?,
        })
    }
}
