//! The register as JSON.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::Response,
};
use domain::id::{MemberId, Timestamp};
use federation::{
    Core, Decision,
    finality::{Closing, Finality, HeightTold, Open, Told, Vote, Witnessed},
};
use register::{declaration::Matter, phase::Question, registrar::Registrar};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    decisions,
    error::WebError,
    handlers::{
        decision::{effect_of, file_path},
        register::{download, final_opening},
    },
    heights,
    site::Site,
};

/// How many heights one answer has.
const PAGE: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Paged {
    #[serde(default)]
    page: usize,
}

/// `GET /api/register?page=`
pub(crate) async fn show(
    State(site): State<Site>,
    Caller(_): Caller,
    Query(paged): Query<Paged>,
) -> Json<Value> {
    let before = (paged.page.max(1) - 1).saturating_mul(PAGE);
    Json(site.node.read(|core| {
        let begun = core.register_chain().map(|chain| {
            let validators = chain.validators().iter().map(|(_, one)| {
                let sealed = core.annals().last_sealed(&one.member);
                json!({
                    "member": one.member.to_string(),
                    "name": core.view().member_name(&one.member),
                    "key": one.key.to_string(),
                    "last_sealed_height": sealed.map(|(height, _)| height),
                    "last_sealed_ms": sealed.map(|(_, time)| time.0),
                })
            });
            let heights = core.annals().heights().values().rev();
            let shown = heights.clone().skip(before).take(PAGE);
            json!({
                "height": chain.height(),
                "last": chain.last().to_string(),
                "state": chain.state().to_string(),
                "open": chain.phases().len(),
                "round": core.registrar().and_then(Registrar::round),
                "faulty": chain.validators().sizes().faulty(),
                "validators": validators.collect::<Vec<_>>(),
                "heights": shown.map(|told| of_height(core, told)).collect::<Vec<_>>(),
                "more": heights.len() > before.saturating_add(PAGE),
            })
        });
        let caught = core.caught().iter().map(|(hash, caught)| {
            json!({
                "hash": hash.to_string(),
                "member": caught.member.to_string(),
                "name": core.view().member_name(&caught.member),
                "signed": caught.word(),
                "phase": caught.phase().map(|phase| phase.to_string()),
                "seen_ms": caught.seen.0,
                "path": format!("/register/evidence/{hash}.json"),
            })
        });
        json!({
            "register": begun,
            "trouble": core.register_trouble(),
            "rules": core.register_chain().map(|chain| {
                let rules = chain.order().rules();
                json!({
                    "version": rules.version,
                    "from_height": rules.from_height,
                    "known": chain.rules_unknown().is_none(),
                })
            }),
            "beginnings": core.beginnings().count(),
            "evidence": caught.collect::<Vec<_>>(),
        })
    }))
}

/// `GET /api/register/{height}`
pub(crate) async fn height(
    State(site): State<Site>,
    Caller(_): Caller,
    Path(height): Path<u64>,
) -> Result<Json<Value>, WebError> {
    let missing = || WebError::NotFound { what: "height" };
    let told = site
        .node
        .read(|core| Some(of_height(core, core.annals().heights().get(&height)?)));
    let mut json = told.ok_or_else(missing)?;
    let header = heights::read(&site, height).await?.batch.header;
    let signed = heights::signed(&site, height).await?;
    json["epoch"] = json!(header.epoch);
    json["previous"] = json!(header.previous.to_string());
    json["validators"] = json!(header.validators.to_string());
    json["items"] = json!(header.items.to_string());
    json["next_validators"] = json!(header.next_validators.to_string());
    json["state"] = json!(header.state.to_string());
    json["signed"] = json!(signed.iter().map(MemberId::to_string).collect::<Vec<_>>());
    Ok(Json(json))
}

/// `GET /api/decisions/{id}/file`: the file that proves how it was decided.
pub(crate) async fn file(
    State(site): State<Site>,
    Caller(_): Caller,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = decisions::parse_id(&site, &id)?;
    let open = || WebError::Conflict {
        code: "not-final",
        message: "This decision is not final, so there is no file that proves it.".to_owned(),
    };
    let (height, opening) = final_opening(&site, &id).ok_or_else(open)?;
    let file = heights::decision_file(&site, opening).await?;
    let name = format!("decision-{height}-{}.json", opening.short());
    Ok(download(&name, file.to_string()))
}

