//! Wires between nodes that can be cut: nodes announce the forwarder's ports instead of their own,
//! so that every connection between them passes here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Where a node stands, so to speak.
pub type Place = usize;

#[derive(Debug, Default)]
struct Wires {
    /// The process at each place, to tell who connects.
    processes: BTreeMap<Place, u32>,
    cut: BTreeSet<(Place, Place)>,
}

/// All the wires of a federation.
#[derive(Clone)]
pub struct Forwarder {
    wires: Arc<Mutex<Wires>>,
    changed: watch::Sender<u64>,
}

impl Default for Forwarder {
    fn default() -> Self {
        Self {
            wires: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }
}

impl Forwarder {
    /// A way to `port` at `place`; answers with the port to announce.
    ///
    /// # Panics
    /// When nothing can be listened on.
    pub async fn way_to(&self, place: Place, port: u16) -> u16 {
        let entrance = crate::ports::free();
        let listener = TcpListener::bind(("127.0.0.1", entrance))
            .await
            .expect("the port is free");
        let forwarder = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, from)) = listener.accept().await {
                tokio::spawn(forwarder.clone().carry(stream, from, place, port));
            }
        });
        entrance
    }

    /// Says which process is at a place.
    pub fn moved_in(&self, place: Place, process: u32) {
        self.change(|wires| {
            wires.processes.insert(place, process);
        });
    }

    /// Cuts every wire between the two groups, at once and without a word.
    pub fn cut(&self, here: &[Place], there: &[Place]) {
        self.change(|wires| {
            for (&a, &b) in here.iter().flat_map(|a| there.iter().map(move |b| (a, b))) {
                wires.cut.extend([(a, b), (b, a)]);
            }
        });
    }

    /// Mends every wire.
    pub fn heal(&self) {
        self.change(|wires| wires.cut.clear());
    }

    fn change(&self, change: impl FnOnce(&mut Wires)) {
        change(&mut self.wires.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|number| *number += 1);
    }

    fn is_cut(&self, from: Option<Place>, to: Place) -> bool {
        let wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
        from.is_some_and(|from| wires.cut.contains(&(from, to)))
    }

    fn place_of(&self, address: SocketAddr) -> Option<Place> {
        let processes = {
            let wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
            wires.processes.clone()
        };
        let socket = socket_of(address)?;
        let owns = |process: u32| owns_socket(process, &socket);
        processes
            .into_iter()
            .find_map(|(place, process)| owns(process).then_some(place))
    }

    async fn carry(self, mut stream: TcpStream, address: SocketAddr, to: Place, port: u16) {
        let mut changed = self.changed.subscribe();
        let from = self.place_of(address);
        if self.is_cut(from, to) {
            return;
        }
        let Ok(mut target) = TcpStream::connect(("127.0.0.1", port)).await else {
            return;
        };
        // What is passed on is not held back to be sent with more.
        if stream.set_nodelay(true).is_err() || target.set_nodelay(true).is_err() {
            return;
        }
        let is_cut = async {
            while changed.changed().await.is_ok() {
                if self.is_cut(from, to) {
                    return;
                }
            }
        };
        tokio::select! {
            // How it ended is the nodes' business.
            _ = copy_bidirectional(&mut stream, &mut target) => {}
            () = is_cut => {}
        }
    }
}

/// The number of the socket at the other end of a connection on this machine (Linux).
fn socket_of(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    let local = format!(
        "{:08X}:{:04X}",
        u32::from_le_bytes(address.ip().octets()),
        address.port()
    );
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let socket = *columns.get(9)?;
        // A socket that nobody owns any more has the number 0.
        (*columns.get(1)? == local && socket != "0").then(|| format!("socket:[{socket}]"))
    })
}

fn owns_socket(process: u32, socket: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| target.to_string_lossy() == socket)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A port that sends back what it gets.
    async fn echo() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        port
    }

    async fn goes_through(stream: &mut TcpStream) -> bool {
        let mut answer = [0; 4];
        stream.write_all(b"moot").await.is_ok() && stream.read_exact(&mut answer).await.is_ok()
    }

    #[tokio::test]
    async fn a_cut_ends_connections_between_the_groups_and_healing_lets_new_ones_through() {
        let forwarder = Forwarder::default();
        let port = forwarder.way_to(1, echo().await).await;
        forwarder.moved_in(0, std::process::id());
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(goes_through(&mut stream).await);

        forwarder.cut(&[0], &[1, 2]);
        let mut nothing = [0];
        assert!(!matches!(stream.read(&mut nothing).await, Ok(1..)));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(!goes_through(&mut stream).await);

        forwarder.heal();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(goes_through(&mut stream).await);
    }
}
