//! What stewards do with the tenants of their node: add, limit, rotate, remove.

use std::collections::{BTreeMap, BTreeSet};

use bigbluebutton::Secret;
use domain::{
    id::{MemberId, TenantId, Timestamp},
    record,
    region::{Region, RegionError},
};
use federation::{Act, Core};
use serde::Deserialize;

use super::{
    SecretState,
    described::{Faults, number, secret, words},
    inventory::own_member,
    levels::{LEVELS, level},
    limits::{LIMIT_MAX, LimitError, Limits, Parameter, Rules, features, parameters},
    tenants::{Kept, OLD_SECRET_SECONDS, SECRET_BYTES_MIN},
};
use crate::{
    acts,
    auth::Actor,
    error::{FieldFault, WebError, sentence},
    fields::Fields,
    seal::random,
    site::Site,
    vault::{hidden, new_secret},
};

/// What is said of a new tenant.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewTenant {
    pub name: String,
    /// The member it belongs to; empty for the one whose node this is.
    pub member: String,
    /// Where its people are; empty if that does not matter.
    pub region: String,
    /// The word of a service level; empty for none.
    pub level: String,
    /// Its secret; a new one is made if there is none.
    #[serde(deserialize_with = "hidden")]
    pub secret: Option<Secret>,
}

impl NewTenant {
    /// What a form says.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let text = |name| fields.get(name).to_owned();
        let said = Self {
            name: text("name"),
            member: text("member"),
            region: text("region"),
            level: text("level"),
            secret: secret(fields, &mut faults),
        };
        faults.end(said)
    }
}

/// The secret of a form that gives a tenant a new one; none where one is to be made.
pub(crate) fn secret_of_form(fields: &Fields) -> Result<Option<Secret>, WebError> {
    let mut faults = Faults::default();
    let secret = secret(fields, &mut faults);
    faults.end(secret)
}

/// What is to change of what a tenant may have. First what is named in `clear` goes, then the level
/// sets its limits, then the rest is set.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Changed {
    pub clear: Vec<String>,
    pub level: Option<String>,
    pub meetings_max: Option<u32>,
    pub participants_max: Option<u32>,
    pub participants_total_max: Option<u32>,
    pub duration_max_minutes: Option<u32>,
    pub recording: Option<bool>,
    /// `name=value`, beside those that are set.
    pub defaults: Vec<String>,
    /// `name=value`, beside those that are set.
    pub forced: Vec<String>,
    /// What a server must be able to do, instead of what is set.
    pub features: Option<Vec<String>>,
}

/// What can be cleared.
pub const CLEARABLE: [&str; 8] = [
    "meetings",
    "participants",
    "participants-total",
    "duration",
    "level",
    "defaults",
    "forced",
    "features",
];

fn fault(field: &'static str, message: impl Into<String>) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

fn limits_of(word: &str) -> Result<Limits, WebError> {
    match level(word) {
        Some(level) => Ok(level.limits),
        None => {
            let words: Vec<&str> = LEVELS.iter().map(|level| level.word).collect();
            let message = format!("Choose a service level: {}.", words.join(", "));
            Err(fault("level", message))
        }
    }
}

impl Changed {
    /// What a form says: all limits and parameters as they are from now on, but not the level.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let lines = |name| {
            let lines = fields.get(name).lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        let all = CLEARABLE.iter().filter(|word| **word != "level");
        let said = Self {
            clear: all.map(|&word| word.to_owned()).collect(),
            level: None,
            meetings_max: number(fields, "meetings_max", &mut faults),
            participants_max: number(fields, "participants_max", &mut faults),
            participants_total_max: number(fields, "participants_total_max", &mut faults),
            duration_max_minutes: number(fields, "duration_max_minutes", &mut faults),
            recording: Some(fields.is_ticked("recording")),
            defaults: lines("defaults"),
            forced: lines("forced"),
            features: Some(words(fields.get("features"))),
        };
        faults.end(said)
    }

    fn clear(&self, rules: &mut Rules) -> Result<(), WebError> {
        let limits = &mut rules.limits;
        for word in &self.clear {
            match word.as_str() {
                "meetings" => limits.meetings_max = None,
                "participants" => limits.participants_max = None,
                "participants-total" => limits.participants_total_max = None,
                "duration" => limits.duration_max_minutes = None,
                "level" => rules.level.clear(),
                "defaults" => rules.defaults.clear(),
                "forced" => rules.forced.clear(),
                "features" => rules.features = BTreeSet::new(),
                _ => {
                    let message = format!("What can be cleared: {}.", CLEARABLE.join(", "));
                    return Err(fault("clear", message));
                }
            }
        }
        Ok(())
    }

    /// The rules as they are from now on.
    fn of(&self, mut rules: Rules) -> Result<Rules, WebError> {
        self.clear(&mut rules)?;
        if let Some(word) = &self.level {
            rules.limits = limits_of(word)?;
            rules.level.clone_from(word);
        }
        let limits = &mut rules.limits;
        for (field, given, limit) in [
            ("meetings_max", self.meetings_max, &mut limits.meetings_max),
            (
                "participants_max",
                self.participants_max,
                &mut limits.participants_max,
            ),
            (
                "participants_total_max",
                self.participants_total_max,
                &mut limits.participants_total_max,
            ),
            (
                "duration_max_minutes",
                self.duration_max_minutes,
                &mut limits.duration_max_minutes,
            ),
        ] {
            let Some(given) = given else { continue };
            if !(1..=LIMIT_MAX).contains(&given) {
                let found = given.to_string();
                return Err(fault(field, LimitError::Limit { found }.to_string()));
            }
            *limit = Some(given);
        }
        limits.recording = self.recording.unwrap_or(limits.recording);
        rules.defaults = beside(rules.defaults, &self.defaults)
            .map_err(|error| fault("defaults", error.to_string()))?;
        rules.forced = beside(rules.forced, &self.forced)
            .map_err(|error| fault("forced", error.to_string()))?;
        if let Some(words) = &self.features {
            let words = words.iter().map(String::as_str);
            rules.features =
                features(words).map_err(|error| fault("features", error.to_string()))?;
        }
        Ok(rules)
    }
}

