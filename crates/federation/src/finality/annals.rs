//! What each height of the register did, in the order in which it did it: kept for those who show
//! the register, and for whoever wants to see how a vote ended. Nothing is decided by it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    charter::RuleName,
    decision,
    effect::Motion,
    id::{FederationId, Hash, MemberId, PhaseId, ProposalId, Timestamp},
};
use register::{
    batch::Batch,
    chain::{Chain, Decided, Ending, Happened},
    declaration::Matter,
    file::{Recovering, Turn},
    order::Ineffective,
    outcome::Closed,
    phase::{Cause, Phase, Question},
    recovery::Recovered,
    says::{Act, Standing},
    validators::ValidatorSet,
};

/// A vote in the register, from its opening through all its phases to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The phase with which it began: the id of its opening.
    pub opening: PhaseId,
    /// The proposal.
    pub proposal: ProposalId,
    /// The proposing member.
    pub proposer: MemberId,
    /// The proposal's rule.
    pub rule: RuleName,
    /// The hash of the charter it is decided under.
    pub charter: Hash,
    /// The title of the version voted on last.
    pub title: String,
    /// The hash of that version's text.
    pub text: Hash,
    /// The word of what it does if it passes; `None` if it does nothing by itself.
    pub effect: Option<&'static str>,
    /// What its last closing counted; `None` if none has judged ballots.
    pub counted: Option<Counted>,
    /// The phases that its ballots named, in order: one more after a block that was answered.
    pub named: Vec<PhaseId>,
    /// The height from which on ballots name the last of them.
    pub since: u64,
    /// The heights that have something of it, ascending.
    pub heights: Vec<u64>,
    /// How it ended, if it has.
    pub ended: Option<Ended>,
}

/// What a closing counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What counted of each member that voted.
    pub votes: BTreeMap<MemberId, Standing>,
    /// What that came to by the rule.
    pub judged: decision::Outcome,
}

/// How a vote ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The height that ended it.
    pub height: u64,
    /// When, as far as it can be told: by the clocks of those who sealed or signed it.
    pub time: Timestamp,
    /// How.
    pub ending: Ending,
    /// The deadline it had at last.
    pub deadline: Timestamp,
    /// The hash of the version voted on last.
    pub version: Hash,
    /// What became of its effect; `None` if it has none or did not pass.
    pub effect: Option<Result<(), Ineffective>>,
}

/// One thing that a height did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something happened to a vote.
    Vote {
        /// The vote's opening.
        opening: PhaseId,
        /// What.
        turn: Turn,
    },
    /// A member declared something.
    Declared {
        /// Who.
        member: MemberId,
        /// What.
        matter: Matter,
    },
}

/// What a height did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeightTold {
    /// The height, from 2.
    pub height: u64,
    /// Its hash.
    pub hash: Hash,
    /// When, as far as it can be told: the median time of the seals it carries, or when the last of
    /// the entries it carries was written. Heights carry no time of their own.
    pub time: Timestamp,
    /// What it did, in its order.
    pub told: Vec<Told>,
}

/// A phase that is open.
#[derive(Debug, Clone)]
struct Open {
    opening: PhaseId,
    deadline: Timestamp,
    validators: Hash,
    voters: Vec<MemberId>,
}

/// Every height since the beginning, in short.
#[derive(Debug, Default)]
pub struct Annals {
    heights: BTreeMap<u64, HeightTold>,
    votes: BTreeMap<PhaseId, Vote>,
    /// The openings of a member's votes on a proposal, in order.
    of_proposal: BTreeMap<(ProposalId, MemberId), Vec<PhaseId>>,
    /// Votes that ended, in that order.
    ended: Vec<PhaseId>,
    open: BTreeMap<PhaseId, Open>,
    /// The hash of the beginning that the heights follow from.
    began: Option<Hash>,
    sets: BTreeMap<Hash, ValidatorSet>,
    recoveries: Vec<Recovering>,
    /// The last height whose closings carry a seal of each validator, and when it sealed.
    sealed: BTreeMap<MemberId, (u64, Timestamp)>,
}

impl Annals {
    /// The heights, by number, from 2.
    #[must_use]
    pub fn heights(&self) -> &BTreeMap<u64, HeightTold> {
        &self.heights
    }

    /// A vote, by its opening.
    #[must_use]
    pub fn vote(&self, opening: &PhaseId) -> Option<&Vote> {
        self.votes.get(opening)
    }

    /// The votes of a member on a proposal, in order.
    pub fn votes_on(
        &self,
        proposal: &ProposalId,
        proposer: &MemberId,
    ) -> impl DoubleEndedIterator<Item = &Vote> {
        let openings = self.of_proposal.get(&(*proposal, *proposer));
        let openings = openings.map_or(&[][..], Vec::as_slice).iter();
        openings.filter_map(|opening| self.votes.get(opening))
    }

