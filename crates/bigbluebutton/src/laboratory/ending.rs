//! How meetings of the laboratory end.

use std::collections::BTreeMap;

use super::{
    room::Room,
    world::{Condition, Due, MINUTE_MS, Outgoing, World},
};
use crate::{callback, client::CallBack};

/// Minutes a meeting lives after the last person left unless its create says otherwise.
const EMPTY_MINUTES: u64 = 1;

impl World {
    /// Asks a meeting to end; it is gone a moment later.
    pub(super) fn begin_end(&mut self, now_ms: u64, meeting_id: &str) {
        let Some(room) = self.rooms.get_mut(meeting_id).filter(|room| !room.ending) else {
            return;
        };
        room.ending = true;
        let internal_id = room.internal_id.clone();
        let due = Due::Gone {
            meeting_id: meeting_id.to_owned(),
            internal_id,
        };
        self.schedule(now_ms + self.end_delay_ms, due);
    }

    /// Removes a meeting, tells who asked to be told, and begins its recording.
    pub(super) fn finish(&mut self, now_ms: u64, meeting_id: &str) {
        let Some(room) = self.rooms.remove(meeting_id) else {
            return;
        };
        self.bridges.remove(&room.voice_bridge);
        for token in room
            .people
            .iter()
            .filter_map(|person| person.session_token.as_ref())
        {
            self.sessions.remove(token);
        }
        let marks = room.has_recording_marks();
        let ended = room.create.rest.filled(callback::MEETING_ENDED_URL);
        for url in [ended, room.create.meta(callback::END_CALLBACK_URL)]
            .into_iter()
            .flatten()
        {
            let url = callback::ended_url(url, marks);
            self.outgoing.push(Outgoing {
                url,
                what: CallBack::Get,
            });
        }
        self.send_analytics(now_ms, &room);
        self.tell_hooks(now_ms, "meeting-ended", meeting_id, &room.internal_id);
        if marks {
            self.begin_recording(now_ms, &room);
        }
    }

    fn send_analytics(&mut self, now_ms: u64, room: &Room) {
        let Some(url) = room.create.meta(callback::ANALYTICS_CALLBACK_URL) else {
            return;
        };
        let body = serde_json::json!({
            "version": "1.0",
            "meeting_id": room.create.meeting_id,
            "internal_meeting_id": room.internal_id,
            "data": {
                "metadata": room.metadata().iter().collect::<BTreeMap<_, _>>(),
                "duration": now_ms.saturating_sub(room.created_at_ms) / 1_000,
                "attendees": room.most_people,
            },
        });
        let bearer = callback::sign_analytics(now_ms / 1_000, &self.secret);
        let what = CallBack::Json {
            body: body.to_string(),
            bearer,
        };
        self.outgoing.push(Outgoing {
            url: url.to_owned(),
            what,
        });
    }

    /// Notes that a room is empty now; it ends unless somebody comes back.
    pub(super) fn emptied(&mut self, now_ms: u64, meeting_id: &str) {
        let Some(room) = self.rooms.get_mut(meeting_id) else {
            return;
        };
        room.emptied += 1;
        let minutes = room.minutes("meetingExpireWhenLastUserLeftInMinutes", EMPTY_MINUTES);
        let due = Due::End {
            meeting_id: meeting_id.to_owned(),
            internal_id: room.internal_id.clone(),
            only_if: Condition::StillEmpty {
                emptied: room.emptied,
            },
        };
        if minutes > 0 {
            self.schedule(
                now_ms.saturating_add(minutes.saturating_mul(MINUTE_MS)),
                due,
            );
        }
    }
}
