//! Texts written together, by pages without script and by the JSON API.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::{
    entry::Entry,
    id::{EntryId, Hash},
    record::{Kind, Object, Operation},
};
use federation::Act;
use serde_json::{Value, json};
use support::{Answer, Browser, World, node::key};
use web::node::{Library, LibraryFuture};

async fn begin(browser: &mut Browser, title: &str, text: &str) -> String {
    let fields = [("title", title), ("text", text), ("sort", "text")];
    let answer = browser
        .submit("/documents/new", "/documents", &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").split("/edit").next().unwrap();
    path.strip_prefix("/documents/").unwrap().to_owned()
}

async fn call(browser: &mut Browser, path: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body.to_string()));
    browser.send(request.unwrap()).await
}

async fn read(browser: &mut Browser, id: &str) -> Value {
    let answer = browser.get(&format!("/api/documents/{id}")).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn save(browser: &mut Browser, id: &str, basis: &Value, text: &str) -> Answer {
    let body = json!({ "basis": basis, "text": text });
    loop {
        let answer = call(browser, &format!("/api/documents/{id}/text"), &body).await;
        // A long text on a busy machine: programs try again, too.
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
            return answer;
        }
    }
}

async fn saved(browser: &mut Browser, id: &str, basis: &Value, text: &str) -> Value {
    let answer = save(browser, id, basis, text).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    answer.json()
}

fn entry(value: &Value) -> EntryId {
    value.as_str().unwrap().parse().unwrap()
}

/// Bo, of another member, changes the text on a node of its own.
async fn bo_inserts(world: &World, id: &str, basis: &Value, position: u64, words: &str) -> EntryId {
    let act = Act::Edit {
        document: id.parse().unwrap(),
        parents: basis.as_array().unwrap().iter().map(entry).collect(),
        operations: vec![Operation::Splice {
            object: Object::Text,
            position,
            delete: 0,
            insert: words.to_owned(),
        }],
    };
    world.node.act(key(1, 3), act).await.unwrap()
}

#[tokio::test]
async fn a_document_is_begun_written_and_read_without_script() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Minutes", "We met.").await;
    let page = format!("/documents/{id}/edit");
    let form = alice.get(&page).await;
    let (csrf, basis) = (form.field("csrf"), form.field("basis"));
    let text = "\nWe met.\r\n\r\nWe <agreed>.";
    let fields = [("csrf", csrf), ("basis", basis), ("text", text)];
    let answer = alice.post(&page, &fields).await;
    assert_eq!(answer.header("location"), format!("{page}?done=text-saved"));
    // Sent twice it is one form.
    alice.post(&page, &fields).await;
    let shown = alice.get(&format!("/documents/{id}")).await;
    assert!(
        shown.body.contains("<p>We &lt;agreed&gt;.</p>"),
        "{}",
        shown.body
    );
    let json = read(&mut alice, &id).await;
    assert_eq!(json["text"], "\nWe met.\n\nWe <agreed>.");
    let edits = world
        .node
        .read(|core| core.edits(&id.parse().unwrap()).len());
    assert_eq!(edits, 2);
    let list = alice.get("/documents").await;
    assert!(list.body.contains("Minutes") && list.body.contains("Co-op 0"));
    let again = alice.get(&page).await;
    assert!(
        again.body.contains(">\n\nWe met."),
        "the first line end is kept"
    );
}

