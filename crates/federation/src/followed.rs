//! What the register has decided, as the rest of the core follows it: the order in force, the votes
//! that follow from others, and how votes ended.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    charter::Charter,
    decision::Verdict,
    id::{Hash, MemberId, PhaseId, ProposalId, Timestamp},
    record,
};
use register::{
    agreement::Timeouts,
    chain::{Chain, Ending, Happened},
    order::Order,
    outcome::Outcome,
    phase::{Phase, Question},
};
use replica::view::{Decreed, Office, Opening, View};

use crate::{
    core::{Core, Origin},
    state::{Decision, State},
};

/// A charter that was in force from a height on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Its hash; [`Core::charter_of`] has it.
    pub charter: Hash,
    /// The first height.
    pub height: u64,
    /// When the vote on it ended, or the register began.
    pub since: Timestamp,
}

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// The charter of the genesis.
    pub first: Option<Hash>,
    /// Every charter that was ever in force, that of the genesis too,
    pub charters: BTreeMap<Hash, Charter>,
    /// and which one since when.
    pub in_force: Vec<InForce>,
    /// Votes that no entry opened: they follow from the answer to a block.
    pub votes: BTreeMap<ProposalId, Vec<Opening>>,
    /// How votes ended, by the phase that their ballots name.
    pub endings: BTreeMap<PhaseId, Ending>,
    /// Of each phase there was, the one that its ballots name, the proposal, and its end.
    phases: BTreeMap<PhaseId, (PhaseId, ProposalId, Timestamp)>,
    /// When the last phase that a height closed had ended.
    closed: Timestamp,
    /// Who served each member by the register at the last height.
    hosts: BTreeMap<MemberId, MemberId>,
    pub decreed: Decreed,
}

impl Followed {
    /// What holds before anything was decided: the charter of the genesis.
    pub fn new(charter: &Charter) -> Self {
        Self {
            first: Some(charter.hash()),
            charters: BTreeMap::from([(charter.hash(), charter.clone())]),
            ..Self::default()
        }
    }

    /// Puts what the register says before what logs say.
    pub fn put_before(&self, view: &mut View) {
        view.follow(&self.decreed);
        for (proposal, votes) in &self.votes {
            let ids = votes.iter().map(|vote| (vote.id, *proposal));
            view.phases.extend(ids);
        }
    }

    /// Takes up a height after which the register is this, and says which proposals it concerns.
    pub fn take(&mut self, chain: &Chain, happened: &[Happened]) -> BTreeSet<ProposalId> {
        let mut concerned = BTreeSet::new();
        for one in happened {
            let (phase, ending) = match one {
                Happened::Closed { phase, closed, .. } => (phase, ending_of(closed.outcome)),
                Happened::Withdrawn { phase } => (phase, Some(Ending::Withdrawn)),
                Happened::Answered { phase, .. }
                | Happened::Stalled { phase, .. }
                | Happened::Opened { phase } => (phase, None),
                Happened::Declared { .. } => continue,
            };
            let Some((vote, proposal, end)) = self.phases.get(phase).copied() else {
                continue;
            };
            concerned.insert(proposal);
            if matches!(one, Happened::Closed { .. }) {
                self.closed = self.closed.max(end);
            }
            if let Some(ending) = ending {
                self.endings.insert(vote, ending);
            }
        }
        for phase in chain.phases().values() {
            if self.phases.contains_key(&phase.id) {
                continue;
            }
            let known = (phase.vote, phase.proposal, phase.deadline);
            self.phases.insert(phase.id, known);
            concerned.insert(phase.proposal);
            if follows_an_answer(phase) {
                let votes = self.votes.entry(phase.proposal).or_default();
                votes.push(opening_of(phase));
            }
        }
        self.closed = self.closed.max(chain.begun());
        self.take_order(chain);
        concerned
    }

    fn take_order(&mut self, chain: &Chain) {
        let order = chain.order();
        let charter = order.charter().hash();
        if self.in_force.last().map(|one| one.charter) != Some(charter) {
            self.in_force.push(InForce {
                charter,
                height: chain.height(),
                since: self.closed,
            });
            let known = self.charters.entry(charter);
            known.or_insert_with(|| order.charter().clone());
        }
        let members = order.members().iter();
        self.decreed.members = members
            .map(|(id, member)| (*id, (member.root, member.class.as_str().to_owned())))
            .collect();
        self.decreed.former = order.former().keys().copied().collect();
        self.take_hosts(order);
        self.take_offices(order);
    }

