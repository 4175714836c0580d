//! How many people a tenant has in all its meetings.

use bigbluebutton::Failure;

use super::gathering::gather;
use crate::{meetings::tenants::TenantAccess, site::Site};

/// Refuses whoever would be one too many in all of a tenant's meetings together. Servers are asked each
/// time, and only where there is such a limit: one that is away is not counted, and a few who join in the
/// same moment may be let in beyond it.
pub(super) async fn check_total(site: &Site, tenant: &TenantAccess) -> Result<(), Failure> {
    let Some(most) = tenant.rules.limits.participants_total_max else {
        return Ok(());
    };
    let people = gather(site, tenant.id).await?.people;
    match people < u64::from(most) {
        true => Ok(()),
        false => Err(Failure::new(
            "maxParticipantsReached",
            format!(
                "At most {most} people can be in all meetings here together. Wait until somebody has left."
            ),
        )),
    }
}
