//! A server that behaves like BigBlueButton 3.0, without sound or picture: for tests,
//! demonstrations and measurements.
//!
//! It checks what a server checks, keeps meetings, people, recordings and hooks, answers in the
//! same XML, tells others what a server tells them, and does wrong what it is told to do wrong.
//! Its time can be moved by hand; what it does at random follows from a seed.

mod api;
mod body;
mod clock;
mod control;
mod ending;
mod hooks;
mod misbehaviour;
mod outgoing;
mod page;
mod people;
mod recording;
mod room;
mod server;
mod world;

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

pub use clock::{Clock, ManualClock, SystemClock};
pub use misbehaviour::Misbehaviour;
pub use outgoing::Sent;
pub use people::Crowd;

use crate::{
    answer::{Meeting, Recording},
    checksum::Algorithm,
    client::{Transport, Trust},
    error::Error,
    guard::Guard,
    secret::Secret,
};
use world::{Outgoing, World};

/// How often the laboratory looks whether something is due that nobody asks about.
const TICK: Duration = Duration::from_millis(100);
/// Calls to others that wait to be made; more are dropped.
const MAX_OUTGOING: usize = 10_000;
/// Calls to others that are remembered.
const MAX_SENT: usize = 10_000;

/// Certificate and key of a laboratory that is called by `https`, in PEM.
#[derive(Clone)]
pub struct Tls {
    /// The certificate and those that vouch for it.
    pub certificate_pem: Vec<u8>,
    /// Its private key.
    pub key_pem: Vec<u8>,
}

/// How a laboratory is set up.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Its address in links, without a slash at the end; where it listens when none is given.
    pub public_url: Option<String>,
    /// The secret it shares with its callers.
    pub secret: Secret,
    /// The checksums it accepts.
    pub algorithms: Vec<Algorithm>,
    /// For `https`.
    pub tls: Option<Tls>,
    /// Whose certificates it believes when it tells others something.
    pub trust: Trust,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// What its random choices follow from.
    pub seed: u64,
    /// Milliseconds from the request to end a meeting until it is gone.
    pub end_delay_ms: u64,
    /// Milliseconds from the end of a recorded meeting until its recording is ready.
    pub recording_delay_ms: u64,
    /// The most meetings at once.
    pub max_meetings: usize,
}

impl Settings {
    /// A laboratory on this machine with a free port, the machine's clock and every algorithm.
    pub fn new(secret: Secret) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            secret,
            algorithms: Algorithm::ALL.to_vec(),
            tls: None,
            trust: Trust::default(),
            clock: Arc::new(SystemClock),
            seed: 0,
            end_delay_ms: 2_000,
            recording_delay_ms: 5_000,
            max_meetings: 100_000,
        }
    }
}

/// Starts laboratories.
#[derive(Debug)]
pub struct Laboratory;

impl Laboratory {
    /// Starts a laboratory on the current runtime.
    ///
    /// # Errors
    /// [`Error::Laboratory`] when it cannot listen, [`Error::Certificates`] when its certificate,
    /// key or trust cannot be used.
    pub async fn start(settings: Settings) -> Result<Running, Error> {
        let tls = settings.tls.as_ref().map(acceptor).transpose()?;
        let transport = Transport::new(Guard::ANY, &settings.trust)?;
        let listener = TcpListener::bind(settings.address)
            .await
            .map_err(Error::Laboratory)?;
        let address = listener.local_addr().map_err(Error::Laboratory)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let own = || format!("{scheme}://{address}");
        let base_url = settings.public_url.clone().unwrap_or_else(own);
        let (outgoing, waiting) = mpsc::channel(MAX_OUTGOING);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new(&settings, base_url.clone())),
            clock: Arc::clone(&settings.clock),
            algorithms: settings.algorithms,
            misbehaviour: Mutex::new(Misbehaviour::default()),
            calls: Mutex::new(BTreeMap::new()),
            outgoing,
            sent: watch::channel(Vec::new()).0,
            stopped,
            drawn: AtomicU64::new(settings.seed),
        });
        let tasks = vec![
            tokio::spawn(server::serve(Arc::clone(&shared), listener, tls)),
            tokio::spawn(outgoing::send(Arc::clone(&shared), transport, waiting)),
            tokio::spawn(tick(Arc::clone(&shared))),
        ];
        Ok(Running {
            address,
            url: base_url,
            handle: Handle { shared },
            stop,
            tasks,
        })
    }
}

async fn tick(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        shared.change(|_, _| ());
    }
}

