//! `folkmoot join`

pub mod terms;

use clap::Args;
use domain::{
    cbor::{Decode, Encode},
    charter::Charter,
    effect::Applicant,
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
    joining::{Application, ToAll},
    keyfile::Role,
    run::network_failure,
    strangers::application_proof,
};

/// Apply to a federation with an invitation
///
/// Where a register has begun, all members decide: you read the charter, accept it with
/// --accept-charter, and say who you are and what you commit yourselves to. Run it again to apply
/// again, after the charter has changed for instance.
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
    /// What to say to those who admit: who you are, and why you ask
    #[arg(long, value_name = "TEXT")]
    request: Option<String>,
    /// What you commit yourselves to, in one line
    #[arg(long, value_name = "TEXT")]
    contribution: Option<String>,
    /// The beginning of the hash of the charter that you have read and accept
    #[arg(long, value_name = "HASH")]
    accept_charter: Option<String>,
}

/// Who applied, and how.
struct Applied {
    genesis: Genesis,
    application: Application,
    root: SecretKey,
}

impl Join {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let invitation = Invitation::parse(&self.text()?)?;
        invitation.check_time(clock::now())?;
        founding::check_name("name", &self.name)?;
        let directory = DataDirectory::create(global.directory()?.path())?;
        self.check_free(&directory, &invitation)?;
        let asker = SecretKey::from_seed(&clock::random()?);
        let (network, _events) = start(&asker).await?;
        let journey = Journey {
            join: &self,
            global,
            directory: &directory,
            invitation: &invitation,
            network: &network,
        };
        let applied = journey.apply().await;
        network.shutdown().await;
        self.say(global, &directory, &applied?)
    }

    fn say(&self, global: &Global, directory: &DataDirectory, applied: &Applied) -> Outcome {
        let (genesis, root) = (&applied.genesis, applied.root.public());
        let mut json = json!({
            "federation": genesis.federation().to_string(),
            "name": genesis.name,
            "state": "applicant",
            "root": root.to_string(),
        });
        let data = directory.path().display();
        let Some(to_all) = &applied.application.to_all else {
            json["needed"] = json!(genesis.admissions_needed());
            let text = format!(
                "Applied to {:?}. {} of its founders must admit {:?} (folkmoot admit).\n\
                 Next: folkmoot run --data {data}   It joins by itself when they have.",
                genesis.name,
                genesis.admissions_needed(),
                self.name,
            );
            return global.say(&json, text);
        };
        json["terms"] = json!(to_all.terms);
        let text = format!(
            "Applied to all members of {:?}. One of them proposes to admit {:?} (folkmoot admit), and they \
             decide.\nFor them to compare, your root key: {root}\n\
             Next: folkmoot run --data {data}   It enters by itself once it is admitted.",
            genesis.name, self.name,
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

    /// Refuses a directory of another federation, or of a member.
    fn check_free(&self, directory: &DataDirectory, invitation: &Invitation) -> Outcome {
        if !directory.has_genesis() {
            return Ok(());
        }
        let path = directory.path().display();
        let genesis = directory.genesis()?;
        if genesis.federation() != invitation.federation {
            return Err(Failure::configuration(format!(
                "{path} belongs to the federation {:?}, the invitation is to another",
                genesis.name
            ))
            .hint("choose another directory: --data DIR"));
        }
        match Application::read(directory)? {
            Some(_) => Ok(()),
            None => Err(
                Failure::refused(format!("{path} is of a member of {:?}", genesis.name))
                    .hint(format!("folkmoot run --data {path}")),
            ),
        }
    }
}

/// The way of an application to the inviting node.
struct Journey<'a> {
    join: &'a Join,
    global: &'a Global,
    directory: &'a DataDirectory,
    invitation: &'a Invitation,
    network: &'a Network,
}

