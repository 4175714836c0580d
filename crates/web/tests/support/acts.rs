//! What people do with a proposal, in a browser without script.

use axum::http::StatusCode;

use super::Browser;

/// Proposes something and gives the path of its page.
pub async fn propose(browser: &mut Browser, title: &str) -> String {
    let fields = [
        ("title", title),
        ("text", "A loud one."),
        ("rule", "consent"),
        ("language", "en"),
    ];
    let answer = browser.submit("/decide/new", "/decide", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").split('?').next();
    path.unwrap().to_owned()
}

pub async fn open(browser: &mut Browser, title: &str) -> String {
    let path = propose(browser, title).await;
    let answer = browser.submit(&path, &format!("{path}/open"), &[]).await;
    assert_eq!(answer.header("location"), format!("{path}?done=opened"));
    path
}

pub async fn agree(browser: &mut Browser, path: &str) {
    let page = browser.get(path).await;
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let fields = [("choice", "agree"), ("csrf", csrf), ("version", version)];
    let answer = browser.post(&format!("{path}/vote"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
}

pub async fn withdraw(browser: &mut Browser, path: &str) {
    let fields = [("reason", "We found another way.")];
    let answer = browser
        .submit(path, &format!("{path}/withdraw"), &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
}
