//! Mail over encrypted connections, with certificates that fit and that do not.

use end_to_end::{
    certificate::Certified,
    coop::Coop,
    federation::{Federation, charter},
    mailbox::{Mailbox, Mood, Secrecy},
    story::story,
    wait,
};

const ADDRESS: &str = "steward@alder.example";
const MAIL_SECONDS: u64 = 20;

/// The mail server that Alder's node is told of, and the authority it is told to trust.
fn configure(alder: &Coop, others: &[String], tls: &str, port: u16, authority: &str) {
    std::fs::write(alder.data().join("mail-ca.pem"), authority).unwrap();
    let configuration = alder.configuration(others).replace(
        "[network]",
        &format!(
            "public_url = \"{}\"\n\n[mail]\nsmtp = \"localhost\"\nport = {port}\n\
             tls = \"{tls}\"\nca_file = \"mail-ca.pem\"\n\
             from = \"Alder <moot@alder.example>\"\n\n[network]",
            alder.url("").trim_end_matches('/'),
        ),
    );
    alder.configure(&configuration);
}

/// A server whose certificate does not fit is told nothing, and the page says why; once it fits, the
/// mail that waited arrives.
async fn refused_then_taken(tls: &str, secrecy: fn(Certified) -> Secrecy) {
    let (own, other) = (Certified::new("localhost"), Certified::new("localhost"));
    let elsewhere = Certified::new("mail.elsewhere.example");
    let mut federation = Federation::signed(&["Alder", "Birch"], &charter(3_600)).await;
    let others = federation.others(0);
    let strange = Mailbox::start_with(Mood::Takes, secrecy(other)).await;
    configure(
        &federation.coops[0],
        &others,
        tls,
        strange.port,
        &own.authority,
    );
    let check = federation.coops[0].say(&["config", "check"]).await;
    check.done();
    federation.start().await;
    let mut steward = federation.coops[0].sign_in().await;
    federation.coops[1].sign_in().await;
    let fields = [
        ("mail", ADDRESS),
        ("reminders", "yes"),
        ("digest_hour", "8"),
    ];
    let page = "/account";
    let set = steward.submit(page, "/account/reminders", &fields).await;
    set.expect(303);
    federation.coops[1].put_to_the_vote("Rent a hall").await;

    let named = Mailbox::start_with(Mood::Takes, secrecy(elsewhere.clone())).await;
    let wrong = [
        (&strange, &own.authority, ["UnknownIssuer", "mail.ca_file"]),
        (
            &named,
            &elsewhere.authority,
            ["is for another name", "mail.smtp"],
        ),
    ];
    for (mailbox, authority, why) in wrong {
        if mailbox.port != strange.port {
            assert!(federation.coops[0].stop().await.success());
            let alder = &mut federation.coops[0];
            configure(alder, &others, tls, mailbox.port, authority);
            alder.start(&[]).await;
        }
        wait::until("the node says why", MAIL_SECONDS, async || {
            let page = steward.get("/node").await.expect(200).body;
            let begins = "nothing was sent: the certificate of localhost";
            let says = [begins, why[0], why[1]];
            says.iter().all(|words| page.contains(words)).then_some(())
        })
        .await;
        assert!(mailbox.mails().is_empty());
        let told = mailbox.commands();
        let is_told = |word: &str| told.iter().any(|command| command == word);
        assert!(!is_told("MAIL") && !is_told("AUTH"), "{told:?}");
    }

    let right = Mailbox::start_with(Mood::Takes, secrecy(own.clone())).await;
    assert!(federation.coops[0].stop().await.success());
    let alder = &mut federation.coops[0];
    configure(alder, &others, tls, right.port, &own.authority);
    alder.start(&[]).await;
    wait::until("the mail arrives", MAIL_SECONDS, async || {
        (!right.mails().is_empty()).then_some(())
    })
    .await;
    let mail = right.mails().remove(0);
    assert_eq!(mail.to, [ADDRESS]);
    assert_eq!(mail.header("subject"), "Vote open: Rent a hall");
    let told = right.commands();
    assert_eq!(
        told.iter().any(|word| word == "STARTTLS"),
        tls == "starttls"
    );
    let page = steward.get("/node").await.expect(200).body;
    assert!(!page.contains("Mail cannot be sent"), "{page}");
}

#[test]
fn mail_is_encrypted_from_the_first_byte_and_only_for_a_server_whose_certificate_fits() {
    story(180, refused_then_taken("tls", Secrecy::Tls));
}

#[test]
fn mail_is_encrypted_after_the_greeting_and_only_for_a_server_whose_certificate_fits() {
    story(180, refused_then_taken("starttls", Secrecy::StartTls));
}
