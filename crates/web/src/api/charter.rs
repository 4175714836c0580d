//! The charter as JSON, and what another one would change.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::HeaderMap,
};
use domain::{charter::Charter, decision};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    error::{FieldFault, WebError},
    handlers::charter::{differences, powers},
    pages::charter::Power,
    power::members_of,
    rate::{Limit, Whose},
    site::Site,
};

/// `GET /api/charter`; with `?power=yes` also the power of each class under each rule.
pub(crate) async fn show(
    State(site): State<Site>,
    Caller(_): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, WebError> {
    let (charter, members) = site
        .node
        .read(|core| (core.charter().clone(), members_of(core)));
    let terms = charter.terms();
    let asks = asked.power == "yes";
    let rules = terms.rules.iter().copied().filter(|_| asks);
    let mut powers = powers(&site, &charter, rules, &members).await?;
    let mut rules = Vec::new();
    for rule in &terms.rules {
        let own = charter.rule(*rule);
        let eligible = decision::electorate(*rule, &charter, &members).len() as u64;
        let classes = terms.classes.iter().filter(|c| own.eligible.includes(c));
        let mut json = json!({
            "rule": rule.as_str(),
            "classes": classes.map(|class| class.id.as_str()).collect::<Vec<_>>(),
            "quorum": own.quorum.to_string(),
            "eligible": eligible,
        });
        if asks {
            json["power"] = power_json(powers.remove(rule).flatten());
        }
        rules.push(json);
    }
    let classes = terms.classes.iter().map(|class| {
        let own = members.values().filter(|id| **id == class.id);
        json!({
            "id": class.id.as_str(),
            "name": class.name,
            "strength_percent": class.strength_percent,
            "members": own.count(),
        })
    });
    Ok(Json(json!({
        "title": terms.title,
        "hash": charter.hash().to_string(),
        "aims": terms.aims,
        "classes": classes.collect::<Vec<_>>(),
        "default_rule": terms.default_rule.as_str(),
        "rules": rules,
        "allows_disagree": terms.disagree_allowed,
        "toml": charter.to_toml(),
    })))
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    power: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareBody {
    charter: String,
}

/// `POST /api/charter/compare`: nothing is stored or sent.
pub(crate) async fn compare(
    State(site): State<Site>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, WebError> {
    site.rates
        .count(site.now(), Limit::Writes, Whose::Person(actor.person()))?;
    let body: CompareBody = super::parse(&headers, &body)?;
    let other = Charter::from_toml(&body.charter)
        .map_err(|error| WebError::Form(vec![FieldFault::new("charter", format!("{error}."))]))?;
    let (ours, members) = site
        .node
        .read(|core| (core.charter().clone(), members_of(core)));
    let found = differences(&site, &ours, &other, &members).await?;
    let changes = found.changes.into_iter();
    let changes =
        changes.map(|(key, before, after)| json!({ "key": key, "before": before, "after": after }));
    let power = found.power.into_iter().map(|compared| {
        json!({
            "rule": compared.rule.as_str(),
            "before": power_json(Some(compared.before)),
            "after": power_json(Some(compared.after)),
        })
    });
    Ok(Json(json!({
        "hash": found.hash,
        "changes": changes.collect::<Vec<_>>(),
        "power": power.collect::<Vec<_>>(),
        "path": found.link,
    })))
}

fn power_json(powers: Option<Vec<Power>>) -> Value {
    let Some(powers) = powers else {
        return Value::Null;
    };
    let power = |power: Power| {
        json!({
            "class": power.class,
            "voters": power.voters,
            "as_one_millionths": power.as_one,
            "together_millionths": power.together,
            "each_millionths": power.each,
        })
    };
    Value::Array(powers.into_iter().map(power).collect())
}
