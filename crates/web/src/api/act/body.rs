//! An act as it is written in JSON.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::Decode,
    decision::Choice,
    effect::Effect,
    id::{CircleId, DocumentId, EntryId, Hash, MemberId, PersonId, ProposalId, Timestamp},
    key::PublicKey,
    record::{self, Custody, Purpose, Sort},
};
use federation::{Act, Keep};
use serde::Deserialize;

use super::circle::{ActionFields, GatheringFields};
use super::parts::{admit, circle_nonce, fault, keep_up_to, roles_of, signature};
use crate::{
    auth::Actor, bytes::text, effects::EffectBody, error::WebError, handlers::attachments,
    site::Site,
};

/// A value in the text form that people see, in JSON.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: std::str::FromStr, T::Err: std::fmt::Display"))]
pub(in crate::api) struct Text<T>(#[serde(with = "text")] pub T);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DelegateBody {
    key: Text<PublicKey>,
    person: Text<PersonId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdmissionBody {
    founder: Text<PublicKey>,
    signature: String,
}

/// An act. The word in `act` says which.
#[derive(Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum ActBody {
    Found,
    Join {
        root: Text<PublicKey>,
        class: String,
        name: String,
        admissions: Vec<AdmissionBody>,
    },
    Admit {
        application: Text<PublicKey>,
        signature: Option<String>,
    },
    Grant {
        purpose: String,
        key: Text<PublicKey>,
        person: Option<Text<PersonId>>,
        #[serde(default)]
        roles: Vec<String>,
        #[serde(default)]
        custody: Option<String>,
        /// By the key's holder; not needed if the key was granted before for the same.
        #[serde(default)]
        proof: Option<String>,
    },
    Mandate {
        delegates: Vec<DelegateBody>,
    },
    Revoke {
        key: Text<PublicKey>,
        #[serde(default)]
        keep_nothing: bool,
        up_to: Option<Text<EntryId>>,
        #[serde(default)]
        reason: String,
    },
    Person {
        person: Option<Text<PersonId>>,
        name: String,
        #[serde(default)]
        contact: String,
    },
    Role {
        circle: Text<CircleId>,
        person: Text<PersonId>,
        title: String,
        until_ms: Option<u64>,
    },
    Profile {
        name: String,
        #[serde(default)]
        region: String,
        #[serde(default)]
        description: String,
        #[serde(default)]
        website: String,
    },
    Circle {
        circle: Option<Text<CircleId>>,
        name: String,
        #[serde(default)]
        domain: String,
        #[serde(default)]
        rhythm: String,
        #[serde(default)]
        ended: bool,
    },
    /// The caller joins a circle or leaves it.
    Membership {
        circle: Text<CircleId>,
        joined: bool,
    },
    /// An action point is begun, or the one named is changed: what is left out stays.
    Action(ActionFields),
    /// A gathering is begun, or the one named is described anew.
    Gathering(GatheringFields),
    /// When a decision is looked at again; null takes the date back.
    Review {
        proposal: Text<ProposalId>,
        date_ms: Option<u64>,
    },
    Apply {
        root: Text<PublicKey>,
        name: String,
        class: String,
        proof: String,
        #[serde(default)]
        request: String,
    },
    Propose {
        title: String,
        text: String,
        #[serde(default)]
        rule: String,
        urgent: Option<String>,
        circle: Option<Text<CircleId>>,
        #[serde(default)]
        language: String,
        /// The edits of the draft that the text was read from.
        #[serde(default)]
        draft: Vec<Text<EntryId>>,
        effect: Option<EffectBody>,
    },
    Amend {
        proposal: Text<ProposalId>,
        title: String,
        text: String,
        #[serde(default)]
        what_changed: String,
        /// The edits of the draft that the text was read from.
        #[serde(default)]
        draft: Vec<Text<EntryId>>,
        effect: Option<EffectBody>,
    },
    Withdraw {
        proposal: Text<ProposalId>,
        #[serde(default)]
        reason: String,
    },
    /// Voting opens; with `fallback` once more, after a mediation.
    Open {
        proposal: Text<ProposalId>,
        #[serde(default)]
        fallback: bool,
    },
    /// A mediator reports on the conflict about a proposal.
    Report {
        proposal: Text<ProposalId>,
        #[serde(default)]
        recommends_vote: bool,
        text: String,
    },
    Vote {
        proposal: Text<ProposalId>,
        version: Text<Hash>,
        choice: String,
        aim: Option<u64>,
        #[serde(default)]
        reason: String,
    },
    Comment {
        proposal: Text<ProposalId>,
        answers: Option<Text<EntryId>>,
        text: String,
    },
    /// A document is begun.
    Begin {
        title: String,
        #[serde(default)]
        text: String,
    },
    /// A change that was worked out elsewhere: the body of the edit, in base64url.
    Edit {
        parents: Vec<Text<EntryId>>,
        edit: String,
    },
    /// Something is attached to a document; the bytes in base64url.
    Attach {
        document: Text<DocumentId>,
        name: String,
        #[serde(default)]
        media_type: String,
        bytes: String,
    },
    /// What is attached is taken away.
    Detach {
        document: Text<DocumentId>,
        name: String,
    },
    /// A document begins anew.
    Restart {
        document: Text<DocumentId>,
        parents: Vec<Text<EntryId>>,
        title: String,
        text: String,
    },
    File {
        document: Text<DocumentId>,
        sort: Text<Sort>,
        circle: Option<Text<CircleId>>,
        proposal: Option<Text<ProposalId>>,
        meeting: Option<Text<EntryId>>,
        #[serde(default)]
        closed: bool,
    },
    Host {
        host: Text<MemberId>,
    },
    Hosting {
        member: Text<MemberId>,
        accepts: bool,
    },
}