    /// The votes that are over, in the order in which they ended.
    pub fn ended(&self) -> impl DoubleEndedIterator<Item = (&Vote, &Ended)> {
        let votes = self.ended.iter().filter_map(|id| self.votes.get(id));
        votes.filter_map(|vote| Some((vote, vote.ended.as_ref()?)))
    }

    /// The vote that an open phase belongs to.
    #[must_use]
    pub fn vote_of(&self, phase: &PhaseId) -> Option<&Vote> {
        let open = self.open.get(phase)?;
        self.votes.get(&open.opening)
    }

    /// The hash of the beginning that the heights follow from.
    #[must_use]
    pub fn began(&self) -> Option<Hash> {
        self.began
    }

    /// Validators that followed a height.
    #[must_use]
    pub fn validators(&self, hash: &Hash) -> Option<&ValidatorSet> {
        self.sets.get(hash)
    }

    /// The last height that carries a seal of a member's validator, and when it was signed.
    #[must_use]
    pub fn last_sealed(&self, member: &MemberId) -> Option<(u64, Timestamp)> {
        self.sealed.get(member).copied()
    }

    /// Takes note of a height, which led to `after` and did what `happened`. They come in order.
    pub(crate) fn add(&mut self, batch: &Batch, after: &Chain, happened: &[Happened]) {
        let federation = after.federation();
        let height = batch.header.height;
        let before = self.heights.last_key_value();
        let time = time_of(batch).or_else(|| before.map(|(_, told)| told.time));
        let set = after.validators();
        self.sets.entry(set.hash()).or_insert_with(|| set.clone());
        self.began.get_or_insert(batch.header.previous);
        self.note_seals(batch);
        let mut making = Making {
            annals: self,
            federation,
            batch,
            after,
            height,
            time: time.unwrap_or_default(),
            told: Vec::new(),
        };
        for happened in happened {
            making.tell(happened);
        }
        making.amended();
        let told = HeightTold {
            height,
            hash: batch.header.hash(&federation),
            time: making.time,
            told: making.told,
        };
        self.heights.insert(height, told);
    }

    /// The recoveries that the register went through, in order, as files show them.
    #[must_use]
    pub fn recoveries(&self) -> &[Recovering] {
        &self.recoveries
    }

    /// Takes note of a recovery of this register: open phases go on under other ids.
    pub(crate) fn recovered(&mut self, before: &Chain, recovered: &Recovered) {
        let Ok((after, moved)) = before.recovered(recovered) else {
            return;
        };
        let set = after.validators();
        self.sets.entry(set.hash()).or_insert_with(|| set.clone());
        for (old, new) in moved {
            if let (Some(open), Some(phase)) = (self.open.remove(&old), after.phases().get(&new)) {
                let open = Open {
                    deadline: phase.deadline,
                    validators: phase.validators.hash(),
                    ..open
                };
                self.open.insert(new, open);
            }
        }
        self.recoveries.push(Recovering::of(before, recovered));
    }

    fn note_seals(&mut self, batch: &Batch) {
        for closes in &batch.items.closings {
            let open = self.open.get(&closes.closing.phase);
            let Some(set) = open.and_then(|open| self.sets.get(&open.validators)) else {
                continue;
            };
            for seal in &closes.closing.seals {
                if let Some(validator) = set.get(seal.validator) {
                    let sealed = (batch.header.height, seal.time);
                    self.sealed.insert(validator.member, sealed);
                }
            }
        }
    }
}

/// When a height was, by what it carries.
fn time_of(batch: &Batch) -> Option<Timestamp> {
    let items = &batch.items;
    let closings = items.closings.iter().filter_map(|closes| {
        let seals = closes.closing.seals.iter();
        let mut times: Vec<Timestamp> = seals.map(|seal| seal.time).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    });
    let answers = items.answers.iter().map(|one| &one.answer);
    let openings = items.openings.iter().map(|one| &one.opening);
    let entries = answers.chain(&items.withdrawals).chain(openings);
    let entries = entries.map(|mandated| mandated.entry.header.time);
    closings.chain(entries).max()
}

/// A height being told.
struct Making<'a> {
    annals: &'a mut Annals,
    federation: FederationId,
    batch: &'a Batch,
    after: &'a Chain,
    height: u64,
    time: Timestamp,
    told: Vec<Told>,
}

