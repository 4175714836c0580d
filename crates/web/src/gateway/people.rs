//! How many people a tenant has in all its meetings.

use bigbluebutton::Failure;
use federation::meetings::{
    Asked,
    call::{Call, Method},
};

use super::meeting::gathered;
use crate::{meetings::tenants::TenantAccess, site::Site};

/// Refuses whoever would be one too many in all of a tenant's meetings together. Servers are asked each
/// time, and only where there is such a limit: one that is away is not counted, and a few who join in the
/// same moment may be let in beyond it.
pub(super) async fn check_total(site: &Site, tenant: &TenantAccess) -> Result<(), Failure> {
    let Some(most) = tenant.rules.limits.participants_total_max else {
        return Ok(());
    };
    let asked = Asked {
        tenant: tenant.id,
        room: None,
        terms: None,
        call: Call {
            method: Method::GetMeetings,
            query: String::new(),
            body: None,
        },
    };
    let meetings = gathered(site, asked).await;
    let people = meetings.iter().map(|meeting| meeting.participant_count);
    match people.fold(0, u64::saturating_add) < u64::from(most) {
        true => Ok(()),
        false => Err(Failure::new(
            "maxParticipantsReached",
            format!(
                "At most {most} people can be in all meetings here together. Wait until somebody has left."
            ),
        )),
    }
}
