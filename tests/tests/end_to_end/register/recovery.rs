//! Two of four servers burn down while a vote is open. Those who are left recover the register with root
//! keys, one of them kept elsewhere, and the vote becomes final.

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    http::Client,
    program::Said,
    story::waiting_story,
    wait,
};
use serde_json::Value;
use tokio::process::Command;

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;
/// How long a recovery is announced.
const NOTICE_SECONDS: u64 = 25;

#[test]
fn two_of_four_servers_are_gone_for_good_and_the_others_recover_the_register() {
    waiting_story(480, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let notice = format!("[recovery]\nnotice-seconds = {NOTICE_SECONDS}\n");
        let charter = charter(PERIOD_SECONDS) + bounds + &notice;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        federation.begin_register().await;
        let id = federation.coops[0].put_to_the_vote("One server more").await;
        for coop in &federation.coops {
            coop.knows(&id).await;
        }
        for coop in &federation.coops[..3] {
            coop.vote(&id, "agree").await;
        }
        is_open_in_the_register(&federation, &id).await;
        // Cedar keeps a copy of its root key elsewhere; nothing else is left of the two.
        let kept = federation.coops[0].beside("cedar-root.key");
        std::fs::copy(federation.coops[2].data().join("root.key"), &kept).unwrap();
        for mut gone in federation.coops.split_off(2) {
            gone.kill().await;
            drop(gone);
        }
        let [alder, birch] = &federation.coops[..] else {
            panic!("two are left");
        };
        waits_for_both(alder, &id).await;
        let kept = kept.display().to_string();
        let elm = Coop::new("Elm", 4, &federation.forwarder).await;
        let prepare = ["init", "--prepare", "--name", "Elm"];
        elm.say(&prepare).await.done();
        let hash = announce((alder, birch), &kept, &elm).await;
        confirm(alder, birch, &kept, &hash).await;
        federation.passes(&id, 200).await;
        is_proven(&federation.coops[1], &id).await;
    });
}

/// Waits until the vote is one of the register's, with all ballots there.
async fn is_open_in_the_register(federation: &Federation, id: &str) {
    for coop in &federation.coops {
        let what = format!("{} has the vote in its register", coop.name);
        wait::until(&what, 30, async || {
            let decision = coop.decision(id).await;
            let ballots = decision["phase"]["ballots"].as_array()?;
            let is_there = decision["finality"]["stage"] == "voting" && ballots.len() == 3;
            is_there.then_some(())
        })
        .await;
    }
}

fn list(names: &Value) -> Vec<&str> {
    let all = names.as_array().into_iter().flatten();
    let mut names: Vec<&str> = all.filter_map(Value::as_str).collect();
    names.sort_unstable();
    names
}

