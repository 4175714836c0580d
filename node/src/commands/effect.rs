//! What a proposal does to the federation by itself, at a terminal.

use std::path::PathBuf;

use clap::Args;
use domain::effect::COMMITTEE;
use serde_json::{Value, json};

use super::{host::find_member, init::read_charter};
use crate::{
    api::Api,
    failure::{Failure, Outcome},
};

/// What it does once it is passed.
#[derive(Debug, Args)]
pub struct Does {
    /// The charter it puts in force: a file, made from folkmoot charter show --toml
    #[arg(long, value_name = "FILE", conflicts_with_all = ["expel", "effect"])]
    new_charter: Option<PathBuf>,
    /// The member it expels: its name, its id, or the beginning of it
    #[arg(long, value_name = "MEMBER", conflicts_with = "effect")]
    expel: Option<String>,
    /// Any other effect in JSON, such as {"type":"class","member":"Birch","class":"consumer"}; see
    /// specs/effects.md
    #[arg(long, value_name = "JSON")]
    effect: Option<String>,
}

impl Does {
    /// As the node takes it; null if it does nothing by itself.
    pub async fn json(&self, api: &Api) -> Outcome<Value> {
        let mut effect = self.written()?;
        for field in ["member", "host"] {
            if let Some(given) = effect[field].as_str() {
                let (id, _) = find_member(api, given).await?;
                effect[field] = json!(id);
            }
        }
        Ok(effect)
    }

    /// As it was written: members by name, id or the beginning of an id.
    fn written(&self) -> Outcome<Value> {
        if let Some(path) = &self.new_charter {
            // Here its mistakes are named with the line of the file.
            let charter = read_charter(path)?;
            return Ok(json!({ "type": "charter", "toml": charter.to_toml() }));
        }
        if let Some(member) = &self.expel {
            return Ok(json!({ "type": "expulsion", "member": member }));
        }
        let Some(effect) = &self.effect else {
            return Ok(Value::Null);
        };
        let hint = "specs/effects.md has the types and their fields";
        let effect: Value = serde_json::from_str(effect).map_err(|error| {
            Failure::refused("the effect is no JSON")
                .because(error)
                .hint(hint)
        })?;
        match effect.is_object() {
            true => Ok(effect),
            false => Err(Failure::refused("the effect is no JSON object").hint(hint)),
        }
    }

    /// The rule that has to decide it, if there is only one.
    pub fn rule(&self) -> Option<&'static str> {
        let effect = self.effect.as_deref().unwrap_or_default();
        let effect: Value = serde_json::from_str(effect).unwrap_or_default();
        let closes_votes = effect["type"] == "commission" && effect["name"] == COMMITTEE;
        (self.new_charter.is_some() || closes_votes).then_some("charter")
    }
}
