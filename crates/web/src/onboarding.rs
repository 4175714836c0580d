//! The first steps of a new co-op: what is done and what is not. A pure function of what the
//! federation knows and of what only this node knows.

use domain::{
    id::{MemberId, Timestamp},
    record::{Purpose, Roles},
};
use replica::view::{HostState, View};

/// What only this node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Whether the member is hosted here rather than having this node.
    pub is_hosted: bool,
    /// Whether the member's root key can be used here.
    pub has_root_key: bool,
    /// Whether another node was ever heard, or could be.
    pub has_peers: bool,
    /// Whether the member's vote counts in some decision.
    pub has_voted: bool,
    /// Whether this node sends mail.
    pub sends_mail: bool,
    /// Whether the person is reminded by mail.
    pub is_reminded: bool,
}

/// A first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The member describes itself.
    Profile,
    /// Somebody votes for it.
    Delegate,
    /// It does not depend on one person and one disk.
    SecondSteward,
    /// More than one person acts for it.
    People,
    /// Somebody of it is in a circle.
    Circle,
    /// It has voted.
    Vote,
    /// Other nodes reach its node.
    Node,
    /// A host serves it.
    Host,
    /// The reader hears by mail when the vote is missing.
    Mail,
}

impl Step {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Delegate => "delegate",
            Self::SecondSteward => "second-steward",
            Self::People => "people",
            Self::Circle => "circle",
            Self::Vote => "vote",
            Self::Node => "node",
            Self::Host => "host",
            Self::Mail => "mail",
        }
    }
}

/// The steps that apply to a member, in order, each with whether it is done.
#[must_use]
pub fn steps(view: &View, member: &MemberId, now: Timestamp, local: &Local) -> Vec<(Step, bool)> {
    let Some(known) = view.members.get(member) else {
        return Vec::new();
    };
    let described = known
        .profile
        .as_ref()
        .is_some_and(|profile| !profile.description.is_empty());
    let mandated = known
        .mandate
        .as_ref()
        .is_some_and(|mandate| !mandate.delegates.is_empty());
    let own = || {
        let persons = view.persons.keys().filter(|(of, _)| of == member);
        persons.map(|(_, person)| person)
    };
    let with = |role: Roles| {
        let holders = own().filter(|person| view.roles_of(member, person).has(role));
        holders.count()
    };
    let acting = own()
        .filter(|person| {
            view.roles_of(member, person) != Roles::none() || view.is_delegate(member, person)
        })
        .count();
    let in_circle = own().any(|person| !view.circles_of(member, person, now).is_empty());
    let safe = with(Roles::STEWARD) > 1 || !local.has_root_key;
    // Who is a member in person needs nobody else.
    let alone = known.class == "individual";
    let mut steps = vec![(Step::Profile, described), (Step::Delegate, mandated)];
    if !alone {
        steps.push((Step::SecondSteward, safe));
        steps.push((Step::People, acting > 1));
    }
    steps.push((Step::Circle, in_circle));
    steps.push((Step::Vote, local.has_voted));
    if local.is_hosted {
        let served = view.hosted(member);
        let served = served.is_some_and(|hosted| hosted.state == HostState::InForce);
        steps.push((Step::Host, served));
    } else {
        steps.push((Step::Node, is_reachable(view, member) && local.has_peers));
    }
    if local.sends_mail || !local.is_hosted {
        steps.push((Step::Mail, local.sends_mail && local.is_reminded));
    }
    steps
}

/// Whether a member's node told the others where it can be reached.
fn is_reachable(view: &View, member: &MemberId) -> bool {
    let mut nodes = view.nodes.iter();
    nodes.any(|(key, node)| {
        let granted = view.granted_by(member, key);
        let is_node = granted.is_some_and(|known| known.purpose == Purpose::Node && !known.revoked);
        is_node && !node.endpoint.addresses.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        id::CircleId,
        record::{Membership, Profile, Record},
    };
    use replica::{
        Replica,
        testing::{Cast, grant_machine, grant_person, mandate},
    };

    use super::*;

    const ALONE: Local = Local {
        is_hosted: false,
        has_root_key: true,
        has_peers: false,
        has_voted: false,
        sends_mail: false,
        is_reminded: false,
    };

    fn open_steps(replica: &Replica, cast: &Cast, local: &Local) -> Vec<&'static str> {
        let (view, member) = (replica.view(), cast.member(0));
        let steps = steps(&view, &member, cast.now(), local).into_iter();
        let open = steps.filter(|(_, done)| !done);
        open.map(|(step, _)| step.as_str()).collect()
    }

    #[test]
    fn each_step_goes_away_when_it_is_done() {
        let mut cast = Cast::new(2);
        let mut replica = Replica::new(cast.genesis.clone());
        let founded = cast.found();
        for entry in founded {
            let _ = replica.offer(cast.now(), entry);
        }
        let all = [
            "profile",
            "delegate",
            "second-steward",
            "people",
            "circle",
            "vote",
            "node",
            "mail",
        ];
        assert_eq!(open_steps(&replica, &cast, &ALONE), all);

        let (mut one, two, node) = (cast.newcomer(), cast.newcomer(), cast.newcomer());
        let member = cast.member(0);
        let profile = Profile {
            name: "Co-op".to_owned(),
            region: String::new(),
            description: "We bake.".to_owned(),
            website: String::new(),
        };
        let mut entries = Vec::new();
        let granted = cast.by_root(0, &grant_person(&one, member, Roles::STEWARD));
        let grant = granted.id(&cast.federation());
        entries.push(granted);
        for record in [
            Record::Profile(profile),
            grant_person(&two, member, Roles::STEWARD),
            grant_machine(&node, member, Purpose::Node),
            mandate(1, &[one.key()]),
        ] {
            entries.push(cast.by_root(0, &record));
        }
        let (circle, joined) = (CircleId([1; 16]), true);
        let membership = Record::Membership(Membership { circle, joined });
        entries.push(cast.by(&mut one, grant, &membership));
        for entry in entries {
            let _ = replica.offer(cast.now(), entry);
        }
        // A circle that nobody has described is none to show.
        assert_eq!(
            open_steps(&replica, &cast, &ALONE),
            ["circle", "vote", "node", "mail"]
        );
        let local = Local {
            has_voted: true,
            sends_mail: true,
            is_reminded: true,
            has_peers: true,
            ..ALONE
        };
        assert_eq!(open_steps(&replica, &cast, &local), ["circle", "node"]);
    }

    #[test]
    fn a_hosted_member_is_asked_for_its_host_and_not_for_a_node() {
        let mut cast = Cast::new(2);
        let mut replica = Replica::new(cast.genesis.clone());
        for entry in cast.found() {
            let _ = replica.offer(cast.now(), entry);
        }
        let hosted = Local {
            is_hosted: true,
            ..ALONE
        };
        let open = open_steps(&replica, &cast, &hosted);
        assert!(
            open.contains(&"host") && !open.contains(&"node"),
            "{open:?}"
        );
        assert!(!open.contains(&"mail"), "its host sends none");
    }
}
