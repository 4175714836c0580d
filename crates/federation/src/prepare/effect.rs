//! What a proposal does: refused with the reason before anybody votes on it, where it could do nothing.

use domain::{
    cbor::{Decode, Encode},
    charter::RuleName,
    decision,
    effect::{Effect, FORCE_MAJEURE_MS_MAX, OFFICE_BYTES_MAX},
    id::{MemberId, Timestamp},
    record::{BLOCK_BYTES_MAX, LINE_BYTES_MAX},
};
use register::order::Order;

use super::text::{block, decode_error, line, text_error};
use crate::{
    core::Core,
    error::{Refused, format_utc},
};

impl Core {
    /// What a proposal does is refused with the reason before anybody votes on it, where it could do
    /// nothing.
    pub(super) fn check_effect(
        &self,
        now: Timestamp,
        rule: RuleName,
        effect: Option<&Effect>,
    ) -> Result<(), Refused> {
        let Some(effect) = effect else {
            return Ok(());
        };
        let chain = self.register_chain().ok_or(Refused::NoRegister)?;
        check_fields(effect)?;
        if let Effect::ForceMajeure { until, .. } = effect {
            let most = now.plus_ms(FORCE_MAJEURE_MS_MAX);
            if *until > most {
                let (until, most) = (format_utc(*until), format_utc(most));
                let why = format!(
                    "until {until} is longer than one decision can declare; until {most} at most"
                );
                return Err(Refused::Effect(why));
            }
        }
        let checked = chain.check_effect(now, rule, effect);
        checked.map_err(|error| Refused::Effect(error.to_string()))?;
        self.check_term(now, rule, effect)?;
        self.check_change(chain.order(), effect)
    }

    /// A term that is over before the vote can be.
    fn check_term(&self, now: Timestamp, rule: RuleName, effect: &Effect) -> Result<(), Refused> {
        let (what, until) = match effect {
            Effect::Office { until, .. } => ("the term", until.as_ref()),
            Effect::Commission { until, .. } => ("the term", Some(until)),
            Effect::ForceMajeure { until, .. } => ("it", Some(until)),
            Effect::Mediation { until, .. } => ("the time for the report", Some(until)),
            _ => return Ok(()),
        };
        let periods = [true, false].map(|urgent| decision::period(rule, urgent, self.charter()));
        let ends = now.plus_seconds(periods.into_iter().fold(u64::MAX, u64::min));
        match until.filter(|until| **until <= ends) {
            None => Ok(()),
            Some(until) => Err(Refused::Effect(format!(
                "{what} would end at {}, and a vote on it that began now at {} at the earliest",
                format_utc(*until),
                format_utc(ends)
            ))),
        }
    }

    /// What is so already.
    fn check_change(&self, order: &Order, effect: &Effect) -> Result<(), Refused> {
        let name = |id: &MemberId| self.view().member_name(id);
        let why = match effect {
            Effect::Office {
                circle,
                title,
                holder: None,
                ..
            } if order.holder(*circle, title).is_none() => {
                format!("nobody holds the office {title:?} by decision")
            }
            Effect::Host { member, host }
                if order.members().get(member).map(|one| one.host) == Some(*host) =>
            {
                match member == host {
                    true => format!("{} is served by its own node already", name(member)),
                    false => format!("{} is served by {} already", name(member), name(host)),
                }
            }
            _ => return Ok(()),
        };
        Err(Refused::Effect(why))
    }
}

/// What no node could read again would be signed and be nowhere.
fn check_fields(effect: &Effect) -> Result<(), Refused> {
    match effect {
        Effect::Commission { people, .. } | Effect::Mediation { people, .. }
            if people.is_empty() =>
        {
            return Err(text_error("people", "name at least one"));
        }
        Effect::Office { title, .. } => drop(line("office", title, OFFICE_BYTES_MAX)?),
        Effect::Commission { name, powers, .. } => {
            line("commission", name, LINE_BYTES_MAX)?;
            block("powers", powers, BLOCK_BYTES_MAX)?;
        }
        Effect::ServerPolicy { server, policy, .. } => {
            line("server", server, LINE_BYTES_MAX)?;
            block("policy", policy, BLOCK_BYTES_MAX)?;
        }
        Effect::Settlement { period, .. } => drop(line("period", period, OFFICE_BYTES_MAX)?),
        _ => {}
    }
    let read = Effect::from_bytes(&effect.to_bytes());
    read.map(drop).map_err(|error| decode_error(&error))
}
