//! Heights of the register, read from the store: who signed them, and the files that show outsiders
//! how a vote ended.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use domain::{
    cbor::Decode,
    charter::Charter,
    genesis::Genesis,
    id::{Hash, MemberId, PhaseId},
};
use federation::finality::{Ended, Vote};
use register::{
    agreement::Certificate,
    batch::{Batch, Header, Items},
    begin::Beginning,
    file::{self, ExportError, Recovering, TEXT_BYTES_MAX},
    validators::ValidatorSet,
};
use tokio::sync::Mutex;

use crate::{error::WebError, site::Site, texts::Texts};

/// How many files are kept once they were written, and how many bytes of them: they never change.
const FILES_MAX: usize = 16;
const FILES_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Of how many heights it is kept who signed them.
const SIGNED_MAX: usize = 4_096;

/// What was read from the store and is kept in memory.
#[derive(Default)]
pub(crate) struct Heights {
    /// Held while a file is written, so that strangers cannot have many written at once.
    files: Mutex<VecDeque<(PhaseId, Arc<str>)>>,
    signed: Mutex<BTreeMap<u64, Arc<Vec<MemberId>>>>,
}

/// A height with its certificate.
pub(crate) struct Stored {
    pub batch: Batch,
    pub certificate: Certificate,
}

fn missing() -> WebError {
    WebError::NotFound { what: "height" }
}

/// Reads a height.
///
/// # Errors
/// When it is not here or the store fails.
pub(crate) async fn read(site: &Site, height: u64) -> Result<Stored, WebError> {
    let found = site.node.library.height(height).await;
    let (batch, certificate) = found.map_err(WebError::Library)?.ok_or_else(missing)?;
    let damaged = |error: domain::cbor::DecodeError| WebError::Library(Box::new(error));
    Ok(Stored {
        batch: Batch::read(&batch).map_err(damaged)?,
        certificate: Certificate::from_bytes(&certificate).map_err(damaged)?,
    })
}

/// Who signed a height.
pub(crate) async fn signed(site: &Site, height: u64) -> Result<Arc<Vec<MemberId>>, WebError> {
    if let Some(known) = site.heights.signed.lock().await.get(&height) {
        return Ok(Arc::clone(known));
    }
    let stored = read(site, height).await?;
    let set = site
        .node
        .read(|core| core.validators_of(&stored.batch.header.validators));
    let signers = Arc::new(signers(&stored.certificate, set.as_ref()));
    let mut known = site.heights.signed.lock().await;
    if known.len() >= SIGNED_MAX {
        known.pop_first();
    }
    known.insert(height, Arc::clone(&signers));
    Ok(signers)
}

/// Whose signatures a certificate has.
pub(crate) fn signers(certificate: &Certificate, set: Option<&ValidatorSet>) -> Vec<MemberId> {
    let signatures = certificate.signatures.iter();
    let validators = signatures.filter_map(|(index, _)| set?.get(*index));
    validators.map(|validator| validator.member).collect()
}

/// What a file is written of, beside the heights.
struct Ground {
    vote: Vote,
    ended: Ended,
    genesis: Genesis,
    beginning: Beginning,
    charter: Charter,
    recoveries: Vec<Recovering>,
}

/// A height as far as a file needs it.
struct Needed {
    header: Header,
    items: Items,
    certificate: Certificate,
    next: ValidatorSet,
}

/// The file that shows how the vote that an opening began has ended.
///
/// # Errors
/// When there is no such vote, it is not over, or the store fails.
pub(crate) async fn decision_file(site: &Site, opening: PhaseId) -> Result<Arc<str>, WebError> {
    let mut files = site.heights.files.lock().await;
    if let Some((_, file)) = files.iter().find(|(known, _)| *known == opening) {
        return Ok(Arc::clone(file));
    }
    let file: Arc<str> = write(site, opening).await?.into();
    files.push_front((opening, Arc::clone(&file)));
    let mut kept_bytes = 0;
    files.retain(|(_, file)| {
        kept_bytes += file.len();
        kept_bytes <= FILES_BYTES_MAX
    });
    files.truncate(FILES_MAX);
    Ok(file)
}

async fn write(site: &Site, opening: PhaseId) -> Result<String, WebError> {
    let ground = site.node.read(|core| {
        let annals = core.annals();
        let vote = annals.vote(&opening)?.clone();
        Some(Ground {
            ended: vote.ended.clone()?,
            genesis: core.genesis().clone(),
            beginning: core.beginning()?.clone(),
            charter: core.charter_of(&vote.charter)?.clone(),
            recoveries: annals.recoveries().to_vec(),
            vote,
        })
    });
    let none = WebError::NotFound {
        what: "final decision",
    };
    let ground = ground.ok_or(none)?;
    let mut heights = Vec::new();
    for height in 2..=ground.ended.height {
        let Stored { batch, certificate } = read(site, height).await?;
        let Batch { header, items } = batch;
        let next = site
            .node
            .read(|core| core.validators_of(&header.next_validators));
        // Of heights that have nothing of this vote the header is enough.
        let is_of_it = ground.vote.heights.contains(&height);
        heights.push(Needed {
            header,
            items: if is_of_it { items } else { Items::default() },
            certificate,
            next: next.ok_or_else(missing)?,
        });
    }
    let text = text(site, &ground).await?;
    let written = tokio::task::spawn_blocking(move || export(&ground, &heights, text)).await;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| WebError::Library(error);
    let written = written.map_err(|error| failed(Box::new(error)))?;
    written.map_err(|error| failed(Box::new(error)))
}

/// The text that was voted on last, if it is here.
async fn text(site: &Site, ground: &Ground) -> Result<Option<String>, WebError> {
    let version = site.node.read(|core| {
        let known = core.view().proposals.get(&ground.vote.proposal)?;
        let versions = known.versions();
        let mut versions = versions.iter();
        let version = versions.find(|version| version.hash == ground.ended.version)?;
        Some(version.entry)
    });
    let Some(version) = version else {
        return Ok(None);
    };
    let texts = Texts::load(&site.node, [], [version]).await?;
    let text = texts.text(&version).map(str::to_owned);
    let fits = |text: &String| {
        text.len() <= TEXT_BYTES_MAX && Hash::of(&[text.as_bytes()]) == ground.vote.text
    };
    Ok(text.filter(fits))
}

/// Writes the file, and verifies it as whoever gets it will: nothing is handed out that proves
/// nothing.
fn export(
    ground: &Ground,
    heights: &[Needed],
    text: Option<String>,
) -> Result<String, ExportError> {
    let heights = heights.iter().map(|one| file::Height {
        header: &one.header,
        items: &one.items,
        certificate: &one.certificate,
        next: &one.next,
    });
    let from = (&ground.genesis, &ground.beginning);
    let opening = &ground.vote.opening;
    let recoveries = &ground.recoveries;
    let file = file::export_recovered(from, heights, recoveries, opening, &ground.charter, text)?;
    file.verify(Some(&ground.genesis.federation()))?;
    Ok(file.to_json())
}
