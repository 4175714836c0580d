//! Members, their profiles, and who asks to join.

use ::federation::{Act, Core};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{MemberId, Timestamp},
    key::PublicKey,
    record::{Newcomer, Profile},
};

use super::{go, submit::submit, views};
use crate::{
    acts, api,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    leaving,
    pages::{
        applications::{self, Application, Applications},
        federation::{self, Host, Listed, Member, Members},
        form::Filled,
    },
    site::Site,
    standpoint::Standpoint,
    texts::Texts,
};

/// Applications of co-ops that are no members yet, oldest first.
fn applications_of(core: &Core) -> Vec<&replica::view::Application> {
    let view = core.view();
    let is_member = |root: &PublicKey| view.members.contains_key(&MemberId(root.0));
    let mut waiting: Vec<_> = view
        .applications
        .values()
        .filter(|a| !is_member(&a.record.root))
        .collect();
    waiting.sort_by_key(|application| (application.time, application.entry));
    waiting
}

fn signed_by(core: &Core, application: &replica::view::Application) -> Vec<MemberId> {
    let record = &application.record;
    let newcomer = Newcomer {
        root: record.root,
        class: record.class.clone(),
        name: record.name.clone(),
    };
    let admissions = core.view().admissions.get(&newcomer);
    admissions
        .into_iter()
        .flatten()
        .map(|(root, _)| MemberId(root.0))
        .collect()
}

/// The applications the reader's member could sign and has not.
pub(crate) fn unsigned<'a>(core: &'a Standpoint<'_>) -> Vec<&'a replica::view::Application> {
    let Some(own) = core.member() else {
        return Vec::new();
    };
    let is_founder = core
        .view()
        .members
        .get(&own)
        .is_some_and(|member| member.founder);
    let mut waiting = applications_of(core);
    waiting.retain(|application| is_founder && !signed_by(core, application).contains(&own));
    waiting
}

pub(crate) fn class_name(core: &Core, id: &str) -> String {
    let classes = &core.charter().terms().classes;
    let known = classes.iter().find(|class| class.id.as_str() == id);
    known.map_or_else(|| id.to_owned(), |class| class.name.clone())
}

/// Whose node serves a member.
fn host_of(core: &Core, member: &MemberId) -> Host {
    let view = core.view();
    match view.hosted(member) {
        None => Host::Own,
        Some(hosted) => match hosted.host {
            Some(host) if host == *member => Host::Own,
            Some(host) => Host::Hosted(views::member(core, &host)),
            None => Host::Asked(match view.members.get(&hosted.choice.host) {
                Some(host) => host.name.clone(),
                None => String::new(),
            }),
        },
    }
}

/// `GET /federation`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let view = site.node.read(|core| {
        let held = core.view().votes_held();
        let mut listed: Vec<Listed> = core
            .view()
            .members
            .values()
            .map(|member| Listed {
                member: views::member(core, &member.id),
                class: class_name(core, &member.class),
                region: member
                    .profile
                    .as_ref()
                    .map(|p| p.region.clone())
                    .unwrap_or_default(),
                connection: views::connection(core, &member.id),
                host: host_of(core, &member.id),
                votes_held: held.get(&member.id).copied().unwrap_or(0),
            })
            .collect();
        listed.sort_by_key(|listed| listed.member.name.to_lowercase());
        Members {
            members: listed,
            applications: applications_of(core).len() as u64,
            federation: core.federation().to_string(),
            former: leaving::former(core),
        }
    });
    Ok(federation::members(&frame, &view).into_response())
}

/// `GET /members/{id}`
pub(crate) async fn member(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let missing = || WebError::NotFound { what: "member" };
    let id: MemberId = id.parse().map_err(|_| missing())?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let now = site.now();
    let view = actor
        .read(&site, |core| member_view(core, now, &id, &actor))
        .ok_or_else(missing)?;
    Ok(federation::member(&frame, &view).into_response())
}

fn member_view(
    core: &Standpoint<'_>,
    now: Timestamp,
    id: &MemberId,
    actor: &Actor,
) -> Option<Member> {
    let view = core.view();
    let former = || view.former.get(id);
    let member = view.members.get(id).or_else(former)?;
    let profile = member.profile.clone().unwrap_or(Profile {
        name: member.name.clone(),
        region: String::new(),
        description: String::new(),
        website: String::new(),
    });
    let own = view.persons.iter().filter(|((member, _), _)| member == id);
    let people = own.clone().filter_map(|((member, person), known)| {
        let roles = views::roles(view.roles_of(member, person));
        (!roles.is_empty()).then(|| (known.name.clone(), roles))
    });
    let mut circles: Vec<_> = own
        .flat_map(|((member, person), _)| view.circles_of(member, person, now))
        .filter(|circle| !circle.record.ended)
        .map(|circle| views::circle(core, &circle.id))
        .collect();
    circles.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    circles.dedup();
    let forks = core.replica().forks();
    let forked = forks.iter().find(|fork| fork.member == *id);
    Some(Member {
        member: views::member(core, id),
        class: class_name(core, &member.class),
        region: profile.region,
        description: profile.description,
        website: profile.website,
        since: member.since,
        connection: views::connection(core, id),
        host: host_of(core, id),
        hosts: (view.hosts().get(id).into_iter().flatten())
            .map(|id| views::member(core, id))
            .collect(),
        claims: (view.hosted(id).into_iter())
            .flat_map(|hosted| hosted.claims.into_keys())
            .map(|id| views::member(core, &id))
            .collect(),
        root_key: member.root.to_string(),
        people: people.collect(),
        circles,
        proposals: views::items(core, now, |decision| decision.first.member == *id),
        forked: forked
            .and_then(|fork| core.replica().find(&fork.entries[0]))
            .map(|stored| stored.received),
        may_edit: core.member() == Some(*id) && views::Rights::of(core, &actor.person()).writes(),
        departed: leaving::departed(core, id),
    })
}

