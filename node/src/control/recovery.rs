//! Recoveries of the register, and what a member can declare in it, as the commands of this machine show
//! them.

use domain::{
    cbor::{Decode, Encode},
    effect::Effect,
    id::MemberId,
    record::Purpose,
};
use federation::{Act, Core, RecoveryShown, Successor, finality::Awaited};
use register::{
    chain::Chain,
    declaration::{Declaration, Matter},
    recovery::{Base, State},
};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    clock,
    failure::{Failure, Outcome},
};

/// What a root key can do about the register as it stands; nothing before it has begun.
pub(super) fn shown(core: &Core) -> Value {
    let Some(chain) = core.register_chain() else {
        return Value::Null;
    };
    let (view, base) = (core.view(), Base::of(chain));
    let organisations = base.organisations.iter().map(|(root, member)| {
        json!({
            "root": root.to_string(),
            "member": member.to_string(),
            "name": view.member_name(member),
        })
    });
    let validators = base.validators.iter().map(|(_, validator)| {
        json!({
            "member": validator.member.to_string(),
            "name": view.member_name(&validator.member),
            "key": validator.key.to_string(),
            "own": core.member() == Some(validator.member),
            "connected": is_connected(core, &validator.member),
        })
    });
    let members = chain.order().members().iter().map(|(id, member)| {
        json!({
            "member": id.to_string(),
            "root": member.root.to_string(),
            "validator": member.validator.map(|key| key.to_string()),
            "declared": member.declared,
            "has_node": member.host == *id,
        })
    });
    let now = clock::now();
    let recoveries = core.recoveries(now);
    json!({
        "epoch": base.epoch,
        "height": base.height,
        "last": base.last.to_string(),
        "notice_seconds": base.notice_ms / 1_000,
        "needed": base.needed(),
        "organisations": organisations.collect::<Vec<_>>(),
        "validators": validators.collect::<Vec<_>>(),
        "members": members.collect::<Vec<_>>(),
        "new_roots": new_roots(core, chain),
        "known": recoveries.iter().map(|one| known(core, one)).collect::<Vec<_>>(),
    })
}

fn is_connected(core: &Core, member: &MemberId) -> bool {
    let mut keys = core.view().keys.iter();
    keys.any(|(key, known)| {
        known.purpose == Purpose::Node && known.member == *member && core.is_connected(key)
    })
}

/// Open votes that would replace a root key.
fn new_roots(core: &Core, chain: &Chain) -> Vec<Value> {
    let phases = chain.phases().iter().filter_map(|(id, phase)| {
        let motion = chain.motion(phase)?;
        let Some(Effect::Root { member, .. }) = motion.effect else {
            return None;
        };
        Some(json!({
            "vote": phase.vote.to_string(),
            "member": member.to_string(),
            "name": core.view().member_name(&member),
            "title": motion.title,
            "objected": chain.objects(id),
        }))
    });
    phases.collect()
}

/// The validator key that this node holds, and what the register and its member say of one.
pub(super) fn office(core: &Core) -> Value {
    let Some(office) = core.office() else {
        return Value::Null;
    };
    let waiting = office.waiting.iter().map(|matter| match matter {
        Matter::Validator { key, .. } => json!({ "key": key.to_string() }),
        _ => json!({ "key": null }),
    });
    let successor = office.successor().map(|successor| match successor {
        Successor::Named(key) => json!({ "key": key.to_string(), "named": true }),
        Successor::Waiting(key) => json!({ "key": key.to_string(), "named": false }),
    });
    json!({
        "key": office.key.map(|key| key.to_string()),
        "has_signed": office.has_signed,
        "lost": office.is_lost,
        "named": office.named.map(|key| key.to_string()),
        "waiting": waiting.collect::<Vec<_>>(),
        "successor": successor,
    })
}

/// For whom the register waits.
pub(super) fn waits(core: &Core) -> Vec<Value> {
    let waiting = core.waiting(clock::now()).into_iter().map(|one| {
        let members = one.members.iter().map(|id| core.view().member_name(id));
        let mut value = json!({
            "since_ms": one.since.0,
            "members": members.collect::<Vec<_>>(),
        });
        match one.what {
            Awaited::Closing(vote) => {
                value["proposal"] = json!(vote.proposal.to_string());
                value["title"] = json!(vote.title);
            }
            Awaited::Height { height, round } => {
                value["height"] = json!(height);
                value["round"] = json!(round);
            }
        }
        value
    });
    waiting.collect()
}

fn known(core: &Core, shown: &RecoveryShown) -> Value {
    let names = |members: &[MemberId]| -> Vec<String> {
        let view = core.view();
        members.iter().map(|id| view.member_name(id)).collect()
    };
    let ids =
        |members: &[MemberId]| -> Vec<String> { members.iter().map(MemberId::to_string).collect() };
    let mut value = json!({
        "hash": shown.hash.to_string(),
        "recovery": hex::encode(shown.recovery.to_bytes()),
        "height": shown.recovery.height,
        "time_ms": shown.recovery.time.0,
        "gone": names(&shown.recovery.gone),
        "announced": names(&shown.announced),
        "confirmed": names(&shown.confirmed),
        "objected": names(&shown.objected),
        "said": {
            "announce": ids(&shown.announced),
            "confirm": ids(&shown.confirmed),
            "object": ids(&shown.objected),
        },
        "followed": shown.is_followed,
        "in_force_since_ms": shown.since.map(|time| time.0),
        "state": shown.state.as_ref().map_or("refused", State::word),
    });
    match &shown.state {
        Err(error) => value["why"] = json!(error.to_string()),
        Ok(State::Notice { until }) => value["until_ms"] = json!(until.0),
        Ok(State::Stopped { member, time } | State::Disputed { member, time, .. }) => {
            value["member"] = json!(core.view().member_name(member));
            value["reappeared_ms"] = json!(time.0);
        }
        Ok(_) => {}
    }
    value
}

impl Desk {
    /// A declaration that has an effect as the register stands: one that never could would only wait.
    pub(super) fn declare(&self, declaration: &str) -> Outcome<Act> {
        let bytes = hex::decode(declaration).map_err(|_| Failure::usage("not hexadecimal"))?;
        let found = Declaration::from_bytes(&bytes);
        let found = found.map_err(|error| Failure::usage("no declaration").because(error))?;
        let checked = self.handle.read(|core| {
            let chain = core.register_chain()?;
            let mut order = chain.order().clone();
            Some(order.declare(&core.federation(), chain.height() + 1, &found))
        });
        match checked {
            None => Err(not_begun()),
            Some(Err(error)) => Err(Failure::refused(error.to_string())),
            Some(Ok(())) => Ok(Act::Declare { declaration: bytes }),
        }
    }
}

/// The failure of whatever needs a register.
pub fn not_begun() -> Failure {
    Failure::refused("the register has not begun").hint("folkmoot register begin")
}
