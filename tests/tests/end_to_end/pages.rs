//! What people do in a browser.

use end_to_end::{
    browser::{Browser, Setup, key},
    coop::{Coop, PASSWORD},
    federation::{Federation, charter},
    story::story,
};

const LIVE_SECONDS: u64 = 5;

async fn federation() -> Federation {
    Federation::found(&["Alder", "Birch"], &charter(3_600)).await
}

/// The steward signs in with name and password.
async fn sign_in(browser: &mut Browser, coop: &Coop) {
    browser.open(&coop.url("/sign-in")).await;
    browser.fill("input[name=name]", &coop.steward()).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("main form button").await;
    browser.wait_for_text(&coop.name, 10).await;
    browser.element("a[href='/account']").await;
}

/// Goes on from field to field until the focus is where it should be.
async fn tab_to(browser: &mut Browser, selector: &str) {
    let script = format!("return document.activeElement.matches({selector:?})");
    for _ in 0..80 {
        if browser.run(&script).await == true {
            return;
        }
        browser.press(&[key::TAB]).await;
    }
    panic!("{selector} cannot be reached with the keyboard");
}

#[test]
fn a_steward_signs_in_by_the_link_votes_with_the_keyboard_and_sees_anothers_vote_arrive() {
    story(120, async {
        let names = ["Alder", "Birch"];
        let mut federation = Federation::signed(&names, &charter(3_600)).await;
        federation.start().await;
        federation.coops[1].sign_in().await;
        let id = federation.coops[1]
            .put_to_the_vote("Rent a hall for the spring meeting")
            .await;

        let mut browser = Browser::start().await;
        let alder = &mut federation.coops[0];
        let link = alder.steward_link().await;
        browser.open(&link).await;
        browser.fill("input[name=name]", &alder.steward()).await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("main form button").await;
        browser.wait_for_text("Rent a hall", 10).await;

        browser.open(&alder.url(&format!("/decide/{id}"))).await;
        browser.element("form.ballot").await;
        tab_to(&mut browser, "input[name=choice]").await;
        browser.press(&[key::SPACE, key::DOWN]).await;
        assert_eq!(
            browser.run("return document.activeElement.value").await,
            "abstain"
        );
        tab_to(&mut browser, "form.ballot button").await;
        browser.press(&[key::ENTER]).await;
        browser.element("[data-live=own] .own-vote").await;
        federation.coops[1]
            .shows_vote(&id, "Alder", "abstain")
            .await;

        browser.run("window.stayed = true").await;
        let birch = &federation.coops[1];
        birch
            .ballot_and_reason(&id, "block", "The hall has no ramp for wheelchairs.")
            .await;
        browser
            .wait_for_text("The hall has no ramp for wheelchairs.", LIVE_SECONDS)
            .await;
        assert_eq!(
            browser.run("return window.stayed").await,
            true,
            "the page was loaded anew"
        );

        // The link works once.
        let mut second = Browser::start().await;
        second.open(&link).await;
        assert!(
            !second.has("input[name=password]").await || second.address().await.contains("sign-in")
        );
    });
}

#[test]
fn a_block_without_a_reason_comes_back_with_a_summary_and_with_what_was_typed() {
    story(90, async {
        let federation = federation().await;
        let alder = &federation.coops[0];
        let id = alder.put_to_the_vote("Drop the winter meeting").await;
        let mut browser = Browser::start().await;
        sign_in(&mut browser, alder).await;
        browser.open(&alder.url(&format!("/decide/{id}"))).await;
        browser.click("label[for=choice-choice-block]").await;
        browser
            .fill("form.ballot textarea[name=reason]", "Too cold")
            .await;
        browser.click("form.ballot button").await;

        let summary = browser.text(".errors").await;
        assert!(!summary.is_empty());
        assert!(
            browser.title().await.starts_with("Error"),
            "{}",
            browser.title().await
        );
        let reason = browser
            .element("form.ballot textarea[name=reason]")
            .await
            .value()
            .await;
        assert_eq!(reason, "Too cold");
        let chosen = "return document.querySelector('#choice-choice-block').checked";
        assert_eq!(browser.run(chosen).await, true);
        assert!(alder.ballots(&id).await.is_empty());

        let link = browser
            .run("return document.querySelector('.errors a').hash")
            .await;
        let target = link.as_str().unwrap().to_owned();
        assert!(browser.has(&target).await, "{target} is not on the page");
    });
}

