//! `create`: what the tenant may have is put into the call, and the core finds it a server.

use bigbluebutton::{Create, Failure, answer::Created, create::leave_out_breakout_rooms};
use domain::{
    id::TenantId,
    record::{FEATURES_MAX, Room},
};
use federation::meetings::call::{CallFault, Method, Terms};
use routing::candidate::Feature;

use super::{
    callback,
    passwords::password,
    people, read, refusal,
    request::{Checked, room},
    single, unreadable,
};
use crate::{
    meetings::{
        limits::Rules,
        overview::{self, RECORDING},
        tenants::TenantAccess,
    },
    site::Site,
};

/// Where the front end's own id of a meeting is kept with the meeting and its recordings, so that any
/// node can give it back, also years later.
pub(super) const OWN_ID: &str = "folkmoot-id";
/// Metadata by which a front end says how many people it expects.
const SIZE_HINTS: [&str; 2] = ["bbb-meeting-size-hint", "meeting-size-hint"];
/// The most people that are planned for.
const PEOPLE_MAX: u64 = 10_000;
/// Metadata by which Greenlight says which servers it wants, as Scalelite understands it: tags between
/// `;`, with `!` at the end if nothing else will do.
const SERVER_TAG: &str = "server-tag";
/// The parameter with a text that moderators alone see.
const FOR_MODERATORS: &str = "moderatorOnlyMessage";
const UNRECORDED: &str = "This meeting cannot be recorded: no server here records.";

pub(super) async fn create(site: &Site, checked: Checked) -> Result<String, Failure> {
    let Checked {
        call,
        tenant,
        parameters,
        document,
    } = checked;
    let tenant_id = tenant.id;
    let mut create = allowed(site, &tenant, parameters)?;
    let meeting_id = create.meeting_id.clone();
    let place = room(tenant.id, &meeting_id);
    people::check_total(site, &tenant).await?;
    if create.attendee_password.is_none() {
        create.attendee_password = Some(password("attendee", place));
    }
    if create.moderator_password.is_none() {
        create.moderator_password = Some(password("moderator", place));
    }
    let terms = terms(site, &create, &tenant)?;
    let most = terms.meetings_max;
    create
        .meta
        .retain(|(name, _)| !name.eq_ignore_ascii_case(OWN_ID));
    create.meta.push((OWN_ID.to_owned(), meeting_id.clone()));
    callback::seal(site, tenant.id, &mut create)?;
    let asked = Checked {
        call,
        tenant,
        parameters: create.into_parameters(),
        document,
    };
    let asked = asked.of_room(Method::Create, &meeting_id, Some(terms));
    let parts = site.node.call(asked).await;
    let (_, bytes) =
        single(parts).map_err(
            |fault| match (unplaced(site, tenant_id, place, &fault), most) {
                (_, Some(most)) if fault == CallFault::Limit => limit_reached(most),
                (failure, _) => failure,
            },
        )?;
    let response = read(&bytes)?;
    site.gateway.placed();
    let mut created = Created::from_response(response).map_err(|error| unreadable(&error))?;
    created.meeting_id = meeting_id;
    Ok(created.to_xml())
}

/// What is asked for, as the tenant may have it.
fn allowed(
    site: &Site,
    tenant: &TenantAccess,
    parameters: bigbluebutton::Parameters,
) -> Result<Create, Failure> {
    let mut parameters = with_rules(parameters, &tenant.rules);
    // The id of a parent would not be translated, so it could only be another tenant's.
    leave_out_breakout_rooms(&mut parameters);
    let mut create = Create::read(parameters)?;
    limit(&mut create, &tenant.rules);
    if create.record == Some(true) && !site.node.read(overview::is_recording_offered) {
        unrecorded(&mut create);
    }
    Ok(create)
}

/// Where a meeting may go that is asked for with these parameters.
pub(super) fn terms_of(
    site: &Site,
    tenant: &TenantAccess,
    parameters: bigbluebutton::Parameters,
) -> Result<Terms, Failure> {
    let create = allowed(site, tenant, parameters)?;
    terms(site, &create, tenant)
}

fn limit_reached(most: u32) -> Failure {
    Failure::new("meetingLimitReached", meeting_limit(Some(most)))
}

/// That as many meetings run as may.
pub(super) fn meeting_limit(most: Option<u32>) -> String {
    match most {
        None => {
            "No more meetings can run here now. End one, or wait until one has ended.".to_owned()
        }
        Some(1) => "Only 1 meeting can run at one time here. End it, or wait until it has ended."
            .to_owned(),
        Some(most) => format!(
            "At most {most} meetings can run at one time here. End one, or wait until one has ended."
        ),
    }
}

/// Counts a create that found no place, with what was found of each server.
fn unplaced(site: &Site, tenant: TenantId, room: Room, fault: &CallFault) -> Failure {
    site.node.read(|core| {
        let why = core.why(&tenant, &room);
        let why = why.filter(|why| why.server.is_none() && *fault == CallFault::NoRoom);
        let reasons = why.into_iter().flat_map(|why| &why.reasons);
        site.gateway
            .unplaced(fault, reasons.map(|(_, reason)| reason));
    });
    refusal(fault)
}

