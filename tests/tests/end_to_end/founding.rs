//! From nothing to a decision, typed as the README says.

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    story::story,
    wait,
};

/// Waits until a node says how long it is to each of the others and back.
async fn shows_round_trips(coop: &Coop, others: usize) {
    wait::until("every node answered a ping", 30, async || {
        let status = coop.ask(&["status"]).await;
        let peers = status["peers"].as_array().unwrap();
        let known = peers.iter().filter(|peer| peer["round_trip_ms"].is_u64());
        (known.count() == others).then_some(())
    })
    .await;
    let page = coop.sign_in_again().await.get("/node").await.expect(200);
    let shown = page.body.matches("ms there and back").count();
    assert_eq!(shown, others, "{}", page.body);
}

#[test]
fn three_founders_admit_a_fourth_co_op_whose_proposal_all_decide_alike() {
    story(150, async {
        let names = ["Alder", "Birch", "Cedar"];
        let mut federation = Federation::found(&names, &charter(3_600)).await;

        let fourth = join(&federation, "Dogwood").await;
        federation.coops.push(fourth);
        federation.meet().await;
        federation.coops[3].sign_in().await;

        let dogwood = &federation.coops[3];
        let text = dogwood.beside("proposal.md");
        std::fs::write(&text, "Seven hours of coverage on weekdays.\n").unwrap();
        let proposed = dogwood
            .ask(&[
                "propose",
                "--title",
                "Shorten weekday coverage",
                "--file",
                &text.to_string_lossy(),
            ])
            .await;
        let id = proposed["id"].as_str().unwrap();
        dogwood.say(&["open", id]).await.done();

        let founder = &federation.coops[0];
        founder.knows(id).await;
        let needed = founder.ask(&["decisions", "--show", "needs"]).await;
        assert_eq!(needed["decisions"][0]["id"], id, "{needed:#}");

        let choices = ["agree", "abstain", "block", "agree"];
        for (coop, choice) in federation.coops.iter().zip(choices) {
            coop.knows(id).await;
            let mut words = vec!["vote", id, choice];
            if choice == "block" {
                words.extend(["--reason", end_to_end::coop::REASON, "--aim", "1"]);
            }
            coop.say(&words).await.done();
        }
        federation.shows(id, &choices, 10).await;
        let shown = federation.agree(3, &["show", id], 10).await;
        assert_eq!(shown["phase"]["figures"]["cast"], 4, "{shown:#}");
        assert_eq!(shown["phase"]["verdict"], "blocked", "{shown:#}");

        let status = federation.coops[0].say(&["status"]).await.done();
        assert!(status.out.contains("3 of 3 nodes"), "{status:#?}");
        shows_round_trips(&federation.coops[0], 3).await;
        for coop in &mut federation.coops {
            let status = coop.stop().await;
            assert!(status.success(), "{} stopped with {status}", coop.name);
        }
    });
}

/// A co-op joins by an invitation of the last founder, admitted by the first two.
async fn join(federation: &Federation, name: &str) -> Coop {
    let host = federation.coops.last().unwrap();
    let invitation = host.ask(&["invite"]).await["invitation"].take();
    let place = federation.coops.len();
    let mut coop = Coop::new(name, place, &federation.forwarder).await;
    let words = ["join", invitation.as_str().unwrap(), "--name", name];
    coop.say(&words).await.done();
    coop.configure(&coop.configuration(&federation.others(place)));
    coop.launch(&[]);
    for founder in &federation.coops[..2] {
        wait::until(
            &format!("{} hears of {name}", founder.name),
            10,
            async || {
                let admitted = founder.say(&["admit", name]).await;
                (admitted.code == Some(0)).then_some(())
            },
        )
        .await;
    }
    coop
}
