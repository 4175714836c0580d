//! What goes from one node of a member to another: the nodes there are, and copies of what they serve.

use domain::{
    cbor::Encode,
    id::{MemberId, Timestamp},
};
use federation::format_utc;
use serde_json::{Value, json};
use web::copy::{self, Row};

use super::{Desk, parse_key};
use crate::{
    clock,
    failure::{Failure, Outcome},
};

/// Where a node keeps how old the copies are that it took.
const TAKEN: &str = "node/copy";

impl Desk {
    /// The nodes of this member, in the order in which they were granted.
    pub(super) async fn nodes(&self) -> Value {
        let peers = match self.handle.network() {
            Some(network) => network.peers().await,
            None => Vec::new(),
        };
        self.handle.read(|core| {
            let (view, member) = (core.view(), core.member());
            let keys = view.keys.iter();
            let mut nodes: Vec<_> = keys
                .filter(|(_, known)| {
                    Some(known.member) == member && known.purpose == domain::record::Purpose::Node
                })
                .collect();
            nodes.sort_by_key(|(key, known)| (known.since, **key));
            let of = |(key, known): (&domain::key::PublicKey, &replica::view::Key)| {
                json!({
                    "node": key.to_string(),
                    "own": *key == core.node(),
                    "connected": peers.iter().any(|peer| peer.key == *key),
                    "revoked": known.revoked,
                    "since_ms": known.since.0,
                })
            };
            let nodes: Vec<Value> = nodes.into_iter().map(of).collect();
            json!({
                "member": member.map(|member| view.member_name(&member)),
                "running": self.handle.network().is_some(),
                "nodes": nodes,
            })
        })
    }

    /// What a second node of this member needs, without any key.
    pub(super) async fn copy(&self, node: Option<&str>) -> Outcome<Value> {
        let node = node.map(parse_key).transpose()?;
        let (from, member, ids) = self.handle.read(|core| {
            let mut ids = node.map_or(Vec::new(), |node| core.introduction_of(&node));
            for id in core.introduction() {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            (core.node(), core.member(), ids)
        });
        let member = member.ok_or_else(|| {
            Failure::refused("this node is of no member, so that there is no second one of it")
                .hint("folkmoot status says why")
        })?;
        let entries = self.handle.entries(&ids).await?;
        let entries: Vec<String> = entries
            .iter()
            .map(|entry| hex::encode(entry.to_bytes()))
            .collect();
        let rows = copy::copy(&self.site()?).await.map_err(|error| {
            Failure::refused(error.to_string())
                .because(error)
                .hint("put secrets.key back, or give the secret again: folkmoot server set, tenant rotate")
        })?;
        Ok(json!({
            "from": from.to_string(),
            "member": member.to_string(),
            "made_ms": clock::now().0,
            "addresses": self.addresses().await?,
            "entries": entries,
            "rows": rows,
        }))
    }

    /// Takes what another node of this member copied, into the place of what is here of the same.
    pub(super) async fn take_copy(
        &self,
        (member, from): (&str, &str),
        made_ms: u64,
        rows: &[Row],
    ) -> Outcome<Value> {
        let member: MemberId = member
            .parse()
            .map_err(|error| Failure::usage(format!("{member:?} is no member's id: {error}")))?;
        let from = parse_key(from)?;
        let (own, node) = self.handle.read(|core| (core.member(), core.node()));
        if own != Some(member) {
            return Err(Failure::refused("the file is of another member's node")
                .hint("take it at a second node of the member that made it: --data DIR"));
        }
        if from == node {
            return Err(Failure::refused("the file was made at this node itself")
                .hint("take it at the second one"));
        }
        let local = self.local();
        let failed = |error: web::local::LocalError| Failure::refused(error.to_string());
        let before = local.get(TAKEN, &from.0).await.map_err(failed)?;
        let before = before.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
        if let Some(before) = before.filter(|before| *before > made_ms) {
            return Err(Failure::refused(format!(
                "the file is of {}, and one of {} was taken here: secrets that have ended would work again",
                format_utc(Timestamp(made_ms)),
                format_utc(Timestamp(before))
            ))
            .hint("make a new one at the first node: folkmoot node pack FILE"));
        }
        let taken = copy::take(&self.site()?, rows).await.map_err(|error| {
            Failure::refused(error.to_string())
                .because(error)
                .hint("use the same release of folkmoot for both nodes, then folkmoot node pack FILE again")
        })?;
        let written = local.put(TAKEN, &from.0, &made_ms.to_be_bytes()).await;
        written.map_err(failed)?;
        Ok(json!(taken))
    }
}
