//! `folkmoot tenant add`

use std::{collections::BTreeSet, path::PathBuf};

use clap::Args;
use serde_json::json;

use crate::{
    api::{Api, Connection},
    cli::Global,
    commands::{
        host::find_member,
        server::{optional_secret, without_nothing},
        table::{quoted, text},
    },
    failure::Outcome,
};

/// Add a front end
///
/// It gets a secret of its own, which is printed. folkmoot tenant configuration prints what to set in
/// the front end, and with --with-secret the secret again.
#[derive(Debug, Args)]
#[command(after_long_help = web::meetings::levels::table(), after_help = web::meetings::levels::table())]
pub struct Add {
    /// What you call it
    name: String,
    /// The member it belongs to, if you host that member: its name or id [default: your co-op]
    #[arg(long)]
    member: Option<String>,
    /// Where its people are, if their meetings should be near, such as eu-west
    #[arg(long)]
    region: Option<String>,
    /// A service level: free, level-1, level-2, level-3, multi-account or custom [default: no limits]
    #[arg(long)]
    level: Option<String>,
    /// A file with the secret that the front end has already [default: a new secret is made]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl Add {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let secret = optional_secret(self.secret_file.as_ref())?;
        let member = match &self.member {
            Some(given) => Some(find_member(&api, given).await?.0),
            None => None,
        };
        let fields = without_nothing(json!({
            "name": self.name,
            "member": member,
            "region": self.region,
            "level": self.level,
            "secret": secret.as_ref().map(|secret| secret.as_str()),
        }));
        let answer = api.post("/api/tenants", &fields).await?;
        if let Some(region) = &self.region
            && let Some(note) = region_note(&api, region).await?
        {
            global.note(note);
        }
        let mut said = format!("{} is added.", self.name);
        if answer["secret"].is_string() {
            said += &format!("\nIts secret: {}", text(&answer, "secret"));
        }
        said += &format!(
            "\nfolkmoot tenant configuration {} --for greenlight prints what to set there; \
             --with-secret shows the secret again.",
            quoted(&self.name)
        );
        global.say(&answer, said)
    }
}

/// That no server stands where the meetings should be near, if none does.
async fn region_note(api: &Api, region: &str) -> Outcome<Option<String>> {
    let known = api.get("/api/servers").await?;
    let servers = known["servers"].as_array().into_iter().flatten();
    let regions: BTreeSet<String> = servers.map(|one| text(one, "region")).collect();
    if regions.contains(region) {
        return Ok(None);
    }
    let regions: Vec<String> = regions.into_iter().collect();
    let known = match regions.is_empty() {
        true => String::new(),
        false => format!(" (servers are in {})", regions.join(", ")),
    };
    Ok(Some(format!(
        "note: no server is in the region {region}{known}; its meetings go elsewhere"
    )))
}
