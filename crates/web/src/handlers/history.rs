//! How a document came to be: groups of changes, versions, and the difference between two.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use domain::{
    entry::REFERENCES_MAX,
    id::{DocumentId, EntryId, Timestamp},
    key::PublicKey,
};
use replica::document::{Document, Outcome};
use serde::Deserialize;

use super::{documents as own, views};
use crate::{
    auth::Signed,
    documents,
    error::WebError,
    pages::{
        history::{self, Begins, Compare, Group, History, NOW, Point, Version},
        parts::Name,
    },
    site::Site,
};

/// How many groups a page has.
const PAGE: usize = 40;
/// Changes of one person that are this close stand together.
const GROUP_MS: u64 = 15 * 60 * 1000;
/// How many digits of an edit's id stand in addresses.
const DIGITS: usize = 16;
const DIGITS_MIN: usize = 6;
/// The most edits of a version that an address names: more can stand side by side than an edit can
/// build on.
const HEADS_MAX: usize = REFERENCES_MAX * 4;

fn missing() -> WebError {
    WebError::NotFound { what: "version" }
}

/// Some edits as they stand in an address.
pub(crate) fn code(edits: &[EntryId]) -> String {
    let short = |id: &EntryId| id.to_string().chars().take(DIGITS).collect::<String>();
    edits.iter().map(short).collect::<Vec<_>>().join("-")
}

/// The edits of a version that an address names.
pub(crate) fn edits_of(document: &Document, code: &str) -> Option<Vec<EntryId>> {
    if code == NOW {
        return Some(document.heads());
    }
    let parts: Vec<&str> = code.split('-').collect();
    let fits = |part: &&str| {
        (DIGITS_MIN..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if parts.len() > HEADS_MAX || !parts.iter().all(fits) {
        return None;
    }
    let find = |part: &str| {
        let mut found = document.items().filter(|item| begins_with(&item.id, part));
        match (found.next(), found.next()) {
            (Some(item), None) => Some(item.id),
            _ => None,
        }
    };
    parts.into_iter().map(find).collect()
}

/// Whether an id begins with these hexadecimal digits.
fn begins_with(id: &EntryId, digits: &str) -> bool {
    let nibbles = id.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let wanted = digits.chars().map(|digit| digit.to_digit(16));
    wanted
        .zip(nibbles)
        .all(|(wanted, nibble)| wanted == Some(u32::from(nibble)))
}

/// A change with the version it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub edit: EntryId,
    pub author: PublicKey,
    pub time: Timestamp,
    pub begins: Option<Begins>,
    /// The edits that no other built on then; none if they are too many for an address.
    pub heads: Option<Vec<EntryId>>,
}

/// The changes that led to the text, the oldest first: through every generation, each as long as it
/// was the last.
pub(crate) fn steps(document: &Document) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut heads: BTreeSet<EntryId> = BTreeSet::new();
    let mut generation = None;
    for (item, outcome) in document.history() {
        if !matches!(outcome, Outcome::Applied | Outcome::Earlier) {
            continue;
        }
        let begins = item
            .edit
            .start
            .as_ref()
            .map(|_| match item.parents.is_empty() {
                true => Begins::Document,
                false => Begins::Anew,
            });
        if begins.is_some() {
            generation = Some(item.id);
            heads.clear();
        } else if document.generation_of(&item.id) != generation {
            continue;
        }
        for parent in &item.parents {
            heads.remove(parent);
        }
        heads.insert(item.id);
        steps.push(Step {
            edit: item.id,
            author: item.author,
            time: item.time,
            begins,
            heads: (heads.len() <= HEADS_MAX).then(|| heads.iter().copied().collect()),
        });
    }
    steps
}

/// Steps of one person within a while: the first and the last of them, and how many.
fn groups(steps: &[Step]) -> Vec<&[Step]> {
    let together = |a: &Step, b: &Step| {
        a.author == b.author
            && b.begins.is_none()
            && a.begins.is_none()
            && b.time.since_ms(a.time) < GROUP_MS
    };
    steps.chunk_by(together).collect()
}

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    page: usize,
    from: Option<String>,
}

/// A step by the version it leads to.
type Points = BTreeMap<String, (Timestamp, EntryId, PublicKey)>;

fn points(steps: &[Step]) -> Points {
    let point = |step: &Step| {
        let version = code(step.heads.as_ref()?);
        Some((version, (step.time, step.edit, step.author)))
    };
    steps.iter().filter_map(point).collect()
}

