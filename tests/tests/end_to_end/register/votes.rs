//! Outcomes that are final: four co-ops begin the register, and a vote is decided once and for ever.

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    story::waiting_story,
};

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;

#[test]
fn a_vote_becomes_final_on_every_node_and_stays_so_when_they_start_again() {
    waiting_story(300, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let charter = charter(PERIOD_SECONDS) + bounds;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        let before = federation.coops[0].ask(&["register"]).await;
        assert!(before["register"].is_null(), "{before}");

        federation.begin_register().await;
        let id = federation.coops[0].put_to_the_vote("One server more").await;
        for coop in &federation.coops {
            coop.knows(&id).await;
        }
        for coop in &federation.coops[..3] {
            coop.vote(&id, "agree").await;
        }
        let first = federation.passes(&id, 200).await;
        assert!(first.iter().all(|state| *state == first[0]), "{first:?}");
        is_shown_and_proven(&mut federation.coops[0], &id).await;
        for coop in &mut federation.coops {
            coop.stop().await;
        }
        for coop in &mut federation.coops {
            coop.start(&[]).await;
            coop.ready().await;
        }
        assert_eq!(federation.passes(&id, 200).await, first);
        // The heights were read back, and the file is the one from before.
        let coop = &federation.coops[0];
        let again = coop.beside("again.json").display().to_string();
        let export = ["decision", "export", &id, "--out", &again];
        coop.say(&export).await.done();
        let [before, after] =
            ["decision.json", "again.json"].map(|name| std::fs::read(coop.beside(name)).unwrap());
        assert_eq!(before, after);
        proposes_another_charter(&federation.coops[1]).await;
    });
}

/// The file of the charter in force, changed, is put to the vote; what could do nothing is refused.
async fn proposes_another_charter(coop: &Coop) {
    let shown = coop.say(&["charter", "show", "--toml"]).await.done().out;
    let title = "Charter of the Tree Federation";
    let changed = shown.replace(title, "Charter of the Forest");
    assert_ne!(changed, shown);
    let file = coop.beside("charter.toml").display().to_string();
    let propose = async |toml: &str| {
        std::fs::write(coop.beside("charter.toml"), toml).unwrap();
        let words = [
            "propose",
            "--title",
            "The forest",
            "--text",
            "A better name.",
        ];
        let what = ["--new-charter", &file, "--open"];
        coop.say(&[&words[..], &what].concat()).await
    };
    let proposed = propose(&changed).await.done();
    assert!(proposed.out.contains("Proposed and opened"), "{proposed:?}");
    let same = propose(&shown).await;
    assert_ne!(same.code, Some(0), "{same:?}");
    let nonsense = propose("quorum = 7").await;
    assert_ne!(nonsense.code, Some(0), "{nonsense:?}");
    let words = ["propose", "--title", "T", "--text", "T", "--effect", "{"];
    let strange = coop.say(&words).await;
    assert_ne!(strange.code, Some(0), "{strange:?}");
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
