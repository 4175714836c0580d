//! A decision of the core as its page shows it.

use domain::{
    cbor::Encoder,
    charter::{Charter, ClassId, RuleName},
    decision::{self, Cause, Choice, Condition as Judged, ConditionName, Figures},
    id::{Hash, MemberId, PersonId, Timestamp},
    record::REVISIONS_MAX,
};
use federation::{Decision as Decided, Phase as Voting, State as Stand};

use super::talk::{Talk, words};
use crate::{
    auth::Actor,
    decisions,
    handlers::{documents, effect, propose::version, views},
    pages::{
        decision::{
            Check, Class, Condition, Decision, May, Mediation, Own, Phase, Report, Rule, Seat,
            Silent, Step, Term, Weighed,
        },
        effect::What,
        home::Connection,
        parts::Name,
        work::ActionPoint,
    },
    standpoint::Standpoint,
    texts::Texts,
};

/// One decision being read.
pub(super) struct Reading<'a> {
    pub core: &'a Standpoint<'a>,
    pub decision: &'a Decided<'a>,
    pub texts: &'a Texts,
    pub actor: Option<&'a Actor>,
    pub now: Timestamp,
    /// Open action points that come from it.
    pub actions: &'a [ActionPoint],
}

impl Reading<'_> {
    /// Everything its page shows.
    pub(super) fn view(&self) -> Decision {
        let (core, decision) = (self.core, self.decision);
        let first = decision.first;
        let talk = Talk::new(core, decision, self.texts);
        let versions = decision.proposal.versions();
        let at = versions
            .iter()
            .position(|version| version.entry == decision.version.entry);
        let previous = at.and_then(|at| at.checked_sub(1)).map(|at| versions[at]);
        Decision {
            id: decision.id.to_string(),
            proposer: views::member(core, &first.member),
            circle: first.circle.map(|circle| views::circle(core, &circle)),
            language: first.language.clone(),
            urgent: first.urgent.clone(),
            state: views::state_of(core, decision, self.now),
            finality: self.finality(),
            rule: self.rule(),
            version: version(decision.version, self.texts),
            effect: self.effect(),
            previous: previous.map(|previous| version(previous, self.texts)),
            origin: None,
            next_draft: self.next_draft(),
            phase: decision
                .phase
                .as_ref()
                .map(|phase| self.phase(phase, &talk)),
            own: self.own(),
            may: self.may(),
            review: decisions::review_of(core, decision),
            actions: self.actions.to_vec(),
            steps: self.steps(),
            silent: self.silent(),
            connected: (
                core.peers().len() as u64 + 1,
                core.roster().len() as u64 + 1,
            ),
            mediation: self.mediation(),
            comments: talk.answering(None),
        }
    }

    fn mediation(&self) -> Option<Mediation> {
        let (core, id) = (self.core, &self.decision.id);
        let mediation = core.mediation(id)?;
        let is_public = self.actor.is_none();
        let someone = |member: &MemberId, person: &PersonId| {
            let name = core.view().person_name(member, person);
            let name = name.filter(|_| !is_public).map(str::to_owned);
            (name, views::member(core, member))
        };
        let people = mediation.people.iter();
        Some(Mediation {
            people: people
                .map(|one| someone(&one.member, &one.person))
                .collect(),
            until: mediation.until,
            report: core.report(id).map(|report| Report {
                by: someone(&report.member, &report.person),
                at: report.time,
                recommends_vote: report.recommends_vote,
                words: words(self.texts.note(&report.entry)),
            }),
        })
    }

    fn effect(&self) -> Option<What> {
        let effect = self.decision.version.effect.as_ref()?;
        let is_public = self.actor.is_none();
        Some(effect::what(self.core, effect, self.charter(), is_public))
    }

    /// The charter that is or was voted under; before a vote the one in force.
    pub(super) fn charter(&self) -> &Charter {
        let phase = self.decision.phase.as_ref();
        let named = phase.and_then(|phase| self.core.charter_of(&phase.opening.record.charter));
        named.unwrap_or_else(|| self.core.charter())
    }

    /// The draft that is filed as that of the next version, the last changed of several.
    fn next_draft(&self) -> Option<Name> {
        let documents = self.core.view().documents.iter();
        let drafts = documents.filter(|(_, document)| {
            let filed = document.filed.as_ref().map(|filed| filed.record);
            filed.is_some_and(|filed| filed.proposal == Some(self.decision.id) && !filed.closed)
        });
        let latest = drafts.max_by_key(|(_, document)| document.edits.last().copied());
        latest.map(|(id, _)| documents::name(self.core, id))
    }

    fn rule(&self) -> Rule {
        let terms = self.charter().terms();
        let name: Option<RuleName> = self.decision.first.rule.parse().ok();
        Rule {
            name: self.decision.first.rule.clone(),
            kind: name.unwrap_or(terms.default_rule),
            allows_disagree: terms.disagree_allowed,
            reason_characters_min: terms.minimum_reason_characters,
            aims: (1..).zip(terms.aims.iter().cloned()).collect(),
        }
    }

    pub(super) fn aim(&self, aim: Option<u64>) -> Option<String> {
        let aim = usize::try_from(aim?).ok()?;
        self.charter().terms().aims.get(aim).cloned()
    }

    fn phase(&self, phase: &Voting<'_>, talk: &Talk<'_>) -> Phase {
        let mut encoder = Encoder::new();
        encoder.list(phase.opening.record.electorate.iter());
        Phase {
            opening: phase.opening.id.to_string(),
            electorate_hash: Hash::of(&[&encoder.into_bytes()]).to_string(),
            opened: phase.opening.time,
            deadline: phase.deadline,
            extensions: phase
                .extensions
                .iter()
                .map(|extension| (extension.cause, extension.from))
                .collect(),
            may_be_extended: phase.outcome.lacks_ballots()
                && !phase
                    .extensions
                    .iter()
                    .any(|one| one.cause == Cause::LacksBallots)
                && phase.opening.record.extension_ms > 0,
            fallback: phase.fallback,
            blocking_classes: phase
                .outcome
                .blocking_classes
                .iter()
                .map(|class| self.class_name(class))
                .collect(),
            decided_by_one_class: phase.outcome.is_decided_by_one_class,
            silent: (phase.outcome.silent.iter())
                .map(|class| self.class_name(class))
                .collect(),
            empty: self.empty(phase),
            classes: self.classes(phase),
            votes: self.votes(phase, talk),
            missing: self.missing(phase),
            checks: self.checks(phase),
            outcome: views::outcome(phase.outcome.verdict),
        }
    }

    fn classes(&self, phase: &Voting<'_>) -> Vec<Class> {
        let terms = self.charter().terms();
        let seats = |id: &str| -> Vec<Seat> {
            let of_class = phase
                .electorate
                .iter()
                .filter(|(_, class)| class.as_str() == id);
            let seats = of_class.map(|(member, _)| Seat {
                member: views::member(self.core, member),
                choice: phase
                    .count
                    .counted
                    .get(member)
                    .map(|counted| counted.choice),
            });
            seats.collect()
        };
        let classes = terms.classes.iter().map(|class| Class {
            name: class.name.clone(),
            seats: seats(class.id.as_str()),
        });
        classes.filter(|class| !class.seats.is_empty()).collect()
    }

    /// The classes whose strength the others share because nobody is in them.
    fn empty(&self, phase: &Voting<'_>) -> Vec<String> {
        let charter = self.charter();
        let weighs = matches!(phase.rule, RuleName::ClassWeighted | RuleName::Charter)
            || !phase.outcome.blocking_classes.is_empty();
        let may_vote = &charter.rule(phase.rule).eligible;
        let has_voters = |id: &ClassId| phase.electorate.iter().any(|(_, class)| class == id);
        let classes = charter
            .terms()
            .classes
            .iter()
            .filter(|class| weighs && may_vote.includes(class) && !has_voters(&class.id));
        classes.map(|class| class.name.clone()).collect()
    }

    fn checks(&self, phase: &Voting<'_>) -> Vec<Check> {
        let (outcome, figures) = (&phase.outcome, &phase.outcome.figures);
        let blocking = || {
            let counted = phase.count.counted.iter();
            let blocks = counted.filter(|(_, c)| c.choice == Choice::Block);
            blocks
                .map(|(member, _)| self.core.view().member_name(member))
                .collect()
        };
        let needed = |bound: u128| u64::try_from(bound).unwrap_or(u64::MAX);
        let checks = outcome.conditions.iter().map(|condition| Check {
            met: condition.is_met(),
            condition: match condition.name {
                ConditionName::Quorum if condition.whole.is_some() => {
                    self.share(phase, Weighed::Ballots, condition)
                }
                ConditionName::Strength => self.share(phase, Weighed::Majority, condition),
                ConditionName::Assent => self.share(phase, Weighed::Assent, condition),
                ConditionName::Silent => Condition::NoSilentClass {
                    silent: outcome
                        .silent
                        .iter()
                        .map(|class| self.class_name(class))
                        .collect(),
                },
                ConditionName::Supermajority => {
                    let majority = self.charter().terms().charter_rule.majority;
                    Condition::Supermajority {
                        agree: figures.agree,
                        heard: figures.agree + figures.against,
                        fraction: (majority.numerator(), majority.denominator()),
                    }
                }
                ConditionName::Quorum => Condition::Quorum {
                    cast: figures.cast,
                    needed: outcome.quorum_ballots,
                    electors: figures.eligible,
                    fraction: (outcome.quorum.numerator(), outcome.quorum.denominator()),
                },
                ConditionName::Blocks => Condition::NoBlock {
                    blocking: blocking(),
                    needed: needed(condition.bound),
                },
                ConditionName::Agrees => Condition::SomeoneAgrees {
                    needed: needed(condition.bound),
                    agree: figures.agree,
                    abstain: figures.abstain + figures.stand_aside,
                },
                ConditionName::Majority | ConditionName::ClassMajority => {
                    Condition::MoreAgreeThanAgainst {
                        class: condition.class.as_ref().map(|class| self.class_name(class)),
                        agree: needed(condition.figure),
                        against: needed(condition.bound),
                    }
                }
            },
        });
        checks.collect()
    }

    fn class_name(&self, class: &ClassId) -> String {
        let known = self.charter().class(class);
        known.map_or_else(|| class.to_string(), |class| class.name.clone())
    }

    /// A share by class and strength, with the terms it is the sum of.
    fn share(&self, phase: &Voting<'_>, what: Weighed, condition: &Judged) -> Condition {
        let charter = self.charter();
        let outcome = &phase.outcome;
        let of = |figures: &Figures| match what {
            Weighed::Majority => figures.agree + figures.against,
            Weighed::Ballots | Weighed::Assent => figures.eligible,
        };
        let part = |figures: &Figures| match what {
            Weighed::Ballots => figures.cast,
            Weighed::Majority | Weighed::Assent => figures.agree,
        };
        let strengths = decision::strengths(charter, &outcome.classes, of);
        let terms = strengths.iter().map(|(class, strength)| {
            let figures = outcome.classes.get(class).copied().unwrap_or_default();
            Term {
                class: self.class_name(class),
                strength: *strength,
                part: part(&figures),
                of: of(&figures),
            }
        });
        let whole = condition.whole.unwrap_or(1).max(1);
        let thousandths = condition.figure * 1_000;
        let (part_needed, whole_needed) = condition.part_needed().unwrap_or((0, 1));
        let number = |value: u128| u64::try_from(value).unwrap_or(u64::MAX);
        Condition::Share {
            what,
            terms: terms.collect(),
            thousandths: number(thousandths / whole),
            is_exact: thousandths.is_multiple_of(whole),
            needed: (number(part_needed), number(whole_needed)),
        }
    }

    fn own(&self) -> Own {
        let (Some(own), Some(phase)) = (self.core.member(), &self.decision.phase) else {
            return Own::NoVote;
        };
        if phase.electorate.class_of(&own).is_none() {
            return Own::NoVote;
        }
        let view = self.core.view();
        if let Some(counted) = phase.count.counted.get(&own) {
            let seen = phase.ballots.get(&counted.ballot);
            let person = seen.and_then(|seen| view.person_of(&seen.by));
            let mandate = view
                .members
                .get(&own)
                .and_then(|member| member.mandate.as_ref());
            let used = match mandate {
                // A newer mandate begins with a fresh count of revisions.
                Some(mandate) if mandate.number > counted.slot.mandate => 0,
                _ => counted.slot.revision,
            };
            return Own::Voted {
                choice: counted.choice,
                by: person
                    .and_then(|person| view.person_name(&own, &person))
                    .map(str::to_owned),
                at: counted.time,
                changes_left: REVISIONS_MAX.saturating_sub(used),
                reason: self
                    .texts
                    .note(&counted.ballot)
                    .text()
                    .unwrap_or("")
                    .to_owned(),
                aim: seen.and_then(|seen| seen.record.aim).map(|aim| aim + 1),
            };
        }
        let earlier = self.decision.earlier.iter().rev();
        let mut earlier = earlier.filter_map(|phase| Some((phase, phase.count.counted.get(&own)?)));
        match earlier.next() {
            Some((phase, counted)) => Own::VotedEarlier {
                choice: counted.choice,
                version: phase.version.number,
                at: counted.time,
            },
            None => Own::NotVoted,
        }
    }

    fn may(&self) -> May {
        let Some(actor) = self.actor else {
            return May::default();
        };
        let rights = views::Rights::of(self.core, &actor.person());
        let own = self.core.member();
        let is_own = own == Some(self.decision.first.member);
        // The register takes what delegates write under their mandate.
        let has_register = self.core.order().is_some();
        let moves = if has_register {
            rights.delegate
        } else {
            rights.writes()
        };
        let state = self.decision.state;
        let passed = Stand::Closed(decision::Verdict::Passed);
        let is_over = state == Stand::Withdrawn || state == passed;
        let electorate = self.decision.phase.as_ref().map(|phase| &phase.electorate);
        let is_elector = own
            .zip(electorate)
            .is_some_and(|(own, electorate)| electorate.class_of(&own).is_some());
        May {
            open: is_own && moves && state == Stand::Deliberation,
            open_again: is_own && moves && self.core.is_before_the_register(self.decision),
            fall_back: is_own && moves && matches!(state, Stand::Integration(_)),
            report: decisions::mediates(self.core, self.decision, actor.person()),
            vote_after_report: is_own
                && moves
                && decisions::can_call_after_report(self.core, self.decision),
            amend: is_own && !is_over,
            withdraw: is_own
                && (moves || !has_register)
                && !is_over
                && !matches!(state, Stand::Closed(_)),
            comment: true,
            vote: rights.delegate && is_elector && state == Stand::Voting,
            review: state == passed
                && (rights.writes()
                    || is_own && self.decision.first.person == Some(actor.person())),
        }
    }

    fn steps(&self) -> Vec<(Timestamp, Step)> {
        let (core, decision) = (self.core, self.decision);
        let mut steps = Vec::new();
        for version in decision.proposal.versions() {
            let step = match version.number {
                1 => Step::Proposed {
                    by: views::member(core, &decision.first.member),
                },
                number => Step::Amended {
                    version: number,
                    what_changed: words(self.texts.note(&version.entry)),
                },
            };
            steps.push((version.time, step));
        }
        for phase in decision.earlier.iter().chain(&decision.phase) {
            let number = phase.version.number;
            let fallback = phase.fallback;
            let opened = Step::Opened {
                version: number,
                fallback,
            };
            steps.push((phase.opening.time, opened));
            let told = core.annals().vote(&phase.opening.id);
            for extension in phase.extensions.iter().filter(|_| told.is_none()) {
                let (cause, to) = (extension.cause, extension.to);
                steps.push((extension.from, Step::Extended { cause, to }));
            }
            let counted = phase.count.counted.iter();
            for (member, counted) in counted.filter(|(_, c)| c.choice == Choice::Block) {
                steps.push((
                    counted.time,
                    Step::Blocked {
                        by: views::member(core, member),
                    },
                ));
            }
        }
        steps.extend(self.heights());
        // What this node counts is not told beside what holds.
        let is_provisional = !core.votes_on(decision).any(|_| true);
        if let (Some(phase), Stand::Closed(verdict), true) =
            (&decision.phase, decision.state, is_provisional)
        {
            let outcome = views::outcome(verdict);
            let closed = Step::Closed {
                version: phase.version.number,
                outcome,
            };
            steps.push((phase.deadline, closed));
        }
        if let Some(withdrawal) = decision.proposal.withdrawal() {
            let reason = words(self.texts.note(&withdrawal.entry));
            steps.push((withdrawal.time, Step::Withdrawn { reason }));
        }
        steps.sort_by_key(|(at, _)| *at);
        steps
    }

    /// Electors whose node is silent: their ballots may be on their way.
    fn silent(&self) -> Vec<Silent> {
        let Some(phase) = self.decision.phase.as_ref().filter(|_| !self.is_final()) else {
            return Vec::new();
        };
        let silent = phase.electorate.iter().filter_map(|(member, _)| {
            match views::connection(self.core, member) {
                Connection::Silent(since) => Some(Silent {
                    member: views::member(self.core, member),
                    since,
                }),
                Connection::Here | Connection::Connected => None,
            }
        });
        silent.collect()
    }
}
