//! `folkmoot server open`, `cordon`, `drain`, `tests-only`

use serde_json::json;

use super::{Named, find, path_of};
use crate::{cli::Global, commands::table::text, failure::Outcome};

/// Says whether a server takes new meetings.
pub(super) async fn set(global: &Global, named: Named, word: &str) -> Outcome {
    let api = named.connection.api(global)?;
    let server = find(&api, &named.server).await?;
    let answer = api
        .post(&path_of(&server), &json!({ "service": word }))
        .await?;
    let name = text(&server, "name");
    let said = match word {
        "open" => format!("{name} takes new meetings."),
        "tests-only" => format!("{name} takes new meetings of your co-op only."),
        _ => format!("{name} takes no new meetings. Those that run go on."),
    };
    global.say(&answer, said)
}
