//! What is attached to a document: attached, fetched.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{find, who};
use crate::{
    api::Api,
    cli::Global,
    commands::table::{table, text, time},
    failure::{Failure, Outcome},
};

/// The path of an attachment.
fn attachment(id: &str, name: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    // In a path a plus is a plus.
    let name = name.replace('+', "%20");
    format!("/api/documents/{id}/attachments/{name}")
}

pub(super) async fn attach(global: &Global, api: &Api, document: &str, file: &Path) -> Outcome {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::usage(format!("{} has no name", file.display())))?;
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::usage(format!("cannot read {}", file.display())).because(error)
    })?;
    let id = find(api, document).await?;
    let answer = if api.signs_here() {
        let fields = json!({
            "document": id,
            "name": name,
            "bytes": URL_SAFE_NO_PAD.encode(bytes),
        });
        api.act("attach", fields).await?
    } else {
        api.put(&attachment(&id, name), bytes).await?
    };
    global.say(&answer, format!("{name} is attached."))
}

pub(super) async fn fetch(
    global: &Global,
    api: &Api,
    document: &str,
    (name, output): (Option<String>, Option<PathBuf>),
) -> Outcome {
    let id = find(api, document).await?;
    let Some(name) = name else {
        let known = api.get(&format!("/api/documents/{id}")).await?;
        let attached = known["attachments"].as_array().into_iter().flatten();
        let rows: Vec<Vec<String>> = attached
            .map(|one| {
                vec![
                    text(one, "name"),
                    text(one, "bytes"),
                    who(one),
                    time(&one["time_ms"]),
                ]
            })
            .collect();
        if rows.is_empty() {
            return global.say(&known["attachments"], "Nothing is attached.");
        }
        let heading = ["NAME", "BYTES", "WHO", "WHEN"];
        return global.say(&known["attachments"], table(&heading, &rows));
    };
    // The name is somebody else's: only its last part says where the file goes.
    let own = || Path::new(&name).file_name().map(PathBuf::from);
    let output = output.or_else(own);
    let output = output.ok_or_else(|| Failure::usage("name a file: --output FILE"))?;
    let bytes = api.fetch(&attachment(&id, &name)).await?;
    let failed = |error: std::io::Error| {
        Failure::refused(format!("cannot write {}", output.display()))
            .because(error)
            .hint("name another file: --output FILE")
    };
    let mut file = std::fs::File::create_new(&output).map_err(failed)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    let answer = json!({ "file": output, "bytes": bytes.len() });
    global.say(&answer, format!("It is in {}.", output.display()))
}
