//! How far an application to all members is (`specs/messages.md`, "Strangers").

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    decision::Verdict,
    effect::{Applicant, Effect},
    id::{Hash, MemberId, ProposalId, Timestamp},
    key::PublicKey,
    record::{BLOCK_BYTES_MAX, Newcomer},
    text::decode_block,
};
use register::chain::{Chain, Ending};
use replica::view::Candidate;

use crate::{
    core::Core,
    state::{Decision, State},
};

/// How far the application of a root key is, as a node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The federation has no register: founders admit.
    NoRegister,
    /// No application of this key has come here.
    Unknown,
    /// Nobody has proposed its admission yet.
    Waiting,
    /// A member proposes it; voting is not open.
    Proposed(ProposalId),
    /// It is voted on, or the vote has ended and is not final yet.
    Voting {
        /// The proposal.
        proposal: ProposalId,
        /// When the vote ends.
        until: Timestamp,
    },
    /// It was decided not to admit it.
    Refused {
        /// The proposal.
        proposal: ProposalId,
        /// How the vote ended, in words.
        why: String,
    },
    /// The charter has changed since it was accepted: the application cannot be decided any more.
    Outdated {
        /// The charter in force.
        charter: Hash,
    },
    /// It is a member by the register.
    Admitted {
        /// Its id.
        member: MemberId,
        /// As it was admitted.
        newcomer: Newcomer,
    },
}

impl Standing {
    /// The word in commands and JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoRegister => "no-register",
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
            Self::Proposed(_) => "proposed",
            Self::Voting { .. } => "voting",
            Self::Refused { .. } => "refused",
            Self::Outdated { .. } => "outdated",
            Self::Admitted { .. } => "admitted",
        }
    }

    /// The proposal that decides on it, if there is one.
    #[must_use]
    pub fn proposal(&self) -> Option<ProposalId> {
        match self {
            Self::Proposed(proposal)
            | Self::Voting { proposal, .. }
            | Self::Refused { proposal, .. } => Some(*proposal),
            _ => None,
        }
    }

    /// Of several proposals to admit one applicant the one that says most about it.
    fn rank(&self) -> u8 {
        match self {
            Self::Voting { .. } => 3,
            Self::Proposed(_) => 2,
            Self::Refused { .. } => 1,
            _ => 0,
        }
    }
}

impl Encode for Standing {
    fn encode(&self, encoder: &mut Encoder) {
        match self {
            Self::NoRegister => encoder.array(1).uint(0),
            Self::Unknown => encoder.array(1).uint(1),
            Self::Waiting => encoder.array(1).uint(2),
            Self::Proposed(proposal) => encoder.array(2).uint(3).value(proposal),
            Self::Voting { proposal, until } => {
                encoder.array(3).uint(4).value(proposal).value(until)
            }
            Self::Refused { proposal, why } => encoder.array(3).uint(5).value(proposal).text(why),
            Self::Outdated { charter } => encoder.array(2).uint(6).value(charter),
            Self::Admitted { member, newcomer } => {
                encoder.array(3).uint(7).value(member).value(newcomer)
            }
        };
    }
}

impl Decode for Standing {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.array_to("standing", 3)?;
        Ok(match (decoder.uint()?, length) {
            (0, 1) => Self::NoRegister,
            (1, 1) => Self::Unknown,
            (2, 1) => Self::Waiting,
            (3, 2) => Self::Proposed(decoder.value()?),
            (4, 3) => Self::Voting {
                proposal: decoder.value()?,
                until: decoder.value()?,
            },
            (5, 3) => Self::Refused {
                proposal: decoder.value()?,
                why: decode_block(decoder, "reason", BLOCK_BYTES_MAX)?,
            },
            (6, 2) => Self::Outdated {
                charter: decoder.value()?,
            },
            (7, 3) => Self::Admitted {
                member: decoder.value()?,
                newcomer: decoder.value()?,
            },
            _ => {
                return Err(DecodeError::Invalid("no standing of that code and length"));
            }
        })
    }
}

/// The proposals to admit each applicant, by root key.
type Proposed = BTreeMap<PublicKey, Vec<ProposalId>>;

/// Whom a version of a proposal would admit.
fn admitted_by(effect: Option<&Effect>) -> Option<&Applicant> {
    match effect {
        Some(Effect::Admission(applicant)) => Some(applicant),
        _ => None,
    }
}

impl Core {
    /// How far the application of a root key is.
    #[must_use]
    pub fn standing(&self, root: &PublicKey, now: Timestamp) -> Standing {
        self.standing_among(root, &self.proposed_admissions(), now)
    }

