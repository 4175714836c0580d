//! Meetings: tenants, where each meeting was placed, and what was used (`specs/meetings.md`).
//!
//! A meeting is known to others by its *room* only, a hash that its home derives from the tenant and
//! the id its front end gave it; names and people stay with the front end and the server.

use crate::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::{Hash, MemberId, ServerId, TenantId, Timestamp},
    key::PublicKey,
    region::Region,
    text::decode_line,
};

/// The longest name of a tenant, in bytes.
pub const TENANT_NAME_BYTES_MAX: usize = 80;
/// The most placements of one record.
pub const PLACEMENTS_MAX: usize = 256;
/// The most rows of one record of usage.
pub const USAGE_ROWS_MAX: usize = 512;
/// The highest count in a record of usage.
const COUNT_MAX: u64 = 1 << 40;

/// A room of a tenant: the first half of a hash over the tenant and the id that its front end gave
/// the room. Meetings held in one room after each other share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Room(pub [u8; 16]);

impl Room {
    /// The room of this tenant that its front end calls `meeting_id`.
    #[must_use]
    pub fn of(tenant: TenantId, meeting_id: &str) -> Self {
        let hash = Hash::of(&[b"folkmoot/room/1\0", &tenant.0, meeting_id.as_bytes()]);
        Self(std::array::from_fn(|i| hash.0[i]))
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Encode for Room {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.bytes(&self.0);
    }
}

impl Decode for Room {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.bytes_of("room").map(Self)
    }
}

/// A front end that has its meetings through a node. Its secrets and limits are known to that node
/// alone. Of several records the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Random, so that tenants differ.
    pub nonce: [u8; 16],
    /// What its people call it.
    pub name: String,
    /// The member it belongs to: the one whose node writes this, or one that this node hosts.
    pub member: MemberId,
    /// The node that says where its meetings are placed.
    pub home: PublicKey,
    /// Where its people are, if that matters.
    pub region: Option<Region>,
    /// Whether it has gone.
    pub ended: bool,
}

impl Tenant {
    /// The id of this tenant at a member's node.
    #[must_use]
    pub fn id(&self, host: MemberId) -> TenantId {
        Self::id_of(host, &self.nonce)
    }

    /// The id that a member's node gives the tenant with this random number.
    #[must_use]
    pub fn id_of(host: MemberId, nonce: &[u8; 16]) -> TenantId {
        let hash = Hash::of(&[b"folkmoot/tenant/1\0", &host.0, nonce]);
        TenantId(std::array::from_fn(|i| hash.0[i]))
    }
}

impl Encode for Tenant {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .bytes(&self.nonce)
            .text(&self.name)
            .value(&self.member)
            .value(&self.home)
            .optional(self.region.as_ref())
            .uint(u64::from(self.ended));
    }
}

impl Decode for Tenant {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        Ok(Self {
            nonce: decoder.bytes_of("tenant nonce")?,
            name: decode_line(decoder, "tenant name", TENANT_NAME_BYTES_MAX)?,
            member: decoder.value()?,
            home: decoder.value()?,
            region: decoder.optional()?,
            ended: decoder.uint_to("tenant ended", 1)? == 1,
        })
    }
}

/// How a room stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Its meeting is on the server.
    Placed,
    /// Its meeting has ended.
    Ended,
    /// The owner said that the meeting was lost, or a steward gave a silent owner up: the next
    /// meeting of the room is placed anew.
    Released,
}

impl Standing {
    const ALL: [Self; 3] = [Self::Placed, Self::Ended, Self::Released];
}

/// On which server a room's meeting is, from a moment on. Said by the home of its tenant alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placement {
    /// The tenant.
    pub tenant: TenantId,
    /// The room.
    pub room: Room,
    /// The server.
    pub server: ServerId,
    /// Since when.
    pub at: Timestamp,
    /// How it stands.
    pub standing: Standing,
}

impl Encode for Placement {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(5)
            .value(&self.tenant)
            .value(&self.room)
            .value(&self.server)
            .value(&self.at)
            .uint(self.standing as u64);
    }
}

impl Decode for Placement {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(5)?;
        Ok(Self {
            tenant: decoder.value()?,
            room: decoder.value()?,
            server: decoder.value()?,
            at: decoder.value()?,
            standing: match decoder.uint_to("standing of a room", 2)? {
                code @ 0..3 => Standing::ALL[code as usize],
                _ => return Err(DecodeError::Invalid("standing of a room")),
            },
        })
    }
}

/// Where a node placed meetings, several at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// At least one, at most [`PLACEMENTS_MAX`], in the order they were made.
    pub placements: Vec<Placement>,
}

impl Encode for Placing {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.list(self.placements.iter());
    }
}

impl Decode for Placing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let placements: Vec<Placement> = decoder.list("placements", PLACEMENTS_MAX)?;
        if placements.is_empty() {
            return Err(DecodeError::Invalid("a placing without placements"));
        }
        Ok(Self { placements })
    }
}

