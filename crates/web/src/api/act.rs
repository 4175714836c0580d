//! Acts as JSON, and acts signed with keys that live elsewhere.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    id::{CircleId, EntryId, Hash, PersonId, ProposalId, Timestamp},
    key::{PublicKey, Signature},
    record::{self, Custody, Purpose, Roles},
};
use federation::{Act, Keep};
use replica::entry::Entry;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    acts,
    auth::Caller,
    bytes::text,
    error::{FieldFault, WebError},
    once::Once,
    rate::{Limit, Whose},
    seal,
    site::Site,
};

/// A value in the text form that people see, in JSON.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: std::str::FromStr, T::Err: std::fmt::Display"))]
struct Text<T>(#[serde(with = "text")] T);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelegateBody {
    key: Text<PublicKey>,
    person: Text<PersonId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdmissionBody {
    founder: Text<PublicKey>,
    signature: String,
}

/// An act. The word in `act` says which.
#[derive(Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
enum ActBody {
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
    },
    Amend {
        proposal: Text<ProposalId>,
        title: String,
        text: String,
        #[serde(default)]
        what_changed: String,
    },
    Withdraw {
        proposal: Text<ProposalId>,
        #[serde(default)]
        reason: String,
    },
    Open {
        proposal: Text<ProposalId>,
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
}

fn fault(field: &'static str, message: impl Into<String>) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

fn signature(field: &'static str, text: &str) -> Result<Signature, WebError> {
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

impl ActBody {
    fn into_act(self, site: &Site, person: PersonId) -> Result<Act, WebError> {
        Ok(match self {
            Self::Propose {
                title,
                text,
                rule,
                urgent,
                circle,
                language,
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
            },
            Self::Amend {
                proposal,
                title,
                text,
                what_changed,
            } => Act::Amend {
                proposal: proposal.0,
                title,
                text,
                what_changed,
            },
            Self::Withdraw { proposal, reason } => Act::Withdraw {
                proposal: proposal.0,
                reason,
            },
            Self::Open { proposal } => Act::Open {
                proposal: proposal.0,
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
                person: other.map_or(person, |other| other.0),
                name,
                contact,
            },
            rights => rights.into_right(site)?,
        })
    }

    fn into_right(self, site: &Site) -> Result<Act, WebError> {
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
                admit(site, application.0, given)?
            }
            Self::Grant {
                purpose,
                key,
                person,
                roles,
                custody,
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

fn keep_up_to(site: &Site, id: EntryId) -> Result<Keep, WebError> {
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
/// elsewhere.
pub(crate) fn admit(
    site: &Site,
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
        None => site.node.root_key()?.sign(&newcomer.message(&federation)),
    };
    Ok(Act::Admit(record::Admit {
        newcomer,
        signature,
    }))
}

/// `POST /api/acts`
pub(crate) async fn perform(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let act_body: ActBody = super::parse(&headers, &body)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    if matches!(act_body, ActBody::Admit { .. }) {
        acts::need_steward(&site, &actor)?;
    }
    let act = act_body.into_act(&site, actor.person())?;
    let work = async { Ok(acts::perform(&site, &actor, act).await?.to_string()) };
    // A program that repeats a request after a lost answer says so with one key for both.
    let id = match headers.get("idempotency-key") {
        Some(key) => {
            let caller = Hash::of(&[b"api", &actor.person().0, key.as_bytes()]);
            site.once
                .run(Once::form(caller, "/api/acts", &body), work)
                .await?
        }
        None => work.await?,
    };
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

#[derive(Deserialize)]
struct PrepareBody {
    signer: Text<PublicKey>,
    #[serde(flatten)]
    act: Value,
}

/// `POST /api/acts/prepare`: an act with the key that will sign it.
pub(crate) async fn prepare(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    let PrepareBody { signer, act } = super::parse(&headers, &body)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let act: ActBody =
        serde_json::from_value(act).map_err(|error| WebError::Malformed(error.to_string()))?;
    let act = act.into_act(&site, actor.person())?;
    let prepared = *site.node.prepare(signer.0, act).await?;
    let federation = site.node.read(federation::Core::federation);
    let chunks: Vec<String> = prepared
        .chunks
        .iter()
        .map(|chunk| URL_SAFE_NO_PAD.encode(chunk))
        .collect();
    let unsigned = prepared.signed(Signature([0; 64]));
    let header = unsigned.header.to_bytes();
    let signed_bytes = [b"folkmoot/entry/1\0", &federation.0[..], &header[..]].concat();
    Ok(Json(json!({
        "id": unsigned.id(&federation).to_string(),
        "entry": URL_SAFE_NO_PAD.encode(unsigned.to_bytes()),
        "chunks": chunks,
        "signed_bytes": URL_SAFE_NO_PAD.encode(signed_bytes),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmitBody {
    entry: String,
    #[serde(default)]
    chunks: Vec<String>,
    /// Instead of the one in the entry.
    signature: Option<String>,
}

/// `POST /api/acts/submit`: what was prepared, with its signature.
pub(crate) async fn submit(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), WebError> {
    let body: SubmitBody = super::parse(&headers, &body)?;
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let decode = |text: &String| {
        let fault = |_| WebError::Malformed("bytes are written in base64url".to_owned());
        URL_SAFE_NO_PAD.decode(text).map_err(fault)
    };
    let not_an_entry = |error| WebError::Malformed(format!("this is no entry: {error}"));
    let mut entry = Entry::from_bytes(&decode(&body.entry)?).map_err(not_an_entry)?;
    if let Some(given) = &body.signature {
        entry.signature = signature("signature", given)?;
    }
    let chunks = body.chunks.iter().map(decode).collect::<Result<_, _>>()?;
    let id = site.node.submit(entry, chunks).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id.to_string() }))))
}
