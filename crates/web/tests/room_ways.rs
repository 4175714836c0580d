//! Ways into a room's meeting: what a renewed link, a closed room and a later meeting make of them.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use support::{
    Browser,
    program::worker,
    rooms::{TUESDAYS, WEEKLY, circle, links, make, onward, world},
};

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

/// Plans a gathering of a circle, in a room if one is given, and gives its path.
async fn plan(browser: &mut Browser, circle: &str, room: &str) -> Result<String, StatusCode> {
    let page = format!("{circle}/gatherings/new");
    let place = match room {
        "" => String::new(),
        id => {
            let page = format!("{page}?room={id}");
            browser.get(&page).await.field("place").to_owned()
        }
    };
    let fields = [&TUESDAYS[..], &[("place", &*place), ("room", room)]].concat();
    let path = format!("{circle}/gatherings");
    let planned = browser.submit(&page, &path, &fields).await;
    match planned.status() {
        StatusCode::SEE_OTHER => {
            let location = planned.header("location");
            Ok(location.split('?').next().unwrap().to_owned())
        }
        other => Err(other),
    }
}

#[tokio::test]
async fn a_room_in_which_a_gathering_meets_is_given_to_another_by_those_who_may_change_it_alone() {
    let world = world().await;
    let mut alice = world.alice().await;
    let mut wim = worker(&world).await;
    let room = make(&mut alice, &WEEKLY).await;
    let id = room.rsplit('/').next().unwrap();
    let circle = circle(&mut alice).await;
    wim.submit(&circle, &format!("{circle}/join"), &[]).await;
    // A room in which nothing meets is for all.
    let first = plan(&mut wim, &circle, id).await.unwrap();
    let held = format!("{first}\">");
    assert!(alice.get(&room).await.body.contains(&held));

    let planned = || world.node.read(|core| core.view().gatherings().len());
    let refused = plan(&mut wim, &circle, id).await;
    assert_eq!(refused, Err(StatusCode::CONFLICT));
    assert_eq!(planned(), 1, "what is refused is not planned");
    let other = plan(&mut wim, &circle, "").await.unwrap();
    let take = format!("{other}/room");
    let refused = wim.submit(&other, &take, &[("room", id)]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", refused.body);
    let said = "Another gathering meets in this room.";
    assert!(refused.body.contains(said), "{}", refused.body);
    let option = format!("value=\"{id}\"");
    assert!(!wim.get(&other).await.body.contains(&option));
    // The one that meets there takes it again.
    let path = format!("{first}/room");
    let again = wim.submit(&first, &path, &[("room", id)]).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "{}", again.body);
    assert!(alice.get(&room).await.body.contains(&held));

    assert!(alice.get(&other).await.body.contains(&option));
    let taken = alice.submit(&other, &take, &[("room", id)]).await;
    assert_eq!(taken.status(), StatusCode::SEE_OTHER, "{}", taken.body);
    assert!(!alice.get(&room).await.body.contains(&held));
    // What is over keeps no room.
    let edit = format!("{other}/edit");
    let place = alice.get(&edit).await.field("place").to_owned();
    let ended = [&TUESDAYS[..], &[("place", &*place), ("ended", "yes")]].concat();
    alice.submit(&edit, &other, &ended).await;
    assert!(plan(&mut wim, &circle, id).await.is_ok());
}