impl Journey<'_> {
    async fn apply(&self) -> Outcome<Applied> {
        let secret = self.invitation.secret;
        let (address, answer) =
            ask(self.network, self.invitation, Request::Genesis { secret }).await?;
        let genesis = read_genesis(&answer, self.invitation)?;
        let request = Request::Terms { secret };
        let (request, to_all) = match self.send(&address, request).await? {
            Response::Terms(Some(charter)) => self.to_all(&genesis, &charter)?,
            Response::Terms(None) => (self.to_founders(&genesis)?, None),
            Response::Refused(_) => {
                self.global.note(
                    "The inviting node is of an older release: you apply to the founders. Should the \
                     federation admit by decision, your node says so once that node is updated.",
                );
                (self.to_founders(&genesis)?, None)
            }
            _ => return Err(strange(&address)),
        };
        match self.send(&address, request).await? {
            Response::Applied => {}
            Response::Refused(why) => return Err(refused(&why)),
            _ => return Err(strange(&address)),
        }
        let application = Application {
            name: self.join.name.clone(),
            class: self.join.class.clone(),
            addresses: self.invitation.addresses.clone(),
            to_all,
        };
        application.write(self.directory)?;
        if !self.directory.has_genesis() {
            founding::write_genesis(self.directory, &genesis)?;
        }
        Ok(Applied {
            genesis,
            application,
            root: self.root()?,
        })
    }

    async fn send(&self, address: &str, request: Request) -> Outcome<Response> {
        let answer = self.network.request(address, request.to_bytes()).await;
        read(&answer.map_err(network_failure)?)
    }

    /// The root key, made at the first try.
    fn root(&self) -> Outcome<SecretKey> {
        match self.directory.is_prepared() {
            true => self.directory.key(Role::Root),
            false => founding::prepare(self.directory, &self.join.name, &self.invitation.addresses),
        }
    }

    fn charter(&self, bytes: &[u8]) -> Outcome<Charter> {
        let charter = Charter::decode(bytes).map_err(|error| {
            Failure::configuration("this release cannot read the federation's charter")
                .because(error)
                .hint("update folkmoot")
        })?;
        founding::check_class(&charter, &self.join.class)?;
        Ok(charter)
    }

    /// The application to the founders.
    fn to_founders(&self, genesis: &Genesis) -> Outcome<Request> {
        let (federation, join) = (genesis.federation(), self.join);
        if self.directory.has_genesis() {
            let path = self.directory.path().display();
            return Err(Failure::refused(format!(
                "{path} has applied to {:?} already",
                genesis.name
            ))
            .hint(format!("folkmoot run --data {path}")));
        }
        self.charter(&genesis.charter)?;
        let root = self.root()?;
        Ok(Request::Apply {
            secret: self.invitation.secret,
            root: root.public(),
            name: join.name.clone(),
            class: join.class.clone(),
            proof: application_proof(&federation, &root, &join.name, &join.class),
            request: join.request.clone().unwrap_or_default(),
        })
    }

    /// The application to all members, once their charter is accepted.
    fn to_all(&self, genesis: &Genesis, charter: &[u8]) -> Outcome<(Request, Option<ToAll>)> {
        let (federation, join) = (genesis.federation(), self.join);
        let charter = self.charter(charter)?;
        let command = [
            "folkmoot join INVITATION --name".to_owned(),
            terms::quoted(&join.name),
            "--class".to_owned(),
            terms::quoted(&join.class),
        ];
        let offer = terms::Offer {
            federation: &genesis.name,
            charter: &charter,
            file: &self.directory.offered_charter_path(),
            earlier: Application::read(self.directory)?.and_then(|one| one.to_all),
            request: join.request.as_deref(),
            contribution: join.contribution.as_deref(),
            accept_charter: join.accept_charter.as_deref(),
            command: &command,
        };
        let accepted = terms::accepted(&offer, self.global)?;
        let applicant = Applicant::sign(
            &federation,
            &self.root()?,
            (&join.name, &join.class),
            (&accepted.request, &accepted.contribution),
            charter.hash(),
            None,
        );
        let request = Request::ApplyToAll {
            secret: self.invitation.secret,
            applicant: Box::new(applicant),
        };
        Ok((request, Some(accepted)))
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
