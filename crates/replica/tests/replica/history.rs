//! Random histories: honest acts, forks of every kind of key, revocations early and late.

use domain::{
    decision::Choice,
    entry::Entry,
    id::{EntryId, MemberId, PhaseId, Timestamp},
    key::{PublicKey, Signature},
    record::{Grant, Purpose, Record, Roles},
};
use replica::testing::{
    Author, Cast, Draft, ballot, comment, grant_machine, grant_person, mandate, opening, proposal,
    revocation,
};

/// A small seeded generator (splitmix64): the same seed gives the same history everywhere.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        match items.len() {
            0 => None,
            length => Some(&items[self.below(length)]),
        }
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Root,
    Steward,
    Worker,
    Node,
}

/// One branch of one key's log. Traitors have several.
#[derive(Debug, Clone)]
struct Branch {
    author: Author,
    part: Part,
    member: usize,
    /// Grants naming the key.
    grants: Vec<EntryId>,
    /// Mandates listing the key.
    mandates: Vec<EntryId>,
}

/// A history and what to look at in it.
pub struct History {
    pub cast: Cast,
    pub entries: Vec<Entry>,
    pub phases: Vec<PhaseId>,
    pub members: Vec<MemberId>,
    pub keys: Vec<PublicKey>,
    branches: Vec<Branch>,
    proposals: Vec<EntryId>,
    mandates: u64,
    chance: Chance,
}

impl History {
    pub fn random(seed: u64, steps: usize) -> Self {
        let mut chance = Chance::new(seed);
        let mut cast = Cast::new(3 + chance.below(3) as u64);
        let entries = cast.found();
        let branches = cast
            .roots
            .iter()
            .enumerate()
            .map(|(member, root)| Branch {
                author: root.clone(),
                part: Part::Root,
                member,
                grants: vec![root.id(1)],
                mandates: Vec::new(),
            })
            .collect();
        let members = cast.roots.iter().map(|r| MemberId(r.key().0)).collect();
        let mut history = Self {
            cast,
            entries,
            phases: Vec::new(),
            members,
            keys: Vec::new(),
            branches,
            proposals: Vec::new(),
            mandates: 0,
            chance,
        };
        for member in 0..history.members.len().min(2) {
            history.grant(member, Part::Steward);
            history.grant(member, Part::Worker);
            history.mandate(member);
        }
        if history.chance.one_in(2) {
            history.join();
        }
        for _ in 0..steps {
            history.step();
        }
        history.keys = history.branches.iter().map(|b| b.author.key()).collect();
        history.keys.sort_unstable();
        history.keys.dedup();
        history
    }

    fn step(&mut self) {
        let branch = self.chance.below(self.branches.len());
        let member = self.branches[branch].member;
        // Who may not give or take rights tries it now and then; what follows in its log is lost.
        let may = matches!(self.branches[branch].part, Part::Root | Part::Steward);
        let act = match self.chance.below(20) {
            act @ (0..=2 | 4 | 8) if !may && !self.chance.one_in(12) => act + 9,
            act => act,
        };
        match act {
            0 => self.grant(branch, Part::Steward),
            1 => self.grant(branch, Part::Worker),
            2 => self.grant(branch, Part::Node),
            3 => self.mandate(branch),
            4 => self.grant_again(branch),
            5..=7 => self.fork(branch),
            8 => self.revoke(branch),
            9 => {
                let of_member: Vec<usize> = (0..self.branches.len())
                    .filter(|b| self.branches[*b].member == member)
                    .filter(|b| matches!(self.branches[*b].part, Part::Root | Part::Steward))
                    .collect();
                if let Some(branch) = self.chance.pick(&of_member).copied() {
                    self.revoke(branch);
                }
            }
            10 => self.open(branch),
            11..=17 => self.vote(branch),
            _ => self.talk(branch),
        }
    }

    fn write(&mut self, branch: usize, grant: EntryId, record: &Record) -> EntryId {
        let author = &mut self.branches[branch].author;
        let mut time = self.cast.tick();
        if self.chance.one_in(50) {
            // A clock behind: the entry is invalid if its grant or predecessor is later.
            time = Timestamp(time.0 - 20_000);
        }
        let mut draft = Draft::new(grant, time, record);
        draft.critical = self.chance.one_in(40);
        let entry = author.write_draft(&draft);
        let id = entry.id(&self.cast.federation());
        self.entries.push(entry);
        id
    }