fn acceptor(tls: &Tls) -> Result<TlsAcceptor, Error> {
    let refused = |reason: String| Error::Certificates { reason };
    let certificates = CertificateDer::pem_slice_iter(&tls.certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(error.to_string()))?;
    let key =
        PrivateKeyDer::from_pem_slice(&tls.key_pem).map_err(|error| refused(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(certificates, key)
        })
        .map_err(|error| refused(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A laboratory that runs until this is dropped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its address in links; with `/bigbluebutton/api` behind it, the one to call.
    pub url: String,
    /// Looks into it and tells it what to do.
    pub handle: Handle,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Laboratory({})", self.url)
    }
}

/// Looks into a laboratory and tells it what to do.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handle")
    }
}

impl Handle {
    /// Switches faults; [`Misbehaviour::default`] switches all off.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.shared.misbehave(misbehaviour);
    }

    /// Loses every meeting, as a restart does.
    pub fn forget_meetings(&self) {
        self.shared.change(|world, _| world.forget_meetings());
    }

    /// Lets simulated people come to a meeting. Returns whether there is such a meeting.
    pub fn simulate(&self, meeting_id: &str, crowd: &Crowd) -> bool {
        self.shared
            .change(|world, now_ms| world.simulate(now_ms, meeting_id, crowd))
    }

    /// Lets everything happen that is due by the laboratory's clock.
    pub fn advance(&self) {
        self.shared.change(|_, _| ());
    }

    /// The meetings, oldest first.
    pub fn meetings(&self) -> Vec<Meeting> {
        self.shared.change(|world, _| {
            let mut rooms: Vec<_> = world.rooms.values().collect();
            rooms.sort_by_key(|room| room.sequence);
            rooms.into_iter().map(|room| room.meeting()).collect()
        })
    }

    /// How many chat messages and documents a meeting received through the API.
    pub fn received(&self, meeting_id: &str) -> Option<u64> {
        self.shared
            .change(|world, _| world.rooms.get(meeting_id).map(|room| room.received))
    }

    /// The recordings, those not yet ready and those deleted included.
    pub fn recordings(&self) -> Vec<Recording> {
        self.shared.change(|world, _| {
            world
                .recordings
                .values()
                .map(|stored| stored.recording.clone())
                .collect()
        })
    }

    /// How often each call was made.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.shared.calls()
    }

    /// What the laboratory told others so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.sent.borrow().clone()
    }

    /// Waits until the laboratory told others at least so many things.
    ///
    /// # Errors
    /// What it told them until the deadline.
    pub async fn wait_until_sent(
        &self,
        count: usize,
        deadline: Duration,
    ) -> Result<Vec<Sent>, Vec<Sent>> {
        let mut sent = self.shared.sent.subscribe();
        let waited =
            tokio::time::timeout(deadline, sent.wait_for(|sent| sent.len() >= count)).await;
        match waited {
            Ok(Ok(sent)) => Ok(sent.clone()),
            _ => Err(self.sent()),
        }
    }
}

/// What the tasks of a laboratory share.
struct Shared {
    world: Mutex<World>,
    clock: Arc<dyn Clock>,
    algorithms: Vec<Algorithm>,
    misbehaviour: Mutex<Misbehaviour>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
    outgoing: mpsc::Sender<Outgoing>,
    sent: watch::Sender<Vec<Sent>>,
    stopped: watch::Receiver<bool>,
    drawn: AtomicU64,
}

/// A lock whose holder cannot have left something half done: no code under it panics on purpose.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// Brings the world up to date, changes it, and hands on what is to be told to others.
    fn change<T>(&self, change: impl FnOnce(&mut World, u64) -> T) -> T {
        let mut world = self.world();
        let now_ms = self.clock.now_ms();
        world.advance(now_ms);
        let result = change(&mut world, now_ms);
        for outgoing in world.outgoing.drain(..) {
            if self.outgoing.try_send(outgoing).is_err() {
                tracing::debug!("the laboratory has too much to tell");
            }
        }
        result
    }

    fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    fn misbehaviour(&self) -> Misbehaviour {
        lock(&self.misbehaviour).clone()
    }

    fn misbehave(&self, misbehaviour: Misbehaviour) {
        *lock(&self.misbehaviour) = misbehaviour;
    }

    fn calls(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.calls).clone()
    }

    fn count(&self, call: &'static str) {
        *lock(&self.calls).entry(call).or_default() += 1;
    }

    fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.clone()
    }

    fn note_sent(&self, sent: Sent) {
        self.sent.send_modify(|all| {
            if all.len() < MAX_SENT {
                all.push(sent);
            }
        });
    }

    /// A number that follows from the seed and how many were drawn before.
    fn random(&self) -> u64 {
        let drawn = self
            .drawn
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    }
}
