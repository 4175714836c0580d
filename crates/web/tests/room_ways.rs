//! Ways into a room's meeting: what a renewed link, a closed room and a later meeting make of them.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use support::rooms::{WEEKLY, links, make, onward, world};

/// What says that those who were let in have a way back.
const COME_BACK: &str = "Who has entered already can come back";

#[tokio::test]
async fn an_address_into_a_meeting_is_good_for_that_meeting_alone() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let (guest, moderator) = links(&alice.get(&room).await);
    let mut gus = world.browser();
    let mut times = Vec::new();
    for _ in 0..2 {
        let mos = onward(&gus.post(&moderator, &[("name", "Mo")]).await);
        let alices = onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
        let guests = onward(&gus.post(&guest, &[("name", "Gus")]).await);
        let of = |way: &bigbluebutton::Parameters| way.get("createTime").unwrap().to_owned();
        // The server refuses one that is not the meeting's own.
        assert_eq!(of(&mos), of(&alices));
        assert_eq!(of(&mos), of(&guests));
        times.push(of(&mos));
        alice.submit(&room, &format!("{room}/end"), &[]).await;
    }
    assert_ne!(times[0], times[1]);
}

#[tokio::test]
async fn a_renewed_link_and_a_closed_room_say_that_the_meeting_goes_on() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let (renew, close) = (format!("{room}/links"), format!("{room}/close"));
    let role = [("role", "guest")];
    let renewed = alice.submit(&room, &renew, &role).await;
    let page = alice.get(renewed.header("location")).await.body;
    assert!(!page.contains(COME_BACK), "nobody is in it: {page}");

    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    let page = alice.get(&room).await.body;
    assert!(!page.contains(COME_BACK), "{page}");
    let renewed = alice.submit(&room, &renew, &role).await;
    let page = alice.get(renewed.header("location")).await.body;
    assert!(page.contains(COME_BACK), "{page}");
    assert_eq!(page.matches("End the meeting for all").count(), 1, "{page}");

    alice.submit(&room, &close, &[("closed", "yes")]).await;
    let page = alice.get(&room).await.body;
    assert!(page.contains(COME_BACK), "{page}");
    assert_eq!(page.matches("End the meeting for all").count(), 1, "{page}");
    assert!(!page.contains(&format!("{room}/enter")), "{page}");
    let ended = alice.submit(&room, &format!("{room}/end"), &[]).await;
    let page = alice.get(ended.header("location")).await.body;
    assert!(!page.contains(COME_BACK), "{page}");
}