#[tokio::test]
async fn what_two_people_write_at_once_is_merged_and_the_answer_says_how() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "We share servers.").await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    bo_inserts(&world, &id, &basis, 17, " And bills.").await;
    let answer = saved(&mut alice, &id, &basis, "Together we share servers.").await;
    assert_eq!(answer["text"], "Together we share servers. And bills.");
    let change = json!([{ "position": 26, "delete": 0, "insert": " And bills." }]);
    assert_eq!(answer["changes"], change);
    let own = answer["own"][0].as_str().unwrap().to_owned();
    let version = alice
        .get(&format!("/api/documents/{id}/versions/{own}"))
        .await;
    assert_eq!(version.json()["text"], "Together we share servers.");
    let since = basis[0].as_str().unwrap();
    let news = alice
        .get(&format!("/api/documents/{id}?since={since}"))
        .await;
    assert_eq!(news.json()["changes"].as_array().unwrap().len(), 2);
    let current = news.json()["basis"].clone();
    let nothing = saved(
        &mut alice,
        &id,
        &current,
        "Together we share servers. And bills.",
    )
    .await;
    assert_eq!(nothing["edits"], 0, "an unchanged text signs nothing");
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_sent_again_and_no_word_stands_twice() {
    let mut world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "One.").await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    // So long that it becomes several edits.
    let text = format!("One. {}", "More words. ".repeat(12_000));
    let (first, twin) = {
        let mut twin = alice.clone();
        tokio::join!(
            save(&mut alice, &id, &basis, &text),
            save(&mut twin, &id, &basis, &text)
        )
    };
    let counts = [&first, &twin].map(|answer| answer.json()["edits"].as_u64().unwrap());
    assert!(
        counts.contains(&0) && counts.iter().sum::<u64>() > 2,
        "{counts:?}"
    );
    world.restart();
    let mut alice = world.alice().await;
    let answer = saved(&mut alice, &id, &basis, &text).await;
    assert_eq!(
        (&answer["edits"], &answer["text"]),
        (&json!(0), &json!(text))
    );
    // The document begins anew, and the same request comes once more.
    let restart = call(
        &mut alice,
        &format!("/api/documents/{id}/restart"),
        &json!({}),
    )
    .await;
    assert_eq!(restart.status(), StatusCode::CREATED, "{}", restart.body);
    let answer = saved(&mut alice, &id, &basis, &text).await;
    assert_eq!(
        (&answer["edits"], &answer["text"]),
        (&json!(0), &json!(text))
    );
}

#[tokio::test]
async fn what_was_written_while_the_document_began_anew_is_merged() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "We share servers.").await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    bo_inserts(&world, &id, &basis, 17, " And bills.").await;
    let page = format!("/documents/{id}");
    let answer = alice.submit(&page, &format!("{page}/restart"), &[]).await;
    assert_eq!(answer.header("location"), format!("{page}?done=begun-anew"));
    let answer = saved(&mut alice, &id, &basis, "We share all servers.").await;
    assert_eq!(answer["text"], "We share all servers. And bills.");
    assert_eq!(answer["own"], Value::Null);
    // Bo wrote on, on the old text, as nodes that have not heard do.
    bo_inserts(&world, &id, &basis, 0, "Late. ").await;
    let history = alice
        .get(&format!("/api/documents/{id}/history"))
        .await
        .json();
    assert_eq!(history["without_effect"][0]["why"], "left-behind");
    let begins: Vec<&Value> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["begins"])
        .filter(|begins| !begins.is_null())
        .collect();
    assert_eq!(begins, ["document", "anew"]);
}

#[tokio::test]
async fn what_cannot_be_saved_comes_back_with_the_text() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "One.").await;
    let page = format!("/documents/{id}/edit");
    let unknown = "ab".repeat(32);
    let fields = [("basis", &*unknown), ("text", "One. My words.")];
    let answer = alice.submit(&page, &page, &fields).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.body.contains("One. My words.") && answer.body.contains("There is a problem"));
    assert_eq!(
        answer.field("basis"),
        unknown,
        "the text is not on what is there now"
    );
    let basis = read(&mut alice, &id).await["basis"].clone();
    for (text, status, code) in [
        (
            "x".repeat(524_289),
            StatusCode::UNPROCESSABLE_ENTITY,
            "form",
        ),
        (
            "a\u{7}b".to_owned(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "form",
        ),
    ] {
        let answer = save(&mut alice, &id, &basis, &text).await;
        assert_eq!(
            (answer.status(), &answer.json()["error"]["code"]),
            (status, &json!(code))
        );
    }
    for basis in [json!([]), json!([unknown]), json!(vec![unknown; 20])] {
        let answer = save(&mut alice, &id, &basis, "x").await;
        assert_eq!(answer.json()["error"]["code"], "unknown-basis");
    }
    let body = json!({ "basis": basis, "text": "x", "person": "07".repeat(16) });
    let answer = call(&mut alice, &format!("/api/documents/{id}/text"), &body).await;
    assert_eq!(answer.json()["error"]["code"], "other-person");
    assert_eq!(read(&mut alice, &id).await["text"], "One.");
}

