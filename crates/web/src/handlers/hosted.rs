//! Hosting: whom this node serves, and the reader's own host.

use std::collections::BTreeMap;

use ::federation::{Act, Core, Standing};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{MemberId, Timestamp},
    key::PublicKey,
    record::{Custody, Purpose},
};
use replica::view::HostState;

use super::{
    applicants::journey,
    federation::class_name,
    submit::{reveal, submit},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed},
    error::{FieldFault, WebError},
    hosted::{self, Newcomer},
    pages::{
        form::Filled,
        hosted::{self as pages, Choice, Guest, Hosting, OwnHost, Stand},
        parts::Name,
    },
    site::Site,
    standpoint::Standpoint,
};

/// What a form that was just sent shows once.
#[derive(Default)]
struct Shown {
    invitation: Option<(String, String)>,
    keys: Option<String>,
}

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    shown: Shown,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    if let Some(member) = actor.hosted() {
        let has_keys = actor.account.has_root();
        let view = actor.read(site, |core| own_host(core, &member, has_keys, shown.keys));
        return Ok(pages::own(&frame, &view, filled).into_response());
    }
    let newcomers = site.hosted.newcomers().await?;
    let left = accounts_of_guests(site).await?;
    let now = site.now();
    let view = actor.read(site, |core| Hosting {
        guests: guests(core, &newcomers, &left, now),
        invitation: shown.invitation,
        classes: classes(core, ""),
    });
    Ok(pages::page(&frame, &view, filled).into_response())
}

/// The classes of the charter, or the one that is named: id and name.
pub(super) fn classes(core: &Core, only: &str) -> Vec<(String, String)> {
    let all = core.charter().terms().classes.iter();
    let fits = |id: &str| only.is_empty() || only == id;
    all.filter(|class| fits(class.id.as_str()))
        .map(|class| (class.id.as_str().to_owned(), class.name.clone()))
        .collect()
}

/// The founders' signatures under an application, and how many are needed.
pub(crate) fn signatures(core: &Core, root: &PublicKey) -> (u64, u64) {
    let record = core.view().applications.get(root).map(|a| &a.record);
    let newcomer = record.map(|record| domain::record::Newcomer {
        root: *root,
        class: record.class.clone(),
        name: record.name.clone(),
    });
    let signed = newcomer.and_then(|newcomer| core.view().admissions.get(&newcomer));
    let needed = core.genesis().admissions_needed() as u64;
    (signed.map_or(0, |signed| signed.len() as u64), needed)
}

/// Whether every key that votes for a member is on a device of its own.
fn signs_itself(core: &Core, member: &MemberId) -> bool {
    let view = core.view();
    let mandate = view.members.get(member).and_then(|m| m.mandate.as_ref());
    let mut keys = mandate.into_iter().flat_map(|m| &m.delegates);
    let elsewhere = |key: &PublicKey| {
        let granted = view.granted_by(member, key);
        granted.is_none_or(|granted| granted.custody == Custody::Person)
    };
    mandate.is_some() && keys.all(|delegate| elsewhere(&delegate.key))
}

/// The members that have accounts here which are not this node's own, and whether one of them keeps the
/// root key.
pub(crate) async fn accounts_of_guests(site: &Site) -> Result<BTreeMap<MemberId, bool>, WebError> {
    let mut members = BTreeMap::new();
    for account in site.accounts.all().await? {
        if let Some(member) = account.member {
            *members.entry(member).or_default() |= account.has_root();
        }
    }
    Ok(members)
}

/// The members that have accounts here and are not hosted here any more.
pub(crate) fn left<'a>(
    core: &'a Standpoint<'_>,
    accounts: &'a BTreeMap<MemberId, bool>,
) -> impl Iterator<Item = (&'a replica::view::Member, bool)> {
    let (view, own) = (core.view(), core.member());
    let known = accounts
        .iter()
        .filter_map(|(id, keeps_root)| Some((view.members.get(id)?, *keeps_root)));
    known.filter(move |(member, _)| {
        let hosted = view.hosted(&member.id);
        hosted.is_some_and(|hosted| {
            let asks = hosted.state == HostState::Pending && Some(hosted.choice.host) == own;
            hosted.host != own && !asks
        })
    })
}

