//! Acts on proposals: writing, opening, voting.

use domain::{
    charter::{Charter, RuleName},
    decision::{self, Choice},
    entry::{Audience, REFERENCES_MAX},
    id::{EntryId, ProposalId, Timestamp},
    key::PublicKey,
    record::{self, Ballot, Elector, REVISIONS_MAX, Record, VOTERS_MAX},
    text::visible_characters,
};
use register::{chain::OPEN_VOTES_MAX, phase::Question};
use replica::view::Version;

use super::{
    Draft,
    text::{block, content, filled_block, line, note, text_error},
};
use crate::{
    act::Act,
    core::Core,
    error::Refused,
    state::{Decision, State},
};

impl Core {
    pub(super) fn draft_proposal(
        &self,
        now: Timestamp,
        key: &PublicKey,
        act: &Act,
    ) -> Result<Draft, Refused> {
        match act {
            Act::Propose {
                title,
                text,
                rule,
                urgent,
                circle,
                language,
                draft: read_from,
                effect,
            } => {
                let (grant, _) = self.person_grant(key)?;
                let rule = self.rule(rule)?;
                if circle.is_some_and(|circle| !self.view().circles.contains_key(&circle)) {
                    return Err(Refused::UnknownCircle);
                }
                let urgent = match urgent {
                    Some(why) => Some(line("justification", why, record::LINE_BYTES_MAX)?),
                    None => None,
                };
                self.check_effect(now, rule, effect.as_deref())?;
                let (content, chunks) = content(text)?;
                let proposal = record::Proposal {
                    title: line("title", title, record::LINE_BYTES_MAX)?,
                    content,
                    rule: rule.to_string(),
                    urgent,
                    circle: *circle,
                    language: line("language", language, 35)?,
                };
                let record = match effect.as_deref() {
                    None => Record::Proposal(proposal),
                    Some(effect) => Record::Measure(record::Measure {
                        proposal,
                        effect: effect.clone(),
                    }),
                };
                let mut draft = Draft::new(grant, "proposals", record);
                draft.references = self.read_from(read_from, REFERENCES_MAX)?;
                draft.chunks = chunks;
                Ok(draft)
            }
            Act::Amend {
                proposal,
                title,
                text,
                what_changed,
                draft: read_from,
                effect,
            } => {
                let decision = self.own_proposal(now, key, proposal)?;
                let (grant, _) = self.person_grant(key)?;
                if decision.state == State::Closed(decision::Verdict::Passed) {
                    return Err(Refused::Decided);
                }
                let (content, chunks) = content(text)?;
                let known = decision.version;
                let rule = self.rule(&decision.first.rule)?;
                self.check_effect(now, rule, effect.as_deref())?;
                let is_same_text = content.hash() == known.content.hash();
                let is_same_effect = effect.as_deref() == known.effect.as_ref();
                if title.trim() == known.title && is_same_text && is_same_effect {
                    // It would open the vote anew for nothing.
                    let problem = format!("this is what version {} says already", known.number);
                    return Err(text_error("text", problem));
                }
                let amendment = record::Amendment {
                    proposal: *proposal,
                    number: decision.version.number + 1,
                    previous: decision.version.entry,
                    title: line("title", title, record::LINE_BYTES_MAX)?,
                    content,
                };
                let record = match effect.as_deref() {
                    None => Record::Amendment(amendment),
                    Some(effect) => Record::AmendedMeasure(record::AmendedMeasure {
                        amendment,
                        effect: effect.clone(),
                    }),
                };
                let mut draft = Draft::of(grant, proposal, record);
                draft.note = note(&block(
                    "what changed",
                    what_changed,
                    record::NOTE_BYTES_MAX,
                )?);
                // One place is for the version it follows.
                draft.references = self.read_from(read_from, REFERENCES_MAX - 1)?;
                draft.references.push(decision.version.entry);
                draft.references.sort_unstable();
                draft.chunks = chunks;
                Ok(draft)
            }
            Act::Withdraw { proposal, reason } => {
                let decision = self.own_proposal(now, key, proposal)?;
                if let State::Closed(_) = decision.state {
                    return Err(Refused::OverAlready);
                }
                let (grant, _) = self.deciding_grant(key, Self::person_grant)?;
                let record = record::Withdrawal {
                    proposal: *proposal,
                };
                let mut draft = Draft::of(grant, proposal, Record::Withdrawal(record));
                draft.note = note(&block("reason", reason, record::NOTE_BYTES_MAX)?);
                Ok(draft)
            }
            Act::Open { proposal } => self.draft_opening(now, key, proposal),
            Act::Vote { .. } => self.draft_ballot(now, key, act),
            Act::Comment {
                proposal,
                answers,
                text,
            } => {
                let (grant, _) = self.person_grant(key)?;
                if self.decision(proposal, now).is_none() {
                    return Err(Refused::UnknownProposal);
                }
                let text = filled_block("comment", text, record::NOTE_BYTES_MAX)?;
                let record = record::Comment {
                    proposal: *proposal,
                    answers: *answers,
                };
                let mut draft = Draft::of(grant, proposal, Record::Comment(record));
                draft.audience = Audience::Members;
                draft.note = note(&text);
                draft.references = answers.iter().copied().collect();
                Ok(draft)
            }
            _ => Err(Refused::UnknownProposal),
        }
    }

