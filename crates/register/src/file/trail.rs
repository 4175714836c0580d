//! A vote followed from its opening to its end, through the heights that have something of it.

use std::collections::BTreeMap;

use domain::{
    cbor::Encode,
    charter::{Charter, ClassId},
    effect::{LONGER_MAX, Motion},
    id::{EntryId, FederationId, MemberId, PhaseId, Timestamp},
    record::{Elector, Kind, Opening, Withdrawal},
};

use super::{
    error::FileError,
    proof::{Step, Turn, Vote},
    recovering::Crossed,
};
use crate::{
    ballot,
    batch::{Answers, Closes, Items, Mandated, Opened},
    chain::{Ending, ItemError, check_motion, check_stall, written_under},
    closing,
    order::Member,
    outcome::{Closed, Outcome},
    phase::{Beginning, Case, Phase, PhaseError, Question},
    recovery::RecoveryError,
    says::{Act, Answer},
    validators::ValidatorSet,
};

/// What is known of the register before any vote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub federation: &'a FederationId,
    /// Older openings are none of this register's.
    pub begun: Timestamp,
    pub members: &'a BTreeMap<MemberId, Member>,
}

/// A height at which something happens: who signs it, and who validates after it. Nobody knows who
/// does after the last height of a file, and nothing begins there.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub height: u64,
    pub today: &'a ValidatorSet,
    pub after: Option<&'a ValidatorSet>,
}

impl At<'_> {
    fn item(self, source: ItemError) -> FileError {
        let height = self.height;
        let source = Box::new(source);
        FileError::Item { height, source }
    }

    fn beginning<'f>(self, federation: &'f FederationId) -> Result<Beginning<'f>, FileError> {
        let after = self.after.ok_or(FileError::Open(self.height))?;
        Ok(Beginning {
            federation,
            height: self.height,
            validators: after.clone(),
        })
    }
}

/// How far a vote has come.
pub(super) struct Trail<'a> {
    ground: Ground<'a>,
    charter: &'a Charter,
    /// The phase, with how many times as long as the charter says it takes: nearly always one. Where
    /// periods are such that several fit, what the closings say decides.
    phases: Vec<(u64, Phase)>,
    pub steps: Vec<Step>,
    pub ending: Option<Ending>,
    /// What is voted on.
    pub motion: Motion,
}

/// The opening of that id among these items.
pub(super) fn find_opening<'i>(
    federation: &FederationId,
    items: &'i Items,
    opening: &PhaseId,
) -> Option<&'i Opened> {
    let mut openings = items.openings.iter();
    openings.find(|opened| opened.opening.entry.id(federation) == *opening)
}

impl<'a> Trail<'a> {
    /// The vote that an opening begins.
    pub fn open(
        ground: Ground<'a>,
        charter: &'a Charter,
        opened: &Opened,
        at: At<'_>,
    ) -> Result<Self, FileError> {
        let mandated = &opened.opening;
        let written = written_under::<Opening>(ground.federation, mandated, Kind::Opening);
        let (_, opening) = written.map_err(|error| at.item(error))?;
        let entry = &mandated.entry;
        let (begun, found) = (ground.begun, entry.header.time);
        if found < begun {
            return Err(at.item(ItemError::BeforeTheRegister { begun, found }));
        }
        let id = entry.id(ground.federation);
        let proposer = proposer(ground, mandated, &opening);
        let validators = at.after.ok_or(FileError::Open(at.height))?;
        let phase = |times: u64| {
            let (proposer, validators) = (proposer.clone(), validators.clone());
            let phase = Phase::of_opening(
                (id, found),
                &opening,
                proposer,
                validators,
                (charter, times),
            );
            phase.map(|phase| (times, phase))
        };
        let all: Vec<Result<(u64, Phase), PhaseError>> = (1..=LONGER_MAX).map(phase).collect();
        let phases = some_of(all).map_err(|error| at.item(ItemError::Phase(error)))?;
        let (_, first) = &phases[0];
        check_electors(charter, first)?;
        check_motion(Some(first.text), Some(&opened.motion)).map_err(|error| at.item(error))?;
        Ok(Self {
            ground,
            charter,
            steps: vec![Step::new(at.height, first, Turn::Opened)],
            phases,
            ending: None,
            motion: opened.motion.clone(),
        })
    }

    /// The phase that is open, or was when it ended.
    pub fn phase(&self) -> &Phase {
        &self.phases[0].1
    }

    /// How many times as long as the charter says it takes.
    pub fn times(&self) -> u64 {
        self.phases[0].0
    }

