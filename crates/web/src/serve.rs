//! Connections: accepted up to a limit, each with deadlines, ended in order.

mod places;
mod stall;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use self::{
    places::{Place, Places},
    stall::Stalling,
};
use crate::{error::WebError, origin::Peer, routes::router, site::Site};

/// How long a client may take for the head of its first request.
const FIRST_HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client may take for the head of a further one, idle connections included.
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
    let places = Places::default();
    let stopping = site.stopping();
    let router = router(site.clone());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                // What is too much is closed without a word: an answer would cost what is scarce.
                let Some(place) = places.take(peer.ip(), &site.settings.trusted_proxies) else {
                    continue;
                };
                // Small pages go out at once.
                let _ = stream.set_nodelay(true);
                let work = connection(stream, peer, router.clone(), stopping.clone(), place);
                connections.spawn(work);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
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
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    place: Place,
) {
    let place = Arc::new(place);
    let asked = Arc::clone(&place);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        asked.head_arrived();
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
        .serve_connection(TokioIo::new(Stalling::new(stream)), service);
    tokio::pin!(served);
    let stopped = async move { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let result = tokio::select! {
        result = &mut served => result,
        _ = stopped => {
            served.as_mut().graceful_shutdown();
            served.await
        }
        () = place.ended() => return,
        () = asks_nothing(&place) => return,
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Ends when no head has arrived in time.
async fn asks_nothing(place: &Place) {
    sleep(FIRST_HEAD_DEADLINE).await;
    if !place.is_headless() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        task::JoinHandle,
        time::Instant,
    };

    use super::*;

    const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    struct Client {
        stream: DuplexStream,
        served: JoinHandle<()>,
        _stopping: watch::Sender<bool>,
    }

    /// A client of a site whose pages are long.
    fn connect() -> Client {
        let (ours, stream) = duplex(1024);
        let router = Router::new().route("/", get(|| async { "x".repeat(64 * 1024) }));
        let place = Places::default().take(PEER.ip(), &[]).unwrap();
        let (stopping, stopped) = watch::channel(false);
        Client {
            stream,
            served: tokio::spawn(connection(ours, PEER, router, stopped, place)),
            _stopping: stopping,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_nothing_is_gone_soon_and_whoever_asked_may_ask_again() {
        for asks in [&b""[..], b"GET / HT"] {
            let mut client = connect();
            let begun = Instant::now();
            client.stream.write_all(asks).await.unwrap();
            client.served.await.unwrap();
            assert_eq!(begun.elapsed().as_secs(), FIRST_HEAD_DEADLINE.as_secs());
        }
        let mut client = connect();
        for _ in 0..2 {
            client.stream.write_all(REQUEST).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(&[b'x'; 64 * 1024]) {
                client.stream.read_buf(&mut answer).await.unwrap();
            }
            sleep(2 * FIRST_HEAD_DEADLINE).await;
            assert!(!client.served.is_finished());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_and_never_reads_is_gone_soon() {
        let mut client = connect();
        let begun = Instant::now();
        client.stream.write_all(&REQUEST.repeat(20)).await.unwrap();
        client.served.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), stall::TAKEN_WITHIN.as_secs());
    }
}
