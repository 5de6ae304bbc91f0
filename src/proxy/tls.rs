//! Trust: the roots that vouch for an upstream, and the certificate of the side that listens.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

use super::ca::{self, LocalCa};

/// Days a leaf certificate is valid; it is made anew at each start.
const LEAF_DAYS: i32 = 90;

/// The only HTTP that is spoken: HTTP/2 would hide the upgrade.
const ALPN: &[u8] = b"http/1.1";

/// TLS towards the server, set up.
pub type ClientTls = Arc<ClientConfig>;

/// TLS towards the client, set up.
pub type ServerTls = Arc<ServerConfig>;

/// How the upstream's certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By the system's roots.
    System,
    /// By the system's roots and the PEM certificates of a file.
    SystemAnd(PathBuf),
    /// Not at all.
    Anyone,
}

/// Failures to set TLS up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of certificates or keys can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no usable {what} in PEM form")]
    Pem {
        /// Its path.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
    },
    /// No root is trusted, so no server can be.
    #[error("the system has no trusted root certificates")]
    NoRoots,
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Made(#[from] rcgen::Error),
    /// rustls refuses the configuration.
    #[error("TLS can't be set up")]
    Rustls(#[from] rustls::Error),
}

/// TLS towards the upstream.
pub fn client_config(trust: &Trust) -> Result<ClientTls, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let mut config = match trust {
        Trust::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NoVerifier(provider)))
            .with_no_client_auth(),
        Trust::System | Trust::SystemAnd(_) => {
            builder.with_root_certificates(roots(trust)?).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// TLS on the listening side: a leaf for this machine's own names and the addresses `extra`,
/// signed by a CA kept in `folder` (made there, 0600, if there is none).
pub fn server_config(
    folder: &Path,
    extra: &[IpAddr],
    now: jiff::Timestamp,
) -> Result<(ServerTls, LocalCa), TlsError> {
    let (issuer, local) = ca::load_or_make(folder, extra, now)?;
    let certificate = CertificateDer::from_pem_file(&local.certificate)
        .map_err(|_| TlsError::Pem { path: local.certificate.clone(), what: "certificate" })?;
    let names = ca::LOOPBACK.map(str::to_owned).into_iter();
    let mut leaf = CertificateParams::new(
        names.chain(extra.iter().map(IpAddr::to_string)).collect::<Vec<_>>(),
    )?;
    leaf.distinguished_name.push(DnType::CommonName, "wiretape proxy");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    ca::limit_validity(&mut leaf, now, LEAF_DAYS);
    let key = KeyPair::generate()?;
    let chain = vec![leaf.signed_by(&key, &issuer)?.der().clone(), certificate];
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|why| rustls::Error::General(why.to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok((Arc::new(config), local))
}

fn roots(trust: &Trust) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Trust::SystemAnd(path) = trust {
        let pem = TlsError::Pem { path: path.clone(), what: "certificate" };
        let read =
            fs::read(path).map_err(|source| TlsError::File { path: path.clone(), source })?;
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(&read).filter_map(Result::ok).collect();
        let (added, _) = store.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(pem);
        }
    }
    if store.is_empty() { Err(TlsError::NoRoots) } else { Ok(store) }
}

/// Accepts every certificate (`-k`), but still checks that the server holds its key.
#[derive(Debug)]
struct NoVerifier(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
