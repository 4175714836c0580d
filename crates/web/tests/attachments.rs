//! What is attached to documents, by a form without script and by the JSON API.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use support::{Answer, Browser, World};

const BOUNDARY: &str = "----folkmoot";
const PICTURE: &[u8] = b"\x89PNG <script>alert(1)</script>\r\n\0\xff";

async fn begin(browser: &mut Browser) -> String {
    let fields = [("title", "Minutes"), ("text", "We met."), ("sort", "text")];
    let answer = browser
        .submit("/documents/new", "/documents", &fields)
        .await;
    let path = answer.header("location").split("/edit").next().unwrap();
    path.to_owned()
}

/// What a browser sends of the form on the document's page.
async fn upload(browser: &mut Browser, path: &str, name: &str, bytes: &[u8]) -> Answer {
    let page = browser.get(path).await;
    send(browser, path, page.field("csrf"), name, bytes).await
}

async fn send(browser: &mut Browser, path: &str, csrf: &str, name: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/html\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let request = Request::post(format!("{path}/attachments"))
        .header(
            "content-type",
            format!("multipart/form-data; boundary={BOUNDARY}"),
        )
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body));
    browser.send(request.unwrap()).await
}

async fn api(browser: &mut Browser, method: Method, path: &str, bytes: Vec<u8>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api{path}"))
        .header("content-type", "image/png")
        .header("accept", "application/json")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(bytes));
    browser.send(request.unwrap()).await
}

#[tokio::test]
async fn a_file_is_attached_fetched_and_taken_away() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let path = begin(&mut alice).await;
    let answer = upload(&mut alice, &path, "Größe & co.png", PICTURE).await;
    assert_eq!(answer.header("location"), format!("{path}?done=attached"));
    let page = alice.get(&path).await;
    assert!(page.body.contains("Größe &amp; co.png"), "{}", page.body);

    let link = format!("{path}/attachments/Gr%C3%B6%C3%9Fe%20%26%20co.png");
    assert!(page.body.contains(&link), "{}", page.body);
    let file = alice.get(&link).await;
    // Nobody is served it as what somebody said it is.
    assert_eq!(file.header("content-type"), "application/octet-stream");
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert_eq!(
        file.body.as_bytes(),
        String::from_utf8_lossy(PICTURE).as_bytes()
    );

    let name = [("name", "Größe & co.png")];
    let remove = format!("{path}/attachments/remove");
    let answer = alice.submit(&path, &remove, &name).await;
    assert_eq!(answer.header("location"), format!("{path}?done=detached"));
    assert_eq!(alice.get(&link).await.status(), StatusCode::NOT_FOUND);
    let again = alice.submit(&path, &remove, &name).await;
    assert!(
        again.body.contains("nothing of this name"),
        "{}",
        again.body
    );
}

#[tokio::test]
async fn what_cannot_be_attached_is_said_at_the_field_and_nothing_is_stored() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let path = begin(&mut alice).await;
    let nothing = upload(&mut alice, &path, "", b"").await;
    assert!(nothing.body.contains("Choose what to attach."));
    assert!(nothing.body.contains("#field-file"));
    let empty = upload(&mut alice, &path, "empty.txt", b"").await;
    assert!(
        empty.body.contains("there is nothing in it"),
        "{}",
        empty.body
    );
    assert!(empty.body.contains("id=\"error-file\""), "{}", empty.body);
    let large = vec![7; 4 * 1024 * 1024 + 1];
    let large = upload(&mut alice, &path, "large.bin", &large).await;
    assert!(large.body.contains("4194304 fit"));
    let beyond = vec![7; 5 * 1024 * 1024];
    let beyond = upload(&mut alice, &path, "beyond.bin", &beyond).await;
    assert_eq!(beyond.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let id = path.strip_prefix("/documents/").unwrap();
    let known = alice.get(&format!("/api/documents/{id}")).await.json();
    assert_eq!(known["attachments"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn programs_attach_as_much_as_fits_and_strangers_fetch_nothing() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let path = begin(&mut alice).await;
    let whole = vec![9; 4 * 1024 * 1024];
    let file = format!("{path}/attachments/whole.bin");
    let answer = api(&mut alice, Method::PUT, &file, whole.clone()).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.body);
    let known = alice.get(&format!("/api{path}")).await.json();
    assert_eq!(known["attachments"][0]["bytes"], whole.len());
    assert_eq!(known["attachments"][0]["here"], true);
    let fetched = alice.get(&format!("/api{file}")).await;
    assert_eq!(fetched.body.len(), String::from_utf8_lossy(&whole).len());

    let mut stranger = world.browser();
    let refused = stranger.get(&format!("/api{file}")).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let refused = stranger.get(&file).await;
    assert_ne!(refused.status(), StatusCode::OK);

    let answer = api(&mut alice, Method::DELETE, &file, Vec::new()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn two_names_for_the_same_bytes_are_two_files() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let path = begin(&mut alice).await;
    let csrf = alice.get(&path).await.field("csrf").to_owned();
    for name in ["a.png", "b.png", "b.png"] {
        let answer = send(&mut alice, &path, &csrf, name, PICTURE).await;
        assert_eq!(answer.header("location"), format!("{path}?done=attached"));
    }
    let page = alice.get(&path).await.body;
    assert!(page.contains("a.png") && page.contains("b.png"), "{page}");
}
