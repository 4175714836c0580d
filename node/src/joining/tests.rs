//! From an application to the first grants, whatever is lost on the way.

use domain::{charter::Charter, genesis::Founder};
use network::{Limits, Settings};

use super::*;
use crate::{driver::Running, opening};

const CLASS: &str = "producer";

/// What a newcomer joins with.
fn join(root: &SecretKey, founder: &SecretKey, federation: &domain::id::FederationId) -> Join {
    let newcomer = Newcomer {
        root: root.public(),
        class: CLASS.to_owned(),
        name: "Elm".to_owned(),
    };
    let admission = Admission {
        founder: founder.public(),
        signature: founder.sign(&newcomer.message(federation)),
    };
    Join {
        newcomer,
        admissions: vec![admission],
    }
}

/// The node of a co-op that has applied.
struct Elm {
    _folder: tempfile::TempDir,
    directory: DataDirectory,
    root: SecretKey,
    alder: SecretKey,
    federation: domain::id::FederationId,
}

impl Elm {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::create(folder.path().join("data")).unwrap();
        let root = founding::prepare(&directory, "Elm", &[]).unwrap();
        let alder = SecretKey::from_seed(&[1; 32]);
        let founder = Founder {
            root: alder.public(),
            name: "Alder".to_owned(),
            class: CLASS.to_owned(),
        };
        let genesis = founding::genesis("Trees", vec![founder], &Charter::default()).unwrap();
        founding::write_genesis(&directory, &genesis).unwrap();
        application().write(&directory).unwrap();
        Self {
            _folder: folder,
            directory,
            root,
            alder,
            federation: genesis.federation(),
        }
    }

    async fn start(&self) -> Running {
        let restored = opening::restore(&self.directory).await.unwrap();
        restored.start(None, true)
    }

    /// It has heard that it is a member, and nobody asks any more: it goes on by itself.
    async fn goes_on(&self, running: Running) {
        let handle = running.handle.clone();
        let settings = Settings {
            listen: Vec::new(),
            secret: SecretKey::from_seed(&[2; 32]),
            federation: None,
            limits: Limits::default(),
        };
        let (network, _events) = Network::start(settings).await.unwrap();
        let joined = wait_and_join(
            self.directory.clone(),
            handle.clone(),
            network.clone(),
            application(),
            "http://127.0.0.1:1".to_owned(),
        );
        let joined = tokio::time::timeout(Duration::from_secs(30), joined).await;
        assert!(joined.is_ok(), "it waits for ever");
        assert!(!self.directory.application_path().exists());
        assert!(self.directory.link_path().exists());
        assert!(handle.read(|core| core.view().keys.contains_key(&core.node())));
        network.shutdown().await;
        opening::close(running).await.unwrap();
    }

    fn enter(&self) -> Act {
        Act::Enter(Enter {
            member: MemberId(self.root.public().0),
            newcomer: join(&self.root, &self.alder, &self.federation).newcomer,
        })
    }
}

fn application() -> Application {
    Application {
        name: "Elm".to_owned(),
        class: CLASS.to_owned(),
        addresses: Vec::new(),
        to_all: None,
    }
}

#[tokio::test]
async fn a_join_whose_answer_was_lost_is_completed_without_a_restart() {
    let elm = Elm::new();
    let running = elm.start().await;
    let joining = join(&elm.root, &elm.alder, &elm.federation);
    // Whoever asked hears nothing of it.
    let act = Act::Join(joining);
    running.handle.act(elm.root.clone(), act).await.unwrap();
    elm.goes_on(running).await;
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_is_completed_without_a_restart_and_after_one() {
    for restarts in [false, true] {
        let elm = Elm::new();
        let mut running = elm.start().await;
        let entered = running.handle.act(elm.root.clone(), elm.enter()).await;
        entered.unwrap();
        if restarts {
            opening::close(running).await.unwrap();
            running = elm.start().await;
        }
        elm.goes_on(running).await;
    }
}

#[test]
fn an_application_of_an_earlier_release_is_read() {
    let elm = Elm::new();
    let text = "name = \"Elm\"\nclass = \"producer\"\naddresses = []\n";
    fs::write(elm.directory.application_path(), text).unwrap();
    let read = Application::read(&elm.directory).unwrap();
    assert_eq!(read, Some(application()));
    let to_all = ToAll {
        request: "Two lines\nof words".to_owned(),
        contribution: "Ten hours".to_owned(),
        terms: "00".to_owned(),
    };
    let latest = Application {
        to_all: Some(to_all),
        ..application()
    };
    latest.write(&elm.directory).unwrap();
    assert_eq!(Application::read(&elm.directory).unwrap(), Some(latest));
}
