//! Decisions as JSON.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use domain::id::{MemberId, PersonId, ProposalId, Timestamp};
use federation::{Core, Decision, Phase, State as Stand, finality::Finality};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    decisions::{self, Show},
    effects::EffectBody,
    error::{FieldFault, WebError},
    site::Site,
    standpoint::Standpoint,
    texts::Texts,
};

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    show: String,
}

/// `GET /api/decisions?show=all|needs|open|voting|deliberation|blocked|review|closed`
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(actor): Caller,
    Query(which): Query<Which>,
) -> Result<Json<Value>, WebError> {
    let show = Show::from_word(&which.show).ok_or_else(|| {
        let message = "Write all, needs, open, voting, deliberation, blocked, review or closed.";
        WebError::Form(vec![FieldFault::new("show", message)])
    })?;
    let now = site.now();
    Ok(Json(actor.read(&site, |core| {
        let shown = decisions::all(core, now);
        let shown = shown
            .iter()
            .filter(|decision| show.includes(core, decision));
        let shown: Vec<Value> = shown.map(|decision| brief(core, decision, now)).collect();
        json!({ "decisions": shown })
    })))
}

/// `GET /api/decisions/{id}`
pub(crate) async fn one(
    State(site): State<Site>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    full(&site, id, actor.hosted()).await.map(Json)
}

/// Everything about one decision, for the people of a hosted member or of this node's own.
pub(crate) async fn full(
    site: &Site,
    id: ProposalId,
    hosted: Option<MemberId>,
) -> Result<Value, WebError> {
    let now = site.now();
    let missing = || WebError::NotFound { what: "decision" };
    let needs = site
        .node
        .read(|core| core.settled(&id, now).map(|d| decisions::needs(&d)));
    let needs = needs.ok_or_else(missing)?;
    let texts = Texts::load(&site.node, needs.notes, needs.versions).await?;
    let found = site.node.read_as(hosted, |core| {
        core.settled(&id, now).map(|decision| {
            let mut json = brief(core, &decision, now);
            complete(core, &decision, &texts, &mut json);
            json
        })
    });
    found.ok_or_else(missing)
}

/// What a list shows of a decision.
fn brief(core: &Standpoint<'_>, decision: &Decision<'_>, now: Timestamp) -> Value {
    let view = core.view();
    let first = decision.first;
    let phase = decision.phase.as_ref();
    json!({
        "id": decision.id.to_string(),
        "title": decision.version.title,
        "state": match core.finality(decision) {
            Finality::Final(_, ended) => ended.ending.word(),
            _ => decision.state.as_str(),
        },
        "provisional": !matches!(core.finality(decision), Finality::Final(..))
            && matches!(
                decision.state,
                Stand::Closed(_) | Stand::Voting | Stand::Integration(_)
            ),
        "finality": super::register::finality(core, decision, now),
        "version": decision.version.number,
        "version_hash": decision.version.hash.to_string(),
        "effect": decision.version.effect.as_ref().map(EffectBody::from),
        "proposer": { "member": first.member.to_string(), "name": view.member_name(&first.member) },
        "rule": first.rule,
        "urgent": first.urgent,
        "circle": first.circle.map(|circle| circle.to_string()),
        "language": first.language,
        "proposed_ms": first.time.0,
        "opened_ms": phase.map(|phase| phase.opening.time.0),
        "deadline_ms": phase.map(|phase| phase.deadline.0),
        "integration_until_ms": match decision.state {
            Stand::Integration(until) => Some(until.0),
            _ => None,
        },
        "review_ms": decisions::review_of(core, decision).map(|date| date.0),
        "cast": phase.map(|phase| phase.outcome.figures.cast),
        "eligible": phase.map(|phase| phase.outcome.figures.eligible),
        "needs_our_vote": decisions::needs_vote(core, decision),
    })
}

fn complete(core: &Core, decision: &Decision<'_>, texts: &Texts, json: &mut Value) {
    let view = core.view();
    let versions: Vec<Value> = decision
        .proposal
        .versions()
        .iter()
        .map(|version| {
            json!({
                "number": version.number,
                "entry": version.entry.to_string(),
                "title": version.title,
                "hash": version.hash.to_string(),
                "time_ms": version.time.0,
                "what_changed": texts.note(&version.entry).text(),
            })
        })
        .collect();
    let comments: Vec<Value> = decision
        .proposal
        .comments()
        .map(|comment| {
            json!({
                "id": comment.entry.to_string(),
                "answers": comment.answers.map(|id| id.to_string()),
                "member": comment.member.to_string(),
                "name": view.member_name(&comment.member),
                "person": view.person_of(&comment.by).and_then(|p| view.person_name(&comment.member, &p)),
                "time_ms": comment.time.0,
                "text": texts.note(&comment.entry).text(),
            })
        })
        .collect();
    json["aims"] = json!(core.charter().terms().aims);
    json["text"] = json!(texts.text(&decision.version.entry));
    json["versions"] = json!(versions);
    json["comments"] = json!(comments);
    json["mediation"] = mediation(core, decision, texts);
    json["withdrawal"] = json!(decision.proposal.withdrawal().map(|withdrawal| json!({
        "time_ms": withdrawal.time.0,
        "reason": texts.note(&withdrawal.entry).text(),
    })));
    json["phase"] = json!(decision.phase.as_ref().map(|phase| of_phase(
        core,
        phase,
        texts,
        core.finality(decision)
    )));
    let earlier: Vec<Value> = decision
        .earlier
        .iter()
        .map(|phase| of_phase(core, phase, texts, Finality::NotOpened))
        .collect();
    json["earlier_phases"] = json!(earlier);
    let invalid: Vec<Value> = decision
        .invalid
        .iter()
        .map(|(opening, fault)| json!({ "id": opening.id.to_string(), "why": fault.to_string() }))
        .collect();
    json["invalid_openings"] = json!(invalid);
}

