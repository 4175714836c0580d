//! The charter in force, and how another one would differ.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    charter::{Charter, ClassId, Fraction, RuleName, diff},
    decision,
    id::MemberId,
};
use federation::Core;

use super::views;
use crate::{
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    pages::{
        charter::{self, Compared, Differences},
        form::Filled,
    },
    site::Site,
};

/// Every member with its class.
fn members_of(core: &Core) -> BTreeMap<MemberId, ClassId> {
    let members = core.view().members.values();
    let members = members.filter_map(|member| Some((member.id, member.class.parse().ok()?)));
    members.collect()
}

fn fraction(fraction: Fraction) -> (u64, u64) {
    (fraction.numerator(), fraction.denominator())
}

/// The power of each class under a rule, if there are few enough voters to compute it.
fn power_of(
    charter: &Charter,
    rule: RuleName,
    members: &BTreeMap<MemberId, ClassId>,
) -> Option<Vec<charter::Power>> {
    let mut voters = BTreeMap::<ClassId, u64>::new();
    for class in decision::electorate(rule, charter, members).into_values() {
        *voters.entry(class).or_default() += 1;
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
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let (charter, members) = site
        .node
        .read(|core| (core.charter().clone(), members_of(core)));
    // Computed after the node's loop has its core back: power takes its time.
    let (charter, terms) = (&charter, charter.terms());
    let view = {
        let of_class = |id: &str| {
            members
                .values()
                .filter(|class| class.as_str() == id)
                .count() as u64
        };
        let rule = |name: &RuleName| {
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
                power: power_of(charter, *name, &members),
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
    };
    Ok(charter::page(&frame, &view).into_response())
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
    let differences = other.map(|other| {
        let power = |rule: RuleName| Compared {
            rule,
            before: power_of(&ours, rule, &members).unwrap_or_default(),
            after: power_of(other, rule, &members).unwrap_or_default(),
        };
        let listed = |rule: &RuleName| {
            ours.terms().rules.contains(rule) || other.terms().rules.contains(rule)
        };
        let changes = diff(&ours, other).into_iter().map(|change| {
            let words =
                |value: Option<_>| value.map(|value: domain::charter::Value| value.to_string());
            (change.key, words(change.before), words(change.after))
        });
        Differences {
            changes: changes.collect(),
            hash: other.hash().to_string(),
            power: RuleName::ALL
                .into_iter()
                .filter(listed)
                .map(power)
                .collect(),
        }
    });
    let page = charter::compare(&frame, &ours.to_toml(), filled, differences.as_ref());
    Ok(page.into_response())
}

/// `GET /charter/compare`
pub(crate) async fn compare(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    compare_page(&site, &actor, &place, &Filled::default(), None).await
}

/// `POST /charter/compare`: nothing is stored or sent.
pub(crate) async fn do_compare(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let text = form.fields.get("charter");
    let filled = Filled::from_pairs([("charter", text)]);
    match Charter::from_toml(text) {
        Ok(other) => compare_page(&site, &form.actor, &form.place, &filled, Some(&other)).await,
        Err(error) => {
            let filled = filled.with_error("charter", format!("{error}."));
            let page = compare_page(&site, &form.actor, &form.place, &filled, None).await?;
            Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}
