//! How a proposal stands: its phase, its count and its outcome, always provisional, computed from
//! the view, the charter and a time.

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, ClassId, RuleName},
    decision::{self, Cast, Count, Electorate, Extension, Outcome, Slot, Verdict, Voter, Voting},
    genesis::Genesis,
    id::{EntryId, MemberId, ProposalId, Timestamp},
    record::{self, Elector, Record},
};
use register::{
    chain::{Chain, Ending},
    phase::{FALLBACK_RULE, Question},
};
use replica::{
    Replica, Right,
    view::{Opening, OpeningFault, Proposal, Version, View},
};

use crate::followed::Followed;

/// What can be said of a proposal at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being talked about; voting is not open on its current version.
    Deliberation,
    /// Voting is open.
    Voting,
    /// Consent was blocked: until then the proposer amends, withdraws, or calls the fallback vote.
    Integration(Timestamp),
    /// Voting has closed; there is no register yet, so the outcome is provisional.
    Closed(Verdict),
    /// The proposer took it back.
    Withdrawn,
}

impl State {
    /// The word in pages, commands and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deliberation => "deliberation",
            Self::Voting => "voting",
            Self::Integration(_) => "integration",
            Self::Closed(verdict) => verdict.as_str(),
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A phase of voting as it stands.
#[derive(Debug, Clone)]
pub struct Phase<'a> {
    /// The opening.
    pub opening: &'a Opening,
    /// The version voted on.
    pub version: &'a Version,
    /// The rule of the proposal.
    pub rule: RuleName,
    /// Whether it is the vote that the proposer called after a block.
    pub fallback: bool,
    /// Until when ballots count: later than the opening says where the vote was extended.
    pub deadline: Timestamp,
    /// How it was extended.
    pub extensions: Vec<Extension>,
    /// Who may vote.
    pub electorate: Electorate,
    /// Members that joined before voting opened and are not listed; shown, for the opener may not
    /// have known of them.
    pub left_out: Vec<MemberId>,
    /// Which ballot of each voter counts, and why others do not.
    pub count: Count,
    /// What the counted ballots decide.
    pub outcome: Outcome,
    /// Every ballot in view, by id.
    pub ballots: BTreeMap<EntryId, BallotSeen>,
}

/// A ballot in view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotSeen {
    /// Whose vote it is.
    pub member: MemberId,
    /// The delegate's key.
    pub by: domain::key::PublicKey,
    /// What it says.
    pub record: record::Ballot,
    /// The mandate's number.
    pub mandate: u64,
    /// The time it claims.
    pub time: Timestamp,
    /// When it came to this node.
    pub received: Timestamp,
    /// Whether it came after the deadline, though it claims to be older.
    pub late: bool,
}

/// A proposal as it stands at a moment.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// Its id.
    pub id: ProposalId,
    /// The proposal.
    pub proposal: &'a Proposal,
    /// What made it.
    pub first: &'a replica::view::First,
    /// The version that counts now.
    pub version: &'a Version,
    /// How it stands.
    pub state: State,
    /// The phase on the current version, if it was opened.
    pub phase: Option<Phase<'a>>,
    /// The phases on earlier versions, oldest first; their ballots do not count for this one.
    pub earlier: Vec<Phase<'a>>,
    /// Openings that open nothing, and why.
    pub invalid: Vec<(&'a Opening, OpeningFault)>,
}

/// The phases of each version, in order.
type Phases<'a> = BTreeMap<EntryId, Vec<Phase<'a>>>;

/// What judging proposals needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub replica: &'a Replica,
    pub view: &'a View,
    pub charter: &'a Charter,
    pub genesis: &'a Genesis,
    pub chain: Option<&'a Chain>,
    pub followed: &'a Followed,
}

