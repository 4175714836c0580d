//! Home: what waits, what is in motion, who is connected.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::id::{PersonId, Timestamp};
use federation::{Core, Decision, State as Stand};

use super::{federation as members, go, node, views, work};
use crate::{
    accounts::Account,
    acts,
    auth::{Actor, Form, Signed},
    decisions,
    error::WebError,
    onboarding::{self, Local},
    pages::{
        home::{self, Event, Happened, Home, Need, Own},
        onboarding::Checklist,
        parts::Name,
        work::ActionPoint,
    },
    site::Site,
    standpoint::Standpoint,
};

/// How many things the list of news has.
const NEWS: usize = 10;

/// How far ahead gatherings are shown, and how many.
const GATHERINGS_DAYS: u64 = 14;
const GATHERINGS_MAX: usize = 5;
/// How long before its day a review is shown.
const REVIEW_SOON_DAYS: u64 = 14;

/// `GET /`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let now = site.now();
    let is_delegate = frame.is_delegate();
    let actions = work::actions(&site, &actor, |core, action| {
        let who = work::reader(core, &actor);
        who.is_some_and(|who| work::is_for(action, &who))
    })
    .await?;
    let is_responsible = is_delegate || frame.is_steward();
    let has_root_key = acts::has_root_key(&site, &actor);
    let view = actor.read(&site, |core| {
        let all = decisions::all(core, now);
        let list = |pick: &dyn Fn(&Decision<'_>) -> bool| {
            all.iter()
                .filter(|d| pick(d))
                .map(|d| views::item(core, d, now))
                .collect()
        };
        let moving = |d: &Decision<'_>| {
            matches!(
                d.state,
                Stand::Voting | Stand::Deliberation | Stand::Integration(_)
            )
        };
        let mut waiting: Vec<(Need, &Decision<'_>)> = all
            .iter()
            .filter_map(|d| Some((need(core, d, actor.person(), is_delegate)?, d)))
            .collect();
        waiting.sort_by_key(|(need, _)| *need);
        let waiting = waiting.into_iter();
        let waiting = waiting.map(|(need, d)| (need, views::item(core, d, now)));
        let others = core.view().members.keys();
        let checklist = is_responsible
            .then(|| checklist(&site, core, &actor, &all, has_root_key))
            .flatten();
        let is_hidden = actor.account.checklist_hidden;
        Home {
            waiting: waiting.collect(),
            applications: members::unsigned(core).len() as u64,
            moving: list(&moving),
            members: others
                // The others have no node: they are connected as their hosts are.
                .filter(|id| core.view().host_of(id) == **id)
                .map(|id| (views::member(core, id), views::connection(core, id)))
                .collect(),
            stored: (core.replica().len() as u64, node::newest(core)),
            recent: recent(core, &all),
            own: own(core, &actor, now, actions),
            is_recovery_due: core.is_recovery_due(now),
            is_checklist_hidden: is_hidden && checklist.is_some(),
            checklist: checklist.filter(|_| !is_hidden),
        }
    });
    Ok(home::page(&frame, &view).into_response())
}

/// What a decision needs of the reader.
fn need(
    core: &Standpoint<'_>,
    decision: &Decision<'_>,
    person: PersonId,
    is_delegate: bool,
) -> Option<Need> {
    let moves = is_delegate && Some(decision.first.member) == core.member();
    let is_over = decision.state == Stand::Withdrawn;
    let is_reported = core.report(&decision.id).is_some();
    if moves && matches!(decision.state, Stand::Integration(_)) {
        Some(Need::Answer)
    } else if moves && core.is_before_the_register(decision) {
        Some(Need::OpenAgain)
    } else if !is_reported && !is_over && decisions::mediates(core, decision, person) {
        Some(Need::Report)
    } else if moves && decisions::can_call_after_report(core, decision) {
        Some(Need::Call)
    } else {
        (is_delegate && decisions::needs_vote(core, decision)).then_some(Need::Vote)
    }
}

