//! Calls that no front end should make: each gets the error that servers give, and learns nothing.

use end_to_end::{http::Client, meetings::Said, story::story};

use super::Story;

/// More than a call may bring along.
const HUGE_BYTES: usize = 12 * 1024 * 1024;

#[test]
fn a_call_that_is_not_signed_as_it_stands_is_refused_and_learns_nothing() {
    story(120, async {
        let story = Story::begin().await;
        let front = &story.front;
        front.creates("weekly", &[]).await;

        let mut stranger = front.clone();
        stranger.secret = "0123456789abcdef0123456789abcdef".to_owned();
        let refused = stranger.create("weekly", &[]).await.fails("checksumError");
        let unknown = stranger
            .call("getMeetingInfo", &[("meetingID", "nothing")])
            .await;
        assert_eq!(
            unknown.0, refused.0,
            "what is there and what is not look alike"
        );

        let words = "attendeePW=guest+word&moderatorPW=host+word";
        let query = format!("meetingID=weekly&name=weekly&welcome=Hello+there&{words}");
        let signed = front.path_of("create", &query);
        answers(&story, &signed).await.succeeds();
        for tampered in [
            signed.replace(
                "meetingID=weekly&name=weekly",
                "name=weekly&meetingID=weekly",
            ),
            signed.replace("Hello+there", "Hello%20there"),
            signed.replace("welcome=", "welcome=%20"),
            signed.replace("weekly", "monthly"),
            signed.replace("/create?", "/end?"),
            signed.replace("&checksum=", "&more=1&checksum="),
            signed.replace("checksum=", "checksum=0"),
            signed.split("&checksum").next().unwrap().to_owned(),
        ] {
            answers(&story, &tampered).await.fails("checksumError");
        }
        // Signed as it stands, and still in two minds: the first is meant, as servers mean it.
        let twice = "meetingID=weekly&meetingID=monthly";
        let info = answers(&story, &front.path_of("getMeetingInfo", twice)).await;
        if info.is_success() {
            assert_eq!(info.text("meetingID").unwrap(), "weekly");
        }

        oddities(&story).await;
        assert_eq!(story.listed().await, ["weekly"], "nothing came of all this");
        assert!(front.joins("weekly", "Robin").await.starts_with("http://"));
    });
}

async fn answers(story: &Story, path: &str) -> Said {
    Said(story.front.get(path).await.expect(200).body)
}

/// Calls that are signed, and wrong.
async fn oddities(story: &Story) {
    let front = &story.front;
    for (call, parameters, key) in [
        ("create", vec![("name", "x2")], "missingParamMeetingID"),
        (
            "create",
            vec![("name", "x2"), ("meetingID", "a,b")],
            "validationError",
        ),
        ("getMeetingInfo", vec![("meetingID", "nothing")], "notFound"),
        ("getMeetingInfo", vec![], "missingParamMeetingID"),
        (
            "end",
            vec![("meetingID", "nothing"), ("password", "any word")],
            "notFound",
        ),
        (
            "publishRecordings",
            vec![("recordID", "x")],
            "missingParamPublish",
        ),
        ("deleteRecordings", vec![], "missingParamRecordID"),
        ("explode", vec![], "unsupportedRequest"),
    ] {
        front.call(call, &parameters).await.fails(key);
    }
    let wrong = [
        ("fullName", "Noor"),
        ("meetingID", "weekly"),
        ("password", "guess"),
    ];
    let link = front.get(&front.path("join", &wrong)).await;
    let link = link.header("location").unwrap_or_default();
    assert!(!link.contains(&front.secret), "{link}");

    for (body, what) in [
        (format!("<modules>{}", "<module>".repeat(10_000)), "deep"),
        (
            "<modules><!DOCTYPE x [<!ENTITY a \"b\">]>&a;".to_owned(),
            "no XML",
        ),
        ("\u{0}\u{1}".to_owned(), "no text"),
    ] {
        let said = posts(story, "create", "meetingID=weekly&name=weekly", &body).await;
        assert!(
            said.is_some_and(|said| said.text("returncode").is_some()),
            "{what}"
        );
    }
    let huge = "x".repeat(HUGE_BYTES);
    let said = posts(story, "create", "meetingID=weekly&name=weekly", &huge).await;
    // The node may also hang up in the middle of it.
    if let Some(said) = said {
        said.fails("documentTooLarge");
    }
}

/// Posts a document along with a signed call.
async fn posts(story: &Story, call: &str, query: &str, body: &str) -> Option<Said> {
    let path = story.front.path_of(call, query);
    let headers = [("content-type", "application/xml")];
    let mut client = Client::of(story.front.server);
    let answer = client.send("POST", &path, &headers, body).await.ok()?;
    Some(Said(answer.expect(200).body))
}