    fn rule(&self, name: &str) -> Result<RuleName, Refused> {
        if name.is_empty() {
            return Ok(self.charter().terms().default_rule);
        }
        let rule = name
            .parse()
            .map_err(|error: domain::charter::RuleNameError| Refused::Rule(error.to_string()))?;
        self.charter()
            .check_rule(rule)
            .map_err(|error| Refused::Rule(error.to_string()))?;
        Ok(rule)
    }

    /// A proposal of the key's own member that is not withdrawn.
    pub(super) fn own_proposal(
        &self,
        now: Timestamp,
        key: &PublicKey,
        proposal: &ProposalId,
    ) -> Result<Decision<'_>, Refused> {
        let decision = self
            .decision(proposal, now)
            .ok_or(Refused::UnknownProposal)?;
        let (_, member) = match self.person_grant(key) {
            Ok(found) => found,
            Err(_) => self.steward_or_delegate(key)?,
        };
        if member != decision.first.member {
            let member = self.view().member_name(&decision.first.member);
            return Err(Refused::NotTheProposer { member });
        }
        if decision.state == State::Withdrawn {
            return Err(Refused::Withdrawn);
        }
        Ok(decision)
    }

    fn draft_opening(
        &self,
        now: Timestamp,
        key: &PublicKey,
        proposal: &ProposalId,
    ) -> Result<Draft, Refused> {
        let decision = self.own_proposal(now, key, proposal)?;
        let (grant, _) = self.deciding_grant(key, Self::steward_or_delegate)?;
        match decision.state {
            State::Voting if !self.is_before_the_register(&decision) => {
                return Err(Refused::AlreadyOpen);
            }
            State::Closed(_) => return Err(closed(&decision)),
            _ => {}
        }
        let rule = self.rule(&decision.first.rule)?;
        self.check_effect(now, rule, decision.version.effect.as_ref())?;
        if let Some(answer) = self.call_vote(key, &decision)? {
            return Ok(answer);
        }
        let named = match (decision.state, rule.fallback()) {
            (State::Integration(_), Some(fallback)) => fallback.to_string(),
            _ => decision.first.rule.clone(),
        };
        self.draft_vote(now, grant, &decision, (rule, named))
    }

    /// A vote on the current version by a rule, under the name the opening gives it.
    pub(super) fn draft_vote(
        &self,
        now: Timestamp,
        grant: EntryId,
        decision: &Decision<'_>,
        (rule, named): (RuleName, String),
    ) -> Result<Draft, Refused> {
        self.check_open_votes(decision)?;
        let order = self.order();
        let electorate = match order {
            Some(order) => order.electorate(rule),
            None => self.electors(rule),
        };
        if electorate.is_empty() {
            return Err(Refused::EmptyElectorate);
        }
        if electorate.len() > VOTERS_MAX {
            let found = electorate.len();
            return Err(Refused::ElectorateTooLarge {
                found,
                most: VOTERS_MAX,
            });
        }
        let times = order.map_or(1, |order| order.times_as_long(now));
        let seconds = decision::period(rule, decision.first.urgent.is_some(), self.charter());
        let seconds = seconds.saturating_mul(times);
        let (late_block_ms, extension_ms) =
            decision::extensions(seconds.saturating_mul(1_000), self.charter());
        let version: &Version = decision.version;
        let record = record::Opening {
            proposal: decision.id,
            version: version.entry,
            text: version.hash,
            rule: named,
            charter: self.charter().hash(),
            deadline: now.plus_seconds(seconds),
            late_block_ms,
            extension_ms,
            electorate,
        };
        let mut draft = Draft::of(grant, &decision.id, Record::Opening(record));
        draft.references = vec![version.entry];
        draft.after = Some(version.entry);
        Ok(draft)
    }

    /// The register opens no more votes of a member than it may have open.
    fn check_open_votes(&self, decision: &Decision<'_>) -> Result<(), Refused> {
        let chain = self.register_chain();
        let member = &decision.first.member;
        let found = chain.map_or(0, |chain| chain.open_votes_beside(&decision.id, member));
        let most = OPEN_VOTES_MAX;
        match found < most {
            true => Ok(()),
            false => Err(Refused::OpenVotes { found, most }),
        }
    }

    /// Who may vote, as far as this node knows, while there is no register that says so.
    fn electors(&self, rule: RuleName) -> Vec<Elector> {
        let eligible = self.eligible(rule).into_iter();
        let electors = eligible.filter_map(|(id, class)| {
            let member = self.view().members.get(&id)?;
            Some(Elector {
                member: id,
                class: class.as_str().to_owned(),
                root: member.root,
                record: member.record,
            })
        });
        electors.collect()
    }

    /// In the time of integration that the register has given, the fallback vote is called by an
    /// answer to the block.
    fn call_vote(
        &self,
        key: &PublicKey,
        decision: &Decision<'_>,
    ) -> Result<Option<Draft>, Refused> {
        let chain = self.register_chain();
        let open = chain.and_then(|chain| chain.open_phase(&decision.id, &decision.first.member));
        let Some(window) = open.filter(|open| open.question == Question::Answer) else {
            return Ok(None);
        };
        if window.text != decision.version.hash {
            // It is answered by a vote on the new version.
            return Ok(None);
        }
        let (grant, member, _) = self.mandate_of(key)?;
        if member != decision.first.member {
            let member = self.view().member_name(&decision.first.member);
            return Err(Refused::NotTheProposer { member });
        }
        let answers = self.register.answers_in(&window.id);
        let revision = answers.max().map_or(1, |last| last + 1);
        if revision > REVISIONS_MAX {
            return Err(Refused::NoRevisionLeft);
        }
        let record = record::Answer {
            phase: window.id,
            revision,
            act: record::AnswerAct::CallVote,
        };
        let mut draft = Draft::new(grant, "ballots", Record::Answer(record));
        draft.audience = Audience::Public;
        Ok(Some(draft))
    }

    fn draft_ballot(&self, now: Timestamp, key: &PublicKey, act: &Act) -> Result<Draft, Refused> {
        let Act::Vote {
            proposal,
            version,
            choice,
            aim,
            reason,
        } = act
        else {
            return Err(Refused::UnknownProposal);
        };
        let decision = self
            .decision(proposal, now)
            .ok_or(Refused::UnknownProposal)?;
        let (grant, member, number) = self.mandate_of(key)?;
        match decision.state {
            State::Withdrawn => return Err(Refused::Withdrawn),
            State::Deliberation => return Err(Refused::NotOpen),
            State::Closed(_) | State::Integration(_) => return Err(closed(&decision)),
            State::Voting => {}
        }
        let phase = decision.phase.as_ref().ok_or(Refused::NotOpen)?;
        if phase.version.hash != *version {
            return Err(Refused::OldVersion {
                read: *version,
                current: phase.version.hash,
            });
        }
        if phase.electorate.class_of(&member).is_none() {
            return Err(Refused::NotEligible {
                member: self.view().member_name(&member),
            });
        }
        let reason = block("reason", reason, record::NOTE_BYTES_MAX)?;
        let charter = self.charter_of(&phase.opening.record.charter);
        let charter = charter.unwrap_or_else(|| self.charter());
        check_choice(charter, *choice, *aim, &reason)?;
        let mine = phase
            .ballots
            .values()
            .filter(|ballot| ballot.member == member);
        let under_this = mine.filter(|ballot| ballot.mandate == number);
        let used = under_this
            .map(|ballot| ballot.record.revision)
            .max()
            .unwrap_or(0);
        if used >= REVISIONS_MAX {
            return Err(Refused::NoRevisionLeft);
        }
        let record = Ballot {
            phase: phase.opening.id,
            revision: used + 1,
            version: *version,
            choice: *choice,
            aim: *aim,
            reason_characters: visible_characters(&reason) as u64,
        };
        let mut draft = Draft::new(grant, "ballots", Record::Ballot(record));
        // A clock a little behind the opener's must not make a vote that came before the opening.
        draft.after = Some(phase.opening.id);
        draft.audience = Audience::Members;
        draft.note = note(&reason);
        Ok(draft)
    }
}

fn closed(decision: &Decision<'_>) -> Refused {
    let deadline = decision.phase.as_ref().map(|phase| phase.deadline);
    deadline.map_or(Refused::NotOpen, Refused::Closed)
}

fn check_choice(
    charter: &Charter,
    choice: Choice,
    aim: Option<u64>,
    reason: &str,
) -> Result<(), Refused> {
    if !choice.is_allowed(charter) {
        return Err(Refused::Choice(choice.as_str()));
    }
    let terms = charter.terms();
    let known = |aim: u64| usize::try_from(aim).is_ok_and(|aim| aim < terms.aims.len());
    if (choice == Choice::Block) != aim.is_some() || !aim.is_none_or(known) {
        return Err(Refused::Aim(terms.aims.len()));
    }
    let found = visible_characters(reason);
    let needed = terms
        .minimum_reason_characters
        .max(record::REASON_CHARACTERS_MIN);
    if choice == Choice::Block && (found as u64) < needed {
        return Err(Refused::ReasonTooShort { found, needed });
    }
    Ok(())
}
