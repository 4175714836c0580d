//! What members decide and sign that changes the federation itself: effects of proposals, and recoveries.

use domain::{
    cbor::Encode,
    charter::Charter,
    effect::{Applicant, Effect},
    id::MemberId,
};
use federation::Act;
use register::recovery::{Recovery, Stage, State};

use crate::{
    roll::named,
    scenario::{ActLine, Doing, EffectLine},
    world::World,
};

impl World {
    /// Whether a member that a decision admits is in the register already; the others need not be.
    pub(crate) fn is_admitted(&self, member: usize) -> bool {
        let who = &self.members[member];
        let chain = self.archive.as_ref().and_then(|one| one.chain.as_ref());
        !who.decided || chain.is_some_and(|chain| chain.order().members().contains_key(&who.id()))
    }

    /// What a proposal does, as it is written at a node.
    pub(crate) fn effect(&self, node: usize, line: &EffectLine) -> Option<Effect> {
        let id = |name: &str| Some(self.members[self.member_of_name(name)?].id());
        Some(match line {
            EffectLine::Admission { member } => {
                let who = &self.members[self.member_of_name(member)?];
                let core = self.nodes[node].core.as_ref()?;
                Effect::Admission(Applicant::sign(
                    &self.genesis.federation(),
                    &who.root,
                    (&who.name, &who.class),
                    ("We ask to be admitted.", "Ten hours a month"),
                    core.charter().hash(),
                    None,
                ))
            }
            EffectLine::Expulsion { member } => Effect::Expulsion {
                member: id(member)?,
            },
            EffectLine::Class { member, class } => Effect::Class {
                member: id(member)?,
                class: class.clone(),
            },
            EffectLine::Charter { toml } => Effect::Charter {
                charter: Charter::from_toml(toml).ok()?.to_bytes(),
            },
            EffectLine::Rules {
                version,
                from_height,
            } => Effect::Rules {
                version: *version,
                from_height: *from_height,
            },
        })
    }

    /// What a member's root key says of a recovery, at a node.
    pub(crate) fn voice(&self, line: &ActLine, node: usize, member: usize) -> Option<Act> {
        let now = self.nodes[node].clock.show(self.now);
        let core = self.nodes[node].core.as_ref()?;
        let chain = core.register_chain()?;
        let known = core
            .recoveries(now)
            .into_iter()
            .find(|one| !one.is_followed && one.state.as_ref().is_ok_and(is_open));
        let recovery = match known {
            Some(known) => known.recovery,
            None if line.what != Doing::AnnounceRecovery => return None,
            None => {
                let gone = line.gone.iter().flat_map(|name| named(name, &self.members));
                let mut gone: Vec<MemberId> = gone.map(|one| self.members[one].id()).collect();
                gone.sort_unstable();
                Recovery {
                    epoch: chain.epoch() + 1,
                    height: chain.height(),
                    last: chain.last(),
                    gone,
                    time: now,
                }
            }
        };
        let stage = match line.what {
            Doing::AnnounceRecovery => Stage::Announce,
            Doing::ConfirmRecovery => Stage::Confirm,
            _ => Stage::Object,
        };
        let root = &self.members[member].root;
        let voice = recovery.say(&self.genesis.federation(), stage, root, now);
        let voice = voice.to_bytes();
        Some(Act::Recover { voice })
    }
}

/// Whether something can still be said of it.
fn is_open(state: &State) -> bool {
    matches!(
        state,
        State::Announcing { .. } | State::Notice { .. } | State::Confirming { .. }
    )
}
