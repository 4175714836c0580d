//! The core's values as the pages' views.

use domain::{
    decision::Verdict,
    id::{CircleId, MemberId, PersonId, Timestamp},
    key::PublicKey,
    record::{Purpose, Roles},
};
use federation::{Core, Decision, Standing, State as Stand, finality::Finality};

use crate::{
    auth::{Actor, Place},
    catalogue::{Language, Plain},
    decisions,
    error::WebError,
    handlers::hosted::signatures,
    leaving,
    pages::{
        decide::Item,
        federation::Role,
        frame::{Frame, Session, Theme},
        home::Connection,
        parts::{Name, Outcome, State},
        time::Zone,
    },
    site::Site,
    standpoint::Standpoint,
};

/// What every page knows: its reader, its node, the moment.
pub(crate) fn frame(site: &Site, actor: Option<&Actor>, place: &Place) -> Result<Frame, WebError> {
    let now = site.now();
    let hosted = actor.and_then(Actor::hosted);
    let (federation, member, facts, applies, left) = site.node.read_as(hosted, |core| {
        let view = core.view();
        let left = leaving::own_departed(core);
        let member = match core.member() {
            Some(member) => name_of(core, &member),
            None => left
                .as_ref()
                .map_or_else(String::new, |left| left.name.clone()),
        };
        let applies = hosted.filter(|member| !view.members.contains_key(member));
        let applies = applies.map(|member| banner_of(core, &PublicKey(member.0), now));
        let facts = actor.map(|actor| {
            let person = actor.person();
            let Rights { steward, delegate } = Rights::of(core, &person);
            let waiting = if delegate {
                decisions::waiting_for(core, now)
            } else {
                0
            };
            (steward, delegate, waiting)
        });
        (
            core.genesis().name.clone(),
            member,
            facts,
            applies,
            left.map(left_banner),
        )
    });
    let session = match actor.zip(facts) {
        Some((actor, (steward, delegate, waiting))) => Some(Session {
            person: actor.account.name.clone(),
            delegate,
            steward,
            csrf: actor.form_token()?,
            waiting,
        }),
        None => None,
    };
    let account = actor.map(|actor| &actor.account);
    Ok(Frame {
        language: Language::default(),
        theme: account
            .and_then(|account| Theme::from_word(&account.theme))
            .unwrap_or_default(),
        zone: account
            .and_then(|account| Zone::named(&account.zone))
            .unwrap_or_else(Zone::utc),
        now,
        federation,
        member,
        session,
        done: place.done,
        applies: applies.is_some(),
        banner: applies.or(left).or_else(|| site.settings.banner.clone()),
        path: place.path.clone(),
    })
}

/// What every page of a node says on top whose member is one no more.
fn left_banner(left: leaving::Departed) -> String {
    let (say, name) = (Language::default(), Plain(left.name));
    let said = match left.expelled {
        true => say.left_expelled_banner(name, left.height),
        false => say.left_banner(name, left.height),
    };
    said.into_string()
}

/// What every page says on top to who signed up and is no member yet.
fn banner_of(core: &Core, root: &PublicKey, now: Timestamp) -> String {
    let say = Language::default();
    let said = match core.standing(root, now) {
        Standing::NoRegister => {
            let (signed, needed) = signatures(core, root);
            say.applicant_banner(signed, needed)
        }
        Standing::Unknown => say.applicant_banner_unknown(),
        Standing::Waiting | Standing::Proposed(_) => say.applicant_banner_waiting(),
        Standing::Voting { .. } => say.applicant_banner_voting(),
        Standing::Refused { .. } => say.applicant_banner_refused(),
        Standing::Outdated { .. } => say.applicant_banner_outdated(),
        Standing::Admitted { .. } => say.applicant_banner_admitted(),
    };
    said.into_string()
}

/// The name of a member, or of who applies to be one.
fn name_of(core: &Core, member: &MemberId) -> String {
    let (view, root) = (core.view(), PublicKey(member.0));
    if view.members.contains_key(member) {
        return view.member_name(member);
    }
    let candidate = view.candidates.get(&root);
    let application = view.applications.get(&root);
    candidate
        .map(|candidate| candidate.applicant.newcomer.name.clone())
        .or_else(|| application.map(|application| application.record.name.clone()))
        .unwrap_or_else(|| view.member_name(member))
}

/// A member's name and id.
pub(crate) fn member(core: &Core, id: &MemberId) -> Name {
    Name::new(id.to_string(), core.view().member_name(id))
}

/// A circle's name and id.
pub(crate) fn circle(core: &Core, id: &CircleId) -> Name {
    let known = core.view().circles.get(id);
    let name = known.map_or_else(|| id.short(), |circle| circle.record.name.clone());
    Name::new(id.to_string(), name)
}

/// The roles of a set of bits.
pub(crate) fn roles(roles: Roles) -> Vec<Role> {
    let all = [
        (Roles::STEWARD, Role::Steward),
        (Roles::DELEGATE, Role::Delegate),
        (Roles::WORKER, Role::Worker),
        (Roles::INDIVIDUAL, Role::Individual),
    ];
    all.into_iter()
        .filter(|(role, _)| roles.has(*role))
        .map(|(_, role)| role)
        .collect()
}

