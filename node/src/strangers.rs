//! Answers to nodes that are no member's: the genesis and the terms for whoever holds an invitation,
//! an application, how far an admission is, and the introduction of a member's node that is not
//! known here yet.

use std::sync::Arc;

use domain::{
    cbor::{Decode, Encode},
    effect::{Applicant, Effect},
    entry::Entry,
    key::{PublicKey, SecretKey, Signature},
    record::{self, Newcomer},
};
use federation::{
    Act, Core, Refused, Standing,
    application::{Request, Response},
};
use replica::view::View;
use tokio::sync::{Semaphore, mpsc};

use crate::{
    clock,
    driver::{Handle, Stranger},
    guests::Guests,
};

/// Requests answered at once.
const AT_ONCE: usize = 4;

/// Answers strangers until the network ends.
pub async fn answer_all(mut queue: mpsc::Receiver<Stranger>, handle: Handle, node: SecretKey) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let desk = Arc::new(Desk {
        guests: Guests::new(handle.store().clone()),
        handle,
        node,
    });
    while let Some(stranger) = queue.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let response = match Request::from_bytes(&stranger.request) {
                Ok(request) => desk.answer(request).await,
                Err(_) => Response::Refused(
                    "this release cannot read that request; update folkmoot on one side".to_owned(),
                ),
            };
            // Nobody may be waiting for it any more.
            let _ = stranger.reply.send(response.to_bytes());
            drop(place);
        });
    }
}

struct Desk {
    guests: Guests,
    handle: Handle,
    node: SecretKey,
}

impl Desk {
    async fn answer(&self, request: Request) -> Response {
        let asks_only = matches!(request, Request::Status { .. } | Request::Standing { .. });
        if let Err(why) = self
            .handle
            .read(|core| check_own(core.view(), &core.node()))
            && !asks_only
        {
            return Response::Refused(why);
        }
        let answered = match request {
            Request::Genesis { secret } => self.genesis(&secret).await,
            Request::Apply {
                secret,
                root,
                name,
                class,
                proof,
                request,
            } => {
                let application = record::Application {
                    root,
                    name,
                    class,
                    proof,
                };
                self.apply(&secret, application, request).await
            }
            Request::Status { root } => Ok(self.status(root)),
            Request::Introduce { entries } => self.introduce(entries).await,
            Request::Terms { secret } => self.terms(&secret).await,
            Request::ApplyToAll { secret, applicant } => {
                self.apply_to_all(&secret, applicant).await
            }
            Request::Standing { root } => Ok(Response::Standing(
                self.handle.read(|core| core.standing(&root, clock::now())),
            )),
        };
        answered.unwrap_or_else(Response::Refused)
    }

    async fn genesis(&self, secret: &[u8; 32]) -> Result<Response, String> {
        self.guests.find(clock::now(), secret).await?;
        let bytes = self.handle.read(|core| core.genesis().to_bytes());
        Ok(Response::Genesis(bytes))
    }

    async fn apply(
        &self,
        secret: &[u8; 32],
        application: record::Application,
        request: String,
    ) -> Result<Response, String> {
        self.guests.find(clock::now(), secret).await?;
        if self.handle.read(has_register) {
            return Err(Refused::ByDecision.to_string());
        }
        let message = record::Application::message(
            &self.handle.read(|core| core.federation()),
            &application.root,
            &application.name,
            &application.class,
        );
        application
            .root
            .verify(&message, &application.proof)
            .map_err(|_| "the application is not signed by the root key it names".to_owned())?;
        let known = self.handle.read(|core| {
            let known = core.view().applications.get(&application.root);
            known.is_some_and(|known| known.record == application)
        });
        if known {
            return Ok(Response::Applied);
        }
        self.guests
            .take(clock::now(), secret, &application.root, &application.class)
            .await?;
        tracing::info!(name = application.name, root = %application.root, "a co-op applies");
        let act = Act::Apply {
            application,
            request,
        };
        let applied = self.handle.act(self.node.clone(), act).await;
        applied.map_err(|failure| failure.message)?;
        Ok(Response::Applied)
    }

    async fn terms(&self, secret: &[u8; 32]) -> Result<Response, String> {
        self.guests.find(clock::now(), secret).await?;
        let charter = |core: &Core| core.order().map(|order| order.charter().to_bytes());
        Ok(Response::Terms(self.handle.read(charter)))
    }