/// Parameters with more of them.
fn beside(known: Vec<Parameter>, more: &[String]) -> Result<Vec<Parameter>, LimitError> {
    let known: Vec<String> = known
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters(known.iter().chain(more).map(String::as_str))
}

/// A tenant whose record stands and has not ended, of this node's member.
fn own(site: &Site, id: TenantId) -> Result<record::Tenant, WebError> {
    let host = own_member(site)?;
    let found = site.node.read(|core| {
        let tenant = core.view().meetings.tenants.get(&id)?;
        let stands = tenant.host == host && !tenant.record.ended;
        stands.then(|| tenant.record.clone())
    });
    found.ok_or(WebError::NotFound { what: "tenant" })
}

/// A tenant as its people and the stewards of its home see it, without its secrets.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub id: TenantId,
    pub name: String,
    pub member: MemberId,
    pub member_name: String,
    pub region: Option<String>,
    /// Whether this node says where its meetings are.
    pub is_home: bool,
    pub secret: SecretState,
    /// Until when each old secret works.
    pub old_until: Vec<Timestamp>,
    /// What is set for it; none where this node has nothing of it.
    pub rules: Option<Rules>,
    /// When the record was written.
    pub at: Timestamp,
}

/// The tenants that the actor may see: those of its member, and for stewards of this node's member
/// all that its nodes serve. By name.
///
/// # Errors
/// When the store fails.
pub(crate) async fn seen(site: &Site, actor: &Actor) -> Result<Vec<Seen>, WebError> {
    let is_steward = acts::need_host(site, actor).is_ok();
    let rows: BTreeMap<TenantId, Kept> = site.tenants.all().await?.into_iter().collect();
    let (snapshot, now) = (site.tenants.snapshot(), site.now());
    let here = site.node.read(Core::member);
    let mut all: Vec<Seen> = actor.read(site, |core| {
        let (view, own) = (core.view(), core.member());
        let tenants = view.meetings.tenants.iter().filter(|(_, tenant)| {
            let is_served = is_steward && Some(tenant.host) == here;
            !tenant.record.ended && (is_served || Some(tenant.record.member) == own)
        });
        tenants
            .map(|(id, tenant)| {
                let row = rows.get(id);
                Seen {
                    id: *id,
                    name: tenant.record.name.clone(),
                    member: tenant.record.member,
                    member_name: view.member_name(&tenant.record.member),
                    region: tenant.record.region.as_ref().map(ToString::to_string),
                    is_home: tenant.record.home == core.node(),
                    secret: match row {
                        None => SecretState::Missing,
                        Some(_) if snapshot.is_shut(*id) => SecretState::Shut,
                        Some(_) => SecretState::Here,
                    },
                    old_until: row.map(|row| row.old_until(now)).unwrap_or_default(),
                    rules: row.map(|row| row.rules.clone()),
                    at: tenant.time,
                }
            })
            .collect()
    });
    all.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(all)
}

