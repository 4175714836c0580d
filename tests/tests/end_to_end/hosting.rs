//! A consumer co-op without a node and a person join through a host, vote, and move.

use std::path::Path;

use end_to_end::{
    coop::{Coop, PASSWORD},
    federation::{Federation, charter},
    http::Client,
    program::{self, Said},
    story::story,
    wait,
};
use serde_json::{Value, json};

/// Both vote: every class of the charter decides.
fn everyone() -> String {
    let electorate = "electorate = \"all\"\n";
    format!("{}[rule.consent]\n{electorate}", charter(3_600))
}

/// Someone without a node types a command: only a token, keys and a host's address.
pub(super) async fn types(place: &Path, host: &Coop, words: &[&str]) -> Said {
    let mut command = program::command();
    command.args(words).current_dir(place);
    command.env("FOLKMOOT_NODE", host.url(""));
    command.env("FOLKMOOT_TOKEN", place.join("token"));
    program::say(command).await
}

/// The founders admit an applicant as soon as they hear of it.
async fn admitted(federation: &Federation, name: &str) {
    for founder in &federation.coops[..2] {
        let what = format!("{} admits {name}", founder.name);
        wait::until(&what, 15, async || {
            let admitted = founder.say(&["admit", name]).await;
            (admitted.code == Some(0)).then_some(())
        })
        .await;
    }
}

/// What a node says of a member.
async fn member(coop: &Coop, name: &str) -> Option<Value> {
    let answer = coop.api("/api/members").await;
    let members = answer["members"].as_array()?;
    members.iter().find(|one| one["name"] == name).cloned()
}

pub(super) async fn hosted_by(coop: &Coop, name: &str, host: &str) {
    let what = format!("{} shows that {host} hosts {name}", coop.name);
    wait::until(&what, 15, async || {
        let known = member(coop, name).await?;
        let in_force = known["host"]["name"] == host && known["host"]["state"] == "in-force";
        (in_force && known["mandate"].is_u64()).then_some(())
    })
    .await;
}

/// A consumer co-op signs up on the host's pages; its keys stay there.
async fn sign_up(host: &Coop, name: &str, person: &str) -> Client {
    let words = ["host", "invite", name, "--class", "consumer"];
    let link = host.ask(&words).await["link"].take();
    let (_, path) = link
        .as_str()
        .unwrap()
        .split_once(&host.web.to_string())
        .unwrap();
    let mut client = Client::of(host.web);
    client.get(path).await.expect(200);
    let fields = [
        ("member_name", name),
        ("class", "consumer"),
        ("request", "We meet every month."),
        ("name", person),
        ("password", PASSWORD),
    ];
    client.submit(path, path, &fields).await.expect(303);
    client
}

#[test]
fn a_hosted_co_op_takes_its_keys_to_another_node_and_its_old_host_forgets_it() {
    story(150, async {
        let federation = Federation::found(&["Alder", "Birch"], &everyone()).await;
        let [old, new] = &federation.coops[..] else {
            panic!("two co-ops");
        };
        let name = "Dora's shop";
        let mut dora = sign_up(old, name, "Dora").await;
        admitted(&federation, name).await;
        for coop in &federation.coops {
            hosted_by(coop, name, "Alder").await;
        }
        let id = new.put_to_the_vote("A server for shops").await;
        let (page, vote) = (format!("/decide/{id}"), format!("/decide/{id}/vote"));
        old.knows(&id).await;
        let version = new.decision(&id).await["version_hash"].take();
        let version = version.as_str().unwrap();
        let agree = [("choice", "agree"), ("version", version)];
        dora.submit(&page, &vote, &agree).await.expect(303);
        new.shows_vote(&id, name, "agree").await;

        // She takes her keys along as a text, and opens it with her password at Birch.
        let hosting = "/node/hosted";
        let exported = dora.submit(hosting, "/node/hosted/export", &[]).await;
        let body = exported.expect(200).body;
        let at = body.find("folkmoot-keys:").unwrap();
        let keys = body[at..].split('<').next().unwrap();
        let invited = new.ask(&["host", "invite", name]).await["link"].take();
        let link = invited.as_str().unwrap();
        let (_, path) = link.split_once(&new.web.to_string()).unwrap();
        let mut there = Client::of(new.web);
        let fields = [
            ("member_name", name),
            ("class", "consumer"),
            ("name", "Dora"),
            ("password", "another long password"),
            ("export", keys),
        ];
        let wrong = [&fields[..], &[("old_password", "not it at all")]].concat();
        let refused = there.submit(path, path, &wrong).await;
        assert_eq!(refused.status, 422, "{refused:#?}");
        let right = [&fields[..], &[("old_password", PASSWORD)]].concat();
        there.submit(path, path, &right).await.expect(303);
        for coop in &federation.coops {
            hosted_by(coop, name, "Birch").await;
            coop.shows_vote(&id, name, "agree").await;
        }

        // Her old account goes, hers at Birch votes on.
        let kept = old.say(&["host", "remove", name]).await;
        kept.refused(1, &["maybe the only ones", "--with-keys"]);
        let gone = old.ask(&["host", "remove", name, "--with-keys"]).await;
        assert_eq!(gone["accounts"], 1, "{gone}");
        let out = dora.get("/account").await;
        assert_eq!(out.status, 303, "she is signed out at Alder");
        let again = old.say(&["host", "remove", name]).await;
        again.refused(1, &["there is no member"]);
        let abstain = [("choice", "abstain"), ("version", version)];
        there.submit(&page, &vote, &abstain).await.expect(303);
        for coop in &federation.coops {
            coop.shows_vote(&id, name, "abstain").await;
        }
    });
}

