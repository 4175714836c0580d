//! Whom mails remind, of what, and how that is ended.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use support::{
    ALICE, Browser, World,
    acts::{agree, open, propose, withdraw},
};
use web::reminders::{Due, Letter, Moment, Occasion, Reminders};

const HOUR: u64 = 3_600;
const SITE: &str = "https://moot.example.org";

/// Alice with a mail address and one decision that needs her co-op's vote.
async fn world_with_a_vote() -> (World, Browser, String) {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    set_mail(&mut browser, "alice@example.org", true, false).await;
    let path = open(&mut browser, "Buy a bell").await;
    (world, browser, path)
}

async fn set_mail(browser: &mut Browser, mail: &str, reminders: bool, digest: bool) {
    let mut fields = vec![("mail", mail), ("digest_hour", "8")];
    fields.extend(reminders.then_some(("reminders", "yes")));
    fields.extend(digest.then_some(("digest", "yes")));
    let answer = browser
        .submit("/account", "/account/reminders", &fields)
        .await;
    assert_eq!(
        answer.header("location"),
        "/account?done=reminders-set#reminders",
        "{}",
        answer.body
    );
}

fn reminders_of(world: &World) -> Reminders {
    Reminders::new(world.site.clone(), SITE)
}

async fn due(world: &World) -> Vec<Due> {
    reminders_of(world).round().await.unwrap().due
}

async fn only_letter(world: &World) -> (Due, Letter) {
    let due = due(world).await;
    assert_eq!(due.len(), 1, "{due:?}");
    let letter = reminders_of(world).letter(&due[0]).await.unwrap();
    (due[0], letter.expect("it is still due"))
}

fn moment(due: &Due) -> Option<Moment> {
    match due.occasion {
        Occasion::Reminder(reminder) => Some(reminder.moment),
        Occasion::Digest(_) => None,
    }
}

