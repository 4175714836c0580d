//! Which validator key this node signs with, and which one the register names for its member.

use domain::{id::MemberId, key::PublicKey};
use register::{
    declaration::{Declaration, Matter},
    registrar::Registrar,
};

use crate::Core;

/// The validator key of this node and of its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// The key that this node holds.
    pub key: Option<PublicKey>,
    /// Whether the key has signed something, as far as this node knows.
    pub has_signed: bool,
    /// Whether the journal of what it signed is lost: it signs nothing any more.
    pub is_lost: bool,
    /// The key that the register names.
    pub named: Option<PublicKey>,
    /// What the member has declared and no height has yet.
    pub waiting: Vec<Matter>,
}

/// Another key than the one that this node holds closes its member's votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Successor {
    /// The register names it.
    Named(PublicKey),
    /// It is declared, and counts from the next height on.
    Waiting(PublicKey),
}

impl Office {
    /// The key that follows the one that this node holds: it signs with it when it has been started again.
    #[must_use]
    pub fn successor(&self) -> Option<Successor> {
        let waiting = self.waiting.iter().find_map(|matter| match matter {
            Matter::Validator { key, .. } => Some(Successor::Waiting(*key)),
            _ => None,
        });
        let known = waiting.or(self.named.map(Successor::Named));
        known.filter(|known| match known {
            Successor::Named(key) | Successor::Waiting(key) => self.key != Some(*key),
        })
    }
}

impl Core {
    /// Which validator key this node holds, and which one the register names; `None` before the register
    /// has begun, and for a node whose member it does not have.
    #[must_use]
    pub fn office(&self) -> Option<Office> {
        let (chain, member) = (self.register_chain()?, self.member()?);
        let known = chain.order().members().get(&member)?;
        let key = self.register.key().map(domain::key::SecretKey::public);
        let registrar = self.registrar();
        Some(Office {
            has_signed: key.is_some_and(|key| self.replica().tip(&key).is_some()),
            is_lost: key.is_some() && registrar.is_some_and(|one| one.key().is_none()),
            key,
            named: known.validator,
            waiting: self.waiting_declarations(&member),
        })
    }

    /// What a member has declared and no height has yet. Of what could not be decided nothing is told.
    #[must_use]
    pub fn waiting_declarations(&self, member: &MemberId) -> Vec<Matter> {
        let Some(chain) = self.register_chain() else {
            return Vec::new();
        };
        let federation = self.federation();
        let is_possible = |declared: &&Declaration| {
            let mut order = chain.order().clone();
            let height = chain.height() + 1;
            order.declare(&federation, height, declared).is_ok()
        };
        let possible = self.declarations_of(*member).filter(is_possible);
        possible.map(|declared| declared.matter.clone()).collect()
    }

    /// The number of the member's last declaration that waits for a height, if one does.
    #[must_use]
    pub fn waiting_declaration(&self, member: &MemberId) -> Option<u64> {
        let known = self.order()?.members().get(member)?.declared;
        let numbers = self.declarations_of(*member).map(|one| one.number);
        numbers.filter(|number| *number > known).max()
    }

    /// What a member has declared that the registrar has, or is to be given.
    fn declarations_of(&self, member: MemberId) -> impl Iterator<Item = &Declaration> {
        let wanted = self.registrar().map(Registrar::wanted);
        let wanted = wanted.into_iter().flat_map(|items| &items.declarations);
        let all = wanted.chain(self.register.declared());
        all.filter(move |declared| declared.member == member)
    }
}
