//! What happened before anyone looks: proposals in each state, so that every page has something
//! to show. Historical proposals, invented votes.

use domain::{
    decision::Choice,
    id::{EntryId, MemberId, ProposalId},
    key::SecretKey,
    record::{Custody, Grant, Profile, Purpose, Roles},
};
use federation::Act;

use super::{
    cast::{COOPS, Coop},
    guests::Guest,
    past::Past,
    proposals::Historical,
    register,
    together::{self, Writers},
};
use crate::{failure::Outcome, founding};

/// The hosted co-op, after those with nodes,
const GUEST: usize = COOPS.len();
/// and the two people, who are hosted too.
const PEOPLE: [usize; 2] = [GUEST + 1, GUEST + 2];
/// What the demo's proposal would change in the charter.
const SHIFT: [(&str, &str); 2] = [
    ("class.consumer.strength-percent", "25"),
    ("class.producer.strength-percent", "50"),
];

/// Everyone signs, grants and says who it is.
pub fn found(past: &mut Past, coops: &[Coop]) -> Outcome {
    for coop in coops {
        past.act(&coop.root, Act::Found)?;
    }
    let federation = past.core().federation();
    for coop in coops {
        let member = MemberId(coop.root.public().0);
        let node = founding::grant_node(&coop.node, &federation, &member);
        past.act(&coop.root, node)?;
        past.act(&coop.root, register::grant_validator(coop, &federation)?)?;
        let roles = Roles::STEWARD.with(Roles::DELEGATE);
        let key = coop.delegate.key();
        let (purpose, person) = (Purpose::Person, Some(coop.delegate.person));
        let grant = Act::Grant {
            purpose,
            key: key.public(),
            person,
            roles,
            custody: Custody::Node,
            proof: Some(Grant::prove(&key, &federation, &member, purpose, person)),
        };
        past.act(&coop.root, grant)?;
        let (steward, secret) = &coop.steward;
        let proof = founding::prove_invited((steward, secret), &federation, &member)?;
        past.act(&coop.root, founding::grant_person(steward, roles, proof))?;
        let delegates = vec![
            domain::record::Delegate {
                key: key.public(),
                person: coop.delegate.person,
            },
            domain::record::Delegate {
                key: steward.key,
                person: steward.person,
            },
        ];
        past.act(&coop.root, Act::Mandate { delegates })?;
        let card = Act::Person {
            person: coop.delegate.person,
            name: coop.delegate_name().to_owned(),
            contact: String::new(),
        };
        past.act(&key, card)?;
        let profile = Profile {
            name: coop.name().to_owned(),
            region: coop.region().to_owned(),
            description: "An invented co-op of the Folkmoot demo.".to_owned(),
            website: String::new(),
        };
        past.act(&key, Act::Profile(profile))?;
    }
    Ok(())
}

/// The acts of the story, over the past.
pub struct Story<'a> {
    past: &'a mut Past,
    keys: Vec<SecretKey>,
}

impl<'a> Story<'a> {
    /// A story of these co-ops and, after them, their guests.
    pub fn new(past: &'a mut Past, coops: &[Coop], guests: &[Guest]) -> Self {
        let coops = coops.iter().map(|coop| coop.delegate.key());
        let keys = coops.chain(guests.iter().map(Guest::key)).collect();
        Self { past, keys }
    }

    /// How long it takes, acts included, in seconds.
    pub fn length(period: u64) -> u64 {
        7 * period + period / 2 + 170
    }

    /// Tells it: `period` is that of regular proposals. Ends some seconds before now.
    pub fn tell(&mut self, all: &[Historical], period: u64) -> Outcome {
        self.passed(&all[1], period)?;
        self.without_quorum(&all[4], period)?;
        self.by_strength(&all[6], period)?;
        self.fallen_back(&all[8], period)?;
        self.blocked(&all[9], period)?;
        self.integrated(&all[12], period)?;
        self.deliberation(&all[11])?;
        let writers = Writers {
            coops: [&self.keys[1], &self.keys[2], &self.keys[3]],
            looking: &self.keys[0],
        };
        together::write(self.past, &writers)?;
        self.open(&all[18])?;
        self.amend_the_charter()
    }