    fn some_grant(&mut self, branch: usize) -> Option<EntryId> {
        let grants = &self.branches[branch].grants;
        self.chance.pick(grants).copied()
    }

    fn any_grant(&mut self, branch: usize) -> Option<EntryId> {
        let known = &self.branches[branch];
        let all: Vec<EntryId> = known
            .grants
            .iter()
            .chain(&known.mandates)
            .copied()
            .collect();
        self.chance.pick(&all).copied()
    }

    fn grant(&mut self, branch: usize, part: Part) {
        let Some(grant) = self.some_grant(branch) else {
            return;
        };
        let author = self.cast.newcomer();
        let member = self.branches[branch].member;
        let by = self.members[member];
        let record = match part {
            Part::Steward => grant_person(&author, by, Roles::STEWARD),
            Part::Node | Part::Root => grant_machine(&author, by, Purpose::Node),
            Part::Worker => grant_person(&author, by, Roles::WORKER),
        };
        let id = self.write(branch, grant, &record);
        self.branches.push(Branch {
            author,
            part,
            member,
            grants: vec![id],
            mandates: Vec::new(),
        });
    }

    /// A key gets another grant, perhaps a higher one, perhaps by another member: its holder
    /// agrees, or the grant is refused.
    fn grant_again(&mut self, branch: usize) {
        let Some(grant) = self.some_grant(branch) else {
            return;
        };
        let granted = self.chance.below(self.branches.len());
        let granted = self.branches[granted].author.clone();
        let key = granted.key();
        let roles = if self.chance.one_in(3) {
            Roles::STEWARD
        } else {
            Roles::WORKER
        };
        let by = self.members[self.branches[branch].member];
        let mut record = grant_person(&granted, by, roles);
        if self.chance.one_in(12) {
            record = without_proof(record);
        }
        let id = self.write(branch, grant, &record);
        for other in self.branches.iter_mut().filter(|b| b.author.key() == key) {
            other.grants.push(id);
        }
    }

    fn mandate(&mut self, branch: usize) {
        let member = self.branches[branch].member;
        let roots: Vec<usize> = (0..self.branches.len())
            .filter(|b| self.branches[*b].member == member)
            .filter(|b| self.branches[*b].part == Part::Root)
            .collect();
        let Some(root) = self.chance.pick(&roots).copied() else {
            return;
        };
        let mut keys: Vec<PublicKey> = self
            .branches
            .iter()
            .filter(|b| b.member == member && matches!(b.part, Part::Steward | Part::Worker))
            .map(|b| b.author.key())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        self.chance.shuffle(&mut keys);
        keys.truncate(3);
        self.mandates += u64::from(!self.chance.one_in(4));
        let number = self.mandates.max(1);
        let grant = self.branches[root].grants[0];
        let id = self.write(root, grant, &mandate(number, &keys));
        for other in &mut self.branches {
            if keys.contains(&other.author.key()) {
                other.mandates.push(id);
            }
        }
    }

    fn join(&mut self) {
        let mut newcomer = self.cast.newcomer();
        let all: Vec<usize> = (0..self.cast.roots.len()).collect();
        let entry = self.cast.join(&mut newcomer, &all);
        self.members.push(MemberId(newcomer.key().0));
        self.branches.push(Branch {
            grants: vec![newcomer.id(1)],
            author: newcomer,
            part: Part::Root,
            member: self.members.len() - 1,
            mandates: Vec::new(),
        });
        self.entries.push(entry);
    }