#[tokio::test]
async fn a_form_takes_the_longest_text_however_it_is_written() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Long", "One.").await;
    let page = format!("/documents/{id}/edit");
    let form = alice.get(&page).await;
    let (csrf, basis) = (form.field("csrf"), form.field("basis"));
    // One character too many, so that nothing has to be derived.
    let text = "ü".repeat(262_145);
    let fields = [("csrf", csrf), ("basis", basis), ("text", &*text)];
    let answer = alice.post(&page, &fields).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains(&text), "it comes back");
}

/// A store that never answers.
struct Stuck;

impl Library for Stuck {
    fn entries<'a>(&'a self, _: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>> {
        Box::pin(std::future::pending())
    }

    fn chunks<'a>(&'a self, _: &'a [Hash]) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(std::future::pending())
    }

    fn size_bytes(&self) -> LibraryFuture<'_, u64> {
        Box::pin(std::future::pending())
    }
}

/// A store in which edits are not found in reasonable time, but everything else is.
struct Slow(Arc<dyn Library>);

impl Library for Slow {
    fn entries<'a>(&'a self, ids: &'a [EntryId]) -> LibraryFuture<'a, Vec<Option<Entry>>> {
        Box::pin(async move {
            let found = self.0.entries(ids).await?;
            let mut kinds = found.iter().flatten().map(|entry| entry.header.kind);
            if kinds.any(|kind| kind == Kind::Edit) {
                std::future::pending::<()>().await;
            }
            Ok(found)
        })
    }

    fn chunks<'a>(&'a self, hashes: &'a [Hash]) -> LibraryFuture<'a, Vec<Option<Vec<u8>>>> {
        self.0.chunks(hashes)
    }

    fn size_bytes(&self) -> LibraryFuture<'_, u64> {
        self.0.size_bytes()
    }
}

#[tokio::test]
async fn what_was_typed_comes_back_when_the_node_is_busy() {
    let mut world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "One.").await;
    world.node.library = Arc::new(Stuck);
    world.restart();
    let mut alice = world.alice().await;
    let csrf = alice.get("/account").await.field("csrf").to_owned();
    let page = format!("/documents/{id}/edit");
    tokio::time::pause();
    let fields = [("csrf", &*csrf), ("basis", &*id), ("text", "My words.")];
    let answer = alice.post(&page, &fields).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("My words."), "{}", answer.body);
    assert!(answer.body.contains("There is a problem"));
    assert_eq!(answer.field("basis"), id);
    let fields = [
        ("csrf", &*csrf),
        ("draft", &*id),
        ("edits", &*id),
        ("title", "My title"),
        ("rule", "consent"),
    ];
    let answer = alice.post("/decide", &fields).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("My title"), "{}", answer.body);
    assert_eq!((answer.field("draft"), answer.field("edits")), (&*id, &*id));
}

#[tokio::test]
async fn a_full_document_says_so_and_signs_nothing() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (old, new) = ("old ".repeat(100_000), "new\n".repeat(90_000));
    let id = begin(&mut alice, "Long", &old).await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    let answer = save(&mut alice, &id, &basis, &new).await;
    assert_eq!(
        answer.json()["error"]["code"],
        "document-full",
        "{}",
        answer.body
    );
    assert_eq!(read(&mut alice, &id).await["text"], old);
}

