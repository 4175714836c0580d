//! A co-op on its way in: it has applied, and waits until a decision, or before there is a register
//! enough founders, have admitted it.

mod heard;

use std::{fs, time::Duration};

use domain::{
    cbor::{Decode, Encode},
    id::MemberId,
    key::SecretKey,
    record::{Admission, Enter, Join, Newcomer},
};
use federation::{
    Act, Standing,
    application::{Request, Response},
};
use network::Network;
use serde::{Deserialize, Serialize};

use self::heard::Heard;
use crate::{
    directory::DataDirectory,
    driver::Handle,
    failure::{Failure, Outcome},
    founding,
    keyfile::{self, Role},
};

/// How often the inviter is asked: well below what its node takes from one peer.
const PAUSE: Duration = Duration::from_secs(10);
/// Who waits for founders asks every so many times whether decisions admit by now.
const ROUNDS: u64 = 6;

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
    /// What it told all members, where they admit by decision; none where founders do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_all: Option<ToAll>,
}

/// What a co-op told all members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToAll {
    /// The written request.
    pub request: String,
    /// What it commits itself to.
    pub contribution: String,
    /// The hash of the charter it accepted.
    pub terms: String,
}

impl Application {
    /// Writes it into the data directory, in the place of an earlier one.
    pub fn write(&self, directory: &DataDirectory) -> Outcome {
        let text = toml::to_string(self)
            .map_err(|error| Failure::refused("the application cannot be kept").because(error))?;
        keyfile::replace_private(&directory.application_path(), text.as_bytes())
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

/// That this directory is of an applicant, and how far its application is; nothing of a member's.
pub fn applying(directory: &DataDirectory) -> Outcome<Option<String>> {
    let Some(application) = Application::read(directory)? else {
        return Ok(None);
    };
    let path = directory.heard_path();
    let heard = match path.exists() {
        true => fs::read_to_string(&path).map_err(|error| {
            Failure::configuration(format!("cannot read {}", path.display())).because(error)
        })?,
        false => "nothing was heard of the application yet; the node asks while it runs".to_owned(),
    };
    Ok(Some(format!(
        "{:?} is not a member yet: {heard}",
        application.name
    )))
}

/// Refuses what only a member's node can do.
pub fn check_member(directory: &DataDirectory) -> Outcome {
    match applying(directory)? {
        Some(said) => Err(Failure::refused(said).hint("folkmoot status says how far it is")),
        None => Ok(()),
    }
}

/// Asks until this co-op is admitted, then takes up its membership with its root key.
pub async fn wait_and_join(
    directory: DataDirectory,
    handle: Handle,
    network: Network,
    mut application: Application,
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
    let (mut said, mut round) = (None, 0);
    loop {
        if !is_member(&handle, &root) {
            // It may have applied again meanwhile.
            if let Ok(Some(latest)) = Application::read(&directory) {
                application = latest;
            }
            let by_decision = application.to_all.is_some() || round % ROUNDS == ROUNDS - 1;
            let asker = Asker {
                handle: &handle,
                network: &network,
                root: &root,
                application: &application,
                by_decision,
            };
            let heard = asker.ask_each().await;
            if let Some(heard) = heard.filter(|heard| said.as_ref() != Some(heard)) {
                let sentence = heard.log(&application, directory.path());
                if let Err(error) = fs::write(directory.heard_path(), sentence) {
                    tracing::warn!(%error, "what was heard cannot be kept");
                }
                said = Some(heard);
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
        round += 1;
        tokio::time::sleep(PAUSE).await;
    }
    tracing::info!("admitted: this co-op is a member now");
    crate::run::print_link(&directory, &handle, &public_url).await;
}

/// Who asks how far its admission is.
struct Asker<'a> {
    handle: &'a Handle,
    network: &'a Network,
    root: &'a SecretKey,
    application: &'a Application,
    /// Whether it asks after a decision rather than after founders' signatures.
    by_decision: bool,
}

impl Asker<'_> {
    /// Asks at each address until one answers.
    async fn ask_each(&self) -> Option<Heard> {
        for address in &self.application.addresses {
            let asked = match self.by_decision {
                true => self.ask_standing(address).await,
                false => self.ask_founders(address).await,
            };
            match asked {
                Ok(heard) => return heard,
                Err(problem) => tracing::info!(%address, %problem, "no answer about the admission"),
            }
            if is_member(self.handle, self.root) {
                return None;
            }
        }
        None
    }

    async fn send(&self, address: &str, request: Request) -> Result<Response, String> {
        let answer = self.network.request(address, request.to_bytes()).await;
        let answer = answer.map_err(|error| error.to_string())?;
        Response::from_bytes(&answer).map_err(|error| error.to_string())
    }

    /// Asks how far the decision is, and enters when it has admitted this co-op; nothing then.
    async fn ask_standing(&self, address: &str) -> Result<Option<Heard>, String> {
        let root = self.root.public();
        let waits_for_founders = self.application.to_all.is_none();
        let standing = match self.send(address, Request::Standing { root }).await? {
            Response::Standing(standing) => standing,
            // A node of an older release, which asks founders.
            Response::Refused(_) if waits_for_founders => return Ok(None),
            Response::Refused(why) => return Err(why),
            _ => return Err("it answered something else".to_owned()),
        };
        match standing {
            Standing::Admitted { member, newcomer } => {
                if newcomer.root != root || member != MemberId(root.0) {
                    return Err("it speaks of another member".to_owned());
                }
                if (&newcomer.name, &newcomer.class)
                    != (&self.application.name, &self.application.class)
                {
                    let (name, class) = (&newcomer.name, &newcomer.class);
                    tracing::warn!(
                        name,
                        class,
                        "admitted on an earlier application of this co-op"
                    );
                }
                let enter = Act::Enter(Enter { member, newcomer });
                let entered = self.handle.act(self.root.clone(), enter).await;
                entered.map_err(|failure| failure.message)?;
                Ok(None)
            }
            Standing::NoRegister if waits_for_founders => Ok(None),
            standing => Ok(Some(Heard::Standing(standing))),
        }
    }

    /// Asks which founders have signed, and joins when they are enough; nothing then.
    async fn ask_founders(&self, address: &str) -> Result<Option<Heard>, String> {
        let root = self.root.public();
        let answer = self.send(address, Request::Status { root }).await?;
        let Response::Status { admissions, needed } = answer else {
            return Err("it answered something else".to_owned());
        };
        let newcomer = Newcomer {
            root,
            class: self.application.class.clone(),
            name: self.application.name.clone(),
        };
        let join = self.handle.read(|core| {
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
        let enough = self.handle.read(|core| core.genesis().admissions_needed());
        if join.admissions.len() < enough {
            let found = join.admissions.len();
            return Ok(Some(Heard::Founders { found, needed }));
        }
        let joined = self.handle.act(self.root.clone(), Act::Join(join)).await;
        joined.map_err(|failure| failure.message)?;
        Ok(None)
    }
}

/// After `join` or `enter`: the first grants, unless they were written before a crash, and no more waiting.
pub async fn complete(directory: &DataDirectory, handle: &Handle, root: &SecretKey) -> Outcome {
    let has_node = handle.read(|core| core.view().keys.contains_key(&core.node()));
    if !has_node || !directory.link_path().exists() {
        founding::begin_member(directory, handle, root).await?;
    }
    if directory.heard_path().exists() {
        fs::remove_file(directory.heard_path()).map_err(|error| {
            Failure::configuration("cannot remove what was heard of the application").because(error)
        })?;
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
mod tests;
