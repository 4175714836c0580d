//! Passwords for meetings whose front end gives none: the same ones each time, so that creating again
//! what is there stays what it is.

use domain::{id::Hash, record::Room};

/// A password of a room for a role.
///
/// It is no secret: other members' nodes could compute it. It opens nothing by itself, since a join needs
/// the checksum of the tenant's or the server's secret as well; what matters is that every node of the
/// tenant's member makes the same one, also after the tenant's secret was changed.
pub(super) fn password(kind: &str, room: Room) -> String {
    let hash = Hash::of(&[b"folkmoot/password/1\0", kind.as_bytes(), b"\0", &room.0]);
    hash.to_string().chars().take(24).collect()
}