fn point(site: &Site, points: &Points, version: String) -> Point {
    let after = points.get(&version).map(|(time, edit, author)| {
        let writer = site.node.read(|core| own::writer(core, edit, author));
        (*time, writer)
    });
    Point { version, after }
}

/// `GET /documents/{id}/history`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let reading = |document: &Document| (document.title(), steps(document));
    let (title, steps) = site.documents.with(&site.node, id, reading).await?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let page = which.page.max(1);
    let groups = groups(&steps);
    let skipped = (page - 1).saturating_mul(PAGE);
    let mut at = groups.len();
    let mut shown = Vec::new();
    for group in groups.iter().rev() {
        at -= 1;
        if groups.len() - at > skipped && shown.len() < PAGE {
            let before = at.checked_sub(1).and_then(|at| groups[at].last());
            shown.extend(group_of(&site, group, before));
        }
    }
    let known = points(&steps);
    let view = History {
        document: Name::new(id.to_string(), title),
        more: groups.len() > skipped + shown.len(),
        groups: shown,
        page,
        chosen: which
            .from
            .filter(|from| known.contains_key(from))
            .map(|from| point(&site, &known, from)),
    };
    Ok(history::history(&frame, &view).into_response())
}

fn group_of(site: &Site, group: &[Step], before: Option<&Step>) -> Option<Group> {
    let (first, last) = (group.first()?, group.last()?);
    let writer = site
        .node
        .read(|core| own::writer(core, &first.edit, &first.author));
    Some(Group {
        writer,
        from: first.time,
        to: last.time,
        changes: group.len() as u64,
        begins: first.begins,
        before: before.and_then(|step| Some(code(step.heads.as_ref()?))),
        after: last.heads.as_ref().map(|heads| code(heads)),
    })
}

/// What an address names of a document: its title, the steps, and the text of each version.
struct Texts {
    title: String,
    points: Points,
    texts: Vec<String>,
}

async fn texts(site: &Site, id: DocumentId, codes: Vec<String>) -> Result<Texts, WebError> {
    let reading = move |document: &Document| {
        let text = |code: &String| {
            let edits = edits_of(document, code)?;
            document.text_at(&edits).ok()
        };
        let texts: Option<Vec<String>> = codes.iter().map(text).collect();
        Some(Texts {
            title: document.title(),
            points: points(&steps(document)),
            texts: texts?,
        })
    };
    let read = site.documents.with(&site.node, id, reading).await?;
    read.ok_or_else(missing)
}

/// `GET /documents/{id}/versions/{version}`
pub(crate) async fn version(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let mut read = texts(&site, id, vec![version.clone()]).await?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let view = Version {
        document: Name::new(id.to_string(), read.title),
        point: point(&site, &read.points, version),
        text: read.texts.remove(0),
    };
    Ok(history::version(&frame, &view).into_response())
}

/// `GET /documents/{id}/diff/{a}..{b}`
pub(crate) async fn compare(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path((id, range)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let id = site.node.read(|core| documents::find(core, &id))?;
    let (older, newer) = range.split_once("..").ok_or_else(missing)?;
    let codes = vec![older.to_owned(), newer.to_owned()];
    let read = texts(&site, id, codes).await?;
    let mut texts = read.texts.into_iter();
    let (old, new) = texts.next().zip(texts.next()).ok_or_else(missing)?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let view = Compare {
        document: Name::new(id.to_string(), read.title),
        older: (point(&site, &read.points, older.to_owned()), old),
        newer: (point(&site, &read.points, newer.to_owned()), new),
    };
    // Marking long texts takes a while.
    let marking = tokio::task::spawn_blocking(move || history::compare(&frame, &view));
    let page = marking
        .await
        .map_err(|error| WebError::Library(Box::new(error)))?;
    Ok(page.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(author: u8, minute: u64, begins: Option<Begins>) -> Step {
        Step {
            edit: EntryId([author; 32]),
            author: PublicKey([author; 32]),
            time: Timestamp(1_000_000 + minute * 60_000),
            begins,
            heads: None,
        }
    }

    #[test]
    fn changes_of_one_person_within_a_while_stand_together() {
        let steps = [
            step(1, 0, Some(Begins::Document)),
            step(1, 1, None),
            step(1, 10, None),
            step(2, 11, None),
            step(1, 12, None),
            step(1, 40, None),
        ];
        let sizes: Vec<usize> = groups(&steps).iter().map(|group| group.len()).collect();
        assert_eq!(sizes, [1, 2, 1, 1, 1]);
    }
}
