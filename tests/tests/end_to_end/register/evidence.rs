//! A copy of a data directory is started after the original went on: one key signs two histories, and any
//! node hands out a file that shows it to anybody.

use std::{fs, path::Path};

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    http::Client,
    story::waiting_story,
    wait,
};
use serde_json::json;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        match file.file_type().unwrap().is_dir() {
            true => copy(&file.path(), &to),
            false => drop(fs::copy(file.path(), to).unwrap()),
        }
    }
}

async fn propose(coop: &Coop, title: &str) -> String {
    let text = format!("{title}, because we talked about it.");
    let act = json!({ "act": "propose", "title": title, "text": text, "rule": "consent" });
    coop.done(&act).await
}

#[test]
fn a_key_that_signs_two_histories_is_shown_in_a_file_that_anybody_verifies() {
    waiting_story(180, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3600)).await;
        let none = federation.coops[1].say(&["register", "evidence"]).await;
        assert!(none.done().out.contains("Nobody was seen"));
        let [alder, birch] = &mut federation.coops[..] else {
            panic!("two co-ops");
        };
        alder.stop().await;
        let old = alder.beside("old");
        copy(&alder.data(), &old);
        alder.start(&[]).await;
        alder.ready().await;
        let id = propose(alder, "One server more").await;
        birch.knows_proposal(&id).await;
        alder.stop().await;
        birch.stop().await;
        fs::remove_dir_all(alder.data()).unwrap();
        fs::rename(&old, alder.data()).unwrap();
        alder.start(&["--alone"]).await;
        propose(alder, "One server less").await;
        birch.start(&[]).await;

        let listed = wait::until("Birch has seen both", 60, async || {
            let answer = birch.ask(&["register", "evidence"]).await;
            answer["evidence"].as_array()?.first().cloned()
        })
        .await;
        assert_eq!(
            (&listed["name"], &listed["signed"]),
            (&json!("Alder"), &json!("entries"))
        );
        is_proven(birch, listed["hash"].as_str().expect("a hash")).await;
    });
}

/// The command and the page give one file, which is verified without a node, unless anything is changed.
async fn is_proven(birch: &Coop, hash: &str) {
    let folder = birch.beside("evidence").display().to_string();
    let write = ["register", "evidence", "--out", &folder];
    let written = birch.ask(&write).await["files"][0].take();
    assert_eq!(birch.ask(&write).await["files"][0], written, "and again");
    let file = written.as_str().expect("a file");
    let path = format!("/register/evidence/{hash}.json");
    let mut anyone = Client::of(birch.web);
    let page = anyone.get("/register").await.expect(200).body;
    assert!(page.contains(&path), "{page}");
    let text = anyone.get(&path).await.expect(200).body;
    assert_eq!(fs::read_to_string(file).unwrap(), text);

    let federation = birch.api("/api/status").await["federation"]["id"].take();
    let federation = federation.as_str().expect("an id");
    let said = birch
        .say(&["verify", file, "--federation", federation])
        .await;
    let said = said.done().out;
    for words in [
        "signed two entries of place",
        "granted it",
        "does not show who held",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let changed = birch.beside("changed.json");
    let at = text.find("\"evidence\": \"").unwrap() + 300;
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    fs::write(&changed, bytes).unwrap();
    let changed = changed.display().to_string();
    let refused = birch.say(&["verify", &changed]).await;
    refused.refused(1, &["proves nothing"]);
}
