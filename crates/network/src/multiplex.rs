//! Yamux with a window that cannot grow without end.
//!
//! A stream's receive window grows with the measured round trip, which the other side can pretend
//! to be long. libp2p's own Yamux lets it grow to a gibibyte per connection and offers no setting;
//! so the few lines between Yamux and the swarm are ours.

use std::{
    collections::VecDeque,
    future::{Ready, ready},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::{
    muxing::{StreamMuxer, StreamMuxerEvent},
    upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo},
};
use yamux::{Config, Connection, ConnectionError, Mode};

/// Streams on one connection.
const STREAMS_MAX: usize = 32;
/// The window every stream has from the beginning, given by the protocol.
const WINDOW_BYTES: usize = 256 * 1024;
/// What the windows of one connection may grow by, all together.
const GROWTH_BYTES: usize = 8 * 1024 * 1024;

/// The protocol upgrade.
#[derive(Debug, Clone)]
pub(crate) struct Multiplex;

fn config() -> Config {
    let mut config = Config::default();
    config
        .set_max_num_streams(STREAMS_MAX)
        .set_max_connection_receive_window(Some(STREAMS_MAX * WINDOW_BYTES + GROWTH_BYTES));
    config
}

impl UpgradeInfo for Multiplex {
    type Info = &'static str;
    type InfoIter = std::iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/yamux/1.0.0")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> InboundConnectionUpgrade<S> for Multiplex {
    type Output = Multiplexed<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Multiplexed<S>>>;

    fn upgrade_inbound(self, socket: S, _: Self::Info) -> Self::Future {
        ready(Ok(Multiplexed::new(socket, Mode::Server)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> OutboundConnectionUpgrade<S> for Multiplex {
    type Output = Multiplexed<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Multiplexed<S>>>;

    fn upgrade_outbound(self, socket: S, _: Self::Info) -> Self::Future {
        ready(Ok(Multiplexed::new(socket, Mode::Client)))
    }
}

/// A connection that carries streams.
pub(crate) struct Multiplexed<S> {
    connection: Connection<S>,
    /// Streams the other side opened that the swarm did not take yet; at most as many as a
    /// connection may have.
    arrived: VecDeque<yamux::Stream>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Multiplexed<S> {
    fn new(socket: S, mode: Mode) -> Self {
        Self {
            connection: Connection::new(socket, config(), mode),
            arrived: VecDeque::new(),
        }
    }

    /// Moves the connection on, which is the only way anything on it moves, and collects streams
    /// that arrive meanwhile. Ready only with an error.
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<ConnectionError> {
        loop {
            match self.connection.poll_next_inbound(context) {
                // Beyond the limit the stream is dropped, which resets it.
                Poll::Ready(Some(Ok(stream))) if self.arrived.len() < STREAMS_MAX => {
                    self.arrived.push_back(stream);
                    // One task polls every part of a connection: let it come back for the stream.
                    context.waker().wake_by_ref();
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => return Poll::Ready(error),
                Poll::Ready(None) => return Poll::Ready(ConnectionError::Closed),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Multiplexed<S> {
    type Substream = yamux::Stream;
    type Error = ConnectionError;

    fn poll_inbound(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<yamux::Stream, ConnectionError>> {
        let this = self.get_mut();
        if this.arrived.is_empty()
            && let Poll::Ready(error) = this.advance(context)
        {
            return Poll::Ready(Err(error));
        }
        match this.arrived.pop_front() {
            Some(stream) => Poll::Ready(Ok(stream)),
            None => Poll::Pending,
        }
    }

    fn poll_outbound(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<yamux::Stream, ConnectionError>> {
        self.get_mut().connection.poll_new_outbound(context)
    }

    fn poll_close(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionError>> {
        self.get_mut().connection.poll_close(context)
    }

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, ConnectionError>> {
        self.get_mut().advance(context).map(Err)
    }
}
