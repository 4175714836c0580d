//! Pages of a federation with a register: a vote from its opening to its end, the heights, the
//! archive, and the file that proves it.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;
#[path = "../../federation/tests/support/mod.rs"]
mod world;

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use axum::http::StatusCode;
use domain::{
    cbor::{Decode, Encode},
    decision::Choice,
    effect::{Effect, Someone},
    entry::Entry,
    id::{EntryId, PersonId},
    key::SecretKey,
    record::{self, Record},
};
use federation::{Act, Input};
use register::{
    closing::SignedManifest,
    contradiction::EvidenceFile,
    declaration::Declaration,
    file::DecisionFile,
    manifest::Manifest,
    recovery::{Recovery, Stage},
    registrar::Message,
    statement::Statement,
    witness,
};
use support::{Answer, Browser, PASSWORD, site_with};
use tokio::sync::{broadcast, mpsc};
use web::{
    Settings, Site,
    accounts::NewAccount,
    clock::ManualClock,
    local::MemoryLocal,
    node::{Library, LibraryFuture, NoRootKey, Node},
    password::Password,
    router,
};
use world::{MINUTE_MS, World, applicant, id, key, other_charter};
use zeroize::Zeroizing;

/// What a node of the world has stored.
struct Stored {
    entries: BTreeMap<EntryId, Entry>,
    heights: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
}

impl Library for Stored {
    fn entries<'a>(&'a self, ids: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>> {
        let found = ids.iter().map(|id| self.entries.get(id).cloned()).collect();
        Box::pin(async move { Ok(found) })
    }

    fn chunks<'a>(
        &'a self,
        hashes: &'a [domain::id::Hash],
    ) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move { Ok(vec![None; hashes.len()]) })
    }

    fn height(&self, height: u64) -> LibraryFuture<'_, Option<(Vec<u8>, Vec<u8>)>> {
        let found = self.heights.get(&height).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn size_bytes(&self) -> LibraryFuture<'_, u64> {
        Box::pin(async { Ok(0) })
    }
}

/// The site of the world's first node, as it stands; Ada is its delegate.
async fn site(world: &mut World) -> Site {
    let own = &mut world.nodes[0];
    let federation = own.core.federation();
    let entries = own.entries.iter().map(|(bytes, _)| {
        let entry = Entry::from_bytes(bytes).unwrap();
        (entry.id(&federation), entry)
    });
    let stored = Stored {
        entries: entries.collect(),
        heights: own.heights.clone(),
    };
    let core = std::mem::replace(&mut own.core, world::core(1));
    let clock = Arc::new(ManualClock::at(world.now));
    let node = Node {
        core: Arc::new(RwLock::new(core)),
        requests: mpsc::channel(1).0,
        changes: broadcast::Sender::new(1),
        library: Arc::new(stored),
        root_key: Arc::new(NoRootKey),
        key: key(1, 2),
        started: world.now,
    };
    let local = Arc::new(MemoryLocal::default());
    let site = site_with(&local, &clock, &node, Settings::default());
    let seed = Zeroizing::new(key(1, 3).seed());
    let ada = NewAccount {
        person: PersonId([1; 16]),
        key: SecretKey::from_seed(&seed).public(),
        seed: Some(seed),
        name: "Ada".to_owned(),
        mail: String::new(),
        roles: vec!["delegate".to_owned()],
        password: Password::typed(PASSWORD.to_owned()).unwrap(),
        member: None,
        root: None,
    };
    site.accounts.add(world.now, ada).await.unwrap();
    site
}

fn stranger(site: &Site) -> Browser {
    Browser {
        router: router(site.clone()),
        cookie: None,
        host: "localhost:8080".into(),
    }
}

async fn ada(site: &Site) -> Browser {
    let mut browser = stranger(site);
    let answer = browser.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    browser
}

async fn read(browser: &mut Browser, path: &str) -> Answer {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}: {}", answer.body);
    answer
}

