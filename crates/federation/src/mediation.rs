//! The way out of a conflict about a proposal: people mediate by decision, they report, and then the
//! proposing member may call a fallback vote on the version that was blocked.

use domain::{effect::Someone, id::ProposalId, record::Record};
use register::{chain::Chain, order::Mediation, phase::FALLBACK_RULE};
use replica::view::Report;

use crate::{core::Core, state::Decision};

impl Core {
    /// Who mediates in the conflict about a proposal, by the order in force.
    #[must_use]
    pub fn mediation(&self, proposal: &ProposalId) -> Option<&Mediation> {
        self.order()?.mediation(proposal)
    }

    /// The last report of those who mediate in the conflict about a proposal.
    #[must_use]
    pub fn report(&self, proposal: &ProposalId) -> Option<&Report> {
        let mediation = self.mediation(proposal)?;
        let known = self.view().proposals.get(proposal)?;
        let mediates = |report: &&Report| {
            let (member, person) = (report.member, report.person);
            mediation.people.contains(&Someone { member, person })
        };
        let reports = known.reports().filter(mediates);
        reports.max_by_key(|report| (report.time, report.entry))
    }

    /// Whether the register would take a fallback vote on the version of a proposal that counts now:
    /// its conflict is mediated, and it was blocked. That needs no report, and opening it does.
    #[must_use]
    pub fn can_fall_back(&self, decision: &Decision<'_>) -> bool {
        let (proposer, text) = (decision.first.member, decision.version.hash);
        self.register_chain().is_some_and(|chain| {
            chain.open_phase(&decision.id, &proposer).is_none()
                && chain.can_fall_back(&decision.id, &proposer, &text)
        })
    }

    /// Whether an opening is of a fallback vote for which there is no report here yet: this node does
    /// not ask for it before.
    pub(crate) fn awaits_report(&self, chain: &Chain, record: Option<&Record>) -> bool {
        let Some(Record::Opening(opening)) = record else {
            return false;
        };
        let proposal = self.view().proposals.get(&opening.proposal);
        let first = proposal.and_then(|proposal| proposal.first.as_ref());
        opening.rule == FALLBACK_RULE.as_str()
            && first.is_some_and(|first| {
                chain.can_fall_back(&opening.proposal, &first.member, &opening.text)
            })
            && self.report(&opening.proposal).is_none()
    }
}