/// Puts the tenant's default and forced parameters in.
fn with_rules(
    mut parameters: bigbluebutton::Parameters,
    rules: &Rules,
) -> bigbluebutton::Parameters {
    for (name, value) in &rules.defaults {
        parameters.fall_back(name, value.clone());
    }
    for (name, value) in &rules.forced {
        parameters.set(name, value.clone());
    }
    parameters
}

/// Cuts what is asked for down to what the tenant may have.
fn limit(create: &mut Create, rules: &Rules) {
    let limits = &rules.limits;
    let capped = |asked: Option<u64>, most: Option<u32>| match (asked.filter(|n| *n > 0), most) {
        (Some(asked), Some(most)) => Some(asked.min(u64::from(most))),
        (None, Some(most)) => Some(u64::from(most)),
        (asked, None) => asked,
    };
    create.duration_minutes = capped(create.duration_minutes, limits.duration_max_minutes);
    create.max_participants = capped(create.max_participants, limits.participants_max);
    if !limits.recording {
        forbid_recording(create);
    }
}

fn forbid_recording(create: &mut Create) {
    create.record = Some(false);
    for name in ["autoStartRecording", "allowStartStopRecording"] {
        create.rest.set(name, "false");
    }
}

/// Where nobody records, a meeting that asks for it begins all the same, as on a server that does not
/// record; its moderators are told.
fn unrecorded(create: &mut Create) {
    forbid_recording(create);
    let told = create
        .rest
        .get(FOR_MODERATORS)
        .filter(|told| !told.is_empty());
    let told = told.map_or(String::new(), |told| format!("{told}<br>"));
    create.rest.set(FOR_MODERATORS, told + UNRECORDED);
}

/// People in a meeting, as placement counts them: a front end that expects all the world is planned for
/// like one that expects as many as any server bears.
fn planned(count: u64) -> Option<u32> {
    u32::try_from(count.min(PEOPLE_MAX)).ok()
}

/// Where the meeting may go.
fn terms(site: &Site, create: &Create, tenant: &TenantAccess) -> Result<Terms, Failure> {
    let hint = SIZE_HINTS.iter().find_map(|name| create.meta(name));
    let hint = hint.and_then(|hint| hint.trim().parse().ok());
    let cap = create.max_participants.filter(|cap| *cap > 0);
    let mut terms = Terms {
        hint: hint.and_then(planned),
        cap_users: cap.and_then(planned),
        meetings_max: tenant.rules.limits.meetings_max,
        ..Terms::default()
    };
    let feature = |word: &str| word.parse::<Feature>().ok();
    terms.features = tenant
        .rules
        .features
        .iter()
        .filter_map(|word| feature(word))
        .collect();
    let (own_region, regions) = site.node.read(|core| {
        let meetings = &core.view().meetings;
        let record = meetings.tenants.get(&tenant.id);
        let servers = meetings.servers.values();
        let regions: std::collections::BTreeSet<_> =
            servers.map(|server| server.record.region.clone()).collect();
        (record.and_then(|one| one.record.region.clone()), regions)
    });
    terms.region = own_region;
    if create.record == Some(true)
        && let Some(recording) = feature(RECORDING)
    {
        terms.features.insert(recording);
    }
    for tag in create.meta(SERVER_TAG).unwrap_or_default().split(';') {
        let (word, required) = match tag.trim().strip_suffix('!') {
            Some(word) => (word, true),
            None => (tag.trim(), false),
        };
        match word.parse() {
            Ok(region) if regions.contains(&region) => {
                terms.region = Some(region);
                terms.region_required = required;
            }
            _ if required => terms.features.extend(feature(word)),
            _ => {}
        }
    }
    // None of them may be left out: nothing else will do.
    match terms.features.len() {
        0..=FEATURES_MAX => Ok(terms),
        _ => Err(Failure::new(
            "validationError",
            format!("A meeting can ask for at most {FEATURES_MAX} features of a server."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use bigbluebutton::Parameters;

    use super::*;

    #[test]
    fn moderators_are_told_that_nobody_records_below_what_they_are_told_anyway() {
        for (told, expected) in [
            ("", UNRECORDED.to_owned()),
            ("Hello", format!("Hello<br>{UNRECORDED}")),
        ] {
            let query = format!(
                "name=Weekly&meetingID=weekly&record=true&autoStartRecording=true&{FOR_MODERATORS}={told}"
            );
            let mut create = Create::read(Parameters::from_query(&query).unwrap()).unwrap();
            unrecorded(&mut create);
            assert_eq!(create.record, Some(false));
            assert_eq!(create.rest.get("autoStartRecording"), Some("false"));
            assert_eq!(create.rest.get(FOR_MODERATORS), Some(&*expected));
        }
    }
}
