//! Nodes that are killed and servers that fail, while meetings run.

use std::time::{Duration, Instant};

use end_to_end::{
    meetings::Said,
    story::{story, timed_story},
    wait,
};
use serde_json::json;

use super::{ON_CEDAR, Story};

/// The longest a create may take.
const CREATE_LIMIT: Duration = Duration::from_secs(5);
/// How long a meeting may last that nobody is bound to.
const ORPHAN_SECONDS: u64 = 75;

#[test]
fn a_meeting_outlives_the_node_it_was_made_through_and_is_never_made_twice() {
    story(150, async {
        let mut story = Story::begin().await;
        let front = story.front.clone();
        let created = front.creates("weekly", &ON_CEDAR).await;
        front.joins("weekly", "Robin").await;

        story.federation.coops[0].kill().await;
        assert_eq!(
            story.more_meetings().await,
            (0, 1),
            "who is in it stays in it"
        );
        story.federation.coops[0].start(&[]).await;
        story.federation.meet().await;
        wait::until("the way to its server is known again", 5, async || {
            front.join("weekly", "Kim").await.ok()
        })
        .await;
        assert_eq!(front.joins("weekly", "Kim").await, story.cedar.url());
        let again = front.create("weekly", &[]).await.succeeds();
        assert_eq!(
            again.text("internalMeetingID"),
            created.text("internalMeetingID")
        );
        assert_eq!(story.more_meetings().await, (0, 1));

        // Killed while creates are under way: each of them is there once, or not at all.
        let slow = json!({ "calls": ["create"], "latency_ms": 700 });
        story.birch.misbehaves(slow.clone()).await;
        story.cedar.misbehaves(slow).await;
        let path = front.path("create", &[("name", "hasty"), ("meetingID", "hasty")]);
        let mut client = end_to_end::http::Client::of(front.server);
        let before = creates(&story).await;
        let asked = tokio::spawn(async move { client.send("GET", &path, &[], "").await });
        wait::until("the create reaches the server", 5, async || {
            (creates(&story).await > before).then_some(())
        })
        .await;
        story.federation.coops[0].kill().await;
        assert!(asked.await.unwrap().is_err(), "nobody was told of it");
        story.birch.behaves().await;
        story.cedar.behaves().await;
        story.federation.coops[0].start(&[]).await;
        story.federation.meet().await;
        front.creates("hasty", &[]).await;
        wait::until("there is one of each", ORPHAN_SECONDS, async || {
            let (birch, cedar) = story.more_meetings().await;
            (birch + cedar == 2).then_some(())
        })
        .await;
        wait::until("the way to every server is known again", 10, async || {
            let all = ["far", "hasty", "near", "weekly"];
            (front.meetings().await == all).then_some(())
        })
        .await;
    });
}

/// How often a server was told to create a meeting.
async fn creates(story: &Story) -> u64 {
    let mut all = 0;
    for laboratory in [&story.birch, &story.cedar] {
        let calls = laboratory.status().await["calls"]["create"].clone();
        all += calls.as_u64().unwrap_or_default();
    }
    all
}

#[test]
fn when_an_owner_is_away_its_meetings_say_so_and_new_ones_go_elsewhere() {
    timed_story(180, async {
        let mut story = Story::begin().await;
        let front = story.front.clone();
        front.creates("weekly", &ON_CEDAR).await;
        assert_eq!(front.joins("weekly", "Robin").await, story.cedar.url());

        story.federation.coops[2].kill().await;
        let told = refusal(front.join("weekly", "Kim").await).await;
        assert!(told.0.contains("cannot be reached"), "{told:#?}");
        let started = Instant::now();
        front.creates("new one", &[]).await;
        assert!(started.elapsed() < CREATE_LIMIT, "{:?}", started.elapsed());
        assert_eq!(front.joins("new one", "Noor").await, story.birch.url());
        // It may still run there: a second one would part those who are in it from those who come.
        let started = Instant::now();
        front.create("weekly", &[]).await.fails("serverUnavailable");
        assert!(started.elapsed() < CREATE_LIMIT, "{:?}", started.elapsed());
        let listed = front.meetings().await;
        assert!(listed.contains(&"new one".to_owned()), "{listed:?}");

        story.federation.coops[2].start(&[]).await;
        story.federation.meet().await;
        wait::until("the owner serves again", 20, async || {
            let link = front.join("weekly", "Kim").await.ok()?;
            link.starts_with(&story.cedar.url()).then_some(())
        })
        .await;
        assert_eq!(story.more_meetings().await, (1, 1));

        story.cedar.forgets().await;
        front.create("weekly", &[]).await.succeeds();
        front.joins("weekly", "Sam").await;
        let listed = front.meetings().await;
        assert_eq!(listed, ["far", "new one", "weekly"]);
    });
}

async fn refusal(joined: Result<String, Said>) -> Said {
    match joined {
        Err(said) => said.fails("serverUnavailable"),
        Ok(link) => panic!("it leads to {link}"),
    }
}

#[test]
fn a_meeting_that_comes_too_late_is_ended_and_the_one_placed_instead_stays() {
    story(200, async {
        let story = Story::begin().await;
        let front = &story.front;
        let late = json!({ "calls": ["create"], "create_ms": 3_000 });
        story.cedar.misbehaves(late.clone()).await;
        front.creates("weekly", &[]).await;
        wait::until("there are two of it", 10, async || {
            (story.more_meetings().await == (1, 1)).then_some(())
        })
        .await;

        story.birch.misbehaves(late).await;
        let before = creates(&story).await;
        wait::until("a server is told to create it", 40, async || {
            let said = front.create("nowhere", &[]).await;
            said.fails("serverUnavailable");
            (creates(&story).await > before).then_some(())
        })
        .await;
        wait::until("it is there all the same", 10, async || {
            let (birch, cedar) = story.more_meetings().await;
            (birch + cedar >= 2).then_some(())
        })
        .await;
        wait::until(
            "what nobody was told of is ended",
            ORPHAN_SECONDS,
            async || (story.more_meetings().await == (1, 0)).then_some(()),
        )
        .await;
        assert_eq!(story.listed().await, ["weekly"]);
        assert_eq!(front.joins("weekly", "Robin").await, story.birch.url());
    });
}