#[tokio::test]
async fn edits_that_claim_much_and_do_nothing_keep_nobody_from_writing() {
    let mut world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Open", "One.").await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    // Each claims to delete far more than there is.
    let claim = vec![Operation::Splice {
        object: Object::Text,
        position: 0,
        delete: 65_536,
        insert: String::new(),
    }];
    let act = || Act::Edit {
        document: id.parse().unwrap(),
        parents: basis.as_array().unwrap().iter().map(entry).collect(),
        operations: claim.clone(),
    };
    for _ in 0..260 {
        world.node.act(key(1, 3), act()).await.unwrap();
    }
    let answer = saved(&mut alice, &id, &basis, "One. Two.").await;
    assert_eq!(answer["text"], "One. Two.");
    // A new process reads the same.
    world.restart();
    let mut alice = world.alice().await;
    let now = read(&mut alice, &id).await;
    assert_eq!(
        (&now["text"], &now["basis"]),
        (&answer["text"], &answer["basis"])
    );
}

#[tokio::test]
async fn long_documents_wait_for_one_another_and_nothing_else_waits_for_them() {
    let mut world = World::with_alice().await;
    let mut alice = world.alice().await;
    let mut long = Vec::new();
    for _ in 0..3 {
        long.push(begin(&mut alice, "Long", &"A long text. ".repeat(10_000)).await);
    }
    let short = begin(&mut alice, "Short", "A short one.").await;
    // A new process has derived nothing yet.
    world.restart();
    let mut alice = world.alice().await;
    let reading: Vec<_> = long
        .into_iter()
        .map(|id| {
            let mut twin = alice.clone();
            tokio::spawn(async move { read(&mut twin, &id).await["text"].is_string() })
        })
        .collect();
    // Lets them begin.
    tokio::task::yield_now().await;
    assert_eq!(read(&mut alice, &short).await["text"], "A short one.");
    let done = reading.iter().filter(|one| one.is_finished()).count();
    assert!(done <= 1, "{done} long documents were derived first");
    for one in reading {
        assert!(one.await.unwrap());
    }
}

