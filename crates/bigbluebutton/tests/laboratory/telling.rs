//! What the laboratory tells others, and what people see of it.

use std::time::Duration;

use crate::common::{START_MS, person, room, secret, setting};
use bigbluebutton::{
    Parameters,
    call::Call,
    callback::{self, RecordingReady},
    client::CallBack,
    laboratory::{Crowd, Running},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a request as it stands and reads the whole answer.
async fn raw(laboratory: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(laboratory.address)
        .await
        .expect("it listens");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer
}

/// Gets a path.
async fn get(laboratory: &Running, path: &str) -> String {
    raw(
        laboratory,
        &format!("GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"),
    )
    .await
}

/// Posts a body.
async fn post(laboratory: &Running, path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    raw(
        laboratory,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
    .await
}

#[tokio::test]
async fn the_end_and_the_recording_are_told_to_who_asked() {
    let lab = setting().await;
    let there = format!("{}/nobody", lab.laboratory.url);
    let asked = room()
        .with("record", "true")
        .with("meetingEndedURL", format!("{there}?a=1"))
        .with("meta_endCallbackUrl", there.as_str())
        .with("meta_analytics-callback-url", there.as_str())
        .with("meta_bbb-recording-ready-url", there.as_str());
    let created = lab.client.create(&asked, None).await.unwrap();
    let hook = Parameters::new().with("callbackURL", there.as_str());
    lab.client.create_hook(&hook).await.unwrap();
    lab.client.join(person("Ada", "MODERATOR")).await.unwrap();
    lab.client.end("r1", None).await.unwrap();
    lab.pass(2_000);
    lab.pass(5_000);
    let sent = lab
        .laboratory
        .handle
        .wait_until_sent(6, PATIENCE)
        .await
        .unwrap();
    assert!(sent.iter().all(|sent| sent.status == Some(404)), "{sent:?}");
    let url = |position: usize| sent[position].url.as_str();
    assert!(matches!(&sent[0].what, CallBack::Form(form) if form.contains("user-joined")));
    assert_eq!(url(1), format!("{there}?a=1&recordingmarks=true"));
    assert_eq!(url(2), format!("{there}?recordingmarks=true"));
    let CallBack::Json { body, bearer } = &sent[3].what else {
        panic!("{sent:?}")
    };
    let now_s = (START_MS + 2_000) / 1_000;
    callback::verify_analytics(bearer, now_s, &[secret()]).unwrap();
    assert!(body.contains("\"meeting_id\":\"r1\""));
    let CallBack::Form(form) = &sent[4].what else {
        panic!("{sent:?}")
    };
    let sum = url(4).split_once("?checksum=").unwrap().1;
    callback::verify_hook(&there, form, sum, &[secret()]).unwrap();
    let CallBack::Form(form) = &sent[5].what else {
        panic!("{sent:?}")
    };
    let form = Parameters::from_form(form.as_bytes()).unwrap();
    let token = form.get(callback::SIGNED_PARAMETERS).unwrap();
    let (_, ready) = callback::verify_recording_ready(token, &[secret()]).unwrap();
    let expected = RecordingReady {
        meeting_id: "r1".into(),
        record_id: created.internal_id,
    };
    assert_eq!(ready, expected);
}

#[tokio::test]
async fn a_browser_is_sent_in_sees_the_meeting_and_leaves() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    let url = lab.client.join_url(&person("Ada <b>", "viewer"));
    let path = url.strip_prefix(&lab.laboratory.url).unwrap();
    let answer = get(&lab.laboratory, path).await;
    assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    assert!(answer.contains("set-cookie: JSESSIONID="), "{answer}");
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap();
    let page_path = location.strip_prefix(&lab.laboratory.url).unwrap();
    assert!(page_path.starts_with("/html5client/?sessionToken="));
    let page = get(&lab.laboratory, page_path).await;
    assert!(
        page.contains("You are in the laboratory meeting Tea room as Ada &lt;b&gt;"),
        "{page}"
    );
    let token = page_path.split_once('=').unwrap().1;
    let form = format!("sessionToken={token}");
    let form_type = "application/x-www-form-urlencoded";
    let left = post(&lab.laboratory, "/leave", form_type, &form).await;
    assert!(left.contains("You left the meeting"));
    assert_eq!(lab.laboratory.handle.meetings()[0].participant_count, 0);
    assert!(
        get(&lab.laboratory, page_path)
            .await
            .contains("You left the meeting")
    );
}

#[tokio::test]
async fn a_failed_join_sends_the_browser_away_with_the_reason() {
    let lab = setting().await;
    let lost = person("Ada", "viewer").with("errorRedirectUrl", "https://a.example/x");
    let url = lab.client.join_url(&lost);
    let answer = get(
        &lab.laboratory,
        url.strip_prefix(&lab.laboratory.url).unwrap(),
    )
    .await;
    assert!(
        answer.contains("location: https://a.example/x?errors=%5B%7B%22key"),
        "{answer}"
    );
    let url = lab.client.join_url(&person("Ada", "viewer"));
    let answer = get(
        &lab.laboratory,
        url.strip_prefix(&lab.laboratory.url).unwrap(),
    )
    .await;
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap();
    let page = get(
        &lab.laboratory,
        location.strip_prefix(&lab.laboratory.url).unwrap(),
    )
    .await;
    assert!(
        page.contains("did not match any existing meetings"),
        "{page}"
    );
}

#[tokio::test]
async fn methods_and_content_types_are_checked() {
    let lab = setting().await;
    let create = lab.client.signed_url(Call::Create, &room());
    let path = create.strip_prefix(&lab.laboratory.url).unwrap();
    let refused = post(&lab.laboratory, path, "text/plain", "x").await;
    assert!(refused.contains("unsupportedContentType"), "{refused}");
    let join = lab.client.join_url(&person("Ada", "viewer"));
    let path = join.strip_prefix(&lab.laboratory.url).unwrap();
    let form_type = "application/x-www-form-urlencoded";
    assert!(
        post(&lab.laboratory, path, form_type, "")
            .await
            .contains("unsupportedRequest")
    );
    let unknown = get(
        &lab.laboratory,
        "/bigbluebutton/api/setConfigXML?checksum=1",
    )
    .await;
    assert!(unknown.contains("unsupportedRequest"), "{unknown}");
    let header = unknown.to_ascii_lowercase();
    assert!(header.contains("content-type: text/xml;charset=utf-8\r\n"));
    assert!(header.contains("cache-control: no-cache\r\n"));
    for path in [
        "/bigbluebutton/api",
        "/bigbluebutton/api/",
        "/bigbluebutton/",
    ] {
        assert!(
            get(&lab.laboratory, path)
                .await
                .contains("<version>2.0</version>")
        );
    }
}

#[tokio::test]
async fn a_form_without_a_query_is_accepted() {
    let lab = setting().await;
    let signed = lab.client.signed_url(Call::Create, &room());
    let form = signed.split_once('?').unwrap().1;
    let form_type = "application/x-www-form-urlencoded; charset=UTF-8";
    let answer = post(
        &lab.laboratory,
        "/bigbluebutton/api/create",
        form_type,
        form,
    )
    .await;
    assert!(answer.contains("<returncode>SUCCESS"), "{answer}");
}

#[tokio::test]
async fn the_laboratory_is_steered_by_its_own_address() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    let order = r#"{"simulate": {"meeting_id": "r1", "crowd": {"people": 2}},
                    "misbehaviour": {"status": 503}}"#;
    let json = "application/json";
    assert!(
        post(&lab.laboratory, "/laboratory", json, order)
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(lab.client.meetings().await.is_err());
    let status = get(&lab.laboratory, "/laboratory").await;
    assert!(status.contains("\"people\":2"), "{status}");
    assert!(status.contains("\"status\":503"), "{status}");
    let order = r#"{"misbehaviour": {}, "forget_meetings": true}"#;
    post(&lab.laboratory, "/laboratory", json, order).await;
    assert!(lab.client.meetings().await.unwrap().0.is_empty());
    let wrong = post(
        &lab.laboratory,
        "/laboratory",
        json,
        r#"{"misbehavior": {}}"#,
    )
    .await;
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    let strange = post(&lab.laboratory, "/laboratory", "text/plain", "{}").await;
    assert!(strange.starts_with("HTTP/1.1 415"), "{strange}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_meetings() {
    let mut bridges = Vec::new();
    for _ in 0..2 {
        let lab = setting().await;
        let created = lab.client.create(&room(), None).await.unwrap();
        lab.laboratory.handle.simulate(
            "r1",
            &Crowd {
                people: 1,
                ..Crowd::default()
            },
        );
        let user = lab.laboratory.handle.meetings()[0].attendees[0]
            .user_id
            .clone();
        bridges.push((created.voice_bridge, user));
    }
    assert_eq!(bridges[0], bridges[1]);
}
