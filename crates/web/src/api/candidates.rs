//! Who asks to be admitted by decision, as JSON.

use axum::{Json, extract::State};
use domain::id::{MemberId, Timestamp};
use federation::{Core, Standing};
use replica::view::Candidate;
use serde_json::{Value, json};

use crate::{auth::Caller, error::WebError, site::Site};

/// `GET /api/candidates`
pub(crate) async fn list(
    State(site): State<Site>,
    Caller(_): Caller,
) -> Result<Json<Value>, WebError> {
    let now = site.now();
    let candidates = site.node.read(|core| candidates(core, now));
    Ok(Json(json!({ "candidates": candidates })))
}

/// Who asks to be admitted by decision and has not entered yet, as JSON.
#[must_use]
pub fn candidates(core: &Core, now: Timestamp) -> Vec<Value> {
    let all = core.candidates(now);
    all.iter()
        .map(|(candidate, standing)| candidate_json(core, candidate, standing))
        .collect()
}

fn candidate_json(core: &Core, candidate: &Candidate, standing: &Standing) -> Value {
    let (view, applicant) = (core.view(), &candidate.applicant);
    let newcomer = &applicant.newcomer;
    let member = |id: MemberId| json!({ "member": id.to_string(), "name": view.member_name(&id) });
    json!({
        "root": newcomer.root.to_string(),
        "name": newcomer.name,
        "class": newcomer.class,
        "request": applicant.request,
        "contribution": applicant.contribution,
        "terms": applicant.terms.to_string(),
        "host": applicant.host.map(member),
        "through": member(candidate.through),
        "at_ms": candidate.time.0,
        "standing": standing_json(standing),
    })
}

pub(super) fn standing_json(standing: &Standing) -> Value {
    let (until, why) = match standing {
        Standing::Voting { until, .. } => (Some(until.0), None),
        Standing::Refused { why, .. } => (None, Some(why)),
        _ => (None, None),
    };
    json!({
        "state": standing.word(),
        "proposal": standing.proposal().map(|proposal| proposal.to_string()),
        "until_ms": until,
        "why": why,
    })
}

#[cfg(test)]
mod tests {
    use domain::id::{EntryId, Hash};

    use super::*;

    #[test]
    fn a_standing_says_what_is_known_of_it_and_null_elsewhere() {
        let proposal = EntryId([2; 32]);
        let (until, why) = (Timestamp(7), "rejected".to_owned());
        let shown = [
            Standing::Waiting,
            Standing::Voting { proposal, until },
            Standing::Refused { proposal, why },
            Standing::Outdated {
                charter: Hash([3; 32]),
            },
        ]
        .map(|standing| standing_json(&standing));
        let id = proposal.to_string();
        let expected = [
            json!({ "state": "waiting", "proposal": null, "until_ms": null, "why": null }),
            json!({ "state": "voting", "proposal": id, "until_ms": 7, "why": null }),
            json!({ "state": "refused", "proposal": id, "until_ms": null, "why": "rejected" }),
            json!({ "state": "outdated", "proposal": null, "until_ms": null, "why": null }),
        ];
        assert_eq!(shown, expected);
    }
}
