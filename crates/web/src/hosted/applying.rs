//! What a newcomer without a node says to all members, where they admit by decision: who it is, what it
//! commits itself to, and which charter it accepts, signed with the root key it will have.

use domain::{
    cbor::{Decode, Encode},
    effect::{Applicant, CONTRIBUTION_BYTES_MAX, Effect},
    id::{Hash, MemberId, Timestamp},
    key::SecretKey,
    record,
    text::{is_block, is_line, visible_characters},
};
use federation::{Core, Standing};

use super::{BroughtKeys, Newcomer, OwnKeys, REQUEST_BYTES_MAX, SignUp, steps};
use crate::{
    error::{FieldFault, WebError},
    seal::Purpose,
    site::Site,
};

/// The charter on which members are admitted.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its title.
    pub title: String,
    /// Its hash.
    pub hash: Hash,
    /// All of it, as people read it.
    pub text: String,
    /// All of it, encoded: its hash is of these bytes.
    pub encoded: Vec<u8>,
}

/// The charter that a newcomer has to accept; none while founders admit.
pub(crate) fn terms(core: &Core) -> Option<Terms> {
    let charter = core.order()?.charter();
    Some(Terms {
        title: charter.terms().title.clone(),
        hash: charter.hash(),
        text: charter.to_toml(),
        encoded: charter.to_bytes(),
    })
}

/// What a newcomer says to those who admit.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Who it is and why it asks. May be empty while founders admit.
    pub request: String,
    /// What it commits itself to; of no meaning while founders admit.
    pub contribution: String,
    /// The hash of the charter that it accepts, as it was shown; empty if it accepts none.
    pub accepts: String,
}

impl Words {
    /// As they are signed.
    fn tidy(&self) -> Self {
        Self {
            request: self.request.replace("\r\n", "\n").trim().to_owned(),
            contribution: self.contribution.trim().to_owned(),
            accepts: self.accepts.trim().to_lowercase(),
        }
    }

    fn of(applicant: &Applicant) -> Self {
        Self {
            request: applicant.request.clone(),
            contribution: applicant.contribution.clone(),
            accepts: applicant.terms.to_string(),
        }
    }

    /// Refuses what members could not decide on.
    fn check(&self, in_force: &Hash) -> Result<(), WebError> {
        let mut faults = Vec::new();
        if visible_characters(&self.request) == 0 {
            let message = "Say who you are, and why you ask: the members read it.";
            faults.push(FieldFault::new("request", message));
        } else if self.request.len() > REQUEST_BYTES_MAX || !is_block(&self.request) {
            let message = format!("Write plain text of at most {REQUEST_BYTES_MAX} bytes.");
            faults.push(FieldFault::new("request", message));
        }
        if visible_characters(&self.contribution) == 0 {
            let message = "Say what you commit yourselves to.";
            faults.push(FieldFault::new("contribution", message));
        } else if self.contribution.len() > CONTRIBUTION_BYTES_MAX || !is_line(&self.contribution) {
            let message = format!("Write one line of at most {CONTRIBUTION_BYTES_MAX} bytes.");
            faults.push(FieldFault::new("contribution", message));
        }
        if self.accepts.is_empty() {
            let message = "Read the charter and accept it: members are admitted on its terms.";
            faults.push(FieldFault::new("accept_charter", message));
        } else if self.accepts != in_force.to_string() {
            let message = "The charter has changed since you read it. Read the one in force.";
            faults.push(FieldFault::new("accept_charter", message));
        }
        match faults.is_empty() {
            true => Ok(()),
            false => Err(WebError::Form(faults)),
        }
    }
}

impl Newcomer {
    /// What it said to all members; none if only founders were asked.
    #[must_use]
    pub fn applicant(&self) -> Option<Applicant> {
        Applicant::from_bytes(&self.applicant).ok()
    }

    /// Whether what it said last is on its way to all members.
    pub(super) fn has_reached(&self, core: &Core) -> bool {
        let known = core.view().candidates.get(&self.root);
        known.is_some_and(|known| known.time.0 >= self.applied)
    }
}

/// How far a newcomer is where decisions admit, as its host knows it; nothing while founders admit.
/// Unknown is who has not applied to all members yet.
pub(crate) fn standing(core: &Core, newcomer: &Newcomer, now: Timestamp) -> Option<Standing> {
    let charter = core.order()?.charter().hash();
    let known = core.standing(&newcomer.root, now);
    Some(match (newcomer.applicant(), known) {
        (_, admitted @ Standing::Admitted { .. }) => admitted,
        (None, _) => Standing::Unknown,
        (
            Some(applicant),
            Standing::Unknown | Standing::Outdated { .. } | Standing::Refused { .. },
        ) if !newcomer.has_reached(core) => match applicant.terms == charter {
            true => Standing::Waiting,
            false => Standing::Outdated { charter },
        },
        (_, known) => known,
    })
}