#[test]
fn a_hosted_co_op_and_a_person_with_a_key_of_their_own_vote_and_the_person_moves() {
    story(150, async {
        let names = ["Alder", "Birch", "Cedar"];
        let federation = Federation::found(&names, &everyone()).await;
        let [host, other, third] = &federation.coops[..] else {
            panic!("three co-ops");
        };

        let mut dora = sign_up(host, "Dora's shop", "Dora").await;
        admitted(&federation, "Dora's shop").await;
        for coop in &federation.coops {
            hosted_by(coop, "Dora's shop", "Alder").await;
        }

        // Emil's keys never leave his machine.
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        std::fs::write(place.join("password"), PASSWORD).unwrap();
        let words = ["host", "invite", "Emil", "--class", "individual"];
        let link = host.ask(&words).await["link"].take();
        let link = link.as_str().unwrap();
        let password = ["--password-file", "password"];
        let asked = [
            "host",
            "join",
            link,
            "--name",
            "Emil",
            "--class",
            "individual",
        ];
        let words = [&asked[..], &["--keys", "keys"], &password].concat();
        types(place, host, &words).await.done();
        let early = types(place, host, &["host", "sign", "--keys", "keys"]).await;
        assert!(early.done().out.contains("0 of 2 founders"));
        admitted(&federation, "Emil").await;
        wait::until("Emil is admitted", 15, async || {
            let signed = types(place, host, &["host", "sign", "--keys", "keys"]).await;
            signed.done().out.contains("You are a member").then_some(())
        })
        .await;
        for coop in &federation.coops {
            hosted_by(coop, "Emil", "Alder").await;
        }
        let mut reader = third.sign_in_again().await;
        let listed = reader.get("/federation").await.expect(200);
        assert!(listed.body.contains("3 votes"), "{}", listed.body);

        let id = third.put_to_the_vote("A server for shops").await;
        let page = format!("/decide/{id}");
        host.knows(&id).await;
        let version = third.decision(&id).await["version_hash"].take();
        let fields = [("choice", "agree"), ("version", version.as_str().unwrap())];
        let vote = format!("{page}/vote");
        dora.submit(&page, &vote, &fields).await.expect(303);
        // His token alone signs nothing; with his key he votes.
        let bare = types(place, host, &["vote", &id, "agree"]).await;
        bare.refused(1, &["your own device"]);
        let key = ["vote", &id, "abstain", "--key", "keys/person.key"];
        types(place, host, &key).await.done();
        for coop in &federation.coops {
            coop.shows_vote(&id, "Dora's shop", "agree").await;
            coop.shows_vote(&id, "Emil", "abstain").await;
        }

        // He moves: the new host is asked, and says yes.
        let nowhere = ["host", "move", "Elm", "--key", "keys/person.key"];
        let refused = types(place, host, &nowhere).await;
        refused.refused(1, &["there is no member \"Elm\""]);
        let words = ["host", "move", "Birch", "--key", "keys/person.key"];
        types(place, host, &words).await.done();
        let claim = third.say(&["host", "accept", "Emil"]).await;
        claim.refused(1, &["has chosen"]);
        wait::until("Birch hears of it", 15, async || {
            let accepted = other.say(&["host", "accept", "Emil"]).await;
            (accepted.code == Some(0)).then_some(())
        })
        .await;
        for coop in &federation.coops {
            hosted_by(coop, "Emil", "Birch").await;
            coop.shows_vote(&id, "Emil", "abstain").await;
        }
        let known = other.ask(&["host", "list"]).await;
        let named = json!([known["members"][0]["name"], known["members"][0]["state"]]);
        assert_eq!(named, json!(["Emil", "in-force"]), "{known:#}");
    });
}
