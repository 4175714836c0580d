//! The links into a room: one for moderators, one for guests.
//!
//! A link's token follows from the key of the vault, the room, the role and how often the link was made
//! anew. So nothing of it is kept, a stolen store lets nobody in, and a renewal makes the old link void.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::id::Hash;

use super::{Room, RoomId};
use crate::vault::{Vault, VaultError};

/// How much of the derived bytes a token has: enough that nobody guesses one.
const TOKEN_BYTES: usize = 16;
/// The characters of a token.
const TOKEN_CHARACTERS: usize = 22;

/// What a link makes of whoever opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Starts the meeting and runs it.
    Moderator,
    /// Takes part.
    Guest,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Moderator, Self::Guest];

    /// The word in forms and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Guest => "guest",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// The token of a room's link for a role.
///
/// # Errors
/// When the key of the vault cannot be read or made.
pub fn token(vault: &Vault, room: &Room, role: Role) -> Result<String, VaultError> {
    let (code, renewals) = match role {
        Role::Moderator => (0, room.moderator_renewals),
        Role::Guest => (1, room.guest_renewals),
    };
    let label = [
        &b"folkmoot/web/room-link/1\0"[..],
        &room.id.0,
        &[code],
        &renewals.to_be_bytes(),
    ]
    .concat();
    let derived = vault.derive(&label)?;
    Ok(URL_SAFE_NO_PAD.encode(&derived[..TOKEN_BYTES]))
}

/// The path of a room's link for a role.
///
/// # Errors
/// When the key of the vault cannot be read or made.
pub fn path(vault: &Vault, room: &Room, role: Role) -> Result<String, VaultError> {
    Ok(format!("/rooms/{}/{}", room.id, token(vault, room, role)?))
}

/// What a token makes of whoever has it; none if it is none of this room, or void.
///
/// # Errors
/// When the key of the vault cannot be read or made.
pub fn role_of(vault: &Vault, room: &Room, text: &str) -> Result<Option<Role>, VaultError> {
    // Hashes are compared: how long that takes says nothing about the token.
    let given = Hash::of(&[text.as_bytes()]);
    let mut found = None;
    for role in Role::ALL {
        if Hash::of(&[token(vault, room, role)?.as_bytes()]) == given {
            found = Some(role);
        }
    }
    Ok(found)
}

/// The room that an address leads into, if it has the form of a room's link at any node.
#[must_use]
pub fn room_of(address: &str) -> Option<RoomId> {
    let is_address = ["https://", "http://"]
        .iter()
        .any(|start| address.starts_with(start));
    if !is_address || address.contains(|one: char| one.is_whitespace() || one.is_control()) {
        return None;
    }
    let (before, token) = address.rsplit_once('/')?;
    let (before, id) = before.rsplit_once('/')?;
    let is_token = token.len() == TOKEN_CHARACTERS
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_room = before.ends_with("/rooms") && is_token;
    is_room.then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{rooms::tests::room, vault::MemoryKey};

    fn vault() -> Vault {
        Vault::new(Arc::new(MemoryKey::default()))
    }

    #[test]
    fn each_role_has_its_own_link_and_a_renewal_ends_that_one_alone() {
        let (vault, mut room) = (vault(), room(1));
        let of = |room: &Room, role| token(&vault, room, role).unwrap();
        let role = |room: &Room, text: &str| role_of(&vault, room, text).unwrap();
        let (moderator, guest) = (of(&room, Role::Moderator), of(&room, Role::Guest));
        assert_eq!(guest.len(), TOKEN_CHARACTERS);
        assert_eq!(role(&room, &moderator), Some(Role::Moderator));
        assert_eq!(role(&room, &guest), Some(Role::Guest));
        room.guest_renewals += 1;
        assert_eq!(role(&room, &guest), None);
        assert_eq!(role(&room, &of(&room, Role::Guest)), Some(Role::Guest));
        assert_eq!(role(&room, &moderator), Some(Role::Moderator));
    }

    #[test]
    fn a_link_opens_one_room_at_one_node() {
        let (here, one) = (vault(), room(1));
        let text = token(&here, &one, Role::Guest).unwrap();
        let other = Room {
            id: RoomId([8; 16]),
            ..room(1)
        };
        assert_eq!(role_of(&here, &other, &text).unwrap(), None);
        assert_eq!(role_of(&vault(), &one, &text).unwrap(), None);
        for wrong in ["", &text[1..], &format!("{text}a")] {
            assert_eq!(role_of(&here, &one, wrong).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_tells_which_room_it_leads_into() {
        let (vault, room) = (vault(), room(1));
        let path = path(&vault, &room, Role::Guest).unwrap();
        assert_eq!(room_of(&format!("https://a.example{path}")), Some(room.id));
        let script = format!("javascript:1{path}");
        for other in ["https://a.example/rooms/1", "Town hall", &path, &script, ""] {
            assert_eq!(room_of(other), None, "{other}");
        }
    }
}
