//! The nodes take office: validator keys, the beginning of the register, and what members declare in
//! it.

use domain::{cbor::Encode, record::Purpose};
use federation::{Act, Core};
use register::{
    begin::{Begin, Beginning, First},
    declaration::{Declaration, Matter, validator_message},
};

use crate::{archive::Archive, member::Member, world::World};

impl World {
    /// From now on the members' nodes have validator keys, and what the register decides is looked at.
    pub fn with_register(&mut self) {
        self.with_validators(self.nodes.len());
    }

    /// The same where only the first so many nodes validate.
    pub fn with_validators(&mut self, validators: usize) {
        self.archive = Some(Archive {
            validators,
            ..Archive::default()
        });
        for node in self.nodes.iter_mut().take(validators) {
            let member = &self.members[node.member];
            node.validator = Some(member.validator.clone());
        }
    }

    /// Whether a member's node is one of those that validate.
    pub(crate) fn validates(&self, who: &Member) -> bool {
        let validators = self.archive.as_ref().map_or(0, |one| one.validators);
        let node = self.index.get(&who.node.public());
        node.is_some_and(|node| *node < validators)
    }

    /// Whether the members of the beginning and their keys are there, as a node shows them.
    fn are_all_there(&self, core: &Core) -> bool {
        let view = core.view();
        self.members.iter().filter(|who| !who.decided).all(|who| {
            let is_there = view.members.contains_key(&who.id());
            let granted = view.keys.get(&who.validator.public());
            let validates = granted.is_some_and(|known| known.purpose == Purpose::Validator);
            is_there && (validates || !self.validates(who))
        })
    }

    /// The founders sign the beginning of the register, once all members are set up. Returns whether
    /// it has begun on every honest node that is up.
    pub fn begin_register(&mut self) -> bool {
        let up = |node: &usize| self.nodes[*node].is_up();
        let honest: Vec<usize> = self.honest().into_iter().filter(up).collect();
        let has_begun = |node: &usize| {
            let core = self.nodes[*node].core.as_ref();
            core.is_some_and(|core| core.register_chain().is_some())
        };
        if !honest.is_empty() && honest.iter().all(has_begun) {
            return true;
        }
        let (Some(node), Some(archive)) = (honest.first().copied(), &self.archive) else {
            return false;
        };
        let begin = match &archive.begin {
            Some(begin) => begin.clone(),
            None => match self.beginning_at(node) {
                Some(begin) => begin,
                None => return false,
            },
        };
        let federation = self.genesis.federation();
        let founders = self.members.iter().filter(|who| who.founder);
        let needed = self.genesis.admissions_needed();
        let signed = founders
            .take(needed)
            .map(|who| begin.sign(&federation, &who.root));
        let mut signatures: Vec<_> = signed.collect();
        signatures.sort_unstable_by_key(|founding| founding.root);
        if let Some(archive) = &mut self.archive {
            archive.begin = Some(begin.clone());
        }
        let beginning = Beginning { begin, signatures }.to_bytes();
        let member = self.nodes[node].member;
        let steward = self.members[member].steward.clone();
        self.act(member, steward, Act::BeginRegister { beginning });
        false
    }

    fn beginning_at(&self, node: usize) -> Option<Begin> {
        let core = self.nodes[node].core.as_ref()?;
        if !self.are_all_there(core) {
            return None;
        }
        let first = |who: &Member| {
            let known = core.view().members.get(&who.id())?;
            let validates = self.validates(who);
            let host = &self.members[self.nodes[who.home].member];
            Some(First {
                member: who.id(),
                name: known.name.clone(),
                class: who.class.clone(),
                root: known.root,
                record: known.record,
                host: host.id(),
                validator: validates.then(|| who.validator.public()),
            })
        };
        let there = self.members.iter().filter(|who| !who.decided);
        let mut members: Vec<First> = there.map(first).collect::<Option<_>>()?;
        members.sort_unstable_by_key(|first| first.member);
        let time = self.nodes[node].clock.show(self.now);
        Some(Begin { time, members })
    }

    /// A member's next declaration: that its node validates with its key.
    pub fn declare_validator(&mut self, member: usize) -> Option<Act> {
        let who = &self.members[member];
        let message = validator_message(&self.genesis.federation(), &who.id());
        let matter = Matter::Validator {
            key: who.validator.public(),
            proof: who.validator.sign(&message),
        };
        self.declare(member, matter)
    }

    /// A member's next declaration.
    pub fn declare(&mut self, member: usize, matter: Matter) -> Option<Act> {
        let who = &self.members[member];
        let number = self.archive.as_mut()?.declared.entry(member).or_default();
        *number += 1;
        let (federation, place) = (self.genesis.federation(), (who.id(), *number));
        let declaration = Declaration::sign(&federation, &who.root, place, matter).to_bytes();
        Some(Act::Declare { declaration })
    }
}
