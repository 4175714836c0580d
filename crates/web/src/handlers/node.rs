//! This node: its health and peers, its people, its keys.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{
    id::{PersonId, Timestamp},
    key::PublicKey,
    record::{Custody, Purpose, Service},
};
use federation::{Core, PeerState, Successor};

use super::{
    register,
    submit::{reveal, submit},
    views,
};
use crate::{
    acts, api,
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    leaving,
    meetings::overview,
    node::DiskTrouble,
    pages::{
        federation::Role,
        form::Filled,
        home::Connection,
        keys::{self, Key, Purpose as KeyPurpose},
        meet::ServerState,
        node::{self, CatchUp, Node, Peer, Trouble},
        people::{People, Person, page as render_people},
    },
    people,
    site::Site,
};

/// The keys that may have a log here.
fn authors(core: &Core) -> impl Iterator<Item = &PublicKey> {
    let roots = core.view().members.values().map(|member| &member.root);
    core.view().keys.keys().chain(roots)
}

/// When the newest entry came, as far as the ends of the logs tell.
pub(crate) fn newest(core: &Core) -> Option<Timestamp> {
    let replica = core.replica();
    let tips = authors(core).filter_map(|key| replica.tip(key));
    tips.filter_map(|(_, id)| replica.find(&id))
        .map(|stored| stored.received)
        .max()
}

/// `GET /node`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, Some(&actor), &place)?;
    let size = site.node.library.size_bytes().await;
    let round_trips_ms = site.node.library.round_trips_ms().await;
    let round_trips_ms = round_trips_ms.map_err(WebError::Library)?;
    let failed = size.as_ref().err().map(ToString::to_string);
    let view = site.node.read(|core| {
        let own = core.view().nodes.get(&core.node());
        let peers = core.peers();
        let left = leaving::own_departed(core);
        let mut troubles = troubles(&site, core, &peers, left.is_some());
        troubles.extend(server_troubles(core, frame.now));
        troubles.extend(register_troubles(core, frame.now));
        troubles.extend(failed.map(|because| Trouble::StoreFailed { because }));
        Node {
            troubles,
            peers: peers_of(core, &peers, &round_trips_ms),
            entries: core.replica().len() as u64,
            store_bytes: size.unwrap_or(0),
            logs: authors(core)
                .filter(|key| core.replica().tip(key).is_some())
                .count() as u64,
            newest: newest(core),
            held: core.replica().held_len() as u64,
            clock_off_ms: median_offset_ms(&peers),
            started: site.node.started,
            addresses: own
                .map(|own| own.endpoint.addresses.clone())
                .unwrap_or_default(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            key: core.node().to_string(),
            leaving: match core.member() {
                Some(own) if frame.is_steward() && actor.hosted().is_none() => {
                    leaving::leaving(core, &own, frame.now)
                }
                _ => None,
            },
            departed: left,
        }
    });
    Ok(node::page(&frame, &view).into_response())
}

/// How far this clock is from the peers' median; positive if the peers' are ahead.
fn median_offset_ms(peers: &[PeerState]) -> Option<i64> {
    let mut offsets: Vec<i64> = peers.iter().map(|peer| peer.clock_ahead_ms).collect();
    offsets.sort_unstable();
    offsets.get(offsets.len().checked_sub(1)? / 2).copied()
}

/// What is wrong. A node whose member has left waits for nobody and signs nothing.
fn troubles(site: &Site, core: &Core, peers: &[PeerState], has_left: bool) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    if !core.is_caught_up() && !has_left {
        troubles.push(Trouble::NotCompared);
    }
    if let Some(off_seconds) = core.clock_trouble() {
        let ahead = median_offset_ms(peers).is_some_and(|offset| offset < 0);
        troubles.push(Trouble::Clock {
            off_seconds,
            ahead,
            signs_nothing: true,
        });
    }
    if !has_left && peers.is_empty() && !core.roster().is_empty() {
        troubles.push(Trouble::Alone);
    }
    let own = core.member().and_then(|own| core.view().members.get(&own));
    let mandate = own.and_then(|own| own.mandate.as_ref());
    if !has_left && mandate.is_none_or(|mandate| mandate.delegates.is_empty()) {
        troubles.push(Trouble::NoDelegate);
    }
    let held_back = core.held_back().iter();
    troubles.extend(held_back.map(|(member, count)| Trouble::HeldBack {
        member: core.view().member_name(member),
        count: *count,
    }));
    troubles.extend(site.node.library.trouble().map(|trouble| match trouble {
        DiskTrouble::Full => Trouble::DiskFull,
        DiskTrouble::Slow => Trouble::DiskSlow,
        DiskTrouble::LittleRoom { free_bytes } => Trouble::DiskNearlyFull { free_bytes },
    }));
    troubles.extend(mail_trouble(site));
    let public = site.settings.public_url.as_ref();
    if public.is_some_and(|public| !public.is_secure() && !public.is_loopback()) {
        troubles.push(Trouble::Unencrypted);
    }
    troubles
}

