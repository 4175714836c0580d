//! The register as the commands of this machine show it, and how it would begin.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    id::{MemberId, ProposalId, Timestamp},
    key::PublicKey,
    record::{Kind, Purpose},
};
use federation::Core;
use register::begin::{Begin, Beginning, First};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::clock;

impl Desk {
    pub(super) fn register(&self) -> Value {
        self.handle.read(|core| {
            let view = core.view();
            let begun = core.register_chain().map(|chain| {
                let mut finals: Vec<Value> = Vec::new();
                for ((proposal, proposer), endings) in chain.decisions() {
                    finals.extend(endings.iter().map(|ending| {
                        let known = view.proposals.get(proposal);
                        let title = known.and_then(|known| {
                            let versions = known.versions();
                            let mut versions = versions.iter();
                            let version = versions.find(|version| version.hash == ending.text);
                            version.map(|version| version.title.clone())
                        });
                        json!({
                            "proposal": proposal.to_string(),
                            "title": title,
                            "by": view.member_name(proposer),
                            "height": ending.height,
                            "ending": ending.ending.word(),
                            "effective": ending.effective,
                            "without_effect": without_effect(core, proposal, ending.height),
                        })
                    }));
                }
                finals.sort_by_key(|one| one["height"].as_u64());
                let validators = chain.validators().iter();
                let validators = validators.map(|(_, one)| view.member_name(&one.member));
                json!({
                    "height": chain.height(),
                    "last": chain.last().to_string(),
                    "state": chain.state().to_string(),
                    "open": chain.phases().len(),
                    "final": finals,
                    "deciding": core.registrar().is_some_and(|one| one.round().is_some()),
                    "faulty": chain.validators().sizes().faulty(),
                    "validators": validators.collect::<Vec<_>>(),
                })
            });
            let validators = validators(core);
            let mut missing: Vec<String> = Vec::new();
            for (id, member) in &view.members {
                if member.founder && view.host_of(id) == *id && !validators.contains_key(id) {
                    missing.push(view.member_name(id));
                }
            }
            let pending: Vec<Value> = core.beginnings().map(|one| pending(core, one)).collect();
            json!({
                "federation": core.federation().to_string(),
                "register": begun,
                "trouble": core.register_trouble(),
                "pending": pending,
                "missing": missing,
                "waits": super::recovery::waits(core),
                "recovery": super::recovery::shown(core),
                "office": super::recovery::office(core),
                "own": core.member().is_some_and(|own| validators.contains_key(&own)),
                "draft": hex::encode(draft(core, &validators, clock::now()).to_bytes()),
            })
        })
    }
}

/// Why what was decided did nothing; none if it did, or was not to do anything.
fn without_effect(core: &Core, proposal: &ProposalId, height: u64) -> Option<String> {
    let mut ended = core.annals().ended();
    let found = ended.find(|(vote, one)| vote.proposal == *proposal && one.height == height);
    let (_, ended) = found?;
    Some(ended.effect.as_ref()?.as_ref().err()?.to_string())
}

fn pending(core: &Core, beginning: &Beginning) -> Value {
    let roots = beginning.signatures.iter().map(|one| one.root.to_string());
    let signed = beginning.signatures.iter();
    let signed = signed.map(|one| core.view().member_name(&MemberId(one.root.0)));
    json!({
        "begin": hex::encode(beginning.begin.to_bytes()),
        "time_ms": beginning.begin.time.0,
        "members": beginning.begin.members.len(),
        "signed": signed.collect::<Vec<_>>(),
        "roots": roots.collect::<Vec<_>>(),
        "needed": core.genesis().admissions_needed(),
    })
}

/// The beginning of the register with all members and validators that are known.
pub fn beginning(core: &Core, time: Timestamp) -> Begin {
    draft(core, &validators(core), time)
}

/// The validator key of each member: of several the one granted last.
fn validators(core: &Core) -> BTreeMap<MemberId, PublicKey> {
    let mut granted: BTreeMap<MemberId, (u64, PublicKey)> = BTreeMap::new();
    for (key, known) in &core.view().keys {
        if known.purpose != Purpose::Validator || known.revoked {
            continue;
        }
        let stored = core.replica().find(&known.grant);
        let stored = stored.filter(|stored| stored.kind == Kind::Grant);
        let place = stored.map_or(0, |stored| stored.sequence);
        let last = granted.entry(known.member).or_insert((place, *key));
        *last = (*last).max((place, *key));
    }
    let keys = granted.into_iter();
    keys.map(|(member, (_, key))| (member, key)).collect()
}

/// The beginning of the register as this node would propose it: all members, and who validates.
fn draft(core: &Core, validators: &BTreeMap<MemberId, PublicKey>, time: Timestamp) -> Begin {
    let view = core.view();
    let members = view.members.iter().map(|(id, member)| {
        let host = view.host_of(id);
        First {
            member: *id,
            name: member.name.clone(),
            class: member.class.clone(),
            root: member.root,
            record: member.record,
            host,
            validator: validators.get(id).copied().filter(|_| host == *id),
        }
    });
    Begin {
        time,
        members: members.collect(),
    }
}
