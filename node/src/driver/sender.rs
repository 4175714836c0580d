//! The sender: what goes to peers, with what must first be read from the store.
//!
//! Each connected peer has a queue and a task of its own, which keeps the order the core said; no
//! peer waits for another, and the loop waits for none. What a full queue does not take is left
//! out: to the core it is a message that was lost, and all kinds of messages may be
//! (`specs/messages.md`).

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{
    cbor::Encode,
    id::{EntryId, Hash},
    key::PublicKey,
};
use federation::message::Message;
use network::{Network, NetworkError};
use store::Store;
use tokio::{
    sync::{Semaphore, mpsc},
    task::AbortHandle,
    time::Instant,
};

/// Parcels that may wait for one peer.
const PARCELS_MAX: usize = 1_024;
/// Bytes of parcels that may wait for one peer: some messages of all heights.
const BYTES_MAX: usize = 8 << 20;
/// Parcels whose contents are read from the store at once, over all peers.
const READING_MAX: usize = 8;
/// How often it is said of one peer that messages were left out, and made up for.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// Something on its way to a peer.
#[derive(Debug)]
pub enum Parcel {
    /// A message's bytes.
    Message(Vec<u8>),
    /// Entries to be loaded and sent.
    Entries {
        /// The message's number.
        number: u64,
        /// Which.
        ids: Vec<EntryId>,
    },
    /// Chunks to be loaded and sent.
    Chunks(Vec<Hash>),
}

impl Parcel {
    fn bytes(&self) -> usize {
        match self {
            Self::Message(bytes) => bytes.len(),
            Self::Entries { ids, .. } => size_of_val(ids.as_slice()),
            Self::Chunks(hashes) => size_of_val(hashes.as_slice()),
        }
    }
}

/// What carries a parcel to a peer.
pub trait Carrier: Clone + Send + Sync + 'static {
    /// Carries it; false if it was left out because the peer takes too little.
    fn carry(&self, to: PublicKey, parcel: Parcel) -> impl Future<Output = bool> + Send;
}

/// The queues of the connected peers.
#[derive(Debug)]
pub struct Lanes<C> {
    carrier: C,
    of: BTreeMap<PublicKey, Lane>,
    /// Whether something was left out that was not made up for.
    lost: Arc<AtomicBool>,
    made_up: Option<Instant>,
}

impl<C: Carrier> Lanes<C> {
    /// Nobody is connected yet.
    pub fn new(carrier: C) -> Self {
        Self {
            carrier,
            of: BTreeMap::new(),
            lost: Arc::default(),
            made_up: None,
        }
    }

    /// Whether to make up now for what was left out; not at once again.
    pub fn is_to_make_up(&mut self) -> bool {
        let now = Instant::now();
        if self.made_up.is_some_and(|at| now - at < SAID_EVERY) {
            return false;
        }
        let lost = self.lost.swap(false, Ordering::Relaxed);
        if lost {
            self.made_up = Some(now);
        }
        lost
    }

    /// A peer is connected.
    pub fn open(&mut self, peer: PublicKey) {
        let lane = Lane::open(peer, self.carrier.clone(), &self.lost);
        self.of.insert(peer, lane);
    }

    /// A peer is gone, and what waited for it.
    pub fn close(&mut self, peer: &PublicKey) {
        self.of.remove(peer);
    }

    /// Puts a parcel into the queue of a peer; it is left out when that is full, or when the peer
    /// is gone.
    pub fn send(&mut self, to: PublicKey, parcel: Parcel) {
        if let Some(lane) = self.of.get_mut(&to) {
            lane.send(to, parcel);
        }
    }
}

/// The queue of one peer.
#[derive(Debug)]
struct Lane {
    parcels: mpsc::Sender<(Parcel, Waiting)>,
    bytes: Arc<AtomicUsize>,
    left_out: LeftOut,
    task: AbortHandle,
}

/// Bytes that wait; given back when dropped.
#[derive(Debug)]
struct Waiting(Arc<AtomicUsize>, usize);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl Lane {
    fn open(peer: PublicKey, carrier: impl Carrier, lost: &Arc<AtomicBool>) -> Self {
        let (parcels, mut queue) = mpsc::channel::<(Parcel, Waiting)>(PARCELS_MAX);
        let mut left_out = LeftOut::new(lost);
        let task = tokio::spawn(async move {
            while let Some((parcel, waiting)) = queue.recv().await {
                if !carrier.carry(peer, parcel).await {
                    left_out.count(&peer);
                }
                drop(waiting);
            }
        });
        Self {
            parcels,
            bytes: Arc::default(),
            left_out: LeftOut::new(lost),
            task: task.abort_handle(),
        }
    }

