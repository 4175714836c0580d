//! Servers: what their owners tell the federation of them (`specs/meetings.md`).

use std::collections::BTreeSet;

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{Hash, MemberId, ServerId},
    region::Region,
    text::{decode_line, is_line},
};

/// The longest name of a server, in bytes.
pub const SERVER_NAME_BYTES_MAX: usize = 80;
/// The longest address of a server, in bytes.
pub const SERVER_URL_BYTES_MAX: usize = 256;
/// The most features of a server.
pub const FEATURES_MAX: usize = 16;
/// The longest word of a feature, in bytes.
pub const FEATURE_BYTES_MAX: usize = 32;
/// The longest note on a server's energy, in bytes.
pub const ENERGY_BYTES_MAX: usize = 80;
/// The highest figure of a capacity: far above any machine.
pub const CAPACITY_MAX: u64 = 1_000_000_000;
/// The highest monthly cost, in minor units.
pub const COST_MAX: u64 = 1_000_000_000_000;

/// Whether a server takes new meetings. Meetings that run are never ended by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// It takes new meetings.
    Open,
    /// It takes none for now: its owner looks after it.
    Cordoned,
    /// It takes none any more: it is about to go.
    Draining,
    /// It takes new meetings of its owner only.
    TestsOnly,
    /// It is gone.
    Removed,
}

impl Service {
    /// Every one, in the order of their codes.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Cordoned,
        Self::Draining,
        Self::TestsOnly,
        Self::Removed,
    ];

    /// The word for it, the same on pages, in commands and in answers of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cordoned => "cordoned",
            Self::Draining => "draining",
            Self::TestsOnly => "tests-only",
            Self::Removed => "removed",
        }
    }
}

/// What a server can bear. Loads are measured in the same quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability {
    /// Units of processing: one forwards a camera of 320 × 240 pixels.
    pub cpu_units: u64,
    /// What it can send, in kilobits a second.
    pub net_out_kbit_s: u64,
    /// People in meetings at one time.
    pub users: u64,
    /// Meetings at one time.
    pub rooms: u64,
    /// People in one meeting.
    pub room_users: u64,
}

impl Encode for Capability {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .uint(self.cpu_units)
            .uint(self.net_out_kbit_s)
            .uint(self.users)
            .uint(self.rooms)
            .uint(self.room_users);
    }
}

impl Decode for Capability {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        let mut figure = |field| match decoder.uint_to(field, CAPACITY_MAX)? {
            0 => Err(DecodeError::Invalid("a capacity of nothing")),
            figure => Ok(figure),
        };
        Ok(Self {
            cpu_units: figure("cpu units")?,
            net_out_kbit_s: figure("kilobits a second")?,
            users: figure("users")?,
            rooms: figure("rooms")?,
            room_users: figure("users of a room")?,
        })
    }
}

/// What a server costs its owner in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthlyCost {
    /// In minor units of the currency, such as cents.
    pub minor_units: u64,
    /// ISO 4217, such as `EUR`.
    pub currency: Currency,
}

/// The code of a currency (ISO 4217): three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code; none if it is not three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("capital letters are text")
    }
}

impl Encode for MonthlyCost {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .uint(self.minor_units)
            .text(self.currency.as_str());
    }
}

impl Decode for MonthlyCost {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let minor_units = decoder.uint_to("monthly cost", COST_MAX)?;
        let currency = Currency::parse(decoder.text("currency", 3)?)
            .ok_or(DecodeError::Invalid("the code of a currency"))?;
        Ok(Self {
            minor_units,
            currency,
        })
    }
}

/// What a server can do beyond meetings, such as `recording` or `dedicated`: words of lower-case
/// letters and digits, joined by hyphens.
#[must_use]
pub fn is_feature(word: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    (2..=FEATURE_BYTES_MAX).contains(&word.len()) && word.split('-').all(is_part)
}

/// The public description of a BigBlueButton server; of several the last one counts. Its secret is
/// no part of it and never leaves its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Random, so that the owner's servers differ.
    pub nonce: [u8; 16],
    /// What its owner calls it.
    pub name: String,
    /// The address browsers are sent to, without the path of the API.
    pub url: String,
    /// Where it stands.
    pub region: Region,
    /// Whether it takes new meetings.
    pub service: Service,
    /// What it can bear.
    pub capability: Capability,
    /// What it can do beyond meetings.
    pub features: BTreeSet<String>,
    /// How much of it meetings of other members may take, in per cent.
    pub share_percent: u8,
    /// Where its energy comes from; may be empty.
    pub energy: String,
    /// What it costs, if the owner says so.
    pub cost: Option<MonthlyCost>,
}

