//! The invitations this node has made, by the hash of their secret.

use domain::{
    id::{Hash, Timestamp},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};
use store::{Store, Write};

use crate::failure::{Failure, Outcome};

const AREA: &str = "node/invitation";
/// The most invitations that can be open.
const OPEN_MAX: usize = 500;

/// An invitation as its node remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Whom it was made for, in the inviter's words; may be empty.
    pub name: String,
    /// The class it was made for; may be empty.
    pub class: String,
    /// Until when it can be used, in milliseconds since 1970 UTC.
    pub expires_ms: u64,
    /// The root key that has applied with it.
    pub used_by: Option<String>,
}

/// The invitations of one node.
#[derive(Debug, Clone)]
pub struct Guests(pub Store);

fn key(secret: &[u8; 32]) -> Vec<u8> {
    Hash::of(&[b"folkmoot/guest/1\0", secret]).0.to_vec()
}

impl Guests {
    /// Remembers a new invitation, and forgets those that have expired.
    pub async fn add(&self, now: Timestamp, secret: &[u8; 32], guest: &Guest) -> Outcome {
        let mut writes = Vec::new();
        let all = self.0.local_list(AREA).await?;
        for (key, value) in &all {
            let expired = read(value).is_none_or(|guest| guest.expires_ms < now.0);
            if expired {
                writes.push(Write::Local {
                    area: AREA,
                    key: key.clone(),
                    value: None,
                });
            }
        }
        if all.len() - writes.len() >= OPEN_MAX {
            return Err(Failure::refused(format!(
                "{OPEN_MAX} invitations are open, the most a node keeps"
            ))
            .hint("wait until some expire"));
        }
        writes.push(entry(secret, guest));
        Ok(self.0.write(writes).await?)
    }

    /// The invitation of a secret, if it can still be used.
    ///
    /// # Errors
    /// A sentence for the one who asks.
    pub async fn find(&self, now: Timestamp, secret: &[u8; 32]) -> Result<Guest, String> {
        let found = self.0.local_get(AREA, &key(secret)).await;
        let unknown =
            "this node did not make that invitation, or it was used up; ask for a new one";
        let guest = found
            .map_err(|_| "this node cannot read its invitations now; try again later".to_owned())?
            .and_then(|value| read(&value))
            .ok_or_else(|| unknown.to_owned())?;
        if guest.expires_ms < now.0 {
            return Err("the invitation has expired; ask for a new one".to_owned());
        }
        Ok(guest)
    }

    /// Ties an invitation to the root key that applies with it: it serves one co-op.
    ///
    /// # Errors
    /// A sentence for the one who asks.
    pub async fn take(
        &self,
        now: Timestamp,
        secret: &[u8; 32],
        root: &PublicKey,
    ) -> Result<Guest, String> {
        let mut guest = self.find(now, secret).await?;
        let root = root.to_string();
        match &guest.used_by {
            Some(by) if *by == root => return Ok(guest),
            Some(_) => return Err("the invitation was used by another co-op already".to_owned()),
            None => guest.used_by = Some(root),
        }
        let written = self.0.write(vec![entry(secret, &guest)]).await;
        written
            .map_err(|_| "this node cannot take applications now; try again later".to_owned())?;
        Ok(guest)
    }
}

fn read(value: &[u8]) -> Option<Guest> {
    serde_json::from_slice(value).ok()
}

fn entry(secret: &[u8; 32], guest: &Guest) -> Write {
    Write::Local {
        area: AREA,
        key: key(secret),
        value: serde_json::to_vec(guest).ok(),
    }
}
