//! The register as JSON.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::Response,
};
use domain::id::{MemberId, Timestamp};
use federation::{
    Core, Decision, RecoveryShown,
    finality::{Awaited, Closing, Finality, HeightTold, Open, Told, Vote, Witnessed},
};
use register::{
    declaration::Matter,
    phase::Question,
    recovery::{Base, State as Stand},
    registrar::Registrar,
};
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
    let now = site.now();
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
            "evidence": evidence(core),
            "waits": waits(core, now),
            "recovery": recovery(core, now),
        })
    }))
}

/// Who was caught signing two things, and where the proof is.
#[must_use]
pub fn evidence(core: &Core) -> Vec<Value> {
    let all = core.evidence();
    let listed = all.iter().map(|shown| {
        json!({
            "hash": shown.hash.to_string(),
            "member": shown.member.to_string(),
            "name": core.view().member_name(&shown.member),
            "key": shown.key.to_string(),
            "signed": shown.word,
            "phase": shown.phase.map(|phase| phase.to_string()),
            "seen_ms": shown.seen.0,
            "path": format!("/register/evidence/{}.json", shown.hash),
        })
    });
    listed.collect()
}

fn member(core: &Core, id: &MemberId) -> Value {
    json!({ "member": id.to_string(), "name": core.view().member_name(id) })
}

/// For whom the register waits.
fn waits(core: &Core, now: Timestamp) -> Vec<Value> {
    let waiting = core.waiting(now).into_iter().map(|one| {
        let members = one.members.iter().map(|id| member(core, id));
        let mut json = json!({
            "since_ms": one.since.0,
            "members": members.collect::<Vec<_>>(),
        });
        match one.what {
            Awaited::Closing(vote) => json["closing"] = of_vote(vote),
            Awaited::Height { height, round } => {
                json["height"] = json!(height);
                json["round"] = json!(round);
            }
        }
        json
    });
    waiting.collect()
}

/// Who could recover the register, and which recoveries are known.
fn recovery(core: &Core, now: Timestamp) -> Value {
    let Some(base) = core.register_chain().map(Base::of) else {
        return Value::Null;
    };
    let organisations = base.organisations.values().map(|id| member(core, id));
    let validators = base.validators.iter().map(|(_, one)| {
        let mut json = member(core, &one.member);
        json["signed_last_ms"] = json!(core.last_signed(&one.key).map(|time| time.0));
        json
    });
    let known = core.recoveries(now);
    json!({
        "epoch": base.epoch,
        "bearable": base.validators.sizes().faulty(),
        "needed": base.needed(),
        "notice_seconds": base.notice_ms / 1_000,
        "organisations": organisations.collect::<Vec<_>>(),
        "validators": validators.collect::<Vec<_>>(),
        "known": known.iter().map(|one| of_recovery(core, one)).collect::<Vec<_>>(),
    })
}

fn of_recovery(core: &Core, one: &RecoveryShown) -> Value {
    let members =
        |those: &[MemberId]| -> Vec<Value> { those.iter().map(|id| member(core, id)).collect() };
    let mut json = json!({
        "hash": one.hash.to_string(),
        "epoch": one.recovery.epoch,
        "height": one.recovery.height,
        "announced_first_ms": one.recovery.time.0,
        "gone": members(&one.recovery.gone),
        "needed": one.needed,
        "announced": members(&one.announced),
        "objected": members(&one.objected),
        "confirmed": members(&one.confirmed),
        "followed": one.is_followed,
        "in_force_since_ms": one.since.map(|time| time.0),
        "state": one.state.as_ref().map_or("refused", Stand::word),
    });
    match &one.state {
        Err(error) => json["why"] = json!(error.to_string()),
        Ok(Stand::Notice { until }) => json["until_ms"] = json!(until.0),
        Ok(Stand::Confirming { since, .. }) => json["since_ms"] = json!(since.0),
        Ok(
            Stand::Stopped { member: id, time }
            | Stand::Disputed {
                member: id, time, ..
            },
        ) => {
            json["reappeared"] = member(core, id);
            json["reappeared_ms"] = json!(time.0);
        }
        Ok(_) => {}
    }
    json
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
    let recoveries = core.annals().recoveries().iter();
    let recoveries = recoveries.filter(|one| one.height() == height.height);
    let recovered = recoveries.map(|one| {
        let recovered = one.recovered();
        let gone = recovered.recovery.gone.iter();
        json!({
            "happened": "recovered",
            "epoch": recovered.recovery.epoch,
            "gone": gone.map(|id| member(core, id)).collect::<Vec<_>>(),
            "in_force_since_ms": recovered.since().map(|time| time.0),
        })
    });
    json!({
        "height": height.height,
        "hash": height.hash.to_string(),
        "time_ms": height.time.0,
        "told": told.chain(recovered).collect::<Vec<_>>(),
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
            "waits_for": ids(closing.awaited()),
            "seals": closing.seals,
            "seals_needed": closing.needed,
            "round": closing.round,
            "height": closing.height,
            "again_from_ms": closing.again_from.map(|time| time.0),
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
