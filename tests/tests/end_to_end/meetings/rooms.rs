//! Rooms for people: a guest in a browser, whose co-op has no account for her.

use end_to_end::{
    browser::Browser, federation::Federation, federation::charter, http::Client,
    meetings::Laboratory, story::story,
};

/// How often the page behind a link looks whether the meeting has begun, and a little more.
const LOOKS_SECONDS: u64 = 30;
const THERE_SECONDS: u64 = 20;
/// How long a server may take until it has proved itself to its owner's node.
const PROVED_SECONDS: u64 = 40;

/// The path in the field of a room's page that holds a link.
pub fn link(page: &str, role: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("id=\"link-{role}\" value=\""))
        .unwrap();
    let link = rest.split_once('"').unwrap().0;
    let at = link.find("/rooms/").unwrap();
    link[at..].to_owned()
}

/// Starts the meeting as soon as there is a server for it.
pub async fn start(steward: &mut Client, room: &str) {
    let enter = format!("{room}/enter");
    end_to_end::wait::until("a server takes the meeting", PROVED_SECONDS, async || {
        let answer = steward.submit(room, &enter, &[]).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[test]
fn a_guest_waits_before_the_door_and_is_in_the_meeting_once_it_was_started() {
    story(150, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let laboratory = Laboratory::start(&federation.coops[1], &[]).await;
        laboratory.added_to(&federation.coops[1], "eu-west").await;
        let alder = &mut federation.coops[0];
        let mut steward = alder.sign_in_again().await;
        let fields = [
            ("title", "Open hour"),
            ("people", "12"),
            ("entrance", "anybody"),
        ];
        let made = steward
            .submit("/rooms", "/rooms", &fields)
            .await
            .expect(303);
        let room = made
            .header("location")
            .unwrap()
            .split_once('?')
            .unwrap()
            .0
            .to_owned();
        let page = steward.get(&room).await.expect(200).body;
        assert!(page.contains("Not running."), "{page}");
        let (guest, moderator) = (link(&page, "guest"), link(&page, "moderator"));
        assert_ne!(guest, moderator);

        let mut browser = Browser::start().await;
        browser.resize(390, 844).await;
        browser.open(&alder.url(&guest)).await;
        browser
            .wait_for_text("Not started yet.", THERE_SECONDS)
            .await;
        browser.fill("input[name=name]", "Gus").await;
        start(&mut steward, &room).await;
        // The page refreshes itself; the name that was typed stays.
        browser
            .wait_for_text("The meeting has been running since", LOOKS_SECONDS)
            .await;
        assert_eq!(
            browser.element("input[name=name]").await.value().await,
            "Gus"
        );
        browser.click("main form button").await;
        browser
            .wait_for_text("You are in the laboratory meeting", THERE_SECONDS)
            .await;
        assert!(browser.address().await.starts_with(&laboratory.url()));
        assert!(browser.shown().await.contains("Gus"));

        let page = steward.get(&room).await.body;
        assert!(page.contains("It has been running on"), "{page}");
        steward
            .submit(&room, &format!("{room}/end"), &[])
            .await
            .expect(303);
        let page = steward.get(&room).await.body;
        assert!(page.contains("Not running."), "{page}");
        steward
            .submit(&room, &format!("{room}/links"), &[("role", "guest")])
            .await
            .expect(303);
        browser.open(&alder.url(&guest)).await;
        browser
            .wait_for_text("This link leads nowhere", THERE_SECONDS)
            .await;
    });
}
