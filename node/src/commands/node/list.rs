//! `folkmoot node list`

use clap::Args;

use crate::{
    cli::Global,
    commands::table::{table, text, time},
    control::{Access, Command},
    failure::Outcome,
};

/// List the nodes of this co-op
#[derive(Debug, Args)]
pub struct List {}

impl List {
    pub async fn run(self, global: &Global, access: &Access) -> Outcome {
        let answer = access.call(Command::Nodes).await?;
        let is_running = answer["running"] == true;
        let all = answer["nodes"].as_array().cloned().unwrap_or_default();
        let state = |node: &serde_json::Value| {
            let states = [
                (node["revoked"] == true, "revoked"),
                (node["own"] == true, "this one"),
                (node["connected"] == true, "connected"),
                (is_running, "not connected"),
            ];
            let state = states.into_iter().find(|(holds, _)| *holds);
            state.map_or("", |(_, word)| word).to_owned()
        };
        let row = |node: &serde_json::Value| {
            vec![text(node, "node"), time(&node["since_ms"]), state(node)]
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        if !is_running {
            global.note("The node does not run, so who is connected is not known.");
        }
        if rows.len() > 1 {
            global.note("To end one for good: folkmoot key revoke NODE");
        }
        global.say(&answer, table(&["NODE", "SINCE", ""], &rows))
    }
}
