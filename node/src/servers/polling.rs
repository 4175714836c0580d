//! Polls of this node's servers: often while meetings run, seldom while nothing does.

use std::collections::BTreeMap;

use bigbluebutton::answer::{Meeting, Meetings};
use domain::id::ServerId;
use federation::meetings::{Seen, whose};
use tokio::{
    task::JoinSet,
    time::{Duration, Instant},
};
use web::node::MeetingsInput;

use super::{Callers, lists::LIST_BYTES_MAX};
use crate::clock;

/// How often a server with meetings is polled.
const BUSY: Duration = Duration::from_secs(5);
/// How often one without is.
const IDLE: Duration = Duration::from_secs(20);
/// How often one that has not proved itself is.
const NEW: Duration = Duration::from_secs(1);
/// Polls after which a server has had its chance to prove itself.
const NEW_POLLS: u32 = 6;
/// How long a poll may take.
const POLL_DEADLINE: Duration = Duration::from_secs(4);
/// How often it is looked whether there are other servers.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Server {
    due: Instant,
    polls: u32,
    is_busy: bool,
}

/// Polls the servers whose secrets are here, for ever.
pub async fn poll_all(callers: Callers) {
    let mut servers: BTreeMap<ServerId, Server> = BTreeMap::new();
    let mut polls = JoinSet::new();
    loop {
        take_up(&callers, &mut servers).await;
        let now = Instant::now();
        for (id, server) in &mut servers {
            if server.due <= now {
                // Until its poll is back.
                server.due = now + POLL_DEADLINE + IDLE;
                polls.spawn(poll(callers.clone(), *id));
            }
        }
        let ended = tokio::time::timeout(LOOK, polls.join_next()).await;
        match ended {
            Ok(Some(Ok((id, seen)))) => {
                callers.0.places.polled(id, seen.is_some());
                if let Some(server) = servers.get_mut(&id) {
                    server.note(seen.as_deref());
                    let input = MeetingsInput::Polled { server: id, seen };
                    callers.0.node.tell(input).await;
                }
            }
            Ok(None) => tokio::time::sleep(LOOK).await,
            Ok(Some(Err(error))) => tracing::error!(%error, "a poll failed"),
            Err(_) => {}
        }
    }
}

/// Servers come and go with their secrets and their descriptions.
async fn take_up(callers: &Callers, servers: &mut BTreeMap<ServerId, Server>) {
    let snapshot = callers.0.site.servers.snapshot();
    let known: Vec<ServerId> = callers.0.node.read(|core| {
        let Some(member) = core.member() else {
            return Vec::new();
        };
        let own = core.view().meetings.servers_of(member);
        own.map(|(id, _)| id).collect()
    });
    let here: Vec<ServerId> = snapshot.ids().filter(|id| known.contains(id)).collect();
    let is_same = here.len() == servers.len() && here.iter().all(|id| servers.contains_key(id));
    if is_same {
        return;
    }
    servers.retain(|id, _| here.contains(id));
    callers.0.places.keep(&here);
    for id in &here {
        servers.entry(*id).or_insert_with(|| Server {
            due: Instant::now(),
            polls: 0,
            is_busy: false,
        });
    }
    let input = MeetingsInput::Serving(here.into_iter().collect());
    callers.0.node.tell(input).await;
}

impl Server {
    fn note(&mut self, seen: Option<&[Seen]>) {
        self.polls = match seen {
            Some(_) => self.polls.saturating_add(1),
            // Once it answers again it has to prove itself anew.
            None => 0,
        };
        self.is_busy = seen.is_some_and(|seen| !seen.is_empty());
        let wait = match (self.polls, self.is_busy) {
            (1..NEW_POLLS, _) => NEW,
            (_, true) | (0, _) => BUSY,
            _ => IDLE,
        };
        self.due = Instant::now() + wait;
    }
}

async fn poll(callers: Callers, id: ServerId) -> (ServerId, Option<Vec<Seen>>) {
    let Some(client) = callers.client(id, POLL_DEADLINE, LIST_BYTES_MAX) else {
        return (id, None);
    };
    let _place = callers.0.lists.poll().await;
    match client.meetings().await {
        Ok(Meetings(all)) => {
            let now_ms = clock::now().0;
            // Servers go on telling of a meeting for a while after its end.
            let running = all.iter().filter(|one| !one.forcibly_ended);
            (id, Some(running.map(|one| seen(one, now_ms)).collect()))
        }
        Err(error) => {
            tracing::info!(server = %id, %error, "a server could not be polled");
            (id, None)
        }
    }
}

fn seen(meeting: &Meeting, now_ms: u64) -> Seen {
    let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Seen {
        whose: whose(&meeting.meeting_id),
        age_ms: now_ms.saturating_sub(meeting.created_at_ms),
        users: count(meeting.participant_count),
        voices: count(meeting.voice_participant_count),
        listeners: count(meeting.listener_count),
        cameras: count(meeting.video_count),
    }
}