    /// Goes on with what a height has of this vote; whether it has anything.
    pub fn step(&mut self, items: &Items, at: At<'_>) -> Result<bool, FileError> {
        let id = self.phase().id;
        if let Some(closes) = items.closings.iter().find(|one| one.closing.phase == id) {
            self.close(closes, at)?;
        } else if let Some(answers) = items.answers.iter().find(|one| answers(one, &id)) {
            self.answer(answers, at)?;
        } else if let Some(mandated) = items.withdrawals.iter().find(|one| self.withdraws(one)) {
            let checked =
                written_under::<Withdrawal>(self.ground.federation, mandated, Kind::Withdrawal);
            checked.map_err(|error| at.item(error))?;
            self.end(Ending::Withdrawn, Turn::Withdrawn, at);
        } else if let Some(stall) = items.stalls.iter().find(|stall| stall.phase == id) {
            let phase = self.phase();
            let checked = check_stall(self.ground.federation, phase, at.today, stall);
            checked.map_err(|error| at.item(error))?;
            let turn = Step::new(at.height, phase, Turn::Stalled);
            self.steps.push(turn);
            self.go_on(at, Phase::again)?;
        } else if let Some(opened) = items.openings.iter().find(|one| self.amends(one)) {
            let mandated = &opened.opening;
            let checked = written_under::<Opening>(self.ground.federation, mandated, Kind::Opening);
            checked.map_err(|error| at.item(error))?;
            self.end(Ending::Amended, Turn::Amended, at);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The register was recovered: the vote that is open is held again by those who remain.
    pub fn recover(&mut self, crossed: &Crossed) -> Result<(), FileError> {
        let step = Step::new(crossed.height, self.phase(), Turn::Recovered);
        self.steps.push(step);
        for (_, phase) in &mut self.phases {
            let (federation, validators) = (self.ground.federation, crossed.validators.clone());
            let next = phase.recovered(federation, &crossed.hash, crossed.from, validators);
            *phase = next.map_err(|error| FileError::Recovery {
                height: crossed.height,
                source: Box::new(RecoveryError::Phase(error)),
            })?;
        }
        Ok(())
    }

    fn end(&mut self, ending: Ending, turn: Turn, at: At<'_>) {
        self.ending = Some(ending);
        let step = Step::new(at.height, self.phase(), turn);
        self.steps.push(step);
    }

    fn go_on(
        &mut self,
        at: At<'_>,
        next: impl Fn(&Phase, Beginning<'_>) -> Result<Phase, PhaseError>,
    ) -> Result<(), FileError> {
        for (_, phase) in &mut self.phases {
            let beginning = at.beginning(self.ground.federation)?;
            *phase = next(phase, beginning).map_err(|error| at.item(ItemError::Phase(error)))?;
        }
        Ok(())
    }

    fn close(&mut self, closes: &Closes, at: At<'_>) -> Result<(), FileError> {
        let bytes = closes.closing.to_bytes();
        let check = |(times, phase): (u64, Phase)| {
            let case = Case {
                federation: self.ground.federation,
                phase: &phase,
                charter: self.charter,
            };
            let closed = closing::check(&bytes, &case)?;
            Ok((times, phase, closed))
        };
        let phases = std::mem::take(&mut self.phases);
        let closed = some_of(phases.into_iter().map(check).collect());
        let closed = closed.map_err(|error| at.item(ItemError::Closing(error)))?;
        let (_, phase, first) = &closed[0];
        let asked = first.outcome.motion(phase);
        check_motion(asked, closes.motion.as_ref()).map_err(|error| at.item(error))?;
        if let Some(motion) = &closes.motion {
            self.motion = motion.clone();
        }
        self.steps.push(closing_step(at.height, phase, first));
        self.ending = match first.outcome {
            Outcome::Decided(verdict) => Some(Ending::Judged(verdict)),
            Outcome::Lapsed => Some(Ending::Lapsed),
            Outcome::Answered(Act::Withdraw, _) => Some(Ending::Withdrawn),
            _ => None,
        };
        for (times, phase, closed) in closed {
            let next = match self.ending {
                Some(_) => phase,
                None => {
                    let beginning = at.beginning(self.ground.federation)?;
                    let next = phase.after(&closed, beginning);
                    next.map_err(|error| at.item(ItemError::Phase(error)))?
                }
            };
            self.phases.push((times, next));
        }
        Ok(())
    }

    fn answer(&mut self, answers: &Answers, at: At<'_>) -> Result<(), FileError> {
        let mandated = &answers.answer;
        let written = written_under::<Answer>(self.ground.federation, mandated, Kind::Answer);
        let (_, answer) = written.map_err(|error| at.item(error))?;
        let (phase, root) = (self.phase(), mandated.mandate.header.author);
        if phase.question != Question::Answer {
            return Err(at.item(ItemError::NotOpen(phase.id)));
        }
        if root != phase.proposer.root {
            return Err(at.item(ItemError::Root(root)));
        }
        let asked = answer.act.amends();
        check_motion(asked, answers.motion.as_ref()).map_err(|error| at.item(error))?;
        if answer.act == Act::Withdraw {
            self.end(Ending::Withdrawn, Turn::Answered(answer.act), at);
            return Ok(());
        }
        let step = Step::new(at.height, phase, Turn::Answered(answer.act));
        self.steps.push(step);
        if let Some(motion) = &answers.motion {
            self.motion = motion.clone();
        }
        let time = mandated.entry.header.time;
        self.go_on(at, |phase, at| phase.answered(answer.act, time, at))
    }

    fn withdraws(&self, mandated: &Mandated) -> bool {
        let body = ballot::body::<Withdrawal>(&mandated.entry, Kind::Withdrawal);
        let of_proposer = mandated.mandate.header.author == self.phase().proposer.root;
        of_proposer && body.is_ok_and(|body| body.proposal == self.phase().proposal)
    }

    fn amends(&self, opened: &Opened) -> bool {
        let mandated = &opened.opening;
        let body = ballot::body::<Opening>(&mandated.entry, Kind::Opening);
        let (phase, root) = (self.phase(), mandated.mandate.header.author);
        let is_other = |body: Opening| body.proposal == phase.proposal && body.text != phase.text;
        root == phase.proposer.root && body.is_ok_and(is_other)
    }
}

fn answers(answers: &Answers, phase: &PhaseId) -> bool {
    let body = ballot::body::<Answer>(&answers.answer.entry, Kind::Answer);
    body.is_ok_and(|answer| answer.phase == *phase)
}

/// Those that are possible, or why the first is not.
fn some_of<T, E>(all: Vec<Result<T, E>>) -> Result<Vec<T>, E> {
    let mut refused = None;
    let mut some = Vec::new();
    for one in all {
        match one {
            Ok(one) => some.push(one),
            Err(error) => drop(refused.get_or_insert(error)),
        }
    }
    match refused {
        Some(error) if some.is_empty() => Err(error),
        _ => Ok(some),
    }
}

/// The member whose root key signed the mandate: as the opening's electorate has it, else as the
/// beginning has it, else the member whose id that key is. Only in the last case is it the validators'
/// word that there is such a member.
fn proposer(ground: Ground<'_>, mandated: &Mandated, opening: &Opening) -> Elector {
    let root = mandated.mandate.header.author;
    let mut electors = opening.electorate.iter();
    if let Some(elector) = electors.find(|elector| elector.root == root) {
        return elector.clone();
    }
    let mut members = ground.members.iter();
    let first = members.find(|(_, member)| member.root == root);
    let (member, class, record) = match first {
        Some((id, member)) => (*id, member.class.as_str().to_owned(), member.record),
        None => (MemberId(root.0), String::new(), EntryId(root.0)),
    };
    Elector {
        member,
        class,
        root,
        record,
    }
}

fn check_electors(charter: &Charter, phase: &Phase) -> Result<(), FileError> {
    let eligible = &charter.rule(phase.rule).eligible;
    let is_stranger = |elector: &&Elector| {
        let class = elector.class.parse::<ClassId>().ok();
        let class = class.and_then(|class| charter.class(&class));
        !class.is_some_and(|class| eligible.includes(class))
    };
    match phase.electorate.iter().find(is_stranger) {
        Some(elector) => Err(FileError::Elector {
            member: elector.member,
            class: elector.class.clone(),
        }),
        None => Ok(()),
    }
}

fn closing_step(height: u64, phase: &Phase, closed: &Closed) -> Step {
    let voters = (0u16..).zip(phase.voters());
    let votes = voters.map(|(place, elector)| Vote {
        member: elector.member,
        class: elector.class.clone(),
        standing: closed
            .counted
            .get(&crate::phase::VoterIndex(place))
            .cloned(),
    });
    Step {
        votes: votes.collect(),
        judged: closed.judged.clone(),
        ..Step::new(height, phase, Turn::Closed(closed.outcome))
    }
}
