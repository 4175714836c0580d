//! `folkmoot server add`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::description::{Description, secret_of};
use crate::{
    api::Connection,
    cli::Global,
    commands::table::{quoted, short},
    failure::Outcome,
};

/// Add a BigBlueButton server of your co-op
///
/// On the server, bbb-conf --secret prints its address and its secret. Put the secret into a file,
/// and remove the file afterwards: your node keeps it, sealed, and tells nobody.
#[derive(Debug, Args)]
pub struct Add {
    /// Its address, as browsers reach it
    url: String,
    /// Where it stands, such as eu-west or ca-east
    #[arg(long)]
    region: String,
    /// A file with its secret
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
    /// What you call it [default: the host of its address]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    description: Description,
    #[command(flatten)]
    connection: Connection,
}

impl Add {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let api = self.connection.api(global)?;
        let secret = secret_of(&self.secret_file)?;
        let name = self.name.unwrap_or_else(|| host_of(&self.url).to_owned());
        let mut fields = self.description.fields();
        fields["name"] = json!(name);
        fields["url"] = json!(self.url);
        fields["region"] = json!(self.region);
        fields["secret"] = json!(*secret);
        let answer = api.post("/api/servers", &fields).await?;
        let id = answer["id"].as_str().unwrap_or_default();
        let said = format!(
            "{name} is added ({}). folkmoot server check {} calls it.",
            short(id),
            quoted(&name)
        );
        global.say(&answer, said)
    }
}

/// The host of an address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_called_by_its_host_unless_it_has_a_name() {
        assert_eq!(
            host_of("https://bbb.example.org/bigbluebutton/"),
            "bbb.example.org"
        );
        assert_eq!(host_of("http://127.0.0.1:8090"), "127.0.0.1:8090");
        assert_eq!(host_of("bbb.example.org"), "bbb.example.org");
    }
}
