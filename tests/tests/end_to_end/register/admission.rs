//! A co-op comes to a federation that has a register: it reads the charter, accepts it, applies, is
//! admitted by decision, and takes part.

use end_to_end::{
    coop::{Coop, link_in},
    federation::{Federation, charter},
    second::second_of,
    story::waiting_story,
    wait,
};

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;
/// How long it may take until its outcome is final everywhere.
const FINAL_SECONDS: u64 = 200;

/// It reads what it would accept, and accepts it.
async fn apply(host: &Coop, elm: &Coop) {
    let invitation = host.ask(&["invite", "--name", "Elm"]).await["invitation"].take();
    let invitation = invitation.as_str().unwrap();
    let words = ["join", invitation, "--name", "Elm", "--request"];
    let words = [
        &words[..],
        &["We mend bicycles.", "--contribution", "Ten hours a month"],
    ]
    .concat();
    let shown = elm.say(&words).await;
    let shown = shown.refused(
        1,
        &[
            "Charter of the Tree Federation",
            "application-charter.toml",
            "1. ",
        ],
    );
    let (_, hash) = shown.err.split_once("--accept-charter ").unwrap();
    let hash = hash.split_whitespace().next().unwrap();
    let other = [&words[..], &["--accept-charter", "0123456789abcdef"]].concat();
    elm.say(&other)
        .await
        .refused(1, &["is not the charter in force"]);
    let accepting = [&words[..], &["--accept-charter", hash]].concat();
    let applied = elm.say(&accepting).await.done();
    assert!(applied.out.contains("all members"), "{}", applied.out);
    // An answer that was lost is asked for again, and nothing is written twice.
    elm.say(&accepting).await.done();
}

/// The way a node lists who is a member.
async fn lists(coop: &Coop, name: &str) {
    let what = format!("{} lists {name}", coop.name);
    wait::until(&what, 60, async || {
        let answer = coop.ask(&["members"]).await;
        let mut members = answer["members"].as_array()?.iter();
        members.any(|one| one["name"] == name).then_some(())
    })
    .await;
}

#[test]
fn a_fifth_co_op_accepts_the_charter_is_admitted_by_decision_and_votes() {
    waiting_story(540, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let charter = charter(PERIOD_SECONDS) + bounds;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        federation.begin_register().await;
        let mut elm = Coop::new("Elm", 4, &federation.forwarder).await;
        apply(&federation.coops[3], &elm).await;
        elm.configure(&elm.configuration(&federation.others(4)));
        elm.launch(&[]);
        let waits = |line: &str| line.contains("none has proposed").then_some(());
        elm.running().line("that it waits", 30, waits).await;

        let alder = &federation.coops[0];
        let candidate = wait::until("Alder hears of Elm", 10, async || {
            let answer = alder.api("/api/candidates").await;
            answer["candidates"].as_array()?.first().cloned()
        })
        .await;
        assert_eq!(candidate["request"], "We mend bicycles.", "{candidate:#}");
        assert_eq!(candidate["contribution"], "Ten hours a month");
        assert_eq!(candidate["through"]["name"], "Dill");
        let listed = alder.say(&["admit"]).await.done();
        assert!(listed.out.contains(candidate["root"].as_str().unwrap()));
        let proposed = alder.ask(&["admit", "Elm", "--open"]).await;
        let id = proposed["id"].as_str().unwrap();
        let again = alder.say(&["admit", "Elm"]).await;
        again.refused(1, &["already"]);

        // A loss of power changes nothing for who waits.
        elm.kill().await;
        for coop in &federation.coops {
            coop.knows(id).await;
        }
        for coop in &federation.coops[..3] {
            coop.vote(id, "agree").await;
        }
        elm.launch(&[]);
        let votes = |line: &str| line.contains("vote on the admission").then_some(());
        elm.running().line("that it is voted on", 30, votes).await;
        federation.passes(id, FINAL_SECONDS).await;
        elm.running().line("the steward's link", 60, link_in).await;
        elm.sign_in().await;
        federation.coops.push(elm);
        federation.meet().await;
        for coop in &federation.coops {
            lists(coop, "Elm").await;
        }
        let elm = &federation.coops[4];
        let all = elm.api("/api/candidates").await;
        assert!(all["candidates"].as_array().unwrap().is_empty(), "{all}");

        let next = federation.coops[1].put_to_the_vote("One server more").await;
        for place in [0, 2, 4] {
            federation.coops[place].knows(&next).await;
            federation.coops[place].vote(&next, "agree").await;
        }
        let states = federation.passes(&next, FINAL_SECONDS).await;
        assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
        let tally = federation.coops[0].tally(&next).await;
        assert_eq!(tally.len(), 5, "{tally:?}");
        assert!(
            tally.contains(&("Elm".to_owned(), "agree".to_owned())),
            "{tally:?}"
        );

        // Whoever was admitted by decision may have a second node as well.
        let elm = &federation.coops[4];
        let second = second_of(elm, &federation).await;
        let height = &elm.ask(&["register"]).await["register"]["height"];
        wait::until("the second node has the register", 30, async || {
            let answer = second.ask(&["register"]).await;
            (answer["register"]["height"] == *height).then_some(())
        })
        .await;
        assert_eq!(second.ask(&["status"]).await["member"], "Elm");
    });
}