/// The roles of these words; unknown words are none.
pub(crate) fn roles_of_words(words: &[String]) -> Vec<Role> {
    let known = words.iter().filter_map(|word| Roles::from_word(word));
    roles(known.fold(Roles::none(), Roles::with))
}

pub(crate) fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Passed => Outcome::Passed,
        Verdict::Blocked => Outcome::Blocked,
        Verdict::NoQuorum => Outcome::NoQuorum,
        Verdict::Rejected => Outcome::Rejected,
    }
}

pub(crate) fn state(state: Stand) -> State {
    match state {
        Stand::Deliberation => State::Deliberation,
        Stand::Voting => State::Voting,
        Stand::Integration(until) => State::Integration(until),
        Stand::Closed(verdict) => State::Closed(outcome(verdict)),
        Stand::Withdrawn => State::Withdrawn,
    }
}

/// The state of a decision, with the review of one that has passed.
pub(crate) fn state_of(core: &Standpoint<'_>, decision: &Decision<'_>, now: Timestamp) -> State {
    let review = decisions::review_of(core, decision);
    if review.is_some_and(|date| date <= now) {
        return State::UnderReview;
    }
    match core.finality(decision) {
        Finality::Final(_, ended) => State::Final(ended.ending),
        Finality::Open(open)
            if now > open.phase().deadline && decision.state != Stand::Withdrawn =>
        {
            State::Counting
        }
        _ => state(decision.state),
    }
}

/// How a member's node is connected; of several nodes the best.
pub(crate) fn connection(core: &Core, member: &MemberId) -> Connection {
    // A member without a node is reached through its host's.
    let host = core.view().host_of(member);
    if core.member() == Some(host) {
        return Connection::Here;
    }
    let nodes = core.view().keys.iter().filter(|(_, known)| {
        known.purpose == Purpose::Node && known.member == host && !known.revoked
    });
    let nodes: Vec<_> = nodes.map(|(key, _)| key).collect();
    if nodes.iter().any(|node| core.is_connected(node)) {
        return Connection::Connected;
    }
    let heard = nodes.iter().filter_map(|node| core.last_heard(node)).max();
    // What the node said of itself was heard too, before this node was started.
    let said = nodes
        .iter()
        .filter_map(|node| core.view().nodes.get(node))
        .map(|n| n.time)
        .max();
    Connection::Silent(heard.max(said))
}

/// A decision as lists show it.
pub(crate) fn item(core: &Standpoint<'_>, decision: &Decision<'_>, now: Timestamp) -> Item {
    let phase = decision.phase.as_ref();
    let own = core.member().and_then(|own| phase?.count.counted.get(&own));
    Item {
        proposal: Name::new(decision.id.to_string(), decision.version.title.clone()),
        proposer: member(core, &decision.first.member),
        state: state_of(core, decision, now),
        review: decisions::review_of(core, decision),
        deadline: phase.map(|phase| phase.deadline),
        changed: changed(decision),
        cast: phase.map_or(0, |phase| phase.outcome.figures.cast),
        electors: phase.map_or(0, |phase| phase.outcome.figures.eligible),
        blocks: phase.map_or(0, |phase| phase.outcome.figures.block),
        own: own.map(|counted| counted.choice),
        needs_vote: decisions::needs_vote(core, decision),
    }
}

/// When something last happened to a decision.
fn changed(decision: &Decision<'_>) -> Timestamp {
    let phase = decision.phase.as_ref();
    let ballots = phase
        .into_iter()
        .flat_map(|phase| phase.ballots.values())
        .map(|b| b.time);
    let opened = phase.map(|phase| phase.opening.time);
    let comments = decision.proposal.comments().map(|comment| comment.time);
    let withdrawn = decision
        .proposal
        .withdrawal()
        .map(|withdrawal| withdrawal.time);
    let all = ballots.chain(opened).chain(comments).chain(withdrawn);
    all.fold(decision.version.time, Timestamp::max)
}

/// The decisions that a test picks, as lists show them.
pub(crate) fn items(
    core: &Standpoint<'_>,
    now: Timestamp,
    pick: impl Fn(&Decision<'_>) -> bool,
) -> Vec<Item> {
    let all = decisions::all(core, now);
    all.iter()
        .filter(|decision| pick(decision))
        .map(|decision| item(core, decision, now))
        .collect()
}

/// What of this member a person may do now.
pub(crate) struct Rights {
    pub steward: bool,
    pub delegate: bool,
}

impl Rights {
    pub(crate) fn of(core: &Standpoint<'_>, person: &PersonId) -> Self {
        // Of this member: what others grant under the same person id gives nothing here.
        let Some(member) = core.member() else {
            return Self {
                steward: false,
                delegate: false,
            };
        };
        let roles = core.view().roles_of(&member, person);
        Self {
            steward: roles.has(Roles::STEWARD),
            delegate: core.view().is_delegate(&member, person),
        }
    }

    /// Writes what its member says of itself: profiles, circles, openings.
    pub(crate) fn writes(&self) -> bool {
        self.steward || self.delegate
    }
}
