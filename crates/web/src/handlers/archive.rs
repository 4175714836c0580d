//! The archive of what is decided for good: searched, linked for ever, followed as a feed.

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use federation::finality::{Ended, Vote};
use serde::Deserialize;

use super::{
    decision::{effect_of, file_path},
    feeds::site_url,
    views,
};
use crate::{
    auth::Visitor,
    catalogue::{Language, Plain},
    error::WebError,
    feeds::atom::{Entry, Feed, id},
    pages::{
        archive::{self, Archive, ENDINGS, Item},
        parts::{Name, ending_word},
    },
    site::Site,
    standpoint::Standpoint,
};

/// How many decisions a page has.
const PAGE: usize = 50;
/// How many the feed has, the newest.
const FEED_MAX: usize = 100;
/// The longest search.
const WORDS_CHARACTERS_MAX: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: usize,
}

/// Whether every word of a search is in the title or the member's name, in whatever case.
fn fits(words: &[String], title: &str, by: &str) -> bool {
    let all = format!("{title} {by}").to_lowercase();
    words.iter().all(|word| all.contains(word.as_str()))
}

/// What it would have done and why it did nothing.
fn without_effect(vote: &Vote, ended: &Ended) -> Option<(&'static str, String)> {
    let (what, why) = effect_of(vote, ended)?;
    Some((what, why?))
}

fn item(core: &Standpoint<'_>, vote: &Vote, ended: &Ended) -> Item {
    Item {
        proposal: Name::new(vote.proposal.to_string(), vote.title.clone()),
        by: core.view().member_name(&vote.proposer),
        ending: ended.ending,
        height: ended.height,
        at: ended.time,
        file: file_path(vote, ended),
        without_effect: without_effect(vote, ended),
    }
}

/// `GET /archive/final?q=&state=&page=`: anyone may read it.
pub(crate) async fn page(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let query: String = asked.q.chars().take(WORDS_CHARACTERS_MAX).collect();
    let words = query.to_lowercase();
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    let state = ENDINGS
        .into_iter()
        .find(|ending| ending.word() == asked.state);
    let page = asked.page.max(1);
    let before = (page - 1).saturating_mul(PAGE);
    let view = site.node.read_as(None, |core| {
        let view = core.view();
        let ended = core.annals().ended().rev();
        let mut found = ended.filter(|(vote, ended)| {
            state.is_none_or(|state| state == ended.ending)
                && fits(&words, &vote.title, &view.member_name(&vote.proposer))
        });
        let shown = found.by_ref().skip(before).take(PAGE);
        let items = shown.map(|(vote, ended)| item(core, vote, ended)).collect();
        Archive {
            items,
            query,
            state,
            page,
            more: found.next().is_some(),
        }
    });
    Ok(archive::page(&frame, &view).into_response())
}

/// `GET /archive/final.atom`
pub(crate) async fn feed(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let root = site_url(&site, &headers)?;
    let feed = site.node.read_as(None, |core| newest(core, &root));
    Ok(super::feeds::news(feed.write(), &headers))
}

fn newest(core: &Standpoint<'_>, root: &str) -> Feed {
    let (say, federation) = (Language::default(), core.federation());
    let entry = |(vote, ended): (&Vote, &Ended)| {
        let title = Plain(&vote.title);
        let by = core.view().member_name(&vote.proposer);
        Entry {
            id: id(&[&federation.0, b"final", &vote.opening.0]),
            title: say
                .feed_title_final(ending_word(say, ended.ending), title)
                .into_string(),
            published: ended.time,
            updated: ended.time,
            author: by.clone(),
            page: format!("{root}/archive/{}", vote.proposal),
            category: ended.ending.word(),
            summary: {
                let said = say.feed_final(Plain(by), ended.height).into_string();
                match without_effect(vote, ended) {
                    Some((what, why)) => {
                        said + " " + &say.effect_failed(Plain(what), Plain(why)).into_string()
                    }
                    None => said,
                }
            },
        }
    };
    let entries: Vec<Entry> = core
        .annals()
        .ended()
        .rev()
        .take(FEED_MAX)
        .map(entry)
        .collect();
    Feed {
        id: id(&[&federation.0, b"final"]),
        title: say
            .feed_final_title(Plain(&core.genesis().name))
            .into_string(),
        subtitle: say.feed_final_about().into_string(),
        language: say.tag(),
        updated: entries
            .first()
            .map_or(core.genesis().created, |entry| entry.updated),
        address: format!("{root}/archive/final.atom"),
        page: format!("{root}/archive/final"),
        entries,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_search_is_in_the_title_or_the_name_in_any_case() {
        let words = |text: &str| -> Vec<String> {
            text.to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        };
        let found = |text: &str| fits(&words(text), "Rent a hall in Lleida", "Femprocomuns");
        assert!(found("") && found("HALL rent") && found("fempro lleida"));
        assert!(!found("hall Girona"));
    }
}