/// What is the reader's own beside votes.
fn own(core: &Standpoint<'_>, actor: &Actor, now: Timestamp, actions: Vec<ActionPoint>) -> Own {
    let who = work::reader(core, actor);
    let until = now.plus_seconds(GATHERINGS_DAYS * work::DAY_S);
    let is_own = |each: &replica::view::Gathering| {
        let circle = &each.record.circle;
        who.is_some_and(|who| core.view().is_in_circle(circle, &who, now))
    };
    let soon = now.plus_seconds(REVIEW_SOON_DAYS * work::DAY_S);
    let reviews = decisions::reviews(core, now).into_iter();
    let reviews = reviews.filter(|(_, date)| *date <= soon);
    Own {
        actions,
        gatherings: work::happenings(core, now, until, GATHERINGS_MAX, is_own),
        terms: who.map_or_else(Vec::new, |who| work::terms_of(core, &who, now)),
        reviews: reviews
            .map(|(decision, date)| {
                let title = decision.version.title.clone();
                (Name::new(decision.id.to_string(), title), date)
            })
            .collect(),
    }
}

/// The first steps of the reader's co-op, unless all are done.
fn checklist(
    site: &Site,
    core: &Standpoint<'_>,
    actor: &Actor,
    all: &[Decision<'_>],
    has_root_key: bool,
) -> Option<Checklist> {
    let member = core.member()?;
    let account = &actor.account;
    let has_voted = |decision: &Decision<'_>| {
        let mut phases = decision.earlier.iter().chain(&decision.phase);
        phases.any(|phase| phase.count.counted.contains_key(&member))
    };
    let local = Local {
        is_hosted: actor.hosted().is_some(),
        has_root_key,
        has_peers: !core.peers().is_empty(),
        has_voted: all.iter().any(has_voted),
        sends_mail: site.settings.mail.is_some(),
        is_reminded: !account.mail.is_empty() && (account.reminders || account.digest),
    };
    let steps = onboarding::steps(core.view(), &member, site.now(), &local);
    let is_done = steps.iter().all(|(_, done)| *done);
    (!is_done).then(|| Checklist {
        steps,
        member: member.to_string(),
        sends_mail: local.sends_mail,
    })
}

/// `POST /checklist/hide`: puts the first steps away.
pub(crate) async fn hide_checklist(
    State(site): State<Site>,
    form: Form,
) -> Result<Response, WebError> {
    set_checklist(&site, &form, true).await
}

/// `POST /checklist/show`: shows them again.
pub(crate) async fn show_checklist(
    State(site): State<Site>,
    form: Form,
) -> Result<Response, WebError> {
    set_checklist(&site, &form, false).await
}

async fn set_checklist(site: &Site, form: &Form, hidden: bool) -> Result<Response, WebError> {
    let change = |account: &mut Account| account.checklist_hidden = hidden;
    site.accounts.change(form.actor.person(), change).await?;
    Ok(go("/"))
}

fn recent(core: &Core, all: &[Decision<'_>]) -> Vec<Event> {
    let mut events: Vec<Event> = core
        .view()
        .members
        .values()
        .filter(|member| !member.founder)
        .map(|member| {
            event(
                member.since,
                Happened::Admitted {
                    member: views::member(core, &member.id),
                },
            )
        })
        .collect();
    for decision in all {
        let proposal = Name::new(decision.id.to_string(), decision.version.title.clone());
        let first = decision.first;
        events.push(event(
            first.time,
            Happened::Proposed {
                member: views::member(core, &first.member),
                proposal: proposal.clone(),
            },
        ));
        for (member, counted) in decision.phase.iter().flat_map(|phase| &phase.count.counted) {
            events.push(event(
                counted.time,
                Happened::Voted {
                    member: views::member(core, member),
                    choice: counted.choice,
                    proposal: proposal.clone(),
                },
            ));
        }
        for comment in decision.proposal.comments() {
            events.push(event(
                comment.time,
                Happened::Commented {
                    member: views::member(core, &comment.member),
                    proposal: proposal.clone(),
                },
            ));
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(NEWS);
    events
}

fn event(at: Timestamp, what: Happened) -> Event {
    Event { at, what }
}
