//! Verifying a decision file: from the genesis over the heights to the vote.

use domain::{
    cbor::Decode,
    charter::Charter,
    genesis::Genesis,
    id::{FederationId, Hash},
};

use super::{
    DecisionFile, HEIGHTS_MAX, ItemsAt,
    error::FileError,
    proof::Proof,
    trail::{At, Ground, Trail, find_opening},
};
use crate::{
    agreement::{self, Certificate, Place},
    batch::{Header, Items},
    begin::Beginning,
    order::Order,
    validators::ValidatorSet,
};

/// The epoch of a register that was never recovered.
const EPOCH: u64 = 0;

pub(super) fn decoded<T: Decode>(what: &'static str, bytes: &[u8]) -> Result<T, FileError> {
    T::from_bytes(bytes).map_err(|source| FileError::Encoding { what, source })
}

/// What stands before the first vote.
struct Base {
    federation: FederationId,
    genesis: Genesis,
    beginning: Beginning,
    order: Order,
    validators: ValidatorSet,
}

/// The heights of a file, every one certified.
pub(super) struct Heights {
    headers: Vec<Header>,
    /// The hash of each header.
    hashes: Vec<Hash>,
    /// The sets in force, the first from height 2, with the height from which each is.
    sets: Vec<(u64, ValidatorSet)>,
}

impl Heights {
    fn last(&self) -> u64 {
        self.headers.len() as u64 + 1
    }

    fn header(&self, height: u64) -> Option<&Header> {
        let place = usize::try_from(height.checked_sub(2)?).ok()?;
        self.headers.get(place)
    }

    /// Who signs a height of the file.
    fn set(&self, height: u64) -> &ValidatorSet {
        let later = self.sets.partition_point(|(from, _)| *from <= height);
        &self.sets[later.saturating_sub(1)].1
    }

    fn at(&self, height: u64) -> At<'_> {
        let after = (height < self.last()).then(|| self.set(height + 1));
        At {
            height,
            today: self.set(height),
            after,
        }
    }
}

pub(super) fn verify(
    file: &DecisionFile,
    pinned: Option<&FederationId>,
) -> Result<Proof, FileError> {
    let base = base(file, pinned)?;
    let heights = heights(file, &base)?;
    let items = items(file, &base.federation, &heights)?;
    let charter = Charter::decode(&file.charter.0).map_err(FileError::Charter)?;
    let ground = Ground {
        federation: &base.federation,
        begun: base.beginning.begin.time,
        members: base.order.members(),
    };
    let trail = follow(file, ground, &charter, &heights, &items)?;
    let shows_text = check_text(file, &trail)?;
    let ended = trail.ending.ok_or(FileError::Open(heights.last()))?;
    let names = base.beginning.begin.members.iter();
    let phase = trail.phase();
    Ok(Proof {
        federation: base.federation,
        name: base.genesis.name.clone(),
        is_pinned: pinned.is_some(),
        founders: (base.beginning.signatures.len(), base.genesis.founders.len()),
        began: base.beginning.begin.hash(&base.federation),
        hashes: heights.hashes.clone(),
        changes: heights.sets.len() - 1,
        signatures: heights.set(heights.last()).sizes(),
        opening: trail.steps[0].phase,
        proposal: phase.proposal,
        proposer: phase.proposer.clone(),
        rule: phase.rule,
        charter: phase.charter,
        version: phase.text,
        times: trail.times(),
        names: names
            .map(|first| (first.member, first.name.clone()))
            .collect(),
        ending: ended,
        motion: trail.motion,
        shows_text,
        steps: trail.steps,
    })
}

fn base(file: &DecisionFile, pinned: Option<&FederationId>) -> Result<Base, FileError> {
    let genesis: Genesis = decoded("the genesis", &file.genesis.0)?;
    let found = genesis.federation();
    let stated = file.federation_stated();
    let stated = stated.ok_or_else(|| FileError::Json("a federation id has 32 bytes".into()))?;
    if stated != found {
        return Err(FileError::Federation { stated, found });
    }
    if let Some(pinned) = pinned.copied().filter(|pinned| *pinned != found) {
        return Err(FileError::OtherFederation { pinned, found });
    }
    if let Some(required) = genesis.requires.first() {
        return Err(FileError::Requires(required.clone()));
    }
    let beginning: Beginning = decoded("the beginning", &file.beginning.0)?;
    let (signed, needed) = (beginning.signatures.len(), genesis.admissions_needed());
    if signed != needed {
        let found = signed;
        return Err(FileError::Founders { found, needed });
    }
    let order = beginning.check(&genesis).map_err(FileError::Beginning)?;
    let validators = order.validators();
    let validators = validators.ok_or(crate::begin::BeginError::NoValidators);
    Ok(Base {
        federation: found,
        validators: validators.map_err(FileError::Beginning)?,
        genesis,
        beginning,
        order,
    })
}