#[tokio::test]
async fn a_delegate_is_reminded_at_the_opening_and_at_half_time_while_the_vote_is_missing() {
    let (mut world, _, path) = world_with_a_vote().await;
    let (opening, letter) = only_letter(&world).await;
    assert_eq!(moment(&opening), Some(Moment::Opening));
    assert_eq!(letter.to, "alice@example.org");
    assert_eq!(letter.subject, "Vote open: Buy a bell");
    assert!(
        letter.text.contains(&format!("{SITE}{path}")),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("Open until "), "{}", letter.text);
    assert!(letter.text.contains(&letter.unsubscribe));

    reminders_of(&world).remember(&opening).await.unwrap();
    world.restart();
    assert_eq!(due(&world).await, []);
    assert_eq!(reminders_of(&world).letter(&opening).await.unwrap(), None);

    world.clock.advance_seconds(84 * HOUR);
    let (half, letter) = only_letter(&world).await;
    assert_eq!(moment(&half), Some(Moment::HalfTime));
    assert!(letter.subject.starts_with("Half time"));
    // Between planning and writing the co-op votes.
    let mut browser = world.alice().await;
    agree(&mut browser, &path).await;
    assert_eq!(reminders_of(&world).letter(&half).await.unwrap(), None);
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn the_deadline_is_in_the_readers_zone_and_in_utc() {
    let (world, mut browser, _) = world_with_a_vote().await;
    let fields = [("zone", "Asia/Kolkata"), ("theme", "system")];
    browser
        .submit("/account", "/account/settings", &fields)
        .await;
    let (_, letter) = only_letter(&world).await;
    let line = letter
        .text
        .lines()
        .find(|line| line.starts_with("Open until"));
    let line = line.unwrap();
    // The world begins on 15 January 2027, 08:00 UTC; a vote takes seven days.
    assert_eq!(
        line,
        "Open until Friday 22 January 2027, 13:30 Asia/Kolkata (08:00 UTC)."
    );
}

#[tokio::test]
async fn nobody_is_written_to_without_an_address_a_wish_and_the_right_to_vote() {
    let (world, mut browser, _) = world_with_a_vote().await;
    assert_eq!(due(&world).await.len(), 1);
    set_mail(&mut browser, "", true, true).await;
    assert_eq!(due(&world).await, []);
    set_mail(&mut browser, "alice@example.org", false, false).await;
    assert_eq!(due(&world).await, []);

    // A steward who is no delegate.
    let seed = zeroize::Zeroizing::new([77; 32]);
    let account = web::accounts::NewAccount {
        person: domain::id::PersonId([9; 16]),
        key: domain::key::SecretKey::from_seed(&seed).public(),
        seed: Some(seed),
        name: "Bo".to_owned(),
        mail: "bo@example.org".to_owned(),
        roles: vec!["steward".to_owned()],
        member: None,
        root: None,
        password: web::password::Password::typed(support::PASSWORD.to_owned()).unwrap(),
    };
    let now = domain::id::Timestamp(1);
    world.site.accounts.add(now, account).await.unwrap();
    // At the hour of the digest there is nothing to say.
    for due in due(&world).await {
        let letter = reminders_of(&world).letter(&due).await.unwrap();
        assert_eq!(letter, None);
        reminders_of(&world).remember(&due).await.unwrap();
    }
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn one_click_in_a_mail_ends_its_kind_and_opening_the_address_only_asks() {
    let (world, mut browser, _) = world_with_a_vote().await;
    set_mail(&mut browser, "alice@example.org", true, true).await;
    let all = due(&world).await;
    let reminder = all.iter().find(|due| moment(due).is_some()).unwrap();
    let letter = reminders_of(&world)
        .letter(reminder)
        .await
        .unwrap()
        .unwrap();
    let path = letter.unsubscribe.strip_prefix(SITE).unwrap().to_owned();

    let mut program = world.browser();
    let asked = program.get(&path).await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert_eq!(due(&world).await, all, "programs open every address");
    let click = Request::post(&path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("List-Unsubscribe=One-Click"));
    let answer = program.send(click.unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.body);
    assert!(due(&world).await.iter().all(|due| moment(due).is_none()));
    let account = world.site.accounts.of(ALICE).await.unwrap().unwrap();
    assert_eq!((account.reminders, account.digest), (false, true));

    let wrong = program.post("/unsubscribe/fmr_x", &[]).await;
    assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_digest_says_what_is_open_what_needs_a_vote_and_what_closed() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    set_mail(&mut browser, "alice@example.org", false, true).await;
    // Nothing to say: no mail.
    let first = due(&world).await;
    assert_eq!(first.len(), 1);
    assert_eq!(reminders_of(&world).letter(&first[0]).await.unwrap(), None);
    reminders_of(&world).remember(&first[0]).await.unwrap();

    let gone = open(&mut browser, "Drop the meeting").await;
    open(&mut browser, "Buy a bell").await;
    propose(&mut browser, "Paint the door").await;
    world.clock.advance_seconds(HOUR);
    withdraw(&mut browser, &gone).await;
    assert_eq!(due(&world).await, []);
    world.clock.advance_seconds(23 * HOUR);
    let (due_now, letter) = only_letter(&world).await;
    assert_eq!(letter.subject, "Test federation: 1 vote needed");
    let part = |heading: &str| {
        let at = letter.text.find(heading);
        at.unwrap_or_else(|| panic!("no {heading} in {}", letter.text))
    };
    let order = [
        part("Needs your vote"),
        part("Buy a bell"),
        part("Also open"),
        part("Paint the door"),
        part("Closed since yesterday"),
        part("Drop the meeting"),
    ];
    assert!(order.is_sorted(), "{}", letter.text);
    reminders_of(&world).remember(&due_now).await.unwrap();
    assert_eq!(due(&world).await, []);
}

#[tokio::test]
async fn an_address_that_is_none_comes_back_with_what_to_write() {
    let world = World::with_alice().await;
    let mut browser = world.alice().await;
    for mail in ["alice", "a@b, c@d", "a@b\nBcc: c@d", "<a@b>"] {
        let fields = [("mail", mail), ("digest_hour", "8")];
        let answer = browser
            .submit("/account", "/account/reminders", &fields)
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{mail}");
        assert!(answer.body.contains("name@example.org"), "{}", answer.body);
    }
    let fields = [("mail", "a@b.example"), ("digest_hour", "24")];
    let answer = browser
        .submit("/account", "/account/reminders", &fields)
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
