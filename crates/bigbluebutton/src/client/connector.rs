//! Connections: only to addresses the guard admits, secured where the address says so.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use hyper::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tower::Service;

use crate::{error::Error, guard::Guard};

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Those the machine believes.
    pub native: bool,
    /// Further roots, each in PEM: of tests, laboratories and private networks.
    pub roots_pem: Vec<Vec<u8>>,
}

impl Trust {
    /// What the machine believes.
    pub fn native() -> Self {
        Self {
            native: true,
            roots_pem: Vec::new(),
        }
    }

    fn config(&self) -> Result<ClientConfig, Error> {
        let refused = |reason: String| Error::Certificates { reason };
        let mut roots = RootCertStore::empty();
        if self.native {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(refused(
                    "the machine has none; install ca-certificates".to_owned(),
                ));
            }
        }
        for pem in &self.roots_pem {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| refused(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| refused(error.to_string()))?;
            }
        }
        Ok(
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| refused(error.to_string()))?
                .with_root_certificates(roots)
                .with_no_client_auth(),
        )
    }
}

/// Connects to a server.
#[derive(Clone)]
pub(super) struct Connector {
    guard: Guard,
    deadline: Duration,
    tls: TlsConnector,
}

impl Connector {
    pub(super) fn new(guard: Guard, trust: &Trust, deadline: Duration) -> Result<Self, Error> {
        Ok(Self {
            guard,
            deadline,
            tls: TlsConnector::from(Arc::new(trust.config()?)),
        })
    }

    async fn connect(self, uri: Uri) -> Result<Stream, Error> {
        let host = uri.host().unwrap_or_default().to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let late = host.clone();
        let opened = async {
            let tcp = self.open(&host, port).await?;
            if !secure {
                return Ok(Stream::Plain(tcp));
            }
            let bare = host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            let name = ServerName::try_from(bare).map_err(|_| Error::Address {
                reason: "its host is no name",
            })?;
            let stream = self.tls.connect(name, tcp).await;
            let stream = stream.map_err(|source| Error::Tls {
                host: host.clone(),
                source,
            })?;
            Ok(Stream::Secure(Box::new(stream)))
        };
        tokio::time::timeout(self.deadline, opened)
            .await
            .unwrap_or_else(|_| {
                Err(Error::Connect {
                    host: late,
                    source: io::ErrorKind::TimedOut.into(),
                })
            })
    }

    /// Tries the admitted addresses of a host in order; the name is not resolved again.
    async fn open(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in self.guard.resolve(host, port).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Calls are small and wait for each other's answers.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failed = error,
            }
        }
        Err(Error::Connect {
            host: host.to_owned(),
            source: failed,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectFailure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            connector
                .connect(uri)
                .await
                .map(TokioIo::new)
                .map_err(ConnectFailure::new)
        })
    }
}

/// Carries an error of ours through the pool of connections, which only lends its cause.
#[derive(Debug)]
pub(super) struct ConnectFailure(Mutex<Option<Error>>);

impl ConnectFailure {
    fn new(error: Error) -> Self {
        Self(Mutex::new(Some(error)))
    }

    /// The error; once.
    pub(super) fn take(&self) -> Option<Error> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no connection")
    }
}

impl std::error::Error for ConnectFailure {}

/// A connection, secured or not.
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
