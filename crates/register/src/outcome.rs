//! What a closing decides: which ballots its seals support, and what follows from them (rules R7,
//! R8 and R9).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    charter::RuleName,
    decision::{self, Choice, Verdict, judge_choices},
    id::{EntryId, Hash, Timestamp},
};

use crate::{
    counting::{Listed, counted},
    manifest::{Manifest, Row},
    phase::{Case, Phase, PhaseError, Question, VoterIndex},
    says::{Act, Says, Standing},
};

/// From when to when the phase lasts that a closing opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The deadline of the phase closed, or the (f+1)-th latest time of the carried seals, whichever
    /// is later: a stall does not eat into what follows.
    pub from: Timestamp,
    /// The new deadline.
    pub to: Timestamp,
}

impl Span {
    fn new(from: Timestamp, length_ms: u64) -> Self {
        let to = from.plus_ms(length_ms).min(Timestamp::MAX);
        Self { from, to }
    }
}

impl Encode for Span {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).value(&self.from).value(&self.to);
    }
}

impl Decode for Span {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self {
            from: decoder.value()?,
            to: decoder.value()?,
        })
    }
}

/// How a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The vote is over.
    Decided(Verdict),
    /// The vote goes on.
    Extended {
        /// Because of a late block.
        late_block: bool,
        /// For want of ballots.
        lacks_ballots: bool,
        /// Until when.
        span: Span,
    },
    /// The phase was opened too late and is held again.
    Repeated(Span),
    /// Consent is blocked: the proposing member may answer.
    Blocked(Span),
    /// The proposing member has answered, at the time given.
    Answered(Act, Timestamp),
    /// The proposing member has not answered, or has said two things: it stays blocked.
    Lapsed,
}

impl Outcome {
    /// The hash of the version that has to be shown with it: what passed, so that its effect can be
    /// had, or what is voted on next.
    #[must_use]
    pub fn motion(&self, phase: &Phase) -> Option<Hash> {
        match self {
            Self::Decided(Verdict::Passed) => Some(phase.text),
            Self::Answered(act, _) => act.amends(),
            _ => None,
        }
    }

    /// Whether the proposal passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        *self == Self::Decided(Verdict::Passed)
    }
}

impl Encode for Outcome {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::Decided(verdict) => encoder.array(2).uint(0).uint(*verdict as u64),
            Self::Extended {
                late_block,
                lacks_ballots,
                span,
            } => {
                let causes = u64::from(*late_block) + 2 * u64::from(*lacks_ballots);
                encoder.array(3).uint(1).uint(causes).value(span)
            }
            Self::Repeated(span) => encoder.array(2).uint(2).value(span),
            Self::Blocked(span) => encoder.array(2).uint(3).value(span),
            Self::Answered(act, time) => encoder.array(3).uint(4).value(act).value(time),
            Self::Lapsed => encoder.array(1).uint(5),
        };
    }
}

impl Decode for Outcome {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("outcome", 3)?;
        Ok(match (decoder.uint_to("outcome", 5)?, length) {
            (0, 2) => Self::Decided(Verdict::ALL[decoder.uint_to("verdict", 3)? as usize]),
            (1, 3) => {
                let causes = decoder.uint_to("causes", 3)?;
                Self::Extended {
                    late_block: causes & 1 == 1,
                    lacks_ballots: causes & 2 == 2,
                    span: decoder.value()?,
                }
            }
            (2, 2) => Self::Repeated(decoder.value()?),
            (3, 2) => Self::Blocked(decoder.value()?),
            (4, 3) => Self::Answered(decoder.value()?, decoder.value()?),
            (5, 1) => Self::Lapsed,
            _ => return Err(DecodeError::Invalid("an outcome of another length")),
        })
    }
}

/// A phase that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// How.
    pub outcome: Outcome,
    /// What counts, with what the phases before pinned.
    pub counted: BTreeMap<VoterIndex, Standing>,
    /// What the ballots come to by the rule, whatever the outcome; nothing in a window.
    pub judged: Option<decision::Outcome>,
}

/// A seal that was judged, with the manifests it names.
#[derive(Debug, Clone)]
pub(crate) struct Sealed<'a> {
    pub(crate) time: Timestamp,
    pub(crate) manifests: Vec<&'a Manifest>,
}

