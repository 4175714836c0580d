//! Connections: accepted up to a limit, each with deadlines, ended in order.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    error::WebError,
    origin::{Network, Peer},
    rate::Whose,
    routes::router,
    site::Site,
};

/// The most connections at once.
pub const CONNECTIONS_MAX: usize = 1_024;
/// The most connections at once from one address, so that one stranger cannot take all. This
/// machine and the trusted proxies bring the connections of many.
pub const CONNECTIONS_OF_ADDRESS_MAX: usize = 64;
/// How long a client may take for the head of a request, idle connections included.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// How long requests may go on after the node was told to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// After a failure to accept (out of file descriptors) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How many connections each address has.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<Whose, usize>>>);

/// A connection of an address, given back when dropped.
struct Counted {
    addresses: Addresses,
    whose: Whose,
}

impl Addresses {
    /// Counts one more connection, unless it is one too many.
    fn count(&self, address: IpAddr, trusted: &[Network]) -> Option<Counted> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_many = address.to_canonical().is_loopback()
            || trusted.iter().any(|network| network.contains(address));
        let whose = Whose::address(address);
        let own = known.entry(whose).or_default();
        if *own >= CONNECTIONS_OF_ADDRESS_MAX && !is_many {
            return None;
        }
        *own += 1;
        let addresses = self.clone();
        Some(Counted { addresses, whose })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let known = self.addresses.0.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = known.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                known.remove(&self.whose);
            }
        }
    }
}

/// Serves the site until `shutdown` is done, then ends streams and waits for requests under way.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), WebError> {
    listener.local_addr().map_err(WebError::Accept)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let addresses = Addresses::default();
    let stopping = site.stopping();
    let router = router(site.clone());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = next => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            (Ok(place), Ok((stream, peer))) => {
                // What is too much is closed without a word: an answer would cost what is scarce.
                let trusted = &site.settings.trusted_proxies;
                let Some(counted) = addresses.count(peer.ip(), trusted) else {
                    continue;
                };
                let place = (place, counted);
                let work = connection(stream, peer, router.clone(), stopping.clone(), place);
                connections.spawn(work);
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    site.stop();
    let all_done = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_DEADLINE, all_done).await.is_err() {
        tracing::warn!("requests under way were cut off");
    }
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    _place: (OwnedSemaphorePermit, Counted),
) {
    // Small pages go out at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move {
            use hyper_util::service::TowerToHyperService;
            hyper::service::Service::call(&TowerToHyperService::new(router), request.map(Body::new))
                .await
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let stopped = async move { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let result = tokio::select! {
        result = &mut served => result,
        _ = stopped => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_connection() {
        let addresses = Addresses::default();
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let count = |address: &str| addresses.count(address.parse().unwrap(), &trusted);
        let mut open: Vec<Counted> = (0..100).filter_map(|_| count("203.0.113.7")).collect();
        assert_eq!(open.len(), CONNECTIONS_OF_ADDRESS_MAX);
        for other in ["203.0.113.8", "2001:db8::1"] {
            assert!(count(other).is_some(), "{other}");
        }
        open.pop();
        assert!(count("203.0.113.7").is_some());
        for many in ["127.0.0.1", "10.1.2.3", "::ffff:127.0.0.1"] {
            let all: Vec<Counted> = (0..100).filter_map(|_| count(many)).collect();
            assert_eq!(all.len(), 100, "{many}");
        }
        drop(open);
        assert!(addresses.0.lock().unwrap().is_empty());
    }
}
