//! Reading of an order what tells who may recover the register: the rest is for its hash.

use std::collections::BTreeMap;

use domain::{
    cbor::{Decode, DecodeError, Decoder},
    charter::{Charter, ClassId},
    genesis::NAME_BYTES_MAX,
    id::{EntryId, Hash, MemberId},
    key::PublicKey,
    record::{CLASS_BYTES_MAX, VOTERS_MAX},
};

use super::Organisation;

/// The part of an encoded order that names the charter and the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roots {
    /// The hash of the charter in force.
    pub charter: Hash,
    members: Vec<(MemberId, Option<ClassId>, PublicKey, MemberId)>,
}

impl Roots {
    /// The organisations with a node, by root key, under the charter that the order names.
    pub fn organisations(&self, charter: &Charter) -> BTreeMap<PublicKey, MemberId> {
        let members = self.members.iter();
        let members = members.map(|(member, class, root, host)| Organisation {
            member: *member,
            class: class.as_ref(),
            root: *root,
            host: *host,
        });
        crate::recovery::organisations(charter, members)
    }
}

impl Decode for Roots {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(10)?;
        let charter = decoder.value()?;
        let mut members = Vec::new();
        for _ in 0..decoder.array_to("members", VOTERS_MAX)? {
            decoder.array(2)?;
            let member = decoder.value()?;
            decoder.array(8)?;
            decoder.text("member name", NAME_BYTES_MAX)?;
            let class = decoder.text("class", CLASS_BYTES_MAX)?.parse().ok();
            let root = decoder.value()?;
            decoder.value::<EntryId>()?;
            let host = decoder.value()?;
            decoder.optional::<PublicKey>()?;
            decoder.uint()?;
            decoder.uint()?;
            members.push((member, class, root, host));
        }
        decoder.skip_rest();
        Ok(Self { charter, members })
    }
}
