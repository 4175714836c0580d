//! All meetings of a tenant, asked for once by all who want to know at the same time.
//!
//! Front ends ask often and many at once, each time of every server, and the answer is the same for all of
//! them. Whoever asks while servers are being asked waits for what they say the next time: nobody is told
//! what was so before the question.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use bigbluebutton::{Failure, answer::Meetings};
use domain::id::TenantId;
use federation::meetings::{
    Asked,
    call::{Call, Method},
};
use tokio::sync::watch;

use super::meeting::{gathered, own_meetings};
use crate::site::Site;

/// What the servers of a tenant's meetings said.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The answer to its front end.
    pub document: Bytes,
    /// People in all of its meetings.
    pub people: u64,
}

type Said = Option<Arc<Gathered>>;

/// What is being asked, and what was heard.
#[derive(Debug, Default)]
pub(crate) struct Gatherings {
    /// The tenants whose servers are being asked, with those who wait for the next time.
    asking: Mutex<BTreeMap<TenantId, Option<watch::Sender<Said>>>>,
    /// People in all meetings of a tenant when its servers were asked last.
    people: Mutex<BTreeMap<TenantId, u64>>,
}

impl Gatherings {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, Option<watch::Sender<Said>>>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_people(&self) -> MutexGuard<'_, BTreeMap<TenantId, u64>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, tenant: TenantId, people: u64) {
        self.lock_people().insert(tenant, people);
    }

    /// People in all meetings of a tenant when its servers were asked last; nobody before.
    pub(super) fn counted(&self, tenant: TenantId) -> u64 {
        self.lock_people().get(&tenant).copied().unwrap_or_default()
    }

    /// Waits for the next time, and whether nobody is asking yet.
    fn wait(&self, tenant: TenantId) -> (watch::Receiver<Said>, bool) {
        let mut all = self.lock();
        let is_first = !all.contains_key(&tenant);
        let waiting = all.entry(tenant).or_default();
        let waiting = waiting.get_or_insert_with(|| watch::channel(None).0);
        (waiting.subscribe(), is_first)
    }

    /// Those who wait until now; if nobody does, the asking is over.
    fn take(&self, tenant: TenantId) -> Option<watch::Sender<Said>> {
        let mut all = self.lock();
        let waiting = all.get_mut(&tenant).and_then(Option::take);
        if waiting.is_none() {
            all.remove(&tenant);
        }
        waiting
    }
}

/// All meetings of a tenant on every server that can be reached.
///
/// # Errors
/// When the asking broke off.
pub(super) async fn gather(site: &Site, tenant: TenantId) -> Result<Arc<Gathered>, Failure> {
    let (mut heard, is_first) = site.gatherings.wait(tenant);
    if is_first {
        tokio::spawn(ask_for_all(site.clone(), tenant));
    }
    let said = heard.wait_for(Option::is_some).await;
    let said = said.ok().and_then(|said| (*said).clone());
    said.ok_or_else(Failure::server_unavailable)
}

/// Asks as long as somebody waits. In a task of its own: it goes on when who began it waits no more.
async fn ask_for_all(site: Site, tenant: TenantId) {
    while let Some(waiting) = site.gatherings.take(tenant) {
        let asking = site.clone();
        // A fault there must not leave those who come later waiting for ever.
        let asked = tokio::spawn(async move { ask(&asking, tenant).await });
        if let Ok(said) = asked.await {
            waiting.send_replace(Some(Arc::new(said)));
        }
    }
}

async fn ask(site: &Site, tenant: TenantId) -> Gathered {
    let asked = Asked {
        tenant,
        room: None,
        terms: None,
        call: Call {
            method: Method::GetMeetings,
            query: String::new(),
            body: None,
        },
    };
    let all = gathered(site, asked).await;
    let people = site.node.read(|core| {
        let servers = &core.view().meetings.servers;
        let people = all.iter().map(|one| {
            let server = servers.get(&one.server);
            let most = server.map_or(0, |server| server.record.capability.room_users);
            // A server cannot use up what a tenant may have with people whom it has no place for.
            one.meeting.participant_count.min(most)
        });
        people.fold(0, u64::saturating_add)
    });
    site.gatherings.count(tenant, people);
    let own = Meetings(own_meetings(site, tenant, all));
    Gathered {
        document: own.to_xml().into(),
        people,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId([1; 16]);

    fn said(people: u64) -> Said {
        let document = Bytes::new();
        Some(Arc::new(Gathered { document, people }))
    }

    fn people(heard: &watch::Receiver<Said>) -> Option<u64> {
        heard.borrow().as_ref().map(|said| said.people)
    }

    #[test]
    fn who_asks_while_servers_are_asked_hears_what_they_say_the_next_time() {
        let all = Gatherings::default();
        let (first, is_first) = all.wait(TENANT);
        assert!(is_first);
        let (beside, is_first) = all.wait(TENANT);
        assert!(!is_first, "it is asked once for both");
        let asked = all.take(TENANT).unwrap();
        let (later, is_first) = all.wait(TENANT);
        assert!(!is_first);
        asked.send_replace(said(1));
        assert_eq!((people(&first), people(&beside)), (Some(1), Some(1)));
        assert_eq!(people(&later), None, "it was said before it asked");
        let asked = all.take(TENANT).unwrap();
        asked.send_replace(said(2));
        assert_eq!(people(&later), Some(2));
        assert!(all.take(TENANT).is_none(), "nobody waits");
        assert!(all.wait(TENANT).1, "the next begins anew");
    }

    #[test]
    fn one_tenant_does_not_wait_for_another() {
        let all = Gatherings::default();
        assert!(all.wait(TENANT).1 && all.wait(TenantId([2; 16])).1);
    }
}
