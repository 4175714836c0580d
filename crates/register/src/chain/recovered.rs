//! The register after a recovery.

use std::collections::BTreeMap;

use domain::id::PhaseId;

use super::Chain;
use crate::recovery::{Base, Recovered, RecoveryError};

impl Chain {
    /// The register after a recovery, and which phase takes the place of which: all that are open are
    /// held again by those who remain.
    ///
    /// # Errors
    /// When it does not go on from here, or is not in force.
    pub fn recovered(
        &self,
        recovered: &Recovered,
    ) -> Result<(Self, BTreeMap<PhaseId, PhaseId>), RecoveryError> {
        let base = Base::of(self);
        let validators = base.check(recovered)?;
        let recovery = &recovered.recovery;
        let hash = recovery.hash(&self.federation);
        let from = recovery.time.plus_ms(base.notice_ms);
        let mut chain = self.clone();
        chain.epoch = recovery.epoch;
        chain.last = hash;
        chain.order.drop_validators(&recovery.gone);
        chain.phases.clear();
        let mut again = BTreeMap::new();
        for (id, phase) in &self.phases {
            let next = phase.recovered(&self.federation, &hash, from, validators.clone());
            let next = next.map_err(RecoveryError::Phase)?;
            again.insert(*id, next.id);
            chain.phases.insert(next.id, next);
        }
        for phase in chain.open.values_mut() {
            *phase = again.get(phase).copied().unwrap_or(*phase);
        }
        let objected = self.objected.iter();
        chain.objected = objected.filter_map(|id| again.get(id).copied()).collect();
        chain.validators = validators;
        Ok((chain, again))
    }
}
