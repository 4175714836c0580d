//! A circle of the demo at work: who is in it, what is to be done, when it gathers. All invented.

use domain::{
    id::{CircleId, MemberId, PersonId, Timestamp},
    key::SecretKey,
    record::{self, ActionState, Repetition, Rhythm, Until},
};
use federation::Act;

use super::{cast::Coop, past::Past};
use crate::failure::Outcome;

/// How many acts it takes, each of a second.
pub const SECONDS: u64 = 10;
const DAY_S: u64 = 86_400;

/// Three co-ops' delegates are in the first circle. The first co-op is left to whoever looks, and
/// its person has something to do there.
pub fn work(past: &mut Past, coops: &[Coop]) -> Outcome {
    let known = past.core().view().circles.keys().next().copied();
    let (Some(circle), [own, one, two, three, ..]) = (known, coops) else {
        return Ok(());
    };
    for coop in [one, two, three] {
        let joined = true;
        let membership = record::Membership { circle, joined };
        past.act(&coop.delegate.key(), Act::Membership(membership))?;
    }
    let term = record::Role {
        circle,
        person: one.delegate.person,
        title: record::COORDINATOR.to_owned(),
        until: Some(past.now().plus_seconds(20 * DAY_S)),
    };
    past.act(&one.delegate.key(), Act::Role(term))?;
    let key = one.delegate.key();
    for (who, days, words) in [
        (delegate(own), 3, "Say who of you can be reached at night"),
        (
            delegate(two),
            10,
            "Ask three co-ops for an offer of a second server",
        ),
        (
            (member(three), None),
            40,
            "Translate the page about outages",
        ),
    ] {
        let due = past.now().plus_seconds(days * DAY_S);
        begin(past, &key, circle, who, due, words)?;
    }
    let mut gathering = record::Gathering {
        gathering: None,
        circle,
        title: "Server care call".to_owned(),
        start: past.now(),
        minutes: 60,
        zone: "Europe/Madrid".to_owned(),
        repetition: Some(Repetition {
            rhythm: Rhythm::Weeks,
            every: 2,
            until: Until::Open,
        }),
        place: "The room of the circle".to_owned(),
        cancelled: Vec::new(),
        ended: false,
    };
    gathering.start = next_tuesday(&gathering).unwrap_or(gathering.start);
    past.act(&key, Act::Gathering(gathering))?;
    Ok(())
}

/// Four in the afternoon of the next Tuesday, in the gathering's zone.
fn next_tuesday(gathering: &record::Gathering) -> Option<Timestamp> {
    let zone = web::gatherings::zone_of(gathering);
    let (today, _) = web::gatherings::local(gathering.start, &zone);
    let mut day = today.tomorrow().ok()?;
    while day.weekday().to_monday_zero_offset() != 1 {
        day = day.tomorrow().ok()?;
    }
    web::gatherings::moment(day, "16:00".parse().ok()?, &zone)
}

fn member(coop: &Coop) -> MemberId {
    MemberId(coop.root.public().0)
}

fn delegate(coop: &Coop) -> (MemberId, Option<PersonId>) {
    (member(coop), Some(coop.delegate.person))
}

fn begin(
    past: &mut Past,
    key: &SecretKey,
    circle: CircleId,
    (member, person): (MemberId, Option<PersonId>),
    due: Timestamp,
    words: &str,
) -> Outcome {
    let action = record::Action {
        action: None,
        circle,
        member,
        person,
        due: Some(due),
        state: ActionState::Open,
        source: None,
    };
    let words = words.to_owned();
    past.act(key, Act::Action { action, words })?;
    Ok(())
}
