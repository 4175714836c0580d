//! Writing a decision file from a register.

use domain::{
    cbor::Encode,
    charter::Charter,
    genesis::Genesis,
    id::{FederationId, PhaseId},
};

use super::{
    DecisionFile, FORMAT, Hex, ItemsAt,
    error::{ExportError, FileError},
    recovering::Recovering,
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

/// Writes the file of the vote that `opening` began, in a register that was never recovered before it
/// ended; see [`export_recovered`].
///
/// # Errors
/// When there is no such vote or it is not over.
pub fn export<'a>(
    base: (&Genesis, &Beginning),
    heights: impl IntoIterator<Item = Height<'a>>,
    opening: &PhaseId,
    charter: &Charter,
    text: Option<String>,
) -> Result<DecisionFile, ExportError> {
    export_recovered(base, heights, &[], opening, charter, text)
}

/// Writes the file of the vote that `opening` began. The heights come in order from 2, the recoveries of
/// the register in order; those after the end of the vote are not asked for. The charter is the one that
/// the opening names, the text that of the version voted on last, if it is to be shown.
///
/// # Errors
/// When there is no such vote or it is not over.
pub fn export_recovered<'a>(
    (genesis, beginning): (&Genesis, &Beginning),
    heights: impl IntoIterator<Item = Height<'a>>,
    recoveries: &[Recovering],
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
    let file = DecisionFile {
        format: FORMAT.to_owned(),
        federation: Hex(federation.0.to_vec()),
        opening: Hex(opening.0.to_vec()),
        genesis: Hex(genesis.to_bytes()),
        beginning: Hex(enough.to_bytes()),
        headers: Vec::new(),
        validators: Vec::new(),
        certificates: Vec::new(),
        items: Vec::new(),
        recoveries: Vec::new(),
        charter: Hex(charter.to_bytes()),
        text,
    };
    let validators = order.validators().ok_or(BeginError::NoValidators);
    let mut writing = Writing {
        file,
        federation,
        recoveries,
        recovered: 0,
        today: validators.map_err(FileError::Beginning)?,
    };
    let mut trail: Option<Trail<'_>> = None;
    let mut last = 1;
    writing.cross(last, trail.as_mut())?;
    for height in heights {
        last = height.header.height;
        let at = At {
            height: last,
            today: &writing.today,
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
        let is_over = trail.as_ref().is_some_and(|trail| trail.ending.is_some());
        writing.write(&height, is_of_it, is_over);
        if is_over {
            return Ok(writing.file);
        }
        writing.cross(last, trail.as_mut())?;
    }
    match trail {
        Some(_) => Err(ExportError::Open(last)),
        None => Err(ExportError::Unknown(*opening)),
    }
}

/// A file in the making.
struct Writing<'a> {
    file: DecisionFile,
    federation: FederationId,
    recoveries: &'a [Recovering],
    /// How many of them are written.
    recovered: usize,
    /// Who signs the next height.
    today: ValidatorSet,
}

impl Writing<'_> {
    fn write(&mut self, height: &Height<'_>, is_of_it: bool, is_over: bool) {
        let number = height.header.height;
        self.file.headers.push(Hex(height.header.to_bytes()));
        if is_of_it {
            self.file.items.push(ItemsAt {
                height: number,
                items: Hex(height.items.to_bytes()),
            });
        }
        let changes = height.header.next_validators != height.header.validators;
        let next = self.recoveries.get(self.recovered);
        let is_left = next.is_some_and(|next| next.height() == number);
        if is_over || changes || is_left {
            let mut certificate = height.certificate.clone();
            certificate.signatures.truncate(self.today.sizes().quorum());
            self.file.certificates.push(Hex(certificate.to_bytes()));
        }
        if changes && !is_over {
            self.file.validators.push(Hex(height.next.to_bytes()));
            self.today = height.next.clone();
        }
    }

    /// Writes the recoveries after a height.
    fn cross(&mut self, height: u64, mut trail: Option<&mut Trail<'_>>) -> Result<(), FileError> {
        while let Some(next) = self.recoveries.get(self.recovered)
            && next.height() == height
        {
            let before = self.recovered.checked_sub(1);
            let before = before.and_then(|before| self.recoveries.get(before));
            self.file.recoveries.push(next.written(before));
            self.recovered += 1;
            let crossed = next.crossed(&self.federation, &self.today)?;
            self.today = crossed.validators.clone();
            if let Some(trail) = &mut trail {
                trail.recover(&crossed)?;
            }
        }
        Ok(())
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
