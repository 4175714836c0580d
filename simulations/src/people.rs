//! People: what they do at random, and how a member sets itself up.

use domain::{
    decision::Choice,
    id::{ProposalId, Timestamp},
    key::SecretKey,
    record::{Circle, Endpoint, Enter, Profile},
};
use federation::{Act, Keep, State};

use crate::{clock::BEGINNING_MS, options::MINUTE, world::World};

/// A reason that is long enough for a block.
pub const REASON: &str = "This would cost the small co-ops their place at the table.";

impl World {
    /// The next act by which a member sets itself up: founds or joins, grants its keys, signs its
    /// mandate. `None` when all of it is there.
    fn setup_act(&self, member: usize) -> Option<(SecretKey, Act)> {
        let who = &self.members[member];
        let core = self.nodes[who.home].core.as_ref()?;
        let view = core.view();
        let serves = self.index.contains_key(&who.node.public());
        let Some(known) = view.members.get(&who.id()) else {
            if who.founder {
                return Some((who.root.clone(), Act::Found));
            }
            if who.decided {
                let enter = Enter {
                    member: who.id(),
                    newcomer: who.newcomer(),
                };
                return Some((who.root.clone(), Act::Enter(enter)));
            }
            let founders: Vec<_> = self.members.iter().filter(|m| m.founder).collect();
            let needed = self.genesis.admissions_needed();
            let join = who.join(&self.genesis.federation(), &founders[..needed]);
            return Some((who.root.clone(), join));
        };
        let federation = self.genesis.federation();
        let mut acts = who.first_acts(&federation, serves);
        if self.validates(who) {
            acts.push(who.validator_grant(&federation));
        }
        for (by, act) in acts {
            let is_there = match &act {
                Act::Grant { key, .. } => view.keys.contains_key(key),
                _ => known.mandate.is_some(),
            };
            if !is_there {
                return Some((by, act));
            }
        }
        (serves && !view.nodes.contains_key(&who.node.public())).then(|| {
            let endpoint = Endpoint {
                addresses: vec![format!("/ip4/192.0.2.{member}/tcp/4101")],
                agent: "folkmoot/simulated".to_owned(),
            };
            (who.node.clone(), Act::Endpoint(endpoint))
        })
    }

    /// Does the next act of setting a member up. Returns whether it is set up, as far as its node
    /// can tell.
    pub fn set_up(&mut self, member: usize) -> bool {
        let home = self.members[member].home;
        if !self.nodes[home].is_up() || !self.is_admitted(member) {
            return false;
        }
        match self.setup_act(member) {
            Some((key, act)) => {
                self.act(member, key, act);
                false
            }
            None => true,
        }
    }

    /// Somebody does something.
    pub fn random_deed(&mut self) {
        let member = self.people.below(self.members.len() as u64) as usize;
        let home = self.members[member].home;
        if !self.nodes[home].is_up() || !self.nodes[home].present {
            return;
        }
        let who = self.members[member].clone();
        let draw = self.people.below(120);
        // The register takes what is written under a mandate.
        let opener = match self.archive.is_some() {
            true => who.delegate.clone(),
            false => who.steward.clone(),
        };
        let deed = match draw {
            0..12 => Some((who.steward.clone(), self.proposal())),
            12..26 => self.opening(member).map(|act| (opener, act)),
            26..70 => self.vote(home).map(|act| (who.delegate.clone(), act)),
            70..76 => self.amendment(member).map(|act| (who.steward.clone(), act)),
            76..84 => self.comment(home).map(|act| (who.worker.clone(), act)),
            84..86 => self.withdrawal(member).map(|act| (opener, act)),
            86..90 => Some((who.steward.clone(), self.profile(&who.name))),
            90..93 => Some((who.steward.clone(), self.circle())),
            93..96 => {
                let act = self.members[member].new_delegate();
                Some((who.root.clone(), act))
            }
            96..98 => Some((
                who.root.clone(),
                Act::Revoke {
                    key: who.delegate.public(),
                    keep: Keep::All,
                    reason: "The laptop was lost.".to_owned(),
                },
            )),
            98..100 => Some((who.root.clone(), who.mandate())),
            _ => self.writing(member),
        };
        if let Some((key, act)) = deed {
            self.act(member, key, act);
        }
    }

    fn proposal(&mut self) -> Act {
        let number = self.people.below(1_000);
        let long = self.people.chance(150_000);
        let text = if long {
            "A long text that does not fit one entry. ".repeat(1_500 + number as usize)
        } else {
            format!("We do number {number}.")
        };
        let rule = ["", "consent", "one-member-one-vote"][self.people.below(3) as usize];
        let urgent = self.people.coin().then(|| "It cannot wait.".to_owned());
        Act::Propose {
            title: format!("Number {number}"),
            text,
            rule: rule.to_owned(),
            urgent,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: None,
        }
    }

