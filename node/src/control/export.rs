//! What a member takes along, and what it hands over before it leaves, as the commands of this machine
//! ask for it.

use domain::{
    effect::Effect,
    id::{EntryId, MemberId},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::{Site, WebError, export, leaving};

use super::{desk::Desk, parse_key};
use crate::{
    clock,
    failure::{Failure, Outcome},
};

/// A piece of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "piece", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Piece {
    /// What there is.
    Contents,
    /// The next records of the member, after the one with this author, sequence and id.
    Records {
        /// The place of the last one there was; none for the first.
        after: Option<(String, u64, String)>,
    },
    /// The file of a final decision, from a byte on.
    Decision {
        /// The opening of its vote.
        opening: String,
        /// How many bytes there were already.
        offset: usize,
    },
    /// The text of a document.
    Document {
        /// Its id.
        id: String,
    },
}

fn failed(error: WebError) -> Failure {
    let hint = error.hint();
    let failure = Failure::refused(error.to_string().trim_end_matches('.').to_owned());
    match hint {
        "" => failure,
        hint => failure.hint(hint),
    }
}

fn strange<T>(_: T) -> Failure {
    Failure::usage("this is no id")
}

impl Desk {
    /// What the member of a root key hands over before it leaves.
    pub(super) fn leaving(&self, root: Option<&str>) -> Outcome<Value> {
        let root = root.map(parse_key).transpose()?;
        let now = clock::now();
        Ok(self.handle.read(|core| {
            let order = core.order();
            let mut members = order.into_iter().flat_map(|order| order.members());
            let mut by_root = |root: PublicKey| {
                let known = members.find(|(_, member)| member.root == root);
                known.map_or(MemberId(root.0), |(id, _)| *id)
            };
            let member = root.map_or_else(|| export::own(core), |root| Some(by_root(root)));
            let leaving = member.and_then(|id| leaving::leaving(core, &id, now));
            let waits = member.is_some_and(|id| core.waiting_declaration(&id).is_some());
            let checked = member.zip(core.register_chain()).map(|(member, chain)| {
                let rule = core.charter().terms().default_rule;
                // Whoever is expelled departs as who leaves does.
                chain.check_effect(now, rule, &Effect::Expulsion { member })
            });
            let impossible = checked.and_then(Result::err).map(|why| why.to_string());
            json!({
                "federation": core.genesis().name,
                "register": order.is_some(),
                "leaving": leaving,
                "waits": waits,
                "impossible": impossible,
                "departed": member.and_then(|id| leaving::departed(core, &id)),
            })
        }))
    }

    pub(super) async fn export(&self, piece: Piece) -> Outcome<Value> {
        let site = self.site()?;
        match piece {
            Piece::Contents => {
                let contents = self.handle.read(export::contents);
                let contents = contents.ok_or_else(|| {
                    Failure::refused("this node is of no member, so there is nothing to export")
                })?;
                serde_json::to_value(contents)
                    .map_err(|error| Failure::refused("it cannot be written").because(error))
            }
            Piece::Records { after } => records(&site, after).await,
            Piece::Decision { opening, offset } => {
                let opening = opening.parse().map_err(strange)?;
                let piece = export::decision(&site, opening, offset).await;
                let (piece, bytes) = piece.map_err(failed)?;
                Ok(json!({ "piece": piece, "bytes": bytes }))
            }
            Piece::Document { id } => {
                let id = id.parse().map_err(strange)?;
                let read = export::document(&site, id).await.map_err(failed)?;
                Ok(match read {
                    Some((title, text)) => json!({ "title": title, "text": text }),
                    None => Value::Null,
                })
            }
        }
    }
}

async fn records(site: &Site, after: Option<(String, u64, String)>) -> Outcome<Value> {
    let place = |(author, sequence, id): (String, u64, String)| {
        let id: EntryId = id.parse().map_err(strange)?;
        Ok::<_, Failure>((parse_key(&author)?, sequence, id))
    };
    let after = after.map(place).transpose()?;
    let records = export::records(site, after).await.map_err(failed)?;
    Ok(json!({ "records": records }))
}