/// The member's own servers that give no answer.
fn server_troubles(core: &Core, now: Timestamp) -> Vec<Trouble> {
    let all = core.view().meetings.servers.iter();
    let own = all.filter(|(_, known)| {
        Some(known.owner) == core.member() && known.record.service != Service::Removed
    });
    let now = own.map(|(id, known)| overview::server(core, now, *id, known));
    now.filter(|server| server.state == ServerState::NotAnswering)
        .map(|server| Trouble::Server {
            name: server.name,
            id: server.id.to_string(),
        })
        .collect()
}

/// What is wrong with the register, or with this node's part in it.
fn register_troubles(core: &Core, now: Timestamp) -> Vec<Trouble> {
    let because = core.register_trouble().map(str::to_owned);
    let trouble = because.map(|because| Trouble::Register { because });
    let successor = core.office().and_then(|office| office.successor());
    let next_key = successor.map(|successor| Trouble::NextKey {
        is_named: matches!(successor, Successor::Named(_)),
    });
    let waits = register::recovery::waits(core, now).into_iter();
    let all = trouble.into_iter().chain(next_key);
    all.chain(waits.map(Trouble::RegisterWaits)).collect()
}

/// What keeps mail from being sent, if something does.
fn mail_trouble(site: &Site) -> Option<Trouble> {
    let mail = site.settings.mail.as_ref()?.borrow().clone();
    mail.trouble.map(|trouble| Trouble::Mail {
        since: trouble.since,
        because: trouble.because,
        waiting: mail.waiting,
    })
}

fn peers_of(
    core: &Core,
    connected: &[PeerState],
    round_trips_ms: &BTreeMap<PublicKey, u64>,
) -> Vec<Peer> {
    let view = core.view();
    let nodes = core.roster().keys().filter_map(|key| {
        let member = view.member_of(key)?;
        let state = connected.iter().find(|peer| peer.key == *key);
        let known = view.nodes.get(key);
        let heard = core.last_heard(key).max(known.map(|known| known.time));
        Some(Peer {
            member: views::member(core, &member),
            connection: match state {
                Some(_) => Connection::Connected,
                None => Connection::Silent(heard),
            },
            address: state
                .and(known)
                .and_then(|known| known.endpoint.addresses.first().cloned()),
            agent: known
                .map(|known| known.endpoint.agent.clone())
                .unwrap_or_default(),
            catch_up: match state {
                None => CatchUp::Unknown,
                Some(peer) if peer.to_come > 0 => CatchUp::Receiving(peer.to_come),
                Some(peer) if peer.to_send > 0 => CatchUp::Sending(peer.to_send as u64),
                Some(peer) if peer.compared => CatchUp::UpToDate,
                Some(_) => CatchUp::Unknown,
            },
            round_trip_ms: state.and(round_trips_ms.get(key)).copied(),
        })
    });
    nodes.collect()
}

async fn people_page(
    site: &Site,
    actor: &Actor,
    place: &Place,
    invitation: Option<(String, String)>,
    filled: &Filled,
) -> Result<Response, WebError> {
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let waiting = site.invitations.waiting(now).await?;
    let accounts = site.accounts.all().await?;
    let root_key_here = acts::has_root_key(site, actor);
    let people = actor.read(site, |core| {
        let view = core.view();
        let own = view
            .persons
            .iter()
            .filter(|((member, _), _)| Some(*member) == core.member());
        let mut people: Vec<Person> = own
            .filter_map(|((member, id), known)| {
                let roles = view.roles_of(member, id);
                let invited = waiting.iter().find(|invitation| invitation.person == *id);
                let granted = |key| view.granted_by(member, key);
                let keys = known.keys.iter().filter_map(granted);
                let on_device = keys
                    .filter(|key| !key.revoked)
                    .any(|k| k.custody == Custody::Person);
                let account = accounts.iter().find(|account| account.person == *id);
                if roles == domain::record::Roles::none() && account.is_none() {
                    return None;
                }
                Some(Person {
                    id: id.to_string(),
                    name: known.name.clone(),
                    roles: views::roles(roles),
                    own_device: on_device,
                    in_mandate: view.is_delegate(member, id),
                    has_account: account.is_some(),
                    invited_until: invited.map(|invitation| invitation.expires()),
                    is_reader: *id == actor.person(),
                })
            })
            .collect();
        people.sort_by_key(|person| (person.invited_until.is_some(), person.name.clone()));
        People {
            people,
            invitation,
            root_key_here,
            password_needed: actor.account.has_root(),
        }
    });
    Ok(render_people(&frame, &people, filled).into_response())
}

