//! A co-op without a node and a person sign up through a host, are admitted, act and move.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use domain::{
    id::{MemberId, PersonId},
    record::Roles,
};
use federation::Act;
use replica::view::HostState;
use serde_json::json;
use support::{
    World,
    hosted::{THEIRS, admit, applicant, hosted_coop, link, member_of, sign_up},
    node::key,
    program::Program,
};
use web::hosted;

#[tokio::test]
async fn who_signs_up_sees_where_the_application_is_and_becomes_a_member_by_itself() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let link = link(&mut alice, "").await;
    let mut dora = world.browser();
    let page = dora.get(&link).await;
    assert!(page.body.contains("Join through Co-op 0"), "{}", page.body);
    sign_up(&mut dora, &link, &[]).await;
    let home = dora.get("/account").await;
    assert!(home.body.contains("0 of 2 have signed"), "{}", home.body);
    // What is the members' is not for who asks to become one.
    for path in ["/", "/decide", "/federation", "/node/people", "/events"] {
        let answer = dora.get(path).await;
        assert_eq!(answer.header("location"), "/account", "{path}");
    }
    for path in ["/api/persons", "/api/decisions?show=all", "/api/status"] {
        let answer = dora.get(path).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(dora.get("/charter").await.status(), StatusCode::OK);
    // The link worked once.
    let spent = sign_up(&mut world.browser(), &link, &[("name", "Eve")]).await;
    assert!(spent.status().is_client_error());

    let waiting = alice.get("/federation/applications").await;
    assert!(
        waiting.body.contains("Co-op 0 will host it"),
        "{}",
        waiting.body
    );
    let root = applicant(&world);
    for founder in [0, 1] {
        admit(&world, root, founder).await;
    }
    for _ in 0..2 {
        hosted::go_on_all(&world.site).await.unwrap();
    }
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    let member = MemberId(root.0);
    world.node.read(|core| {
        let view = core.view();
        let known = &view.members[&member];
        assert_eq!((&*known.name, &*known.class), ("Buyers' union", "consumer"));
        assert_eq!(view.host_of(&member), member_of(&key(0, 1)));
        assert_eq!(known.mandate.as_ref().unwrap().delegates.len(), 1);
        let person = known.mandate.as_ref().unwrap().delegates[0].person;
        assert_eq!(view.person_name(&member, &person), Some("Dora"));
        // Join, host, grant, mandate, and the person's card: once each.
        assert_eq!(view.entries[&member], 5);
    });
    let home = dora.get("/").await;
    assert!(home.body.contains("Buyers&#39; union") || home.body.contains("Buyers' union"));
    assert!(!home.body.contains("have signed"));
    let members = alice.get("/federation").await;
    assert!(members.body.contains("hosted by"), "{}", members.body);
    assert!(members.body.contains("2 votes"), "{}", members.body);
}

#[tokio::test]
async fn the_people_of_a_hosted_member_act_for_it_and_not_for_its_host() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let fields = [
        ("title", "Shared servers"),
        ("text", "We rent one."),
        ("rule", "consent"),
    ];
    let made = dora.submit("/decide/new", "/decide", &fields).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER, "{}", made.body);
    let (proposal, first) = world.node.read(|core| {
        let (id, proposal) = core.view().proposals.first_key_value().unwrap();
        (*id, proposal.first.as_ref().unwrap().member)
    });
    assert_eq!(first, member);
    let page = format!("/decide/{proposal}");
    let opened = dora.submit(&page, &format!("{page}/open"), &[]).await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER, "{}", opened.body);
    let version = dora.get(&page).await.field("version").to_owned();
    let vote = [("choice", "agree"), ("version", &*version)];
    let voted = dora.submit(&page, &format!("{page}/vote"), &vote).await;
    assert_eq!(voted.status(), StatusCode::SEE_OTHER, "{}", voted.body);
    world.node.read(|core| {
        let decision = core
            .decision(&proposal, web::clock::Clock::now(&*world.clock))
            .unwrap();
        let counted = &decision.phase.as_ref().unwrap().count.counted;
        assert_eq!(counted.keys().collect::<Vec<_>>(), [&member]);
    });
    // For the host's own people the vote is still to be cast.
    assert!(
        alice
            .get("/decide?show=needs")
            .await
            .body
            .contains("Shared servers")
    );

    // Nothing of the host is theirs to do.
    for (path, fields) in [
        ("/node/hosted/invite", &[("name", "Eve"), ("class", "")][..]),
        ("/node/people/01010101010101010101010101010101/remove", &[]),
    ] {
        let refused = dora.submit("/node/people", path, fields).await;
        assert!(
            refused.status().is_client_error(),
            "{path}: {}",
            refused.body
        );
    }
    assert_eq!(alice.get("/account").await.status(), StatusCode::OK);
    let own = alice.get("/node/people").await;
    assert!(!own.body.contains("Dora"), "{}", own.body);
}

