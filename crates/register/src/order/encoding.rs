//! The order as bytes, for the hash that every batch of the register carries.

use domain::{
    cbor::{Encode, Encoder},
    id::Hash,
};

use super::{Commission, Former, Holder, Mediation, Member, Order};

const PREFIX: &[u8] = b"folkmoot/order/1\0";

impl Order {
    /// The hash of all of it: two nodes with one order have one hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Self::hash_of(&self.to_bytes())
    }

    /// The hash of an encoded order.
    pub(crate) fn hash_of(bytes: &[u8]) -> Hash {
        Hash::of(&[PREFIX, bytes])
    }
}

impl Encode for Member {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(8)
            .text(&self.name)
            .text(self.class.as_str())
            .value(&self.root)
            .value(&self.record)
            .value(&self.host)
            .optional(self.validator.as_ref())
            .uint(self.since)
            .uint(self.declared);
    }
}

impl Encode for Former {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .text(&self.name)
            .uint(self.departure as u64)
            .uint(self.since);
    }
}

impl Encode for Holder {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(2)
            .value(&self.who)
            .optional(self.until.as_ref());
    }
}

impl Encode for Commission {
    fn encode(&self, encoder: &mut Encoder) {
        encoder
            .array(3)
            .text(&self.powers)
            .list(self.people.iter())
            .value(&self.until);
    }
}

impl Encode for Mediation {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).list(self.people.iter()).value(&self.until);
    }
}

impl Encode for Order {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(10).value(&self.charter.hash());
        encoder.array(self.members.len());
        for (id, member) in &self.members {
            encoder.array(2).value(id).value(member);
        }
        encoder.array(self.former.len());
        for (id, former) in &self.former {
            encoder.array(2).value(id).value(former);
        }
        encoder.array(self.offices.len());
        for ((circle, title), holder) in &self.offices {
            encoder
                .array(3)
                .optional(circle.as_ref())
                .text(title)
                .value(holder);
        }
        encoder.array(self.commissions.len());
        for (name, commission) in &self.commissions {
            encoder.array(2).text(name).value(commission);
        }
        encoder.array(self.mediations.len());
        for (proposal, mediation) in &self.mediations {
            encoder.array(2).value(proposal).value(mediation);
        }
        encoder.array(self.policies.len());
        for ((member, server), policy) in &self.policies {
            encoder.array(3).value(member).text(server).text(policy);
        }
        encoder.array(self.settlements.len());
        for (period, digest) in &self.settlements {
            encoder.array(2).text(period).value(digest);
        }
        encoder
            .array(2)
            .uint(self.rules.version)
            .uint(self.rules.from_height);
        match &self.force_majeure {
            Some(longer) => encoder.array(2).uint(longer.times).value(&longer.until),
            None => encoder.null(),
        };
    }
}