#[tokio::test]
async fn pages_name_who_wrote_what_and_what_changed() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "We share servers.").await;
    let basis = read(&mut alice, &id).await["basis"].clone();
    bo_inserts(&world, &id, &basis, 9, "all ").await;
    let page = alice.get(&format!("/documents/{id}?who=1")).await;
    let words = page.body.split("class=\"text\"").nth(1).unwrap();
    let (own, other) = (
        words.find("Co-op 0").unwrap(),
        words.find("Co-op 1").unwrap(),
    );
    assert!(own < other && words.contains("wrote:"), "{words}");
    let history = alice.get(&format!("/documents/{id}/history")).await.body;
    let link = |mark: &str| {
        let at = history
            .find(mark)
            .unwrap_or_else(|| panic!("no {mark} in {history}"));
        history[at..].split('"').next().unwrap().to_owned()
    };
    let changed = alice.get(&link(&format!("/documents/{id}/diff/"))).await;
    assert!(
        changed.body.contains("</span>all </ins>"),
        "{}",
        changed.body
    );
    let then = alice
        .get(&link(&format!("/documents/{id}/versions/")))
        .await;
    assert!(then.body.contains("We share all servers."), "{}", then.body);
    let chosen = alice
        .get(&link(&format!("/documents/{id}/history?from=")))
        .await;
    assert!(
        chosen.body.contains("What changed until here"),
        "{}",
        chosen.body
    );
    for missing in ["versions/ffffff", "versions/x", "diff/now", "diff/now..zz"] {
        let answer = alice.get(&format!("/documents/{id}/{missing}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn whose_change_has_no_effect_is_told_with_the_words() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "Short.").await;
    let document: EntryId = id.parse().unwrap();
    let act = Act::Edit {
        document,
        parents: vec![document],
        operations: vec![Operation::Splice {
            object: Object::Text,
            position: 900,
            delete: 0,
            insert: "My lost words".to_owned(),
        }],
    };
    world.node.act(key(0, 3), act).await.unwrap();
    let page = alice.get(&format!("/documents/{id}")).await;
    assert!(page.body.contains("My lost words"), "{}", page.body);
    assert!(page.body.contains("past the end"), "{}", page.body);
    bo_inserts(&world, &id, &json!([id]), 900, "Bo’s lost words").await;
    let page = alice.get(&format!("/documents/{id}")).await;
    assert!(!page.body.contains("Bo’s lost words"));
    assert_eq!(read(&mut alice, &id).await["text"], "Short.");
}

#[tokio::test]
async fn who_has_the_editor_open_is_shown_to_others_and_not_to_oneself() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Draft", "One.").await;
    let mut changes = world.node.changes.subscribe();
    let path = format!("/api/documents/{id}/presence");
    let answer = call(&mut alice, &path, &json!({ "here": true })).await;
    assert_eq!(answer.json()["present"]["people"], json!([]));
    let change = changes.recv().await.unwrap();
    assert_eq!(change, federation::Change::Document(id.parse().unwrap()));
    let elsewhere = format!("/api/documents/{}/presence", "cd".repeat(32));
    let answer = call(&mut alice, &elsewhere, &json!({ "here": true })).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_document_is_filed_and_strangers_see_nothing() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Agenda of May", "Bring cake.").await;
    let page = format!("/documents/{id}");
    let fields = [("sort", "agenda"), ("closed", "yes")];
    let answer = alice.submit(&page, &format!("{page}/file"), &fields).await;
    assert_eq!(answer.header("location"), format!("{page}?done=filed"));
    let json = read(&mut alice, &id).await;
    assert_eq!(json["filed"]["sort"], "agenda");
    let list = alice.get("/documents").await;
    assert!(!list.body.contains("Agenda of May"), "{}", list.body);
    let list = alice.get("/documents?closed=1").await;
    assert!(list.body.contains("Agenda of May"), "{}", list.body);
    let wrong = alice
        .submit(&page, &format!("{page}/file"), &[("sort", "poem")])
        .await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let mut stranger = world.browser();
    for path in [&*page, "/documents", &format!("/documents/{id}/history")] {
        let answer = stranger.get(path).await;
        assert!(answer.header("location").starts_with("/sign-in"), "{path}");
    }
    let answer = stranger.get(&format!("/api/documents/{id}")).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_draft_becomes_a_proposal_and_then_its_next_version() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let offered = alice.get("/decide/new").await;
    assert!(offered.body.contains("/documents/new?sort=draft"));
    let fields = [
        ("title", "Bell"),
        ("text", "We buy a bell.\n"),
        ("sort", "draft"),
    ];
    let answer = alice.submit("/documents/new", "/documents", &fields).await;
    let path = answer
        .header("location")
        .split("/edit")
        .next()
        .unwrap()
        .to_owned();
    let id = path.strip_prefix("/documents/").unwrap();
    let page = alice.get(&path).await;
    assert!(
        page.body.contains(&format!("/decide/new?draft={id}")),
        "{}",
        page.body
    );

    let form = alice.get(&format!("/decide/new?draft={id}")).await;
    assert!(
        !form.body.contains("name=\"text\""),
        "the text is the draft’s"
    );
    let sent = |title| {
        let [csrf, draft, edits] =
            ["csrf", "draft", "edits"].map(|name| form.field(name).to_owned());
        [
            ("csrf", csrf),
            ("draft", draft),
            ("edits", edits),
            ("title", title),
            ("rule", "consent".to_owned()),
        ]
    };
    // What is written meanwhile is not what the proposer read.
    let basis = read(&mut alice, id).await["basis"].clone();
    bo_inserts(&world, id, &basis, 0, "Hastily, ").await;
    let wrong = sent(String::new());
    let fields: Vec<(&str, &str)> = wrong
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let again = alice.post("/decide", &fields).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        again.field("edits"),
        form.field("edits"),
        "still what was read"
    );
    // Of two filings in one moment either could be the last.
    world.clock.advance_seconds(1);
    let right = sent("Buy a bell".to_owned());
    let fields: Vec<(&str, &str)> = right
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let answer = alice.post("/decide", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let decision = answer
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let json = alice.get(&format!("{decision}.json")).await.json();
    assert_eq!(json["text"], "We buy a bell.");
    let proposal = decision.strip_prefix("/decide/").unwrap();
    assert_eq!(read(&mut alice, id).await["filed"]["proposal"], proposal);
    let shown = alice.get(&decision).await.body;
    assert!(shown.contains("the text is that of"), "{shown}");
    assert!(shown.contains(&format!("/documents/{id}/versions/")));
    assert!(shown.contains(&format!("{decision}/amend?draft={id}")));

    let amend = alice.get(&format!("{decision}/amend?draft={id}")).await;
    assert!(amend.body.contains("</span>Hastily, "), "{}", amend.body);
    let [csrf, draft, edits] = ["csrf", "draft", "edits"].map(|name| amend.field(name).to_owned());
    let fields = [
        ("csrf", &*csrf),
        ("draft", &*draft),
        ("edits", &*edits),
        ("title", "Buy a bell"),
        ("what_changed", "Faster."),
    ];
    let answer = alice.post(&format!("{decision}/amend"), &fields).await;
    assert_eq!(
        answer.header("location"),
        format!("{decision}?done=amended"),
        "{}",
        answer.body
    );
    let json = alice.get(&format!("{decision}.json")).await.json();
    assert_eq!(json["text"], "Hastily, We buy a bell.");
    let archived = world.browser().get(&format!("/archive/{proposal}")).await;
    assert!(
        !archived.body.contains("/documents/"),
        "documents are for members"
    );
    let again = format!("/decide/new?draft={id}");
    assert!(!alice.get(&path).await.body.contains(&again));
    let why = [("reason", "We found a better bell for all of us.")];
    let withdraw = format!("{decision}/withdraw");
    let answer = alice.submit(&decision, &withdraw, &why).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let page = alice.get(&path).await.body;
    assert!(page.contains(&again), "it can be proposed again: {page}");
}

#[tokio::test]
async fn a_proposal_that_names_a_draft_with_another_text_is_shown_as_such() {
    let mut world = World::with_alice().await;
    let mut alice = world.alice().await;
    let id = begin(&mut alice, "Bell", "We buy a bell.").await;
    let act =
        json!({ "act": "propose", "title": "Bell", "text": "We sell the bell.", "draft": [id] });
    let answer = call(&mut alice, "/api/acts", &act).await;
    let proposal = answer.json()["id"].as_str().unwrap().to_owned();
    let shown = alice.get(&format!("/decide/{proposal}")).await;
    assert!(
        shown.body.contains("its text is not that of"),
        "{}",
        shown.body
    );
    let whole = Arc::clone(&world.node.library);
    world.node.library = Arc::new(Slow(whole));
    world.restart();
    let mut alice = world.alice().await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let shown = alice.get(&format!("/decide/{proposal}")).await;
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    assert_eq!(shown.status(), StatusCode::OK, "{}", shown.body);
    assert!(!shown.body.contains("its text is not that of"));
    assert!(shown.body.contains(&format!("/documents/{id}")));
}

#[tokio::test]
async fn the_next_version_can_be_begun_as_a_draft() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let decision = support::acts::propose(&mut alice, "Buy a bell").await;
    let proposal = decision.strip_prefix("/decide/").unwrap();
    let page = format!("/documents/new?proposal={proposal}");
    assert!(alice.get(&decision).await.body.contains(&page));
    let form = alice.get(&page).await;
    assert!(form.body.contains("A loud one."), "{}", form.body);
    let (csrf, named) = (
        form.field("csrf").to_owned(),
        form.field("proposal").to_owned(),
    );
    let fields = [
        ("csrf", &*csrf),
        ("proposal", &*named),
        ("title", "Bell, again"),
        ("sort", "draft"),
        ("text", "A louder one."),
    ];
    let answer = alice.post("/documents", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let shown = alice.get(&decision).await;
    assert!(shown.body.contains("Go on in the draft"), "{}", shown.body);
}