    fn send(&mut self, peer: PublicKey, parcel: Parcel) {
        let bytes = parcel.bytes();
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let waiting = Waiting(Arc::clone(&self.bytes), bytes);
        if before + bytes > BYTES_MAX || self.parcels.try_send((parcel, waiting)).is_err() {
            self.left_out.count(&peer);
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Counts what was left out, and says so from time to time.
#[derive(Debug)]
struct LeftOut {
    count: u64,
    said: Option<Instant>,
    lost: Arc<AtomicBool>,
}

impl LeftOut {
    fn new(lost: &Arc<AtomicBool>) -> Self {
        Self {
            count: 0,
            said: None,
            lost: Arc::clone(lost),
        }
    }

    fn count(&mut self, peer: &PublicKey) {
        self.count += 1;
        self.lost.store(true, Ordering::Relaxed);
        let now = Instant::now();
        if self.said.is_none_or(|said| now - said >= SAID_EVERY) {
            tracing::warn!(
                %peer,
                messages = self.count,
                "a peer takes less than is sent to it; messages were left out and are repeated"
            );
            self.said = Some(now);
        }
    }
}

/// Carries parcels over the network, with what is in the store.
#[derive(Debug, Clone)]
pub struct Mail {
    store: Store,
    network: Network,
    reading: Arc<Semaphore>,
}

impl Mail {
    /// Between a store and a network.
    pub fn new(store: Store, network: Network) -> Self {
        Self {
            store,
            network,
            reading: Arc::new(Semaphore::new(READING_MAX)),
        }
    }

    fn send(&self, to: PublicKey, bytes: Vec<u8>) -> bool {
        match self.network.send(to, bytes) {
            // The core hears that the peer is gone, and sends again when it is back.
            Ok(()) | Err(NetworkError::NotConnected { .. }) => true,
            Err(NetworkError::QueueFull { .. }) => false,
            Err(error) => {
                tracing::warn!(%error, "a message was dropped");
                true
            }
        }
    }
}

impl Carrier for Mail {
    async fn carry(&self, to: PublicKey, parcel: Parcel) -> bool {
        match parcel {
            Parcel::Message(bytes) => self.send(to, bytes),
            Parcel::Entries { number, ids } => {
                let _place = self.reading.acquire().await;
                match self.store.entries(&ids).await {
                    // An entry that is no longer kept is left out: the peer asks again for what it
                    // lacks.
                    Ok(found) => {
                        let entries = found.into_iter().flatten().collect();
                        self.send(to, Message::Entries { number, entries }.to_bytes())
                    }
                    Err(error) => {
                        tracing::error!(%error, "entries for a peer could not be read");
                        true
                    }
                }
            }
            Parcel::Chunks(hashes) => {
                let mut sent = true;
                for hash in hashes {
                    let _place = self.reading.acquire().await;
                    match self.store.chunk(&hash).await {
                        Ok(Some(bytes)) => {
                            sent &= self.send(to, Message::Chunk { bytes }.to_bytes());
                        }
                        Ok(None) => {}
                        Err(error) => {
                            tracing::error!(%error, "a chunk for a peer could not be read");
                        }
                    }
                }
                sent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::key::SecretKey;

    use super::*;

    fn peer(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public()
    }

    /// Carries nothing to one peer, which takes nothing, and tells what it carries to others.
    #[derive(Debug, Clone)]
    struct Stuck {
        peer: PublicKey,
        carried: mpsc::UnboundedSender<(PublicKey, usize)>,
    }

    impl Carrier for Stuck {
        async fn carry(&self, to: PublicKey, parcel: Parcel) -> bool {
            if to == self.peer {
                std::future::pending::<()>().await;
            }
            self.carried.send((to, parcel.bytes())).is_ok()
        }
    }

    fn lanes() -> (Lanes<Stuck>, mpsc::UnboundedReceiver<(PublicKey, usize)>) {
        let (carried, seen) = mpsc::unbounded_channel();
        let stuck = Stuck {
            peer: peer(1),
            carried,
        };
        (Lanes::new(stuck), seen)
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_holds_up_nobody_and_only_so_much_waits_for_it() {
        let (mut lanes, mut seen) = lanes();
        lanes.open(peer(1));
        lanes.open(peer(2));
        for _ in 0..3 * PARCELS_MAX {
            lanes.send(peer(1), Parcel::Message(vec![0; 10]));
        }
        for bytes in 1..100 {
            lanes.send(peer(2), Parcel::Message(vec![0; bytes]));
        }
        for bytes in 1..100 {
            assert_eq!(seen.recv().await, Some((peer(2), bytes)), "in this order");
        }
        let lane = &lanes.of[&peer(1)];
        assert!(lane.left_out.count > PARCELS_MAX as u64);
        assert!(lane.bytes.load(Ordering::Relaxed) <= 10 * (PARCELS_MAX + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_out_is_made_up_for_but_not_again_and_again() {
        let (mut lanes, _seen) = lanes();
        lanes.open(peer(1));
        assert!(!lanes.is_to_make_up());
        let too_much = || Parcel::Message(vec![0; BYTES_MAX + 1]);
        lanes.send(peer(1), too_much());
        assert!(lanes.is_to_make_up());
        lanes.send(peer(1), too_much());
        assert!(!lanes.is_to_make_up());
        tokio::time::advance(SAID_EVERY).await;
        assert!(lanes.is_to_make_up());
        assert!(!lanes.is_to_make_up());
    }

    #[tokio::test]
    async fn what_waits_for_one_peer_is_bounded_in_bytes_and_gone_with_it() {
        let (mut lanes, mut seen) = lanes();
        lanes.open(peer(1));
        for _ in 0..5 {
            lanes.send(peer(1), Parcel::Message(vec![0; BYTES_MAX / 4]));
        }
        let bytes = Arc::clone(&lanes.of[&peer(1)].bytes);
        assert_eq!(lanes.of[&peer(1)].left_out.count, 1);
        assert_eq!(bytes.load(Ordering::Relaxed), BYTES_MAX);
        lanes.close(&peer(1));
        while bytes.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        lanes.send(peer(1), Parcel::Message(vec![0]));
        lanes.open(peer(2));
        lanes.send(peer(2), Parcel::Message(vec![0; 7]));
        assert_eq!(seen.recv().await, Some((peer(2), 7)));
    }
}