fn of_vote(vote: &Vote) -> Value {
    json!({
        "opening": vote.opening.to_string(),
        "proposal": vote.proposal.to_string(),
        "proposer": vote.proposer.to_string(),
        "title": vote.title,
        "rule": vote.rule.as_str(),
    })
}

fn of_height(core: &Core, height: &HeightTold) -> Value {
    let told = height.told.iter().filter_map(|told| match told {
        Told::Vote { opening, turn } => {
            let vote = core.annals().vote(opening)?;
            let ended = vote.ended.as_ref();
            let ended = ended.filter(|ended| ended.height == height.height);
            let mut json = of_vote(vote);
            json["happened"] = json!(turn.word());
            json["effect"] = effect(ended.and_then(|ended| effect_of(vote, ended)));
            json["path"] = json!(ended.map(|ended| file_path(vote, ended)));
            Some(json)
        }
        Told::Declared { member, matter } => Some(json!({
            "happened": "declared",
            "member": member.to_string(),
            "matter": match matter {
                Matter::Validator { .. } => "validator",
                Matter::NoValidator => "no-validator",
                Matter::Leave => "leave",
                Matter::Objection { .. } => "objection",
            },
        })),
    });
    json!({
        "height": height.height,
        "hash": height.hash.to_string(),
        "time_ms": height.time.0,
        "told": told.collect::<Vec<_>>(),
    })
}

fn effect(effect: Option<(&'static str, Option<String>)>) -> Value {
    json!(effect.map(|(word, failed)| json!({
        "word": word, "done": failed.is_none(), "why_not": failed,
    })))
}

/// How far a ballot is.
pub(super) fn of_ballot(witnessed: Option<Witnessed>) -> Value {
    json!(witnessed.map(|one| json!({
        "receipts": one.receipts,
        "receipts_needed": one.receipts_needed,
        "holds": one.holds,
        "holds_needed": one.holds_needed,
        "validators": one.validators,
        "secured": one.is_secured(),
    })))
}

/// How final a decision is.
pub(super) fn finality(core: &Core, decision: &Decision<'_>, now: Timestamp) -> Value {
    match core.finality(decision) {
        Finality::NotOpened => json!({ "stage": "not-opened" }),
        Finality::NoRegister => json!({ "stage": "no-register" }),
        Finality::Before => json!({ "stage": "before-register" }),
        Finality::Awaited => json!({ "stage": "awaited" }),
        Finality::Open(open) => of_open(&open, now),
        Finality::Final(vote, ended) => json!({
            "stage": "final",
            "opening": vote.opening.to_string(),
            "height": ended.height,
            "time_ms": ended.time.0,
            "ending": ended.ending.word(),
            "effect": effect(effect_of(vote, ended)),
            "path": file_path(vote, ended),
        }),
    }
}

fn of_open(open: &Open<'_>, now: Timestamp) -> Value {
    let (phase, closing) = (open.phase(), open.closing(now));
    let stage = match (&closing, phase.question) {
        (Some(_), _) => "counting",
        (None, Question::Answer) => "integration",
        (None, _) => "voting",
    };
    let ids =
        |members: &[MemberId]| -> Vec<String> { members.iter().map(MemberId::to_string).collect() };
    let waits = |closing: Closing| {
        json!({
            "manifests_from_ms": closing.manifests_from.0,
            "seals_from_ms": closing.seals_from.0,
            "without_manifest": ids(&closing.without_manifest),
            "without_seal": ids(&closing.without_seal),
            "seals": closing.seals,
            "seals_needed": closing.needed,
            "round": closing.round,
            "height": closing.height,
        })
    };
    json!({
        "stage": stage,
        "opening": open.vote.opening.to_string(),
        "phase": phase.id.to_string(),
        "deadline_ms": phase.deadline.0,
        "validators": phase.validators.sizes().all(),
        "seen": open.is_seen(),
        "closing": closing.map(waits),
    })
}
