//! How a newcomer becomes a member, one entry after the other. What is missing is read from the view, so
//! a stop between any two is taken up where it was.

use domain::{
    charter::ClassKind,
    id::{MemberId, Timestamp},
    key::{PublicKey, Signature},
    record::{self, Custody, Delegate, Enter, Join},
};
use federation::{Act, Core, Standing};
use replica::view::{HostState, Member};

use super::{Newcomer, kind_of, roles_of};
use crate::{error::WebError, seal::Purpose, site::Site};

/// The most entries that make one member.
const STEPS_MAX: usize = 8;

/// What a newcomer needs next.
enum Step {
    /// The node applies for it, or offers to host it.
    Node(Act),
    /// Its root key signs.
    Root(Act),
    /// Its person's key signs.
    Person(Act),
    /// It is not admitted yet.
    Wait,
    /// It is a member with a host, a key and a vote.
    Done,
}

fn next_step(core: &Core, newcomer: &Newcomer, now: Timestamp) -> Step {
    let Some(host) = core.member() else {
        return Step::Wait;
    };
    match core.view().members.get(&newcomer.member()) {
        Some(known) => as_member(core, newcomer, known, host),
        None if core.register_chain().is_some() => by_decision(core, newcomer, host, now),
        None => by_founders(core, newcomer, host),
    }
}

/// What makes a member of who was admitted and whose log has begun.
fn as_member(core: &Core, newcomer: &Newcomer, known: &Member, host: MemberId) -> Step {
    let (view, member) = (core.view(), newcomer.member());
    // Of a member that comes from elsewhere the last word counts, and its invitation was the yes.
    match view.hosted(&member) {
        Some(hosted) if hosted.choice.host == host => {
            let answers = view.answers.get(&member);
            let answer = answers.and_then(|answers| answers.get(&(hosted.number, host)));
            // Who was refused and is invited again is welcome again.
            let is_older = answer.is_some_and(|answer| answer.time.0 < newcomer.created);
            let is_refused = hosted.state == HostState::Refused;
            if hosted.state == HostState::Pending || (is_refused && is_older) {
                let accepts = true;
                return Step::Node(Act::Hosting { member, accepts });
            }
        }
        _ => return Step::Root(Act::Host { host }),
    }
    if view.granted_by(&member, &newcomer.key).is_none() {
        let kind = kind_of(core, &newcomer.class).unwrap_or(ClassKind::Organisation);
        return Step::Root(grant_of(newcomer, kind));
    }
    let is_named = view.person_name(&member, &newcomer.person).is_some();
    match known.mandate {
        Some(_) if is_named => Step::Done,
        Some(_) => Step::Person(Act::Person {
            person: newcomer.person,
            name: newcomer.person_name.clone(),
            contact: String::new(),
        }),
        None => Step::Root(Act::Mandate {
            delegates: vec![Delegate {
                key: newcomer.key,
                person: newcomer.person,
            }],
        }),
    }
}

/// Once the register has begun a decision admits: the application goes to all members.
fn by_decision(core: &Core, newcomer: &Newcomer, host: MemberId, now: Timestamp) -> Step {
    let (view, member) = (core.view(), newcomer.member());
    if let Standing::Admitted { member, newcomer } = core.standing(&newcomer.root, now) {
        return Step::Root(Act::Enter(Enter { member, newcomer }));
    }
    let Some(applicant) = newcomer.applicant() else {
        return Step::Wait;
    };
    let can_be_decided = applicant.terms == core.charter().hash() && !core.has_left(&member);
    if can_be_decided && !newcomer.has_reached(core) {
        return Step::Node(Act::ApplyToAll(Box::new(applicant)));
    }
    if !view.offers_to(&member).contains_key(&host) {
        let accepts = true;
        return Step::Node(Act::Hosting { member, accepts });
    }
    Step::Wait
}

/// Before the register founders admit.
fn by_founders(core: &Core, newcomer: &Newcomer, host: MemberId) -> Step {
    let (view, member) = (core.view(), newcomer.member());
    if !view.applications.contains_key(&newcomer.root) {
        return Step::Node(Act::Apply {
            application: record::Application {
                root: newcomer.root,
                name: newcomer.name.clone(),
                class: newcomer.class.clone(),
                proof: Signature(newcomer.application),
            },
            request: newcomer.request.clone(),
        });
    }
    if !view.offers_to(&member).contains_key(&host) {
        let accepts = true;
        return Step::Node(Act::Hosting { member, accepts });
    }
    let newcomer = newcomer.record();
    let signed = view.admissions.get(&newcomer).into_iter().flatten();
    let admissions: Vec<record::Admission> = signed.map(|(_, signed)| *signed).collect();
    if admissions.len() < core.genesis().admissions_needed() {
        return Step::Wait;
    }
    Step::Root(Act::Join(Join {
        newcomer,
        admissions,
    }))
}

fn grant_of(newcomer: &Newcomer, kind: ClassKind) -> Act {
    let custody = match newcomer.signs_itself() {
        true => Custody::Person,
        false => Custody::Node,
    };
    Act::Grant {
        purpose: record::Purpose::Person,
        key: newcomer.key,
        person: Some(newcomer.person),
        roles: roles_of(kind),
        custody,
        proof: Some(Signature(newcomer.grant)),
    }
}

/// Takes every newcomer as far as it can go now. Called when something changed and now and then.
///
/// # Errors
/// When the store fails; what the core refuses is logged and tried again.
pub async fn go_on_all(site: &Site) -> Result<(), WebError> {
    for newcomer in site.hosted.newcomers().await? {
        if let Err(error) = go_on(site, &newcomer).await {
            tracing::warn!(name = newcomer.name, %error, "a newcomer waits");
        }
    }
    Ok(())
}

pub(super) async fn go_on(site: &Site, newcomer: &Newcomer) -> Result<(), WebError> {
    let _joining = site.hosted.joining.lock().await;
    // It may have been removed, or have applied again, since it was read.
    let Some(newcomer) = &site.hosted.of(newcomer.member()).await? else {
        return Ok(());
    };
    if site.accounts.of(newcomer.person).await?.is_none() {
        return site.hosted.newcomers.delete(&newcomer.root.0).await;
    }
    // Two entries of the node, four of the root key, one of the person: more means that what was
    // signed does not stand.
    for _ in 0..STEPS_MAX {
        let (key, act) = match site.node.read(|core| next_step(core, newcomer, site.now())) {
            Step::Wait => return Ok(()),
            Step::Done => return site.hosted.newcomers.delete(&newcomer.root.0).await,
            Step::Node(act) => (site.node.key.clone(), act),
            Step::Root(act) => match newcomer.key(site, Purpose::Newcomer)? {
                Some(key) => (key, act),
                None => return Ok(()),
            },
            Step::Person(act) => match newcomer.key(site, Purpose::NewcomerPerson)? {
                Some(key) => (key, act),
                None => return Ok(()),
            },
        };
        site.node.act(key, act).await?;
    }
    Err(WebError::Conflict {
        code: "does-not-stand",
        message: "What was signed for this newcomer does not stand.".to_owned(),
    })
}

/// What a newcomer whose keys are with the person signs next there, and with which; nothing while it
/// waits or when it is done.
#[must_use]
pub fn asked_of(core: &Core, newcomer: &Newcomer, now: Timestamp) -> Option<(PublicKey, Act)> {
    match next_step(core, newcomer, now) {
        Step::Root(act) => Some((newcomer.root, act)),
        Step::Person(act) => Some((newcomer.key, act)),
        _ => None,
    }
}
