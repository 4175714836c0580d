//! Action points, gatherings and terms as several pages show them.

use domain::{
    id::{CircleId, Hash, MemberId, PersonId, Timestamp},
    record::ActionState,
};
use replica::view::{Action, Gathering, Someone};

use super::views;
use crate::{
    auth::Actor,
    error::WebError,
    gatherings::{Occurrence, occurrences},
    pages::{
        action::People,
        parts::Name,
        work::{ActionPoint, Doer, Happening, Term},
    },
    site::Site,
    standpoint::Standpoint,
    texts::Texts,
};

/// How many action points one list has.
pub(crate) const ACTIONS_MAX: usize = 200;
/// How many persons a form offers.
const PEOPLE_MAX: usize = 500;
/// How long before its end a term is spoken of.
pub(crate) const TERM_SOON_DAYS: u64 = 30;
pub(crate) const DAY_S: u64 = 86_400;

/// Who reads, as records name persons.
pub(crate) fn reader(core: &Standpoint<'_>, actor: &Actor) -> Option<Someone> {
    Some((core.member()?, actor.person()))
}

/// The action points that a test picks, with their words, at most [`ACTIONS_MAX`].
pub(crate) async fn actions(
    site: &Site,
    actor: &Actor,
    pick: impl Fn(&Standpoint<'_>, &Action) -> bool,
) -> Result<Vec<ActionPoint>, WebError> {
    let picked: Vec<Action> = actor.read(site, |core| {
        let all = core.view().actions().into_iter();
        let picked = all.filter(|action| pick(core, action));
        picked.take(ACTIONS_MAX).collect()
    });
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    let notes = picked.iter().map(|action| action.words);
    let texts = Texts::load(&site.node, notes, []).await?;
    let now = site.now();
    Ok(actor.read(site, |core| {
        let who = reader(core, actor);
        let shown = picked.iter().map(|action| {
            let may = who.is_some_and(|who| may_change(core, action, &who, now));
            action_point(core, action, &texts, may)
        });
        shown.collect()
    }))
}

/// The open action points of a person with their words, by the day they are due.
pub(crate) async fn own_actions(
    site: &Site,
    hosted: Option<MemberId>,
    person: PersonId,
) -> Result<Vec<(Action, Option<String>)>, WebError> {
    let picked: Vec<Action> = site.node.read_as(hosted, |core| {
        let Some(member) = core.member() else {
            return Vec::new();
        };
        let all = core.view().actions().into_iter();
        let own = all.filter(|action| is_for(action, &(member, person)));
        own.take(ACTIONS_MAX).collect()
    });
    let texts = Texts::load(&site.node, picked.iter().map(|action| action.words), []).await?;
    let worded = picked.into_iter().map(|action| {
        let words = texts.note(&action.words).text().map(str::to_owned);
        (action, words)
    });
    Ok(worded.collect())
}

/// Whether a person's word on an action point counts.
pub(crate) fn may_change(
    core: &Standpoint<'_>,
    action: &Action,
    who: &Someone,
    now: Timestamp,
) -> bool {
    let record = &action.record;
    action.begun_by == *who
        || (record.member, record.person) == (who.0, Some(who.1))
        || core.view().is_in_circle(&record.circle, who, now)
}

fn action_point(
    core: &Standpoint<'_>,
    action: &Action,
    texts: &Texts,
    may_change: bool,
) -> ActionPoint {
    let (view, record) = (core.view(), &action.record);
    let name = |who: &Someone| view.person_name(&who.0, &who.1).map(str::to_owned);
    let person = record.person.map(|person| {
        let name = name(&(record.member, person));
        (person.to_string(), name)
    });
    ActionPoint {
        id: action.id.to_string(),
        words: texts.note(&action.words).text().map(str::to_owned),
        circle: views::circle(core, &record.circle),
        doer: Doer {
            member: views::member(core, &record.member),
            person,
        },
        due: record.due,
        state: record.state,
        changed: action.changed,
        begun: (name(&action.begun_by), action.begun),
        source: record.source.and_then(|source| source_of(core, &source)),
        may_change,
    }
}

/// The page and the title of what an action point comes from.
fn source_of(core: &Standpoint<'_>, source: &Hash) -> Option<(String, String)> {
    let (view, id) = (core.view(), domain::id::EntryId(source.0));
    if let Some(version) = view.proposals.get(&id).and_then(|known| known.current()) {
        return Some((format!("/decide/{id}"), version.title.clone()));
    }
    let begun = view.documents.get(&id)?.begun.as_ref()?;
    Some((format!("/documents/{id}"), begun.title.clone()))
}

/// Whether an action point is open and this person's to do.
pub(crate) fn is_for(action: &Action, who: &Someone) -> bool {
    let record = &action.record;
    record.state == ActionState::Open && (record.member, record.person) == (who.0, Some(who.1))
}

/// Who can do an action point of a circle: its people, then everybody else by name.
pub(crate) fn people(core: &Standpoint<'_>, circle: &CircleId, now: Timestamp) -> People {
    let view = core.view();
    let name = |who: &Someone| {
        let name = view.person_name(&who.0, &who.1)?;
        let label = format!("{name} ({})", view.member_name(&who.0));
        Some(Name::new(format!("{}:{}", who.0, who.1), label))
    };
    let of_circle: Vec<Someone> = view
        .participants(circle, now)
        .iter()
        .map(|each| (each.member, each.person))
        .collect();
    let acts = |who: &Someone| {
        view.roles_of(&who.0, &who.1) != domain::record::Roles::none()
            || view.is_delegate(&who.0, &who.1)
    };
    let others = view.persons.keys();
    let mut others: Vec<Name> = others
        .filter(|who| !of_circle.contains(who) && acts(who))
        .filter_map(name)
        .collect();
    others.sort_by_key(|each| each.name.to_lowercase());
    let members = view.members.values();
    let members = members.map(|member| Name::new(format!("{}:", member.id), member.name.clone()));
    // Who is in it can be chosen even before its name is here.
    let unnamed = |who: &Someone| {
        let label = format!("{} ({})", who.1.short(), view.member_name(&who.0));
        Name::new(format!("{}:{}", who.0, who.1), label)
    };
    let of_circle = of_circle.iter();
    let mut people: People = of_circle
        .map(|who| name(who).unwrap_or_else(|| unnamed(who)))
        .collect();
    people.extend(others.into_iter().take(PEOPLE_MAX));
    people.extend(members);
    people
}

/// The times at which gatherings of some circles happen, ascending.
pub(crate) fn happenings(
    core: &Standpoint<'_>,
    from: Timestamp,
    to: Timestamp,
    most: usize,
    pick: impl Fn(&Gathering) -> bool,
) -> Vec<Happening> {
    let mut found: Vec<Happening> = Vec::new();
    for gathering in core.view().gatherings().iter().filter(|each| pick(each)) {
        let times = occurrences(&gathering.record, from, to, most);
        found.extend(times.iter().map(|time| happening(core, gathering, time)));
    }
    found.sort_by_key(|each| (each.start, each.gathering.id.clone()));
    found.truncate(most);
    found
}

pub(crate) fn happening(
    core: &Standpoint<'_>,
    gathering: &Gathering,
    time: &Occurrence,
) -> Happening {
    Happening {
        gathering: Name::new(gathering.id.to_string(), gathering.record.title.clone()),
        circle: views::circle(core, &gathering.record.circle),
        start: time.start,
        end: time.end,
        day: time.day,
        place: gathering.record.place.clone(),
        is_cancelled: time.is_cancelled,
    }
}

/// The end of the term of a circle's coordinator, while there is something to say of it.
pub(crate) fn term(core: &Standpoint<'_>, circle: &CircleId, now: Timestamp) -> Option<Term> {
    let view = core.view();
    let soon = now.plus_seconds(TERM_SOON_DAYS * DAY_S);
    let end = view.coordinator_term(circle, soon)?;
    let name = view.person_name(&end.role.member, &end.role.person);
    Some(Term {
        circle: views::circle(core, circle),
        person: name.map(str::to_owned),
        until: end.until,
    })
}

/// The terms of a person that end soon or have ended.
pub(crate) fn terms_of(core: &Standpoint<'_>, who: &Someone, now: Timestamp) -> Vec<Term> {
    let view = core.view();
    let soon = now.plus_seconds(TERM_SOON_DAYS * DAY_S);
    let circles = view.circles.values().filter(|circle| !circle.record.ended);
    let own = circles.filter(|circle| {
        let end = view.coordinator_term(&circle.id, soon);
        end.is_some_and(|end| (end.role.member, end.role.person) == *who)
    });
    own.filter_map(|circle| term(core, &circle.id, now))
        .collect()
}
