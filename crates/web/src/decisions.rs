//! Decisions as lists and pages need them: which there are, which wait, what texts they need.

use domain::{
    decision::Verdict,
    effect::Someone,
    id::{EntryId, PersonId, ProposalId, Timestamp},
};
use federation::{Core, Decision, State};

use crate::{error::WebError, site::Site, standpoint::Standpoint};

/// Which decisions a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Every one.
    All,
    /// In deliberation or voting.
    Open,
    /// Voting is open.
    Voting,
    /// Voting has closed, or it was withdrawn.
    Closed,
    /// This member may vote and has not.
    Needs,
    /// Open with a block, or closed by one.
    Blocked,
    /// Being talked about.
    Deliberation,
    /// Passed, with a day on which it is looked at again.
    Review,
}

impl Show {
    /// The list of a word; every decision without one.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "" | "all" => Self::All,
            "open" => Self::Open,
            "closed" => Self::Closed,
            "needs" | "waiting" => Self::Needs,
            "voting" => Self::Voting,
            "blocked" => Self::Blocked,
            "deliberation" => Self::Deliberation,
            "review" => Self::Review,
            _ => return None,
        })
    }

    /// Whether a list shows a decision.
    pub(crate) fn includes(self, core: &Standpoint<'_>, decision: &Decision<'_>) -> bool {
        let is_over = matches!(decision.state, State::Closed(_) | State::Withdrawn);
        match self {
            Self::All => true,
            Self::Open => !is_over,
            Self::Voting => decision.state == State::Voting,
            Self::Closed => is_over,
            Self::Needs => needs_vote(core, decision),
            Self::Blocked => {
                let blocks = decision
                    .phase
                    .as_ref()
                    .map(|phase| phase.outcome.figures.block);
                blocks.is_some_and(|blocks| blocks > 0)
            }
            Self::Deliberation => decision.state == State::Deliberation,
            Self::Review => review_of(core, decision).is_some(),
        }
    }
}

/// Whether voting is open and the reader's member may vote and has no ballot that counts.
pub(crate) fn needs_vote(core: &Standpoint<'_>, decision: &Decision<'_>) -> bool {
    let (Some(member), Some(phase), State::Voting) =
        (core.member(), &decision.phase, decision.state)
    else {
        return false;
    };
    phase.electorate.class_of(&member).is_some() && !phase.count.counted.contains_key(&member)
}

/// When a decision that has passed is looked at again, if somebody set a day.
pub(crate) fn review_of(core: &Core, decision: &Decision<'_>) -> Option<Timestamp> {
    let passed = decision.state == State::Closed(Verdict::Passed);
    let review = core.view().review(&decision.id).filter(|_| passed)?;
    Some(review.date)
}

/// How many reviews are judged at once, those nearest to now: strangers ask for them too.
const REVIEWS_MAX: usize = 100;

/// The decisions that are looked at again, by the day.
pub(crate) fn reviews(core: &Core, now: Timestamp) -> Vec<(Decision<'_>, Timestamp)> {
    let view = core.view();
    let dated = view.reviewed().into_iter();
    let mut dated: Vec<(u64, ProposalId)> = dated
        .filter_map(|id| Some((view.review(&id)?.date.0.abs_diff(now.0), id)))
        .collect();
    dated.sort_unstable();
    dated.truncate(REVIEWS_MAX);
    let decisions = dated.iter().filter_map(|(_, id)| core.settled(id, now));
    let mut reviews: Vec<(Decision<'_>, Timestamp)> = decisions
        .filter_map(|decision| {
            let date = review_of(core, &decision)?;
            Some((decision, date))
        })
        .collect();
    reviews.sort_by_key(|(decision, date)| (*date, decision.id));
    reviews
}

/// Every decision: open ones by their deadline, then what is talked about, then what is over, the
/// newest first.
pub(crate) fn all(core: &Core, now: Timestamp) -> Vec<Decision<'_>> {
    let ids = core.view().proposals.keys();
    let mut all: Vec<Decision<'_>> = ids.filter_map(|id| core.settled(id, now)).collect();
    let rank = |decision: &Decision<'_>| {
        let deadline = decision.phase.as_ref().map(|phase| phase.deadline.0);
        match decision.state {
            State::Voting => (0, deadline.unwrap_or(0)),
            State::Integration(until) => (0, until.0),
            State::Deliberation => (1, u64::MAX - decision.version.time.0),
            State::Closed(_) | State::Withdrawn => {
                (2, u64::MAX - deadline.unwrap_or(decision.version.time.0))
            }
        }
    };
    all.sort_by_key(|decision| (rank(decision), decision.id));
    all
}

