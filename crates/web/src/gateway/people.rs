//! How many people a tenant has in all its meetings.

use std::time::Duration;

use bigbluebutton::Failure;

use super::gathering::gather;
use crate::{meetings::tenants::TenantAccess, site::Site};

/// How long somebody who joins waits for servers: what they said before counts while one keeps silent.
const PATIENCE: Duration = Duration::from_millis(500);

/// Refuses whoever would be one too many in all of a tenant's meetings together. Servers are asked each
/// time, and only where there is such a limit: one that is away is not counted, and a few who join in the
/// same moment may be let in beyond it.
pub(super) async fn check_total(site: &Site, tenant: &TenantAccess) -> Result<(), Failure> {
    let Some(most) = tenant.rules.limits.participants_total_max else {
        return Ok(());
    };
    let people = match tokio::time::timeout(PATIENCE, gather(site, tenant.id)).await {
        Ok(gathered) => gathered?.people,
        Err(_) => site.gatherings.counted(tenant.id),
    };
    match people < u64::from(most) {
        true => Ok(()),
        false => Err(Failure::new(
            "maxParticipantsReached",
            people_limit(Some(most)),
        )),
    }
}

/// That as many people are in meetings as may.
pub(super) fn people_limit(most: Option<u32>) -> String {
    let most = match most {
        None => "No more people".to_owned(),
        Some(1) => "Only 1 person".to_owned(),
        Some(most) => format!("At most {most} people"),
    };
    format!("{most} can be in all meetings here together. Wait until somebody has left.")
}
