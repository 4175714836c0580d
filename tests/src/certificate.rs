//! An authority for one test, and what it vouches for.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
    server::TlsStream,
};

/// A certificate with its key, as a server uses them.
#[derive(Clone)]
pub struct Certified {
    acceptor: TlsAcceptor,
    /// The authority that vouches for it (PEM).
    pub authority: String,
}

impl Certified {
    /// The certificate of a server with this name, by an authority of its own.
    ///
    /// # Panics
    /// When the name is none.
    pub fn new(name: &str) -> Self {
        let key = || KeyPair::generate().expect("keys are made without input");
        let params = |names: Vec<String>| CertificateParams::new(names).expect("a server's name");
        let mut own = params(Vec::new());
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let (own_key, server_key) = (key(), key());
        // Two authorities of one name would pass for one whose key is wrong.
        let mark = own_key.public_key_der();
        let mark: Vec<String> = mark
            .iter()
            .rev()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let own_name = format!("Authority {}", mark.concat());
        own.distinguished_name.push(DnType::CommonName, own_name);
        let authority = own.self_signed(&own_key).expect("it signs itself");
        let mut server = params(vec![name.to_owned()]);
        // Strict clients want to read which authority it is by.
        server.use_authority_key_identifier_extension = true;
        let server = server.signed_by(&server_key, &authority, &own_key);
        let chain = vec![server.expect("it signs").der().clone()];
        let secret = PrivateKeyDer::Pkcs8(server_key.serialize_der().into());
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .expect("the key is the certificate's");
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: authority.pem(),
        }
    }

    /// Encrypts a connection, as the server.
    ///
    /// # Errors
    /// When the client does not go along.
    pub async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}
