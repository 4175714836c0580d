//! What the commands of this machine show.

use domain::record::{Custody, Purpose};
use serde_json::{Value, json};
use web::node::DiskTrouble;

use super::desk::{Desk, newcomer};
use crate::{
    clock,
    failure::{Failure, Outcome},
};

/// The name of the member that hosts another; nothing where it serves itself.
fn hosted_by(view: &replica::view::View, member: &domain::id::MemberId) -> Option<String> {
    let host = view.host_of(member);
    (host != *member).then(|| view.member_name(&host))
}

impl Desk {
    pub(super) async fn status(&self) -> Outcome<Value> {
        let size = self.handle.store().size().await?;
        let health = self.handle.health();
        let peers = match self.handle.network() {
            Some(network) => network.peers().await,
            None => Vec::new(),
        };
        Ok(self.handle.read(|core| {
            let view = core.view();
            let member = core.member();
            json!({
                "running": self.handle.network().is_some(),
                "federation": {
                    "id": core.federation().to_string(),
                    "name": core.genesis().name,
                    "founded": view.is_founded(core.genesis()),
                    "members": view.members.len(),
                },
                "member": member.map(|member| view.member_name(&member)),
                "departed": web::leaving::own_departed(core),
                "node": core.node().to_string(),
                "release": env!("CARGO_PKG_VERSION"),
                "caught_up": core.is_caught_up(),
                "clock_off_seconds": core.clock_trouble(),
                "disk": health.trouble().map(DiskTrouble::words),
                "nodes_known": core.roster().len(),
                "nodes_connected": peers.len(),
                "peers": peers.iter().map(|peer| json!({
                    "node": peer.key.to_string(),
                    "member": view.member_of(&peer.key).map(|id| view.member_name(&id)),
                    "address": peer.address,
                    "round_trip_ms": peer.round_trip_ms,
                })).collect::<Vec<Value>>(),
                "entries": core.replica().len(),
                "missing_chunks": core.missing_chunks(),
                "proposals": view.proposals.len(),
                "needs_our_vote": web::waiting(core, clock::now()),
                "office": super::recovery::office(core),
                "register_trouble": core.register_trouble(),
                "waits": super::recovery::waits(core),
                "store_bytes": size.database_bytes + size.log_bytes,
            })
        }))
    }

    pub(super) fn members(&self) -> Value {
        self.handle.read(|core| {
            let held = core.view().votes_held();
            let of_member = |member: &replica::view::Member| {
                json!({
                    "id": member.id.to_string(),
                    "name": member.name,
                    "class": member.class,
                    "founder": member.founder,
                    "since_ms": member.since.0,
                    "root": member.root.to_string(),
                    "delegates": member.mandate.as_ref().map_or(0, |m| m.delegates.len()),
                    "host": hosted_by(core.view(), &member.id),
                    "votes_held": held.get(&member.id).copied().unwrap_or(0),
                })
            };
            let members: Vec<Value> = core.view().members.values().map(of_member).collect();
            let candidates = web::candidates(core, clock::now());
            let former = web::leaving::former(core);
            json!({ "members": members, "candidates": candidates, "former": former })
        })
    }

    pub(super) fn keys(&self) -> Value {
        self.handle.read(|core| {
            let (view, own) = (core.view(), core.member());
            let of_key = |(key, known): (&domain::key::PublicKey, &replica::view::Key)| {
                let mandate = view
                    .members
                    .get(&known.member)
                    .and_then(|m| m.mandate.as_ref());
                let votes = mandate.is_some_and(|m| m.delegates.iter().any(|d| d.key == *key));
                json!({
                    "key": key.to_string(),
                    "purpose": purpose_word(known.purpose),
                    "person": known.person.map(|person| person.to_string()),
                    "name": known.person.and_then(|person| view.person_name(&known.member, &person)),
                    "roles": known.roles.words(),
                    "custody": if known.custody == Custody::Node { "node" } else { "person" },
                    "number": known.number,
                    "since_ms": known.since.0,
                    "votes": votes && !known.revoked,
                    "revoked": known.revoked,
                })
            };
            let keys = view.keys.iter();
            let mut keys: Vec<_> = keys
                .filter(|(_, known)| Some(known.member) == own)
                .collect();
            keys.sort_by_key(|(_, known)| (known.purpose, known.since));
            let root = own.and_then(|own| view.members.get(&own));
            json!({
                "root": root.map(|member| member.root.to_string()),
                "keys": keys.into_iter().map(of_key).collect::<Vec<Value>>(),
            })
        })
    }

    pub(super) async fn persons(&self) -> Outcome<Value> {
        let waiting = self.invitations().waiting(clock::now()).await;
        let waiting = waiting.map_err(|error| Failure::refused(error.to_string()))?;
        Ok(self.handle.read(|core| {
            let (view, own) = (core.view(), core.member());
            let keys = view
                .keys
                .iter()
                .filter(|(_, known)| Some(known.member) == own);
            let persons: Vec<Value> = keys
                .filter_map(|(key, known)| {
                    let person = known.person?;
                    let invited = waiting.iter().find(|invited| invited.person == person);
                    let name = view.person_name(&known.member, &person).map(str::to_owned);
                    Some(json!({
                        "person": person.to_string(),
                        "name": name.or_else(|| invited.map(|invited| invited.name.clone())),
                        "key": key.to_string(),
                        "roles": known.roles.words(),
                        "invited": invited.is_some(),
                        "revoked": known.revoked,
                    }))
                })
                .collect();
            json!({ "persons": persons })
        }))
    }

    pub(super) async fn applications(&self) -> Outcome<Value> {
        let ids: Vec<_> = self.handle.read(|core| {
            let applications = core.view().applications.values();
            applications.map(|application| application.entry).collect()
        });
        let entries = self.handle.entries(&ids).await?;
        Ok(self.handle.read(|core| {
            let (view, federation) = (core.view(), core.federation());
            let words = |id: &domain::id::EntryId| {
                let entry = entries.iter().find(|entry| entry.id(&federation) == *id)?;
                let note = entry.note.as_ref()?;
                std::str::from_utf8(note.bytes()).ok().map(str::to_owned)
            };
            let of_one = |application: &replica::view::Application| {
                let record = &application.record;
                let newcomer = newcomer(record);
                let admitted: Vec<String> = view
                    .admissions
                    .get(&newcomer)
                    .into_iter()
                    .flat_map(|by| by.keys())
                    .map(ToString::to_string)
                    .collect();
                json!({
                    "root": record.root.to_string(),
                    "name": record.name,
                    "class": record.class,
                    "request": words(&application.entry).unwrap_or_default(),
                    "through": view.member_name(&application.through),
                    "time_ms": application.time.0,
                    "admitted_by": admitted,
                    "needed": core.genesis().admissions_needed(),
                })
            };
            let all: Vec<Value> = view.applications.values().map(of_one).collect();
            json!({
                "federation": federation.to_string(),
                "applications": all,
                "register": core.register_chain().is_some(),
                "candidates": web::candidates(core, clock::now()),
            })
        }))
    }
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Person => "person",
        Purpose::Node => "node",
        Purpose::Validator => "validator",
    }
}
