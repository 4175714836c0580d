//! Answers to nodes that are no member's: the genesis for whoever holds an invitation, an
//! application, how far an admission is, and the introduction of a member's node that is not known
//! here yet.

use std::sync::Arc;

use domain::{
    cbor::{Decode, Encode},
    key::{PublicKey, SecretKey, Signature},
    record::{self, Newcomer},
};
use federation::{
    Act,
    application::{Request, Response},
};
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
            Request::Introduce { entries } => {
                self.handle.introduce(entries).await;
                self.introduction().await
            }
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

    fn status(&self, root: PublicKey) -> Response {
        self.handle.read(|core| {
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
                needed: core.genesis().admissions_needed() as u64,
            }
        })
    }

    async fn introduction(&self) -> Result<Response, String> {
        let ids = self.handle.read(|core| core.introduction());
        let entries = self.handle.entries(&ids).await;
        let entries = entries.map_err(|failure| failure.message)?;
        Ok(Response::Introduced { entries })
    }
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