async fn profile_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let own = actor.read(site, |core| {
        let member = core
            .member()
            .and_then(|own| core.view().members.get(&own))?;
        Some((member.name.clone(), member.profile.clone()))
    });
    let (name, profile) = own.ok_or(WebError::NotFound { what: "member" })?;
    let (region, description, website) = match &profile {
        Some(profile) => (&*profile.region, &*profile.description, &*profile.website),
        None => ("", "", ""),
    };
    let stands = [&*name, region, description, website];
    Ok(federation::edit_profile(&frame, stands, filled).into_response())
}

/// `GET /profile`
pub(crate) async fn profile(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    profile_page(&site, &actor, &place, &Filled::default()).await
}

/// `POST /profile`
pub(crate) async fn do_profile(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let field = |name| form.fields.get(name).to_owned();
    let act = Act::Profile(Profile {
        name: field("name"),
        region: field("region"),
        description: field("description"),
        website: field("website"),
    });
    let own = form
        .actor
        .member(&site)
        .ok_or(WebError::NotFound { what: "member" })?;
    let work = async {
        acts::perform(&site, &form.actor, act).await?;
        Ok(format!("/members/{own}?done=saved"))
    };
    submit(&site, &form, work, async |filled| {
        profile_page(&site, &form.actor, &form.place, &filled).await
    })
    .await
}

async fn applications_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let ids: Vec<_> = site
        .node
        .read(|core| applications_of(core).iter().map(|a| a.entry).collect());
    let texts = Texts::load(&site.node, ids, []).await?;
    let has_root_key = acts::has_root_key(site, actor);
    let view = actor.read(site, |core| {
        let own = core.member();
        let is_founder = own
            .and_then(|own| core.view().members.get(&own))
            .is_some_and(|m| m.founder);
        let application = |application: &replica::view::Application| {
            let signed = signed_by(core, application);
            Application {
                root_key: application.record.root.to_string(),
                name: application.record.name.clone(),
                class: class_name(core, &application.record.class),
                request: texts
                    .note(&application.entry)
                    .text()
                    .unwrap_or("")
                    .to_owned(),
                at: application.time,
                signed_by: signed
                    .iter()
                    .map(|id| core.view().member_name(id))
                    .collect(),
                needed: core.genesis().admissions_needed() as u64,
                host: core
                    .view()
                    .offers_to(&MemberId(application.record.root.0))
                    .into_keys()
                    .find(|host| *host == application.through)
                    .map(|host| core.view().member_name(&host)),
                signed_here: own.is_some_and(|own| signed.contains(&own)),
            }
        };
        Applications {
            applications: applications_of(core).into_iter().map(application).collect(),
            may_admit: is_founder
                && has_root_key
                && views::Rights::of(core, &actor.person()).steward,
            password_needed: actor.account.has_root(),
        }
    });
    Ok(applications::page(&frame, &view, filled).into_response())
}

/// `GET /federation/applications`
pub(crate) async fn applications(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    if site.node.read(|core| core.register_chain().is_some()) {
        // Decisions admit now, not founders.
        return Ok(go("/applicants"));
    }
    applications_page(&site, &actor, &place, &Filled::default()).await
}

/// `POST /federation/applications/{key}/admit`
pub(crate) async fn admit(
    State(site): State<Site>,
    Path(key): Path<String>,
    mut form: Form,
) -> Result<Response, WebError> {
    let root: PublicKey = key.parse().map_err(|_| WebError::NotFound {
        what: "application",
    })?;
    acts::need_steward(&site, &form.actor)?;
    let opened = form.open_root(&site).await;
    let work = async {
        opened?;
        let act = api::admit(&site, &form.actor, root, None)?;
        acts::perform(&site, &form.actor, act).await?;
        Ok("/federation/applications?done=admitted".to_owned())
    };
    submit(&site, &form, work, async |filled| {
        applications_page(&site, &form.actor, &form.place, &filled).await
    })
    .await
}
