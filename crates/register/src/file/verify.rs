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
    recovering::{Crossed, Crossing},
    trail::{At, Ground, Trail, find_opening},
};
use crate::{
    agreement::{self, Certificate, Place},
    batch::{Header, Items},
    begin::Beginning,
    order::Order,
    validators::ValidatorSet,
};

pub(super) fn decoded<T: Decode>(what: &'static str, bytes: &[u8]) -> Result<T, FileError> {
    T::from_bytes(bytes).map_err(|source| FileError::Encoding { what, source })
}

/// What stands before the first vote.
pub(super) struct Base {
    pub federation: FederationId,
    genesis: Genesis,
    beginning: Beginning,
    pub order: Order,
    validators: ValidatorSet,
}

/// The heights of a file, every one certified.
pub(super) struct Heights {
    headers: Vec<Header>,
    /// The hash of each header.
    hashes: Vec<Hash>,
    /// The sets in force, the first from height 2, with the height from which each is.
    sets: Vec<(u64, ValidatorSet)>,
    /// The recoveries, in order.
    crossed: Vec<Crossed>,
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
        let mut crossed = self.crossed.iter().rev();
        let crossed = crossed.find(|crossed| crossed.height < height);
        let (from, set) = self.named(height);
        match crossed.filter(|crossed| crossed.height + 1 >= from) {
            Some(crossed) => &crossed.validators,
            None => set,
        }
    }

    /// Those that a header named for a height, whatever was recovered, and from which height.
    fn named(&self, height: u64) -> (u64, &ValidatorSet) {
        let later = self.sets.partition_point(|(from, _)| *from <= height);
        let (from, set) = &self.sets[later.saturating_sub(1)];
        (*from, set)
    }

    /// What begins at a height begins with those its header names, even if the next one is recovered.
    fn after(&self, height: u64) -> &ValidatorSet {
        let is_crossed = self.crossed.iter().any(|crossed| crossed.height == height);
        let (from, named) = self.named(height + 1);
        match is_crossed {
            true if from == height + 1 => named,
            true => self.set(height),
            false => self.set(height + 1),
        }
    }

    /// The recoveries after a height and before another.
    fn between(&self, from: u64, to: u64) -> impl Iterator<Item = &Crossed> {
        let crossed = self.crossed.iter();
        crossed.filter(move |crossed| (from..to).contains(&crossed.height))
    }

    fn at(&self, height: u64) -> At<'_> {
        let after = (height < self.last()).then(|| self.after(height));
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
        founders: base.genesis.founders.clone(),
        began: base.beginning.begin.hash(&base.federation),
        hashes: heights.hashes.clone(),
        changes: heights.sets.len() - 1,
        recoveries: heights.crossed.len(),
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

/// Each header follows the one before, each set is the one that a certified header names or that remains
/// after a recovery.
fn heights(file: &DecisionFile, base: &Base) -> Result<Heights, FileError> {
    let found = file.headers.len();
    if !(1..=HEIGHTS_MAX).contains(&found) {
        return Err(FileError::Heights(found));
    }
    let headers = file.headers.iter();
    let headers: Result<Vec<Header>, FileError> =
        headers.map(|bytes| decoded("a header", &bytes.0)).collect();
    let mut climb = Climb {
        file,
        base,
        heights: Heights {
            headers: headers?,
            hashes: Vec::with_capacity(found),
            sets: vec![(2, base.validators.clone())],
            crossed: Vec::new(),
        },
        certificates: 0,
        epoch: 0,
        previous: base.beginning.begin.hash(&base.federation),
        today: base.validators.clone(),
    };
    for height in 2..=climb.heights.last() {
        climb.step(height)?;
    }
    let heights = climb.heights;
    let (found, needed) = (file.certificates.len(), climb.certificates);
    if found != needed {
        return Err(FileError::Certificates { found, needed });
    }
    let (found, needed) = (file.validators.len(), heights.sets.len() - 1);
    if found != needed {
        return Err(FileError::Sets { found, needed });
    }
    let (found, needed) = (file.recoveries.len(), heights.crossed.len() as u64);
    if found as u64 != needed {
        return Err(FileError::Recoveries { found, needed });
    }
    Ok(heights)
}

/// The way from header to header.
struct Climb<'a> {
    file: &'a DecisionFile,
    base: &'a Base,
    heights: Heights,
    /// How many certificates were needed.
    certificates: usize,
    epoch: u64,
    /// The hash of what the next header follows.
    previous: Hash,
    /// Who signs the next height.
    today: ValidatorSet,
}

impl Climb<'_> {
    fn step(&mut self, height: u64) -> Result<(), FileError> {
        let header = self.heights.headers[(height - 2) as usize];
        while header.epoch > self.epoch {
            self.cross(height - 1, header.epoch)?;
        }
        let in_force = self.today.hash();
        check_header(&header, (height, self.epoch), &self.previous, &in_force)?;
        self.previous = header.hash(&self.base.federation);
        let next = self.heights.header(height + 1).copied();
        let changes = header.next_validators != in_force;
        // Nobody but its own validators vouches for the state that a recovery rests on.
        if changes || next.is_none_or(|next| next.epoch != header.epoch) {
            let (found, needed) = (self.file.certificates.len(), self.certificates + 1);
            let certificate = self.file.certificates.get(self.certificates);
            let certificate = certificate.ok_or(FileError::Certificates { found, needed })?;
            let (federation, named) = (&self.base.federation, (&header, &self.previous));
            certify(federation, named, &self.today, &certificate.0)?;
            self.certificates += 1;
        }
        if changes && next.is_some() {
            let set = next_set(self.file, self.heights.sets.len() - 1, &header)?;
            self.heights.sets.push((height + 1, set.clone()));
            self.today = set;
        }
        self.heights.hashes.push(self.previous);
        Ok(())
    }

    /// Goes into the next epoch after a height.
    fn cross(&mut self, height: u64, to: u64) -> Result<(), FileError> {
        let (found, needed) = (self.file.recoveries.len(), to);
        let recovery = self.file.recoveries.get(self.heights.crossed.len());
        let recovery = recovery.ok_or(FileError::Recoveries { found, needed })?;
        let at = Crossing {
            epoch: self.epoch,
            height,
            last: self.previous,
            header: self.heights.header(height),
            validators: &self.today,
        };
        let crossed = recovery.cross(self.base, &at)?;
        self.epoch += 1;
        self.previous = crossed.hash;
        self.today = crossed.validators.clone();
        self.heights.crossed.push(crossed);
        Ok(())
    }
}

fn check_header(
    header: &Header,
    (height, epoch): (u64, u64),
    previous: &Hash,
    in_force: &Hash,
) -> Result<(), FileError> {
    let (expected, found) = (height, header.height);
    if found != expected {
        return Err(FileError::Height { expected, found });
    }
    let (expected, found) = (epoch, header.epoch);
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
        for crossed in heights.between(ended, *height) {
            trail.recover(crossed)?;
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
