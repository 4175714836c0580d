//! What a proposal does to the federation once it is passed, as it is written in JSON and in forms.

use domain::{
    charter::Charter,
    effect::{Effect, Someone},
    id::{CircleId, Hash, MemberId, PersonId, ProposalId, Timestamp},
    key::{PublicKey, Signature},
};
use federation::Core;
use serde::{Deserialize, Serialize};

use crate::{
    bytes::text,
    error::{FieldFault, WebError},
};

/// A value in the text form that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(
    deserialize = "T: std::str::FromStr, T::Err: std::fmt::Display",
    serialize = "T: std::fmt::Display"
))]
pub(crate) struct Text<T>(#[serde(with = "text")] pub T);

/// A person of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SomeoneBody {
    pub member: Text<MemberId>,
    pub person: Text<PersonId>,
}

impl From<SomeoneBody> for Someone {
    fn from(body: SomeoneBody) -> Self {
        Self {
            member: body.member.0,
            person: body.person.0,
        }
    }
}

impl From<&Someone> for SomeoneBody {
    fn from(someone: &Someone) -> Self {
        Self {
            member: Text(someone.member),
            person: Text(someone.person),
        }
    }
}

/// An effect. The word in `type` says which; times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum EffectBody {
    /// Who applied with this root key becomes a member, on the terms of its application.
    Admission {
        root: Text<PublicKey>,
    },
    Expulsion {
        member: Text<MemberId>,
    },
    Class {
        member: Text<MemberId>,
        class: String,
    },
    Host {
        member: Text<MemberId>,
        host: Text<MemberId>,
    },
    Office {
        circle: Option<Text<CircleId>>,
        title: String,
        holder: Option<SomeoneBody>,
        until_ms: Option<u64>,
    },
    Commission {
        name: String,
        powers: String,
        people: Vec<SomeoneBody>,
        until_ms: u64,
    },
    Charter {
        toml: String,
    },
    Rules {
        version: u64,
        from_height: u64,
    },
    ForceMajeure {
        times: u64,
        until_ms: u64,
    },
    Mediation {
        proposal: Text<ProposalId>,
        people: Vec<SomeoneBody>,
        until_ms: u64,
    },
    ServerPolicy {
        member: Text<MemberId>,
        server: String,
        policy: String,
    },
    Settlement {
        period: String,
        digest: Text<Hash>,
    },
    Root {
        member: Text<MemberId>,
        root: Text<PublicKey>,
        /// 128 hexadecimal digits.
        proof: String,
    },
}

/// An effect as the API writes and takes it.
#[must_use]
pub fn effect_json(effect: &Effect) -> serde_json::Value {
    serde_json::json!(EffectBody::from(effect))
}

