//! Simulated people of laboratory servers, who come and go as long as their meetings last.

use std::{collections::BTreeSet, time::Duration};

use bigbluebutton::laboratory::{Crowd, Handle};

use crate::{clock::random, failure::Outcome};

/// How often it is looked who might come.
const LOOK: Duration = Duration::from_secs(1);
/// Meetings that people come to, on one server; further ones stay empty.
const MEETINGS_MAX: usize = 1_000;
/// Of so many times that it is looked, somebody else comes once.
const COMES_ONE_IN: u8 = 32;

/// Lets people come to every meeting of these servers, and others after them, until dropped.
///
/// # Errors
/// When the system gives no randomness.
pub async fn come_and_go(servers: Vec<Handle>) -> Outcome {
    // Each meeting by its internal id, so that one that is created again is a new one.
    let mut known: Vec<BTreeSet<String>> = servers.iter().map(|_| BTreeSet::new()).collect();
    loop {
        for (server, known) in servers.iter().zip(&mut known) {
            let mut seen = BTreeSet::new();
            for meeting in server.meetings().into_iter().take(MEETINGS_MAX) {
                let dice = random::<4>()?;
                if !known.contains(&meeting.internal_id) {
                    server.simulate(&meeting.meeting_id, &first(dice));
                } else if dice[0] < u8::MAX / COMES_ONE_IN {
                    server.simulate(&meeting.meeting_id, &later(dice));
                }
                seen.insert(meeting.internal_id);
            }
            *known = seen;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Those who come at the beginning: a few, now and then many; each stays for half an hour.
fn first(dice: [u8; 4]) -> Crowd {
    let people = match dice[1] {
        0..=9 => 60 + u32::from(dice[2]) / 4,
        10..=79 => 15 + u32::from(dice[2]) / 10,
        _ => 3 + u32::from(dice[2]) / 26,
    };
    Crowd {
        people,
        moderators: 1 + people / 40,
        microphones: (people / 2).clamp(2, 12),
        cameras: (people * 3 / 5).min(8),
        arrive_over_ms: 20_000 + 100 * u64::from(dice[3]),
        stay_ms: 30 * 60_000,
    }
}

/// Somebody who comes later and leaves earlier.
fn later(dice: [u8; 4]) -> Crowd {
    Crowd {
        people: 1 + u32::from(dice[1]) / 128,
        moderators: 0,
        microphones: u32::from(dice[2]) / 128,
        cameras: u32::from(dice[3]) / 128,
        arrive_over_ms: 5_000,
        stay_ms: 60_000 + 2_000 * u64::from(dice[2]),
    }
}

#[cfg(test)]
mod tests {
    use bigbluebutton::{
        Client, Endpoint, Guard, Parameters, Secret,
        client::{Transport, Trust},
        laboratory::{Laboratory, Settings},
    };

    use super::*;

    #[test]
    fn whatever_the_dice_say_somebody_comes_and_one_of_the_first_is_a_moderator() {
        for one in 0..=u8::MAX {
            for other in [0, 127, u8::MAX] {
                let crowd = first([other, one, other, one]);
                assert!(crowd.moderators >= 1 && crowd.people >= 3);
                assert!(crowd.cameras <= crowd.people && crowd.microphones <= crowd.people);
                assert!(later([other, one, other, one]).people >= 1);
            }
        }
    }

    #[tokio::test]
    async fn people_come_to_a_meeting_without_being_called() {
        let secret = Secret::new("a secret of two").unwrap();
        let server = Laboratory::start(Settings::new(secret.clone()))
            .await
            .unwrap();
        let transport = Transport::new(Guard::ANY, &Trust::default()).unwrap();
        let client = Client::new(
            transport,
            Endpoint::parse_insecure(&server.url).unwrap(),
            secret,
        );
        let create = Parameters::from_query("name=Weekly&meetingID=weekly").unwrap();
        client.create(&create, None).await.unwrap();

        let handle = server.handle.clone();
        let coming = tokio::spawn(come_and_go(vec![handle.clone()]));
        let somebody_comes = async {
            while handle.meetings()[0].participant_count == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), somebody_comes)
            .await
            .unwrap();
        coming.abort();
    }
}
