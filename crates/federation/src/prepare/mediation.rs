//! The way out of a conflict: the report of those who mediate, and the fallback vote after it.

use domain::{
    effect::Someone,
    id::{ProposalId, Timestamp},
    key::PublicKey,
    record::{self, Record},
};
use register::{order::Mediation, phase::FALLBACK_RULE};

use super::{
    Draft,
    text::{filled_block, note},
};
use crate::{act::Act, core::Core, error::Refused, state::State};

impl Core {
    /// The words for those who mediate.
    fn mediators(&self, mediation: &Mediation) -> String {
        let people = mediation.people.iter().map(|one| {
            let member = self.view().member_name(&one.member);
            match self.view().person_name(&one.member, &one.person) {
                Some(name) => format!("{name} ({member})"),
                None => format!("{} ({member})", one.person.short()),
            }
        });
        people.collect::<Vec<String>>().join(", ")
    }

    pub(super) fn draft_report(&self, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let Act::Report {
            proposal,
            recommends_vote,
            text,
        } = act
        else {
            return Err(Refused::UnknownProposal);
        };
        let (grant, _) = self.person_grant(key)?;
        let known = self.view().proposals.get(proposal);
        if known.is_none_or(|known| known.first.is_none()) {
            return Err(Refused::UnknownProposal);
        }
        let mediation = self.mediation(proposal).ok_or(Refused::NotMediated)?;
        let (member, person) = self.someone(key)?;
        if !mediation.people.contains(&Someone { member, person }) {
            let people = self.mediators(mediation);
            return Err(Refused::NotAMediator { people });
        }
        let text = filled_block("report", text, record::REPORT_BYTES_MAX)?;
        let record = record::Report {
            proposal: *proposal,
            recommends_vote: *recommends_vote,
        };
        let mut draft = Draft::of(grant, proposal, Record::Report(record));
        draft.note = note(&text);
        draft.after = Some(*proposal);
        draft.replaces = self.report(proposal).map(|known| known.time);
        Ok(draft)
    }

    /// The fallback vote after a mediation.
    pub(super) fn draft_fallback(
        &self,
        now: Timestamp,
        key: &PublicKey,
        proposal: &ProposalId,
    ) -> Result<Draft, Refused> {
        let decision = self.own_proposal(now, key, proposal)?;
        let (grant, _) = self.deciding_grant(key, Self::steward_or_delegate)?;
        let mediation = self.mediation(proposal).ok_or(Refused::NotMediated)?;
        if self.report(proposal).is_none() {
            let people = self.mediators(mediation);
            return Err(Refused::NotReported { people });
        }
        if decision.state == State::Voting {
            return Err(Refused::AlreadyOpen);
        }
        if !self.can_fall_back(&decision) {
            return Err(Refused::NotBlocked);
        }
        self.check_effect(now, FALLBACK_RULE, decision.version.effect.as_ref())?;
        let rule = (FALLBACK_RULE, FALLBACK_RULE.to_string());
        self.draft_vote(now, grant, &decision, rule)
    }
}
