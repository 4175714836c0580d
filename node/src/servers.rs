//! This node's BigBlueButton servers: called when the core asks for it, and polled so that it knows how
//! they are.
//!
//! Here alone secrets are used: the id of a room's meeting and the checksum are put into each call here,
//! and of what a server says of all its meetings only what is the tenant's goes on.

mod calling;
mod lists;
mod places;
mod polling;
mod telling;

use std::sync::Arc;

use bigbluebutton::{
    Client, Guard,
    client::{Limits, Transport, Trust},
};
use domain::{id::ServerId, key::PublicKey};
use federation::meetings::{Served, call::CallFault};
use network::Network;
use tokio::{sync::mpsc, time::Duration};
use web::{
    meetings::{address, servers::Access},
    node::{MeetingsInput, Node},
    site::Site,
};

use self::{lists::Lists, places::Places};
use crate::driver::Serve;

/// How often the round trips to other nodes are told to the core.
const ROUND_TRIPS_EVERY: Duration = Duration::from_secs(20);

/// What calls servers. Cheap to clone.
#[derive(Clone)]
pub struct Callers(Arc<Inner>);

struct Inner {
    site: Site,
    node: Node,
    /// Where servers reach this node.
    address: String,
    /// For servers and front ends on public addresses, and for those beside this node.
    transports: [Transport; 2],
    /// Calls whose answers are lists.
    lists: Lists,
    /// Calls under way.
    places: Places,
}

impl Callers {
    /// Callers of the servers whose secrets the site keeps.
    ///
    /// # Errors
    /// When the machine's certificates cannot be used.
    pub fn new(site: Site, address: &str) -> Result<Self, bigbluebutton::Error> {
        let trust = match Transport::new(Guard::PUBLIC, &Trust::native()) {
            Ok(_) => Trust::native(),
            Err(error) => {
                tracing::warn!(%error, "no server can be called over https");
                Trust::default()
            }
        };
        let transports = [
            Transport::new(Guard::PUBLIC, &trust)?,
            Transport::new(Guard::ANY, &trust)?,
        ];
        Ok(Self(Arc::new(Inner {
            node: site.node().clone(),
            site,
            address: address.trim_end_matches('/').to_owned(),
            transports,
            lists: Lists::default(),
            places: Places::default(),
        })))
    }

    /// A client of one of this node's servers, which reads answers of so many bytes; none if the node has
    /// no secret of it, or nobody describes it.
    fn client(&self, server: ServerId, within: Duration, answer_bytes: usize) -> Option<Client> {
        let access = self.0.site.servers.secret_of(server)?;
        let url = self.0.node.read(|core| {
            let known = core.view().meetings.servers.get(&server)?;
            Some(known.record.url.clone())
        })?;
        self.client_of(&url, &access, within, answer_bytes)
    }

    fn client_of(
        &self,
        url: &str,
        access: &Access,
        within: Duration,
        answer_bytes: usize,
    ) -> Option<Client> {
        let endpoint = address::endpoint(url, &access.reach).ok()?;
        let transport = &self.0.transports[usize::from(access.reach.allow_private)];
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let limits = Limits {
            call_ms: within_ms,
            create_ms: within_ms,
            answer_bytes,
        };
        let client = Client::new(transport.clone(), endpoint, access.secret.clone());
        Some(
            client
                .with_algorithm(access.reach.algorithm)
                .with_limits(limits),
        )
    }
}

/// Calls servers as the core asks, as many at once as may be. Ends with the queue.
pub async fn serve_all(callers: Callers, mut serves: mpsc::Receiver<Serve>) {
    while let Some(serve) = serves.recv().await {
        let job = serve.job;
        let place = match callers.0.places.take(serve.server, serve.call.method) {
            Ok(place) => place,
            Err(fault) => {
                let served = Served::Fault(fault);
                let input = MeetingsInput::Served { job, served };
                callers.0.node.tell(input).await;
                continue;
            }
        };
        let callers = callers.clone();
        tokio::spawn(async move {
            let within = serve.within;
            let called = tokio::time::timeout(within, calling::call(&callers, serve));
            let served = called.await.unwrap_or(Served::Fault(CallFault::TimeOver));
            drop(place);
            let input = MeetingsInput::Served { job, served };
            callers.0.node.tell(input).await;
        });
    }
}

pub use polling::poll_all;
pub use telling::tell_front_ends;

/// Tells the core how far away other nodes are.
pub async fn tell_round_trips(node: Node, network: Network) {
    loop {
        for peer in network.peers().await {
            if let Some(round_trip_ms) = peer.round_trip_ms {
                let key: PublicKey = peer.key;
                node.tell(MeetingsInput::RoundTrip(key, round_trip_ms))
                    .await;
            }
        }
        tokio::time::sleep(ROUND_TRIPS_EVERY).await;
    }
}