fn check_length(secret: &Secret) -> Result<(), WebError> {
    let is_plain = secret.expose().iter().all(u8::is_ascii_graphic);
    if secret.expose().len() < SECRET_BYTES_MIN || !is_plain {
        let message = format!(
            "A secret has at least {SECRET_BYTES_MIN} letters, digits and signs, without spaces."
        );
        return Err(fault("secret", message));
    }
    Ok(())
}

/// The secret that was given, or a new one; and again, to be shown once, if it is new.
fn given_or_new(given: Option<Secret>) -> Result<(Secret, Option<Secret>), WebError> {
    match given {
        Some(secret) => check_length(&secret).map(|()| (secret, None)),
        None => {
            let made = new_secret()?;
            Ok((made.clone(), Some(made)))
        }
    }
}

/// Adds a tenant: the secret first, then the record. Gives the secret, to be shown once, if it was
/// made here.
///
/// # Errors
/// When the actor is no steward of this node's member, or what is said does not fit.
pub(crate) async fn add(
    site: &Site,
    actor: &Actor,
    said: NewTenant,
) -> Result<(TenantId, Option<Secret>), WebError> {
    acts::need_host(site, actor)?;
    let host = own_member(site)?;
    let name = said.name.trim();
    let member = match said.member.trim() {
        "" => host,
        text => text
            .parse::<MemberId>()
            .map_err(|_| fault("member", "Choose a member of the list."))?,
    };
    let region: Option<Region> = match said.region.trim() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|error: RegionError| fault("region", sentence(&error.to_string())))?,
        ),
    };
    let mut rules = Rules::default();
    if !said.level.trim().is_empty() {
        rules.limits = limits_of(said.level.trim())?;
        said.level.trim().clone_into(&mut rules.level);
    }
    let (secret, made) = given_or_new(said.secret)?;
    check_name(site, host, name)?;
    let nonce = match unrecorded(site, name).await? {
        Some(nonce) => nonce,
        None => *random()?,
    };
    let record = record::Tenant {
        nonce,
        name: name.to_owned(),
        member,
        home: site.node.key.public(),
        region,
        ended: false,
    };
    let id = record.id(host);
    let act = Act::Tenant(record);
    // Refused before anything is kept.
    site.node
        .prepare(site.node.key.public(), act.clone())
        .await?;
    site.tenants.add(id, (nonce, name), rules, &secret).await?;
    site.node.act(site.node.key.clone(), act).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant was added");
    Ok((id, made))
}

/// Refuses a name that another tenant of this node's member has: commands name tenants by it.
fn check_name(site: &Site, host: MemberId, name: &str) -> Result<(), WebError> {
    let is_taken = site.node.read(|core| {
        let mut all = core.view().meetings.tenants.values();
        all.any(|one| one.host == host && !one.record.ended && one.record.name == name)
    });
    match is_taken {
        true => Err(fault(
            "name",
            "Another tenant has this name. Choose another.",
        )),
        false => Ok(()),
    }
}

/// The random number of a tenant that was kept and whose record was never written.
async fn unrecorded(site: &Site, name: &str) -> Result<Option<[u8; 16]>, WebError> {
    let rows = site.tenants.all().await?;
    Ok(site.node.read(|core| {
        let known = &core.view().meetings.tenants;
        let lost = rows
            .iter()
            .find(|(id, kept)| kept.name == name && !known.contains_key(id));
        lost.map(|(_, kept)| kept.nonce)
    }))
}

/// Changes what a tenant may have.
///
/// # Errors
/// When the actor is no steward of this node's member, there is no such tenant here, or what is said
/// does not fit.
pub(crate) async fn limit(
    site: &Site,
    actor: &Actor,
    id: TenantId,
    changed: Changed,
) -> Result<Rules, WebError> {
    acts::need_host(site, actor)?;
    own(site, id)?;
    let kept = site.tenants.of(id).await?;
    let kept = kept.ok_or_else(not_here)?;
    let rules = changed.of(kept.rules)?;
    site.tenants.set_rules(id, rules.clone()).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's limits were changed");
    Ok(rules)
}

fn not_here() -> WebError {
    WebError::Conflict {
        code: "tenant-elsewhere",
        message: "This node has no secret of this tenant. Do this at its home, or give this node \
                  the secret first: folkmoot tenant rotate NAME --secret-file FILE."
            .to_owned(),
    }
}

