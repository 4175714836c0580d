//! A circle at work over two nodes, in browsers: somebody joins, gives a person elsewhere something
//! to do, that person does it, and minutes are begun.

use end_to_end::{
    browser::Browser,
    coop::{Coop, PASSWORD},
    federation::{Federation, charter},
    story::story,
    wait,
};
use serde_json::json;

const SECONDS: u64 = 15;
const WHAT: &str = "Ask three co-ops for an offer";

async fn sign_in(browser: &mut Browser, coop: &Coop) {
    browser.open(&coop.url("/sign-in")).await;
    browser.fill("input[name=name]", &coop.steward()).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("main form button").await;
    browser.element("a[href='/account']").await;
}

/// Chooses who does it: the person whose co-op has this name.
async fn choose(browser: &mut Browser, coop: &str) {
    let script = format!(
        "const list = document.querySelector('#field-who');
         const line = [...list.options].find((line) => line.text.endsWith('({coop})'));
         if (line) list.value = line.value;
         return Boolean(line);"
    );
    assert_eq!(browser.run(&script).await, true, "nobody of {coop}");
}

#[test]
fn an_action_point_of_a_circle_is_done_on_another_node_and_minutes_are_begun() {
    story(150, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        alder
            .done(&json!({ "act": "circle", "name": "Systems", "domain": "Servers" }))
            .await;
        let circles = alder.api("/api/circles").await;
        let id = circles["circles"][0]["id"].as_str().unwrap().to_owned();
        wait::until("Alder knows who acts for Birch", SECONDS, async || {
            let persons = alder.api("/api/persons").await;
            let persons = persons["persons"].as_array().cloned().unwrap_or_default();
            let named = persons.iter().filter(|one| one["name"].is_string());
            (named.count() >= 2).then_some(())
        })
        .await;

        let mut browser = Browser::start().await;
        sign_in(&mut browser, alder).await;
        let page = alder.url(&format!("/circles/{id}"));
        browser.open(&page).await;
        browser.click("form[action$='/join'] button").await;
        browser
            .wait_for_text("You are in this circle.", SECONDS)
            .await;
        browser.click("#add-action summary").await;
        browser.fill("#field-what", WHAT).await;
        choose(&mut browser, "Birch").await;
        browser.click("#add-action form button").await;
        browser.wait_for_text(WHAT, SECONDS).await;

        wait::until(
            "Birch's node knows what is to be done",
            SECONDS,
            async || {
                let own = birch.api("/api/actions?mine=true").await;
                (own["actions"][0]["words"] == WHAT).then_some(())
            },
        )
        .await;
        let mut other = Browser::start().await;
        sign_in(&mut other, birch).await;
        other.open(&birch.url("/")).await;
        other.wait_for_text("Your action points", SECONDS).await;
        other.wait_for_text(WHAT, SECONDS).await;
        other.click("form[action$='/done'] button").await;
        other
            .wait_for_text("Done. Everybody in the circle sees it.", SECONDS)
            .await;
        assert!(!other.shown().await.contains("Your action points"));

        wait::until("Alder's node knows that it was done", SECONDS, async || {
            let done = alder.api("/api/actions?state=done").await;
            (done["actions"][0]["words"] == WHAT).then_some(())
        })
        .await;
        browser.open(&page).await;
        browser
            .wait_for_text("Nothing is to be done.", SECONDS)
            .await;
        browser
            .click("form[action$='/documents']:has([value=minutes]) button")
            .await;
        browser.wait_for_text("Minutes of Systems", SECONDS).await;
        let address = browser.address().await;
        assert!(address.ends_with("/edit"), "{address}");
        browser.open(&page).await;
        browser.wait_for_text("Minutes of Systems", SECONDS).await;

        let said = birch.say(&["circle", "join", "Systems"]).await;
        assert_eq!(said.code, Some(0), "{said:#?}");
        let added = birch
            .ask(&[
                "action",
                "add",
                "Systems",
                "Call the bank",
                "--due",
                "2030-01-31",
            ])
            .await;
        let id = added["id"].as_str().unwrap();
        let said = birch.say(&["action", "done", &id[..8]]).await;
        assert_eq!(said.code, Some(0), "{said:#?}");
        birch
            .say(&["action", "add", "Choir", "Sing"])
            .await
            .refused(1, &["Choir"]);
    });
}
