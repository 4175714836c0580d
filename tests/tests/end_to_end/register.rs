//! Outcomes that are final: four co-ops begin the register, and a vote is decided once and for ever.

use end_to_end::{
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
        for coop in &mut federation.coops {
            coop.stop().await;
        }
        for coop in &mut federation.coops {
            coop.start(&[]).await;
            coop.ready().await;
        }
        assert_eq!(states(&federation).await, first);
    });
}
