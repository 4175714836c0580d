//! Evidence, as the commands of this machine list it and write it to files.

use domain::{cbor::Decode, entry::Entry, id::Hash};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::failure::{Failure, Outcome};

impl Desk {
    /// All evidence that this node has.
    pub(super) fn evidence(&self) -> Value {
        self.handle.read(|core| {
            let all = core.evidence();
            let listed = all.iter().map(|one| {
                json!({
                    "hash": one.hash.to_string(),
                    "member": one.member.to_string(),
                    "name": core.view().member_name(&one.member),
                    "key": one.key.to_string(),
                    "signed": one.word,
                    "phase": one.phase.map(|phase| phase.to_string()),
                    "seen_ms": one.seen.0,
                })
            });
            json!({ "evidence": listed.collect::<Vec<_>>() })
        })
    }

    /// The file of one piece.
    pub(super) async fn evidence_file(&self, hash: &str) -> Outcome<Value> {
        let hash: Hash = hash
            .parse()
            .map_err(|_| Failure::usage(format!("{hash:?} is no hash")))?;
        let gone = || Failure::refused(format!("there is no evidence {hash} here"));
        let found = self.handle.read(|core| core.evidence_of(&hash));
        let found = found.ok_or_else(gone)?;
        let entries = self.handle.store().entries(&found.needed()).await;
        let entries =
            entries.map_err(|error| Failure::refused("the store fails").because(error))?;
        let entries = entries.into_iter();
        let entries = entries.map(|bytes| Entry::from_bytes(&bytes?).ok());
        let entries: Option<Vec<Entry>> = entries.collect();
        let federation = self.handle.read(|core| core.federation());
        let file = entries.and_then(|entries| found.file(&federation, entries));
        let file = file.ok_or_else(gone)?;
        Ok(json!({ "file": file.to_json() }))
    }
}
