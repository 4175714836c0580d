//! `folkmoot join`

use clap::Args;
use domain::{
    cbor::{Decode, Encode},
    genesis::Genesis,
    key::SecretKey,
};
use federation::application::{Request, Response};
use network::{Limits, Network, Settings};
use serde_json::json;

use crate::{
    cli::Global,
    clock,
    directory::DataDirectory,
    failure::{Failure, Outcome},
    founding,
    invitation::Invitation,
    joining::Application,
    keyfile::Role,
    run::network_failure,
    strangers::application_proof,
};

/// Apply to a federation with an invitation
#[derive(Debug, Args)]
pub struct Join {
    /// The invitation, or - to read it from standard input
    invitation: String,
    /// The name of this co-op
    #[arg(long)]
    name: String,
    /// The class to apply for
    #[arg(long, default_value = "producer")]
    class: String,
    /// What to say to the founders
    #[arg(long, value_name = "TEXT", default_value = "")]
    request: String,
}

impl Join {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let invitation = Invitation::parse(&self.text()?)?;
        invitation.check_time(clock::now())?;
        founding::check_name("name", &self.name)?;
        let directory = DataDirectory::create(global.directory()?.path())?;
        if directory.has_genesis() {
            return Err(self.occupied(&directory, &invitation));
        }
        let asker = SecretKey::from_seed(&clock::random()?);
        let (network, _events) = start(&asker).await?;
        let applied = self.apply(&directory, &invitation, &network).await;
        network.shutdown().await;
        let genesis = applied?;
        let json = json!({
            "federation": genesis.federation().to_string(),
            "name": genesis.name,
            "state": "applicant",
            "needed": genesis.admissions_needed(),
        });
        let text = format!(
            "Applied to {:?}. {} of its founders must admit {:?} (folkmoot admit).\n\
             Next: folkmoot run --data {}   It joins by itself when they have.",
            genesis.name,
            genesis.admissions_needed(),
            self.name,
            directory.path().display()
        );
        global.say(&json, text)
    }

    fn text(&self) -> Outcome<String> {
        if self.invitation != "-" {
            return Ok(self.invitation.clone());
        }
        std::io::read_to_string(std::io::stdin())
            .map_err(|error| Failure::usage("cannot read the invitation").because(error))
    }

    fn occupied(&self, directory: &DataDirectory, invitation: &Invitation) -> Failure {
        let path = directory.path().display();
        match directory.genesis() {
            Ok(genesis) if genesis.federation() == invitation.federation => {
                Failure::refused(format!("{path} has applied to {:?} already", genesis.name))
                    .hint(format!("folkmoot run --data {path}"))
            }
            Ok(genesis) => Failure::configuration(format!(
                "{path} belongs to the federation {:?}, the invitation is to another",
                genesis.name
            ))
            .hint("choose another directory: --data DIR"),
            Err(failure) => failure,
        }
    }

    async fn apply(
        &self,
        directory: &DataDirectory,
        invitation: &Invitation,
        network: &Network,
    ) -> Outcome<Genesis> {
        let secret = invitation.secret;
        let (address, answer) = ask(network, invitation, Request::Genesis { secret }).await?;
        let genesis = read_genesis(&answer, invitation)?;
        let charter = domain::charter::Charter::decode(&genesis.charter).map_err(|error| {
            Failure::configuration("this release cannot read the federation's charter")
                .because(error)
                .hint("update folkmoot")
        })?;
        founding::check_class(&charter, &self.class)?;
        let root = if directory.is_prepared() {
            directory.key(Role::Root)?
        } else {
            founding::prepare(directory, &self.name, &invitation.addresses)?
        };
        let federation = genesis.federation();
        let request = Request::Apply {
            secret,
            root: root.public(),
            name: self.name.clone(),
            class: self.class.clone(),
            proof: application_proof(&federation, &root, &self.name, &self.class),
            request: self.request.clone(),
        };
        let answer = network
            .request(&address, request.to_bytes())
            .await
            .map_err(network_failure)?;
        match read(&answer)? {
            Response::Applied => {}
            Response::Refused(why) => return Err(refused(&why)),
            _ => return Err(strange(&address)),
        }
        Application {
            name: self.name.clone(),
            class: self.class.clone(),
            addresses: invitation.addresses.clone(),
        }
        .write(directory)?;
        founding::write_genesis(directory, &genesis)?;
        Ok(genesis)
    }
}

async fn start(key: &SecretKey) -> Outcome<(Network, network::Events)> {
    let settings = Settings {
        listen: Vec::new(),
        secret: key.clone(),
        federation: None,
        limits: Limits::default(),
    };
    Network::start(settings).await.map_err(network_failure)
}

/// Asks at each address of the invitation until one answers.
async fn ask(
    network: &Network,
    invitation: &Invitation,
    request: Request,
) -> Outcome<(String, Response)> {
    let mut failure = Failure::refused("the invitation names no address");
    for address in &invitation.addresses {
        match network.request(address, request.to_bytes()).await {
            Ok(answer) => return Ok((address.clone(), read(&answer)?)),
            Err(error) => {
                failure = network_failure(error).hint(
                    "ask the member that invited you whether its node runs and can be reached",
                );
            }
        }
    }
    Err(failure)
}

fn read(answer: &[u8]) -> Outcome<Response> {
    Response::from_bytes(answer).map_err(|error| {
        Failure::refused("the node answered something this release cannot read")
            .because(error)
            .hint("update folkmoot on one side")
    })
}

fn read_genesis(answer: &Response, invitation: &Invitation) -> Outcome<Genesis> {
    let bytes = match answer {
        Response::Genesis(bytes) => bytes,
        Response::Refused(why) => return Err(refused(why)),
        _ => return Err(strange("the inviting node")),
    };
    let genesis = Genesis::from_bytes(bytes).map_err(|error| {
        Failure::configuration("this release cannot read the federation's genesis")
            .because(error)
            .hint("update folkmoot")
    })?;
    if genesis.federation() != invitation.federation {
        return Err(Failure::refused(format!(
            "the node answered with the genesis of {}, the invitation is to {}",
            genesis.federation(),
            invitation.federation
        ))
        .hint("ask the member that invited you for a new invitation"));
    }
    Ok(genesis)
}

fn refused(why: &str) -> Failure {
    Failure::refused(format!("the inviting node says: {why}"))
}

fn strange(who: &str) -> Failure {
    Failure::refused(format!("{who} answered something else than was asked"))
}