/// Whether a newcomer has something to say to the members, for the first time or again.
pub(crate) fn may_apply(standing: &Standing) -> bool {
    matches!(
        standing,
        Standing::Unknown | Standing::Outdated { .. } | Standing::Refused { .. }
    )
}

fn sign(
    core: &Core,
    root: &SecretKey,
    newcomer: &record::Newcomer,
    words: &Words,
) -> Result<Applicant, WebError> {
    let words = words.tidy();
    let in_force = core.charter().hash();
    words.check(&in_force)?;
    Ok(Applicant::sign(
        &core.federation(),
        root,
        (&newcomer.name, &newcomer.class),
        (&words.request, &words.contribution),
        in_force,
        core.member(),
    ))
}

/// Refuses an application that is not this newcomer's through this host, or could not be decided.
fn check(
    core: &Core,
    now: Timestamp,
    newcomer: &record::Newcomer,
    applicant: &Applicant,
) -> Result<(), WebError> {
    let is_own = applicant.newcomer == *newcomer && applicant.host == core.member();
    if !is_own || applicant.verify(&core.federation()).is_err() {
        let message = "The root key does not sign this application through this host. Use folkmoot \
                       host join.";
        return Err(WebError::Form(vec![FieldFault::new("keys", message)]));
    }
    Words::of(applicant).check(&core.charter().hash())?;
    let Some(chain) = core.register_chain() else {
        return Ok(());
    };
    let rule = core.charter().terms().default_rule;
    let admission = Effect::Admission(applicant.clone());
    chain
        .check_effect(now, rule, &admission)
        .map_err(|error| WebError::Conflict {
            code: "not-admissible",
            message: format!("You could not be admitted: {error}."),
        })
}

/// What who signs up says to all members: nothing if it is a member already, or if founders admit.
pub(super) fn of_sign_up(
    core: &Core,
    now: Timestamp,
    chosen: &SignUp,
    keys: &OwnKeys,
    kept: Option<&BroughtKeys>,
) -> Result<Option<Applicant>, WebError> {
    let member = MemberId(keys.root.0);
    if core.register_chain().is_none() || core.view().members.contains_key(&member) {
        return Ok(None);
    }
    let newcomer = record::Newcomer {
        root: keys.root,
        name: chosen.name.trim().to_owned(),
        class: chosen.class.clone(),
    };
    let applicant = match (kept, &keys.applicant) {
        (Some(kept), _) => {
            let root = SecretKey::from_seed(&kept.root);
            sign(core, &root, &newcomer, &chosen.words)?
        }
        (None, Some(applicant)) => (**applicant).clone(),
        (None, None) => {
            return Err(WebError::Conflict {
                code: "by-decision",
                message: "This federation admits by decision: read its charter and accept it, \
                          with folkmoot host join."
                    .to_owned(),
            });
        }
    };
    check(core, now, &newcomer, &applicant)?;
    Ok(Some(applicant))
}

/// Applies to all members, or once more, for a newcomer whose keys are here.
///
/// # Errors
/// When the words do not do, or nothing is to be said now.
pub(crate) async fn apply_again(
    site: &Site,
    newcomer: &Newcomer,
    words: &Words,
) -> Result<(), WebError> {
    let root = newcomer.key(site, Purpose::Newcomer)?;
    let root = root.ok_or_else(|| WebError::Conflict {
        code: "root-key-elsewhere",
        message: "Your keys are on a device of your own. Apply there: folkmoot host apply."
            .to_owned(),
    })?;
    let signed = |core: &Core| sign(core, &root, &newcomer.record(), words);
    let applicant = site.node.read(signed)?;
    apply_signed(site, newcomer.member(), &applicant).await
}

/// The same with what the newcomer's own device has signed.
///
/// # Errors
/// As [`apply_again`], and when it is not signed by this newcomer.
pub(crate) async fn apply_signed(
    site: &Site,
    member: MemberId,
    applicant: &Applicant,
) -> Result<(), WebError> {
    let newcomer = {
        let _joining = site.hosted.joining.lock().await;
        let missing = || WebError::NotFound { what: "newcomer" };
        let mut newcomer = site.hosted.of(member).await?.ok_or_else(missing)?;
        let now = site.now();
        site.node.read(|core| {
            let standing = standing(core, &newcomer, now);
            match standing.is_some_and(|standing| may_apply(&standing)) {
                true => check(core, now, &newcomer.record(), applicant),
                false => Err(WebError::Conflict {
                    code: "applied",
                    message: "Your application is with the members already.".to_owned(),
                }),
            }
        })?;
        newcomer.applicant = applicant.to_bytes();
        newcomer.applied = now.0;
        site.hosted.newcomers.put(&member.0, &newcomer).await?;
        newcomer
    };
    if let Err(error) = steps::go_on(site, &newcomer).await {
        tracing::warn!(%error, "an application waits for this node");
    }
    Ok(())
}
