//! Evidence, as the commands of this machine list it and write it to files.

use domain::{cbor::Decode, entry::Entry, id::Hash};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::failure::{Failure, Outcome};

impl Desk {
    /// All evidence that this node has.
    pub(super) fn evidence(&self) -> Value {
        let listed = self.handle.read(web::evidence);
        json!({ "evidence": listed })
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
