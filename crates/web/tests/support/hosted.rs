//! Members that sign up through a host.

use axum::http::StatusCode;
use domain::{
    id::MemberId,
    key::{PublicKey, SecretKey},
    record::{Admit, Newcomer},
};
use federation::Act;
use web::hosted;

use super::{Answer, Browser, World, node::key};

/// The password of who signs up.
pub const THEIRS: &str = "battery staple";

pub fn member_of(root: &SecretKey) -> MemberId {
    MemberId(root.public().0)
}

/// The link of a new invitation, as the steward is shown it.
pub async fn link(alice: &mut Browser, class: &str) -> String {
    let fields = [("name", "Buyers"), ("class", class)];
    let page = alice
        .submit("/node/hosted", "/node/hosted/invite", &fields)
        .await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    let at = page.body.find("/join/").unwrap();
    page.body[at..].split('<').next().unwrap().to_owned()
}

pub async fn sign_up(browser: &mut Browser, link: &str, more: &[(&str, &str)]) -> Answer {
    let usual = [
        ("member_name", "Buyers' union"),
        ("class", "consumer"),
        ("request", "We would like to meet."),
        ("name", "Dora"),
        ("mail", ""),
        ("password", THEIRS),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let fields: Vec<(&str, &str)> = kept.chain(more.iter().copied()).collect();
    browser.post(link, &fields).await
}

/// Another founder signs the application.
pub async fn admit(world: &World, root: PublicKey, founder: u8) {
    let (newcomer, federation) = world.node.read(|core| {
        let record = &core.view().applications[&root].record;
        let newcomer = Newcomer {
            root,
            name: record.name.clone(),
            class: record.class.clone(),
        };
        (newcomer, core.federation())
    });
    let signature = key(founder, 1).sign(&newcomer.message(&federation));
    let act = Act::Admit(Admit {
        newcomer,
        signature,
    });
    world.node.act(key(founder, 1), act).await.unwrap();
}

pub fn applicant(world: &World) -> PublicKey {
    let roots = |core: &federation::Core| core.view().applications.keys().copied().collect();
    let roots: Vec<PublicKey> = world.node.read(roots);
    assert_eq!(roots.len(), 1);
    roots[0]
}

/// Dora's co-op is hosted: the browser in which she is signed in, and its member.
pub async fn hosted_coop(world: &World, alice: &mut Browser) -> (Browser, MemberId) {
    let link = link(alice, "consumer").await;
    let mut dora = world.browser();
    let answer = sign_up(&mut dora, &link, &[]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let root = applicant(world);
    let path = format!("/federation/applications/{root}/admit");
    let admitted = alice.submit("/federation/applications", &path, &[]).await;
    assert_eq!(
        admitted.status(),
        StatusCode::SEE_OTHER,
        "{}",
        admitted.body
    );
    admit(world, root, 1).await;
    hosted::go_on_all(&world.site).await.unwrap();
    (dora, MemberId(root.0))
}