#[tokio::test]
async fn a_second_delegate_is_named_with_the_password_that_opens_the_root_key() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let invite = |password| {
        [
            ("name", "Emil"),
            ("roles", "delegate"),
            ("password", password),
        ]
    };
    let path = "/node/people/invite";
    for wrong in ["", "not the password"] {
        let refused = dora.submit("/node/people", path, &invite(wrong)).await;
        assert!(refused.status().is_client_error(), "{wrong:?}");
    }
    let entries = |core: &federation::Core| core.view().entries[&member];
    assert_eq!(world.node.read(entries), 5, "nothing was signed");
    let done = dora.submit("/node/people", path, &invite(THEIRS)).await;
    assert_eq!(done.status(), StatusCode::OK, "{}", done.body);
    let at = done.body.find("/welcome/").unwrap();
    let welcome = done.body[at..].split('<').next().unwrap().to_owned();
    let mut emil = world.browser();
    let fields = [
        ("name", "Emil"),
        ("mail", ""),
        ("password", "another horse"),
    ];
    let entered = emil.post(&welcome, &fields).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    let mandate = world
        .node
        .read(|core| core.view().members[&member].mandate.clone().unwrap());
    assert_eq!((mandate.number, mandate.delegates.len()), (2, 2));
    let account = emil.get("/account").await;
    assert!(
        account.body.contains("union"),
        "he acts for the hosted co-op"
    );
}

#[tokio::test]
async fn a_hosted_member_moves_and_its_keys_open_at_the_new_host() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let exported = dora
        .submit("/node/hosted", "/node/hosted/export", &[])
        .await;
    let at = exported.body.find("folkmoot-keys:").unwrap();
    let keys = exported.body[at..].split('<').next().unwrap().to_owned();
    let to = member_of(&key(1, 1)).to_string();
    let asked = dora
        .submit("/node/hosted", "/node/hosted/move", &[("host", &to)])
        .await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER, "{}", asked.body);
    let state = || {
        world.node.read(|core| {
            let hosted = core.view().hosted(&member).unwrap();
            (hosted.state, hosted.host)
        })
    };
    let (old, new) = (member_of(&key(0, 1)), member_of(&key(1, 1)));
    assert_eq!(state(), (HostState::Pending, Some(old)));
    let accepts = true;
    let yes = Act::Hosting { member, accepts };
    world.node.act(key(1, 3), yes).await.unwrap();
    assert_eq!(state(), (HostState::InForce, Some(new)));

    // She comes back with the keys of the text, as to any host.
    let person = world.node.read(|core| {
        core.view().members[&member]
            .mandate
            .clone()
            .unwrap()
            .delegates[0]
            .person
    });
    world.site.accounts.remove(person).await.unwrap();
    let link = link(&mut alice, "").await;
    let brought = [
        ("export", &*keys),
        ("old_password", THEIRS),
        ("password", "a new password"),
    ];
    let wrong = [
        ("export", &*keys),
        ("old_password", "wrong"),
        ("password", "a new password"),
    ];
    let mut dora = world.browser();
    let refused = sign_up(&mut dora, &link, &wrong).await;
    assert!(refused.status().is_client_error());
    assert!(!refused.body.contains(THEIRS));
    let entered = sign_up(&mut dora, &link, &brought).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    assert_eq!(
        state(),
        (HostState::InForce, Some(old)),
        "the invitation was the yes"
    );
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    let comes_back = dora.get("/node/people").await;
    assert!(comes_back.body.contains("Dora"), "{}", comes_back.body);
}

#[tokio::test]
async fn a_link_is_for_its_class_and_what_does_not_fit_leaves_it_usable() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let link = link(&mut alice, "individual").await;
    let mut dora = world.browser();
    for wrong in [
        ("class", "consumer"),
        ("class", "nobody"),
        ("member_name", ""),
        ("password", "short"),
        ("name", "Alice"),
        ("export", "folkmoot-keys:AAAA"),
    ] {
        let more = [("class", "individual"), wrong];
        let more = &more[usize::from(wrong.0 == "class")..];
        let refused = sign_up(&mut dora, &link, more).await;
        assert!(refused.status().is_client_error(), "{wrong:?}");
    }
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    let empty = |core: &federation::Core| core.view().applications.is_empty();
    assert!(world.node.read(empty), "nothing half-applied");
    let entered = sign_up(&mut dora, &link, &[("class", "individual")]).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    let root = applicant(&world);
    for founder in [1, 2] {
        admit(&world, root, founder).await;
    }
    hosted::go_on_all(&world.site).await.unwrap();
    let member = MemberId(root.0);
    let roles = world.node.read(|core| {
        let persons = core.view().persons.keys();
        let mut own = persons.filter(|(of, _)| *of == member);
        let (_, person): &(MemberId, PersonId) = own.next().unwrap();
        core.view().roles_of(&member, person)
    });
    assert!(roles.has(Roles::INDIVIDUAL.with(Roles::DELEGATE)));
}

