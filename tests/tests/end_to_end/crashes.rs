//! Nodes that are killed, and nodes that were away.

use end_to_end::{
    federation::{Federation, charter},
    story::story,
    wait,
};

const CHOICES: [&str; 2] = ["agree", "abstain"];

#[test]
fn nothing_acknowledged_is_lost_when_a_node_is_killed_and_it_catches_up_on_what_it_missed() {
    story(150, async {
        let names = ["Alder", "Birch", "Cedar"];
        let mut federation = Federation::found(&names, &charter(3_600)).await;
        let mut ids = Vec::new();
        for number in 1..=3 {
            ids.push(
                federation.coops[0]
                    .put_to_the_vote(&format!("Proposal {number}"))
                    .await,
            );
        }
        federation.coops[1].knows(&ids[2]).await;

        let acknowledged = vote_until_killed(&mut federation, &ids).await;
        assert!(
            !acknowledged.is_empty(),
            "it was killed before the first vote"
        );

        // Others go on while it is away.
        let missed = federation.coops[0]
            .put_to_the_vote("While Birch was away")
            .await;
        federation.coops[0].vote(&missed, "agree").await;
        federation.coops[2].knows(&missed).await;
        federation.coops[2].vote(&missed, "abstain").await;

        let birch = &mut federation.coops[1];
        birch.start(&[]).await;
        for (id, ballot) in &acknowledged {
            let ballots = birch.ballots(id).await;
            assert!(
                ballots.contains(ballot),
                "{ballot} on {id} was acknowledged and is lost"
            );
        }
        federation.meet().await;
        federation
            .shows(&missed, &["agree", "-", "abstain"], 30)
            .await;
        federation.coops[1].vote(&missed, "agree").await;
        federation
            .shows(&missed, &["agree", "agree", "abstain"], 10)
            .await;
    });
}

/// Birch votes again and again until its node is killed in the middle; answers with the ballots
/// that were acknowledged.
async fn vote_until_killed(federation: &mut Federation, ids: &[String]) -> Vec<(String, String)> {
    let birch = &mut federation.coops[1];
    let mut ballots = Vec::new();
    for round in 0..8 {
        for id in ids {
            ballots.push((id.clone(), birch.ballot(id, CHOICES[round % 2]).await));
        }
    }
    let client = birch.client();
    let (sender, mut acknowledgements) = tokio::sync::mpsc::unbounded_channel();
    let voting = tokio::spawn(async move {
        for (id, ballot) in ballots {
            let headers = [("content-type", "application/json")];
            let mut client = client.clone();
            let sent = client
                .send("POST", "/api/acts", &headers, &ballot.to_string())
                .await;
            match sent {
                Ok(answer) if answer.status == 201 => {
                    let ballot = answer.json()["id"].as_str().unwrap_or_default().to_owned();
                    let _ = sender.send((id, ballot));
                }
                Ok(answer) => panic!("{answer:#?}"),
                Err(_) => return,
            }
        }
    });
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 10 {
        let ballot = wait::within("a vote is acknowledged", 20, acknowledgements.recv()).await;
        acknowledged.push(ballot.expect("it goes on voting"));
    }
    birch.kill().await;
    wait::within("the voting ends", 20, voting)
        .await
        .expect("only the kill ends it");
    while let Ok(ballot) = acknowledgements.try_recv() {
        acknowledged.push(ballot);
    }
    acknowledged
}

#[test]
fn a_killed_node_signs_nothing_until_it_has_reached_another_or_a_steward_says_so() {
    story(120, async {
        let names = ["Alder", "Birch", "Cedar"];
        let mut federation = Federation::found(&names, &charter(3_600)).await;
        let id = federation.coops[0]
            .put_to_the_vote("Paint the office")
            .await;
        federation.coops[1].knows(&id).await;

        federation.coops[1].kill().await;
        federation.forwarder.cut(&[1], &[0, 2]);
        let birch = &mut federation.coops[1];
        birch.start(&[]).await;
        assert_eq!(birch.health().await.unwrap().0, 503);
        let ballot = birch.ballot(&id, "agree").await;
        let refused = birch.act(&ballot).await.unwrap();
        assert!((400..=599).contains(&refused.status), "{refused:#?}");
        assert!(
            refused.json()["error"]["message"].is_string(),
            "{refused:#?}"
        );
        assert!(birch.ballots(&id).await.is_empty());

        federation.forwarder.heal();
        federation.meet().await;
        federation.coops[1].vote(&id, "agree").await;

        federation.coops[1].kill().await;
        federation.forwarder.cut(&[1], &[0, 2]);
        let birch = &mut federation.coops[1];
        birch.start(&["--alone"]).await;
        birch.vote(&id, "abstain").await;
        federation.forwarder.heal();
        federation.shows(&id, &["-", "abstain", "-"], 60).await;
    });
}