    /// Who asks to be admitted by decision and has not entered yet, and how far that is.
    #[must_use]
    pub fn candidates(&self, now: Timestamp) -> Vec<(&Candidate, Standing)> {
        let proposed = self.proposed_admissions();
        let candidates = self.view().candidates.values().filter(|candidate| {
            let member = candidate.applicant.member();
            !self.view().members.contains_key(&member) && !self.has_left(&member)
        });
        candidates
            .map(|candidate| {
                let root = &candidate.applicant.newcomer.root;
                (candidate, self.standing_among(root, &proposed, now))
            })
            .collect()
    }

    fn proposed_admissions(&self) -> Proposed {
        let mut proposed = Proposed::new();
        for (id, proposal) in &self.view().proposals {
            let versions = proposal.versions();
            let applicants = versions
                .iter()
                .filter_map(|version| admitted_by(version.effect.as_ref()));
            let roots: BTreeSet<PublicKey> = applicants.map(|one| one.newcomer.root).collect();
            for root in roots {
                proposed.entry(root).or_default().push(*id);
            }
        }
        proposed
    }

    fn standing_among(&self, root: &PublicKey, proposed: &Proposed, now: Timestamp) -> Standing {
        let Some(chain) = self.register_chain() else {
            return Standing::NoRegister;
        };
        let mut members = chain.order().members().iter();
        if let Some((id, member)) = members.find(|(_, member)| member.root == *root) {
            return Standing::Admitted {
                member: *id,
                newcomer: Newcomer {
                    root: *root,
                    name: member.name.clone(),
                    class: member.class.as_str().to_owned(),
                },
            };
        }
        let candidate = self.view().candidates.get(root);
        let candidate = candidate.filter(|one| !self.has_left(&one.applicant.member()));
        let Some(candidate) = candidate else {
            return Standing::Unknown;
        };
        let charter = chain.order().charter().hash();
        if candidate.applicant.terms != charter {
            return Standing::Outdated { charter };
        }
        let proposals = proposed.get(root).into_iter().flatten();
        let found = proposals.filter_map(|id| {
            let decision = self.decision(id, now)?;
            let standing = standing_by(chain, candidate, &decision)?;
            Some((standing.rank(), decision.version.time, standing))
        });
        found
            .max_by_key(|(rank, time, _)| (*rank, *time))
            .map_or(Standing::Waiting, |(_, _, standing)| standing)
    }
}

/// What one proposal says of an application; nothing if it is none to admit it, was taken back, or
/// decided on an earlier application.
fn standing_by(chain: &Chain, candidate: &Candidate, decision: &Decision<'_>) -> Option<Standing> {
    let applicant = admitted_by(decision.version.effect.as_ref())?;
    if applicant.newcomer.root != candidate.applicant.newcomer.root {
        return None;
    }
    let (proposal, text) = (decision.id, decision.version.hash);
    let open = chain.open_phase(&proposal, &decision.first.member);
    if let Some(open) = open.filter(|open| open.text == text) {
        let until = open.deadline;
        return Some(Standing::Voting { proposal, until });
    }
    let phase = decision.phase.as_ref();
    let decided = chain.decided(&proposal, &decision.first.member).last();
    if let Some(decided) = decided.filter(|decided| decided.text == text) {
        // Who applied again after that is not refused yet.
        let is_of_it = *applicant == candidate.applicant
            && phase.is_none_or(|phase| candidate.time <= phase.deadline);
        let why = match decided.ending {
            Ending::Judged(Verdict::Passed) if decided.effective == Some(true) => return None,
            Ending::Judged(Verdict::Passed) => {
                "it passed, but what was decided meanwhile did not let it be carried out".to_owned()
            }
            Ending::Judged(verdict) => match phase.map(|phase| &phase.outcome) {
                Some(outcome) if outcome.verdict == verdict => outcome.explain(),
                _ => verdict.as_str().to_owned(),
            },
            Ending::Lapsed => "it was blocked, and nobody answered the block in time".to_owned(),
            Ending::Withdrawn | Ending::Amended => return None,
        };
        return is_of_it.then_some(Standing::Refused { proposal, why });
    }
    match (decision.state, phase) {
        (State::Withdrawn, _) => None,
        (_, Some(phase)) => {
            let until = phase.deadline;
            Some(Standing::Voting { proposal, until })
        }
        // One on the terms of another charter cannot be opened any more.
        (_, None) => {
            let can_be_opened = applicant.terms == candidate.applicant.terms;
            can_be_opened.then_some(Standing::Proposed(proposal))
        }
    }
}