    /// A member that has another host than at the height before was given it by a decision.
    fn take_hosts(&mut self, order: &Order) {
        let members = order.members().iter();
        let hosts: BTreeMap<_, _> = members.map(|(id, member)| (*id, member.host)).collect();
        for (member, host) in &hosts {
            if self.hosts.get(member).is_some_and(|before| before != host) {
                self.decreed.hosts.insert(*member, (*host, self.closed));
            }
        }
        self.decreed
            .hosts
            .retain(|member, _| hosts.contains_key(member));
        self.hosts = hosts;
    }

    /// Offices of circles begin and end as decisions fill them anew.
    fn take_offices(&mut self, order: &Order) {
        let offices = order.offices().iter();
        let mut held: BTreeMap<_, _> = offices
            .filter_map(|((circle, title), holder)| {
                let who = (holder.who.member, holder.who.person);
                Some((((*circle)?, title.clone()), (who, holder.until)))
            })
            .collect();
        let open = self.decreed.offices.iter_mut();
        for office in open.filter(|office| office.ended.is_none()) {
            let key = (office.circle, office.title.clone());
            match held.get(&key) {
                Some(now) if *now == (office.holder, office.until) => drop(held.remove(&key)),
                _ => office.ended = Some(self.closed),
            }
        }
        for ((circle, title), (holder, until)) in held {
            self.decreed.offices.push(Office {
                circle,
                title,
                holder,
                since: self.closed,
                until,
                ended: None,
            });
        }
    }
}

fn ending_of(outcome: Outcome) -> Option<Ending> {
    match outcome {
        Outcome::Decided(verdict) => Some(Ending::Judged(verdict)),
        Outcome::Blocked(_) => Some(Ending::Judged(Verdict::Blocked)),
        Outcome::Lapsed => Some(Ending::Lapsed),
        Outcome::Extended { .. } | Outcome::Repeated(_) | Outcome::Answered(..) => None,
    }
}

fn follows_an_answer(phase: &Phase) -> bool {
    use register::phase::Cause;
    phase.vote == phase.id && matches!(phase.cause, Cause::CalledVote | Cause::Amended)
}

/// A vote that an answer opened, as if an entry had.
fn opening_of(phase: &Phase) -> Opening {
    let fallback = phase.rule.fallback();
    let fallback = fallback.filter(|_| phase.question == Question::FallbackVote);
    Opening {
        id: phase.vote,
        member: phase.proposer.member,
        time: phase.opened,
        by: phase.proposer.root,
        record: record::Opening {
            proposal: phase.proposal,
            version: phase.version,
            text: phase.text,
            rule: fallback.unwrap_or(phase.rule).to_string(),
            charter: phase.charter,
            deadline: phase.deadline,
            late_block_ms: phase.late_block_ms,
            extension_ms: phase.extension_ms,
            electorate: phase.electorate.clone(),
        },
    }
}

impl Core {
    /// The order in force by the register, once it has begun.
    #[must_use]
    pub fn order(&self) -> Option<&Order> {
        self.register_chain().map(Chain::order)
    }

    /// Which charter was in force since when, the first one first; empty before the register.
    #[must_use]
    pub fn charters_in_force(&self) -> &[InForce] {
        &self.followed.in_force
    }

    /// A charter that is or was in force.
    #[must_use]
    pub fn charter_of(&self, hash: &Hash) -> Option<&Charter> {
        self.followed.charters.get(hash)
    }

    /// Whether this is a member no more, by a decision or because it left.
    #[must_use]
    pub fn has_left(&self, member: &MemberId) -> bool {
        self.followed.decreed.former.contains(member)
    }

    /// Whether a decision's vote is open and was opened before the register began: opened again, it
    /// becomes final.
    #[must_use]
    pub fn is_before_the_register(&self, decision: &Decision<'_>) -> bool {
        let opened = decision.phase.as_ref().map(|phase| phase.opening.time);
        let chain = self.register_chain();
        let is_before = opened
            .zip(chain)
            .is_some_and(|(opened, chain)| opened < chain.begun());
        is_before && decision.state == State::Voting
    }

    /// Does as the order in force says: its charter counts, its members are let in, and who is a
    /// member no more is let go of.
    pub(crate) fn follow_order(&mut self, now: Timestamp) {
        let Some(order) = self.order() else {
            return;
        };
        if order.charter() != self.charter() {
            let charter = order.charter().clone();
            self.register.wait_by(Timeouts::of(&charter));
            self.use_charter(now, charter);
        }
        let members = self.followed.decreed.members.iter();
        let members: Vec<_> = members.map(|(id, (root, _))| (*id, *root)).collect();
        let mut has_entered = false;
        for (member, root) in members {
            has_entered |= self.let_in(now, root, member);
        }
        if has_entered {
            self.take_up(now, Origin::Here, Vec::new());
        }
        self.follow_with_view();
        self.note_members();
    }
}