/// Each header follows the one before, each set is the one that a certified header names.
fn heights(file: &DecisionFile, base: &Base) -> Result<Heights, FileError> {
    let found = file.headers.len();
    if !(1..=HEIGHTS_MAX).contains(&found) {
        return Err(FileError::Heights(found));
    }
    let mut heights = Heights {
        headers: Vec::with_capacity(found),
        hashes: Vec::with_capacity(found),
        sets: vec![(2, base.validators.clone())],
    };
    let mut certificates = file.certificates.iter();
    let mut certified = 0;
    let mut previous = base.beginning.begin.hash(&base.federation);
    let mut in_force = base.validators.hash();
    for (height, bytes) in (2..).zip(&file.headers) {
        let header: Header = decoded("a header", &bytes.0)?;
        check_header(&header, height, &previous, &in_force)?;
        previous = header.hash(&base.federation);
        let is_last = height == found as u64 + 1;
        let changes = header.next_validators != in_force;
        if changes || is_last {
            let (given, needed) = (file.certificates.len(), certified + 1);
            let certificate = certificates.next();
            let certificate = certificate.ok_or(FileError::Certificates {
                found: given,
                needed,
            })?;
            let (_, set) = &heights.sets[heights.sets.len() - 1];
            certify(&base.federation, (&header, &previous), set, &certificate.0)?;
            certified += 1;
        }
        if changes && !is_last {
            let set = next_set(file, heights.sets.len() - 1, &header)?;
            heights.sets.push((height + 1, set));
            in_force = header.next_validators;
        }
        heights.headers.push(header);
        heights.hashes.push(previous);
    }
    let (found, needed) = (file.certificates.len(), certified);
    if found != needed {
        return Err(FileError::Certificates { found, needed });
    }
    let (found, needed) = (file.validators.len(), heights.sets.len() - 1);
    if found != needed {
        return Err(FileError::Sets { found, needed });
    }
    Ok(heights)
}

fn check_header(
    header: &Header,
    height: u64,
    previous: &Hash,
    in_force: &Hash,
) -> Result<(), FileError> {
    let (expected, found) = (height, header.height);
    if found != expected {
        return Err(FileError::Height { expected, found });
    }
    let (expected, found) = (EPOCH, header.epoch);
    if found != expected {
        return Err(FileError::Epoch {
            height,
            expected,
            found,
        });
    }
    let (expected, found) = (*previous, header.previous);
    if found != expected {
        return Err(FileError::Previous {
            height,
            expected,
            found,
        });
    }
    let (expected, found) = (*in_force, header.validators);
    if found != expected {
        return Err(FileError::Validators {
            height,
            expected,
            found,
        });
    }
    Ok(())
}

fn next_set(file: &DecisionFile, place: usize, header: &Header) -> Result<ValidatorSet, FileError> {
    let (found, needed) = (file.validators.len(), place + 1);
    let bytes = file.validators.get(place);
    let bytes = bytes.ok_or(FileError::Sets { found, needed })?;
    let set: ValidatorSet = decoded("a set of validators", &bytes.0)?;
    let (expected, found) = (header.next_validators, set.hash());
    if found != expected {
        let height = header.height;
        return Err(FileError::Set {
            height,
            expected,
            found,
        });
    }
    Ok(set)
}

fn certify(
    federation: &FederationId,
    (header, hash): (&Header, &Hash),
    set: &ValidatorSet,
    bytes: &[u8],
) -> Result<(), FileError> {
    let height = header.height;
    let certificate: Certificate = decoded("a certificate", bytes)?;
    let (expected, found) = (*hash, certificate.value);
    if found != expected {
        return Err(FileError::Value {
            height,
            expected,
            found,
        });
    }
    let (found, needed) = (certificate.signatures.len(), set.sizes().quorum());
    if found != needed {
        return Err(FileError::Signatures {
            height,
            found,
            needed,
        });
    }
    let place = Place {
        federation: *federation,
        epoch: header.epoch,
        height,
    };
    let verified = agreement::verify(&certificate, &place, set);
    verified.map_err(|source| FileError::Certificate { height, source })
}

fn items(
    file: &DecisionFile,
    federation: &FederationId,
    heights: &Heights,
) -> Result<Vec<(u64, Items)>, FileError> {
    let mut all: Vec<(u64, Items)> = Vec::new();
    for ItemsAt { height, items } in &file.items {
        let (height, last) = (*height, heights.last());
        let before = all.last().map_or(1, |(before, _)| *before);
        let header = heights.header(height).filter(|_| height > before);
        let header = header.ok_or(FileError::Order {
            before,
            found: height,
            last,
        })?;
        let items: Items = decoded("items", &items.0)?;
        let (expected, found) = (header.items, items.hash(federation));
        if found != expected {
            return Err(FileError::Items {
                height,
                expected,
                found,
            });
        }
        all.push((height, items));
    }
    Ok(all)
}

fn follow<'a>(
    file: &DecisionFile,
    ground: Ground<'a>,
    charter: &'a Charter,
    heights: &Heights,
    items: &[(u64, Items)],
) -> Result<Trail<'a>, FileError> {
    let last = heights.last();
    let stated = file.opening_stated();
    let opening = stated.ok_or_else(|| FileError::Json("an opening's id has 32 bytes".into()))?;
    let [(height, first), rest @ ..] = items else {
        return Err(FileError::Open(last));
    };
    let (height, found) = (*height, find_opening(ground.federation, first, &opening));
    let opened = found.ok_or(FileError::NotOpened { opening, height })?;
    let mut trail = Trail::open(ground, charter, opened, heights.at(height))?;
    let mut ended = height;
    for (height, items) in rest {
        if trail.ending.is_some() {
            return Err(FileError::GoesOn { ended, last });
        }
        if !trail.step(items, heights.at(*height))? {
            return Err(FileError::Nothing(*height));
        }
        ended = *height;
    }
    match trail.ending {
        None => Err(FileError::Open(last)),
        Some(_) if ended != last => Err(FileError::GoesOn { ended, last }),
        Some(_) => Ok(trail),
    }
}

/// Whether the file shows the text that was voted on.
fn check_text(file: &DecisionFile, trail: &Trail<'_>) -> Result<bool, FileError> {
    let Some(text) = &file.text else {
        return Ok(false);
    };
    let (found, most) = (text.len(), super::TEXT_BYTES_MAX);
    if found > most {
        return Err(FileError::TooLong { found, most });
    }
    let motion = &trail.motion;
    let (expected, found) = (motion.text, Hash::of(&[text.as_bytes()]));
    match found == expected {
        true => Ok(true),
        false => Err(FileError::Text { expected, found }),
    }
}