fn guests(
    core: &Standpoint<'_>,
    newcomers: &[Newcomer],
    accounts: &BTreeMap<MemberId, bool>,
    now: Timestamp,
) -> Vec<Guest> {
    let (view, own) = (core.view(), core.member());
    let mut guests: Vec<Guest> = newcomers
        .iter()
        .filter(|newcomer| !view.members.contains_key(&newcomer.member()))
        .map(|newcomer| {
            let stand = match hosted::standing(core, newcomer, now) {
                None => {
                    let (signed, needed) = signatures(core, &newcomer.root);
                    Stand::Applies(signed, needed)
                }
                Some(Standing::Unknown) => Stand::SignedUp,
                Some(standing) => Stand::Journeys(journey(&standing)),
            };
            Guest {
                id: newcomer.member().to_string(),
                member: Name::new(String::new(), newcomer.name.clone()),
                class: class_name(core, &newcomer.class),
                stand,
                signs_itself: newcomer.signs_itself(),
            }
        })
        .collect();
    let guest = |member: &replica::view::Member, stand| Guest {
        id: member.id.to_string(),
        member: views::member(core, &member.id),
        class: class_name(core, &member.class),
        stand,
        signs_itself: signs_itself(core, &member.id),
    };
    for member in view
        .members
        .values()
        .filter(|member| Some(member.id) != own)
    {
        let Some(hosted) = view.hosted(&member.id) else {
            continue;
        };
        let asks = Some(hosted.choice.host) == own;
        let stand = match hosted.state {
            HostState::Pending if asks => Stand::Asks,
            _ if !hosted::serves(view, own, &member.id) => continue,
            HostState::Pending => Stand::Moving(view.member_name(&hosted.choice.host)),
            _ if hosted.decided.is_some() => Stand::ByDecision,
            _ => Stand::InForce,
        };
        guests.push(guest(member, stand));
    }
    let left = left(core, accounts);
    guests.extend(left.map(|(member, keeps_root)| guest(member, Stand::Left { keeps_root })));
    guests
}

fn own_host(
    core: &Standpoint<'_>,
    member: &MemberId,
    has_keys: bool,
    keys: Option<String>,
) -> OwnHost {
    let view = core.view();
    let here = view.member_of(&core.node());
    let hosted = view.hosted(member);
    let in_force = hosted.as_ref().and_then(|hosted| hosted.host).or(here);
    let choice = hosted.as_ref().map_or(Choice::InForce, |hosted| {
        let name = view.member_name(&hosted.choice.host);
        match hosted.state {
            HostState::InForce => Choice::InForce,
            HostState::Pending => Choice::Asked(name),
            HostState::Refused => Choice::Refused(name),
            HostState::Unknown => Choice::Unknown,
        }
    });
    let nodes = view.keys.values();
    let nodes = nodes.filter(|key| key.purpose == Purpose::Node && !key.revoked);
    let mut hosts: Vec<MemberId> = nodes.map(|key| key.member).collect();
    hosts.sort_unstable();
    hosts.dedup();
    OwnHost {
        host: in_force.map_or_else(
            || Name::new(String::new(), String::new()),
            |host| views::member(core, &host),
        ),
        left: here
            .filter(|here| Some(*here) != in_force)
            .map(|here| views::member(core, &here)),
        choice,
        hosts: hosts
            .into_iter()
            .filter(|host| Some(*host) != in_force)
            .map(|host| (host.to_string(), view.member_name(&host)))
            .collect(),
        has_keys,
        keys,
    }
}

/// `GET /node/hosted`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, Shown::default(), &Filled::default()).await
}