impl Server {
    /// The id of this server of a member.
    #[must_use]
    pub fn id(&self, owner: MemberId) -> ServerId {
        let hash = Hash::of(&[b"folkmoot/server/1\0", &owner.0, &self.nonce]);
        ServerId(std::array::from_fn(|i| hash.0[i]))
    }
}

impl Encode for Server {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(10)
            .bytes(&self.nonce)
            .text(&self.name)
            .text(&self.url)
            .value(&self.region)
            .uint(self.service as u64)
            .value(&self.capability)
            .array(self.features.len());
        for feature in &self.features {
            encoder.text(feature);
        }
        encoder
            .uint(u64::from(self.share_percent))
            .text(&self.energy)
            .optional(self.cost.as_ref());
    }
}

impl Decode for Server {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(10)?;
        Ok(Self {
            nonce: decoder.bytes_of("server nonce")?,
            name: decode_line(decoder, "server name", SERVER_NAME_BYTES_MAX)?,
            url: decode_line(decoder, "server address", SERVER_URL_BYTES_MAX)?,
            region: decoder.value()?,
            service: service(decoder)?,
            capability: decoder.value()?,
            features: features(decoder)?,
            share_percent: decoder
                .uint_to("share", 100)?
                .try_into()
                .map_err(|_| DecodeError::Invalid("share"))?,
            energy: energy(decoder)?,
            cost: decoder.optional()?,
        })
    }
}

fn service(decoder: &mut Decoder<'_>) -> Result<Service, DecodeError> {
    let code = decoder.uint_to("service", Service::ALL.len() as u64 - 1)?;
    let code = usize::try_from(code).map_err(|_| DecodeError::Invalid("service"))?;
    Ok(Service::ALL[code])
}

fn energy(decoder: &mut Decoder<'_>) -> Result<String, DecodeError> {
    let text = decoder.text("energy", ENERGY_BYTES_MAX)?;
    match text.is_empty() || is_line(text) {
        true => Ok(text.to_owned()),
        false => Err(DecodeError::Invalid("energy")),
    }
}

/// Reads words in strictly ascending order, so that a set has one encoding.
fn features(decoder: &mut Decoder<'_>) -> Result<BTreeSet<String>, DecodeError> {
    let count = decoder.array_to("features", FEATURES_MAX)?;
    let mut features = BTreeSet::new();
    for _ in 0..count {
        let word = decoder.text("feature", FEATURE_BYTES_MAX)?;
        let ascends = features
            .last()
            .is_none_or(|last: &String| last.as_str() < word);
        if !ascends || !is_feature(word) {
            return Err(DecodeError::Invalid("features of a server"));
        }
        features.insert(word.to_owned());
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            nonce: [7; 16],
            name: "Montréal 1".to_owned(),
            url: "https://bbb.example.org".to_owned(),
            region: "ca-east".parse().unwrap(),
            service: Service::Open,
            capability: Capability {
                cpu_units: 608,
                net_out_kbit_s: 1_000_000,
                users: 200,
                rooms: 40,
                room_users: 200,
            },
            features: ["dedicated", "recording"].map(str::to_owned).into(),
            share_percent: 50,
            energy: "hydro".to_owned(),
            cost: Some(MonthlyCost {
                minor_units: 3_000,
                currency: Currency::parse("EUR").unwrap(),
            }),
        }
    }

    #[test]
    fn a_server_comes_back_as_it_was_in_every_service() {
        for service in Service::ALL {
            let server = Server {
                service,
                ..server()
            };
            assert_eq!(Server::from_bytes(&server.to_bytes()), Ok(server));
        }
    }

    #[test]
    fn a_member_cannot_claim_the_id_of_another_members_server() {
        let server = server();
        assert_ne!(server.id(MemberId([1; 32])), server.id(MemberId([2; 32])));
    }

    #[test]
    fn what_no_server_has_is_refused() {
        let refused = [
            Server {
                share_percent: 101,
                ..server()
            },
            Server {
                name: "two\nlines".to_owned(),
                ..server()
            },
            Server {
                features: ["Recording".to_owned()].into(),
                ..server()
            },
            Server {
                capability: Capability {
                    users: 0,
                    ..server().capability
                },
                ..server()
            },
        ];
        for server in refused {
            assert!(
                Server::from_bytes(&server.to_bytes()).is_err(),
                "{server:?}"
            );
        }
        assert_eq!(Currency::parse("eur"), None);
        assert_eq!(Currency::parse("EURO"), None);
    }
}
