//! The secret a server shares with the front ends that may call it.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;

/// A shared secret. Its memory is wiped when it is dropped and it is never printed.
///
/// An empty secret switches a BigBlueButton server's checks off; here it cannot be built.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The longest secret, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// [`Error::SecretLength`] when it is empty or longer than [`Secret::MAX_BYTES`].
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, Error> {
        let bytes = secret.as_ref();
        if bytes.is_empty() || bytes.len() > Self::MAX_BYTES {
            return Err(Error::SecretLength {
                found: bytes.len(),
                max: Self::MAX_BYTES,
            });
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// The bytes, for whoever keeps secrets sealed at rest. Not for logs or messages.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("open sesame").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }

    #[test]
    fn an_empty_or_oversized_secret_cannot_be_built() {
        assert!(matches!(
            Secret::new(""),
            Err(Error::SecretLength { found: 0, max: 256 })
        ));
        assert!(Secret::new("x".repeat(Secret::MAX_BYTES)).is_ok());
        assert!(Secret::new("x".repeat(Secret::MAX_BYTES + 1)).is_err());
    }
}
