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
        for address in &application.addresses {
            match ask(&handle, &network, address, &root, &application).await {
                Ok(Progress::Joined) => {
                    finish(&directory, &handle, &root, &public_url).await;
                    return;
                }
                Ok(Progress::Waiting { found, needed }) => {
                    if said != Some(found) {
                        tracing::info!("{found} of {needed} founders have admitted this co-op");
                        said = Some(found);
                    }
                    break;
                }
                Err(problem) => tracing::info!(%address, %problem, "no answer about the admission"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

enum Progress {
    Joined,
    Waiting { found: usize, needed: u64 },
}

async fn ask(
    handle: &Handle,
    network: &Network,
    address: &str,
    root: &SecretKey,
    application: &Application,
) -> Result<Progress, String> {
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
        return Ok(Progress::Waiting { found, needed });
    }
    let joined = handle.act(root.clone(), Act::Join(join)).await;
    joined.map_err(|failure| failure.message)?;
    Ok(Progress::Joined)
}

async fn finish(directory: &DataDirectory, handle: &Handle, root: &SecretKey, public_url: &str) {
    if let Err(failure) = complete(directory, handle, root).await {
        tracing::error!("joined, but: {failure}");
        return;
    }
    tracing::info!("admitted: this co-op is a member now");
    crate::run::print_link(directory, handle, public_url).await;
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