    fn propose(&mut self, who: usize, one: &Historical) -> Outcome<ProposalId> {
        self.propose_by(who, one, "consent")
    }

    fn propose_by(&mut self, who: usize, one: &Historical, rule: &str) -> Outcome<ProposalId> {
        let act = propose(one, rule);
        self.past.act(&self.keys[who], act)
    }

    fn open_vote(&mut self, who: usize, proposal: ProposalId) -> Outcome<EntryId> {
        self.past.act(&self.keys[who], Act::Open { proposal })
    }

    fn vote(
        &mut self,
        who: usize,
        proposal: ProposalId,
        choice: Choice,
        reason: &str,
    ) -> Outcome<EntryId> {
        let now = self.past.now();
        let version = self.past.core().decision(&proposal, now);
        let version = version.map_or(domain::id::Hash([0; 32]), |found| found.version.hash);
        let act = Act::Vote {
            proposal,
            version,
            choice,
            aim: (choice == Choice::Block).then_some(2),
            reason: reason.to_owned(),
        };
        self.past.act(&self.keys[who], act)
    }

    fn comment(
        &mut self,
        who: usize,
        proposal: ProposalId,
        answers: Option<EntryId>,
        text: &str,
    ) -> Outcome<EntryId> {
        let act = Act::Comment {
            proposal,
            answers,
            text: text.to_owned(),
        };
        self.past.act(&self.keys[who], act)
    }

    fn passed(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose(1, one)?;
        self.comment(
            2,
            id,
            None,
            "A co-operative host is worth the difference to us.",
        )?;
        self.open_vote(1, id)?;
        for who in [1, 2, 4] {
            self.vote(who, id, Choice::Agree, "")?;
        }
        self.vote(3, id, Choice::Abstain, "We know too little about servers.")?;
        self.past.pass(period);
        Ok(())
    }

    fn without_quorum(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose(3, one)?;
        self.open_vote(3, id)?;
        self.vote(3, id, Choice::Agree, "")?;
        // It is extended once, by half of its period.
        self.past.pass(period + period / 2);
        Ok(())
    }

    fn by_strength(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose_by(4, one, "class-weighted")?;
        self.open_vote(4, id)?;
        for who in [1, 2, 4] {
            self.vote(who, id, Choice::Agree, "")?;
        }
        self.vote(3, id, Choice::Abstain, "We buy only one of the services.")?;
        // Who has no node votes with a key of its own, too.
        self.vote(
            GUEST,
            id,
            Choice::Agree,
            "A level for small co-ops helps us.",
        )?;
        self.vote(PEOPLE[0], id, Choice::Agree, "")?;
        let reason = "I would rather give hours than pay.";
        self.vote(PEOPLE[1], id, Choice::Abstain, reason)?;
        self.past.pass(period);
        Ok(())
    }

    fn fallen_back(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose_by(1, one, "consent-then-vote")?;
        self.open_vote(1, id)?;
        for who in [1, 2, 3] {
            self.vote(who, id, Choice::Agree, "")?;
        }
        let reason = "We would rather not depend on a service whose fees we cannot change.";
        let block = self.vote(4, id, Choice::Block, reason)?;
        self.comment(
            1,
            id,
            Some(block),
            "We found no other host in time. We would like to hear all members.",
        )?;
        self.past.pass(period);
        self.open_vote(1, id)?;
        for who in [1, 2, 3] {
            self.vote(who, id, Choice::Agree, "")?;
        }
        self.vote(4, id, Choice::Abstain, "We can live with it for a year.")?;
        self.past.pass(period);
        Ok(())
    }

