//! Ballots that must not count, each refused with what to do.

use end_to_end::{
    coop::{REASON, accept, make_token},
    federation::{Federation, charter},
    http::Answer,
    story::story,
    wait,
};
use serde_json::{Value, json};

fn message(answer: &Answer) -> String {
    let error = answer.json();
    let fields = error["error"]["fields"].to_string();
    format!(
        "{} {fields}",
        error["error"]["message"].as_str().unwrap_or_default()
    )
}

#[track_caller]
fn refused(answer: &Answer, words: &str) {
    assert!((400..500).contains(&answer.status), "{answer:#?}");
    assert!(
        message(answer).contains(words),
        "{words:?} is not in {answer:#?}"
    );
}

#[test]
fn ballots_that_break_a_rule_are_refused_with_a_reason_and_change_nothing() {
    story(120, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let id = alder.put_to_the_vote("Plant a hedge").await;
        birch.knows(&id).await;

        let mut bare = birch.ballot(&id, "block").await;
        bare["reason"] = json!("no");
        refused(&birch.act(&bare).await.unwrap(), "20");
        bare["reason"] = json!("");
        refused(&birch.act(&bare).await.unwrap(), "20");
        assert!(birch.ballots(&id).await.is_empty());

        let old = birch.ballot(&id, "agree").await;
        let amend = json!({ "act": "amend", "proposal": id, "title": "Plant two hedges",
                            "text": "One on each side.", "what_changed": "A second hedge." });
        alder.done(&amend).await;
        wait::until("Birch sees the second version", 10, async || {
            (birch.decision(&id).await["phase"]["version"] == 2).then_some(())
        })
        .await;
        refused(&birch.act(&old).await.unwrap(), "version");

        // The first ballot and seven changes, and no ninth.
        for number in 0..8 {
            birch.vote(&id, ["agree", "abstain"][number % 2]).await;
        }
        let ninth = birch.ballot(&id, "agree").await;
        refused(&birch.act(&ninth).await.unwrap(), "seven times");
        assert_eq!(birch.ballots(&id).await.len(), 8);
        federation.shows(&id, &["-", "abstain"], 10).await;
    });
}

#[test]
fn disagree_is_a_vote_at_the_terminal_where_the_charter_has_it() {
    story(90, async {
        let rules = format!("{}\n[ballot]\ndisagree-allowed = true\n", charter(3_600));
        let federation = Federation::found(&["Alder", "Birch"], &rules).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let id = alder.put_to_the_vote("Ring a bell").await;
        let words = ["vote", &id, "disagree", "--reason", "It is too loud."];
        alder.say(&words).await.done();
        birch.shows_vote(&id, "Alder", "disagree").await;
        let figures = birch.decision(&id).await["phase"]["figures"].take();
        assert_eq!(
            (&figures["disagree"], &figures["against"]),
            (&json!(1), &json!(1))
        );
        let shown = birch.say(&["show", &id]).await.done();
        assert!(shown.out.contains("disagree"), "{}", shown.out);

        let rules = charter(3_600);
        let without = Federation::found(&["Cedar", "Dogwood"], &rules).await;
        let cedar = &without.coops[0];
        let id = cedar.put_to_the_vote("Ring a bell").await;
        let refused = cedar.say(&["vote", &id, "disagree"]).await;
        refused.refused(1, &["disagree"]);
        assert!(cedar.ballots(&id).await.is_empty());
    });
}

#[test]
fn a_person_without_the_role_is_told_who_can() {
    story(90, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let id = federation.coops[0].put_to_the_vote("Buy a kettle").await;
        let alder = &mut federation.coops[0];
        let invited = alder
            .ask(&["person", "invite", "Wanda", "--roles", "worker"])
            .await;
        let link = invited["link"].as_str().unwrap();
        let mut wanda = accept(alder.web, link, "wanda").await;
        let token = make_token(&mut wanda).await;
        let ballot = alder.ballot(&id, "agree").await;
        alder.use_token(&token);
        let answer = alder.act(&ballot).await.unwrap();
        assert_eq!(answer.status, 403, "{answer:#?}");
        assert!(message(&answer).contains("delegate"), "{answer:#?}");
        alder
            .say(&["vote", &id, "agree"])
            .await
            .refused(1, &["delegate"]);
        assert!(alder.ballots(&id).await.is_empty());
        // Nor may a worker let others in.
        let fields = [("name", "Xaver"), ("roles", "delegate")];
        let invited = wanda
            .submit("/account", "/node/people/invite", &fields)
            .await;
        assert_eq!(invited.status, 403, "{invited:#?}");
    });
}

#[test]
fn a_ballot_after_the_deadline_is_refused_and_the_vote_stays_closed() {
    story(90, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(8)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let id = alder.put_to_the_vote("Decide quickly").await;
        alder.vote(&id, "agree").await;
        birch.knows(&id).await;
        let late = birch.ballot(&id, "block").await;
        wait::until("the vote closes by its deadline", 30, async || {
            let decision: Value = birch.decision(&id).await;
            (decision["state"] != "voting").then_some(())
        })
        .await;
        let answer = birch.act(&late).await.unwrap();
        refused(&answer, "");
        assert!(message(&answer).contains("closed") || message(&answer).contains("deadline"));
        let said = birch
            .say(&["vote", &id, "block", "--reason", REASON, "--aim", "1"])
            .await;
        assert_eq!(said.code, Some(1), "{said:#?}");
        assert_eq!(birch.decision(&id).await["phase"]["verdict"], "passed");
    });
}
