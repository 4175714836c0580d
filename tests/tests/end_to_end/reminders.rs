//! Mails to those whose vote is missing, over a real mail server.

use std::time::{Duration, Instant};

use end_to_end::{
    federation::{Federation, charter},
    http::Client,
    mailbox::{Mailbox, Mood},
    story::{story, timed_story},
    wait,
};

const MAIL_SECONDS: u64 = 20;
const ADDRESS: &str = "steward@alder.example";

/// Two co-ops; Alder's node sends mail to its steward, who is signed in.
async fn federation(mailbox: &Mailbox) -> (Federation, Client) {
    let mut federation = Federation::signed(&["Alder", "Birch"], &charter(3_600)).await;
    let alder = &federation.coops[0];
    let others = federation.others(0);
    let configuration = alder.configuration(&others).replace(
        "[network]",
        &format!(
            "public_url = \"{}\"\n\n[mail]\nsmtp = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             from = \"Alder <moot@alder.example>\"\n\n[network]",
            alder.url("").trim_end_matches('/'),
            mailbox.port
        ),
    );
    alder.configure(&configuration);
    alder.say(&["config", "check"]).await.done();
    federation.start().await;
    let mut steward = federation.coops[0].sign_in().await;
    federation.coops[1].sign_in().await;
    let fields = [
        ("mail", ADDRESS),
        ("reminders", "yes"),
        ("digest_hour", "8"),
    ];
    steward
        .submit("/account", "/account/reminders", &fields)
        .await
        .expect(303);
    (federation, steward)
}

async fn mails(mailbox: &Mailbox, count: usize) {
    wait::until(&format!("{count} mails"), MAIL_SECONDS, async || {
        (mailbox.mails().len() >= count).then_some(())
    })
    .await;
    assert_eq!(mailbox.mails().len(), count, "{:#?}", mailbox.mails());
}

#[test]
fn a_missing_delegate_is_reminded_once_even_across_a_restart_and_can_end_it_with_one_click() {
    story(150, async {
        let mailbox = Mailbox::start(Mood::Takes).await;
        let (mut federation, mut steward) = federation(&mailbox).await;
        let first = federation.coops[1].put_to_the_vote("Rent a hall").await;
        mails(&mailbox, 1).await;
        let mail = mailbox.mails().remove(0);
        assert_eq!(mail.to, [ADDRESS]);
        assert_eq!(mail.header("subject"), "Vote open: Rent a hall");
        assert_eq!(mail.header("auto-submitted"), "auto-generated");
        let alder = &federation.coops[0];
        let address = alder.url(&format!("/decide/{first}"));
        for words in [
            "Alder has not voted yet",
            "Proposed by Birch.",
            "UTC",
            &address,
        ] {
            assert!(mail.text.contains(words), "{words:?} in {}", mail.text);
        }
        let status = alder.ask(&["status"]).await;
        assert_eq!(status["needs_our_vote"], 1);
        let said = alder.say(&["status"]).await.done();
        assert!(said.out.contains("1 decision needs your vote"), "{said:#?}");

        // What was sent before the restart is not sent again, what comes after it is.
        assert!(federation.coops[0].stop().await.success());
        federation.coops[0].start(&[]).await;
        federation.meet().await;
        federation.coops[1].put_to_the_vote("Buy a bell").await;
        mails(&mailbox, 2).await;
        let subject = mailbox.mails()[1].header("subject").to_owned();
        assert_eq!(subject, "Vote open: Buy a bell");

        // A mail program clicks, without being signed in.
        let alder = &federation.coops[0];
        let link = mail.header("list-unsubscribe").trim_matches(['<', '>']);
        let path = link.strip_prefix(&alder.url("")).unwrap();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let clicked = Client::of(alder.web)
            .send("POST", path, &kind, "List-Unsubscribe=One-Click")
            .await;
        clicked.unwrap().expect(200);
        let account = steward.get("/account").await.expect(200).body;
        let (_, ticks) = account.split_once("name=\"reminders\"").unwrap();
        let ticks = ticks.split_once('>').unwrap().0;
        assert!(!ticks.contains("checked"), "{ticks}");
    });
}

#[test]
fn a_mail_server_that_refuses_or_hangs_is_said_holds_nothing_up_and_loses_no_reminder() {
    timed_story(240, async {
        let mailbox = Mailbox::start(Mood::Refuses).await;
        let (mut federation, mut steward) = federation(&mailbox).await;
        let id = federation.coops[1].put_to_the_vote("Rent a hall").await;
        for (mood, because) in [
            (Mood::Refuses, "no such mailbox"),
            (Mood::Hangs, "Mail cannot be sent"),
        ] {
            mailbox.becomes(mood);
            if mood == Mood::Hangs {
                federation.coops[0].start(&[]).await;
                federation.meet().await;
            }
            wait::until("the node says it", 60, async || {
                let begun = Instant::now();
                let page = steward.get("/node").await.expect(200).body;
                // The mail server may take its time, the pages do not.
                assert!(begun.elapsed() < Duration::from_secs(10));
                assert!(!page.contains(ADDRESS), "{page}");
                (page.contains(because) && page.contains("1 mail waits.")).then_some(())
            })
            .await;
            assert!(federation.coops[0].stop().await.success());
        }
        assert_eq!(mailbox.mails().len(), 0);

        mailbox.becomes(Mood::Takes);
        federation.coops[0].start(&[]).await;
        mails(&mailbox, 1).await;
        let alder = &federation.coops[0];
        let page = steward.get("/node").await.expect(200).body;
        assert!(!page.contains("Mail cannot be sent"), "{page}");
        let address = alder.url(&format!("/decide/{id}"));
        assert!(mailbox.mails()[0].text.contains(&address));
    });
}
