//! What a member hands over before it leaves, and that it has left.

use domain::id::{MemberId, PersonId, Timestamp};
use federation::{Core, State};
use register::{order::Departure, sizes::Sizes};
use serde::Serialize;

/// A member that another one serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it has moved on by its own word, and only the register still has the old host.
    pub by_register_only: bool,
}

/// An office, or the coordination of a circle, that a person holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What it is called.
    pub title: String,
    /// The circle; of the whole federation if none.
    pub circle: Option<String>,
    /// The person, if the name is known here.
    pub person: Option<String>,
    /// When the term ends.
    pub until_ms: Option<u64>,
}

/// Something that is open: an action point, or a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// Its id.
    pub id: String,
    /// The circle of an action point, the title of a vote.
    pub of: String,
    /// Whose it is, if a person's name is known here.
    pub person: Option<String>,
}

/// What a member hands over before it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaving {
    /// Its id.
    pub member: String,
    /// Its name.
    pub name: String,
    /// Whom its node serves: while there are any it cannot leave.
    pub hosted: Vec<Served>,
    /// Who asks to be admitted as a member that it serves.
    pub asking: Vec<String>,
    /// The offices, commissions and mediations of its people by decision.
    pub offices: Vec<Held>,
    /// The circles that its people coordinate.
    pub coordinates: Vec<Held>,
    /// The action points that are open in its people's names.
    pub actions: Vec<Open>,
    /// Its own proposals that are voted on.
    pub proposals: Vec<Open>,
    /// Whether its node witnesses and closes votes.
    pub is_validator: bool,
    /// How many nodes do.
    pub validators: usize,
    /// How many of those may be away or lie now, and after it has left.
    pub faulty: usize,
    /// How many after it has left.
    pub faulty_after: usize,
}

/// That a member is one no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Departed {
    /// Its name.
    pub name: String,
    /// The height from which it is none.
    pub height: u64,
    /// When that was, as far as the height tells.
    pub time_ms: Option<u64>,
    /// It was expelled; else it left.
    pub expelled: bool,
}

impl Departed {
    /// When it was.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.time_ms.map(Timestamp)
    }
}

/// That this is a member no more; nothing of who is one, or never was.
#[must_use]
pub fn departed(core: &Core, member: &MemberId) -> Option<Departed> {
    let former = core.order()?.former().get(member)?;
    let told = core.annals().heights().get(&former.since);
    Some(Departed {
        name: core.view().member_name(member),
        height: former.since,
        time_ms: told.map(|told| told.time.0),
        expelled: former.departure == Departure::Expelled,
    })
}

/// Who was a member, the last to go first.
#[must_use]
pub fn former(core: &Core) -> Vec<Departed> {
    let former = core.order().into_iter().flat_map(|order| order.former());
    let mut former: Vec<Departed> = former.filter_map(|(id, _)| departed(core, id)).collect();
    former.sort_by(|one, other| (other.height, &one.name).cmp(&(one.height, &other.name)));
    former
}

/// The same of the member whose node this is.
#[must_use]
pub fn own_departed(core: &Core) -> Option<Departed> {
    let own = core.view().former_of(&core.node())?.id;
    departed(core, &own)
}

/// What a member hands over; nothing before the register has begun, or of who is no member.
#[must_use]
pub fn leaving(core: &Core, member: &MemberId, now: Timestamp) -> Option<Leaving> {
    let chain = core.register_chain()?;
    chain.order().members().get(member)?;
    let validators = chain.validators();
    let is_validator = validators.iter().any(|(_, one)| one.member == *member);
    let (count, less) = (validators.sizes().all(), usize::from(is_validator));
    Some(Leaving {
        member: member.to_string(),
        name: core.view().member_name(member),
        hosted: hosted(core, member),
        asking: asking(core, member, now),
        offices: offices(core, member, now),
        coordinates: coordinates(core, member, now),
        actions: actions(core, member),
        proposals: proposals(core, member, now),
        is_validator,
        validators: count,
        faulty: Sizes::of(count).faulty(),
        faulty_after: Sizes::of(count - less).faulty(),
    })
}

