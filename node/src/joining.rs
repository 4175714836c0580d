//! A co-op on its way in: it has applied, and waits until enough founders have admitted it.

use std::{fs, time::Duration};

use domain::{
    cbor::{Decode, Encode},
    id::MemberId,
    key::SecretKey,
    record::{Admission, Join, Newcomer},
};
use federation::{
    Act,
    application::{Request, Response},
};
use network::Network;
use serde::{Deserialize, Serialize};

use crate::{
    directory::DataDirectory,
    driver::Handle,
    failure::{Failure, Outcome},
    founding,
    keyfile::{self, Role},
};

/// How often the inviter is asked: well below what its node takes from one peer.
const PAUSE: Duration = Duration::from_secs(10);

/// What a co-op applied with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Where the inviting node answers.
    pub addresses: Vec<String>,
}

impl Application {
    /// Writes it into the data directory.
    pub fn write(&self, directory: &DataDirectory) -> Outcome {
        let text = toml::to_string(self)
            .map_err(|error| Failure::refused("the application cannot be kept").because(error))?;
        let path = directory.application_path();
        // One left by an application that did not come through counts no more.
        if path.exists() {
            fs::remove_file(&path).map_err(|error| {
                Failure::configuration(format!("cannot replace {}", path.display())).because(error)
            })?;
        }
        keyfile::write_private(&path, text.as_bytes())
    }

    /// Reads it; none if the directory is of no applicant.
    pub fn read(directory: &DataDirectory) -> Outcome<Option<Self>> {
        let path = directory.application_path();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure::configuration(format!("cannot read {}", path.display())).because(error)
        })?;
        toml::from_str(&text).map(Some).map_err(|error| {
            Failure::configuration(format!(
                "{} is not as folkmoot join wrote it",
                path.display()
            ))
            .because(error)
        })
    }
}

/// Asks until enough founders have admitted this co-op, then joins with its root key.
pub async fn wait_and_join(
    directory: DataDirectory,
    handle: Handle,
    network: Network,
    application: Application,
    public_url: String,
) {
    let root = match directory.key(Role::Root) {
        Ok(root) => root,
        Err(failure) => {
            tracing::error!(
                problem = failure.message,
                "the root key is needed to join; put its file back into the data directory"
            );
            return;
        }
    };
    let mut said = None;
    loop {
        if !is_member(&handle, &root) {
            let waiting = ask_each(&handle, &network, &root, &application).await;
            if let Some(Waiting { found, needed }) = waiting.filter(|_| waiting != said) {
                tracing::info!("{found} of {needed} founders have admitted this co-op");
                said = waiting;
            }
        }
        // The core is looked at, whatever was answered: the answer to a join can be lost, and what
        // follows a join can fail, on a full disk for instance.
        if is_member(&handle, &root) {
            match complete(&directory, &handle, &root).await {
                Ok(()) => break,
                Err(failure) => tracing::error!("joined, but: {failure}"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::info!("admitted: this co-op is a member now");
    crate::run::print_link(&directory, &handle, &public_url).await;
}

/// How far the admission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    found: usize,
    needed: u64,
}

/// Asks at each address until one answers.
async fn ask_each(
    handle: &Handle,
    network: &Network,
    root: &SecretKey,
    application: &Application,
) -> Option<Waiting> {
    for address in &application.addresses {
        match ask(handle, network, address, root, application).await {
            Ok(waiting) => return waiting,
            Err(problem) => tracing::info!(%address, %problem, "no answer about the admission"),
        }
        if is_member(handle, root) {
            return None;
        }
    }
    None
}

/// Asks how far the admission is, and joins when enough founders have signed; nothing then.
async fn ask(
    handle: &Handle,
    network: &Network,
    address: &str,
    root: &SecretKey,
    application: &Application,
) -> Result<Option<Waiting>, String> {
    let request = Request::Status {
        root: root.public(),
    };
    let answer = network.request(address, request.to_bytes()).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let answer = Response::from_bytes(&answer).map_err(|error| error.to_string())?;
    let Response::Status { admissions, needed } = answer else {
        return Err("it answered something else".to_owned());
    };
    let newcomer = Newcomer {
        root: root.public(),
        class: application.class.clone(),
        name: application.name.clone(),
    };
    let join = handle.read(|core| {
        let message = newcomer.message(&core.federation());
        let is_valid = |admission: &Admission| {
            core.genesis().founder(&admission.founder).is_some()
                && admission
                    .founder
                    .verify(&message, &admission.signature)
                    .is_ok()
        };
        let mut admissions: Vec<Admission> = admissions.into_iter().filter(is_valid).collect();
        admissions.sort_unstable_by_key(|admission| admission.founder);
        admissions.dedup_by_key(|admission| admission.founder);
        Join {
            newcomer,
            admissions,
        }
    });
    let enough = handle.read(|core| core.genesis().admissions_needed());
    if join.admissions.len() < enough {
        let found = join.admissions.len();
        return Ok(Some(Waiting { found, needed }));
    }
    let joined = handle.act(root.clone(), Act::Join(join)).await;
    joined.map_err(|failure| failure.message)?;
    Ok(None)
}

/// After `join`: the first grants, unless they were written before a crash, and no more waiting.
pub async fn complete(directory: &DataDirectory, handle: &Handle, root: &SecretKey) -> Outcome {
    let has_node = handle.read(|core| core.view().keys.contains_key(&core.node()));
    if !has_node || !directory.link_path().exists() {
        founding::begin_member(directory, handle, root).await?;
    }
    fs::remove_file(directory.application_path()).map_err(|error| {
        Failure::configuration("cannot remove the application's file").because(error)
    })
}

/// Whether the member of this root key is in already.
pub fn is_member(handle: &Handle, root: &SecretKey) -> bool {
    handle.read(|core| core.view().members.contains_key(&MemberId(root.public().0)))
}

#[cfg(test)]
mod tests {
    use domain::{charter::Charter, genesis::Founder};
    use network::{Limits, Settings};

    use super::*;
    use crate::opening;

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

    #[tokio::test]
    async fn a_join_whose_answer_was_lost_is_completed_without_a_restart() {
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
        let application = Application {
            name: "Elm".to_owned(),
            class: CLASS.to_owned(),
            addresses: Vec::new(),
        };
        application.write(&directory).unwrap();
        let running = opening::restore(&directory)
            .await
            .unwrap()
            .start(None, true);
        let handle = running.handle.clone();
        let joining = join(&root, &alder, &genesis.federation());
        // Whoever asked hears nothing of it.
        handle.act(root.clone(), Act::Join(joining)).await.unwrap();
        let settings = Settings {
            listen: Vec::new(),
            secret: SecretKey::from_seed(&[2; 32]),
            federation: None,
            limits: Limits::default(),
        };
        let (network, _events) = Network::start(settings).await.unwrap();
        let joined = wait_and_join(
            directory.clone(),
            handle.clone(),
            network.clone(),
            application,
            "http://127.0.0.1:1".to_owned(),
        );
        let joined = tokio::time::timeout(Duration::from_secs(30), joined).await;
        assert!(joined.is_ok(), "it waits for ever");
        assert!(!directory.application_path().exists());
        assert!(directory.link_path().exists());
        assert!(handle.read(|core| core.view().keys.contains_key(&core.node())));
        network.shutdown().await;
        opening::close(running).await.unwrap();
    }
}
