//! The charter in force, and how another one would differ: for people and for programs.

use std::collections::BTreeMap;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    charter::{Charter, CharterError, ClassId, Fraction, RuleName, diff},
    decision::{self, ClassPower},
    id::MemberId,
};

use super::views;
use crate::{
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    pages::{
        charter::{self, Compared, Differences},
        form::Filled,
    },
    power::members_of,
    site::Site,
};

fn fraction(fraction: Fraction) -> (u64, u64) {
    (fraction.numerator(), fraction.denominator())
}

/// The power of each class under each of these rules, as the page shows it.
pub(crate) async fn powers(
    site: &Site,
    charter: &Charter,
    rules: impl Iterator<Item = RuleName>,
    members: &BTreeMap<MemberId, ClassId>,
) -> Result<BTreeMap<RuleName, Option<Vec<charter::Power>>>, WebError> {
    let shown = |(class, power): (ClassId, ClassPower)| charter::Power {
        class: charter
            .class(&class)
            .map_or_else(|| class.to_string(), |class| class.name.clone()),
        voters: power.voters,
        as_one: power.as_one.per_million(),
        together: power.together.per_million(),
        each: power.each.per_million(),
    };
    let mut powers = BTreeMap::new();
    for rule in rules {
        let power = site.powers.of(charter, rule, members).await?;
        powers.insert(
            rule,
            power.map(|power| power.into_iter().map(shown).collect()),
        );
    }
    Ok(powers)
}

/// Keys of the charter that the page shows in words of their own.
const SHOWN: [&str; 5] = ["title", "aims", "classes", "rules", "periods"];

/// `GET /charter`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let (charter, members) = site
        .node
        .read(|core| (core.charter().clone(), members_of(core)));
    let (charter, terms) = (&charter, charter.terms());
    let rules = terms.rules.iter().copied();
    let mut powers = powers(&site, charter, rules, &members).await?;
    let view = {
        let of_class = |id: &str| {
            members
                .values()
                .filter(|class| class.as_str() == id)
                .count() as u64
        };
        let mut rule = |name: &RuleName| {
            let rule = charter.rule(*name);
            let eligible = decision::electorate(*name, charter, &members).len() as u64;
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
                power: powers.remove(name).flatten(),
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
            rules: terms.rules.iter().map(&mut rule).collect(),
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
    };
    Ok(charter::page(&frame, &view).into_response())
}

/// The address of a comparison is shown up to this length: mails break longer ones.
const LINK_CHARACTERS_MAX: usize = 1_500;
/// The most values in an address.
const CHANGES_MAX: usize = 64;

/// How another charter would differ from the one in force.
pub(crate) async fn differences(
    site: &Site,
    ours: &Charter,
    other: &Charter,
    members: &BTreeMap<MemberId, ClassId>,
) -> Result<Differences, WebError> {
    let listed: Vec<RuleName> = RuleName::ALL
        .into_iter()
        .filter(|rule| ours.terms().rules.contains(rule) || other.terms().rules.contains(rule))
        .collect();
    let mut before = powers(site, ours, listed.iter().copied(), members).await?;
    let mut after = powers(site, other, listed.iter().copied(), members).await?;
    let power = listed.into_iter().map(|rule| Compared {
        rule,
        before: before.remove(&rule).flatten().unwrap_or_default(),
        after: after.remove(&rule).flatten().unwrap_or_default(),
    });
    let changes = diff(ours, other).into_iter().map(|change| {
        let words = |value: Option<_>| value.map(|value: domain::charter::Value| value.to_string());
        (change.key, words(change.before), words(change.after))
    });
    let link = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(ours.changes_to(other))
        .finish();
    let link = format!("/charter/compare?{link}");
    Ok(Differences {
        changes: changes.collect(),
        hash: other.hash().to_string(),
        link: Some(link).filter(|link| link.len() <= LINK_CHARACTERS_MAX),
        power: power.collect(),
    })
}

async fn compare_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
    other: Option<&Charter>,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let (ours, members) = site
        .node
        .read(|core| (core.charter().clone(), members_of(core)));
    let differences = match other {
        Some(other) => Some(differences(site, &ours, other, &members).await?),
        None => None,
    };
    let page = charter::compare(&frame, &ours.to_toml(), filled, differences.as_ref());
    Ok(page.into_response())
}

/// `GET /charter/compare`: values of keys in the address make another charter of the one in force, so
/// that a proposal can name the comparison.
pub(crate) async fn compare(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    RawQuery(query): RawQuery,
) -> Result<Response, WebError> {
    let query = query.unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "done");
    let changes: Vec<_> = pairs.take(CHANGES_MAX).collect();
    if changes.is_empty() {
        return compare_page(&site, &actor, &place, &Filled::default(), None).await;
    }
    let ours = site.node.read(|core| core.charter().clone());
    let other = ours.with_changes(changes.iter().map(|(key, value)| (&**key, &**value)));
    let text = other
        .as_ref()
        .map_or_else(|_| ours.to_toml(), Charter::to_toml);
    compared(&site, &actor, &place, &text, other).await
}

/// The page with another charter, or with what is wrong with it.
async fn compared(
    site: &Site,
    actor: &Actor,
    place: &Place,
    text: &str,
    other: Result<Charter, CharterError>,
) -> Result<Response, WebError> {
    let filled = Filled::from_pairs([("charter", text)]);
    match other {
        Ok(other) => compare_page(site, actor, place, &filled, Some(&other)).await,
        Err(error) => {
            let filled = filled.with_error("charter", format!("{error}."));
            let page = compare_page(site, actor, place, &filled, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /charter/compare`: nothing is stored or sent.
pub(crate) async fn do_compare(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let text = form.fields.get("charter");
    let other = Charter::from_toml(text);
    compared(&site, &form.actor, &form.place, text, other).await
}