/// The page with a form that was sent back.
async fn refilled(site: &Site, form: &Form, filled: Filled) -> Result<Response, WebError> {
    show(site, &form.actor, &form.place, Shown::default(), &filled).await
}

/// Makes an invitation for a co-op or a person, and gives the path of its link.
pub(crate) async fn make_invitation(
    site: &Site,
    actor: &Actor,
    name: &str,
    class: &str,
) -> Result<(hosted::HostInvitation, String), WebError> {
    acts::need_host(site, actor)?;
    let is_known = class.is_empty() || site.node.read(|core| !classes(core, class).is_empty());
    let fault = |field, message: &str| WebError::Form(vec![FieldFault::new(field, message)]);
    if !is_known {
        return Err(fault("class", "Choose a class of the charter."));
    }
    if name.len() > 120 || !domain::text::is_line(name) {
        return Err(fault("name", "Say on one line whom it is for."));
    }
    let (invitation, secret) = site.hosted.invite(site.now(), name, class).await?;
    Ok((invitation, format!("/join/{}", *secret.text())))
}

/// `POST /node/hosted/invite`: `name`, `class`
pub(crate) async fn invite(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let (name, class) = (form.fields.get("name"), form.fields.get("class"));
        let (invitation, path) = make_invitation(&site, &form.actor, name, class).await?;
        let at = site.settings.public_url.as_ref().map(ToString::to_string);
        let host = at.unwrap_or_else(|| format!("http://{}", form.place.host));
        Ok((invitation.name, format!("{host}{path}")))
    };
    let page = async |invitation, filled| {
        let shown = Shown {
            invitation,
            ..Shown::default()
        };
        show(&site, &form.actor, &form.place, shown, &filled).await
    };
    reveal(&site, &form, "/node/hosted", work, page).await
}

/// `POST /node/hosted/{member}/answer`: `accepts` is `yes` or `no`
pub(crate) async fn answer(
    State(site): State<Site>,
    Path(member): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let missing = |_| WebError::NotFound { what: "member" };
    let member: MemberId = member.parse().map_err(missing)?;
    let accepts = form.fields.get("accepts") == "yes";
    let work = async {
        acts::need_host(&site, &form.actor)?;
        acts::perform(&site, &form.actor, Act::Hosting { member, accepts }).await?;
        Ok("/node/hosted?done=saved".to_owned())
    };
    let page = async |filled| refilled(&site, &form, filled).await;
    submit(&site, &form, work, page).await
}

/// `POST /node/hosted/move`: `host`
pub(crate) async fn move_on(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let fault = || FieldFault::new("host", "Choose a host of the list.");
        let host = form.fields.get("host").parse();
        let host: MemberId = host.map_err(|_| WebError::Form(vec![fault()]))?;
        acts::perform(&site, &form.actor, Act::Host { host }).await?;
        Ok("/node/hosted?done=saved".to_owned())
    };
    let page = async |filled| refilled(&site, &form, filled).await;
    submit(&site, &form, work, page).await
}

/// `POST /node/hosted/{member}/remove`: `with_keys` is ticked when its root key may go
pub(crate) async fn remove(
    State(site): State<Site>,
    Path(member): Path<String>,
    form: Form,
) -> Result<Response, WebError> {
    let missing = |_| WebError::NotFound { what: "member" };
    let member: MemberId = member.parse().map_err(missing)?;
    let with_keys = form.fields.is_ticked("with_keys");
    let work = async {
        hosted::remove(&site, &form.actor, member, with_keys).await?;
        Ok("/node/hosted?done=member-removed".to_owned())
    };
    let page = async |filled| refilled(&site, &form, filled).await;
    submit(&site, &form, work, page).await
}

/// `POST /node/hosted/export`
pub(crate) async fn export(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let keys = site.accounts.export(form.actor.person()).await?;
    let shown = Shown {
        keys: Some(keys),
        ..Shown::default()
    };
    show(&site, &form.actor, &form.place, shown, &Filled::default()).await
}
