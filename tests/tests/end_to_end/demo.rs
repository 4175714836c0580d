//! The README's first command.

use std::{fs, time::Instant};

use end_to_end::{
    coop::{accept, link_in, make_token},
    http::Client,
    meetings::split,
    process::Process,
    program,
    story::timed_story,
    wait,
};
use serde_json::{Value, json};

/// On a slow machine in a build that is not optimised.
const START_SECONDS: u64 = 60;
const COOPS: usize = 5;

#[test]
fn the_demo_is_started_used_and_stopped_with_nothing_left_behind() {
    timed_story(150, async {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program::command();
        command.arg("demo").env("TMPDIR", folder.path());
        let mut demo = Process::start("demo", command);
        let links = wait::until("five links", START_SECONDS, async || {
            assert!(!demo.has_ended());
            let links: Vec<String> = demo.said().lines().filter_map(link_in).collect();
            (links.len() == COOPS).then_some(links)
        })
        .await;

        let (mut clients, mut browsers) = (Vec::new(), Vec::new());
        for (number, link) in links.iter().enumerate() {
            let address = link
                .strip_prefix("http://")
                .unwrap()
                .split('/')
                .next()
                .unwrap();
            let web = address.parse().unwrap();
            let mut browser = accept(web, link, &format!("visitor {number}")).await;
            let token = make_token(&mut browser).await;
            clients.push(Client::of(web).with_token(&token));
            browsers.push(browser);
        }
        let decision = open_decision(&mut clients[0]).await;
        let id = decision["id"].as_str().unwrap();
        let ballot = json!({ "act": "vote", "proposal": id, "choice": "abstain",
                             "version": decision["version_hash"] });
        let headers = [("content-type", "application/json")];
        let voted = clients[0]
            .send("POST", "/api/acts", &headers, &ballot.to_string())
            .await;
        let voted = voted.unwrap().expect(201).json()["id"].take();

        tells_its_story(&mut clients[0], &mut browsers[0]).await;
        leads_into_a_meeting(&demo.said()).await;
        let started = Instant::now();
        for client in &mut clients[1..] {
            wait::until("another co-op shows the vote", 5, async || {
                let path = format!("/api/decisions/{id}");
                let shown: Value = client.get(&path).await.expect(200).json();
                let ballots = shown["phase"]["ballots"].as_array()?;
                ballots
                    .iter()
                    .any(|ballot| ballot["id"] == voted)
                    .then_some(())
            })
            .await;
        }
        println!(
            "the other four showed the vote after {:?}",
            started.elapsed()
        );

        let status = demo.interrupt(15).await;
        assert!(status.success(), "the demo ended with {status}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert!(left.is_empty(), "{left:?} was left behind");
    });
}

/// The printed link leads into a meeting on a laboratory server, as soon as the servers have proved
/// themselves.
async fn leads_into_a_meeting(said: &str) {
    let mut links = said
        .split_whitespace()
        .filter(|word| word.contains("/api/join?"));
    let link = links.next().expect("a link into a meeting is printed");
    let (host, path) = split(link);
    let server = host.parse().unwrap();
    let next = wait::until("the meeting has begun", START_SECONDS, async || {
        let answer = Client::of(server).get(&path).await;
        answer.header("location").map(str::to_owned)
    })
    .await;
    let (host, path) = split(&next);
    let answer = Client::of(host.parse().unwrap()).get(&path).await;
    let next = answer.expect(302).header("location").map(str::to_owned);
    let (host, path) = split(&next.unwrap());
    let page = Client::of(host.parse().unwrap())
        .get(&path)
        .await
        .expect(200);
    assert!(page.body.contains("Monday planning"), "{page:#?}");
}

/// Guests vote by class and strength, a block became a new version, and a change of the charter is
/// compared by power.
async fn tells_its_story(client: &mut Client, browser: &mut Client) {
    let all = client.get("/api/decisions").await.expect(200).json();
    let all = all["decisions"].as_array().unwrap().clone();
    let members = client.get("/api/members").await.expect(200).json();
    let members = members["members"].as_array().unwrap().clone();
    let of = |rule: &str| {
        let found = all.iter().find(|one| one["rule"] == rule).unwrap();
        format!("/api/decisions/{}", found["id"].as_str().unwrap())
    };
    let weighted = client.get(&of("class-weighted")).await.expect(200).json();
    assert_eq!(weighted["state"], "passed", "{weighted:#}");
    let voted: Vec<&Value> = weighted["phase"]["ballots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ballot| &ballot["member"])
        .collect();
    let hosted = members.iter().filter(|member| !member["host"].is_null());
    let hosted: Vec<&Value> = hosted.map(|member| &member["id"]).collect();
    assert_eq!(hosted.len(), 3, "{hosted:?}");
    for guest in hosted {
        assert!(voted.contains(&guest), "{guest} is not in {voted:?}");
    }

    let mut integrated = None;
    for one in all.iter().filter(|one| one["version"] == 2) {
        let path = format!("/api/decisions/{}", one["id"].as_str().unwrap());
        let shown = client.get(&path).await.expect(200).json();
        let earlier = shown["earlier_phases"][0]["figures"]["block"].clone();
        if shown["state"] == "passed" && earlier == 1 {
            integrated = Some(shown);
        }
    }
    let integrated = integrated.expect("a block was integrated and the new version passed");
    let talk = integrated["comments"].as_array().unwrap();
    assert!(talk.iter().any(|comment| !comment["answers"].is_null()));

    let amendment = client.get(&of("charter")).await.expect(200).json();
    assert_eq!(amendment["state"], "voting", "{amendment:#}");
    let text = amendment["text"].as_str().unwrap();
    let link = text
        .split(' ')
        .find(|word| word.contains("/charter/compare?"));
    let link = link
        .and_then(|word| word.split_whitespace().next())
        .unwrap();
    let page = browser.get(link).await.expect(200).body;
    for words in [
        "Power: By class and strength",
        "class.producer.strength-percent",
        "60",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

/// A decision on which the visitor's co-op has not voted yet.
async fn open_decision(client: &mut Client) -> Value {
    wait::until("a vote waits for the visitor", 30, async || {
        let all = client
            .get("/api/decisions?show=needs")
            .await
            .expect(200)
            .json();
        all["decisions"].as_array()?.first().cloned()
    })
    .await
}
