//! Merkle trees: one signature for many leaves, and a short proof for each (RFC 6962 §2.1).
//!
//! A proof says at each step on which side its neighbour stands, not the place and the size of the
//! tree, as RFC 6962 has it: those are not part of the root, and several pairs of them verify. Here
//! a proof has one spelling.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    id::Hash,
};

/// The most leaves of a tree.
pub const LEAVES_MAX: usize = 256;
/// The longest path: the tree of so many leaves has so many levels.
pub const PATH_MAX: usize = 8;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of(&[&[0], leaf])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[1], &left.0, &right.0])
}

/// Where RFC 6962 splits: the largest power of two below `length`, which is at least 2.
fn split(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// The root of a tree of leaf hashes; of none the hash of nothing.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// That a leaf is in a tree: the neighbours on the way from the leaf to the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// A bit for each step, the first step's lowest: 1 if the neighbour stands on the left.
    sides: u64,
    /// The neighbours from the leaf up.
    path: Vec<Hash>,
}

impl Proof {
    /// The proof of the leaf at `index` of these leaf hashes; `None` if there is no such leaf or
    /// there are more than [`LEAVES_MAX`].
    #[must_use]
    pub fn of(leaves: &[Hash], index: usize) -> Option<Self> {
        if index >= leaves.len() || leaves.len() > LEAVES_MAX {
            return None;
        }
        let (mut leaves, mut index) = (leaves, index);
        let mut down = Vec::new();
        while leaves.len() > 1 {
            let (left, right) = leaves.split_at(split(leaves.len()));
            if index < left.len() {
                down.push((false, root(right)));
                leaves = left;
            } else {
                down.push((true, root(left)));
                index -= left.len();
                leaves = right;
            }
        }
        let up = down.iter().rev();
        let sides = up.clone().enumerate();
        let sides = sides.fold(0, |sides, (step, (left, _))| {
            sides | u64::from(*left) << step
        });
        let path = up.map(|(_, neighbour)| *neighbour).collect();
        Some(Self { sides, path })
    }

    /// The root of a tree in which this proves that leaf.
    #[must_use]
    pub fn root_of(&self, leaf: Hash) -> Hash {
        let steps = self.path.iter().enumerate();
        steps.fold(leaf, |below, (step, neighbour)| {
            if self.sides >> step & 1 == 1 {
                node_hash(neighbour, &below)
            } else {
                node_hash(&below, neighbour)
            }
        })
    }
}

impl Encode for Proof {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.array(2).uint(self.sides).list(self.path.iter());
    }
}

impl Decode for Proof {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        let sides = decoder.uint_to("sides", (1 << PATH_MAX) - 1)?;
        let path: Vec<Hash> = decoder.list("path", PATH_MAX)?;
        if sides >> path.len() != 0 {
            return Err(DecodeError::Invalid("a path has a side for each step"));
        }
        Ok(Self { sides, path })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(number: usize) -> Vec<Hash> {
        let bytes = (0..number as u64).map(u64::to_be_bytes);
        bytes.map(|bytes| leaf_hash(&bytes)).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let leaves: Vec<Hash> = [
            &[][..],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ]
        .map(leaf_hash)
        .to_vec();
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (number, expected) in roots.into_iter().enumerate() {
            assert_eq!(root(&leaves[..number]).to_string(), expected, "{number}");
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_has_a_proof_that_comes_back() {
        for number in (1..=20).chain([255, LEAVES_MAX]) {
            let leaves = leaves(number);
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = Proof::of(&leaves, index).unwrap();
                assert_eq!(proof.root_of(*leaf), root(&leaves), "{index} of {number}");
                assert_eq!(Proof::from_bytes(&proof.to_bytes()), Ok(proof));
            }
        }
        assert_eq!(Proof::of(&leaves(3), 3), None);
        assert_eq!(Proof::of(&leaves(LEAVES_MAX + 1), 0), None);
    }

    #[test]
    fn a_path_that_is_too_long_or_has_sides_beyond_it_is_no_proof() {
        let long = Proof {
            sides: 0,
            path: vec![Hash([0; 32]); PATH_MAX + 1],
        };
        assert!(Proof::from_bytes(&long.to_bytes()).is_err());
        let beyond = Proof {
            sides: 2,
            path: vec![Hash([0; 32])],
        };
        assert!(Proof::from_bytes(&beyond.to_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn a_changed_proof_or_another_leaf_gives_another_root(
            number in 1usize..70,
            index in any::<prop::sample::Index>(),
            byte in any::<prop::sample::Index>(),
            bit in 0u8..8,
        ) {
            let leaves = leaves(number);
            let index = index.index(number);
            let proof = Proof::of(&leaves, index).unwrap();
            let mut bytes = proof.to_bytes();
            let at = byte.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = Proof::from_bytes(&bytes) {
                prop_assert_ne!(changed.root_of(leaves[index]), root(&leaves));
            }
            prop_assert_ne!(proof.root_of(leaf_hash(b"another")), root(&leaves));
        }
    }
}