fn effect_of(site: &Site, effect: Option<EffectBody>) -> Result<Option<Box<Effect>>, WebError> {
    let effect = effect.map(|effect| site.node.read(|core| effect.into_effect(core)));
    Ok(effect.transpose()?.map(Box::new))
}

impl ActBody {
    pub(super) fn into_act(self, site: &Site, actor: &Actor) -> Result<Act, WebError> {
        Ok(match self {
            Self::Propose {
                title,
                text,
                rule,
                urgent,
                circle,
                language,
                draft,
                effect,
            } => Act::Propose {
                title,
                text,
                rule,
                urgent,
                circle: circle.map(|circle| circle.0),
                language: if language.is_empty() {
                    "en".to_owned()
                } else {
                    language
                },
                draft: draft.into_iter().map(|edit| edit.0).collect(),
                effect: effect_of(site, effect)?,
            },
            Self::Amend {
                proposal,
                title,
                text,
                what_changed,
                draft,
                effect,
            } => Act::Amend {
                proposal: proposal.0,
                title,
                text,
                what_changed,
                draft: draft.into_iter().map(|edit| edit.0).collect(),
                effect: effect_of(site, effect)?,
            },
            Self::Begin { title, text } => Act::CreateDocument { title, text },
            Self::Edit { parents, edit } => change(parents, &edit)?,
            Self::Attach {
                document,
                name,
                media_type,
                bytes,
            } => {
                let strange = |_| fault("bytes", "Write the bytes in base64url.".to_owned());
                let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(strange)?;
                attachments::act(document.0, &name, &media_type, bytes)
            }
            Self::Detach { document, name } => Act::Detach {
                document: document.0,
                name,
            },
            Self::Restart {
                document,
                parents,
                title,
                text,
            } => Act::Restart {
                document: document.0,
                parents: parents.into_iter().map(|edit| edit.0).collect(),
                title,
                text,
            },
            Self::File {
                document,
                sort,
                circle,
                proposal,
                meeting,
                closed,
            } => Act::File(record::Filing {
                document: document.0,
                sort: sort.0,
                circle: circle.map(|circle| circle.0),
                proposal: proposal.map(|proposal| proposal.0),
                meeting: meeting.map(|meeting| meeting.0),
                closed,
            }),
            Self::Withdraw { proposal, reason } => Act::Withdraw {
                proposal: proposal.0,
                reason,
            },
            Self::Open { proposal, fallback } => opens(proposal.0, fallback),
            Self::Report {
                proposal,
                recommends_vote,
                text,
            } => Act::Report {
                proposal: proposal.0,
                recommends_vote,
                text,
            },
            Self::Vote {
                proposal,
                version,
                choice,
                aim,
                reason,
            } => {
                let no_choice = |_| fault("choice", format!("{choice:?} is no choice."));
                let choice: Choice = choice.parse().map_err(no_choice)?;
                let no_aim = || fault("aim", "The charter's aims are numbered from 1.".to_owned());
                let aim = match aim {
                    Some(number) => Some(number.checked_sub(1).ok_or_else(no_aim)?),
                    None => None,
                };
                Act::Vote {
                    proposal: proposal.0,
                    version: version.0,
                    choice,
                    aim,
                    reason,
                }
            }
            Self::Comment {
                proposal,
                answers,
                text,
            } => Act::Comment {
                proposal: proposal.0,
                answers: answers.map(|id| id.0),
                text,
            },
            Self::Profile {
                name,
                region,
                description,
                website,
            } => Act::Profile(record::Profile {
                name,
                region,
                description,
                website,
            }),
            Self::Circle {
                circle,
                name,
                domain,
                rhythm,
                ended,
            } => {
                let nonce = circle_nonce(site, circle.map(|circle| circle.0))?;
                Act::Circle(record::Circle {
                    nonce,
                    name,
                    domain,
                    rhythm,
                    ended,
                })
            }
            Self::Role {
                circle,
                person,
                title,
                until_ms,
            } => Act::Role(record::Role {
                circle: circle.0,
                person: person.0,
                title,
                until: until_ms.map(Timestamp),
            }),
            Self::Person {
                person: other,
                name,
                contact,
            } => Act::Person {
                person: other.map_or(actor.person(), |other| other.0),
                name,
                contact,
            },
            Self::Membership { circle, joined } => Act::Membership(record::Membership {
                circle: circle.0,
                joined,
            }),
            Self::Action(fields) => fields.into_act(site, actor)?,
            Self::Gathering(fields) => Act::Gathering(fields.into_record()?),
            Self::Review { proposal, date_ms } => Act::Review(record::Review {
                proposal: proposal.0,
                date: date_ms.map(Timestamp),
            }),
            Self::Host { host } => Act::Host { host: host.0 },
            Self::Hosting { member, accepts } => Act::Hosting {
                member: member.0,
                accepts,
            },
            rights => rights.into_right(site, actor)?,
        })
    }