/// A page as it is read, without what stands in its tags.
fn words(answer: &Answer) -> String {
    let mut words = String::new();
    for part in answer.body.split('<') {
        words.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        words.push(' ');
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").replace(" .", ".").replace(" ,", ",")
}

/// A world in which voting on a proposal of member 1 is open in the register.
fn voting() -> (World, EntryId) {
    let mut world = World::new();
    let proposal = world.propose(1);
    let opened = world.now.plus_ms(20 * MINUTE_MS);
    world.run(opened);
    (world, proposal)
}

/// The same, in which so many members have agreed and all of it is over.
fn decided(agree: u8) -> (World, EntryId) {
    let (mut world, proposal) = voting();
    for member in 1..=agree {
        world.vote(member, proposal);
    }
    // Too few ballots extend it once, by half its time.
    let ends = world.now.plus_ms(16 * 24 * 60 * MINUTE_MS);
    world.run(ends);
    (world, proposal)
}

#[tokio::test]
async fn a_federation_without_a_register_says_what_is_missing() {
    let mut world = World::before_the_register();
    let proposal = world.propose(1);
    let site = site(&mut world).await;
    let mut ada = ada(&site).await;
    let page = words(&read(&mut ada, &format!("/decide/{proposal}")).await);
    assert!(
        page.contains("This federation has no register yet"),
        "{page}"
    );
    assert!(page.contains("folkmoot register begin"), "{page}");
    let page = words(&read(&mut stranger(&site), "/register").await);
    assert!(page.contains("The register has not begun"), "{page}");
    let json = read(&mut ada, &format!("/api/decisions/{proposal}")).await;
    let json = json.json();
    assert_eq!(json["finality"]["stage"], "no-register");
    assert_eq!(json["provisional"], true);
    let file = ada.get(&format!("/api/decisions/{proposal}/file")).await;
    assert_eq!(file.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_vote_is_shown_from_sent_to_secured() {
    let (mut world, proposal) = voting();
    for member in [1, 2] {
        world.vote(member, proposal);
    }
    let soon = world.now.plus_ms(MINUTE_MS);
    world.run(soon);
    let site = site(&mut world).await;
    let mut ada = ada(&site).await;
    let page = words(&read(&mut ada, &format!("/decide/{proposal}")).await);
    assert!(
        page.contains("The vote of Co-op 1 is witnessed by 4 of 4 validators. Secured: 4 of 4"),
        "{page}"
    );
    assert!(page.contains("2 of 2 votes are secured"), "{page}");
    assert!(!page.contains("no register yet"), "{page}");
    let json = read(&mut ada, &format!("/api/decisions/{proposal}")).await;
    let json = json.json();
    assert_eq!(json["finality"]["stage"], "voting");
    let ballot = &json["phase"]["ballots"][0]["witnessed"];
    assert_eq!(
        (&ballot["secured"], &ballot["holds_needed"]),
        (&true.into(), &3.into())
    );
}

#[tokio::test]
async fn a_vote_whose_time_is_over_says_what_it_waits_for() {
    let (mut world, proposal) = voting();
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    let deadline = {
        let core = &world.nodes[0].core;
        let decision = core.decision(&proposal, world.now).unwrap();
        decision.phase.unwrap().deadline
    };
    world.run(deadline.plus_ms(MINUTE_MS));
    let site = site(&mut world).await;
    let mut ada = ada(&site).await;
    let page = words(&read(&mut ada, &format!("/decide/{proposal}")).await);
    assert!(
        page.contains("Counting. Voting on version 1 closed"),
        "{page}"
    );
    assert!(page.contains("may still be on their way"), "{page}");
    assert!(!page.contains("Provisional"), "{page}");
    let json = read(&mut ada, &format!("/api/decisions/{proposal}"))
        .await
        .json();
    assert_eq!(json["finality"]["stage"], "counting");
    let missing = json["finality"]["closing"]["without_manifest"].as_array();
    assert_eq!(missing.unwrap().len(), 4);
}

#[tokio::test]
async fn a_decided_vote_is_final_everywhere_it_is_shown_and_its_file_proves_it() {
    let (mut world, proposal) = decided(3);
    let federation = world.nodes[0].core.federation();
    let site = site(&mut world).await;
    let mut ada = ada(&site).await;
    let page = read(&mut ada, &format!("/decide/{proposal}")).await;
    let text = words(&page);
    assert!(
        text.contains("Passed. Version 1 is decided, final at height 3"),
        "{text}"
    );
    assert!(!text.contains("rovisional"), "{text}");

    // Anyone reads the register, the archive, and the page that stays.
    let mut anyone = stranger(&site);
    let archived = words(&read(&mut anyone, &format!("/archive/{proposal}")).await);
    assert!(archived.contains("final at height 3"), "{archived}");
    let register = words(&read(&mut anyone, "/register").await);
    assert!(
        register.contains("Passed. Meet on Tuesdays, proposed by Co-op 1."),
        "{register}"
    );
    assert!(
        register.contains("Nobody was seen to contradict itself."),
        "{register}"
    );
    let height = words(&read(&mut anyone, "/register/3").await);
    assert!(height.contains("Who signed Co-op"), "{height}");
    let first = words(&read(&mut anyone, "/register/1").await);
    assert!(
        first.contains("The register began with 4 members"),
        "{first}"
    );
    for gone in [
        "/register/4",
        "/register/0",
        "/register/x",
        "/register/3/x.json",
    ] {
        assert_eq!(
            anyone.get(gone).await.status(),
            StatusCode::NOT_FOUND,
            "{gone}"
        );
    }

    // The file, from the page and from the API, is one and proves it.
    let at = page.body.find("/register/3/").unwrap();
    let path = page.body[at..].split('"').next().unwrap().to_owned();
    let file = read(&mut anyone, &path).await;
    assert_eq!(file.header("content-type"), "application/json");
    assert!(file.header("content-disposition").contains("decision-3-"));
    let proof = DecisionFile::read(file.body.as_bytes()).unwrap();
    let proof = proof.verify(Some(&federation)).unwrap();
    assert!(proof.shows_text);
    assert_eq!((proof.height(), proof.proposal), (3, proposal));
    let by_api = read(&mut ada, &format!("/api/decisions/{proposal}/file")).await;
    assert_eq!(by_api.body, file.body);

    let json = read(&mut ada, &format!("/api/decisions/{proposal}"))
        .await
        .json();
    assert_eq!(
        (&json["state"], &json["provisional"]),
        (&"passed".into(), &false.into())
    );
    assert_eq!(json["finality"]["height"], 3);
    let json = read(&mut ada, "/api/register/3").await.json();
    assert_eq!(json["told"][0]["happened"], "passed");
    assert!(json["signed"].as_array().unwrap().len() >= 3);
    let json = read(&mut ada, "/api/register").await.json();
    assert_eq!(json["register"]["heights"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_decided_is_found_by_its_words_and_by_how_it_ended() {
    let (mut world, proposal) = decided(3);
    let site = site(&mut world).await;
    let mut anyone = stranger(&site);
    let link = format!("/archive/{proposal}");
    let finds = [
        ("/archive/final", true),
        ("/archive/final?q=TUESDAYS+co-op", true),
        ("/archive/final?q=tuesdays&state=passed", true),
        ("/archive/final?q=wednesdays", false),
        ("/archive/final?state=lapsed", false),
        ("/archive/final?page=2", false),
    ];
    for (path, found) in finds {
        let page = read(&mut anyone, path).await;
        assert_eq!(page.body.contains(&link), found, "{path}: {}", page.body);
    }
    let feed = read(&mut anyone, "/archive/final.atom").await;
    let feed = atom_syndication::Feed::read_from(feed.body.as_bytes()).unwrap();
    let [entry] = feed.entries() else {
        panic!("{feed:?}");
    };
    assert_eq!(entry.title().as_str(), "Passed: Meet on Tuesdays");
    assert!(entry.links()[0].href().ends_with(&link));
}

#[tokio::test]
async fn a_vote_that_was_extended_and_found_no_quorum_says_so_in_words() {
    let (mut world, proposal) = decided(1);
    let site = site(&mut world).await;
    let page = words(&read(&mut ada(&site).await, &format!("/decide/{proposal}")).await);
    assert!(
        page.contains("No quorum. Too few voted on version 1. That is final at height 4"),
        "{page}"
    );
    assert!(
        page.contains("because too few had voted, or none of a class"),
        "{page}"
    );
    assert!(
        page.contains("1 of 4 members has voted") || page.contains("1 of 4"),
        "{page}"
    );
}

#[tokio::test]
async fn a_block_can_be_answered_for_a_while_and_lapses() {
    let (mut world, proposal) = voting();
    for member in 1..=3 {
        world.vote(member, proposal);
    }
    world.choose(4, proposal, Choice::Block);
    let deadline = {
        let core = &world.nodes[1].core;
        let decision = core.settled(&proposal, world.now).unwrap();
        decision.phase.unwrap().deadline
    };
    world.run(deadline.plus_ms(60 * MINUTE_MS));
    let blocked = site(&mut world).await;
    let page = words(&read(&mut ada(&blocked).await, &format!("/decide/{proposal}")).await);
    assert!(page.contains("Consent on version 1 was blocked."), "{page}");
    assert!(
        page.contains("Blocked: the proposer can answer until"),
        "{page}"
    );
    assert!(page.contains("at height 3 of the register"), "{page}");

    // The first node went with its site; the second has the same.
    let ends = world.now.plus_ms(5 * 24 * 60 * MINUTE_MS);
    world.run(ends);
    world.nodes.swap(0, 1);
    let lapsed = site(&mut world).await;
    let mut ada = ada(&lapsed).await;
    let page = words(&read(&mut ada, &format!("/decide/{proposal}")).await);
    assert!(page.contains("Lapsed. Version 1 was blocked"), "{page}");
    let json = read(&mut ada, &format!("/api/decisions/{proposal}"))
        .await
        .json();
    assert_eq!(json["finality"]["ending"], "lapsed");
    let found = read(&mut ada, "/archive/final?state=lapsed").await;
    assert!(found.body.contains(&format!("/archive/{proposal}")));
}

#[tokio::test]
async fn who_signed_two_manifests_is_named_with_the_evidence() {
    let (mut world, proposal) = voting();
    let core = &world.nodes[0].core;
    let (federation, chain) = (core.federation(), core.register_chain().unwrap());
    let phase = chain.open_phase(&proposal, &id(1)).unwrap();
    let author = phase.validators.index_of(&key(4, 6).public()).unwrap();
    let phase = phase.id;
    for opened_final in [world.now, world.now.plus_ms(1)] {
        let manifest = Manifest {
            phase,
            author,
            opened_final,
            rows: Vec::new(),
            early: Vec::new(),
        };
        let bytes = manifest.to_bytes();
        let manifest = Manifest::hash_of(&federation, &bytes);
        let statement = Statement::Manifest { phase, manifest };
        let signature = statement.sign(&federation, &key(4, 6));
        let said = witness::Message::Manifest(SignedManifest { bytes, signature });
        let said = Message::Phase { phase, said };
        for part in record::Witness::parts_of(&said.to_bytes()) {
            world.writes(4, 6, "receipts", &Record::Witness(part));
        }
    }
    let chain = world.nodes[0].core.register_chain().unwrap().clone();
    let site = site(&mut world).await;
    let mut anyone = stranger(&site);
    let page = read(&mut anyone, "/register").await;
    assert!(words(&page).contains("Co-op 4 lists of what it holds, in one vote Meet on Tuesdays"));
    let at = page.body.find("/register/evidence/").unwrap();
    let path = page.body[at..].split('"').next().unwrap().to_owned();
    let file = read(&mut anyone, &path).await;
    let json = file.json();
    assert_eq!(json["federation"], federation.to_string());
    assert_eq!(json["key"], key(4, 6).public().to_string());
    let bytes = hex::decode(json["evidence"].as_str().unwrap()).unwrap();
    let evidence = register::evidence::Evidence::from_bytes(&bytes).unwrap();
    let phase: EntryId = json["phase"].as_str().unwrap().parse().unwrap();
    assert_eq!(evidence.verify(&chain.case(&phase).unwrap()), Ok(()));
    // Nothing else is needed to see it, and whose key it is.
    let proof = EvidenceFile::read(file.body.as_bytes()).unwrap();
    let proof = proof.verify(Some(&federation)).unwrap();
    assert_eq!((proof.member, proof.is_member_shown), (id(4), true));
    let json = read(&mut ada(&site).await, "/api/register").await.json();
    assert_eq!(json["evidence"][0]["path"], path);
}

#[tokio::test]
async fn a_log_that_forked_is_listed_with_a_file_that_shows_both_entries() {
    let mut world = World::new();
    let federation = world.nodes[0].core.federation();
    // Both follow the same entry: the second is not there yet when the first is signed.
    let said = |text: &str| {
        Record::Profile(record::Profile {
            name: text.to_owned(),
            region: String::new(),
            description: String::new(),
            website: String::new(),
        })
    };
    world.forks(3, [&said("One"), &said("Another")]);
    let fork = world.nodes[0].core.replica().forks().remove(0);
    let site = site(&mut world).await;
    let mut anyone = stranger(&site);
    let page = read(&mut anyone, "/register").await;
    assert!(
        words(&page).contains("Co-op 3 entries of one place in its log"),
        "{}",
        words(&page)
    );
    let path = format!("/register/evidence/{}.json", fork.entries[1]);
    assert!(page.body.contains(&path));
    let file = read(&mut anyone, &path).await;
    let proof = EvidenceFile::read(file.body.as_bytes()).unwrap();
    let proof = proof.verify(Some(&federation)).unwrap();
    assert_eq!((proof.member, proof.is_member_shown), (id(3), true));
    assert_eq!(proof.contradiction.key(), fork.key);
}

/// A world in which the nodes of two members are gone for good, and a vote waits for them.
fn waiting() -> (World, EntryId) {
    let (mut world, proposal) = voting();
    for member in 1..=2 {
        world.vote(member, proposal);
    }
    for node in [2, 3] {
        world.nodes[node].is_up = false;
    }
    let deadline = {
        let core = &world.nodes[0].core;
        let decision = core.decision(&proposal, world.now).unwrap();
        decision.phase.unwrap().deadline
    };
    world.run(deadline.plus_ms(20 * MINUTE_MS));
    (world, proposal)
}

fn say(world: &mut World, recovery: &Recovery, stage: Stage, member: u8) {
    let federation = world.nodes[0].core.federation();
    let voice = recovery.say(&federation, stage, &key(member, 1), world.now);
    let voice = voice.to_bytes();
    world.act(0, &key(1, 4), Act::Recover { voice });
}

#[tokio::test]
async fn anyone_reads_for_whom_the_register_waits_and_what_to_do() {
    let (mut world, proposal) = waiting();
    let before = site(&mut world).await;
    let mut anyone = stranger(&before);
    let page = read(&mut anyone, "/register/recovery").await;
    let text = words(&page);
    for said in [
        "The vote on Meet on Tuesdays could have been closed since",
        "It waits for Co-op 3 and Co-op 4.",
        "1 of 4 validators may be away.",
        "None was announced.",
        "Then the notice of 10 minutes begins.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let command =
        "announce --gone &quot;Co-op 3&quot; --gone &quot;Co-op 4&quot; --root-key root.key";
    assert!(page.body.contains(command), "{}", page.body);
    // Who is connected with this node is for members.
    assert!(!text.contains("not heard"), "{text}");
    let mut ada = ada(&before).await;
    let page = read(&mut ada, "/register/recovery").await;
    assert!(words(&page).contains("Its node"), "{}", words(&page));
    let decision = words(&read(&mut ada, &format!("/decide/{proposal}")).await);
    assert!(
        decision.contains("Waiting for Co-op 3 and Co-op 4. Nothing is lost."),
        "{decision}"
    );
    let node = words(&read(&mut ada, "/node").await);
    assert!(
        node.contains("The register waits for Co-op 3 and Co-op 4"),
        "{node}"
    );
    assert!(!node.contains("Nothing that this node knows of"), "{node}");
    let json = read(&mut ada, "/api/register").await.json();
    assert_eq!(json["waits"][0]["members"].as_array().unwrap().len(), 2);
    assert_eq!(
        json["waits"][0]["closing"]["proposal"],
        proposal.to_string()
    );
    assert_eq!(
        (&json["recovery"]["needed"], &json["recovery"]["bearable"]),
        (&3.into(), &1.into())
    );
}

#[tokio::test]
async fn a_recovery_is_shown_with_who_signed_it_until_when_one_may_object_and_what_to_type() {
    let (mut world, proposal) = waiting();
    let core = &world.nodes[0].core;
    let chain = core.register_chain().unwrap();
    let mut gone = vec![id(3), id(4)];
    gone.sort_unstable();
    let recovery = Recovery {
        epoch: 1,
        height: chain.height(),
        last: chain.last(),
        gone,
        time: world.now,
    };
    let hash = recovery.hash(&core.federation()).to_string();
    let stages = [
        (
            vec![1, 2],
            Stage::Announce,
            "2 of the 3 organisations that are needed have signed it",
            "sign",
        ),
        (
            vec![3],
            Stage::Announce,
            "Whoever is not gone can object until",
            "object",
        ),
        (vec![4], Stage::Object, "Stopped: Co-op 4 showed itself", ""),
    ];
    for (members, stage, sentence, command) in stages {
        for member in members {
            say(&mut world, &recovery, stage, member);
        }
        let here = site(&mut world).await;
        let page = read(&mut stranger(&here), "/register/recovery").await;
        let text = words(&page);
        assert!(text.contains("Without Co-op 3 and Co-op 4"), "{text}");
        assert!(text.contains(sentence), "{sentence}: {text}");
        let typed = format!("folkmoot register recover {command} {}", &hash[..8]);
        assert_eq!(
            page.body.contains(&typed),
            !command.is_empty(),
            "{}",
            page.body
        );
        let mut ada = ada(&here).await;
        let home = read(&mut ada, "/").await;
        let decision = read(&mut ada, &format!("/decide/{proposal}")).await;
        // It leads people there as long as it is not settled.
        assert_eq!(
            home.body.contains("/register/recovery"),
            !command.is_empty()
        );
        assert_eq!(
            decision.body.contains("/register/recovery"),
            !command.is_empty()
        );
        let json = read(&mut ada, "/api/register").await.json();
        assert_eq!(json["recovery"]["known"][0]["hash"], hash);
        // The node went with its site; it starts again from its disk.
        world.restart(0);
    }
}

#[tokio::test]
async fn a_recovery_in_force_is_on_the_register_on_the_page_of_its_height_and_on_its_own() {
    let (mut world, _) = waiting();
    let chain = world.nodes[0].core.register_chain().unwrap();
    let mut gone = vec![id(3), id(4)];
    gone.sort_unstable();
    let recovery = Recovery {
        epoch: 1,
        height: chain.height(),
        last: chain.last(),
        gone,
        time: world.now,
    };
    for stage in [Stage::Announce, Stage::Confirm] {
        for member in [1, 2, 3] {
            say(&mut world, &recovery, stage, member);
        }
        let later = world.now.plus_ms(10 * MINUTE_MS);
        world.run(later);
        for node in [0, 1] {
            world.give(node, Input::Wake);
        }
    }
    let here = site(&mut world).await;
    let mut anyone = stranger(&here);
    let page = words(&read(&mut anyone, "/register/recovery").await);
    assert!(page.contains("In force since"), "{page}");
    assert!(!page.contains("It does not hold"), "{page}");
    for address in ["/register", "/register/2"] {
        let page = words(&read(&mut anyone, address).await);
        let said = "Recovered after it, without Co-op 3 and Co-op 4: in force since";
        assert!(page.contains(said), "{address}: {page}");
    }
    let mut ada = ada(&here).await;
    let json = read(&mut ada, "/api/register").await.json();
    let known = &json["recovery"]["known"][0];
    let told = &json["register"]["heights"][0]["told"];
    let told = told.as_array().unwrap().last().unwrap();
    assert_eq!(told["happened"], "recovered");
    assert_eq!(told["in_force_since_ms"], known["in_force_since_ms"]);
    assert!(known["in_force_since_ms"].as_u64().unwrap() > recovery.time.0);
}

#[tokio::test]
async fn who_declared_another_validator_key_is_told_when_to_start_the_node_again() {
    let mut world = World::new();
    let federation = world.nodes[0].core.federation();
    let next = key(1, 7);
    let declaration = Declaration::of_validator(&federation, &key(1, 1), (id(1), 1), &next);
    let declaration = declaration.to_bytes();
    for node in [1, 2, 3] {
        world.nodes[node].is_up = false;
    }
    world.act(0, &key(1, 4), Act::Declare { declaration });
    let here = site(&mut world).await;
    let node = words(&read(&mut ada(&here).await, "/node").await);
    assert!(node.contains("A new validator key is declared"), "{node}");
    world.restart(0);
    for node in [1, 2, 3] {
        world.nodes[node].is_up = true;
        let all = world.nodes[0].entries.iter();
        let all = all.map(|(bytes, _)| (node, bytes.clone()));
        let all: Vec<_> = all.collect();
        world.under_way.extend(all);
    }
    let later = world.now.plus_ms(60 * MINUTE_MS);
    world.run(later);
    let here = site(&mut world).await;
    let node = words(&read(&mut ada(&here).await, "/node").await);
    assert!(node.contains("Restart this node"), "{node}");
}

/// More than half of the founders sign another beginning.
fn begin_again(world: &mut World) {
    world.now = world.now.plus_ms(MINUTE_MS);
    let other = world.signed(&world.begin(), &[1, 2, 3]).to_bytes();
    let founding = record::Founding { beginning: other };
    world.lies(1, &Record::Founding(founding));
}

#[tokio::test]
async fn two_beginnings_are_shown_as_trouble_with_who_signed_them() {
    let mut world = World::new();
    begin_again(&mut world);
    let site = site(&mut world).await;
    let page = words(&read(&mut stranger(&site), "/register").await);
    assert!(page.contains("two different beginnings"), "{page}");
    assert!(page.contains("3 signatures are needed"), "{page}");
}

#[tokio::test]
async fn another_beginning_is_shown_beside_a_register_that_has_gone_on() {
    let (mut world, _) = decided(3);
    begin_again(&mut world);
    let site = site(&mut world).await;
    let page = words(&read(&mut stranger(&site), "/register").await);
    assert!(!page.contains("Something is wrong"), "{page}");
    assert!(page.contains("Two beginnings are signed"), "{page}");
    assert!(page.contains("3 signatures are needed"), "{page}");
    assert!(page.contains("Passed. Meet on Tuesdays"), "{page}");
}

#[tokio::test]
async fn an_amended_charter_is_shown_with_what_it_changed_for_anyone() {
    let mut world = World::new();
    let effect =
        other_charter(|text| text.replace("regular-seconds = 604800", "regular-seconds = 86400"));
    let amendment = world.decide("charter", effect);
    let now = world.nodes[0].core.charter().hash();
    let site = site(&mut world).await;
    let mut anyone = stranger(&site);
    let list = words(&read(&mut anyone, "/charters").await);
    for said in [
        "period.regular-seconds",
        "604800",
        "86400",
        "In force since",
    ] {
        assert!(list.contains(said), "{said}: {list}");
    }
    let whole = words(&read(&mut anyone, &format!("/charters/{now}")).await);
    assert!(whole.contains("regular-seconds = 86400"), "{whole}");
    let missing = anyone.get(&format!("/charters/{}", "0".repeat(64))).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    // What was decided is told against the charter it was decided under.
    let decision = words(&read(&mut anyone, &format!("/archive/{amendment}")).await);
    assert!(decision.contains("The charter is replaced"), "{decision}");
    assert!(decision.contains("604800"), "{decision}");
}

#[tokio::test]
async fn an_applicant_is_shown_to_anyone_and_members_propose_to_admit_it() {
    let mut world = World::new();
    let applicant = applicant(&world.nodes[0].core, 5);
    let root = applicant.newcomer.root;
    world.act(1, &key(2, 2), Act::ApplyToAll(Box::new(applicant.clone())));
    let path = format!("/applicants/{root}");
    let waiting = site(&mut world).await;
    let mut anyone = stranger(&waiting);
    let page = words(&read(&mut anyone, &path).await);
    for said in [
        "We run a server in Lyon.",
        "ten hours a month",
        "Co-op 2",
        "waits until",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Propose to admit"), "{page}");
    assert!(words(&read(&mut anyone, "/applicants").await).contains("Co-op 5"));
    let mut ada = ada(&waiting).await;
    let page = read(&mut ada, &path).await;
    assert!(words(&page).contains("Propose to admit Co-op 5"));
    let form = format!("/decide/new?does=admission&of={root}");
    let form = read(&mut ada, &form).await;
    let chosen = format!("<option value=\"{root}\" selected>");
    assert!(form.body.contains(&chosen), "{}", form.body);

    let mut world = World::new();
    let applicant = world::applicant(&world.nodes[0].core, 5);
    world.act(1, &key(2, 2), Act::ApplyToAll(Box::new(applicant.clone())));
    world.decide("", Effect::Admission(applicant));
    let admitted = site(&mut world).await;
    let page = words(&read(&mut stranger(&admitted), &path).await);
    assert!(page.contains("Co-op 5 is a member."), "{page}");
}

#[tokio::test]
async fn what_a_proposal_does_is_asked_for_by_its_form_and_refused_with_the_reason() {
    let mut before = World::before_the_register();
    let without = site(&mut before).await;
    let page = words(&read(&mut ada(&without).await, "/decide/new").await);
    assert!(page.contains("once the register has begun"), "{page}");
    let mut world = World::new();
    let site = site(&mut world).await;
    let mut ada = ada(&site).await;
    let doors = read(&mut ada, "/decide/new").await;
    for sort in web::pages::effect::SORTS {
        let path = format!("/decide/new?does={sort}");
        assert!(doors.body.contains(&path), "{sort}");
        let form = read(&mut ada, &path).await;
        assert!(form.body.contains("name=\"does\""), "{sort}: {}", form.body);
    }
    // What is no charter is refused where it is written.
    let nonsense = [
        ("title", "No rule"),
        ("text", "We need none."),
        ("rule", "charter"),
        ("does", "charter"),
        ("charter", "rules = 7"),
    ];
    let answer = ada
        .submit("/decide/new?does=charter", "/decide", &nonsense)
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("error-charter"), "{}", answer.body);
    let form = read(&mut ada, "/decide/new?does=force-majeure").await;
    assert!(form.body.contains("min=\"2\" max=\"10\""), "{}", form.body);
}

#[tokio::test]
async fn who_holds_an_office_by_decision_is_shown_and_strangers_see_no_names() {
    let mut world = World::new();
    let (member, person) = (id(2), PersonId([2; 16]));
    let nobody = site(&mut world).await;
    let empty = words(&read(&mut stranger(&nobody), "/in-force").await);
    assert!(empty.contains("Nothing but the charter"), "{empty}");
    let mut world = World::new();
    let effect = Effect::Office {
        circle: None,
        title: "treasurer".to_owned(),
        holder: Some(Someone { member, person }),
        until: None,
    };
    world.decide("", effect);
    let card = Act::Person {
        person,
        name: "Bea Fictional".to_owned(),
        contact: String::new(),
    };
    world.act(1, &key(2, 4), card);
    let decided = site(&mut world).await;
    let page = words(&read(&mut stranger(&decided), "/in-force").await);
    assert!(page.contains("is treasurer of the federation"), "{page}");
    assert!(page.contains("someone of"), "{page}");
    assert!(!page.contains("Bea"), "{page}");
    let page = words(&read(&mut ada(&decided).await, "/in-force").await);
    assert!(page.contains("Bea Fictional"), "{page}");
}

#[tokio::test]
async fn a_commission_that_closes_votes_is_said_to_wherever_it_stands() {
    let mut world = World::new();
    let (until, person) = (
        world.now.plus_ms(365 * 24 * 60 * MINUTE_MS),
        PersonId([1; 16]),
    );
    let mut people = [1, 2, 3].map(|member| Someone {
        member: id(member),
        person,
    });
    people.sort();
    let commission = |name: &str| Effect::Commission {
        name: name.to_owned(),
        powers: "It does what it is for.".to_owned(),
        people: people.to_vec(),
        until,
    };
    world.decide("", commission("finance"));
    let usual = site(&mut world).await;
    let page = words(&read(&mut stranger(&usual), "/in-force").await);
    assert!(!page.contains("closes votes"), "{page}");
    let form = words(&read(&mut ada(&usual).await, "/decide/new?does=commission").await);
    assert!(form.contains("“validators” closes votes"), "{form}");
    assert!(form.contains("the rule for the charter"), "{form}");
    world.restart(0);
    let decided = world.decide("charter", commission("validators"));
    let chain = world.nodes[0].core.register_chain().unwrap();
    assert_eq!(chain.validators().sizes().all(), 3);
    let site = site(&mut world).await;
    for path in ["/in-force".to_owned(), format!("/archive/{decided}")] {
        let page = words(&read(&mut stranger(&site), &path).await);
        assert!(
            page.contains("This commission closes votes"),
            "{path}: {page}"
        );
    }
}
