//! A folder → the local CA that vouches for `--tls`, made there once, and for this machine only.
//!
//! Its certificate says what it may vouch for (name constraints, RFC 5280, 4.2.1.10): whoever
//! trusts it, and loses its key, has lost this machine's own names and no others. A proxy that
//! listens elsewhere gets another CA, which may vouch for that address too; the first one stays
//! what it was, trusted by whom it was.

use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::tls::TlsError;

/// What every one of these CAs may vouch for.
pub(super) const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Days the CA is valid: ten years, since people import it once. Its key never leaves its folder.
const CA_DAYS: i32 = 3650;

/// The CA that signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCa {
    /// Its certificate's file, for people to trust.
    pub certificate: PathBuf,
    /// It may vouch for any name: an earlier version made it.
    pub vouches_for_all: bool,
}

/// The CA of `folder` that may vouch for this machine and for `extra`; it is made if there is
/// none.
///
/// One that an earlier version made may vouch for all: it is used on, since clients trust it
/// already, and told.
pub(super) fn load_or_make(
    folder: &Path,
    extra: &[IpAddr],
    now: jiff::Timestamp,
) -> Result<(Issuer<'static, KeyPair>, LocalCa), TlsError> {
    make_private_folder(folder)?;
    let usual = folder.join("ca.pem");
    if usual.exists() && vouches_for_all(&usual)? {
        let (issuer, certificate) = load_or_make_pair(folder, &[], now)?;
        return Ok((issuer, LocalCa { certificate, vouches_for_all: true }));
    }
    let (issuer, certificate) = load_or_make_pair(folder, extra, now)?;
    Ok((issuer, LocalCa { certificate, vouches_for_all: false }))
}

/// The key and the certificate of the CA for `extra`, and the certificate's path.
fn load_or_make_pair(
    folder: &Path,
    extra: &[IpAddr],
    now: jiff::Timestamp,
) -> Result<(Issuer<'static, KeyPair>, PathBuf), TlsError> {
    // Colons are not for file names everywhere.
    let tail =
        extra.iter().fold(String::new(), |tail, ip| tail + "-" + &ip.to_string().replace(':', "_"));
    let key_path = folder.join(format!("ca{tail}-key.pem"));
    let certificate_path = folder.join(format!("ca{tail}.pem"));
    if !key_path.exists() {
        write_private(&key_path, &KeyPair::generate()?.serialize_pem())?;
    }
    let text = fs::read_to_string(&key_path)
        .map_err(|source| TlsError::File { path: key_path.clone(), source })?;
    let key = KeyPair::from_pem(&text)
        .map_err(|_| TlsError::Pem { path: key_path, what: "private key" })?;
    if !certificate_path.exists() {
        let mut parameters = ca_parameters(extra);
        limit_validity(&mut parameters, now, CA_DAYS);
        write_private(&certificate_path, &parameters.self_signed(&key)?.pem())?;
    }
    Ok((Issuer::new(ca_parameters(extra), key), certificate_path))
}

/// The CA's own name, powers and limits; a leaf signed with these and its key verifies against its
/// certificate.
fn ca_parameters(extra: &[IpAddr]) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let mut name = "Wiretape local CA".to_owned();
    for ip in extra {
        name.push_str(&format!(" {ip}"));
    }
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let usual = LOOPBACK.map(|name| match name.parse() {
        Ok(ip) => only(ip),
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    });
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: usual.into_iter().chain(extra.iter().copied().map(only)).collect(),
        excluded_subtrees: Vec::new(),
    });
    parameters
}

/// One address and no other.
fn only(ip: IpAddr) -> GeneralSubtree {
    let bits = if ip.is_ipv6() { 128 } else { 32 };
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, bits))
}

/// The certificate has no name constraints.
fn vouches_for_all(path: &Path) -> Result<bool, TlsError> {
    let unusable = || TlsError::Pem { path: path.to_owned(), what: "certificate" };
    let certificate = CertificateDer::from_pem_file(path).map_err(|_| unusable())?;
    let mut store = RootCertStore::empty();
    store.add(certificate).map_err(|_| unusable())?;
    Ok(store.roots.iter().any(|root| root.name_constraints.is_none()))
}

/// Makes `parameters` valid from a day before `now` to `days` after it. (rcgen's own default is
/// 1975 to 4096, which some clients refuse.)
pub(super) fn limit_validity(parameters: &mut CertificateParams, now: jiff::Timestamp, days: i32) {
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