fn hosted(core: &Core, member: &MemberId) -> Vec<Served> {
    let view = core.view();
    let registered = core.order().into_iter().flat_map(|order| order.members());
    let registered = registered.filter(|(id, one)| *id != member && one.host == *member);
    let mut all: Vec<MemberId> = registered.map(|(id, _)| *id).collect();
    let served = view.hosts().remove(member).unwrap_or_default();
    all.extend(served.iter().copied());
    all.sort_unstable();
    all.dedup();
    all.iter()
        .map(|id| Served {
            id: id.to_string(),
            name: view.member_name(id),
            by_register_only: !served.contains(id),
        })
        .collect()
}

fn asking(core: &Core, member: &MemberId, now: Timestamp) -> Vec<String> {
    let candidates = core.candidates(now).into_iter();
    candidates
        .filter(|(candidate, _)| candidate.applicant.host == Some(*member))
        .map(|(candidate, _)| candidate.applicant.newcomer.name.clone())
        .collect()
}

fn person(core: &Core, member: &MemberId, person: &PersonId) -> Option<String> {
    let name = core.view().person_name(member, person);
    name.map(str::to_owned)
}

fn circle(core: &Core, id: &domain::id::CircleId) -> String {
    let known = core.view().circles.get(id);
    known.map_or_else(|| id.short(), |circle| circle.record.name.clone())
}

fn offices(core: &Core, member: &MemberId, now: Timestamp) -> Vec<Held> {
    let Some(order) = core.order() else {
        return Vec::new();
    };
    let mut held = Vec::new();
    for ((of, title), holder) in order.offices() {
        let is_over = holder.until.is_some_and(|until| until <= now);
        if holder.who.member == *member && !is_over {
            held.push(Held {
                title: title.clone(),
                circle: of.as_ref().map(|id| circle(core, id)),
                person: person(core, member, &holder.who.person),
                until_ms: holder.until.map(|until| until.0),
            });
        }
    }
    let commissions = order.commissions().iter();
    let commissions = commissions.map(|(name, one)| (name.clone(), &one.people, one.until));
    let mediations = order.mediations().iter();
    let mediations = mediations.map(|(proposal, one)| {
        let title = format!("mediation {}", proposal.short());
        (title, &one.people, one.until)
    });
    for (title, people, until) in commissions.chain(mediations) {
        let own = people.iter().filter(|one| one.member == *member);
        held.extend(own.filter(|_| now < until).map(|one| Held {
            title: title.clone(),
            circle: None,
            person: person(core, member, &one.person),
            until_ms: Some(until.0),
        }));
    }
    held
}

fn coordinates(core: &Core, member: &MemberId, now: Timestamp) -> Vec<Held> {
    let view = core.view();
    let mut held = Vec::new();
    for known in view.circles.values().filter(|known| !known.record.ended) {
        for each in view.participants(&known.id, now) {
            let roles = each.roles.iter().filter(|role| role.is_coordinator());
            held.extend(roles.filter(|_| each.member == *member).map(|role| Held {
                title: role.title.clone(),
                circle: Some(known.record.name.clone()),
                person: person(core, member, &each.person),
                until_ms: role.until.map(|until| until.0),
            }));
        }
    }
    held
}

fn actions(core: &Core, member: &MemberId) -> Vec<Open> {
    let all = core.view().actions().into_iter();
    all.filter(|action| action.is_open() && action.record.member == *member)
        .map(|action| Open {
            id: action.id.to_string(),
            of: circle(core, &action.record.circle),
            person: action
                .record
                .person
                .and_then(|known| person(core, member, &known)),
        })
        .collect()
}

fn proposals(core: &Core, member: &MemberId, now: Timestamp) -> Vec<Open> {
    let ids = core.view().proposals.keys();
    let decisions = ids.filter_map(|id| core.decision(id, now));
    decisions
        .filter(|one| one.first.member == *member)
        .filter(|one| matches!(one.state, State::Voting | State::Integration(_)))
        .map(|one| Open {
            id: one.id.to_string(),
            of: one.version.title.clone(),
            person: None,
        })
        .collect()
}
