//! People write one text together, also while nodes are away.

use end_to_end::{
    browser::{Browser, Setup, key},
    coop::{Coop, PASSWORD},
    federation::{Federation, charter},
    story::story,
    wait,
};
use serde_json::json;

const FIELD: &str = "textarea[name=text]";
/// How long a text may take from one editor to the other: the pause, the save, the wire.
const ARRIVES_SECONDS: u64 = 20;

async fn sign_in(browser: &mut Browser, coop: &Coop) {
    browser.open(&coop.url("/sign-in")).await;
    browser.fill("input[name=name]", &coop.steward()).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("main form button").await;
    browser.element("a[href='/account']").await;
}

/// A document that both co-ops know, and its path.
async fn document(alder: &Coop, birch: &Coop, text: &str) -> String {
    let body = json!({ "title": "House rules", "text": text }).to_string();
    let headers = [("content-type", "application/json")];
    let answer = alder
        .client()
        .send("POST", "/api/documents", &headers, &body)
        .await
        .unwrap();
    let id = answer.expect(201).json()["id"].take();
    let path = format!("/documents/{}", id.as_str().unwrap());
    wait::until("Birch knows the document", 10, async || {
        let answer = birch.client().get(&format!("/api{path}")).await;
        (answer.status == 200 && answer.json()["text"] == text).then_some(())
    })
    .await;
    path
}

/// What the node says the text is; empty while it is not ready to say.
async fn text(coop: &Coop, path: &str) -> String {
    let answer = coop.client().get(&format!("/api{path}")).await;
    let json = answer.json();
    json["text"].as_str().unwrap_or_default().to_owned()
}

/// Waits until a node has the text with all these words.
async fn has_words(coop: &Coop, path: &str, words: &[&str]) {
    let what = format!("{} has {words:?}", coop.name);
    wait::until(&what, ARRIVES_SECONDS, async || {
        let text = text(coop, path).await;
        words
            .iter()
            .all(|words| text.matches(words).count() == 1)
            .then_some(())
    })
    .await;
}

/// Waits until an editor shows all these words.
async fn shows(browser: &mut Browser, words: &[&str]) {
    wait::until(
        &format!("the editor shows {words:?}"),
        ARRIVES_SECONDS,
        async || {
            let shown = browser.element(FIELD).await.value().await;
            words
                .iter()
                .all(|words| shown.matches(words).count() == 1)
                .then_some(())
        },
    )
    .await;
}

/// Waits until the line below the editor begins so.
async fn says(browser: &mut Browser, words: &str) {
    wait::until(
        &format!("the editor says {words:?}"),
        ARRIVES_SECONDS,
        async || {
            browser
                .text("#save-state")
                .await
                .contains(words)
                .then_some(())
        },
    )
    .await;
}

/// Types at a place of the text, 0 the beginning, without moving the caret afterwards.
async fn types_at(browser: &mut Browser, place: &str, words: &str) {
    browser.element(FIELD).await;
    let script = format!(
        "const field = document.querySelector({FIELD:?}); field.focus(); \
         field.setSelectionRange({place}, {place})"
    );
    browser.run(&script).await;
    types(browser, words).await;
}

async fn types(browser: &mut Browser, words: &str) {
    let letters: Vec<String> = words.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    browser.press(&letters).await;
}

const END: &str = "field.value.length";

#[test]
fn two_people_write_one_text_and_one_of_them_goes_on_while_its_node_is_away() {
    story(180, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &mut federation.coops[..] else {
            unreachable!()
        };
        let path = document(alder, birch, "We keep the kitchen clean.").await;
        let edit = format!("{path}/edit");
        let (mut one, mut other) = (Browser::start().await, Browser::start().await);
        sign_in(&mut one, alder).await;
        one.open(&alder.url(&edit)).await;
        sign_in(&mut other, birch).await;
        other.open(&birch.url(&edit)).await;
        for browser in [&mut one, &mut other] {
            browser.run("window.stayed = true").await;
        }

        // Each sees that the other is there, though on another node.
        for (browser, name) in [(&mut one, "(Birch)"), (&mut other, "(Alder)")] {
            wait::until(&format!("{name} is seen"), ARRIVES_SECONDS, async || {
                browser.text("#present").await.contains(name).then_some(())
            })
            .await;
        }

        // Both at once, at both ends.
        types_at(&mut one, END, " Alder cooks.").await;
        types_at(&mut other, "0", "Birch sweeps. ").await;
        let both = ["Birch sweeps. We keep the kitchen clean. Alder cooks."];
        shows(&mut one, &both).await;
        shows(&mut other, &both).await;
        // The caret stays between the same letters when words come before it.
        types(&mut one, " Always.").await;
        one.press_with(key::CONTROL, "s").await;
        let all = "Birch sweeps. We keep the kitchen clean. Alder cooks. Always.";
        shows(&mut other, &[all]).await;
        says(&mut one, "Saved").await;

        // Birch's node goes away while its person writes on; so does Alder's person.
        let plan = birch.beside("plan.bin");
        std::fs::write(&plan, vec![7; 300_000]).unwrap();
        let id = path.rsplit('/').next().unwrap();
        let words = ["document", "attach", id, plan.to_str().unwrap()];
        birch.say(&words).await.done();
        birch.stop().await;
        types_at(&mut other, "0", "Without a node. ").await;
        says(&mut other, "your text is kept here").await;
        types_at(&mut one, END, " With one.").await;
        has_words(alder, &path, &["With one."]).await;
        birch.start(&[]).await;
        birch.ready().await;
        let status = birch.ask(&["status"]).await;
        assert_eq!(status["missing_chunks"], 0, "it has its own file: {status}");
        let words = ["Without a node. Birch sweeps.", "Always. With one."];
        has_words(birch, &path, &words).await;
        has_words(alder, &path, &words).await;
        shows(&mut other, &words).await;
        shows(&mut one, &words).await;
        says(&mut other, "Saved").await;
        for browser in [&mut one, &mut other] {
            let stayed = browser.run("return window.stayed").await;
            assert_eq!(stayed, true, "the page was loaded anew");
        }
        assert_eq!(text(alder, &path).await, text(birch, &path).await);
    });
}

