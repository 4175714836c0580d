//! What there is, as JSON.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{
    id::{EntryId, MemberId},
    record::{Custody, Purpose, Roles},
};
use federation::Core;
use serde_json::{Value, json};

use crate::{
    auth::Caller, decisions, error::WebError, leaving, node::DiskTrouble, site::Site, texts::Texts,
};

/// Whether the node works, and what keeps it from signing if something does.
fn readiness(core: &Core) -> (bool, Option<&'static str>) {
    if leaving::own_departed(core).is_some() {
        // It shows what it has, which is all that it is for.
        return (
            true,
            Some("its co-op is a member no more: it signs nothing"),
        );
    }
    let why = if !core.is_caught_up() {
        Some("it has not compared its logs with another node since it stopped without warning")
    } else if core.clock_trouble().is_some() {
        Some("its clock is too far off its peers'")
    } else {
        None
    };
    (why.is_none(), why)
}

/// `GET /health`: 200 when the node can act, 503 when it cannot.
pub(crate) async fn health(State(site): State<Site>) -> (StatusCode, Json<Value>) {
    // The store is asked for nothing, which it answers only if it works.
    let store = site.node.library.entries(&[]).await.is_ok();
    let is_running = !site.node.requests.is_closed();
    let ((ready, why), peers, entries) = site
        .node
        .read(|core| (readiness(core), core.peers().len(), core.replica().len()));
    let trouble = site.node.library.trouble();
    // Little room keeps nobody from acting: it is said, and people are still sent here.
    let ready = ready && trouble.is_none_or(DiskTrouble::may_act);
    let worse = trouble.filter(|trouble| !trouble.may_act());
    let why = worse
        .map(DiskTrouble::words)
        .or(why)
        .or(trouble.map(DiskTrouble::words));
    let ready = ready && store && is_running;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let store = if store { "ok" } else { "failing" };
    let body = json!({
        "ready": ready, "why": why, "peers": peers, "store": store, "entries": entries,
    });
    (status, Json(body))
}

fn node_status(site: &Site) -> Value {
    let now = site.now();
    site.node.read(|core| {
        let view = core.view();
        let member = core.member();
        let (ready, why) = readiness(core);
        let peers: Vec<Value> = core
            .peers()
            .iter()
            .map(|peer| {
                json!({
                    "node": peer.key.to_string(),
                    "member": view.member_of(&peer.key).map(|id| id.to_string()),
                    "name": view.member_of(&peer.key).map(|id| view.member_name(&id)),
                    "since_ms": peer.since.0,
                    "heard_ms": peer.heard.0,
                    "clock_ahead_ms": peer.clock_ahead_ms,
                    "to_send": peer.to_send,
                    "to_come": peer.to_come,
                    "compared": peer.compared,
                })
            })
            .collect();
        json!({
            "release": env!("CARGO_PKG_VERSION"),
            "now_ms": now.0,
            "federation": { "id": core.federation().to_string(), "name": core.genesis().name },
            "founded": view.is_founded(core.genesis()),
            "member": member.map(|id| id.to_string()),
            "name": member.map(|id| view.member_name(&id)),
            "departed": leaving::own_departed(core),
            "node": core.node().to_string(),
            "ready": ready,
            "why": why,
            "caught_up": core.is_caught_up(),
            "clock_off_seconds": core.clock_trouble(),
            "nodes": core.roster().len() + 1,
            "needs_our_vote": decisions::waiting(core, now),
            "entries": core.replica().len(),
            "held_entries": core.replica().pending_len(),
            "held_back": core.held_back().iter()
                .map(|(member, count)| (member.to_string(), json!(count)))
                .collect::<serde_json::Map<_, _>>(),
            "missing_chunks": core.missing_chunks(),
            "peers": peers,
        })
    })
}

