//! What becomes of a meeting that was taken.

use domain::id::{MemberId, ServerId};

use super::{
    Admission, Output,
    rooms::{Key, Room, Stage},
};
use crate::{Monotonic, capacity::Load, request::AskId};

impl Admission {
    /// Cancels rooms: what exists is ended, what is being created is ended when it exists.
    pub(super) fn cancel(&mut self, which: impl Fn(&Key, &Room) -> bool) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.rooms.rooms.retain(|key, room| {
            if !which(key, room) {
                return true;
            }
            if room.stage == Stage::Live {
                outputs.push(end(*key, Some(room.server)));
                return false;
            }
            room.stage = Stage::Cancelled;
            true
        });
        outputs
    }

    pub(super) fn created(&mut self, now: Monotonic, key: Key) -> Vec<Output> {
        let (member, ask) = key;
        let Some(room) = self.rooms.rooms.get_mut(&key) else {
            return vec![end(key, None)];
        };
        let server = room.server;
        match room.stage {
            Stage::Creating(finish_by) if now <= finish_by => {
                room.stage = Stage::Live;
                vec![Output::Created {
                    member,
                    ask,
                    server,
                }]
            }
            Stage::Live => Vec::new(),
            Stage::Creating(_) => {
                self.rooms.rooms.remove(&key);
                vec![Output::Failed { member, ask }, end(key, Some(server))]
            }
            Stage::Cancelled => {
                self.rooms.rooms.remove(&key);
                vec![end(key, Some(server))]
            }
        }
    }

    pub(super) fn failed(&mut self, key: Key) -> Vec<Output> {
        let (member, ask) = key;
        let Some(room) = self.rooms.rooms.get(&key).copied() else {
            return Vec::new();
        };
        if room.stage == Stage::Live {
            return Vec::new();
        }
        self.rooms.rooms.remove(&key);
        if let Some(requested) = self.requests.get(member, ask) {
            requested.failed.insert(room.server);
        }
        match room.stage {
            Stage::Creating(_) => vec![Output::Failed { member, ask }],
            Stage::Cancelled | Stage::Live => Vec::new(),
        }
    }

    /// Gives up on creations whose time is over.
    pub(super) fn wake(&mut self, now: Monotonic) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut next: Option<Monotonic> = None;
        for ((member, ask), room) in &mut self.rooms.rooms {
            match room.stage {
                Stage::Creating(finish_by) if now > finish_by => {
                    room.stage = Stage::Cancelled;
                    outputs.push(Output::Failed {
                        member: *member,
                        ask: *ask,
                    });
                }
                Stage::Creating(finish_by) => {
                    next = Some(next.map_or(finish_by, |next| next.min(finish_by)));
                }
                Stage::Cancelled | Stage::Live => {}
            }
        }
        // A creation is late only after its last moment.
        outputs.extend(next.map(|next| Output::WakeAt(next.plus_ms(1))));
        outputs
    }

    pub(super) fn measured(
        &mut self,
        server: ServerId,
        meetings: Vec<(MemberId, AskId, Load)>,
        outside: Load,
    ) {
        for (member, ask, load) in meetings {
            let room = self.rooms.rooms.get_mut(&(member, ask));
            if let Some(room) = room.filter(|room| room.server == server) {
                room.measured = load;
            }
        }
        if self.servers.contains_key(&server) {
            self.rooms.outside.insert(server, outside);
        }
    }
}

fn end((member, ask): Key, server: Option<ServerId>) -> Output {
    Output::End {
        member,
        ask,
        server,
    }
}