    fn into_right(self, site: &Site, actor: &Actor) -> Result<Act, WebError> {
        Ok(match self {
            Self::Found => Act::Found,
            Self::Join {
                root,
                class,
                name,
                admissions,
            } => {
                let newcomer = record::Newcomer {
                    root: root.0,
                    class,
                    name,
                };
                let admission = |body: AdmissionBody| {
                    let signature = signature("admissions", &body.signature)?;
                    Ok(record::Admission {
                        founder: body.founder.0,
                        signature,
                    })
                };
                let admissions = admissions
                    .into_iter()
                    .map(admission)
                    .collect::<Result<_, WebError>>()?;
                Act::Join(record::Join {
                    newcomer,
                    admissions,
                })
            }
            Self::Admit {
                application,
                signature: given,
            } => {
                let given = given
                    .map(|given| signature("signature", &given))
                    .transpose()?;
                admit(site, actor, application.0, given)?
            }
            Self::Grant {
                purpose,
                key,
                person,
                roles,
                custody,
                proof,
            } => Act::Grant {
                purpose: match &*purpose {
                    "person" => Purpose::Person,
                    "node" => Purpose::Node,
                    "validator" => Purpose::Validator,
                    _ => return Err(fault("purpose", "Write person, node or validator.")),
                },
                key: key.0,
                person: person.map(|person| person.0),
                roles: roles_of(roles.iter().map(String::as_str))?,
                custody: match custody.as_deref() {
                    Some("node") => Custody::Node,
                    None | Some("person") => Custody::Person,
                    Some(_) => return Err(fault("custody", "Write node or person.")),
                },
                proof: proof.map(|proof| signature("proof", &proof)).transpose()?,
            },
            Self::Mandate { delegates } => {
                let delegate = |body: DelegateBody| record::Delegate {
                    key: body.key.0,
                    person: body.person.0,
                };
                Act::Mandate {
                    delegates: delegates.into_iter().map(delegate).collect(),
                }
            }
            Self::Revoke {
                key,
                keep_nothing,
                up_to,
                reason,
            } => {
                let keep = match (up_to, keep_nothing) {
                    (Some(id), _) => keep_up_to(site, id.0)?,
                    (None, true) => Keep::Nothing,
                    (None, false) => Keep::All,
                };
                Act::Revoke {
                    key: key.0,
                    keep,
                    reason,
                }
            }
            Self::Apply {
                root,
                name,
                class,
                proof,
                request,
            } => {
                let proof = signature("proof", &proof)?;
                let application = record::Application {
                    root: root.0,
                    name,
                    class,
                    proof,
                };
                Act::Apply {
                    application,
                    request,
                }
            }
            _ => return Err(WebError::Malformed("this act is not known".to_owned())),
        })
    }
}

fn opens(proposal: ProposalId, fallback: bool) -> Act {
    match fallback {
        true => Act::FallBack { proposal },
        false => Act::Open { proposal },
    }
}

fn change(parents: Vec<Text<EntryId>>, edit: &str) -> Result<Act, WebError> {
    let strange = || WebError::Malformed("this is no change of a document".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(edit).map_err(|_| strange())?;
    let edit = record::Edit::from_bytes(&bytes).map_err(|_| strange())?;
    let document = edit.document.filter(|_| edit.start.is_none());
    Ok(Act::Edit {
        document: document.ok_or_else(strange)?,
        parents: parents.into_iter().map(|edit| edit.0).collect(),
        operations: edit.operations,
    })
}
