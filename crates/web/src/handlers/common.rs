//! What belongs to no area: files, live updates, the charter, help.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    charter::{Charter, ClassId, Fraction, RuleName},
    decision,
    id::MemberId,
};
use futures::future::BoxFuture;

use super::views;
use crate::{
    auth::{Signed, Visitor},
    error::WebError,
    live,
    pages::{assets::ASSETS, charter, help},
    site::Site,
};

/// `GET /assets/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, WebError> {
    let found = ASSETS
        .iter()
        .find(|asset| asset.path.strip_prefix("/assets/") == Some(&name));
    let asset = found.ok_or(WebError::NotFound { what: "file" })?;
    let mut response = asset.content.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.media_type),
    );
    // Files change with the release only, and their names do not tell which.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    Ok(response)
}

/// `GET /events`: the stream of changes.
pub(crate) async fn events(
    State(site): State<Site>,
    Signed { actor, .. }: Signed,
) -> Result<Response, WebError> {
    let session = actor.session.as_ref().ok_or(WebError::SignedOut)?;
    let place = site.streams.take(actor.person())?;
    let (asked, id) = (site.clone(), session.id);
    let goes_on = Box::new(move || -> BoxFuture<'static, bool> {
        let site = asked.clone();
        Box::pin(async move { site.sessions.goes_on(site.now(), id).await.unwrap_or(false) })
    });
    let changes = site.node.changes.subscribe();
    let mut response = live::stream(place, changes, site.stopping(), goes_on).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// `GET /help/{word}`
pub(crate) async fn help(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(word): Path<String>,
) -> Result<Response, WebError> {
    let word = help::Word::from_word(&word).ok_or(WebError::NotFound { what: "word" })?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(help::page(&frame, word).into_response())
}

fn fraction(fraction: Fraction) -> (u64, u64) {
    (fraction.numerator(), fraction.denominator())
}

/// The power of each class under a rule, if there are few enough voters to compute it.
fn power_of(
    charter: &Charter,
    rule: RuleName,
    eligible: &BTreeMap<MemberId, ClassId>,
) -> Option<Vec<charter::Power>> {
    let mut voters = BTreeMap::<ClassId, u64>::new();
    for class in eligible.values() {
        *voters.entry(class.clone()).or_default() += 1;
    }
    let power = decision::power(rule, charter, &voters)?;
    let power = power.into_iter().map(|(class, power)| charter::Power {
        class: charter
            .class(&class)
            .map_or_else(|| class.to_string(), |class| class.name.clone()),
        voters: power.voters,
        as_one: power.as_one.per_million(),
        together: power.together.per_million(),
        each: power.each.per_million(),
    });
    Some(power.collect())
}

/// Keys of the charter that the page shows in words of their own.
const SHOWN: [&str; 5] = ["title", "aims", "classes", "rules", "periods"];

/// `GET /charter`
pub(crate) async fn charter(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let view = site.node.read(|core| {
        let (charter, terms) = (core.charter(), core.charter().terms());
        let members = core.view().members.values();
        let of_class =
            |id: &str| members.clone().filter(|member| member.class == id).count() as u64;
        let rule = |name: &RuleName| {
            let rule = charter.rule(*name);
            let eligible = core.eligible(*name).len() as u64;
            let classes = terms
                .classes
                .iter()
                .filter(|class| rule.eligible.includes(class));
            charter::Rule {
                kind: *name,
                classes: classes.map(|class| class.name.clone()).collect(),
                quorum: (rule.quorum.numerator(), rule.quorum.denominator()),
                quorum_today: (rule.quorum.ceiling_of(eligible), eligible),
                by_strength: matches!(name, RuleName::ClassWeighted | RuleName::Charter),
                power: power_of(charter, *name, &core.eligible(*name)),
                is_default: *name == terms.default_rule,
            }
        };
        let is_other = |key: &str| !SHOWN.iter().any(|shown| key.starts_with(shown));
        charter::Charter {
            title: terms.title.clone(),
            hash: charter.hash().to_string(),
            aims: (1..).zip(terms.aims.iter().cloned()).collect(),
            classes: terms
                .classes
                .iter()
                .map(|c| (c.name.clone(), c.strength_percent, of_class(c.id.as_str())))
                .collect(),
            rules: terms.rules.iter().map(rule).collect(),
            majority: fraction(terms.charter_rule.majority),
            assent: fraction(terms.charter_rule.assent),
            assent_extended: fraction(terms.charter_rule.assent_extended),
            integration_seconds: decision::integration(false, charter),
            minimum_agrees: terms.minimum_agrees,
            minimum_blocks: terms.minimum_blocks,
            reason_characters_min: terms.minimum_reason_characters,
            allows_disagree: terms.disagree_allowed,
            regular_seconds: decision::period(terms.default_rule, false, charter),
            urgent_seconds: decision::period(terms.default_rule, true, charter),
            clock_bound_seconds: terms.clock_bound_seconds,
            others: charter
                .in_force()
                .filter(|(key, _)| is_other(key))
                .map(|(key, value)| (key.to_owned(), value.to_string()))
                .collect(),
        }
    });
    Ok(charter::page(&frame, &view).into_response())
}
