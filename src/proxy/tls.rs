//! Trust: the roots that vouch for an upstream, and the local CA that vouches for `--tls`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// Days a leaf certificate is valid; it is made anew at each start.
const LEAF_DAYS: i32 = 90;

/// Days the CA is valid: ten years, since people import it once. Its key never leaves its folder.
const CA_DAYS: i32 = 3650;

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

/// TLS on the listening side: a leaf for `hosts`, signed by the CA kept in `folder` (made there,
/// 0600, if there is none). Gives the CA certificate's path too, for people to trust.
pub fn server_config(
    folder: &Path,
    hosts: Vec<String>,
    now: jiff::Timestamp,
) -> Result<(ServerTls, PathBuf), TlsError> {
    let (issuer, certificate_path) = load_or_make_ca(folder, now)?;
    let ca = CertificateDer::from_pem_file(&certificate_path)
        .map_err(|_| TlsError::Pem { path: certificate_path.clone(), what: "certificate" })?;
    let mut leaf = CertificateParams::new(hosts)?;
    leaf.distinguished_name.push(DnType::CommonName, "wiretape proxy");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    limit_validity(&mut leaf, now, LEAF_DAYS);
    let key = KeyPair::generate()?;
    let chain = vec![leaf.signed_by(&key, &issuer)?.der().clone(), ca];
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|why| rustls::Error::General(why.to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok((Arc::new(config), certificate_path))
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

fn load_or_make_ca(
    folder: &Path,
    now: jiff::Timestamp,
) -> Result<(Issuer<'static, KeyPair>, PathBuf), TlsError> {
    let (key_path, certificate_path) = (folder.join("ca-key.pem"), folder.join("ca.pem"));
    make_private_folder(folder)?;
    if !key_path.exists() {
        write_private(&key_path, &KeyPair::generate()?.serialize_pem())?;
    }
    let text = fs::read_to_string(&key_path)
        .map_err(|source| TlsError::File { path: key_path.clone(), source })?;
    let key = KeyPair::from_pem(&text)
        .map_err(|_| TlsError::Pem { path: key_path, what: "private key" })?;
    if !certificate_path.exists() {
        let mut parameters = ca_parameters();
        limit_validity(&mut parameters, now, CA_DAYS);
        write_private(&certificate_path, &parameters.self_signed(&key)?.pem())?;
    }
    Ok((Issuer::new(ca_parameters(), key), certificate_path))
}

/// The CA's own name and powers; a leaf signed with these and its key verifies against `ca.pem`.
fn ca_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "Wiretape local CA");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

/// Makes `parameters` valid from a day before `now` to `days` after it. (rcgen's own default is
/// 1975 to 4096, which some clients refuse.)
fn limit_validity(parameters: &mut CertificateParams, now: jiff::Timestamp, days: i32) {
    let at = |days: i32| {
        let day = (now + jiff::SignedDuration::from_hours(24 * i64::from(days)))
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        rcgen::date_time_ymd(i32::from(day.year()), day.month() as u8, day.day() as u8)
    };
    parameters.not_before = at(-1);
    parameters.not_after = at(days);
}

fn make_private_folder(folder: &Path) -> Result<(), TlsError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| TlsError::File { path: folder.to_owned(), source })
}

/// A new file that only its owner can read, whatever the umask.
fn write_private(path: &Path, text: &str) -> Result<(), TlsError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| TlsError::File { path: path.to_owned(), source })
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
