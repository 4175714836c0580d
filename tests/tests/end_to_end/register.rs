//! Outcomes that are final: four co-ops begin the register, and a vote is decided once and for ever.

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    story::story,
    wait,
};

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;

#[test]
fn a_vote_becomes_final_on_every_node_and_stays_so_when_they_start_again() {
    story(300, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let charter = charter(PERIOD_SECONDS) + bounds;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        let before = federation.coops[0].ask(&["register"]).await;
        assert!(before["register"].is_null(), "{before}");

        // Each node may close votes; the last one proposes the beginning, two more sign it.
        for (place, coop) in federation.coops.iter().enumerate() {
            let others = names.len() - place;
            wait::until("the validator keys before its own", 30, async || {
                let answer = coop.ask(&["register"]).await;
                (answer["missing"].as_array()?.len() == others).then_some(())
            })
            .await;
            coop.say(&["register", "begin"]).await.done();
        }
        for place in [0, 1] {
            let coop = &federation.coops[place];
            wait::until("a beginning to sign", 30, async || {
                let answer = coop.ask(&["register"]).await;
                let pending = answer["pending"].as_array()?.first()?.clone();
                (!pending["signed"].as_array()?.is_empty()).then_some(())
            })
            .await;
            coop.say(&["register", "begin"]).await.done();
        }
        for coop in &federation.coops {
            wait::until("height 1", 30, async || {
                let answer = coop.ask(&["register"]).await;
                (answer["register"]["height"] == 1).then_some(())
            })
            .await;
        }

        let id = federation.coops[0].put_to_the_vote("One server more").await;
        for coop in &federation.coops {
            coop.knows_proposal(&id).await;
        }
        for coop in &federation.coops[..3] {
            coop.vote(&id, "agree").await;
        }
        let states = async |federation: &Federation| {
            let mut states = Vec::new();
            for coop in &federation.coops {
                let state = wait::until("a final outcome", 200, async || {
                    let answer = coop.ask(&["register"]).await;
                    let decided = answer["register"]["final"].as_array()?;
                    let one = decided.iter().find(|one| one["proposal"] == *id)?;
                    assert_eq!(one["ending"], "passed", "{answer}");
                    Some(answer["register"]["state"].clone())
                })
                .await;
                states.push(state);
            }
            states
        };
        let first = states(&federation).await;
        assert!(first.iter().all(|state| *state == first[0]), "{first:?}");
        is_shown_and_proven(&mut federation.coops[0], &id).await;
        for coop in &mut federation.coops {
            coop.stop().await;
        }
        for coop in &mut federation.coops {
            coop.start(&[]).await;
            coop.ready().await;
        }
        assert_eq!(states(&federation).await, first);
        // The heights were read back, and the file is the one from before.
        let coop = &federation.coops[0];
        let again = coop.beside("again.json").display().to_string();
        let export = ["decision", "export", &id, "--out", &again];
        coop.say(&export).await.done();
        let [before, after] =
            ["decision.json", "again.json"].map(|name| std::fs::read(coop.beside(name)).unwrap());
        assert_eq!(before, after);
    });
}

/// The pages say that it is final and at which height, and the file is proof for anybody.
async fn is_shown_and_proven(coop: &mut Coop, id: &str) {
    let decision = coop.decision(id).await;
    assert_eq!(decision["state"], "passed", "{decision}");
    let height = decision["finality"]["height"].as_u64().expect("a height");
    let said = format!("height {height}");
    let mut anyone = coop.client();
    let pages = [
        (format!("/archive/{id}"), "is decided, final at"),
        (format!("/register/{height}"), "One server more"),
        (
            "/archive/final?q=server&state=passed".to_owned(),
            "One server more",
        ),
        ("/archive/final.atom".to_owned(), "Passed: One server more"),
        ("/register".to_owned(), "One server more"),
    ];
    for (path, words) in &pages {
        let page = anyone.get(path).await.expect(200).body;
        let page = page.to_lowercase();
        assert!(page.contains(&words.to_lowercase()), "{path}: {page}");
        assert!(page.contains(&said), "{path}: {page}");
    }

    let file = coop.beside("decision.json").display().to_string();
    let export = ["decision", "export", &id[..8], "--out", &file];
    coop.say(&export).await.done();
    let federation = coop.api("/api/status").await["federation"]["id"].clone();
    let federation = federation.as_str().expect("an id");
    let verify = ["--json", "verify", &file, "--federation", federation];
    let proof = coop.say(&verify).await.done().json();
    assert_eq!(proof["ended"], "passed", "{proof}");
    assert_eq!(proof["height"], height, "{proof}");
    let path = decision["finality"]["path"].as_str().expect("a path");
    let downloaded = anyone.get(path).await.expect(200).body;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), downloaded);
}