#[tokio::test]
async fn a_stranger_without_a_link_or_a_session_hosts_nobody() {
    let world = World::with_alice().await;
    let mut stranger = world.browser();
    let nowhere = format!("/join/{}", "A".repeat(43));
    assert!(stranger.get(&nowhere).await.status().is_client_error());
    let refused = sign_up(&mut stranger, &nowhere, &[]).await;
    assert!(refused.status().is_client_error());
    assert_eq!(
        stranger.get("/node/hosted").await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_newcomer_that_was_never_admitted_is_removed_with_everything_of_it() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let link = link(&mut alice, "").await;
    let mut dora = world.browser();
    sign_up(&mut dora, &link, &[]).await;
    let root = applicant(&world);
    let member = MemberId(root.0);
    let path = format!("/node/hosted/{member}/remove");
    let own = member_of(&key(0, 1));
    let offers = |core: &federation::Core| core.view().offers_to(&member).contains_key(&own);
    assert!(world.node.read(offers));
    // Nobody removes it but a steward of the host.
    let csrf = dora.get("/account").await.field("csrf").to_owned();
    let refused = dora.post(&path, &[("csrf", &csrf)]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    world.clock.advance_seconds(60);
    let removed = alice.submit("/node/hosted", &path, &[]).await;
    assert_eq!(removed.status(), StatusCode::SEE_OTHER, "{}", removed.body);
    assert!(!world.node.read(offers), "the offer is taken back");
    assert_eq!(
        dora.get("/account").await.status(),
        StatusCode::SEE_OTHER,
        "signed out"
    );
    let again = world.browser().sign_in("Dora", THEIRS).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert!(world.site.hosted.newcomers().await.unwrap().is_empty());
    // Founders that sign now make no member: its keys are gone.
    for founder in [0, 1] {
        admit(&world, root, founder).await;
    }
    hosted::go_on_all(&world.site).await.unwrap();
    let is_member = |core: &federation::Core| core.view().members.contains_key(&member);
    assert!(!world.node.read(is_member));
    let gone = alice.submit("/node/hosted", &path, &[]).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_accounts_of_a_member_go_after_hosting_ended_and_its_only_keys_only_when_asked() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let path = format!("/node/hosted/{member}/remove");
    let early = alice.submit("/node/hosted", &path, &[]).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    assert!(early.body.contains("is hosted here"), "{}", early.body);
    let answer = format!("/node/hosted/{member}/answer");
    world.clock.advance_seconds(60);
    alice
        .submit("/node/hosted", &answer, &[("accepts", "no")])
        .await;
    let unasked = alice.submit("/node/hosted", &path, &[]).await;
    assert_eq!(unasked.status(), StatusCode::CONFLICT);
    assert!(
        unasked.body.contains("can never sign again"),
        "{}",
        unasked.body
    );
    assert_eq!(dora.get("/account").await.status(), StatusCode::OK);

    let mut steward = Program::of(&mut alice).await;
    let listed = steward.get("/api/hosted").await;
    let left = &listed["left"][0];
    assert_eq!(
        (&left["id"], &left["keeps_root"]),
        (&json!(member.to_string()), &json!(true))
    );
    // Her keys as the API gives them are those the page gives.
    let mut program = Program::of(&mut dora).await;
    let exported = program.call(Method::POST, "/api/hosted/export", None).await;
    assert_eq!(exported.status(), StatusCode::OK, "{}", exported.body);
    let keys = exported.json()["keys"].as_str().unwrap().to_owned();
    let page = dora
        .submit("/node/hosted", "/node/hosted/export", &[])
        .await;
    assert!(page.body.contains(&keys));
    let nothing = steward.call(Method::POST, "/api/hosted/export", None).await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);

    let api = format!("/api/hosted/{member}");
    let theirs = program.call(Method::DELETE, &api, None).await;
    assert_eq!(theirs.status(), StatusCode::FORBIDDEN);
    let bare = steward.call(Method::DELETE, &api, None).await;
    assert_eq!(bare.json()["error"]["code"], "keys-here");
    let asked = format!("{api}?with_keys=yes");
    let removed = steward.call(Method::DELETE, &asked, None).await;
    assert_eq!(
        removed.json(),
        json!({ "name": "Buyers' union", "accounts": 1 })
    );
    assert_eq!(dora.get("/account").await.status(), StatusCode::SEE_OTHER);
    let gone = program.call(Method::GET, "/api/status", None).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
    // With the text of her keys she comes back: who invites her again agrees again.
    world.clock.advance_seconds(60);
    let link = link(&mut alice, "").await;
    let brought = [("export", &*keys), ("old_password", THEIRS)];
    let entered = sign_up(&mut world.browser(), &link, &brought).await;
    assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{}", entered.body);
    let hosted = world.node.read(|core| core.view().hosted(&member).unwrap());
    assert_eq!(hosted.state, HostState::InForce);
}
