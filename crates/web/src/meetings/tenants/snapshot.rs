//! Every tenant at one moment, for the requests of front ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bigbluebutton::Secret;
use domain::id::{TenantId, Timestamp};

use crate::meetings::limits::Rules;

/// What a request of a front end is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantAccess {
    /// The tenant.
    pub id: TenantId,
    /// What is set for it.
    pub rules: Rules,
}

/// Whose a secret is, and until when it works; the newest of a tenant works until it is followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearer {
    pub tenant: TenantId,
    pub until: Option<Timestamp>,
}

/// Every tenant at one moment. A tenant may be served if it is here *and* its record stands and has
/// not ended: a row whose record was never written does nothing.
#[derive(Default)]
pub struct TenantSnapshot {
    pub(super) tenants: BTreeMap<TenantId, Arc<TenantAccess>>,
    pub(super) shut: BTreeSet<TenantId>,
    pub(super) secrets: Vec<Secret>,
    /// Of each secret, in the same order.
    pub(super) bearers: Vec<Bearer>,
}

impl TenantSnapshot {
    /// What is set for a tenant.
    #[must_use]
    pub fn get(&self, id: TenantId) -> Option<&Arc<TenantAccess>> {
        self.tenants.get(&id)
    }

    /// Every tenant, ascending by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TenantAccess>> {
        self.tenants.values()
    }

    /// Every secret of every tenant, those that have stopped working included: what a checksum is
    /// compared with. [`TenantSnapshot::bearer`] says whose the one is that fits.
    #[must_use]
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// The tenant whose secret stands at this place of [`TenantSnapshot::secrets`]; none if that
    /// secret has stopped working.
    #[must_use]
    pub fn bearer(&self, place: usize, now: Timestamp) -> Option<&Arc<TenantAccess>> {
        let bearer = self.bearers.get(place)?;
        let works = bearer.until.is_none_or(|until| now < until);
        self.tenants.get(&bearer.tenant).filter(|_| works)
    }

    /// The secrets of one tenant that work now, the newest first.
    pub fn secrets_of(&self, id: TenantId, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let all = self.secrets.iter().zip(&self.bearers);
        let own = all.filter(move |(_, bearer)| {
            bearer.tenant == id && bearer.until.is_none_or(|until| now < until)
        });
        own.map(|(secret, _)| secret)
    }

    /// Whether none of a tenant's secrets opens.
    #[must_use]
    pub fn is_shut(&self, id: TenantId) -> bool {
        self.shut.contains(&id)
    }
}