    fn proposals(
        &self,
        node: usize,
        fits: impl Fn(&federation::Decision<'_>) -> bool,
    ) -> Vec<ProposalId> {
        let now = self.nodes[node].clock.show(self.now);
        let Some(core) = &self.nodes[node].core else {
            return Vec::new();
        };
        // What is older than two weeks is decided, and judging it again and again costs time.
        let recent = core.view().proposals.iter().filter(|(_, proposal)| {
            let first = proposal.first.as_ref();
            first.is_some_and(|first| now.since_ms(first.time) < 14 * 24 * 3_600_000)
        });
        let ids = recent.map(|(id, _)| id);
        ids.filter(|id| core.decision(id, now).is_some_and(|found| fits(&found)))
            .copied()
            .collect()
    }

    fn own(&mut self, member: usize, fits: impl Fn(&State) -> bool) -> Option<ProposalId> {
        let (id, home) = (self.members[member].id(), self.members[member].home);
        let own = self.proposals(home, |found| found.first.member == id && fits(&found.state));
        self.people.pick(&own).copied()
    }

    fn opening(&mut self, member: usize) -> Option<Act> {
        let proposal = self.own(member, |state| *state == State::Deliberation)?;
        Some(Act::Open { proposal })
    }

    fn amendment(&mut self, member: usize) -> Option<Act> {
        let proposal = self.own(member, |state| *state != State::Withdrawn)?;
        let number = self.people.below(1_000_000);
        Some(Act::Amend {
            proposal,
            title: format!("Amended {number}"),
            text: format!("We rather do number {number}."),
            what_changed: "The number.".to_owned(),
            draft: Vec::new(),
            effect: None,
        })
    }

    fn withdrawal(&mut self, member: usize) -> Option<Act> {
        let proposal = self.own(member, |state| *state != State::Withdrawn)?;
        Some(Act::Withdraw {
            proposal,
            reason: String::new(),
        })
    }

    fn vote(&mut self, node: usize) -> Option<Act> {
        // Now and then somebody tries a proposal that is not open, and is told so.
        let careless = self.people.chance(50_000);
        let open = self.proposals(node, |found| careless || found.state == State::Voting);
        let proposal = *self.people.pick(&open)?;
        let choice = match self.people.below(10) {
            0..6 => Choice::Agree,
            6 => Choice::Abstain,
            7 => Choice::StandAside,
            _ => Choice::Block,
        };
        self.vote_on(node, &proposal, choice)
    }

    /// When one of the votes that are open in the register ends.
    pub fn random_end(&mut self) -> Option<u64> {
        let chain = self.archive.as_ref()?.chain.as_ref()?;
        let ends = chain.phases().values();
        let ends: Vec<u64> = ends
            .map(|phase| phase.deadline.0 - BEGINNING_MS)
            .filter(|end| *end > self.now + 2 * MINUTE)
            .collect();
        self.people.pick(&ends).copied()
    }

    /// Somebody votes on what ends next or has just ended, and may be told that it is too late.
    pub fn late_vote(&mut self) {
        let member = self.people.below(self.members.len() as u64) as usize;
        let home = self.members[member].home;
        let chain = self
            .archive
            .as_ref()
            .and_then(|archive| archive.chain.as_ref());
        let phases = chain.into_iter().flat_map(|chain| chain.phases().values());
        let next = phases.min_by_key(|phase| (phase.deadline.0 - BEGINNING_MS).abs_diff(self.now));
        let Some(proposal) = next.map(|phase| phase.proposal) else {
            return;
        };
        let choice = match self.people.below(4) {
            0 => Choice::Abstain,
            1 => Choice::Block,
            _ => Choice::Agree,
        };
        if let Some(act) = self.vote_on(home, &proposal, choice) {
            let key = self.members[member].delegate.clone();
            self.act(member, key, act);
        }
    }

    fn comment(&mut self, node: usize) -> Option<Act> {
        let all = self.proposals(node, |_| true);
        let proposal = *self.people.pick(&all)?;
        let number = self.people.below(1_000_000);
        Some(Act::Comment {
            proposal,
            answers: None,
            text: format!("A thought, number {number}."),
        })
    }

    fn profile(&mut self, name: &str) -> Act {
        Act::Profile(Profile {
            name: name.to_owned(),
            region: "Somewhere".to_owned(),
            description: format!("We are {}.", self.people.below(1_000_000)),
            website: String::new(),
        })
    }

    fn circle(&mut self) -> Act {
        let nonce = self.people.bytes();
        Act::Circle(Circle {
            nonce: std::array::from_fn(|index| nonce[index]),
            name: format!("Circle {}", self.people.below(1_000)),
            domain: "Things".to_owned(),
            rhythm: String::new(),
            ended: false,
        })
    }

    /// A vote on a proposal with the version that a node shows.
    pub fn vote_on(&self, node: usize, proposal: &ProposalId, choice: Choice) -> Option<Act> {
        let now: Timestamp = self.nodes[node].clock.show(self.now);
        let core = self.nodes[node].core.as_ref()?;
        let decision = core.decision(proposal, now)?;
        let block = choice == Choice::Block;
        Some(Act::Vote {
            proposal: *proposal,
            version: decision.version.hash,
            choice,
            aim: block.then_some(0),
            reason: if block {
                REASON.to_owned()
            } else {
                String::new()
            },
        })
    }
}
