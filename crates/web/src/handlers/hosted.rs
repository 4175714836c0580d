//! Hosting: whom this node serves, the reader's own host, and signing up through a link.

use ::federation::{Act, Core};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::MemberId,
    key::PublicKey,
    record::{Custody, Purpose},
};
use replica::view::HostState;

use super::{
    entrance,
    federation::class_name,
    submit::{again, reveal, submit},
    views,
};
use crate::{
    acts,
    auth::{Actor, Form, Place, Signed, Visitor, form_bytes},
    error::{FieldFault, WebError},
    fields::Fields,
    hosted::{self, Keys, Newcomer, SignUp},
    pages::{
        form::Filled,
        hosted::{self as pages, Choice, Entry, Guest, Hosting, OwnHost, Stand},
        parts::Name,
    },
    password::Password,
    protect::ClientAddress,
    rate::{Limit, Whose},
    seal::Secret,
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
    let view = actor.read(site, |core| Hosting {
        guests: guests(core, &newcomers),
        invitation: shown.invitation,
        classes: classes(core, ""),
    });
    Ok(pages::page(&frame, &view, filled).into_response())
}

/// The classes of the charter, or the one that is named: id and name.
fn classes(core: &Core, only: &str) -> Vec<(String, String)> {
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

fn guests(core: &Standpoint<'_>, newcomers: &[Newcomer]) -> Vec<Guest> {
    let (view, own) = (core.view(), core.member());
    let mut guests: Vec<Guest> = newcomers
        .iter()
        .filter(|newcomer| !view.members.contains_key(&newcomer.member()))
        .map(|newcomer| {
            let (signed, needed) = signatures(core, &newcomer.root);
            Guest {
                member: Name::new(String::new(), newcomer.name.clone()),
                class: class_name(core, &newcomer.class),
                stand: Stand::Applies(signed, needed),
                signs_itself: newcomer.signs_itself(),
            }
        })
        .collect();
    let members = view.choices.keys().filter_map(|id| view.members.get(id));
    for member in members.filter(|member| Some(member.id) != own) {
        let Some(hosted) = view.hosted(&member.id) else {
            continue;
        };
        let (is_here, asks) = (hosted.host == own, Some(hosted.choice.host) == own);
        let stand = match hosted.state {
            HostState::Pending if asks => Stand::Asks,
            _ if !is_here => continue,
            HostState::Pending => Stand::Moving(view.member_name(&hosted.choice.host)),
            _ => Stand::InForce,
        };
        guests.push(Guest {
            member: views::member(core, &member.id),
            class: class_name(core, &member.class),
            stand,
            signs_itself: signs_itself(core, &member.id),
        });
    }
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

/// `POST /node/hosted/export`
pub(crate) async fn export(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let keys = site.accounts.export(form.actor.person()).await?;
    let shown = Shown {
        keys: Some(keys),
        ..Shown::default()
    };
    show(&site, &form.actor, &form.place, shown, &Filled::default()).await
}

async fn join_page(
    site: &Site,
    place: &Place,
    secret: &Secret,
    filled: &Filled,
) -> Result<Response, WebError> {
    let invitation = site.hosted.find(site.now(), secret).await?;
    let frame = views::frame(site, None, place)?;
    let view = Entry {
        secret: secret.text().to_string(),
        classes: site.node.read(|core| classes(core, &invitation.class)),
        until: invitation.expires(),
    };
    Ok(pages::sign_up(&frame, "", &view, filled).into_response())
}

/// `GET /join/{secret}`
pub(crate) async fn join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Visitor { place, .. }: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    join_page(
        &site,
        &place,
        &entrance::link_secret(&secret)?,
        &Filled::default(),
    )
    .await
}

async fn chosen(site: &Site, fields: &Fields) -> Result<SignUp, WebError> {
    let typed = |name: &'static str| {
        let too_long = || WebError::Form(vec![FieldFault::new(name, "It is too long.")]);
        Password::typed(fields.raw(name).to_owned()).ok_or_else(too_long)
    };
    let export = fields.get("export");
    let keys = match export.is_empty() {
        true => Keys::Made,
        false => {
            let old = typed("old_password")?;
            Keys::Brought(site.accounts.open_export(export, &old).await?)
        }
    };
    let field = |name| fields.get(name).to_owned();
    Ok(SignUp {
        name: field("member_name"),
        class: field("class"),
        request: field("request"),
        person_name: field("name"),
        mail: field("mail"),
        password: typed("password")?,
        keys,
    })
}

/// `POST /join/{secret}`: `member_name`, `class`, `request`, `name`, `mail`, `password`, and to bring
/// keys along `export`, `old_password`
pub(crate) async fn do_join(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(secret): Path<String>,
    request: Request<Body>,
) -> Result<Response, WebError> {
    let (headers, place) = (request.headers().clone(), Place::of(request.uri()));
    let fields = Fields::parse(&form_bytes(request).await?)?;
    let from = Whose::address(address.0);
    site.rates
        .count(site.now(), Limit::SignInsOfAddress, from)?;
    let secret = entrance::link_secret(&secret)?;
    // Nobody's password is tried by who has no link.
    site.hosted.find(site.now(), &secret).await?;
    let work = async {
        let chosen = chosen(&site, &fields).await?;
        hosted::sign_up(&site, &secret, chosen).await
    };
    match work.await {
        Ok((account, seed)) => {
            entrance::enter(&site, &headers, account.person, seed.as_ref(), "/account").await
        }
        Err(error) => {
            let page = async |filled| join_page(&site, &place, &secret, &filled).await;
            again(&fields, error, page).await
        }
    }
}
