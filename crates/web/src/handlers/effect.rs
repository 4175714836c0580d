//! What proposals do to the federation itself: shown, and read from forms.

use domain::{
    charter::{Charter, diff},
    decision::Verdict,
    effect::{Effect, Someone},
    id::{MemberId, Timestamp},
    record::Roles,
};
use federation::{Core, State as Stand};

use super::{action::day_field, federation::class_name, views};
use crate::{
    effects::{EffectBody, SomeoneBody, Text},
    error::{FieldFault, WebError},
    fields::Fields,
    pages::{
        effect::{Choices, SORTS, What},
        parts::Name,
    },
};

/// The most people that are offered.
const PEOPLE_MAX: usize = 500;

fn fault(field: &'static str, message: &str) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

/// What a version does, compared with the charter it was or would be voted on under; persons' names
/// are for members only.
pub(crate) fn what(core: &Core, effect: &Effect, charter: &Charter, is_public: bool) -> What {
    let someone = |who: &Someone| {
        let person = core.view().person_name(&who.member, &who.person);
        let person = person.filter(|_| !is_public).map(str::to_owned);
        (person, views::member(core, &who.member))
    };
    match effect {
        Effect::Admission(applicant) => What::Admission {
            name: applicant.newcomer.name.clone(),
            class: class_name(core, &applicant.newcomer.class),
            root_key: applicant.newcomer.root.to_string(),
            request: applicant.request.clone(),
            contribution: applicant.contribution.clone(),
            terms: applicant.terms.to_string(),
        },
        Effect::Expulsion { member } => What::Expulsion(views::member(core, member)),
        Effect::Class { member, class } => {
            What::Class(views::member(core, member), class_name(core, class))
        }
        Effect::Host { member, host } => {
            let other = Some(host).filter(|host| *host != member);
            let other = other.map(|host| views::member(core, host));
            What::Host(views::member(core, member), other)
        }
        Effect::Office {
            circle,
            title,
            holder,
            until,
        } => What::Office {
            title: title.clone(),
            circle: circle.map(|circle| views::circle(core, &circle)),
            holder: holder.as_ref().map(someone),
            until: *until,
        },
        Effect::Commission {
            name,
            powers,
            people,
            until,
        } => What::Commission {
            name: name.clone(),
            powers: powers.clone(),
            people: people.iter().map(someone).collect(),
            until: *until,
        },
        Effect::Charter { charter: other } => What::Charter(charter_changes(charter, other)),
        Effect::Rules {
            version,
            from_height,
        } => What::Rules(*version, *from_height),
        Effect::ForceMajeure { times, until } => What::ForceMajeure(*times, *until),
        Effect::Mediation {
            proposal,
            people,
            until,
        } => {
            let known = core.view().proposals.get(proposal);
            let title = known.and_then(|known| known.current());
            let title = title.map_or_else(|| proposal.short(), |version| version.title.clone());
            What::Mediation {
                proposal: Name::new(proposal.to_string(), title),
                people: people.iter().map(someone).collect(),
                until: *until,
            }
        }
        Effect::ServerPolicy {
            member,
            server,
            policy,
        } => What::ServerPolicy {
            member: views::member(core, member),
            server: server.clone(),
            policy: policy.clone(),
        },
        Effect::Settlement { period, digest } => {
            What::Settlement(period.clone(), digest.to_string())
        }
        Effect::Root { member, .. } => What::Root(views::member(core, member)),
    }
}

/// What another charter changes in one.
pub(crate) fn charter_changes(
    ours: &Charter,
    other: &[u8],
) -> Vec<(String, Option<String>, Option<String>)> {
    let Ok(other) = Charter::decode(other) else {
        return Vec::new();
    };
    let words = |value: Option<domain::charter::Value>| value.map(|value| value.to_string());
    let changes = diff(ours, &other).into_iter();
    changes
        .map(|change| (change.key, words(change.before), words(change.after)))
        .collect()
}

/// What a form about one of [`SORTS`] offers.
pub(crate) fn choices(core: &Core, does: &str, of: &str, now: Timestamp) -> Choices {
    if !SORTS.contains(&does) || core.order().is_none() {
        return Choices::default();
    }
    let view = core.view();
    let members = view.members.values();
    let mut members: Vec<Name> = members
        .map(|member| views::member(core, &member.id))
        .collect();
    members.sort_by_key(|member| member.name.to_lowercase());
    let candidates = view.candidates.values();
    let candidates = candidates
        .filter(|one| !view.members.contains_key(&one.applicant.member()))
        .map(|one| {
            let newcomer = &one.applicant.newcomer;
            Name::new(newcomer.root.to_string(), newcomer.name.clone())
        });
    let classes = core.charter().terms().classes.iter();
    let circles = view.circles.values().filter(|circle| !circle.record.ended);
    let blocked = |(id, _): (&domain::id::ProposalId, _)| {
        let decision = core.decision(id, now)?;
        let is_blocked = matches!(
            decision.state,
            Stand::Integration(_) | Stand::Closed(Verdict::Blocked)
        );
        is_blocked.then(|| Name::new(id.to_string(), decision.version.title.clone()))
    };
    let blocked = match does {
        "mediation" => view.proposals.iter().filter_map(blocked).collect(),
        _ => Vec::new(),
    };
    Choices {
        does: does.to_owned(),
        of: of.to_owned(),
        candidates: candidates.collect(),
        members,
        classes: classes
            .map(|class| Name::new(class.id.as_str(), class.name.clone()))
            .collect(),
        circles: circles
            .map(|circle| views::circle(core, &circle.id))
            .collect(),
        people: people(core),
        blocked,
        charter: core.charter().to_toml(),
    }
}

fn people(core: &Core) -> Vec<Name> {
    let view = core.view();
    let acts = view.persons.iter().filter(|((member, person), _)| {
        let has_role = view.roles_of(member, person) != Roles::none();
        view.members.contains_key(member) && (has_role || view.is_delegate(member, person))
    });
    let mut people: Vec<Name> = acts
        .filter_map(|((member, person), known)| {
            let label = format!("{} ({})", known.name.as_ref()?, view.member_name(member));
            Some(Name::new(format!("{member}:{person}"), label))
        })
        .take(PEOPLE_MAX)
        .collect();
    people.sort_by_key(|one| one.name.to_lowercase());
    people
}

fn someone(field: &'static str, text: &str) -> Result<SomeoneBody, WebError> {
    let parts = text.split_once(':').and_then(|(member, person)| {
        Some(SomeoneBody {
            member: Text(member.parse().ok()?),
            person: Text(person.parse().ok()?),
        })
    });
    parts.ok_or_else(|| fault(field, "Choose a person of the list."))
}

/// What a form says that a proposal does.
pub(crate) fn body_of(fields: &Fields, zone: &str) -> Result<Option<EffectBody>, WebError> {
    let chosen = |field: &'static str| -> Result<Text<MemberId>, WebError> {
        fields
            .parsed(field, "Choose a member of the list.")
            .map(Text)
    };
    let until = |field: &'static str| -> Result<u64, WebError> {
        let day = day_field(fields, field, zone)?;
        let day = day.ok_or_else(|| fault(field, "Choose the last day."))?;
        Ok(day.0)
    };
    let named = || -> Result<Vec<SomeoneBody>, WebError> {
        let people = fields.all("effect_people");
        people.map(|text| someone("effect_people", text)).collect()
    };
    let text = |field: &str| fields.get(field).to_owned();
    Ok(Some(match fields.get("does") {
        "admission" => EffectBody::Admission {
            root: Text(fields.parsed("effect_root", "Choose who applied.")?),
        },
        "expulsion" => EffectBody::Expulsion {
            member: chosen("effect_member")?,
        },
        "class" => EffectBody::Class {
            member: chosen("effect_member")?,
            class: text("effect_class"),
        },
        "host" => EffectBody::Host {
            member: chosen("effect_member")?,
            host: chosen("effect_host")?,
        },
        "office" => EffectBody::Office {
            circle: match fields.optional("effect_circle") {
                Some(_) => Some(Text(
                    fields.parsed("effect_circle", "Choose a circle of the list.")?,
                )),
                None => None,
            },
            title: text("effect_title"),
            holder: match fields.optional("effect_holder") {
                Some(holder) => Some(someone("effect_holder", holder)?),
                None => None,
            },
            until_ms: day_field(fields, "effect_until", zone)?.map(|until| until.0),
        },
        "commission" => EffectBody::Commission {
            name: text("effect_name"),
            powers: text("effect_powers"),
            people: named()?,
            until_ms: until("effect_until")?,
        },
        "charter" => EffectBody::Charter {
            toml: text("charter"),
        },
        "force-majeure" => EffectBody::ForceMajeure {
            times: fields.parsed("effect_times", "Write a whole number from 2 to 10.")?,
            until_ms: until("effect_until")?,
        },
        "mediation" => EffectBody::Mediation {
            proposal: Text(fields.parsed("effect_proposal", "Choose a proposal of the list.")?),
            people: named()?,
            until_ms: until("effect_until")?,
        },
        "server-policy" => EffectBody::ServerPolicy {
            member: chosen("effect_member")?,
            server: text("effect_server"),
            policy: text("effect_policy"),
        },
        _ => return Ok(None),
    }))
}

/// The form of a next version can say another charter; whatever else it does stays.
pub(crate) fn of_version(core: &Core, version: &replica::view::Version, now: Timestamp) -> Choices {
    match &version.effect {
        Some(Effect::Charter { charter }) => Choices {
            charter: Charter::decode(charter).map_or_else(|_| String::new(), |one| one.to_toml()),
            ..choices(core, "charter", "", now)
        },
        _ => Choices::default(),
    }
}
