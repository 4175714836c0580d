//! The id under which a server knows a room's meeting: from the tenant and the room, so that every node
//! makes the same one, no tenant can name another's, and the owner needs no table to tell whose it is.

use domain::{id::TenantId, record::Room};

/// The id of a room's meeting on its server: 32 hexadecimal digits of the tenant, a hyphen, 32 of the
/// room.
#[must_use]
pub fn scoped_id(tenant: TenantId, room: Room) -> String {
    format!("{tenant}-{room}")
}

/// Whose meeting has this id; none if it came to the server in another way.
#[must_use]
pub fn whose(scoped_id: &str) -> Option<(TenantId, Room)> {
    let (tenant, room) = scoped_id.split_once('-')?;
    let tenant: TenantId = tenant.parse().ok()?;
    let room: TenantId = room.parse().ok()?;
    let found = (tenant, Room(room.0));
    // Only the one way in which ids are written: in lower case.
    (self::scoped_id(found.0, found.1) == scoped_id).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_meeting_is_is_read_from_its_id() {
        let tenant = TenantId([0xab; 16]);
        let room = Room::of(tenant, "weekly");
        let id = scoped_id(tenant, room);
        assert_eq!(id.len(), 65);
        assert_eq!(whose(&id), Some((tenant, room)));
        for other in [
            "",
            "weekly",
            "a-b",
            &id.to_uppercase(),
            &id[1..],
            &format!("{id}0"),
        ] {
            assert_eq!(whose(other), None, "{other}");
        }
    }
}