impl Making<'_> {
    fn tell(&mut self, happened: &Happened) {
        match happened {
            Happened::Closed {
                phase,
                closed,
                effect,
                next,
            } => {
                self.count(phase, closed);
                self.turn(phase, Turn::Closed(closed.outcome), *next, effect.clone());
            }
            Happened::Answered { phase, next } => {
                let next_phase = next.and_then(|next| self.after.phases().get(&next));
                let act = match next_phase {
                    None => Act::Withdraw,
                    Some(phase) if phase.cause == Cause::Amended => Act::Amend {
                        version: phase.version,
                        text: phase.text,
                    },
                    Some(_) => Act::CallVote,
                };
                self.turn(phase, Turn::Answered(act), *next, None);
            }
            Happened::Withdrawn { phase } => self.turn(phase, Turn::Withdrawn, None, None),
            Happened::Stalled { phase, next } => {
                self.turn(phase, Turn::Stalled, Some(*next), None);
            }
            Happened::Declared { member, number } => {
                let mut declared = self.batch.items.declarations.iter();
                let declared = declared.find(|one| (one.member, one.number) == (*member, *number));
                if let Some(declared) = declared {
                    let matter = declared.matter.clone();
                    let member = *member;
                    self.told.push(Told::Declared { member, matter });
                }
            }
            Happened::Opened { phase } => self.opened(phase),
        }
    }

    fn count(&mut self, phase: &PhaseId, closed: &Closed) {
        let (Some(open), Some(judged)) = (self.annals.open.get(phase), &closed.judged) else {
            return;
        };
        let votes = closed.counted.iter().filter_map(|(voter, standing)| {
            let member = open.voters.get(usize::from(voter.0))?;
            Some((*member, standing.clone()))
        });
        let counted = Counted {
            votes: votes.collect(),
            judged: judged.clone(),
        };
        if let Some(vote) = self.annals.votes.get_mut(&open.opening) {
            vote.counted = Some(counted);
        }
    }

    /// Something happened to an open phase, after which another one may be open.
    fn turn(
        &mut self,
        phase: &PhaseId,
        turn: Turn,
        next: Option<PhaseId>,
        effect: Option<Result<(), Ineffective>>,
    ) {
        let Some(open) = self.annals.open.remove(phase) else {
            return;
        };
        let opening = open.opening;
        let Some(vote) = self.annals.votes.get_mut(&opening) else {
            return;
        };
        vote.heights.push(self.height);
        self.told.push(Told::Vote { opening, turn });
        if let Some(phase) = next.and_then(|next| self.after.phases().get(&next)) {
            if let Some(motion) = self.after.motion(phase) {
                follow(vote, motion);
            }
            if phase.question != Question::Answer && vote.named.last() != Some(&phase.vote) {
                vote.named.push(phase.vote);
                vote.since = self.height;
            }
            self.begins(opening, phase);
            return;
        }
        let decided = self.after.decided(&vote.proposal, &vote.proposer).iter();
        let is_this = |decided: &&Decided| decided.height == self.height && decided.phase == *phase;
        let Some(decided) = decided.rev().find(is_this) else {
            return;
        };
        vote.ended = Some(Ended {
            height: self.height,
            time: self.time,
            ending: decided.ending,
            deadline: open.deadline,
            version: decided.text,
            effect,
        });
        self.annals.ended.push(opening);
    }

    fn begins(&mut self, opening: PhaseId, phase: &Phase) {
        let validators = phase.validators.hash();
        let sets = &mut self.annals.sets;
        sets.entry(validators)
            .or_insert_with(|| phase.validators.clone());
        let voters = phase.voters().iter().map(|elector| elector.member);
        let open = Open {
            opening,
            deadline: phase.deadline,
            validators,
            voters: voters.collect(),
        };
        self.annals.open.insert(phase.id, open);
    }

    fn opened(&mut self, id: &PhaseId) {
        let mut openings = self.batch.items.openings.iter();
        let opened = openings.find(|one| one.opening.entry.id(&self.federation) == *id);
        let (Some(phase), Some(opened)) = (self.after.phases().get(id), opened) else {
            return;
        };
        let mut vote = Vote {
            opening: *id,
            proposal: phase.proposal,
            proposer: phase.proposer.member,
            rule: phase.rule,
            charter: phase.charter,
            title: String::new(),
            text: Hash([0; 32]),
            effect: None,
            counted: None,
            named: vec![*id],
            since: self.height,
            heights: vec![self.height],
            ended: None,
        };
        follow(&mut vote, &opened.motion);
        let key = (vote.proposal, vote.proposer);
        self.annals.of_proposal.entry(key).or_default().push(*id);
        self.annals.votes.insert(*id, vote);
        self.begins(*id, phase);
        let (opening, turn) = (*id, Turn::Opened);
        self.told.push(Told::Vote { opening, turn });
    }

    /// Votes that ended because one on another version was opened: nothing else tells of them.
    fn amended(&mut self) {
        let open: Vec<PhaseId> = self.annals.open.keys().copied().collect();
        let known: BTreeSet<PhaseId> = self.after.phases().keys().copied().collect();
        for phase in open.iter().filter(|phase| !known.contains(phase)) {
            self.turn(phase, Turn::Amended, None, None);
        }
    }
}

fn follow(vote: &mut Vote, motion: &Motion) {
    vote.title.clone_from(&motion.title);
    vote.text = motion.text;
    vote.effect = motion.effect.as_ref().map(domain::effect::Effect::word);
}