/// Who mediates in the conflict about it, and what they report.
fn mediation(core: &Core, decision: &Decision<'_>, texts: &Texts) -> Value {
    let Some(mediation) = core.mediation(&decision.id) else {
        return Value::Null;
    };
    let view = core.view();
    let someone = |member: &MemberId, person: &PersonId| {
        json!({
            "member": member.to_string(),
            "name": view.member_name(member),
            "person": person.to_string(),
            "person_name": view.person_name(member, person),
        })
    };
    let people = mediation.people.iter();
    let people: Vec<Value> = people
        .map(|one| someone(&one.member, &one.person))
        .collect();
    let report = core.report(&decision.id).map(|report| {
        json!({
            "id": report.entry.to_string(),
            "by": someone(&report.member, &report.person),
            "time_ms": report.time.0,
            "recommends_vote": report.recommends_vote,
            "text": texts.note(&report.entry).text(),
        })
    });
    json!({ "people": people, "until_ms": mediation.until.0, "report": report })
}

fn of_phase(core: &Core, phase: &Phase<'_>, texts: &Texts, finality: Finality<'_>) -> Value {
    let view = core.view();
    let outcome = &phase.outcome;
    let conditions: Vec<Value> = outcome
        .conditions
        .iter()
        .map(|condition| {
            json!({
                "name": condition.name.as_str(),
                "class": condition.class.as_ref().map(|class| class.as_str()),
                "whole": condition.whole.map(|whole| u64::try_from(whole).unwrap_or(u64::MAX)),
                "figure": u64::try_from(condition.figure).unwrap_or(u64::MAX),
                "relation": condition.relation.as_str(),
                "bound": u64::try_from(condition.bound).unwrap_or(u64::MAX),
                "met": condition.is_met(),
            })
        })
        .collect();
    let electorate: Vec<Value> = phase
        .electorate
        .iter()
        .map(|(member, class)| {
            let counted = phase.count.counted.get(member);
            json!({
                "member": member.to_string(),
                "name": view.member_name(member),
                "class": class.as_str(),
                "choice": counted.map(|counted| counted.choice.as_str()),
            })
        })
        .collect();
    let ballots: Vec<Value> = phase
        .ballots
        .iter()
        .map(|(id, seen)| {
            let left_out = phase.count.left_out.get(id).map(|left| left.why.as_str());
            let counted = phase.count.counted.get(&seen.member);
            json!({
                "id": id.to_string(),
                "member": seen.member.to_string(),
                "name": view.member_name(&seen.member),
                "choice": seen.record.choice.as_str(),
                "aim": seen.record.aim.map(|aim| aim + 1),
                "reason": texts.note(id).text(),
                "mandate": seen.mandate,
                "revision": seen.record.revision,
                "version_hash": seen.record.version.to_string(),
                "time_ms": seen.time.0,
                "received_ms": seen.received.0,
                "late": seen.late,
                "counts": left_out.is_none(),
                "why_not": left_out,
                "witnessed": super::register::of_ballot(match finality {
                    Finality::Open(open) => open.witnessed(id),
                    _ => None,
                }),
                "in_conflict": counted.is_some_and(|counted| !counted.conflicting.is_empty()),
                "delegate": view.person_of(&seen.by).and_then(|p| view.person_name(&seen.member, &p)),
            })
        })
        .collect();
    let figures = &outcome.figures;
    let strengths: BTreeMap<&str, u64> = outcome
        .strengths
        .iter()
        .map(|(class, strength)| (class.as_str(), *strength))
        .collect();
    json!({
        "id": phase.opening.id.to_string(),
        "version": phase.version.number,
        "version_hash": phase.version.hash.to_string(),
        "rule": phase.rule.as_str(),
        "opened_ms": phase.opening.time.0,
        "deadline_ms": phase.deadline.0,
        "fallback": phase.fallback,
        "extensions": phase.extensions.iter().map(|extension| json!({
            "cause": extension.cause.as_str(),
            "from_ms": extension.from.0,
            "to_ms": extension.to.0,
        })).collect::<Vec<_>>(),
        "strengths": strengths,
        "silent_classes": outcome.silent.iter().map(|class| class.as_str()).collect::<Vec<_>>(),
        "blocking_classes":
            outcome.blocking_classes.iter().map(|class| class.as_str()).collect::<Vec<_>>(),
        "decided_by_one_class": outcome.is_decided_by_one_class,
        "verdict": outcome.verdict.as_str(),
        "explanation": outcome.explain(),
        "weakly_supported": outcome.is_weakly_supported,
        "quorum": [outcome.quorum.numerator(), outcome.quorum.denominator()],
        "conditions": conditions,
        "figures": {
            "eligible": figures.eligible, "cast": figures.cast, "agree": figures.agree,
            "abstain": figures.abstain, "stand_aside": figures.stand_aside,
            "block": figures.block, "disagree": figures.disagree, "against": figures.against,
        },
        "electorate": electorate,
        "ballots": ballots,
    })
}