/// What at least a quorum of seals decides. Their order and that of the manifests change nothing.
pub(crate) fn decide(
    case: &Case<'_>,
    seals: &[Sealed<'_>],
    says: &impl Fn(&EntryId) -> Option<Says>,
) -> Result<Closed, PhaseError> {
    let counted = standing(case, seals, says, |manifest| &manifest.rows);
    let from = beginning(case, seals);
    if !opened_in_time(case, seals) {
        let judged = None;
        let outcome = Outcome::Repeated(Span::new(from, case.phase.length_ms()));
        return Ok(Closed {
            outcome,
            counted,
            judged,
        });
    }
    if case.phase.question == Question::Answer {
        let answer = counted.values().next().and_then(Standing::says);
        let outcome = match answer {
            Some(Says::Act(act)) => Outcome::Answered(act, from),
            _ => Outcome::Lapsed,
        };
        let judged = None;
        return Ok(Closed {
            outcome,
            counted,
            judged,
        });
    }
    let early = standing(case, seals, says, |manifest| &manifest.early);
    let judged = judge(case, &counted)?;
    let outcome = course(case, &counted, &early, &judged, from);
    Ok(Closed {
        outcome,
        counted,
        judged: Some(judged),
    })
}

/// What counts of each voter by these rows and by what is pinned.
fn standing(
    case: &Case<'_>,
    seals: &[Sealed<'_>],
    says: &impl Fn(&EntryId) -> Option<Says>,
    rows: impl for<'m> Fn(&'m Manifest) -> &'m [Row],
) -> BTreeMap<VoterIndex, Standing> {
    let sizes = case.phase.validators.sizes();
    let mut listed = BTreeMap::<VoterIndex, Vec<Vec<Listed>>>::new();
    for (place, seal) in seals.iter().enumerate() {
        for row in seal.manifests.iter().flat_map(|manifest| rows(manifest)) {
            let of_voter = listed.entry(row.voter).or_default();
            of_voter.resize_with(seals.len(), Vec::new);
            of_voter[place].push(row.listed());
        }
    }
    let mut standing = case.phase.pinned.clone();
    for (voter, seals) in listed {
        let seals: Vec<Vec<&Listed>> = seals.iter().map(|lists| lists.iter().collect()).collect();
        let Some(counted) = counted(sizes, &seals) else {
            continue;
        };
        let ballots = counted.ballots.iter().map(|hash| EntryId(hash.0));
        let sides = ballots.filter_map(|ballot| Some((says(&ballot)?, ballot)));
        let Some(now) = Standing::new(counted.slot, sides) else {
            continue;
        };
        let both = match standing.remove(&voter) {
            Some(before) => before.with(now),
            None => now,
        };
        standing.insert(voter, both);
    }
    standing
}

/// The later of the deadline and the (f+1)-th latest time of the seals: one honest validator at
/// least has sealed by then.
fn beginning(case: &Case<'_>, seals: &[Sealed<'_>]) -> Timestamp {
    let mut times: Vec<Timestamp> = seals.iter().map(|seal| seal.time).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let witnesses = case.phase.validators.sizes().witnesses();
    let sealed = times.get(witnesses - 1).copied().unwrap_or_default();
    sealed.max(case.phase.deadline)
}

/// Whether f+1 seals each name f+1 manifests whose authors had the opening final early enough.
fn opened_in_time(case: &Case<'_>, seals: &[Sealed<'_>]) -> bool {
    let witnesses = case.phase.validators.sizes().witnesses();
    let last = case.phase.in_time();
    let saw = |seal: &&Sealed<'_>| {
        let manifests = seal.manifests.iter();
        manifests
            .filter(|manifest| manifest.opened_final <= last)
            .count()
            >= witnesses
    };
    seals.iter().filter(saw).count() >= witnesses
}

fn judge(
    case: &Case<'_>,
    counted: &BTreeMap<VoterIndex, Standing>,
) -> Result<decision::Outcome, PhaseError> {
    let electorate = case.phase.judged_electorate()?;
    let choices = counted.iter().filter_map(|(voter, standing)| {
        let elector = case.phase.voter(*voter)?;
        Some((elector.member, standing.choice()))
    });
    Ok(judge_choices(
        case.phase.rule,
        case.charter,
        &electorate,
        &choices.collect(),
        case.phase.stage(),
    ))
}

fn course(
    case: &Case<'_>,
    counted: &BTreeMap<VoterIndex, Standing>,
    early: &BTreeMap<VoterIndex, Standing>,
    judged: &decision::Outcome,
    from: Timestamp,
) -> Outcome {
    let phase = case.phase;
    let blocks = |standing: &BTreeMap<VoterIndex, Standing>| -> BTreeSet<VoterIndex> {
        let blocking = standing.iter();
        blocking
            .filter(|(_, standing)| standing.choice() == Choice::Block)
            .map(|(voter, _)| *voter)
            .collect()
    };
    let is_late = !blocks(counted).is_subset(&blocks(early));
    let late_block = !phase.answered_late_block && phase.late_block_ms > 0 && is_late;
    let lacks_ballots = !phase.extended && phase.extension_ms > 0 && judged.lacks_ballots();
    if late_block || lacks_ballots {
        let of = |applies: bool, length_ms: u64| if applies { length_ms } else { 0 };
        let length_ms =
            of(late_block, phase.late_block_ms).max(of(lacks_ballots, phase.extension_ms));
        return Outcome::Extended {
            late_block,
            lacks_ballots,
            span: Span::new(from, length_ms),
        };
    }
    let may_be_answered =
        phase.rule == RuleName::ConsentThenVote && phase.question == Question::Vote;
    match judged.verdict {
        Verdict::Blocked if may_be_answered => {
            Outcome::Blocked(Span::new(from, phase.integration_ms))
        }
        verdict => Outcome::Decided(verdict),
    }
}