    fn fork(&mut self, branch: usize) {
        let length = self.branches[branch].author.sequence() as usize;
        // Mostly near the end, sometimes at the very beginning.
        let after = match self.chance.below(6) {
            0 => 0,
            _ => length.saturating_sub(1 + self.chance.below(3)),
        };
        let mut copy = self.branches[branch].clone();
        if copy.part == Part::Root && (after < 2 || !self.chance.one_in(3)) {
            return;
        }
        copy.author = copy.author.fork_after(after as u64);
        self.branches.push(copy);
        let (traitor, member) = (self.branches.len() - 1, self.branches[branch].member);
        for _ in 0..=self.chance.below(3) {
            match self.chance.below(4) {
                0 => self.vote(traitor),
                1 => self.grant(traitor, Part::Worker),
                _ => self.talk(traitor),
            }
        }
        if self.chance.one_in(2) {
            let picked = if self.chance.one_in(4) {
                traitor
            } else {
                branch
            };
            self.heal(member, picked);
        }
    }

    /// The root picks the branch that is to stand.
    fn heal(&mut self, member: usize, branch: usize) {
        let mut roots = (0..self.branches.len())
            .filter(|b| self.branches[*b].member == member)
            .filter(|b| self.branches[*b].part == Part::Root);
        if let Some(root) = roots.next() {
            let (author, grant) = (&self.branches[branch].author, self.branches[root].grants[0]);
            let record = revocation(author.key(), author.tip());
            self.write(root, grant, &record);
        }
    }

    fn revoke(&mut self, branch: usize) {
        let Some(grant) = self.some_grant(branch) else {
            return;
        };
        let member = self.branches[branch].member;
        let targets: Vec<usize> = (0..self.branches.len())
            .filter(|b| self.branches[*b].member == member || self.chance.one_in(6))
            .collect();
        let Some(target) = self.chance.pick(&targets).copied() else {
            return;
        };
        let target = &self.branches[target].author;
        let (key, length) = (target.key(), target.sequence());
        let last = match self.chance.below(8) {
            0 => None,
            1 => Some((length + 2, EntryId([9; 32]))),
            2..=4 if length > 0 => target.tip(),
            _ if length > 0 => {
                let sequence = 1 + self.chance.below(length as usize) as u64;
                Some((sequence, target.id(sequence)))
            }
            _ => None,
        };
        self.write(branch, grant, &revocation(key, last));
    }

    fn open(&mut self, branch: usize) {
        let known = &self.branches[branch];
        let grants = match known.part {
            Part::Steward => known.grants.clone(),
            _ => known.mandates.clone(),
        };
        let Some(grant) = self.chance.pick(&grants).copied() else {
            return;
        };
        let id = self.write(branch, grant, &proposal("Shared servers"));
        self.proposals.push(id);
        let electorate: Vec<(PublicKey, EntryId)> = self
            .members
            .iter()
            .map(|member| (PublicKey(member.0), EntryId([3; 32])))
            .collect();
        let phase = self.write(branch, grant, &opening(id, &electorate));
        self.phases.push(phase);
    }

    fn vote(&mut self, branch: usize) {
        let Some(mandate) = self.chance.pick(&self.branches[branch].mandates).copied() else {
            return;
        };
        let Some(phase) = self.chance.pick(&self.phases).copied() else {
            return self.open(branch);
        };
        let choices = [Choice::Agree, Choice::Abstain, Choice::Block];
        let choice = choices[self.chance.below(3)];
        let revision = 1 + self.chance.below(3) as u8;
        self.write(branch, mandate, &ballot(phase, revision, choice));
    }

    fn talk(&mut self, branch: usize) {
        match self.branches[branch].part {
            Part::Root if !self.chance.one_in(20) => return self.mandate(branch),
            Part::Node if !self.chance.one_in(20) => return,
            _ => {}
        }
        let Some(grant) = self.any_grant(branch) else {
            return;
        };
        let about = self.chance.pick(&self.proposals).copied();
        let record = match about {
            Some(about) => comment(about),
            None => proposal("First words"),
        };
        self.write(branch, grant, &record);
    }

    /// The entries by id.
    pub fn archive(&self) -> std::collections::BTreeMap<EntryId, Entry> {
        let federation = self.cast.federation();
        self.entries
            .iter()
            .map(|entry| (entry.id(&federation), entry.clone()))
            .collect()
    }
}

/// The same grant with a proof that is none.
pub fn without_proof(record: Record) -> Record {
    match record {
        Record::Grant(grant) => Record::Grant(Grant {
            proof: Signature([0; 64]),
            ..grant
        }),
        other => other,
    }
}