/// Gives a tenant a new secret, and says until when the old one works. The new one, to be shown once, if
/// it was made here.
///
/// # Errors
/// When the actor is no steward of this node's member, or there is no such tenant.
pub(crate) async fn rotate(
    site: &Site,
    actor: &Actor,
    id: TenantId,
    (given, ends_now): (Option<Secret>, bool),
) -> Result<(Option<Secret>, Timestamp), WebError> {
    acts::need_host(site, actor)?;
    let known = own(site, id)?;
    let now = site.now();
    let old_until = match ends_now {
        true => now,
        false => now.plus_seconds(OLD_SECRET_SECONDS),
    };
    if site.tenants.of(id).await?.is_none() {
        // A second node of the member is told the secret that the home has.
        let secret = given.ok_or_else(not_here)?;
        check_length(&secret)?;
        let named = (known.nonce, known.name.as_str());
        site.tenants
            .add(id, named, Rules::default(), &secret)
            .await?;
        tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was added");
        return Ok((None, old_until));
    }
    let (secret, made) = given_or_new(given)?;
    site.tenants.rotate(id, now, &secret, old_until).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was changed");
    Ok((made, old_until))
}

/// Ends a tenant: the record first, then its secrets. Meetings that run go on.
///
/// # Errors
/// When the actor is no steward of this node's member, or there is no such tenant.
pub(crate) async fn remove(site: &Site, actor: &Actor, id: TenantId) -> Result<(), WebError> {
    acts::need_host(site, actor)?;
    match own(site, id) {
        Ok(known) => {
            // It may be another node's: this one says so too, that all know it.
            let ended = true;
            let act = Act::Tenant(record::Tenant { ended, ..known });
            site.node.act(site.node.key.clone(), act).await?;
        }
        // What a stop left: secrets whose record has ended, or was never written.
        Err(_) if site.tenants.of(id).await?.is_some() => {}
        Err(error) => return Err(error),
    }
    site.tenants.remove(id).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant was removed");
    Ok(())
}

/// The newest secret of a tenant, for a steward who sets up its front end.
///
/// # Errors
/// When the actor is no steward of this node's member, or the secret is not here or does not open.
pub(crate) async fn reveal(site: &Site, actor: &Actor, id: TenantId) -> Result<Secret, WebError> {
    acts::need_host(site, actor)?;
    own(site, id)?;
    if site.tenants.of(id).await?.is_none() {
        return Err(not_here());
    }
    let secret = site.tenants.newest(id).await?;
    tracing::info!(person = %actor.person(), tenant = %id, "a tenant's secret was shown");
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn what_is_cleared_goes_before_the_level_and_the_level_before_the_rest() {
        let mut known = Rules::default();
        known.limits.participants_total_max = Some(9);
        known.defaults = vec![("welcome".to_owned(), "Hello".to_owned())];
        let changed = Changed {
            clear: words(&["participants-total", "defaults"]),
            level: Some("level-2".to_owned()),
            participants_max: Some(30),
            recording: Some(true),
            defaults: words(&["logo=x", "muteOnStart=true"]),
            forced: words(&["record=false"]),
            ..Changed::default()
        };
        let rules = changed.of(known).unwrap();
        let limits = Limits {
            meetings_max: Some(5),
            participants_max: Some(30),
            participants_total_max: None,
            duration_max_minutes: Some(180),
            recording: true,
        };
        assert_eq!(rules.limits, limits);
        assert_eq!(rules.level, "level-2");
        let names: Vec<&str> = rules
            .defaults
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["logo", "muteOnStart"]);
        assert_eq!(rules.forced.len(), 1);
    }

    #[test]
    fn a_change_that_does_not_fit_names_its_field() {
        let field = |changed: Changed| match changed.of(Rules::default()) {
            Err(WebError::Form(faults)) => faults[0].field,
            _ => "none",
        };
        let level = Some("gold".to_owned());
        assert_eq!(
            field(Changed {
                level,
                ..Changed::default()
            }),
            "level"
        );
        let clear = words(&["recording"]);
        assert_eq!(
            field(Changed {
                clear,
                ..Changed::default()
            }),
            "clear"
        );
        let meetings_max = Some(0);
        assert_eq!(
            field(Changed {
                meetings_max,
                ..Changed::default()
            }),
            "meetings_max"
        );
        let forced = words(&["checksum=1"]);
        assert_eq!(
            field(Changed {
                forced,
                ..Changed::default()
            }),
            "forced"
        );
    }
}