#[test]
fn markup_in_a_proposal_is_shown_as_text() {
    story(90, async {
        let federation = federation().await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let title = "<b id=evil>Bold</b> <img src=x onerror=\"document.title='taken'\">";
        let text = "<script>document.title='taken'</script>\n\n<h1 id=evil>Large</h1> &amp; done";
        let propose = serde_json::json!({ "act": "propose", "title": title, "text": text });
        let id = alder.done(&propose).await;
        let comment =
            serde_json::json!({ "act": "comment", "proposal": id, "text": "<i id=evil>soft</i>" });
        alder.done(&comment).await;

        let mut browser = Browser::start().await;
        sign_in(&mut browser, alder).await;
        for path in [
            "/",
            "/decide?show=all",
            &format!("/decide/{id}"),
            "/archive",
        ] {
            browser.open(&alder.url(path)).await;
            let shown = browser.shown().await;
            assert!(
                !browser.has("#evil, main img[src=x], main script").await,
                "{path}"
            );
            assert_ne!(browser.title().await, "taken", "{path}");
            if path.starts_with("/decide/") {
                for words in [
                    title,
                    "<script>document.title='taken'</script>",
                    "<i id=evil>soft</i>",
                ] {
                    assert!(shown.contains(words), "{words:?} is not in {shown}");
                }
                assert!(shown.contains("&amp; done"), "{shown}");
            }
        }
        drop(browser);
        birch.knows_proposal(&id).await;
    });
}

#[test]
fn a_double_click_on_propose_makes_one_proposal() {
    story(90, async {
        let federation = federation().await;
        let alder = &federation.coops[0];
        let mut browser = Browser::start().await;
        sign_in(&mut browser, alder).await;
        browser.open(&alder.url("/decide/new")).await;
        browser.fill("input[name=title]", "Meet in Lisbon").await;
        browser
            .fill("textarea[name=text]", "In May, for three days.")
            .await;
        browser
            .element("main form button.primary")
            .await
            .double_click()
            .await;
        browser.wait_for_text("In May, for three days.", 10).await;
        let all = alder.api("/api/decisions?show=all").await;
        let all = all["decisions"].as_array().unwrap();
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0]["title"], "Meet in Lisbon");
    });
}

#[test]
fn without_scripts_people_read_vote_and_change_their_vote() {
    story(90, async {
        let federation = federation().await;
        let alder = &federation.coops[0];
        let id = alder.put_to_the_vote("Keep the newsletter").await;
        let setup = Setup {
            scripts: false,
            width: 390,
            ..Setup::default()
        };
        let mut browser = Browser::with(setup).await;
        sign_in(&mut browser, alder).await;
        let page = alder.url(&format!("/decide/{id}"));
        browser.open(&page).await;
        browser.wait_for_text("Keep the newsletter", 10).await;
        // Back to the first choice in the end: that is a new vote, not the first form again.
        for choice in ["agree", "abstain", "agree"] {
            browser.open(&format!("{page}?change=1")).await;
            browser
                .click(&format!("label[for=choice-choice-{choice}]"))
                .await;
            browser.click("form.ballot button").await;
            browser.element(".done").await;
            let tally = alder.tally(&id).await;
            assert!(
                tally.contains(&("Alder".to_owned(), choice.to_owned())),
                "{tally:?}"
            );
        }
        assert_eq!(alder.ballots(&id).await.len(), 3);
    });
}
