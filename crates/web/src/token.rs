//! Personal tokens: how programs act for a person. Shown once, kept as a hash.

use std::sync::Arc;

use domain::{
    id::{Hash, PersonId, Timestamp},
    text::is_line,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    error::{FieldFault, WebError},
    local::Local,
    seal::{Purpose, Sealed, Secret, Seed},
    table::Table,
};

/// What a token begins with, so that one lying about is recognised.
pub const PREFIX: &str = "fmt_";
/// The most tokens of one person.
pub const TOKENS_MAX: usize = 20;
/// The longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 80;
/// A token's last use is written at most this often.
const TOUCH_MS: u64 = 600_000;

/// A token as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// Whose it is.
    #[serde(with = "crate::bytes::text")]
    pub person: PersonId,
    /// What it is for, in the person's words.
    pub label: String,
    /// When it was made, in milliseconds.
    pub created: u64,
    /// When it was last used, in milliseconds, to ten minutes.
    pub used: Option<u64>,
    sealed: Option<Sealed>,
    #[serde(with = "crate::bytes")]
    hash: [u8; 32],
}

impl Token {
    /// What names it on pages; it signs nobody in.
    #[must_use]
    pub fn id(&self) -> Hash {
        Hash(self.hash)
    }
}

/// The personal tokens of this node.
pub struct Tokens {
    table: Table<Token>,
}

impl Tokens {
    /// The tokens kept in `local`.
    #[must_use]
    pub fn new(local: Arc<dyn Local>) -> Self {
        Self {
            table: Table::new(local, "web/token"),
        }
    }

    /// Makes a token and gives its text, which is not kept.
    ///
    /// # Errors
    /// When the label does not fit or the person has too many tokens.
    pub async fn make(
        &self,
        now: Timestamp,
        person: PersonId,
        label: &str,
        seed: Option<&Seed>,
    ) -> Result<(Token, Zeroizing<String>), WebError> {
        let label = label.trim();
        if label.len() > LABEL_BYTES_MAX || !is_line(label) {
            let message = format!("Say in 1 to {LABEL_BYTES_MAX} bytes what the token is for.");
            return Err(WebError::Form(vec![FieldFault::new("label", message)]));
        }
        if self.of(person).await?.len() >= TOKENS_MAX {
            let message =
                format!("You have {TOKENS_MAX} tokens, the most one person has. Delete one.");
            return Err(WebError::Conflict {
                code: "tokens-full",
                message,
            });
        }
        let secret = Secret::random()?;
        let seal = |seed| secret.seal(Purpose::Token, person, seed);
        let token = Token {
            person,
            label: label.to_owned(),
            created: now.0,
            used: None,
            sealed: seed.map(seal).transpose()?,
            hash: secret.hash().0,
        };
        self.table.put(&token.hash, &token).await?;
        Ok((token, Zeroizing::new(format!("{PREFIX}{}", *secret.text()))))
    }

    /// The token of this text and the person's key.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(
        &self,
        now: Timestamp,
        text: &str,
    ) -> Result<(Token, Option<Seed>), WebError> {
        let secret = text
            .strip_prefix(PREFIX)
            .and_then(Secret::parse)
            .ok_or(WebError::Token)?;
        let mut token = self
            .table
            .get(&secret.hash().0)
            .await?
            .ok_or(WebError::Token)?;
        let open = |sealed| secret.open(Purpose::Token, token.person, sealed);
        let seed = token.sealed.as_ref().map(open).transpose()?;
        if token
            .used
            .is_none_or(|used| now.since_ms(Timestamp(used)) >= TOUCH_MS)
        {
            token.used = Some(now.0);
            self.table.put(&token.hash, &token).await?;
        }
        Ok((token, seed))
    }

    /// The tokens of a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(&self, person: PersonId) -> Result<Vec<Token>, WebError> {
        let all = self.table.list().await?.into_iter().map(|(_, token)| token);
        Ok(all.filter(|token| token.person == person).collect())
    }

    /// Deletes one token of a person.
    ///
    /// # Errors
    /// When the person has no such token.
    pub async fn delete(&self, person: PersonId, id: Hash) -> Result<(), WebError> {
        let found = self
            .table
            .get(&id.0)
            .await?
            .filter(|token| token.person == person);
        found.ok_or(WebError::NotFound { what: "token" })?;
        self.table.delete(&id.0).await
    }

    /// Deletes every token of a person.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_all(&self, person: PersonId) -> Result<(), WebError> {
        for token in self.of(person).await? {
            self.table.delete(&token.hash).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::MemoryLocal;

    const NOW: Timestamp = Timestamp(1_000_000);
    const ALICE: PersonId = PersonId([1; 16]);
    const BOB: PersonId = PersonId([2; 16]);

    #[tokio::test]
    async fn a_token_opens_its_persons_key_until_it_is_deleted() {
        let tokens = Tokens::new(Arc::new(MemoryLocal::default()));
        let seed = Zeroizing::new([9; 32]);
        let (token, text) = tokens
            .make(NOW, ALICE, "laptop", Some(&seed))
            .await
            .unwrap();
        assert!(text.starts_with("fmt_"));
        let (found, opened) = tokens.find(NOW, &text).await.unwrap();
        assert_eq!((found.person, opened), (ALICE, Some(seed)));
        assert_eq!(tokens.of(ALICE).await.unwrap()[0].used, Some(NOW.0));

        assert!(tokens.delete(BOB, token.id()).await.is_err());
        tokens.delete(ALICE, token.id()).await.unwrap();
        assert!(matches!(
            tokens.find(NOW, &text).await,
            Err(WebError::Token)
        ));
        assert!(matches!(
            tokens.find(NOW, "fmt_x").await,
            Err(WebError::Token)
        ));
    }

    #[tokio::test]
    async fn labels_and_numbers_of_tokens_are_bounded() {
        let tokens = Tokens::new(Arc::new(MemoryLocal::default()));
        for label in ["", " ", "two\nlines"] {
            let refused = tokens.make(NOW, ALICE, label, None).await;
            assert!(matches!(refused, Err(WebError::Form(_))), "{label:?}");
        }
        for number in 0..TOKENS_MAX {
            tokens
                .make(NOW, ALICE, &number.to_string(), None)
                .await
                .unwrap();
        }
        let refused = tokens.make(NOW, ALICE, "one more", None).await;
        assert!(matches!(refused, Err(WebError::Conflict { .. })));
        tokens.make(NOW, BOB, "his first", None).await.unwrap();
    }
}
