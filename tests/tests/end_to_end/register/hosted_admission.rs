//! The register has begun, and a co-op without a node and a person sign up at a host: both accept the
//! charter, are admitted by decision, and vote.

use std::path::Path;

use end_to_end::{
    coop::{Coop, PASSWORD},
    federation::{Federation, charter},
    http::{Client, hidden},
    story::waiting_story,
    wait,
};
use serde_json::Value;

use crate::hosting::{hosted_by, types};

/// How long a vote is open.
const PERIOD_SECONDS: u64 = 40;
/// How long it may take until its outcome is final everywhere.
const FINAL_SECONDS: u64 = 200;

/// The link that a steward of the host gives away.
async fn link(host: &Coop, name: &str, class: &str) -> String {
    let invited = host.ask(&["host", "invite", name, "--class", class]).await;
    invited["link"].as_str().unwrap().to_owned()
}

/// A consumer co-op reads the charter on the host's page, accepts it and applies.
async fn sign_up(host: &Coop, name: &str) -> Client {
    let link = link(host, name, "consumer").await;
    let (_, path) = link.split_once(&host.web.to_string()).unwrap();
    let mut client = Client::of(host.web);
    let page = client.get(path).await.expect(200);
    assert!(page.body.contains("All members decide"), "{}", page.body);
    let (_, hash) = page
        .body
        .split_once("name=\"accept_charter\" value=\"")
        .unwrap();
    let hash = hash.split('"').next().unwrap();
    let fields = [
        ("member_name", name),
        ("class", "consumer"),
        ("request", "We meet every month."),
        ("contribution", "Five hours a month"),
        ("name", "Dora"),
        ("password", PASSWORD),
    ];
    let bare = client.submit(path, path, &fields).await;
    assert_eq!(bare.status, 422, "the charter was not accepted: {bare:#?}");
    let fields = [&fields[..], &[("accept_charter", hash)]].concat();
    client.submit(path, path, &fields).await.expect(303);
    client
}

/// A person applies with keys that never leave their machine.
async fn join(host: &Coop, place: &Path) {
    std::fs::write(place.join("password"), PASSWORD).unwrap();
    let link = link(host, "Emil", "individual").await;
    let words = [
        "host",
        "join",
        &link,
        "--name",
        "Emil",
        "--class",
        "individual",
    ];
    let files = ["--keys", "keys", "--password-file", "password"];
    let asks = [
        "--request",
        "I teach.",
        "--contribution",
        "Two hours a week",
    ];
    let words = [&words[..], &files, &asks].concat();
    let shown = types(place, host, &words).await;
    let shown = shown.refused(1, &["Charter of the Tree Federation", "charter.toml"]);
    let (_, hash) = shown.err.split_once("--accept-charter ").unwrap();
    let hash = hash.split_whitespace().next().unwrap();
    let accepting = [&words[..], &["--accept-charter", hash]].concat();
    types(place, host, &accepting).await.done();
    let early = types(place, host, &["host", "sign", "--keys", "keys"]).await;
    assert!(early.done().out.contains("have your application"));
}

/// A member hears of an applicant, and puts its admission to the vote.
async fn proposes(coop: &Coop, name: &str) -> String {
    wait::until(&format!("{} hears of {name}", coop.name), 15, async || {
        let answer = coop.api("/api/candidates").await;
        let all = answer["candidates"].as_array()?;
        let one = all.iter().find(|one| one["name"] == name)?;
        (one["host"]["name"] == "Alder").then_some(())
    })
    .await;
    let proposed = coop.ask(&["admit", name, "--open"]).await;
    proposed["id"].as_str().unwrap().to_owned()
}

/// What the newcomer's own page says.
async fn says(client: &mut Client, words: &str) {
    wait::until(
        &format!("the page of the application says {words:?}"),
        30,
        async || {
            let page = client.get("/account/application").await;
            page.body.contains(words).then_some(())
        },
    )
    .await;
}

async fn version(coop: &Coop, id: &str) -> String {
    let version: Value = coop.decision(id).await["version_hash"].take();
    version.as_str().unwrap().to_owned()
}

#[test]
fn who_signs_up_at_a_host_is_admitted_by_decision_and_votes() {
    waiting_story(540, async {
        let bounds = "[clock]\nbound-seconds = 3\n[gossip]\nbound-seconds = 1\n";
        let electorate = "[rule.consent]\nelectorate = \"all\"\n";
        let charter = charter(PERIOD_SECONDS) + bounds + electorate;
        let names = ["Alder", "Birch", "Cedar", "Dill"];
        let mut federation = Federation::found(&names, &charter).await;
        federation.begin_register().await;
        let host = &federation.coops[0];
        let mut dora = sign_up(host, "Dora's shop").await;
        says(&mut dora, "waits until a member proposes").await;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        join(host, place).await;

        let ids = [
            proposes(&federation.coops[1], "Dora's shop").await,
            proposes(&federation.coops[2], "Emil").await,
        ];
        for id in &ids {
            for coop in &federation.coops {
                coop.knows(id).await;
            }
            for coop in &federation.coops[..3] {
                coop.vote(id, "agree").await;
            }
        }
        says(&mut dora, "is voted on").await;
        // A loss of power at the host changes nothing for who waits there.
        federation.coops[0].kill().await;
        federation.coops[0].start(&[]).await;
        for id in &ids {
            federation.passes(id, FINAL_SECONDS).await;
        }
        let host = &federation.coops[0];
        for coop in &federation.coops {
            hosted_by(coop, "Dora's shop", "Alder").await;
        }
        let signed = types(place, host, &["host", "sign", "--keys", "keys"]).await;
        assert!(signed.done().out.contains("You are a member"));
        for coop in &federation.coops {
            hosted_by(coop, "Emil", "Alder").await;
        }

        let id = federation.coops[3]
            .put_to_the_vote("A server for shops")
            .await;
        host.knows(&id).await;
        let (page, vote) = (format!("/decide/{id}"), format!("/decide/{id}/vote"));
        let shown = dora.get(&page).await.expect(200);
        assert!(hidden(&shown.body, "csrf").is_some(), "she is signed in");
        let version = version(host, &id).await;
        let agree = [("choice", "agree"), ("version", &*version)];
        dora.submit(&page, &vote, &agree).await.expect(303);
        let key = ["vote", &id, "agree", "--key", "keys/person.key"];
        types(place, host, &key).await.done();
        let states = federation.passes(&id, FINAL_SECONDS).await;
        assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
        let tally = federation.coops[2].tally(&id).await;
        for name in ["Dora's shop", "Emil"] {
            let vote = (name.to_owned(), "agree".to_owned());
            assert!(tally.contains(&vote), "{tally:?}");
        }
    });
}
