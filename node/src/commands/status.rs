//! `folkmoot status`

use clap::Args;

use super::{
    leave::departed,
    register::{successor, waits},
    table::text,
};
use crate::{
    cli::Global,
    control::{Access, Command},
    failure::Outcome,
    joining,
};

/// Show how this node is
#[derive(Debug, Args)]
pub struct Status {}

impl Status {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let access = Access::open(&global.directory()?).await?;
        let answer = access.call(Command::Status).await;
        access.close().await?;
        let status = answer?;
        let federation = &status["federation"];
        let has_left = !status["departed"].is_null();
        let member = match status["member"].as_str() {
            Some(member) => member.to_owned(),
            None if has_left => format!(
                "{}\n            it shows what it has, and signs nothing",
                departed(&status["departed"])
            ),
            None => {
                let applying = joining::applying(&global.directory()?)?;
                applying.unwrap_or_else(|| "not a member yet".to_owned())
            }
        };
        let mut lines = vec![
            format!(
                "federation  {} ({})",
                text(federation, "name"),
                text(federation, "id")
            ),
            format!(
                "            {}, members: {}",
                if federation["founded"] == true {
                    "founded"
                } else {
                    "not all founders have signed"
                },
                text(federation, "members")
            ),
            format!("member      {member}"),
            format!("node        {}", text(&status, "node")),
            format!(
                "            {}, folkmoot {}",
                if status["running"] == true {
                    "running"
                } else {
                    "not running"
                },
                text(&status, "release")
            ),
            format!(
                "connected   {} of {} nodes",
                text(&status, "nodes_connected"),
                text(&status, "nodes_known")
            ),
            format!(
                "stored      {} entries, {} KiB, {} proposals",
                text(&status, "entries"),
                status["store_bytes"].as_u64().unwrap_or_default() / 1024,
                text(&status, "proposals")
            ),
        ];
        match status["needs_our_vote"].as_u64().unwrap_or_default() {
            0 => {}
            1 => lines.push("waiting     1 decision needs your vote".to_owned()),
            count => lines.push(format!("waiting     {count} decisions need your vote")),
        }
        if status["caught_up"] == false && !has_left {
            lines.push("warning     it signs nothing until it has reached another node".to_owned());
        }
        if let Some(trouble) = status["register_trouble"].as_str() {
            lines.push(format!("warning     the register: {trouble}"));
        }
        let awaited = status["waits"].as_array().into_iter().flatten();
        lines.extend(awaited.map(|one| format!("warning     {}", waits(one))));
        let successor = successor(&status["office"]);
        lines.extend(successor.map(|said| format!("warning     {said}")));
        if let Some(trouble) = status["disk"].as_str() {
            lines.push(format!("warning     {trouble}"));
        }
        if let Some(seconds) = status["clock_off_seconds"].as_u64() {
            lines.push(format!(
                "warning     its clock is {seconds} seconds off; set it"
            ));
        }
        global.say(&status, lines.join("\n"))
    }
}
