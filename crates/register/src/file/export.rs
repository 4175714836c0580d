//! Writing a decision file from a register.

use domain::{cbor::Encode, charter::Charter, genesis::Genesis, id::PhaseId};

use super::{
    DecisionFile, FORMAT, Hex, ItemsAt,
    error::{ExportError, FileError},
    trail::{At, Ground, Trail, find_opening},
};
use crate::{
    agreement::Certificate,
    batch::{Header, Items},
    begin::{BeginError, Beginning},
    validators::ValidatorSet,
};

/// A height of a register.
#[derive(Debug, Clone, Copy)]
pub struct Height<'a> {
    /// Its header.
    pub header: &'a Header,
    /// What it decides.
    pub items: &'a Items,
    /// The precommits of a quorum for it, or more.
    pub certificate: &'a Certificate,
    /// The validators of the height after it.
    pub next: &'a ValidatorSet,
}

/// Writes the file of the vote that `opening` began. The heights come in order from 2; those after the
/// end of the vote are not asked for. The charter is the one that the opening names, the text that of
/// the version voted on last, if it is to be shown.
///
/// # Errors
/// When there is no such vote or it is not over.
pub fn export<'a>(
    (genesis, beginning): (&Genesis, &Beginning),
    heights: impl IntoIterator<Item = Height<'a>>,
    opening: &PhaseId,
    charter: &Charter,
    text: Option<String>,
) -> Result<DecisionFile, ExportError> {
    let federation = genesis.federation();
    let mut enough = beginning.clone();
    enough.signatures.truncate(genesis.admissions_needed());
    let order = enough.check(genesis).map_err(FileError::Beginning)?;
    let ground = Ground {
        federation: &federation,
        begun: enough.begin.time,
        members: order.members(),
    };
    let mut file = DecisionFile {
        format: FORMAT.to_owned(),
        federation: Hex(federation.0.to_vec()),
        opening: Hex(opening.0.to_vec()),
        genesis: Hex(genesis.to_bytes()),
        beginning: Hex(enough.to_bytes()),
        headers: Vec::new(),
        validators: Vec::new(),
        certificates: Vec::new(),
        items: Vec::new(),
        charter: Hex(charter.to_bytes()),
        text,
    };
    let validators = order.validators().ok_or(BeginError::NoValidators);
    let mut today = validators.map_err(FileError::Beginning)?;
    let mut trail: Option<Trail<'_>> = None;
    let mut last = 1;
    for height in heights {
        last = height.header.height;
        file.headers.push(Hex(height.header.to_bytes()));
        let at = At {
            height: last,
            today: &today,
            after: Some(height.next),
        };
        let is_of_it = match &mut trail {
            Some(trail) => trail.step(height.items, at)?,
            None => {
                let opened = find_opening(&federation, height.items, opening);
                if let Some(opened) = opened {
                    trail = Some(Trail::open(ground, charter, opened, at)?);
                }
                trail.is_some()
            }
        };
        if is_of_it {
            file.items.push(ItemsAt {
                height: last,
                items: Hex(height.items.to_bytes()),
            });
        }
        let is_over = trail.as_ref().is_some_and(|trail| trail.ending.is_some());
        let changes = height.header.next_validators != height.header.validators;
        if is_over || changes {
            let mut certificate = height.certificate.clone();
            certificate.signatures.truncate(today.sizes().quorum());
            file.certificates.push(Hex(certificate.to_bytes()));
        }
        if is_over {
            return Ok(file);
        }
        if changes {
            file.validators.push(Hex(height.next.to_bytes()));
            today = height.next.clone();
        }
    }
    match trail {
        Some(_) => Err(ExportError::Open(last)),
        None => Err(ExportError::Unknown(*opening)),
    }
}

#[cfg(any(test, feature = "testing"))]
impl DecisionFile {
    /// The file with another last height, whether it holds or not.
    #[must_use]
    pub(crate) fn with_last(
        mut self,
        header: &Header,
        items: &Items,
        certificate: &Certificate,
    ) -> Self {
        let mut certificate = certificate.clone();
        certificate.signatures.truncate(3);
        for (list, bytes) in [
            (&mut self.headers, header.to_bytes()),
            (&mut self.certificates, certificate.to_bytes()),
        ] {
            list.pop();
            list.push(Hex(bytes));
        }
        if let Some(last) = self.items.last_mut() {
            last.items = Hex(items.to_bytes());
        }
        self
    }
}