    fn blocked(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose(2, one)?;
        self.open_vote(2, id)?;
        self.vote(2, id, Choice::Agree, "")?;
        self.vote(1, id, Choice::Agree, "")?;
        let reason = "A new member should be decided on by everyone, with the text in hand.";
        let block = self.vote(4, id, Choice::Block, reason)?;
        self.comment(
            2,
            id,
            Some(block),
            "True: we will bring the next one to a vote first.",
        )?;
        self.past.pass(period);
        Ok(())
    }

    fn deliberation(&mut self, one: &Historical) -> Outcome {
        let id = self.propose(1, one)?;
        let first = self.comment(3, id, None, "How are hours counted that nobody validated?")?;
        self.comment(
            1,
            id,
            Some(first),
            "They stay open until someone else validates them.",
        )?;
        self.comment(
            4,
            id,
            None,
            "Please keep the duty of 40 hours a year in the text.",
        )?;
        Ok(())
    }

    fn integrated(&mut self, one: &Historical, period: u64) -> Outcome {
        let id = self.propose(2, one)?;
        self.open_vote(2, id)?;
        self.vote(3, id, Choice::Agree, "")?;
        let reason = "Nobody should vote on who is a member without the full text before them.";
        let block = self.vote(1, id, Choice::Block, reason)?;
        self.comment(
            2,
            id,
            Some(block),
            "Agreed. The new version names the full text.",
        )?;
        let act = Act::Amend {
            proposal: id,
            title: one.title.clone(),
            text: format!(
                "{}\n\nThe full text is published before the vote.",
                one.words()
            ),
            what_changed: "It now says that the full text comes first.".to_owned(),
            draft: Vec::new(),
            effect: None,
        };
        // With the new version voting opens anew.
        self.past.act(&self.keys[2], act)?;
        self.vote(1, id, Choice::Agree, "This is what we asked for.")?;
        for who in [2, 3, 4] {
            self.vote(who, id, Choice::Agree, "")?;
        }
        self.past.pass(period);
        Ok(())
    }

    /// A proposal to change the charter, which names its comparison: half of the strength is more than
    /// half of the power.
    fn amend_the_charter(&mut self) -> Outcome {
        let link = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(SHIFT)
            .finish();
        let act = Act::Propose {
            title: "Half of the strength for those who run the servers".to_owned(),
            text: format!(
                "Producer co-ops do most of the work. Let them have 50 per cent of the strength \
                 where votes are weighed, and consumer co-ops 25, as individuals have.\n\n\
                 What changes, and who would have how much power: /charter/compare?{link}\n\n\
                 Invented for the demo, like its co-ops."
            ),
            rule: "charter".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: None,
        };
        let id = self.past.act(&self.keys[1], act)?;
        self.open_vote(1, id)?;
        self.vote(1, id, Choice::Agree, "")?;
        self.vote(2, id, Choice::Agree, "We carry the nights, too.")?;
        let reason = "With half of the strength one class has three fifths of the power.";
        let block = self.vote(GUEST, id, Choice::Block, reason)?;
        self.comment(
            1,
            id,
            Some(block),
            "The comparison shows it: any other class is still needed.",
        )?;
        self.vote(PEOPLE[0], id, Choice::Abstain, "")?;
        Ok(())
    }

    fn open(&mut self, one: &Historical) -> Outcome {
        let id = self.propose(4, one)?;
        self.open_vote(4, id)?;
        self.vote(4, id, Choice::Agree, "")?;
        self.vote(1, id, Choice::Agree, "As fair as it can be at the end.")?;
        self.vote(
            GUEST,
            id,
            Choice::Agree,
            "We have no node, and a vote all the same.",
        )?;
        let reason = "Six weeks are too short for those who are owed hours from two years.";
        let block = self.vote(3, id, Choice::Block, reason)?;
        self.comment(
            4,
            id,
            Some(block),
            "Would it help if late claims went to the new stewards?",
        )?;
        Ok(())
    }
}

/// The act that proposes a historical proposal again.
pub fn propose(one: &Historical, rule: &str) -> Act {
    Act::Propose {
        title: one.title.clone(),
        text: one.words(),
        rule: rule.to_owned(),
        urgent: None,
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: None,
    }
}