    async fn apply_to_all(
        &self,
        secret: &[u8; 32],
        applicant: Box<Applicant>,
    ) -> Result<Response, String> {
        let guest = self.guests.find(clock::now(), secret).await?;
        let (root, class) = (applicant.newcomer.root, applicant.newcomer.class.clone());
        guest.check_class(&class)?;
        self.handle.read(|core| check_applicant(core, &applicant))?;
        if self.handle.read(|core| has_applied(core, &applicant)) {
            return Ok(Response::Applied);
        }
        self.guests
            .take(clock::now(), secret, &root, &class)
            .await?;
        tracing::info!(name = applicant.newcomer.name, %root, "a co-op applies to all members");
        let applied = self
            .handle
            .act(self.node.clone(), Act::ApplyToAll(applicant))
            .await;
        applied.map_err(|failure| failure.message)?;
        Ok(Response::Applied)
    }

    fn status(&self, root: PublicKey) -> Response {
        self.handle.read(|core| {
            let needed = core.genesis().admissions_needed() as u64;
            if has_register(core) {
                // Founders' signatures lead nowhere any more.
                let admissions = Vec::new();
                return Response::Status { admissions, needed };
            }
            let applied = core.view().applications.get(&root);
            let newcomer = applied.map(|application| Newcomer {
                root,
                class: application.record.class.clone(),
                name: application.record.name.clone(),
            });
            let signed = newcomer.and_then(|newcomer| core.view().admissions.get(&newcomer));
            Response::Status {
                admissions: signed
                    .map(|signed| signed.values().copied().collect())
                    .unwrap_or_default(),
                needed,
            }
        })
    }

    async fn introduce(&self, entries: Vec<Entry>) -> Result<Response, String> {
        self.handle
            .read(|core| check_introduced(core.view(), &entries))?;
        self.handle.introduce(entries).await;
        self.introduction().await
    }

    async fn introduction(&self) -> Result<Response, String> {
        let ids = self.handle.read(|core| core.introduction());
        let entries = self.handle.entries(&ids).await;
        let entries = entries.map_err(|failure| failure.message)?;
        Ok(Response::Introduced { entries })
    }
}

fn has_register(core: &Core) -> bool {
    core.register_chain().is_some()
}

/// Refuses everything that a member's node does for others once its own member is none any more.
fn check_own(view: &View, node: &PublicKey) -> Result<(), String> {
    match view.former_of(node) {
        None => Ok(()),
        Some(member) => Err(format!(
            "{} is a member no more, so its node leads nobody in; ask another member",
            member.name
        )),
    }
}

/// Refuses the introduction of a node whose member is none any more.
fn check_introduced(view: &View, entries: &[Entry]) -> Result<(), String> {
    let mut former = entries
        .iter()
        .filter_map(|entry| view.former_of(&entry.header.author));
    match former.next() {
        None => Ok(()),
        Some(member) => Err(Refused::Departed {
            member: member.name.clone(),
        }
        .to_string()),
    }
}

/// Refuses an applicant who could not be admitted now.
fn check_applicant(core: &Core, applicant: &Applicant) -> Result<(), String> {
    let chain = core.register_chain();
    let chain = chain.ok_or_else(|| {
        "this federation has no register yet, so its founders admit: run folkmoot join again"
            .to_owned()
    })?;
    let signed = applicant.verify(&core.federation());
    signed.map_err(|_| "the application is not signed by the root key it names".to_owned())?;
    let in_force = chain.order().charter().hash();
    if applicant.terms != in_force {
        return Err(format!(
            "the charter has changed: you accepted {}, and {in_force} is in force; run folkmoot \
             join again to read it",
            applicant.terms
        ));
    }
    let rule = core.charter().terms().default_rule;
    let admission = Effect::Admission(applicant.clone());
    let checked = chain.check_effect(clock::now(), rule, &admission);
    checked.map_err(|error| error.to_string())
}

/// Whether just this application is here and can still be decided.
fn has_applied(core: &Core, applicant: &Applicant) -> bool {
    let root = &applicant.newcomer.root;
    let known = core.view().candidates.get(root);
    known.is_some_and(|known| known.applicant == *applicant)
        && !matches!(core.standing(root, clock::now()), Standing::Refused { .. })
}

/// The signature of an application.
pub fn application_proof(
    federation: &domain::id::FederationId,
    root: &SecretKey,
    name: &str,
    class: &str,
) -> Signature {
    root.sign(&record::Application::message(
        federation,
        &root.public(),
        name,
        class,
    ))
}

#[cfg(test)]
mod tests;
