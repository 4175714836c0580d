//! Several delegates of one co-op, and a key that was stolen.

use end_to_end::{
    coop::{Coop, REASON},
    federation::{Federation, charter},
    program,
    story::story,
    wait,
};
use serde_json::{Value, json};

/// A delegate with a key on a device of its own: the path of its key.
async fn delegate_with_own_key(coop: &Coop, name: &str) -> String {
    let file = coop.beside(&format!("{name}.key"));
    let file = file.to_string_lossy().into_owned();
    coop.say(&["key", "new", &file]).await.done();
    let status = coop.api("/api/status").await;
    let (federation, member) = (text(&status["federation"]["id"]), text(&status["member"]));
    let prove = ["key", "prove", &file, "--federation", &federation];
    let proof = coop
        .ask(&[&prove[..], &["--member", &member]].concat())
        .await;
    let (key, person) = (text(&proof["key"]), text(&proof["person"]));
    let signed = text(&proof["proof"]);
    let grant = [
        "key", "grant", &key, "--roles", "delegate", "--person", &person,
    ];
    let words = [&grant[..], &["--proof", &signed]].concat();
    coop.say(&words).await.done();
    let known = coop.api("/api/members").await;
    let own = known["members"].as_array().unwrap();
    let own = own.iter().find(|one| one["id"] == *member).unwrap();
    let mut keys: Vec<String> = own["delegates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delegate| text(&delegate["key"]))
        .collect();
    keys.push(key);
    let mandate: Vec<&str> = ["key", "mandate"]
        .into_iter()
        .chain(keys.iter().map(String::as_str))
        .collect();
    coop.say(&mandate).await.done();
    file
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What counts of a co-op, and what a node shows of each of its ballots.
async fn counts(at: &Coop, id: &str, name: &str, choice: &str) {
    at.shows_vote(id, name, choice).await;
}

#[test]
fn several_delegates_vote_and_a_stolen_key_is_outvoted_by_a_new_mandate_after_a_partition() {
    story(180, async {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            unreachable!()
        };
        let stewards = alder.api("/api/members").await;
        let own = stewards["members"].as_array().unwrap();
        let own = own.iter().find(|one| one["name"] == "Alder").unwrap();
        let steward = text(&own["delegates"][0]["key"]);
        let wanda = delegate_with_own_key(alder, "wanda").await;
        let id = alder.put_to_the_vote("Move the archive").await;
        birch.knows(&id).await;

        // Either delegate of the mandate votes for the co-op; the last ballot counts.
        alder.vote(&id, "agree").await;
        alder
            .say(&["vote", &id, "abstain", "--key", &wanda])
            .await
            .done();
        counts(birch, &id, "Alder", "abstain").await;
        alder.vote(&id, "agree").await;
        counts(birch, &id, "Alder", "agree").await;

        // Her key is stolen. While the thief votes elsewhere, the root key names who votes now.
        federation.forwarder.cut(&[0], &[1]);
        alder.say(&["key", "mandate", &steward]).await.done();
        alder.vote(&id, "abstain").await;
        let mut thief = program::command();
        let block = ["vote", &id, "block", "--aim", "1", "--reason", REASON];
        thief.args(block).args(["--key", &wanda]);
        thief.env("FOLKMOOT_NODE", birch.url(""));
        thief.env("FOLKMOOT_TOKEN", birch.token().unwrap());
        program::say(thief).await.done();
        counts(birch, &id, "Alder", "block").await;
        counts(alder, &id, "Alder", "abstain").await;

        // Where the new mandate is known, the stolen key is told so.
        let late = alder.say(&["vote", &id, "agree", "--key", &wanda]).await;
        late.refused(1, &["andate 3 of Alder", "does not list this key"]);
        federation.forwarder.heal();
        for coop in [alder, birch] {
            counts(coop, &id, "Alder", "abstain").await;
            wait::until(
                "the thief's ballot is shown and does not count",
                15,
                async || {
                    let decision = coop.decision(&id).await;
                    let ballots = decision["phase"]["ballots"].as_array()?;
                    let stolen = ballots.iter().find(|ballot| ballot["choice"] == "block")?;
                    (stolen["counts"] == json!(false)).then_some(())
                },
            )
            .await;
        }
    });
}