#[test]
fn words_that_were_not_saved_outlive_a_reload_and_a_session_and_two_tabs_keep_apart() {
    story(180, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &mut federation.coops[..] else {
            unreachable!()
        };
        let path = document(alder, birch, "One.").await;
        let edit = alder.url(&format!("{path}/edit"));
        let mut browser = Browser::start().await;
        sign_in(&mut browser, alder).await;
        browser.open(&edit).await;
        let first = browser.window().await;
        let second = browser.new_window().await;
        browser.open(&edit).await;
        browser.element(FIELD).await;

        alder.stop().await;
        types_at(&mut browser, END, " Second tab.").await;
        says(&mut browser, "your text is kept here").await;
        browser.switch_to(&first).await;
        types_at(&mut browser, "0", "First tab. ").await;
        says(&mut browser, "your text is kept here").await;
        // The first is loaded anew, in vain; the second goes away altogether.
        let _ = browser.try_reload().await;
        browser.switch_to(&second).await;
        browser.close_window().await;
        browser.switch_to(&first).await;

        alder.start(&[]).await;
        alder.ready().await;
        // The session has not ended with the node; the text comes back from both tabs.
        browser.open(&edit).await;
        has_words(alder, &path, &["First tab. One.", " Second tab."]).await;
        shows(&mut browser, &["First tab. One. Second tab."]).await;
        has_words(birch, &path, &["First tab. One. Second tab."]).await;

        // Signed out in another tab, the text is kept, and saved once signed in again.
        let third = browser.new_window().await;
        browser.open(&alder.url("/account")).await;
        browser
            .click("form[action='/account/sign-out'] button")
            .await;
        browser.element("input[name=password]").await;
        browser.switch_to(&first).await;
        types_at(&mut browser, END, " Signed out.").await;
        says(&mut browser, "You are signed out").await;
        browser.switch_to(&third).await;
        sign_in(&mut browser, alder).await;
        browser.switch_to(&first).await;
        browser.press_with(key::CONTROL, "s").await;
        has_words(alder, &path, &["First tab. One. Second tab. Signed out."]).await;
        says(&mut browser, "Saved").await;
        let left = browser.run("return localStorage.length").await;
        assert_eq!(left, 0, "what is saved is not kept in the browser");
    });
}

#[test]
fn without_scripts_people_write_and_what_others_wrote_is_merged() {
    story(120, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let path = document(alder, birch, "We meet on Mondays.").await;
        let setup = Setup {
            scripts: false,
            width: 390,
            ..Setup::default()
        };
        let mut browser = Browser::with(setup).await;
        sign_in(&mut browser, alder).await;
        browser.open(&alder.url(&format!("{path}/edit"))).await;
        browser.element(FIELD).await;
        // Meanwhile Birch's person writes.
        let basis = birch.api(&format!("/api{path}")).await["basis"].take();
        let body = json!({ "basis": basis, "text": "We all meet on Mondays." }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = birch
            .client()
            .send("POST", &format!("/api{path}/text"), &headers, &body)
            .await
            .unwrap();
        answer.expect(200);
        has_words(alder, &path, &["We all meet"]).await;
        browser.fill(FIELD, "We meet on Mondays at noon.").await;
        browser.click("main form button.primary").await;
        browser.element(".done").await;
        shows(&mut browser, &["We all meet on Mondays at noon."]).await;
        has_words(birch, &path, &["We all meet on Mondays at noon."]).await;
        browser.open(&alder.url(&format!("{path}?who=1"))).await;
        browser.wait_for_text("(Birch)", 10).await;
        browser.open(&alder.url(&format!("{path}/history"))).await;
        browser.click("ol.rows li a[href*='/diff/']").await;
        browser.element("ins").await;
    });
}
