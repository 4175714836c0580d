//! Laboratory servers, and what encrypts for them.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use end_to_end::{certificate::Certified, meetings::FrontEnd, ports, process::Process, program};
use tokio::net::{TcpListener, TcpStream};

/// Whom programs trust, as many libraries read it.
pub const AUTHORITY: &str = "SSL_CERT_FILE";
/// The ports of the servers: encrypted, plain, and so on.
pub const PORTS: &str = "GATEWAY_BENCH_PORTS";
const COUNT: usize = 3;
const START_SECONDS: u64 = 20;

/// Encrypts for servers that are started later. Writes whom to trust, and answers with the ports.
pub async fn encrypt(authority: &Path) -> String {
    let certified = Certified::new("localhost");
    fs::write(authority, &certified.authority).unwrap();
    let mut all = Vec::new();
    for _ in 0..COUNT {
        let (encrypted, plain) = (ports::free(), ports::free());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, encrypted));
        tokio::spawn(pass_on(listener.await.unwrap(), certified.clone(), plain));
        all.push(format!("{encrypted},{plain}"));
    }
    all.join(",")
}

async fn pass_on(listener: TcpListener, certified: Certified, plain: u16) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let certified = certified.clone();
        tokio::spawn(async move {
            let Ok(mut outside) = certified.accept(stream).await else {
                return;
            };
            let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, plain)).await else {
                return;
            };
            inside.set_nodelay(true).unwrap();
            // Either side may close without a word.
            let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

/// The servers.
pub struct Servers {
    /// Where each is, encrypted.
    pub hosts: Vec<String>,
    /// Where each is, plain.
    pub plain: Vec<SocketAddr>,
    /// The secret of all of them.
    pub secret: String,
    /// The file it is in.
    pub secret_file: PathBuf,
    _processes: Vec<Process>,
}

impl Servers {
    pub async fn start(directory: &Path) -> Self {
        let ports: Vec<u16> = env::var(PORTS)
            .unwrap()
            .split(',')
            .map(|port| port.parse().unwrap())
            .collect();
        let secret_file = directory.join("server-secret");
        let mut processes = Vec::new();
        for pair in ports.chunks(2) {
            let mut command = program::command();
            command.args(["lab", "--listen", &format!("127.0.0.1:{}", pair[1])]);
            command.arg("--secret-file").arg(&secret_file);
            let mut process = Process::start("a laboratory", command);
            let said = |line: &str| line.contains("server add").then_some(());
            process.line("what to type next", START_SECONDS, said).await;
            processes.push(process);
        }
        let plain = ports.chunks(2);
        let plain = plain.map(|pair| SocketAddr::from((Ipv4Addr::LOCALHOST, pair[1])));
        let hosts = ports.chunks(2).map(|pair| format!("localhost:{}", pair[0]));
        Self {
            hosts: hosts.collect(),
            plain: plain.collect(),
            secret: fs::read_to_string(&secret_file).unwrap().trim().to_owned(),
            secret_file,
            _processes: processes,
        }
    }

    /// Each of them, called as a front end calls it.
    pub fn fronts(&self) -> impl Iterator<Item = FrontEnd> {
        self.plain.iter().map(|server| FrontEnd {
            server: *server,
            secret: self.secret.clone(),
        })
    }
}