/// What the meetings of one tenant used of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageRow {
    /// The server.
    pub server: ServerId,
    /// The tenant.
    pub tenant: TenantId,
    /// The member it belonged to.
    pub member: MemberId,
    /// Meetings that began in the time.
    pub meetings: u64,
    /// Minutes of people in meetings, rounded down once for each row.
    pub participant_minutes: u64,
    /// The most people at one time.
    pub peak: u64,
}

impl UsageRow {
    fn key(&self) -> (ServerId, TenantId) {
        (self.server, self.tenant)
    }
}

impl Encode for UsageRow {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(6)
            .value(&self.server)
            .value(&self.tenant)
            .value(&self.member)
            .uint(self.meetings)
            .uint(self.participant_minutes)
            .uint(self.peak);
    }
}

impl Decode for UsageRow {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(6)?;
        Ok(Self {
            server: decoder.value()?,
            tenant: decoder.value()?,
            member: decoder.value()?,
            meetings: decoder.uint_to("meetings", COUNT_MAX)?,
            participant_minutes: decoder.uint_to("participant minutes", COUNT_MAX)?,
            peak: decoder.uint_to("peak", COUNT_MAX)?,
        })
    }
}

/// What was used of its servers in a time, measured and said by their owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The beginning.
    pub from: Timestamp,
    /// The end; later than the beginning.
    pub until: Timestamp,
    /// Ascending by server and tenant, each pair once.
    pub rows: Vec<UsageRow>,
}

impl Encode for Usage {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .value(&self.from)
            .value(&self.until)
            .list(self.rows.iter());
    }
}

impl Decode for Usage {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(3)?;
        let (from, until) = (decoder.value()?, decoder.value()?);
        let rows: Vec<UsageRow> = decoder.list("rows of usage", USAGE_ROWS_MAX)?;
        let ascends = rows.windows(2).all(|pair| pair[0].key() < pair[1].key());
        if from >= until || rows.is_empty() || !ascends {
            return Err(DecodeError::Invalid(
                "usage is of a time, by server and tenant",
            ));
        }
        Ok(Self { from, until, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(standing: Standing) -> Placement {
        Placement {
            tenant: TenantId([1; 16]),
            room: Room::of(TenantId([1; 16]), "weekly"),
            server: ServerId([2; 16]),
            at: Timestamp(1_780_000_000_000),
            standing,
        }
    }

    #[test]
    fn rooms_of_one_name_differ_between_tenants() {
        let room = |tenant| Room::of(TenantId([tenant; 16]), "weekly");
        assert_ne!(room(1), room(2));
        assert_eq!(room(1).to_string().len(), 32);
    }

    #[test]
    fn placings_come_back_and_say_something() {
        let placements = Standing::ALL.map(placement).to_vec();
        let placing = Placing { placements };
        assert_eq!(Placing::from_bytes(&placing.to_bytes()), Ok(placing));
        let nothing = Placing { placements: vec![] };
        assert!(Placing::from_bytes(&nothing.to_bytes()).is_err());
        let most = Placing {
            placements: vec![placement(Standing::Placed); PLACEMENTS_MAX],
        };
        assert!(most.to_bytes().len() < crate::entry::ENTRY_BYTES_MAX / 2);
        assert_eq!(Placing::from_bytes(&most.to_bytes()), Ok(most));
    }

    #[test]
    fn a_tenant_comes_back_with_and_without_a_region() {
        for region in [None, Some("eu-west".parse().unwrap())] {
            let tenant = Tenant {
                nonce: [3; 16],
                name: "Greenlight of a co-op".to_owned(),
                member: MemberId([4; 32]),
                home: PublicKey([5; 32]),
                region,
                ended: false,
            };
            assert_eq!(Tenant::from_bytes(&tenant.to_bytes()), Ok(tenant));
        }
    }

    #[test]
    fn usage_has_one_encoding_and_is_of_a_time() {
        let row = |tenant| UsageRow {
            server: ServerId([2; 16]),
            tenant: TenantId([tenant; 16]),
            member: MemberId([4; 32]),
            meetings: 3,
            participant_minutes: 61,
            peak: 7,
        };
        let usage = |from, until, rows: Vec<UsageRow>| Usage {
            from: Timestamp(from),
            until: Timestamp(until),
            rows,
        };
        let good = usage(1, 2, vec![row(1), row(2)]);
        assert_eq!(Usage::from_bytes(&good.to_bytes()), Ok(good));
        for bad in [
            usage(2, 2, vec![row(1)]),
            usage(1, 2, vec![]),
            usage(1, 2, vec![row(2), row(1)]),
            usage(1, 2, vec![row(1), row(1)]),
        ] {
            assert!(Usage::from_bytes(&bad.to_bytes()).is_err());
        }
    }
}
