//! The life of a meeting and of its recording, and a second front end that sees nothing of it.

use end_to_end::{
    meetings::{FrontEnd, Said},
    story::story,
    wait,
};

use super::{ON_CEDAR, Story};

/// A laboratory takes two seconds to end a meeting and five more until its recording is there.
const ENDED_SECONDS: u64 = 10;
const RECORDED_SECONDS: u64 = 20;

#[test]
fn a_meeting_runs_on_the_server_of_another_member_and_its_front_end_cannot_tell() {
    story(150, async {
        let story = Story::begin().await;
        let (front, cedar) = (&story.front, story.cedar.url());
        let recorded = [("record", "true"), ON_CEDAR[0]];
        let created = front.creates("weekly", &recorded).await;
        assert_eq!(created.text("meetingID").unwrap(), "weekly");
        assert_eq!(created.text("moderatorPW").unwrap(), "host word");
        assert_eq!(
            story.more_meetings().await,
            (0, 1),
            "it is in the region asked for"
        );

        let again = front.create("weekly", &recorded).await.succeeds();
        assert_eq!(again.text("messageKey").unwrap(), "duplicateWarning");
        assert_eq!(
            again.text("internalMeetingID"),
            created.text("internalMeetingID")
        );
        assert_eq!(story.more_meetings().await, (0, 1), "there is one of it");

        assert_eq!(running(front, "weekly").await, "false");
        assert_eq!(front.joins("weekly", "Robin").await, cedar);
        assert_eq!(running(front, "weekly").await, "true");
        let info = information(front, "weekly").await.succeeds();
        assert_eq!(info.text("participantCount").unwrap(), "1");
        assert_eq!(info.text("fullName").unwrap(), "Robin");
        assert_eq!(info.text("meetingID").unwrap(), "weekly");

        let elsewhere = [("meta_server-tag", "ca-east!")];
        front.creates("overseas", &elsewhere).await;
        assert_eq!(
            story.more_meetings().await,
            (1, 1),
            "it is where it has to be"
        );
        assert_eq!(story.listed().await, ["overseas", "weekly"]);

        another_sees_nothing(&story).await;

        front.end("weekly").await.succeeds();
        wait::until("nobody is in it", ENDED_SECONDS, async || {
            (running(front, "weekly").await == "false").then_some(())
        })
        .await;
        wait::until("it is not listed", ENDED_SECONDS, async || {
            (story.listed().await == ["overseas"]).then_some(())
        })
        .await;
        its_recording_is_kept(&story).await;

        front.creates("weekly", &ON_CEDAR).await;
        assert_eq!(front.joins("weekly", "Kim").await, cedar);
    });
}

async fn running(front: &FrontEnd, id: &str) -> String {
    let said = front.call("isMeetingRunning", &[("meetingID", id)]).await;
    said.succeeds().text("running").unwrap()
}

async fn information(front: &FrontEnd, id: &str) -> Said {
    front.call("getMeetingInfo", &[("meetingID", id)]).await
}

/// A front end of the very member whose server has the meeting uses the same id.
async fn another_sees_nothing(story: &Story) {
    let cedar = &story.federation.coops[2];
    let other = FrontEnd::of(cedar, "Other rooms", &[]).await;
    assert_eq!(other.meetings().await, [""; 0]);
    information(&other, "weekly").await.fails("notFound");
    other.end("weekly").await.fails("notFound");
    let told = other.join("weekly", "Noor").await.unwrap_err();
    told.fails("invalidMeetingIdentifier");
    assert_eq!(running(&other, "weekly").await, "false");

    let own = other.creates("weekly", &[]).await;
    let theirs = information(&story.front, "weekly").await.succeeds();
    assert_ne!(
        own.text("internalMeetingID"),
        theirs.text("internalMeetingID")
    );
    other.end("weekly").await.succeeds();
    wait::until("the other one is over", ENDED_SECONDS, async || {
        other.meetings().await.is_empty().then_some(())
    })
    .await;
    assert_eq!(running(&story.front, "weekly").await, "true");
    assert_eq!(other.recordings().await, [""; 0]);
}

async fn its_recording_is_kept(story: &Story) {
    let front = &story.front;
    let id = wait::until("the recording is there", RECORDED_SECONDS, async || {
        front.recordings().await.pop()
    })
    .await;
    let found = front
        .call("getRecordings", &[("meetingID", "weekly")])
        .await;
    assert_eq!(found.all("recordID"), [id.as_str()]);
    assert_eq!(found.text("meetingID").unwrap(), "weekly");
    assert_eq!(found.text("published").unwrap(), "true");
    let none = front
        .call("getRecordings", &[("meetingID", "overseas")])
        .await;
    assert_eq!(none.succeeds().all("recordID"), [""; 0]);

    let one = ("recordID", id.as_str());
    let other = FrontEnd::of(&story.federation.coops[1], "Curious", &[]).await;
    let deleted = other.call("deleteRecordings", &[one]).await;
    deleted.fails("notFound");

    let hidden = front
        .call("publishRecordings", &[one, ("publish", "false")])
        .await;
    assert_eq!(hidden.succeeds().text("published").unwrap(), "false");
    let found = front.call("getRecordings", &[one, ("state", "any")]).await;
    assert_eq!(found.text("published").unwrap(), "false");
    let deleted = front.call("deleteRecordings", &[one]).await;
    assert_eq!(deleted.succeeds().text("deleted").unwrap(), "true");
    assert_eq!(front.recordings().await, [""; 0]);
}
