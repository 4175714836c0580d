//! A contradiction as a file that anybody verifies.

use domain::{
    cbor::{Decode, DecodeError, Decoder, Encode, Encoder},
    entry::Entry,
    id::{FederationId, Hash, MemberId, PhaseId},
    key::PublicKey,
    record::Record,
    text::shown_line,
};
use serde::{Deserialize, Serialize};

use super::{Contradiction, ContradictionError};
use crate::{agreement, evidence};

/// The most bytes of a file.
pub const FILE_BYTES_MAX: usize = 256 * 1024;
/// The most grants between a member's root key and another.
const GRANTS_MAX: usize = 2;
const FORMAT: &str = "folkmoot evidence 1";

/// A file of evidence: who signed what two things, and whose key that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFile {
    format: String,
    federation: String,
    member: String,
    key: String,
    signed: String,
    phase: Option<String>,
    evidence: String,
    /// The entries that lead from the member's first root key to the key, without notes.
    #[serde(default)]
    grants: Vec<String>,
}

/// What a file of evidence proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conviction {
    /// The federation in which it was signed.
    pub federation: FederationId,
    /// Whether that is the one the reader meant.
    pub is_pinned: bool,
    /// What was signed.
    pub contradiction: Contradiction,
    /// Whose key it is, as the file says.
    pub member: MemberId,
    /// Whether the file shows that.
    pub is_member_shown: bool,
}

fn read<T: Decode>(field: &'static str, text: &str) -> Result<T, ContradictionError> {
    let bytes = hex::decode(text).map_err(|_| ContradictionError::Field(field))?;
    Ok(T::from_bytes(&bytes)?)
}

fn parsed<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, ContradictionError> {
    text.parse().map_err(|_| ContradictionError::Field(field))
}

impl EvidenceFile {
    /// Evidence as a file. The grants lead from the member's first root key to the one that signed, the
    /// root's first; where they do not, the file is written without.
    #[must_use]
    pub fn new(
        federation: &FederationId,
        member: MemberId,
        contradiction: &Contradiction,
        grants: &[Entry],
    ) -> Self {
        let evidence = match contradiction {
            Contradiction::InPhase { evidence, .. } => evidence.to_bytes(),
            Contradiction::InAgreement(evidence) => evidence.to_bytes(),
            Contradiction::InLog(entries) => {
                let mut encoder = Encoder::new();
                encoder.list(entries.iter());
                encoder.into_bytes()
            }
        };
        let is_led_to = led(federation, &member, &contradiction.key(), grants).is_ok();
        let grants = grants.iter().filter(|_| is_led_to);
        let grants = grants.map(|entry| hex::encode(entry.without_note().to_bytes()));
        Self {
            format: FORMAT.to_owned(),
            federation: federation.to_string(),
            member: member.to_string(),
            key: contradiction.key().to_string(),
            signed: contradiction.word().to_owned(),
            phase: contradiction.phase().map(|phase| phase.to_string()),
            evidence: hex::encode(evidence),
            grants: grants.collect(),
        }
    }

    /// Whether bytes say that they are a file of evidence, whatever they prove.
    #[must_use]
    pub fn is_meant(bytes: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Format {
            format: String,
        }
        let found: Result<Format, _> = serde_json::from_slice(bytes);
        found.is_ok_and(|found| found.format.starts_with("folkmoot evidence "))
    }

    /// Reads a file. Nothing is verified yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, ContradictionError> {
        let (found, most) = (bytes.len(), FILE_BYTES_MAX);
        if found > most {
            return Err(ContradictionError::TooLong { found, most });
        }
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|error| ContradictionError::Json(shown_line(&error.to_string())))?;
        match file.format == FORMAT {
            true => Ok(file),
            false => Err(ContradictionError::Format { found: file.format }),
        }
    }

    /// The file as it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("texts and lists have a JSON form") + "\n"
    }

    /// Verifies the file and says what it proves.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(
        &self,
        federation: Option<&FederationId>,
    ) -> Result<Conviction, ContradictionError> {
        let found: FederationId = parsed("federation", &self.federation)?;
        if let Some(expected) = federation.copied().filter(|expected| *expected != found) {
            return Err(ContradictionError::OtherFederation { expected, found });
        }
        let member: MemberId = parsed("member", &self.member)?;
        let contradiction = self.contradiction()?;
        contradiction.verify(&found)?;
        let key = contradiction.key();
        let grants = self.grants.iter().map(|grant| read("grants", grant));
        let grants: Vec<Entry> = grants.collect::<Result<_, _>>()?;
        // Without any, only a root key's own log shows whose it is.
        let is_member_shown = !grants.is_empty() || key.0 == member.0;
        if is_member_shown {
            led(&found, &member, &key, &grants)?;
        }
        Ok(Conviction {
            federation: found,
            is_pinned: federation.is_some(),
            contradiction,
            member,
            is_member_shown,
        })
    }

    fn contradiction(&self) -> Result<Contradiction, ContradictionError> {
        let key: PublicKey = parsed("key", &self.key)?;
        let phase = self.phase.as_ref().map(|phase| parsed("phase", phase));
        let phase: Option<PhaseId> = phase.transpose()?;
        let contradiction = match (self.signed.as_str(), phase) {
            ("proposals" | "votes", _) => {
                Contradiction::InAgreement(read::<agreement::Evidence>("evidence", &self.evidence)?)
            }
            ("entries", _) => {
                let entries: Two = read("evidence", &self.evidence)?;
                Contradiction::InLog(Box::new(entries.0))
            }
            (_, Some(phase)) => Contradiction::InPhase {
                key,
                phase,
                evidence: read::<evidence::Evidence>("evidence", &self.evidence)?,
            },
            (_, None) => return Err(ContradictionError::Field("phase")),
        };
        let beside = [
            ("key", contradiction.key() == key),
            ("phase", contradiction.phase() == phase),
            ("signed", contradiction.word() == self.signed),
        ];
        match beside.into_iter().find(|(_, is_same)| !is_same) {
            Some((field, _)) => Err(ContradictionError::Beside(field)),
            None => Ok(contradiction),
        }
    }
}

/// Two entries.
struct Two([Entry; 2]);

impl Decode for Two {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array(2)?;
        Ok(Self([decoder.value()?, decoder.value()?]))
    }
}

/// Checks that grants lead from a member's first root key to a key: each is signed with the key that the one
/// before names.
fn led(
    federation: &FederationId,
    member: &MemberId,
    key: &PublicKey,
    grants: &[Entry],
) -> Result<(), ContradictionError> {
    if grants.len() > GRANTS_MAX {
        return Err(ContradictionError::Grant(GRANTS_MAX));
    }
    let mut last = member.0;
    for (number, entry) in grants.iter().enumerate() {
        let refused = || ContradictionError::Grant(number);
        let author = entry.header.author;
        let verifier = author.verifier().map_err(|_| refused())?;
        let is_signed = entry.verify(federation, &verifier).is_ok();
        let Some(Record::Grant(grant)) = entry.record() else {
            return Err(refused());
        };
        if author.0 != last || !is_signed {
            return Err(refused());
        }
        last = grant.key.0;
    }
    match last == key.0 {
        true => Ok(()),
        false => Err(ContradictionError::Grant(grants.len())),
    }
}

impl Conviction {
    /// What the evidence is known by.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.contradiction.hash()
    }
}