/// `GET /node/people`
pub(crate) async fn people(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    people_page(&site, &actor, &place, None, &Filled::default()).await
}

/// `POST /node/people/invite`
pub(crate) async fn invite(State(site): State<Site>, mut form: Form) -> Result<Response, WebError> {
    let opened = form.open_root(&site).await;
    let fields = &form.fields;
    let work = async {
        opened?;
        let roles = api::roles_of(fields.all("roles"))?;
        let (invitation, secret) =
            people::invite(&site, &form.actor, fields.get("name"), roles).await?;
        let at = site.settings.public_url.as_ref().map(ToString::to_string);
        let host = at.unwrap_or_else(|| format!("http://{}", form.place.host));
        let address = format!("{host}/welcome/{}", *secret.text());
        Ok((invitation.name, address))
    };
    reveal(&site, &form, "/node/people", work, async |link, filled| {
        people_page(&site, &form.actor, &form.place, link, &filled).await
    })
    .await
}

/// `POST /node/people/{person}/remove`
pub(crate) async fn remove(
    State(site): State<Site>,
    Path(person): Path<String>,
    mut form: Form,
) -> Result<Response, WebError> {
    let opened = form.open_root(&site).await;
    let person: PersonId = person
        .parse()
        .map_err(|_| WebError::NotFound { what: "person" })?;
    let work = async {
        opened?;
        people::remove(&site, &form.actor, person, form.fields.get("reason")).await?;
        Ok("/node/people?done=removed".to_owned())
    };
    submit(&site, &form, work, async |filled| {
        people_page(&site, &form.actor, &form.place, None, &filled).await
    })
    .await
}

/// `GET /node/keys`
pub(crate) async fn keys(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    acts::need_steward(&site, &actor)?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let root_here = acts::has_root_key(&site, &actor);
    let keys = actor.read(&site, |core| {
        let view = core.view();
        let forks = core.replica().forks();
        let forked = |key: &PublicKey| forks.iter().any(|fork| fork.key == *key);
        let entries = |key: &PublicKey| core.replica().tip(key).map_or(0, |(count, _)| count);
        let own = core.member();
        let root = own
            .and_then(|own| view.members.get(&own))
            .map(|member| Key {
                key: member.root.to_string(),
                purpose: KeyPurpose::Root,
                person: None,
                here: root_here,
                granted: Some(member.since),
                entries: entries(&member.root),
                revoked: None,
                forked: forked(&member.root),
            });
        let granted = view
            .keys
            .iter()
            .filter(|(_, known)| Some(known.member) == own);
        let granted = granted.map(|(key, known)| Key {
            key: key.to_string(),
            purpose: match known.purpose {
                Purpose::Person => KeyPurpose::Person,
                Purpose::Node => KeyPurpose::Node,
                Purpose::Validator => KeyPurpose::Validator,
            },
            person: known
                .person
                .and_then(|id| view.person_name(&known.member, &id))
                .map(str::to_owned),
            here: known.custody == Custody::Node,
            granted: Some(known.since),
            entries: entries(key),
            // The view says that it ended, not when: its last entry is when it was last used.
            revoked: known.revoked.then(|| {
                let last = core
                    .replica()
                    .tip(key)
                    .and_then(|(_, id)| core.replica().find(&id));
                last.map_or(known.since, |stored| stored.time)
            }),
            forked: forked(key),
        });
        root.into_iter().chain(granted).collect::<Vec<Key>>()
    });
    Ok(keys::page(&frame, &keys).into_response())
}

/// The role a page needs, for the page that says it is missing.
pub(crate) fn role_of_word(word: &str) -> Role {
    match word {
        "delegate" => Role::Delegate,
        "worker" => Role::Worker,
        "individual" => Role::Individual,
        _ => Role::Steward,
    }
}
