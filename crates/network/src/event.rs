//! What the network reports, in a channel that is bounded by count and by bytes.

use domain::key::PublicKey;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// Something the network reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A roster member is here: frames can be sent to it.
    Connected {
        /// Its key.
        peer: PublicKey,
    },
    /// A roster member is gone; frames still queued to it are lost.
    Disconnected {
        /// Its key.
        peer: PublicKey,
    },
    /// A frame of a roster member, always between its `Connected` and `Disconnected`.
    Frame {
        /// The member's key.
        from: PublicKey,
        /// What it sent; never empty.
        bytes: Vec<u8>,
    },
    /// A request on the application protocol. Anybody can send one.
    Application {
        /// The sender's transport key.
        from: PublicKey,
        /// What it asks; never empty.
        request: Vec<u8>,
        /// How to answer; dropping it tells the sender that nobody answers.
        reply: Reply,
    },
    /// The node listens on one more address.
    Listening {
        /// The address, with the node's peer id.
        address: String,
    },
    /// A roster member could not be reached. Advice for people: dropped when nobody takes events.
    DialFailed {
        /// The member's key.
        peer: PublicKey,
        /// The address that was tried, where known.
        address: String,
        /// What the transport said.
        error: String,
    },
}

/// The one answer to an application request.
#[derive(Debug)]
pub struct Reply {
    sender: oneshot::Sender<Vec<u8>>,
    response_bytes_max: usize,
}

impl Reply {
    pub(crate) fn new(response_bytes_max: usize) -> (Self, oneshot::Receiver<Vec<u8>>) {
        let (sender, receiver) = oneshot::channel();
        let reply = Self {
            sender,
            response_bytes_max,
        };
        (reply, receiver)
    }

    /// Answers. False when the answer is empty or larger than allowed, or when nobody waits for
    /// it any more.
    #[must_use]
    pub fn send(self, response: Vec<u8>) -> bool {
        let fits = (1..=self.response_bytes_max).contains(&response.len());
        fits && self.sender.send(response).is_ok()
    }
}

/// An event and its share of the memory for received frames.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) event: Event,
    /// Given back when the event is taken.
    pub(crate) _share: Option<OwnedSemaphorePermit>,
}

impl From<Event> for Parcel {
    fn from(event: Event) -> Self {
        Self {
            event,
            _share: None,
        }
    }
}

/// The events of one network. While nobody takes them, nothing more is read from peers.
#[derive(Debug)]
pub struct Events(pub(crate) mpsc::Receiver<Parcel>);

impl Events {
    /// The next event; none after the network was shut down. May be cancelled without loss.
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await.map(|parcel| parcel.event)
    }
}
