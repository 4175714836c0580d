//! The power of classes under the rules of a charter, computed beside the server: it can take a second.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{
    charter::{Charter, ClassId, RuleName},
    decision::{self, ClassPower},
    id::{Hash, MemberId},
};
use federation::Core;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::error::WebError;

/// How many results are remembered: every rule of a few charters.
const KNOWN_MAX: usize = 64;
/// How long one who asks waits for those before.
const DEADLINE: Duration = Duration::from_secs(20);

/// The power of each class with voters; none where there are too many cases to go through.
pub(crate) type Power = Option<BTreeMap<ClassId, ClassPower>>;

/// Power shares computed one at a time, and the latest of them.
pub(crate) struct Powers {
    known: Mutex<VecDeque<(Hash, Power)>>,
    turn: Semaphore,
}

impl Default for Powers {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }
}

impl Powers {
    /// The power of each class under a rule, if these members vote.
    ///
    /// # Errors
    /// When others ask for so much that there is no turn in time.
    pub(crate) async fn of(
        &self,
        charter: &Charter,
        rule: RuleName,
        members: &BTreeMap<MemberId, ClassId>,
    ) -> Result<Power, WebError> {
        let mut voters = BTreeMap::<ClassId, u64>::new();
        for class in decision::electorate(rule, charter, members).into_values() {
            *voters.entry(class).or_default() += 1;
        }
        let name = name(charter, rule, &voters);
        if let Some(power) = self.find(name) {
            return Ok(power);
        }
        let busy = || WebError::NotReady {
            why: "it computes the power of classes for others",
        };
        let turn = timeout(DEADLINE, self.turn.acquire()).await;
        let _turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        // Whoever had the turn before may have asked for the same.
        if let Some(power) = self.find(name) {
            return Ok(power);
        }
        let charter = charter.clone();
        let work = spawn_blocking(move || decision::power(rule, &charter, &voters));
        let power = work.await.map_err(|_| busy())?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.pop_front();
        }
        known.push_back((name, power.clone()));
        Ok(power)
    }

    fn find(&self, name: Hash) -> Option<Power> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(other, _)| *other == name);
        found.map(|(_, power)| power.clone())
    }
}

/// What tells one question from all others.
fn name(charter: &Charter, rule: RuleName, voters: &BTreeMap<ClassId, u64>) -> Hash {
    let voters: Vec<String> = voters
        .iter()
        .map(|(class, n)| format!("{class}={n}"))
        .collect();
    let voters = voters.join(",");
    let rule = rule.as_str().as_bytes();
    Hash::of(&[&charter.hash().0, rule, b"\0", voters.as_bytes()])
}

/// Every member with its class.
pub(crate) fn members_of(core: &Core) -> BTreeMap<MemberId, ClassId> {
    let members = core.view().members.values();
    let members = members.filter_map(|member| Some((member.id, member.class.parse().ok()?)));
    members.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_computed_is_remembered_and_memory_is_bounded() {
        let powers = Powers::default();
        let charter = Charter::default();
        let member = |number: usize| (MemberId([number as u8; 32]), "producer".parse().unwrap());
        for count in 1..=KNOWN_MAX + 2 {
            let members: BTreeMap<MemberId, ClassId> = (0..count).map(member).collect();
            let power = powers.of(&charter, RuleName::OneMemberOneVote, &members);
            let power = power.await.unwrap().unwrap();
            assert_eq!(power[&"producer".parse().unwrap()].voters, count as u64);
        }
        assert_eq!(powers.known.lock().unwrap().len(), KNOWN_MAX);
        let members: BTreeMap<MemberId, ClassId> = (0..KNOWN_MAX + 2).map(member).collect();
        let _no_turn = powers.turn.acquire().await.unwrap();
        let known = powers.of(&charter, RuleName::OneMemberOneVote, &members);
        assert!(known.await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_turn_in_time_is_told_to_try_again() {
        let powers = Powers::default();
        let _no_turn = powers.turn.acquire().await.unwrap();
        let none = BTreeMap::new();
        let charter = Charter::default();
        let refused = powers.of(&charter, RuleName::Charter, &none).await;
        assert!(matches!(refused, Err(WebError::NotReady { .. })));
    }
}