/// `GET /api/status`
pub(crate) async fn status(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let roles = crate::acts::roles(&site, &actor);
    let now = site.now();
    let waiting = actor.read(&site, |core| decisions::waiting_for(core, now));
    let mut status = node_status(&site);
    status["you"] = json!({
        "person": actor.person().to_string(),
        "name": actor.account.name,
        "key": actor.account.key.to_string(),
        "member": actor.member(&site).map(|id| id.to_string()),
        "roles": roles.words(),
        "needs_our_vote": if roles.has(Roles::DELEGATE) { waiting } else { 0 },
    });
    Ok(Json(status))
}

/// `GET /api/members`
pub(crate) async fn members(
    State(site): State<Site>,
    Caller(_): Caller,
) -> Result<Json<Value>, WebError> {
    Ok(Json(site.node.read(|core| {
        let view = core.view();
        let held = view.votes_held();
        let member = |member: &replica::view::Member| {
            let delegates = member.mandate.iter().flat_map(|mandate| &mandate.delegates);
            let delegates: Vec<Value> = delegates
                .map(|delegate| {
                    json!({
                        "key": delegate.key.to_string(),
                        "person": delegate.person.to_string(),
                        "name": view.person_name(&member.id, &delegate.person),
                    })
                })
                .collect();
            let profile = member.profile.as_ref();
            json!({
                "id": member.id.to_string(),
                "name": member.name,
                "class": member.class,
                "founder": member.founder,
                "since_ms": member.since.0,
                "root": member.root.to_string(),
                "region": profile.map(|profile| &profile.region),
                "description": profile.map(|profile| &profile.description),
                "website": profile.map(|profile| &profile.website),
                "mandate": member.mandate.as_ref().map(|mandate| mandate.number),
                "delegates": delegates,
                "connected": is_connected(core, &member.id),
                "host": hosted_json(view, &member.id),
                "votes_held": held.get(&member.id).copied().unwrap_or(0),
            })
        };
        let members: Vec<Value> = view.members.values().map(member).collect();
        json!({ "members": members, "former": leaving::former(core) })
    })))
}

/// Who serves a member, if it named a host.
fn hosted_json(view: &replica::view::View, member: &MemberId) -> Value {
    let Some(hosted) = view.hosted(member) else {
        return Value::Null;
    };
    let claims: Vec<Value> = hosted
        .claims
        .iter()
        .map(|(host, entry)| json!({ "host": host.to_string(), "entry": entry.to_string() }))
        .collect();
    json!({
        "member": hosted.host.map(|host| host.to_string()),
        "name": hosted.host.map(|host| view.member_name(&host)),
        "chosen": hosted.choice.host.to_string(),
        "number": hosted.number,
        "decided_ms": hosted.decided.map(|time| time.0),
        "state": hosted.state.as_str(),
        "claims": claims,
    })
}

/// Whether a node of a member or of its host is connected, or is this one.
pub(crate) fn is_connected(core: &Core, member: &MemberId) -> bool {
    let host = core.view().host_of(member);
    core.member() == Some(host)
        || core.view().keys.iter().any(|(key, known)| {
            known.purpose == Purpose::Node && known.member == host && core.is_connected(key)
        })
}

/// `GET /api/persons`: the people of the federation, those of the reader's member with their account
/// here.
pub(crate) async fn persons(
    State(site): State<Site>,
    Caller(actor): Caller,
) -> Result<Json<Value>, WebError> {
    let accounts = site.accounts.all().await?;
    let hosted = actor.hosted();
    Ok(Json(actor.read(&site, |core| {
        let view = core.view();
        let persons: Vec<Value> = view
            .persons
            .iter()
            .map(|((member, id), person)| {
                let own = core.member() == Some(*member);
                let mut accounts = accounts.iter().filter(|account| account.member == hosted);
                let account = accounts.find(|account| own && account.person == *id);
                let keys: Vec<String> = person.keys.iter().map(ToString::to_string).collect();
                json!({
                    "id": id.to_string(),
                    "member": member.to_string(),
                    "name": person.name,
                    "contact": person.contact,
                    "roles": view.roles_of(member, id).words(),
                    "delegate": view.is_delegate(member, id),
                    "keys": keys,
                    "signs_in_as": account.map(|account| &account.name),
                })
            })
            .collect();
        json!({ "persons": persons })
    })))
}

