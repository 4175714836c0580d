//! What strangers are answered, by a node with a register and one without.

use std::collections::BTreeSet;

use domain::{
    charter::Charter,
    genesis::Founder,
    id::{FederationId, Hash, MemberId},
    record::{Grant, Purpose, Roles},
};
use register::begin::{Begin, Beginning, First};
use replica::view::Decreed;

use super::*;
use crate::{directory::DataDirectory, driver::Running, founding, guests::Guest, opening};

const SECRET: [u8; 32] = [5; 32];

fn elm() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

/// A federation of one co-op, with its node.
struct Place {
    _folder: tempfile::TempDir,
    running: Running,
    desk: Desk,
    root: SecretKey,
    validator: SecretKey,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::create(folder.path().join("data")).unwrap();
        let root = founding::prepare(&directory, "Alder", &[]).unwrap();
        let founder = Founder {
            root: root.public(),
            name: "Alder".to_owned(),
            class: "producer".to_owned(),
        };
        let genesis = founding::genesis("Trees", vec![founder], &Charter::default()).unwrap();
        founding::write_genesis(&directory, &genesis).unwrap();
        let restored = opening::restore(&directory).await.unwrap();
        let running = restored.start(None, true);
        let handle = running.handle.clone();
        handle.act(root.clone(), Act::Found).await.unwrap();
        founding::begin_member(&directory, &handle, &root)
            .await
            .unwrap();
        let desk = Desk {
            guests: Guests::new(handle.store().clone()),
            handle,
            node: directory.key(crate::keyfile::Role::Node).unwrap(),
        };
        let guest = Guest {
            name: "Elm".to_owned(),
            class: String::new(),
            expires_ms: clock::now().plus_seconds(3_600).0,
            used_by: None,
            applications: 0,
        };
        desk.guests
            .add(clock::now(), &SECRET, &guest)
            .await
            .unwrap();
        let validator = directory.key(crate::keyfile::Role::Validator).unwrap();
        Self {
            _folder: folder,
            running,
            desk,
            root,
            validator,
        }
    }

    fn federation(&self) -> FederationId {
        self.desk.handle.read(Core::federation)
    }

    async fn begin_register(&self) {
        let (federation, member) = (self.federation(), MemberId(self.root.public().0));
        let (purpose, key) = (Purpose::Validator, &self.validator);
        let grant = Act::Grant {
            purpose,
            key: key.public(),
            person: None,
            roles: Roles::none(),
            custody: record::Custody::Node,
            proof: Some(Grant::prove(key, &federation, &member, purpose, None)),
        };
        let handle = &self.desk.handle;
        handle.act(self.root.clone(), grant).await.unwrap();
        let record = handle.read(|core| core.view().members[&member].record);
        let first = First {
            member,
            name: "Alder".to_owned(),
            class: "producer".to_owned(),
            root: self.root.public(),
            record,
            host: member,
            validator: Some(self.validator.public()),
        };
        let begin = Begin {
            time: clock::now(),
            members: vec![first],
        };
        let signatures = vec![begin.sign(&federation, &self.root)];
        let beginning = Beginning { begin, signatures }.to_bytes();
        let act = Act::BeginRegister { beginning };
        handle.act(self.root.clone(), act).await.unwrap();
        assert!(handle.read(has_register));
    }

    fn applicant(&self, root: &SecretKey, class: &str, terms: Hash) -> Applicant {
        let words = ("We mend bicycles.", "ten hours a month");
        Applicant::sign(&self.federation(), root, ("Elm", class), words, terms, None)
    }

    async fn apply(&self, applicant: Applicant) -> Response {
        let applicant = Box::new(applicant);
        let request = Request::ApplyToAll {
            secret: SECRET,
            applicant,
        };
        self.desk.answer(request).await
    }

    async fn standing(&self, root: &SecretKey) -> Response {
        let root = root.public();
        self.desk.answer(Request::Standing { root }).await
    }

    fn stored(&self) -> usize {
        self.desk.handle.read(|core| core.replica().len())
    }

    async fn close(self) {
        opening::close(self.running).await.unwrap();
    }
}

