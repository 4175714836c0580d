//! What people do with the rooms of their member: make, change, close, make links anew.

use std::collections::BTreeSet;

use domain::{
    id::MemberId,
    record::{Roles, Service},
    region::Region,
    text::is_line,
};
use federation::Core;
use serde::Deserialize;

use super::{
    Entrance, PEOPLE_MAX, Room, RoomId, TITLE_CHARACTERS_MAX, gathering, links::Role, recordings,
    running, tenancy,
};
use crate::{
    acts,
    auth::{Actor, Place},
    error::{FieldFault, WebError},
    fields::Fields,
    handlers::views::Rights,
    meetings::{
        described::{Faults, number},
        overview::is_recording_offered,
    },
    site::Site,
};

/// The shortest title that servers take, in characters.
const TITLE_CHARACTERS_MIN: usize = 2;

/// How many people are expected where nobody says so.
pub(crate) const PEOPLE_USUAL: u32 = 12;

/// What is said of a room.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub title: String,
    /// Where its meetings should be; empty if that does not matter.
    #[serde(default)]
    pub region: String,
    pub people: u32,
    #[serde(default)]
    pub record: bool,
    #[serde(default)]
    pub entrance: Entrance,
}

/// The same, looked through.
struct Fit {
    title: String,
    region: Option<Region>,
    people: u32,
    record: bool,
    entrance: Entrance,
}

impl Said {
    /// What a form says.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let people = number(fields, "people", &mut faults);
        let entrance = Entrance::from_word(fields.get("entrance"));
        if entrance.is_none() {
            faults.say("entrance", "Choose how guests get in.");
        }
        let said = Self {
            title: fields.get("title").to_owned(),
            region: fields.get("region").to_owned(),
            people: people.unwrap_or_default(),
            record: fields.is_ticked("record"),
            entrance: entrance.unwrap_or_default(),
        };
        faults.end(said)
    }

    /// What is said of a room of which only the title is known.
    pub(super) fn plain(title: &str) -> Self {
        Self {
            title: title.chars().take(TITLE_CHARACTERS_MAX).collect(),
            region: String::new(),
            people: PEOPLE_USUAL,
            record: false,
            entrance: Entrance::default(),
        }
    }

    fn fit(self, offered: &Offered) -> Result<Fit, WebError> {
        let mut faults = Faults::default();
        let title = self.title.trim();
        let length = title.chars().count();
        if !(TITLE_CHARACTERS_MIN..=TITLE_CHARACTERS_MAX).contains(&length) || !is_line(title) {
            faults.say(
                "title",
                format!(
                    "A title has one line of {TITLE_CHARACTERS_MIN} to {TITLE_CHARACTERS_MAX} \
                     characters."
                ),
            );
        }
        if !(1..=PEOPLE_MAX).contains(&self.people) {
            faults.say("people", format!("Enter a number from 1 to {PEOPLE_MAX}."));
        }
        let region = self.region.trim();
        let known = offered.regions.iter().find(|one| one.as_str() == region);
        if known.is_none() && !region.is_empty() {
            faults.say("region", "Choose a region of the list.");
        }
        if self.record && !offered.recording {
            faults.say("record", "No server of the federation records now.");
        }
        faults.end(Fit {
            title: title.to_owned(),
            region: known.cloned(),
            people: self.people,
            record: self.record,
            entrance: self.entrance,
        })
    }
}

/// What the servers of the federation offer to a room.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offered {
    /// Where there are servers.
    pub regions: BTreeSet<Region>,
    /// Whether any of them records.
    pub recording: bool,
}

impl Offered {
    /// What they offer to the rooms of a member, within the limits of these.
    pub(crate) fn of(site: &Site, member: MemberId) -> Self {
        let tenant = tenancy::find(site, member);
        let may_record = tenant.is_none_or(|tenant| tenant.rules.limits.recording);
        let mut offered = site.node.read(Self::of_servers);
        offered.recording &= may_record;
        offered
    }

    fn of_servers(core: &Core) -> Self {
        let servers = core.view().meetings.servers.values();
        let standing = servers.filter(|known| known.record.service != Service::Removed);
        Self {
            regions: standing.map(|known| known.record.region.clone()).collect(),
            recording: is_recording_offered(core),
        }
    }

    /// The same for a room that is there: what it was made with stays.
    pub(crate) fn with(mut self, room: &Room) -> Self {
        self.regions.extend(room.region.clone());
        self.recording |= room.record;
        self
    }
}

/// The member whose rooms the actor may use: that of its people who act for it in any role.
///
/// # Errors
/// When the actor has none.
pub(crate) fn need_user(site: &Site, actor: &Actor) -> Result<MemberId, WebError> {
    let is_user = acts::roles(site, actor) != Roles::none()
        || actor.read(site, |core| Rights::of(core, &actor.person()).writes());
    match actor.member(site) {
        Some(member) if is_user => Ok(member),
        _ => Err(WebError::Role { needed: "worker" }),
    }
}

/// Whether the actor may change a room of its member: who made it, stewards and delegates.
pub(crate) fn may_change(site: &Site, actor: &Actor, room: &Room) -> bool {
    let leads = || actor.read(site, |core| Rights::of(core, &actor.person()).writes());
    Some(room.member) == actor.member(site) && (room.creator == actor.person() || leads())
}

