//! A co-op leaves: it takes along what is its own, the others go on without it, and what it took along
//! proves itself.

use std::path::Path;

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    story::waiting_story,
    wait,
};
use serde_json::{Value, json};

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;
/// How long it may take until its outcome is final everywhere.
const FINAL_SECONDS: u64 = 200;

/// Everybody agrees on something, and it is final.
async fn agree(federation: &Federation, title: &str) -> String {
    let id = federation.coops[0].put_to_the_vote(title).await;
    for coop in &federation.coops {
        coop.knows(&id).await;
        coop.vote(&id, "agree").await;
    }
    federation.passes(&id, FINAL_SECONDS).await;
    id
}

/// The files in a folder of an export, by name.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What it takes along: texts as they were, and nothing secret.
fn is_whole(folder: &Path) {
    let expected = [
        "README.txt",
        "charter.toml",
        "decisions",
        "documents",
        "index.json",
        "records.jsonl",
    ];
    assert_eq!(files(folder), expected);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let documents = files(&folder.join("documents"));
    let [minutes] = &documents[..] else {
        panic!("one document: {documents:?}");
    };
    assert!(minutes.starts_with("minutes-"), "{minutes}");
    assert_eq!(
        read(&format!("documents/{minutes}")),
        "We met, and parted.\n"
    );
    assert!(read("charter.toml").contains("Charter of the Tree Federation"));
    assert!(read("README.txt").contains("folkmoot verify decisions/"));
    let records = read("records.jsonl");
    assert!(records.lines().count() > 5, "{records}");
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(record["bytes"].is_string(), "{record}");
    }
    use std::os::unix::fs::PermissionsExt;
    for name in ["records.jsonl", "decisions"] {
        let mode = folder.join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is for its owner alone");
    }
}

/// Waits until a node says at which height a co-op left, and gives it.
async fn says_left(coop: &Coop, name: &str) -> u64 {
    let what = format!("{} says that {name} left", coop.name);
    wait::until(&what, 120, async || {
        let answer = coop.ask(&["members"]).await;
        let mut former = answer["former"].as_array()?.iter();
        let one = former.find(|one| one["name"] == name)?;
        assert_eq!(one["expelled"], false, "{one}");
        one["height"].as_u64()
    })
    .await
}

async fn writes_minutes(coop: &Coop) {
    let words = [
        "document",
        "new",
        "Last minutes",
        "--text",
        "We met, and parted.\n",
    ];
    coop.say(&[&words[..], &["--sort", "minutes"]].concat())
        .await
        .done();
}

#[test]
fn a_co_op_leaves_with_an_export_that_proves_itself_and_the_others_decide_on() {
    waiting_story(540, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let charter = charter(PERIOD_SECONDS) + bounds;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        let early = federation.coops[3].say(&["leave"]).await;
        early.refused(1, &["the register has not begun", "folkmoot export"]);
        federation.begin_register().await;
        agree(&federation, "One server more").await;
        let dill = &federation.coops[3];
        writes_minutes(dill).await;

        // Looking changes nothing.
        let shown = dill.say(&["leave"]).await.done().out;
        for part in [
            "Dill would leave",
            "3 nodes instead of 4",
            "no liar",
            "leave --yes",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let taken = dill.beside("taken");
        let path = taken.display().to_string();
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(taken.join("mine"), "").unwrap();
        let words = ["leave", "--yes", "--export", &path];
        dill.say(&words).await.refused(1, &["is not empty"]);
        std::fs::remove_file(taken.join("mine")).unwrap();
        dill.say(&words).await.done();
        is_whole(&taken);

        let mut heights = Vec::new();
        for coop in &federation.coops {
            heights.push(says_left(coop, "Dill").await);
        }
        assert!(heights.iter().all(|one| *one == heights[0]), "{heights:?}");
        let said = format!("Dill left the federation at height {}", heights[0]);
        let status = federation.coops[3].say(&["status"]).await.done().out;
        assert!(status.contains(&said), "{status}");
        let mut reader = federation.coops[0].sign_in_again().await;
        let page = reader.get("/federation").await.expect(200).body;
        assert!(
            page.contains("Dill left the federation at height"),
            "{page}"
        );

        // It is stopped and started again: it shows what it has, waits for nobody and signs nothing.
        let mut dill = federation.coops.pop().unwrap();
        dill.kill().await;
        dill.start(&[]).await;
        dill.ready().await;
        let status = dill.say(&["status"]).await.done().out;
        assert!(status.contains(&said), "{status}");
        assert!(!status.contains("reached another node"), "{status}");
        let mut own = dill.sign_in_again().await;
        let page = own.get("/node").await.expect(200).body;
        assert!(
            page.contains("Dill left the federation at height"),
            "{page}"
        );
        let act = json!({ "act": "propose", "title": "Back", "text": "Again.", "rule": "consent" });
        let refused = dill.act(&act).await.unwrap();
        assert!((400..500).contains(&refused.status), "{refused:?}");
        assert!(refused.body.contains("member no more"), "{}", refused.body);
        let again = dill.say(&["leave", "--yes"]).await.done().out;
        assert!(again.contains(&said), "{again}");

        // The three that stay are all that vote.
        let next = agree(&federation, "No server less").await;
        let tally = federation.coops[1].tally(&next).await;
        let voters: Vec<&str> = tally.iter().map(|(name, _)| &**name).collect();
        assert_eq!(voters, ["Alder", "Birch", "Cedar"]);

        // What another member has later continues what Dill took along.
        let birch = &federation.coops[1];
        let kept = birch.beside("kept").display().to_string();
        birch.say(&["export", &kept]).await.done();
        let federation_id = birch.api("/api/status").await["federation"]["id"].take();
        let id = federation_id.as_str().unwrap();
        let decisions = taken.join("decisions");
        let old = decisions.join(&files(&decisions)[0]).display().to_string();
        let verified = birch
            .say(&["verify", &old, "--federation", id])
            .await
            .done();
        assert!(verified.out.contains("One server more"), "{verified:?}");
        let decisions = birch.beside("kept").join("decisions");
        let last = files(&decisions).pop().unwrap();
        let new = decisions.join(last).display().to_string();
        let since = ["verify", &new, "--since", &old, "--federation", id];
        let continued = birch.say(&since).await.done();
        assert!(continued.out.contains("Nothing that the older file shows"));
    });
}