fn fault(field: &'static str, message: impl Into<String>) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

fn people(people: Vec<SomeoneBody>) -> Result<Vec<Someone>, WebError> {
    let mut people: Vec<Someone> = people.into_iter().map(Someone::from).collect();
    people.sort_unstable();
    people.dedup();
    match people.is_empty() {
        true => Err(fault("people", "Name at least one person.")),
        false => Ok(people),
    }
}

impl EffectBody {
    /// The effect; an admission is completed from what the applicant signed.
    pub fn into_effect(self, core: &Core) -> Result<Effect, WebError> {
        Ok(match self {
            Self::Admission { root } => {
                let candidate = core.view().candidates.get(&root.0);
                let message = "Nobody applied with this root key, as far as this node knows.";
                let candidate = candidate.ok_or_else(|| fault("root", message))?;
                Effect::Admission(candidate.applicant.clone())
            }
            Self::Expulsion { member } => Effect::Expulsion { member: member.0 },
            Self::Class { member, class } => Effect::Class {
                member: member.0,
                class,
            },
            Self::Host { member, host } => Effect::Host {
                member: member.0,
                host: host.0,
            },
            Self::Office {
                circle,
                title,
                holder,
                until_ms,
            } => Effect::Office {
                circle: circle.map(|circle| circle.0),
                title,
                holder: holder.map(Someone::from),
                until: until_ms.map(Timestamp),
            },
            Self::Commission {
                name,
                powers,
                people: named,
                until_ms,
            } => Effect::Commission {
                name,
                powers,
                people: people(named)?,
                until: Timestamp(until_ms),
            },
            Self::Charter { toml } => {
                let charter = Charter::from_toml(&toml);
                let charter = charter.map_err(|error| fault("charter", format!("{error}.")))?;
                let charter = charter.to_bytes();
                Effect::Charter { charter }
            }
            Self::Rules {
                version,
                from_height,
            } => Effect::Rules {
                version,
                from_height,
            },
            Self::ForceMajeure { times, until_ms } => Effect::ForceMajeure {
                times,
                until: Timestamp(until_ms),
            },
            Self::Mediation {
                proposal,
                people: named,
                until_ms,
            } => Effect::Mediation {
                proposal: proposal.0,
                people: people(named)?,
                until: Timestamp(until_ms),
            },
            Self::ServerPolicy {
                member,
                server,
                policy,
            } => Effect::ServerPolicy {
                member: member.0,
                server,
                policy,
            },
            Self::Settlement { period, digest } => Effect::Settlement {
                period,
                digest: digest.0,
            },
            Self::Root {
                member,
                root,
                proof,
            } => {
                let mut bytes = [0; 64];
                let message = "Write the signature as 128 hexadecimal digits.";
                let decoded = hex::decode_to_slice(proof, &mut bytes);
                decoded.map_err(|_| fault("proof", message))?;
                Effect::Root {
                    member: member.0,
                    root: root.0,
                    proof: Signature(bytes),
                }
            }
        })
    }
}

impl From<&Effect> for EffectBody {
    fn from(effect: &Effect) -> Self {
        let all = |people: &[Someone]| people.iter().map(SomeoneBody::from).collect();
        match effect {
            Effect::Admission(applicant) => Self::Admission {
                root: Text(applicant.newcomer.root),
            },
            Effect::Expulsion { member } => Self::Expulsion {
                member: Text(*member),
            },
            Effect::Class { member, class } => Self::Class {
                member: Text(*member),
                class: class.clone(),
            },
            Effect::Host { member, host } => Self::Host {
                member: Text(*member),
                host: Text(*host),
            },
            Effect::Office {
                circle,
                title,
                holder,
                until,
            } => Self::Office {
                circle: circle.map(Text),
                title: title.clone(),
                holder: holder.as_ref().map(SomeoneBody::from),
                until_ms: until.map(|until| until.0),
            },
            Effect::Commission {
                name,
                powers,
                people,
                until,
            } => Self::Commission {
                name: name.clone(),
                powers: powers.clone(),
                people: all(people),
                until_ms: until.0,
            },
            Effect::Charter { charter } => Self::Charter {
                toml: Charter::decode(charter).map_or_else(|_| String::new(), |c| c.to_toml()),
            },
            Effect::Rules {
                version,
                from_height,
            } => Self::Rules {
                version: *version,
                from_height: *from_height,
            },
            Effect::ForceMajeure { times, until } => Self::ForceMajeure {
                times: *times,
                until_ms: until.0,
            },
            Effect::Mediation {
                proposal,
                people,
                until,
            } => Self::Mediation {
                proposal: Text(*proposal),
                people: all(people),
                until_ms: until.0,
            },
            Effect::ServerPolicy {
                member,
                server,
                policy,
            } => Self::ServerPolicy {
                member: Text(*member),
                server: server.clone(),
                policy: policy.clone(),
            },
            Effect::Settlement { period, digest } => Self::Settlement {
                period: period.clone(),
                digest: Text(*digest),
            },
            Effect::Root {
                member,
                root,
                proof,
            } => Self::Root {
                member: Text(*member),
                root: Text(*root),
                proof: hex::encode(proof.0),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        genesis::{Founder, Genesis},
        key::SecretKey,
    };
    use federation::Settings;

    use super::*;

    fn core() -> Core {
        let root = SecretKey::from_seed(&[1; 32]).public();
        let founder = Founder {
            root,
            name: "Alder".to_owned(),
            class: "producer".to_owned(),
        };
        let genesis = Genesis {
            name: "Trees".to_owned(),
            created: Timestamp(1_790_000_000_000),
            founders: vec![founder],
            charter: Charter::default().to_bytes(),
            nonce: [0; 32],
            requires: Vec::new(),
        };
        let (node, seed) = (root, [0; 32]);
        Core::new(genesis, Settings { node, seed }).unwrap()
    }

    #[test]
    fn what_the_api_writes_of_an_effect_it_takes_again() {
        let (member, person) = (MemberId([7; 32]), PersonId([8; 16]));
        let someone = Someone { member, person };
        let until = Timestamp(1_800_000_000_000);
        let effects = [
            Effect::Expulsion { member },
            Effect::Class {
                member,
                class: "consumer".to_owned(),
            },
            Effect::Host {
                member,
                host: member,
            },
            Effect::Office {
                circle: Some(CircleId([9; 16])),
                title: "coordinator".to_owned(),
                holder: Some(someone),
                until: Some(until),
            },
            Effect::Commission {
                name: "Executive".to_owned(),
                powers: "Sign contracts.".to_owned(),
                people: vec![someone],
                until,
            },
            Effect::Charter {
                charter: Charter::default().to_bytes(),
            },
            Effect::Rules {
                version: 2,
                from_height: 10,
            },
            Effect::ForceMajeure { times: 2, until },
            Effect::Mediation {
                proposal: domain::id::EntryId([1; 32]),
                people: vec![someone],
                until,
            },
            Effect::ServerPolicy {
                member,
                server: "bbb1".to_owned(),
                policy: "Schools first.".to_owned(),
            },
            Effect::Settlement {
                period: "2026-Q4".to_owned(),
                digest: Hash([2; 32]),
            },
            Effect::Root {
                member,
                root: PublicKey([3; 32]),
                proof: Signature([4; 64]),
            },
        ];
        let core = core();
        for effect in effects {
            let body: EffectBody = serde_json::from_value(effect_json(&effect)).unwrap();
            assert_eq!(body.into_effect(&core).unwrap(), effect);
        }
        let stray = serde_json::json!({ "type": "class", "member": member.to_string(), "rank": 1 });
        assert!(serde_json::from_value::<EffectBody>(stray).is_err());
    }
}