fn why(response: Response) -> String {
    match response {
        Response::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_terms_are_the_charter_in_force_and_none_before_the_register() {
    let place = Place::new().await;
    let terms = Request::Terms { secret: SECRET };
    assert_eq!(
        place.desk.answer(terms.clone()).await,
        Response::Terms(None)
    );
    let early = place.applicant(&elm(), "producer", Charter::default().hash());
    assert!(why(place.apply(early).await).contains("no register yet"));
    let none = Response::Standing(Standing::NoRegister);
    assert_eq!(place.standing(&elm()).await, none);
    place.begin_register().await;
    let charter = Charter::default().to_bytes();
    let answer = place.desk.answer(terms).await;
    assert_eq!(answer, Response::Terms(Some(charter)));
    let stranger = Request::Terms { secret: [6; 32] };
    assert!(why(place.desk.answer(stranger).await).contains("did not make"));
    place.close().await;
}

#[tokio::test]
async fn an_application_that_could_not_be_decided_is_refused_before_anything_is_written() {
    let place = Place::new().await;
    place.begin_register().await;
    let terms = Charter::default().hash();
    let before = place.stored();
    let mut forged = place.applicant(&elm(), "producer", terms);
    forged.contribution = "a hundred hours a month".to_owned();
    let cases = [
        (forged, "not signed by the root key"),
        (
            place.applicant(&elm(), "producer", Hash([1; 32])),
            "the charter has changed",
        ),
        (place.applicant(&elm(), "emperor", terms), "emperor"),
        (
            place.applicant(&place.root, "producer", terms),
            "member already",
        ),
    ];
    for (applicant, word) in cases {
        let why = why(place.apply(applicant).await);
        assert!(why.contains(word), "{why}");
    }
    assert_eq!(place.stored(), before);
    let guest = place.desk.guests.find(clock::now(), &SECRET).await.unwrap();
    assert_eq!((guest.used_by, guest.applications), (None, 0));
    place.close().await;
}

#[tokio::test]
async fn an_invitation_takes_one_applicant_and_the_same_application_is_written_once() {
    let place = Place::new().await;
    place.begin_register().await;
    let terms = Charter::default().hash();
    let before = place.stored();
    for _ in 0..3 {
        let applicant = place.applicant(&elm(), "producer", terms);
        assert_eq!(place.apply(applicant).await, Response::Applied);
    }
    assert_eq!(place.stored(), before + 1);
    let waiting = Response::Standing(Standing::Waiting);
    assert_eq!(place.standing(&elm()).await, waiting);
    let other = SecretKey::from_seed(&[8; 32]);
    let refused = place
        .apply(place.applicant(&other, "producer", terms))
        .await;
    assert!(why(refused).contains("another co-op"));
    let unknown = Response::Standing(Standing::Unknown);
    assert_eq!(place.standing(&other).await, unknown);
    place.close().await;
}

#[tokio::test]
async fn a_node_of_an_older_release_is_told_that_decisions_admit() {
    let place = Place::new().await;
    let root = elm();
    let apply = Request::Apply {
        secret: SECRET,
        root: root.public(),
        name: "Elm".to_owned(),
        class: "producer".to_owned(),
        proof: application_proof(&place.federation(), &root, "Elm", "producer"),
        request: String::new(),
    };
    assert_eq!(place.desk.answer(apply.clone()).await, Response::Applied);
    let newcomer = Newcomer {
        root: root.public(),
        class: "producer".to_owned(),
        name: "Elm".to_owned(),
    };
    let signature = place.root.sign(&newcomer.message(&place.federation()));
    let admit = || {
        Act::Admit(record::Admit {
            newcomer: newcomer.clone(),
            signature,
        })
    };
    let handle = &place.desk.handle;
    handle.act(place.root.clone(), admit()).await.unwrap();
    let count = |answer: Response| match answer {
        Response::Status { admissions, .. } => admissions.len(),
        other => panic!("{other:?}"),
    };
    let status = || Request::Status {
        root: root.public(),
    };
    assert_eq!(count(place.desk.answer(status()).await), 1);
    place.begin_register().await;
    let refused = why(place.desk.answer(apply).await);
    assert!(refused.contains("admits by decision"), "{refused}");
    assert_eq!(count(place.desk.answer(status()).await), 0);
    let refused = handle.act(place.root.clone(), admit()).await.unwrap_err();
    assert!(refused.message.contains("admits by decision"), "{refused}");
    place.close().await;
}

#[tokio::test]
async fn who_is_a_member_no_more_is_introduced_to_nobody_and_leads_nobody_in() {
    let place = Place::new().await;
    let handle = &place.desk.handle;
    let ids = handle.read(Core::introduction);
    let entries = handle.entries(&ids).await.unwrap();
    let (mut view, node) = handle.read(|core| (core.replica().view(), core.node()));
    assert_eq!(check_introduced(&view, &entries), Ok(()));
    assert_eq!(check_own(&view, &node), Ok(()));
    view.follow(&Decreed {
        former: BTreeSet::from([MemberId(place.root.public().0)]),
        ..Decreed::default()
    });
    let refused = check_introduced(&view, &entries).unwrap_err();
    assert!(refused.contains("Alder is a member no more"), "{refused}");
    let refused = check_own(&view, &node).unwrap_err();
    assert!(refused.contains("ask another member"), "{refused}");
    place.close().await;
}