/// A room of the actor's member.
///
/// # Errors
/// When the actor may use no rooms, or there is none of this id for it.
pub(crate) async fn find(site: &Site, actor: &Actor, id: &str) -> Result<Room, WebError> {
    let member = need_user(site, actor)?;
    let room = site.rooms.find(id.parse()?).await?;
    match room.member == member {
        true => Ok(room),
        false => Err(WebError::NotFound { what: "room" }),
    }
}

/// A room that the actor may change.
///
/// # Errors
/// Those of [`find`], and when the actor may not change it.
pub(crate) async fn find_to_change(site: &Site, actor: &Actor, id: &str) -> Result<Room, WebError> {
    let room = find(site, actor, id).await?;
    match may_change(site, actor, &room) {
        true => Ok(room),
        false => Err(WebError::Role { needed: "delegate" }),
    }
}

fn is_steward(site: &Site, actor: &Actor) -> bool {
    actor.read(site, |core| Rights::of(core, &actor.person()).steward)
}

/// Makes a room.
///
/// # Errors
/// When the actor may use no rooms or has made too many, or what is said does not fit.
pub(crate) async fn make(site: &Site, actor: &Actor, said: Said) -> Result<Room, WebError> {
    let member = need_user(site, actor)?;
    let fit = said.fit(&Offered::of(site, member))?;
    let room = Room {
        id: RoomId([0; 16]),
        member,
        creator: actor.person(),
        title: fit.title,
        region: fit.region,
        people: fit.people,
        record: fit.record,
        entrance: fit.entrance,
        moderator_renewals: 0,
        guest_renewals: 0,
        gathering: None,
        created_ms: site.now().0,
        closed: false,
    };
    let made = site.rooms.add(room, is_steward(site, actor)).await?;
    tracing::info!(person = %actor.person(), room = %made.id, "a room was made");
    Ok(made)
}

/// Changes what is said of a room. A meeting that runs in it goes on as it is.
///
/// # Errors
/// When the actor may not, or what is said does not fit.
pub(crate) async fn edit(
    site: &Site,
    actor: &Actor,
    id: &str,
    said: Said,
) -> Result<Room, WebError> {
    let room = find_to_change(site, actor, id).await?;
    let fit = said.fit(&Offered::of(site, room.member).with(&room))?;
    let set = |room: &mut Room| {
        room.title = fit.title;
        room.region = fit.region;
        room.people = fit.people;
        room.record = fit.record;
        room.entrance = fit.entrance;
    };
    site.rooms.change(room.id, set).await
}

/// Closes a room, or opens it again. Its links lead nowhere while it is closed.
///
/// # Errors
/// When the actor may not, or there are too many rooms to open it again.
pub(crate) async fn close(
    site: &Site,
    actor: &Actor,
    id: &str,
    closed: bool,
) -> Result<Room, WebError> {
    let room = find_to_change(site, actor, id).await?;
    match closed {
        true => site.rooms.change(room.id, |room| room.closed = true).await,
        false => site.rooms.reopen(room.id, is_steward(site, actor)).await,
    }
}

/// Deletes a room in which nothing was recorded.
///
/// # Errors
/// When the actor may not, a meeting runs in it, or it has recordings or may have some: they are found
/// through it alone.
pub(crate) async fn delete(site: &Site, actor: &Actor, id: &str) -> Result<(), WebError> {
    let room = find_to_change(site, actor, id).await?;
    if running::state(site, &room).await != running::State::Idle {
        return Err(WebError::Conflict {
            code: "room-runs",
            message: "A meeting runs in this room. End it first.".to_owned(),
        });
    }
    recordings::need_none(site, &room).await?;
    site.rooms.delete(room.id).await?;
    tracing::info!(person = %actor.person(), room = %room.id, "a room was deleted");
    Ok(())
}

/// Makes the link for a role anew: the old one is void. The new one for guests becomes the place of the
/// room's gathering, if the actor is in its circle.
///
/// # Errors
/// When the actor may not.
pub(crate) async fn renew(
    site: &Site,
    (actor, place): (&Actor, &Place),
    id: &str,
    role: Role,
) -> Result<Room, WebError> {
    let room = find_to_change(site, actor, id).await?;
    let renewed = site.rooms.change(room.id, |room| {
        let renewals = match role {
            Role::Moderator => &mut room.moderator_renewals,
            Role::Guest => &mut room.guest_renewals,
        };
        *renewals = renewals.saturating_add(1);
    });
    let room = renewed.await?;
    tracing::info!(person = %actor.person(), room = %room.id, role = role.as_str(), "a link was made anew");
    let known = site.node.read(|core| gathering::of(core, &room));
    if let (Role::Guest, Some(known)) = (role, known) {
        let put = gathering::put_link(site, (actor, place), &room, known.id).await;
        if let Err(error) = put {
            // The room's page says so, and whoever is in the circle puts it in there.
            tracing::info!(room = %room.id, %error, "a gathering keeps a void link");
        }
    }
    Ok(room)
}

/// A fault in the form's field of a role.
pub(crate) fn role_of(word: &str) -> Result<Role, WebError> {
    let fault = || FieldFault::new("role", "Choose moderator or guest.");
    Role::from_word(word).ok_or_else(|| WebError::Form(vec![fault()]))
}