/// `GET /api/keys`
pub(crate) async fn keys(
    State(site): State<Site>,
    Caller(_): Caller,
) -> Result<Json<Value>, WebError> {
    Ok(Json(site.node.read(|core| {
        let view = core.view();
        let key = |(id, key): (&domain::key::PublicKey, &replica::view::Key)| {
            json!({
                "key": id.to_string(),
                "member": key.member.to_string(),
                "purpose": match key.purpose {
                    Purpose::Person => "person",
                    Purpose::Node => "node",
                    Purpose::Validator => "validator",
                },
                "person": key.person.map(|person| person.to_string()),
                "name": key.person.and_then(|person| view.person_name(&key.member, &person)),
                "roles": key.roles.words(),
                "custody": match key.custody {
                    Custody::Node => "node",
                    Custody::Person => "person",
                },
                "number": key.number,
                "since_ms": key.since.0,
                "revoked": key.revoked,
            })
        };
        let forks: Vec<Value> = core
            .replica()
            .forks()
            .iter()
            .map(|fork| {
                json!({
                    "key": fork.key.to_string(),
                    "member": fork.member.to_string(),
                    "sequence": fork.sequence,
                    "entries": fork.entries.map(|id| id.to_string()),
                })
            })
            .collect();
        let keys: Vec<Value> = view.keys.iter().map(key).collect();
        json!({ "keys": keys, "forks": forks })
    })))
}

/// `GET /api/applications`
pub(crate) async fn applications(
    State(site): State<Site>,
    Caller(_): Caller,
) -> Result<Json<Value>, WebError> {
    let ids: Vec<EntryId> = site
        .node
        .read(|core| core.view().applications.values().map(|a| a.entry).collect());
    let texts = Texts::load(&site.node, ids, []).await?;
    Ok(Json(site.node.read(|core| {
        let view = core.view();
        let applications: Vec<Value> = view
            .applications
            .values()
            .filter(|application| {
                !view
                    .members
                    .contains_key(&MemberId(application.record.root.0))
            })
            .map(|application| {
                let newcomer = domain::record::Newcomer {
                    root: application.record.root,
                    class: application.record.class.clone(),
                    name: application.record.name.clone(),
                };
                let admitted = view.admissions.get(&newcomer);
                let admitted: Vec<String> = admitted
                    .into_iter()
                    .flat_map(|by| by.keys())
                    .map(ToString::to_string)
                    .collect();
                json!({
                    "root": application.record.root.to_string(),
                    "name": application.record.name,
                    "class": application.record.class,
                    "request": texts.note(&application.entry).text(),
                    "through": application.through.to_string(),
                    "time_ms": application.time.0,
                    "admitted_by": admitted,
                    "needed": core.genesis().admissions_needed(),
                })
            })
            .collect();
        json!({ "applications": applications })
    })))
}

/// `GET /api/entries/{id}`: an entry as it is stored, for those who check for themselves.
pub(crate) async fn entry(
    State(site): State<Site>,
    Caller(_): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, WebError> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use domain::cbor::Encode;
    let missing = || WebError::NotFound { what: "entry" };
    let id: EntryId = id.parse().map_err(|_| missing())?;
    let found = site
        .node
        .library
        .entries(&[id])
        .await
        .map_err(WebError::Library)?;
    let entry = found.into_iter().next().flatten().ok_or_else(missing)?;
    let header = &entry.header;
    let member = site
        .node
        .read(|core| core.replica().find(&id).map(|stored| stored.member));
    let references: Vec<String> = header.references.iter().map(ToString::to_string).collect();
    Ok(Json(json!({
        "id": id.to_string(),
        "author": header.author.to_string(),
        "member": member.map(|member| member.to_string()),
        "grant": header.grant.to_string(),
        "sequence": header.sequence,
        "previous": header.previous.map(|id| id.to_string()),
        "time_ms": header.time.0,
        "address": header.address.as_str(),
        "kind": header.kind.word(),
        "kind_number": header.kind.0,
        "critical": header.critical,
        "references": references,
        "bytes": URL_SAFE_NO_PAD.encode(entry.to_bytes()),
    })))
}
