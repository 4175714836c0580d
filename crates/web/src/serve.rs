//! Connections: accepted up to a limit, each with deadlines, ended in order.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{error::WebError, origin::Peer, routes::router, site::Site};

/// The most connections at once.
pub const CONNECTIONS_MAX: usize = 1_024;
/// How long a client may take for the head of a request, idle connections included.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// How long requests may go on after the node was told to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// After a failure to accept (out of file descriptors) the next try waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
const HEAD_BYTES_MAX: usize = 64 * 1024;

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
    _place: OwnedSemaphorePermit,
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
