//! That one file continues another: nothing that was shown has been rewritten.

use domain::id::FederationId;

use super::{DecisionFile, Proof, error::SinceError};

/// Verifies both files, and that the register of the new one continues that of the old one: the
/// beginning and every header of the old file stand in the new one, byte for byte. What both show of
/// one vote is the same. Signatures may be those of other founders and validators: any that are
/// enough will do.
///
/// # Errors
/// When one of them does not verify, or what differs first.
pub fn since(
    old: &DecisionFile,
    new: &DecisionFile,
    federation: Option<&FederationId>,
) -> Result<(Proof, Proof), SinceError> {
    let before = old.verify(federation).map_err(SinceError::Old)?;
    let after = new.verify(federation).map_err(SinceError::New)?;
    let (one, other) = (before.federation, after.federation);
    if one != other {
        let (old, new) = (one, other);
        return Err(SinceError::Federation { old, new });
    }
    let (one, other) = (before.began, after.began);
    let heights = before.hashes.iter().zip(&after.hashes);
    let hashes = std::iter::once((&one, &other)).chain(heights);
    if let Some((height, (old, new))) = (1..).zip(hashes).find(|(_, (old, new))| old != new) {
        let (old, new) = (*old, *new);
        return Err(SinceError::Rewritten { height, old, new });
    }
    let (old_height, new_height) = (before.height(), after.height());
    if new_height < old_height {
        let (old, new) = (old_height, new_height);
        return Err(SinceError::Shorter { old, new });
    }
    if before.opening == after.opening && (before.ending, old_height) != (after.ending, new_height)
    {
        return Err(SinceError::Ending {
            old: before.ending,
            old_height,
            new: after.ending,
            new_height,
        });
    }
    Ok((before, after))
}
