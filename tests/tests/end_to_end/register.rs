//! Outcomes that are final: four co-ops begin the register, and a vote is decided once and for ever.

use end_to_end::{
    federation::{Federation, charter},
    story::story,
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

        federation.begin_register().await;
        let id = federation.coops[0].put_to_the_vote("One server more").await;
        for coop in &federation.coops {
            coop.knows_proposal(&id).await;
        }
        for coop in &federation.coops[..3] {
            coop.vote(&id, "agree").await;
        }
        let first = federation.passes(&id, 200).await;
        assert!(first.iter().all(|state| *state == first[0]), "{first:?}");
        for coop in &mut federation.coops {
            coop.stop().await;
        }
        for coop in &mut federation.coops {
            coop.start(&[]).await;
            coop.ready().await;
        }
        assert_eq!(federation.passes(&id, 200).await, first);
    });
}