impl<'a> Bench<'a> {
    /// How a proposal stands at `now`.
    pub fn decision(&self, id: &ProposalId, now: Timestamp) -> Option<Decision<'a>> {
        let proposal = self.view.proposals.get(id)?;
        let first = proposal.first.as_ref()?;
        let (mut phases, invalid) = self.phases(*id, proposal, first, now);
        let mut version = &first.version;
        let (mut phase, mut earlier) = (None, Vec::new());
        for candidate in proposal.versions() {
            let decided = phase.as_ref().is_some_and(|phase: &Phase<'_>| {
                phase.outcome.verdict == Verdict::Passed && candidate.time > phase.deadline
            });
            if decided {
                break;
            }
            version = candidate;
            for next in phases.remove(&candidate.entry).unwrap_or_default() {
                earlier.extend(phase.replace(next));
            }
            if phase
                .as_ref()
                .is_some_and(|phase| phase.version.entry != candidate.entry)
            {
                earlier.extend(phase.take());
            }
        }
        let fell_back = earlier.iter().any(|phase: &Phase<'_>| phase.fallback);
        let state = self.state(proposal, first, phase.as_ref(), fell_back, now);
        Some(Decision {
            id: *id,
            proposal,
            first,
            version,
            state,
            phase,
            earlier,
            invalid,
        })
    }

    fn state(
        &self,
        proposal: &Proposal,
        first: &replica::view::First,
        phase: Option<&Phase<'_>>,
        fell_back: bool,
        now: Timestamp,
    ) -> State {
        let Some(phase) = phase else {
            return match proposal.withdrawal() {
                Some(_) => State::Withdrawn,
                None => State::Deliberation,
            };
        };
        if let Some(chain) = self.chain.filter(|_| self.is_registered(phase.opening)) {
            return self.registered_state(chain, proposal, phase, now);
        }
        let integration = self.integration(first, phase).filter(|_| !fell_back);
        let ends = integration.unwrap_or(phase.deadline);
        match proposal.withdrawal() {
            Some(withdrawal) if withdrawal.time <= ends => State::Withdrawn,
            _ if now <= phase.deadline => State::Voting,
            _ if now <= ends => State::Integration(ends),
            _ => State::Closed(phase.outcome.verdict),
        }
    }

    /// How a vote stands that the register has.
    fn registered_state(
        &self,
        chain: &Chain,
        proposal: &Proposal,
        phase: &Phase<'_>,
        now: Timestamp,
    ) -> State {
        let record = &phase.opening.record;
        let open = chain.open_phase(&record.proposal, &phase.opening.member);
        let window = open.filter(|open| open.question == Question::Answer);
        let until = window.map_or(phase.deadline, |window| window.deadline);
        let decided = chain.decided(&record.proposal, &phase.opening.member);
        let is_taken_back = decided
            .last()
            .is_some_and(|last| last.ending == Ending::Withdrawn);
        match (open, proposal.withdrawal()) {
            (None, _) if is_taken_back => State::Withdrawn,
            // It will be, at the next height.
            (Some(_), Some(withdrawal)) if withdrawal.time <= until => State::Withdrawn,
            _ if window.is_some() && now <= until => State::Integration(until),
            (Some(open), _) if window.is_none() && now <= open.deadline => State::Voting,
            _ => State::Closed(phase.outcome.verdict),
        }
    }

    /// Until when a block may be integrated, where the rule has a fallback vote and the phase was
    /// blocked under consent.
    fn integration(&self, first: &replica::view::First, phase: &Phase<'_>) -> Option<Timestamp> {
        let blocked = phase.rule == RuleName::ConsentThenVote
            && !phase.fallback
            && phase.outcome.verdict == Verdict::Blocked;
        let seconds = decision::integration(first.urgent.is_some(), self.charter);
        blocked.then(|| phase.deadline.plus_seconds(seconds))
    }

    /// The phases of each version: its first valid opening, and the fallback vote called while a
    /// block of it could be integrated. A proposal falls back once.
    fn phases(
        &self,
        id: ProposalId,
        proposal: &'a Proposal,
        first: &replica::view::First,
        now: Timestamp,
    ) -> (Phases<'a>, Vec<(&'a Opening, OpeningFault)>) {
        // Who called a vote knew that the one before was over.
        let mut openings = proposal.openings();
        openings.extend(self.followed.votes.get(&id).into_iter().flatten());
        openings.sort_by_key(|opening| (opening.time, opening.id));
        let now = openings
            .iter()
            .map(|opening| opening.time)
            .fold(now, Timestamp::max);
        let mut phases = Phases::new();
        let (mut invalid, mut fell_back) = (Vec::new(), false);
        for opening in openings {
            let (version, rule, electorate) = match self.check_opening(proposal, first, opening) {
                Ok(checked) => checked,
                Err(fault) => {
                    invalid.push((opening, fault));
                    continue;
                }
            };
            let own = phases.entry(version.entry).or_default();
            let fallback = opening.record.rule != first.rule;
            if self.is_registered(opening) {
                fell_back |= fallback;
                own.push(self.phase(opening, version, rule, electorate, fallback, now));
            } else if fallback && rule == FALLBACK_RULE {
                // After a mediation, on its way into the register.
                fell_back = true;
                own.push(self.phase(opening, version, rule, electorate, true, now));
            } else if fallback {
                let blocked = own.last();
                let until = blocked.and_then(|phase| self.integration(first, phase));
                let called = blocked.zip(until).is_some_and(|(blocked, until)| {
                    opening.time > blocked.deadline && opening.time <= until
                });
                if fell_back || !called {
                    invalid.push((opening, OpeningFault::NoFallback));
                    continue;
                }
                fell_back = true;
                own.push(self.phase(opening, version, rule, electorate, true, now));
            } else if own.is_empty() {
                own.push(self.phase(opening, version, rule, electorate, false, now));
            }
        }
        (phases, invalid)
    }

    fn check_opening(
        &self,
        proposal: &'a Proposal,
        first: &replica::view::First,
        opening: &'a Opening,
    ) -> Result<(&'a Version, RuleName, Electorate), OpeningFault> {
        let record = &opening.record;
        if opening.member != first.member {
            return Err(OpeningFault::NotTheProposer);
        }
        let version = proposal
            .version(&record.version)
            .filter(|version| version.hash == record.text && version.time <= opening.time)
            .ok_or(OpeningFault::Version)?;
        let unknown = || OpeningFault::UnknownRule(first.rule.clone());
        let rule: RuleName = first.rule.parse().map_err(|_| unknown())?;
        let other = || OpeningFault::Rule {
            proposal: first.rule.clone(),
            opening: record.rule.clone(),
        };
        let rule = self.judging_rule(rule, opening).ok_or_else(other)?;
        let charter = self.followed.charters.get(&record.charter);
        let charter = charter.ok_or(OpeningFault::Charter)?;
        if rule != FALLBACK_RULE || record.rule == first.rule {
            charter.check_rule(rule).map_err(|_| unknown())?;
        }
        if self.is_registered(opening) {
            return Ok((version, rule, listed(record)?));
        }
        let is_before = self.chain.is_none_or(|chain| opening.time < chain.begun());
        let has_charter = match is_before {
            true => self.followed.first == Some(record.charter),
            false => self.charter.hash() == record.charter,
        };
        if !has_charter {
            return Err(OpeningFault::Charter);
        }
        let order = self.chain.map(Chain::order);
        let times = order.map_or(1, |order| order.times_as_long(opening.time));
        let expected = decision::period(rule, first.urgent.is_some(), charter) * times;
        let found = record.deadline.since_ms(opening.time);
        if found != expected * 1000 {
            return Err(OpeningFault::Deadline {
                found: found / 1000,
                expected,
            });
        }
        let extensions = decision::extensions(found, charter);
        if (record.late_block_ms, record.extension_ms) != extensions {
            return Err(OpeningFault::Extensions);
        }
        let electorate = match order {
            // Their classes and who they are now say nothing of who they were then.
            Some(_) if is_before => listed(record)?,
            Some(order) => check_order(&order.electorate(rule), record)?,
            None => self.check_electors(rule, record)?,
        };
        Ok((version, rule, electorate))
    }

    /// The rule that a vote is judged by: the proposal's, in the fallback vote that it has by itself too;
    /// after a mediation that of fallback votes. `None` if it is opened by another.
    fn judging_rule(&self, proposed: RuleName, opening: &Opening) -> Option<RuleName> {
        let record = &opening.record;
        if record.rule == proposed.as_str() {
            return Some(proposed);
        }
        let named: RuleName = record.rule.parse().ok()?;
        let is_mediated = self.chain.is_some_and(|chain| {
            chain.has_opened(&opening.id)
                || chain.can_fall_back(&record.proposal, &opening.member, &record.text)
        });
        if named == FALLBACK_RULE && is_mediated {
            return Some(named);
        }
        (proposed.fallback() == Some(named)).then_some(proposed)
    }

    /// Whether the register has this opening, or has opened this vote itself.
    fn is_registered(&self, opening: &Opening) -> bool {
        let of_it = |chain: &Chain| chain.has_opened(&opening.id);
        let votes = self.followed.votes.get(&opening.record.proposal);
        let mut votes = votes.into_iter().flatten();
        self.chain.is_some_and(of_it) || votes.any(|vote| vote.id == opening.id)
    }

    /// The phase of the register in which ballots of a vote count now.
    fn open_phase(&self, vote: &EntryId) -> Option<&'a register::phase::Phase> {
        let mut phases = self.chain?.phases().values();
        phases.find(|phase| phase.vote == *vote)
    }

    fn check_electors(
        &self,
        rule: RuleName,
        record: &record::Opening,
    ) -> Result<Electorate, OpeningFault> {
        let eligible = self.eligible(rule);
        let mut voters = Vec::new();
        for elector in &record.electorate {
            let known = self.view.members.get(&elector.member);
            let class = eligible.get(&elector.member);
            let fits = known.is_some_and(|member| {
                member.root == elector.root && member.record == elector.record
            }) && class.is_some_and(|class| class.as_str() == elector.class);
            match class.filter(|_| fits) {
                Some(class) => {
                    voters.push(Voter {
                        member: elector.member,
                        class: class.clone(),
                    });
                }
                None => return Err(OpeningFault::NotEligible(elector.member)),
            }
        }
        for founder in &self.genesis.founders {
            let member = founder.member();
            if eligible.contains_key(&member) && record.elector(&member).is_none() {
                return Err(OpeningFault::LeftOut(member));
            }
        }
        Electorate::new(voters).map_err(|_| OpeningFault::Version)
    }

    /// The members that may vote under a rule, as this node knows them.
    pub fn eligible(&self, rule: RuleName) -> BTreeMap<MemberId, ClassId> {
        let members = self.view.members.values().filter_map(|member| {
            let class: ClassId = member.class.parse().ok()?;
            Some((member.id, class))
        });
        decision::electorate(rule, self.charter, &members.collect())
    }

    fn phase(
        &self,
        opening: &'a Opening,
        version: &'a Version,
        rule: RuleName,
        electorate: Electorate,
        fallback: bool,
        now: Timestamp,
    ) -> Phase<'a> {
        let mut ballots = self.ballots(opening);
        let casts = ballots.iter().map(|(id, seen)| Cast {
            member: seen.member,
            slot: Slot {
                mandate: seen.mandate,
                revision: seen.record.revision,
            },
            ballot: *id,
            choice: seen.record.choice,
            version: seen.record.version,
            time: seen.time,
        });
        let casts: Vec<Cast> = casts.collect();
        let charter = self.followed.charters.get(&opening.record.charter);
        let charter = charter.unwrap_or(self.charter);
        let voting = Voting {
            rule,
            charter,
            electorate: &electorate,
            version: version.hash,
            opened: opening.time,
            deadline: opening.record.deadline,
            late_block_ms: opening.record.late_block_ms,
            extension_ms: opening.record.extension_ms,
            fallback,
        };
        let mut course = voting.follow(&casts, now);
        // What the register says of a vote goes before what this node makes of the ballots it has.
        if let Some(open) = self.open_phase(&opening.id) {
            course.deadline = open.deadline;
        }
        if let Some(Ending::Judged(verdict)) = self.followed.endings.get(&opening.id) {
            course.outcome.verdict = *verdict;
        }
        for seen in ballots.values_mut() {
            seen.late = seen.received > course.deadline && seen.time <= course.deadline;
        }
        let tolerance = replica::AHEAD_SECONDS_MAX;
        let is_eligible = |class: &str| {
            let class: Result<ClassId, _> = class.parse();
            class.is_ok_and(|class| {
                let class = self.charter.class(&class);
                class.is_some_and(|class| self.charter.rule(rule).eligible.includes(class))
            })
        };
        // Who is listed, or came too late to be, is most: their classes are not asked for.
        let members = self.view.members.values();
        let left_out = members
            .filter(|member| electorate.class_of(&member.id).is_none())
            .filter(|member| member.since.plus_seconds(tolerance) < opening.time)
            .filter(|member| is_eligible(&member.class))
            .map(|member| member.id)
            .collect();
        Phase {
            opening,
            version,
            rule,
            fallback,
            deadline: course.deadline,
            extensions: course.extensions,
            electorate,
            left_out,
            count: course.count,
            outcome: course.outcome,
            ballots,
        }
    }

    fn ballots(&self, opening: &Opening) -> BTreeMap<EntryId, BallotSeen> {
        // Gathered first: a map of very many is made faster from all of them at once.
        let mut ballots = Vec::new();
        for member in self.replica.voters_of(&opening.id) {
            let root = opening.record.elector(&member).map(|elector| elector.root);
            for position in self.replica.ballots_of(&opening.id, &member) {
                let Some(stored) = self.replica.get(position) else {
                    continue;
                };
                let mandate_by = stored.grant.and_then(|grant| self.replica.get(grant));
                let pinned = root.is_none() || mandate_by.map(|grant| grant.author) == root;
                let (Some(Record::Ballot(record)), Right::Delegate { mandate }, true) =
                    (stored.record.as_deref(), stored.right, pinned)
                else {
                    continue;
                };
                ballots.push((
                    stored.id,
                    BallotSeen {
                        member,
                        by: stored.author,
                        record: record.clone(),
                        mandate,
                        time: stored.time,
                        received: stored.received,
                        late: false,
                    },
                ));
            }
        }
        ballots.into_iter().collect()
    }
}

/// The electorate as an opening lists it.
fn listed(record: &record::Opening) -> Result<Electorate, OpeningFault> {
    let voter = |elector: &Elector| {
        let class = elector.class.parse().ok()?;
        let member = elector.member;
        Some(Voter { member, class })
    };
    let voters: Option<Vec<Voter>> = record.electorate.iter().map(voter).collect();
    let voters = voters.ok_or(OpeningFault::Version)?;
    Electorate::new(voters).map_err(|_| OpeningFault::Version)
}

/// The electorate that an opening lists, if it is that of the order in force.
fn check_order(electors: &[Elector], record: &record::Opening) -> Result<Electorate, OpeningFault> {
    if let Some(strange) = record.electorate.iter().find(|one| !electors.contains(one)) {
        return Err(OpeningFault::NotEligible(strange.member));
    }
    match electors.iter().find(|one| !record.electorate.contains(one)) {
        Some(left_out) => Err(OpeningFault::LeftOut(left_out.member)),
        None => listed(record),
    }
}
