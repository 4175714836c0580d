//! Whether the nodes agree with each other, with a second model, and with what people did.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    decision::Choice,
    id::{EntryId, MemberId, ProposalId, Timestamp},
    key::PublicKey,
    record::Record,
};
use federation::Act;

use crate::{
    ledger::Known,
    recount::{recount, seen},
    world::World,
};

impl World {
    /// All honest nodes say the same of every proposal, and so does the second model.
    pub(crate) fn check_decisions(&self) -> Result<(), (Option<usize>, String)> {
        let honest = self.honest();
        let end = Timestamp(crate::clock::BEGINNING_MS + self.now + 10 * 365 * 86_400_000);
        let union = self.union_of_disks(&honest);
        for (id, first) in self.observed(&honest, end) {
            for node in &honest {
                let Some(core) = &self.nodes[*node].core else {
                    continue;
                };
                let other = seen(core, &id, end, self.nodes[*node].broken);
                let same = other.as_ref().is_some_and(|other| {
                    (other.state, &other.counted, other.opening)
                        == (first.state, &first.counted, first.opening)
                });
                if !same {
                    let what = format!(
                        "nodes {} and {node} differ on proposal {}: {first:?} / {other:?}",
                        honest[0],
                        id.short()
                    );
                    return Err((Some(*node), what));
                }
            }
            if self.archive.is_some() {
                continue;
            }
            let Some(opening_id) = first.opening else {
                continue;
            };
            let known = union.get(&opening_id);
            let Some((known, Some(Record::Opening(opening)))) =
                known.map(|known| (known, &known.record))
            else {
                return Err((None, "a phase has no opening on any disk".to_owned()));
            };
            if ["class-weighted", "charter"].contains(&&*first.rule) {
                // The domain's own tests hold them against their definition.
                continue;
            }
            let opening = (opening_id, opening, known.time);
            let (counted, verdict) = recount(&first.rule, &self.charter, opening, &union, end);
            if counted != first.counted || Some(verdict) != first.verdict {
                let what = format!(
                    "proposal {}: the nodes count {:?} ({:?}), the second model {counted:?} ({verdict})",
                    id.short(),
                    first.counted,
                    first.verdict
                );
                return Err((None, what));
            }
        }
        Ok(())
    }

    fn observed(
        &self,
        honest: &[usize],
        end: Timestamp,
    ) -> Vec<(ProposalId, crate::recount::Seen)> {
        let Some(core) = honest
            .first()
            .and_then(|node| self.nodes[*node].core.as_ref())
        else {
            return Vec::new();
        };
        let broken = self.nodes[honest[0]].broken;
        core.view()
            .proposals
            .keys()
            .filter_map(|id| seen(core, id, end, broken).map(|seen| (*id, seen)))
            .collect()
    }

    fn union_of_disks(&self, honest: &[usize]) -> BTreeMap<EntryId, &Known> {
        let ids = honest
            .iter()
            .flat_map(|node| self.nodes[*node].disk.in_order())
            .map(|(id, _)| *id);
        ids.filter_map(|id| self.ledger.entries.get(&id).map(|known| (id, known)))
            .collect()
    }

    /// No vote that an honest node accepted is lost: the last one of each member counts.
    pub(crate) fn check_votes(&self) -> Result<(), (Option<usize>, String)> {
        let end = Timestamp(crate::clock::BEGINNING_MS + self.now + 10 * 365 * 86_400_000);
        let honest = self.honest();
        let Some(core) = honest
            .first()
            .and_then(|node| self.nodes[*node].core.as_ref())
        else {
            return Ok(());
        };
        let broken = self.nodes[honest[0]].broken;
        let mut last: BTreeMap<(ProposalId, EntryId, MemberId), (u64, Choice, usize)> =
            BTreeMap::new();
        let forked: BTreeSet<PublicKey> =
            core.replica().forks().iter().map(|fork| fork.key).collect();
        for (deed, result) in self.ledger.done.values() {
            let (Act::Vote { proposal, .. }, Ok(id)) = (&deed.act, result) else {
                continue;
            };
            let honest = self.nodes[deed.node].is_honest();
            let cut = forked.contains(&deed.key) || self.ledger.stolen.contains(&deed.key);
            let known = self.ledger.entries.get(id);
            let Some(Record::Ballot(ballot)) = known.and_then(|known| known.record.as_ref()) else {
                continue;
            };
            if honest && !cut {
                let member = self.members[deed.member].id();
                let slot = (*proposal, ballot.phase, member);
                last.insert(slot, (deed.at, ballot.choice, deed.node));
            }
        }
        for ((proposal, phase, member), (at, choice, node)) in last {
            let Some(seen) = seen(core, &proposal, end, broken) else {
                return Err((
                    Some(node),
                    "a proposal that was voted on is gone".to_owned(),
                ));
            };
            let members_cut = core
                .replica()
                .forks()
                .iter()
                .any(|fork| fork.member == member);
            if seen.opening != Some(phase) || members_cut {
                continue;
            }
            if seen.counted.get(&member) != Some(&choice) {
                let what = format!(
                    "the vote {} that node {node} accepted at {at} ms on proposal {} counts as {:?}",
                    choice.as_str(),
                    proposal.short(),
                    seen.counted.get(&member).map(|choice| choice.as_str())
                );
                return Err((Some(node), what));
            }
        }
        Ok(())
    }
}
