//! How a proposal stands: its phase, its count and its outcome, always provisional, computed from
//! the view, the charter and a time.

use std::collections::BTreeMap;

use domain::{
    charter::{Charter, ClassId, RuleName},
    decision::{self, Cast, Count, Electorate, Outcome, Slot, Verdict, Voter},
    genesis::Genesis,
    id::{EntryId, MemberId, ProposalId, Timestamp},
    record::{self, Record},
};
use replica::{
    Replica, Right,
    view::{Opening, OpeningFault, Proposal, Version, View},
};

/// What can be said of a proposal at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being talked about; voting is not open on its current version.
    Deliberation,
    /// Voting is open.
    Voting,
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
    /// The rule.
    pub rule: RuleName,
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

/// What judging proposals needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub replica: &'a Replica,
    pub view: &'a View,
    pub charter: &'a Charter,
    pub genesis: &'a Genesis,
}

impl<'a> Bench<'a> {
    /// How a proposal stands at `now`.
    pub fn decision(&self, id: &ProposalId, now: Timestamp) -> Option<Decision<'a>> {
        let proposal = self.view.proposals.get(id)?;
        let first = proposal.first.as_ref()?;
        let (mut phases, invalid) = self.phases(proposal, first);
        let mut version = &first.version;
        let (mut phase, mut earlier) = (None, Vec::new());
        for candidate in proposal.versions() {
            let decided = phase.as_ref().is_some_and(|phase: &Phase<'_>| {
                phase.outcome.verdict == Verdict::Passed
                    && candidate.time > phase.opening.record.deadline
            });
            if decided {
                break;
            }
            version = candidate;
            earlier.extend(phase.take());
            phase = phases.remove(&candidate.entry);
        }
        let state = self.state(proposal, phase.as_ref(), now);
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

    fn state(&self, proposal: &Proposal, phase: Option<&Phase<'_>>, now: Timestamp) -> State {
        let deadline = phase.map(|phase| phase.opening.record.deadline);
        let in_time =
            |withdrawal: Timestamp| deadline.is_none_or(|deadline| withdrawal <= deadline);
        match (proposal.withdrawal(), phase, deadline) {
            (Some(withdrawal), ..) if in_time(withdrawal.time) => State::Withdrawn,
            (_, Some(phase), Some(deadline)) if now > deadline => {
                State::Closed(phase.outcome.verdict)
            }
            (_, Some(_), _) => State::Voting,
            _ => State::Deliberation,
        }
    }

    /// The phase of each version: its first valid opening.
    fn phases(
        &self,
        proposal: &'a Proposal,
        first: &replica::view::First,
    ) -> (
        BTreeMap<EntryId, Phase<'a>>,
        Vec<(&'a Opening, OpeningFault)>,
    ) {
        let (mut phases, mut invalid) = (BTreeMap::new(), Vec::new());
        for opening in proposal.openings() {
            match self.check_opening(proposal, first, opening) {
                Ok((version, ..)) if phases.contains_key(&version.entry) => {}
                Ok((version, rule, electorate)) => {
                    phases.extend(
                        self.phase(opening, version, rule, electorate)
                            .map(|phase| (version.entry, phase)),
                    );
                }
                Err(fault) => invalid.push((opening, fault)),
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
        if record.rule != first.rule {
            return Err(OpeningFault::Rule {
                proposal: first.rule.clone(),
                opening: record.rule.clone(),
            });
        }
        let unknown = || OpeningFault::UnknownRule(record.rule.clone());
        let rule: RuleName = record.rule.parse().map_err(|_| unknown())?;
        self.charter.check_rule(rule).map_err(|_| unknown())?;
        if record.charter != self.charter.hash() {
            return Err(OpeningFault::Charter);
        }
        let expected = decision::period(rule, first.urgent.is_some(), self.charter);
        let found = record.deadline.since_ms(opening.time);
        if found != expected * 1000 {
            return Err(OpeningFault::Deadline {
                found: found / 1000,
                expected,
            });
        }
        let electorate = self.check_electors(rule, record)?;
        Ok((version, rule, electorate))
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
    ) -> Option<Phase<'a>> {
        let deadline = opening.record.deadline;
        let ballots = self.ballots(opening, deadline);
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
        let count = decision::count(&electorate, version.hash, opening.time, deadline, casts);
        let outcome = decision::judge(rule, self.charter, &electorate, &count).ok()?;
        let tolerance = replica::AHEAD_SECONDS_MAX;
        let left_out = self
            .eligible(rule)
            .into_keys()
            .filter(|member| electorate.class_of(member).is_none())
            .filter(|member| {
                let since = self.view.members.get(member).map(|member| member.since);
                since.is_some_and(|since| since.plus_seconds(tolerance) < opening.time)
            })
            .collect();
        Some(Phase {
            opening,
            version,
            rule,
            electorate,
            left_out,
            count,
            outcome,
            ballots,
        })
    }

    fn ballots(&self, opening: &Opening, deadline: Timestamp) -> BTreeMap<EntryId, BallotSeen> {
        let mut ballots = BTreeMap::new();
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
                ballots.insert(
                    stored.id,
                    BallotSeen {
                        member,
                        by: stored.author,
                        record: record.clone(),
                        mandate,
                        time: stored.time,
                        received: stored.received,
                        late: stored.received > deadline && stored.time <= deadline,
                    },
                );
            }
        }
        ballots
    }
}
