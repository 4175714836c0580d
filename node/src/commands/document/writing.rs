//! Changing a document's text, and beginning it anew.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    cbor::Encode,
    id::{DocumentId, EntryId},
    record::Edit,
};
use replica::document::{Basis, Document as Together};
use serde_json::{Value, json};

use super::{find, ids};
use crate::{
    api::Api,
    cli::Global,
    commands::{
        editor::Editing,
        table::{short, text},
        words::Words,
    },
    failure::{Failure, Outcome},
};

pub(super) async fn edit(
    global: &Global,
    api: &Api,
    document: &str,
    (words, basis): (&Words, Option<String>),
) -> Outcome {
    let id = find(api, document).await?;
    let known = match &basis {
        Some(edits) => {
            let path = format!("/api/documents/{id}/versions/{}", plain(edits)?);
            let version = api.get(&path).await?;
            json!({ "text": version["text"], "basis": version["edits"] })
        }
        None => api.get(&format!("/api/documents/{id}")).await?,
    };
    if known["text"].is_null() {
        return Err(
            Failure::refused("the text has not arrived at this node yet").hint("try again soon"),
        );
    }
    let before = text(&known, "text");
    if words.is_given() {
        let answer = save(api, &id, &known, &words.read()?).await?;
        return global.say(&answer, said(&answer, &before));
    }
    let editing = Editing::begin(&before)?;
    let mut written = editing.run()?;
    // Most editors end the last line.
    if !before.ends_with('\n') && written.strip_suffix('\n') == Some(&before) {
        written.pop();
    }
    match save(api, &id, &known, &written).await {
        Ok(answer) => {
            editing.end();
            global.say(&answer, said(&answer, &before))
        }
        Err(failure) => {
            let edits: Vec<String> = ids(&known["basis"]);
            let again = format!(
                "your text is kept; once that is mended: folkmoot document edit {} --file {} \
                 --basis {}",
                short(&id),
                editing.path().display(),
                edits.join(",")
            );
            Err(failure.hint(again))
        }
    }
}

fn said(answer: &Value, before: &str) -> &'static str {
    match text(answer, "text") == before {
        true => "Nothing changed.",
        false => "Saved, with what others wrote meanwhile.",
    }
}

/// Ids with commas between.
pub(super) fn plain(edits: &str) -> Outcome<String> {
    let is_id = |id: &str| id.parse::<EntryId>().is_ok();
    match edits.split(',').all(is_id) {
        true => Ok(edits.to_owned()),
        false => Err(Failure::usage(format!("{edits:?} are no edits"))
            .hint("write their ids with commas between: folkmoot document history")),
    }
}

/// Saves what was made of a text. With a key that never leaves this machine the changes are
/// worked out and signed here.
async fn save(api: &Api, id: &str, known: &Value, written: &str) -> Outcome<Value> {
    if !api.signs_here() {
        let body = json!({ "basis": known["basis"], "text": written });
        return api.post(&format!("/api/documents/{id}/text"), &body).await;
    }
    let strange = || Failure::refused("the node answered something this release cannot read");
    let parents = ids(&known["basis"]);
    let parents = parents.iter().map(|id| id.parse::<EntryId>());
    let basis = Basis {
        parents: parents.collect::<Result<_, _>>().map_err(|_| strange())?,
        text: text(known, "text"),
    };
    let document: DocumentId = id.parse().map_err(|_| strange())?;
    let mut parents = basis.parents.clone();
    for operations in Together::changes(&basis, written) {
        let edit = Edit {
            document: Some(document),
            start: None,
            operations,
        };
        let named: Vec<String> = parents.iter().map(ToString::to_string).collect();
        let fields = json!({
            "parents": named,
            "edit": URL_SAFE_NO_PAD.encode(edit.to_bytes()),
        });
        let answer = api.act("edit", fields).await?;
        parents = vec![text(&answer, "id").parse().map_err(|_| strange())?];
    }
    api.get(&format!("/api/documents/{id}")).await
}

pub(super) async fn restart(api: &Api, id: &str) -> Outcome<Value> {
    let path = format!("/api/documents/{id}");
    if !api.signs_here() {
        return api.post(&format!("{path}/restart"), &json!({})).await;
    }
    let known = api.get(&path).await?;
    let fields = json!({
        "document": id,
        "parents": known["basis"],
        "title": known["title"],
        "text": known["text"],
    });
    api.act("restart", fields).await
}