/// The page of the register, for anybody, says for whom it waits.
async fn waits_for_both(alder: &Coop, id: &str) {
    let waits = wait::until("the closing waits", 120, async || {
        let mut register = alder.ask(&["register"]).await;
        let mut waits = register["waits"].as_array_mut()?.drain(..);
        waits.find(|one| one["proposal"] == id)
    })
    .await;
    let said = alder.say(&["register"]).await.done().out;
    assert!(
        said.contains("The closing of One server more waits for"),
        "{said}"
    );
    assert_eq!(list(&waits["members"]), ["Cedar", "Dill"], "{waits:#}");
    let api = alder.api("/api/register").await;
    assert_eq!(api["waits"][0]["closing"]["proposal"], id, "{api:#}");
    let mut anyone = Client::of(alder.web);
    let page = anyone.get("/register/recovery").await.expect(200).body;
    // In the order of their ids, which are drawn by lot.
    for words in ["could have been closed since", "Cedar", "Dill", "--gone"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = anyone.get("/register").await.expect(200).body;
    assert!(page.contains("/register/recovery"), "{page}");
    let decision = alder.decision(id).await;
    assert_eq!(decision["finality"]["stage"], "counting", "{decision:#}");
}

async fn recover(coop: &Coop, words: &[&str]) -> Said {
    let words = [&["register", "recover"], words].concat();
    coop.say(&words).await
}

/// The only recovery that a node knows.
async fn known(coop: &Coop) -> Value {
    let mut state = coop.ask(&["register", "recover", "state"]).await;
    let known = state["recoveries"].as_array_mut();
    match &mut known.expect("a list")[..] {
        [] => Value::Null,
        [one] => one.take(),
        several => panic!("{several:#?}"),
    }
}

async fn stands(coop: &Coop, state: &str, signed: usize) -> Value {
    let what = format!("{} knows it as {state}, signed by {signed}", coop.name);
    wait::until(&what, 30, async || {
        let one = known(coop).await;
        let is_so = one["state"] == state && list(&one["announced"]).len() == signed;
        is_so.then_some(one)
    })
    .await
}

/// Three of four organisations announce it, whatever is tried beside.
async fn announce((alder, birch): (&Coop, &Coop), kept: &str, elm: &Coop) -> String {
    let few = recover(alder, &["announce", "--gone", "Dill"]).await;
    few.refused(1, &["with up to 1 of 4 away the register goes on"]);
    let nobody = recover(alder, &["announce", "--gone", "Elm", "--gone", "Dill"]).await;
    nobody.refused(1, &["\"Elm\" closes no votes", "Cedar"]);
    let nothing = recover(alder, &["sign"]).await;
    nothing.refused(1, &["no recovery is announced"]);
    let both = ["announce", "--gone", "Cedar", "--gone", "Dill"];
    let stranger = elm.data().join("root.key").display().to_string();
    let strange = recover(birch, &[&both[..], &["--root-key", &stranger]].concat()).await;
    strange.refused(1, &["no root key of an organisation with a node"]);
    let node = birch.data().join("node.key").display().to_string();
    let strange = recover(birch, &[&both[..], &["--root-key", &node]].concat()).await;
    assert_ne!(strange.code, Some(0), "{strange:?}");

    recover(alder, &both).await.done();
    let one = stands(birch, "announcing", 1).await;
    let hash = one["hash"].as_str().expect("a hash").to_owned();
    recover(alder, &["sign"])
        .await
        .refused(1, &["Alder has signed it already"]);
    recover(birch, &["confirm", &hash])
        .await
        .refused(1, &["announcing", "cannot be confirmed"]);
    // The same words announce the same: nobody needs to know who was first.
    recover(birch, &both).await.done();
    stands(alder, "announcing", 2).await;
    let mut steward = alder.sign_in_again().await;
    let page = steward.get("/").await.expect(200).body;
    assert!(page.contains("/register/recovery"), "{page}");
    recover(alder, &["sign", "--root-key", kept]).await.done();
    let one = stands(birch, "notice", 3).await;
    assert!(one["until_ms"].as_u64().is_some(), "{one:#}");
    let signed = list(&one["announced"]);
    assert_eq!(signed, ["Alder", "Birch", "Cedar"], "{one:#}");
    hash
}

/// They confirm it when the notice is over, and not before.
async fn confirm(alder: &Coop, birch: &Coop, kept: &str, hash: &str) {
    let early = recover(birch, &["confirm", hash]).await;
    early.refused(1, &["the notice is not over before"]);
    let mut anyone = Client::of(birch.web);
    let page = anyone.get("/register/recovery").await.expect(200).body;
    for words in ["Without ", "3 of 3 needed", "can object until"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let object = format!("folkmoot register recover object {}", &hash[..8]);
    assert!(page.contains(&object), "{page}");
    stands(alder, "confirming", 3).await;
    let page = anyone.get("/register/recovery").await.expect(200).body;
    let command = format!("folkmoot register recover confirm {}", &hash[..8]);
    assert!(page.contains(&command), "{page}");

    recover(alder, &["confirm"]).await.done();
    recover(alder, &["confirm"])
        .await
        .refused(1, &["Alder has confirmed it already"]);
    recover(alder, &["confirm", "--root-key", kept])
        .await
        .done();
    wait::until("Birch hears of both", 30, async || {
        let one = known(birch).await;
        (list(&one["confirmed"]).len() == 2).then_some(())
    })
    .await;
    recover(birch, &["confirm", &hash[..8]]).await.done();
    for coop in [alder, birch] {
        let what = format!("{} is in the next epoch", coop.name);
        wait::until(&what, 30, async || {
            (known(coop).await["followed"] == true).then_some(())
        })
        .await;
    }
    let over = recover(alder, &["confirm", hash]).await;
    over.refused(1, &["it is in force already"]);
}

/// Both verifiers accept the decision file, with the recovery in it.
async fn is_proven(coop: &Coop, id: &str) {
    let file = coop.beside("decision.json").display().to_string();
    let export = ["decision", "export", id, "--out", &file];
    coop.say(&export).await.done();
    let federation = coop.api("/api/status").await["federation"]["id"].take();
    let federation = federation.as_str().expect("an id");
    let verify = ["--json", "verify", &file, "--federation", federation];
    let proof = coop.say(&verify).await.done().json();
    assert_eq!(proof["ended"], "passed", "{proof:#}");
    let happened = proof["steps"].to_string();
    assert!(happened.contains("recovered"), "{proof:#}");
    let second = concat!(env!("CARGO_MANIFEST_DIR"), "/verifier/verify.py");
    let said = Command::new("python3")
        .args([second, "--federation", federation, &file])
        .output()
        .await
        .expect("python3 is there");
    let out = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{out}");
    assert!(out.contains("passed"), "{out}");
}
