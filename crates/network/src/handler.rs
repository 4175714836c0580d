//! One connection's handler: which protocols the other side may open, and streams handed on.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll, Waker},
    time::Duration,
};

use libp2p::{
    Stream, StreamProtocol,
    core::{InboundUpgrade, OutboundUpgrade, UpgradeInfo},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
        handler::{
            ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
            ProtocolsChange,
        },
    },
};

/// Frames between members.
pub(crate) const MEMBER_PROTOCOL: StreamProtocol = StreamProtocol::new("/folkmoot/sync/1");
/// Requests from anybody.
pub(crate) const APPLICATION_PROTOCOL: StreamProtocol = StreamProtocol::new("/folkmoot/apply/1");

/// How long both sides may take to agree on a protocol.
const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams that may wait to be opened on one connection.
const OPENS_MAX: usize = 16;

/// Which of the two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Frames between members.
    Member,
    /// Requests from anybody.
    Application,
}

impl Door {
    fn protocol(self) -> StreamProtocol {
        match self {
            Self::Member => MEMBER_PROTOCOL,
            Self::Application => APPLICATION_PROTOCOL,
        }
    }
}

/// What the gate tells a handler.
#[derive(Debug)]
pub(crate) enum Command {
    /// Whether the peer is on the roster.
    Member(bool),
    /// Open a stream; the ticket comes back with it.
    Open { door: Door, ticket: u64 },
}

/// What a handler tells the gate.
#[derive(Debug)]
pub(crate) enum Report {
    /// The other side opened a stream.
    Inbound { door: Door, stream: Stream },
    /// The stream asked for is open.
    Opened { ticket: u64, stream: Stream },
    /// The stream asked for could not be opened; true when the other side does not speak the
    /// protocol with us.
    Failed { ticket: u64, not_spoken: bool },
    /// The other side began to speak the member protocol with us.
    Admitted,
}

/// The protocols offered or wanted on a stream.
#[derive(Debug)]
pub(crate) struct Offer(Vec<Door>);

impl UpgradeInfo for Offer {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        let protocols: Vec<_> = self.0.iter().map(|door| door.protocol()).collect();
        protocols.into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = (Door, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        let door = if protocol == MEMBER_PROTOCOL {
            Door::Member
        } else {
            Door::Application
        };
        ready(Ok((door, stream)))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: StreamProtocol) -> Self::Future {
        ready(Ok(stream))
    }
}

/// The handler of one connection.
#[derive(Debug)]
pub(crate) struct Handler {
    member: bool,
    to_open: VecDeque<(Door, u64)>,
    reports: VecDeque<Report>,
    waker: Option<Waker>,
}

impl Handler {
    pub(crate) fn new(member: bool) -> Self {
        Self {
            member,
            to_open: VecDeque::new(),
            reports: VecDeque::new(),
            waker: None,
        }
    }

    fn report(&mut self, report: Report) {
        self.reports.push_back(report);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

type Info = u64;
type HandlerEvent = ConnectionHandlerEvent<Offer, Info, Report>;

impl ConnectionHandler for Handler {
    type FromBehaviour = Command;
    type ToBehaviour = Report;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Info;

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        let mut doors = vec![Door::Application];
        if self.member {
            doors.push(Door::Member);
        }
        SubstreamProtocol::new(Offer(doors), ()).with_timeout(NEGOTIATION_TIMEOUT)
    }

    fn connection_keep_alive(&self) -> bool {
        self.member
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<HandlerEvent> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some((door, ticket)) = self.to_open.pop_front() {
            let protocol =
                SubstreamProtocol::new(Offer(vec![door]), ticket).with_timeout(NEGOTIATION_TIMEOUT);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, command: Command) {
        match command {
            Command::Member(member) => self.member = member,
            Command::Open { ticket, .. } if self.to_open.len() >= OPENS_MAX => {
                self.report(Report::Failed {
                    ticket,
                    not_spoken: false,
                });
            }
            Command::Open { door, ticket } => self.to_open.push_back((door, ticket)),
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offer, (), Info>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (door, stream),
                ..
            }) if door == Door::Application || self.member => {
                self.report(Report::Inbound { door, stream });
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: ticket,
            }) => self.report(Report::Opened { ticket, stream }),
            ConnectionEvent::DialUpgradeError(DialUpgradeError {
                info: ticket,
                error,
            }) => self.report(Report::Failed {
                ticket,
                not_spoken: matches!(error, StreamUpgradeError::NegotiationFailed),
            }),
            ConnectionEvent::RemoteProtocolsChange(ProtocolsChange::Added(mut added)) => {
                let admitted = added.any(|protocol| *protocol == MEMBER_PROTOCOL);
                if admitted {
                    self.report(Report::Admitted);
                }
            }
            // A member stream negotiated under an older roster ends here: dropping it resets it.
            _ => {}
        }
    }
}