/// Every proposal, the newest first.
pub(crate) fn newest_proposals(core: &Core) -> Vec<ProposalId> {
    let known = core.view().proposals.iter();
    let mut dated: Vec<(Timestamp, ProposalId)> = known
        .filter_map(|(id, proposal)| Some((proposal.first.as_ref()?.time, *id)))
        .collect();
    dated.sort_unstable_by(|one, other| other.cmp(one));
    dated.into_iter().map(|(_, id)| id).collect()
}

/// The proposals in which the proposer last wrote or opened something, the latest first, at most
/// `count`. None is judged for it.
pub(crate) fn latest(core: &Core, count: usize) -> Vec<ProposalId> {
    let known = core.view().proposals.iter();
    let mut dated: Vec<(Timestamp, ProposalId)> = known
        .filter_map(|(id, proposal)| {
            let first = proposal.first.as_ref()?;
            let openings = proposal.openings().into_iter();
            let openings = openings.filter(|opening| opening.member == first.member);
            let openings = openings.map(|opening| opening.time);
            let versions = proposal.versions().into_iter().map(|version| version.time);
            let withdrawn = proposal.withdrawal().map(|withdrawal| withdrawal.time);
            let all = openings.chain(versions).chain(withdrawn);
            Some((all.fold(first.time, Timestamp::max), *id))
        })
        .collect();
    dated.sort_unstable_by(|one, other| other.cmp(one));
    dated.truncate(count);
    dated.into_iter().map(|(_, id)| id).collect()
}

/// The decisions whose vote may be open. What has no opening that may still take votes is not
/// judged.
pub(crate) fn open(core: &Core, now: Timestamp) -> Vec<Decision<'_>> {
    let open = core.view().proposals.iter().filter(|(_, proposal)| {
        proposal
            .openings()
            .iter()
            .any(|opening| opening.record.deadlines().iter().any(|end| *end >= now))
    });
    let open = open.filter_map(|(id, _)| core.settled(id, now));
    open.collect()
}

/// How many decisions need the vote of this node's member: voting is open, it may vote and has not.
#[must_use]
pub fn waiting(core: &Core, now: Timestamp) -> u64 {
    waiting_for(&Standpoint::at_home(core), now)
}

/// How many decisions need the vote of the reader's member. Every page asks.
pub(crate) fn waiting_for(core: &Standpoint<'_>, now: Timestamp) -> u64 {
    let open = open(core, now);
    open.iter()
        .filter(|decision| needs_vote(core, decision))
        .count() as u64
}

/// Whether a person of the reader's member mediates in the conflict about a decision.
pub(crate) fn mediates(core: &Standpoint<'_>, decision: &Decision<'_>, person: PersonId) -> bool {
    let mediation = core.mediation(&decision.id);
    core.member()
        .zip(mediation)
        .is_some_and(|(member, one)| one.people.contains(&Someone { member, person }))
}

/// Whether the fallback vote on a decision may be opened: its conflict was mediated and reported on.
pub(crate) fn can_call_after_report(core: &Core, decision: &Decision<'_>) -> bool {
    decision.state != State::Voting
        && core.can_fall_back(decision)
        && core.report(&decision.id).is_some()
}

/// The entries whose texts and notes a decision's page shows.
pub(crate) struct Needs {
    pub notes: Vec<EntryId>,
    pub versions: Vec<EntryId>,
}

/// The entries whose words the page of a decision shows.
pub(crate) fn needs(decision: &Decision<'_>) -> Needs {
    let phases = decision.phase.iter().chain(&decision.earlier);
    let versions = decision.proposal.versions();
    let mut notes: Vec<EntryId> = phases
        .flat_map(|phase| phase.ballots.keys().copied())
        .collect();
    notes.extend(decision.proposal.comments().map(|comment| comment.entry));
    notes.extend(decision.proposal.reports().map(|report| report.entry));
    notes.extend(versions.iter().map(|version| version.entry));
    notes.extend(
        decision
            .proposal
            .withdrawal()
            .map(|withdrawal| withdrawal.entry),
    );
    let shown = versions
        .iter()
        .position(|version| version.entry == decision.version.entry);
    let from = shown.unwrap_or(0).saturating_sub(1);
    let shown = versions
        .iter()
        .skip(from)
        .take(2)
        .map(|version| version.entry)
        .collect();
    Needs {
        notes,
        versions: shown,
    }
}

/// The proposal of an address: its id, or a beginning of it that is the only one.
pub(crate) fn parse_id(site: &Site, text: &str) -> Result<ProposalId, WebError> {
    let missing = || WebError::NotFound { what: "decision" };
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    if text.len() < 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(missing());
    }
    site.node.read(|core| {
        let known = core.view().proposals.keys();
        let mut found = known.filter(|id| id.to_string().starts_with(text));
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(*id),
            _ => Err(missing()),
        }
    })
}
