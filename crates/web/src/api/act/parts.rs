//! Parts of acts that pages and programs write alike.

use domain::{
    id::{CircleId, EntryId},
    key::{PublicKey, Signature},
    record::{self, Roles},
};
use federation::{Act, Keep};

use crate::{
    acts,
    auth::Actor,
    error::{FieldFault, WebError},
    seal,
    site::Site,
};

pub(super) fn fault(field: &'static str, message: impl Into<String>) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

pub(in crate::api) fn signature(field: &'static str, text: &str) -> Result<Signature, WebError> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| fault(field, "A signature has 128 hexadecimal digits."))?;
    Ok(Signature(bytes))
}

/// The roles of these words.
pub(crate) fn roles_of<'a>(words: impl Iterator<Item = &'a str>) -> Result<Roles, WebError> {
    let mut roles = Roles::none();
    for word in words {
        let role = Roles::from_word(word).ok_or_else(|| {
            let known: Vec<&str> = Roles::WORDS.iter().map(|(_, word)| *word).collect();
            fault(
                "roles",
                format!("{word:?} is no role; write {}.", known.join(", ")),
            )
        })?;
        roles = roles.with(role);
    }
    Ok(roles)
}

pub(super) fn keep_up_to(site: &Site, id: EntryId) -> Result<Keep, WebError> {
    let sequence = site
        .node
        .read(|core| core.replica().find(&id).map(|found| found.sequence));
    sequence
        .map(|sequence| Keep::UpTo(sequence, id))
        .ok_or(WebError::NotFound { what: "entry" })
}

/// The nonce of a circle that is described anew, or a new one.
pub(crate) fn circle_nonce(site: &Site, circle: Option<CircleId>) -> Result<[u8; 16], WebError> {
    let Some(id) = circle else {
        return Ok(*seal::random()?);
    };
    let nonce = site
        .node
        .read(|core| core.view().circles.get(&id).map(|c| c.record.nonce));
    nonce.ok_or(WebError::NotFound { what: "circle" })
}

/// The admission of an applicant, signed with the root key on this node unless it was signed
/// elsewhere. The signature alone lets the applicant in, so only a steward gets it.
pub(crate) fn admit(
    site: &Site,
    actor: &Actor,
    root: PublicKey,
    signature: Option<Signature>,
) -> Result<Act, WebError> {
    let (federation, record) = site.node.read(|core| {
        let application = core.view().applications.get(&root);
        (
            core.federation(),
            application.map(|application| application.record.clone()),
        )
    });
    let record = record.ok_or(WebError::NotFound {
        what: "application",
    })?;
    let newcomer = record::Newcomer {
        root,
        class: record.class.clone(),
        name: record.name.clone(),
    };
    let signature = match signature {
        Some(signature) => signature,
        None => acts::root_key(site, actor)?.sign(&newcomer.message(&federation)),
    };
    Ok(Act::Admit(record::Admit {
        newcomer,
        signature,
    }))
}
