//! TLS on both sides of the proxy, with certificates made for the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use wiretape::proxy::tls::{Trust, client_config, server_config};

use crate::proxy::{Running, SWITCH, UPGRADE, read_head};

/// A certificate for `name` that nobody but itself vouches for; its PEM is written to `path`.
pub(crate) fn server_certificate(name: &str, path: &Path) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(path, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// Answers one upgrade inside TLS, sends a frame, and ends with or without `close_notify`.
pub(crate) fn tls_server(
    config: Arc<ServerConfig>,
    polite: bool,
) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(config).unwrap();
        let mut tls = StreamOwned::new(connection, tcp);
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            // A client that does not trust us ends here.
            if tls.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            head.push(byte[0]);
        }
        tls.write_all(&[SWITCH, b"\x81\x02hi"].concat()).unwrap();
        if polite {
            tls.conn.send_close_notify();
        }
        tls.flush().unwrap();
        tls.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = std::io::copy(&mut tls.sock, &mut std::io::sink());
    });
    (address, thread)
}

fn through(upstream: SocketAddr, trust: &Trust) -> (String, wiretape::wire::Connection) {
    let url = format!("wss://localhost:{}", upstream.port());
    let running = Running::start_with(&url, Some(client_config(trust).unwrap()), None);
    let mut client = running.connect();
    client.write_all(UPGRADE).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    drop(client);
    let keeper = running.finish();
    let last = keeper.connections.lock().unwrap().last().cloned().unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), last)
}

#[test]
fn a_wss_server_is_reached_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("server.pem");
    let config = server_certificate("localhost", &pem);
    for trust in [Trust::SystemAnd(pem), Trust::Anyone] {
        let (address, thread) = tls_server(Arc::clone(&config), true);
        let (answer, connection) = through(address, &trust);
        assert!(answer.starts_with("HTTP/1.1 101 Off We Go\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n\u{fffd}\u{2}hi"), "{answer:?}");
        assert_eq!(connection.detail, None);
        thread.join().unwrap();
    }
}

#[test]
fn a_certificate_that_is_not_good_is_a_502_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
    let good = server_certificate("localhost", &right);
    let other = server_certificate("elsewhere.example", &wrong);
    for (config, trust, reason) in [
        (good, Trust::SystemAnd(wrong.clone()), "invalid peer certificate: bad signature"),
        (other, Trust::SystemAnd(wrong), "not valid for name"),
    ] {
        let (address, thread) = tls_server(config, true);
        let (answer, connection) = through(address, &trust);
        assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
        assert!(answer.contains(reason), "{answer}");
        assert!(connection.detail.unwrap().contains(reason));
        thread.join().unwrap();
    }
}

#[test]
fn an_end_without_close_notify_is_passed_on_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("server.pem");
    let (address, thread) = tls_server(server_certificate("localhost", &pem), false);
    let (answer, connection) = through(address, &Trust::SystemAnd(pem));
    assert!(answer.ends_with("\u{2}hi"), "{answer:?}");
    assert_eq!(connection.detail.as_deref(), Some("TLS ended without close_notify"));
    thread.join().unwrap();
}

#[test]
fn a_pem_file_without_a_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("not.pem");
    std::fs::write(&pem, "hello").unwrap();
    let error = client_config(&Trust::SystemAnd(pem)).unwrap_err();
    assert!(error.to_string().ends_with("holds no usable certificate in PEM form"), "{error}");
}

#[test]
fn the_listening_side_speaks_tls_with_a_private_local_ca() {
    let (upstream, thread) = crate::proxy::server(1, |mut stream| {
        read_head(&mut stream);
        stream.write_all(&[SWITCH, b"\x81\x02hi"].concat()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("wiretape");
    let now = jiff::Timestamp::now();
    let (first, _) = server_config(&folder, &[], now).unwrap();
    drop(first);
    // Made once: the second start signs with the same CA.
    let (config, ca) = server_config(&folder, &[], now).unwrap();
    only_the_owner_reads(&folder);
    let running = Running::start_with(&format!("ws://{upstream}"), None, Some(config));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let tcp = TcpStream::connect(running.address).unwrap();
    let mut tls = StreamOwned::new(connection, tcp);
    tls.write_all(UPGRADE).unwrap();
    let mut answer = vec![0; SWITCH.len() + 4];
    tls.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [SWITCH, b"\x81\x02hi"].concat());
    tls.conn.send_close_notify();
    tls.flush().unwrap();
    drop(tls);
    thread.join().unwrap();

    // Plain HTTP on the TLS port ends the connection, and is told.
    let mut plain = running.connect();
    plain.write_all(UPGRADE).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    drop(plain);
    let keeper = running.finish();
    let notices = keeper.notices.lock().unwrap();
    assert!(notices[0].contains("TLS handshake"), "{notices:?}");
    assert!(notices[0].contains("what came is not TLS (plain HTTP or ws://?)"), "{notices:?}");
}

/// Whoever has the CA's key makes a certificate for `host`; whether a client that trusts the CA
/// takes it. OpenSSL is asked too, where it is there.
fn is_taken(ca: &Path, host: &str) -> bool {
    let folder = ca.parent().unwrap();
    let key =
        ca.with_file_name(ca.file_name().unwrap().to_str().unwrap().replace(".pem", "-key.pem"));
    let key = rcgen::KeyPair::from_pem(&std::fs::read_to_string(key).unwrap()).unwrap();
    // The name that the certificate itself has, as its issuer.
    let mut issuer = rcgen::CertificateParams::default();
    let extra =
        ca.file_stem().unwrap().to_str().unwrap().strip_prefix("ca").unwrap().replace('-', " ");
    issuer.distinguished_name.push(rcgen::DnType::CommonName, format!("Wiretape local CA{extra}"));
    let issuer = rcgen::Issuer::new(issuer, key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let name = ServerName::try_from(host).unwrap();
    let verdict =
        verifier.unwrap().verify_server_cert(leaf.der(), &[], &name, &[], UnixTime::now());
    let file = folder.join("leaf.pem");
    std::fs::write(&file, leaf.pem()).unwrap();
    let openssl = std::process::Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
        .args([ca, &file])
        .output();
    if let Ok(output) = openssl {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.success(), verdict.is_ok(), "{host}: {said} {verdict:?}");
        assert!(verdict.is_ok() || said.contains("permitted subtree violation"), "{host}: {said}");
    }
    verdict.is_ok()
}

#[test]
fn the_local_ca_vouches_for_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::now();
    let (_, usual) = server_config(folder.path(), &[], now).unwrap();
    assert!(!usual.vouches_for_all);
    for own in ["localhost", "127.0.0.1", "::1"] {
        assert!(is_taken(&usual.certificate, own), "{own}");
    }
    for other in ["example.com", "localhost.example.com", "192.0.2.7", "127.0.0.2", "2001:db8::1"] {
        assert!(!is_taken(&usual.certificate, other), "{other}");
    }
    // Listening elsewhere takes another CA; the first one stays as it was.
    let before = std::fs::read(&usual.certificate).unwrap();
    let elsewhere = ["192.0.2.7".parse().unwrap(), "2001:db8::1".parse().unwrap()];
    let (_, wider) = server_config(folder.path(), &elsewhere, now).unwrap();
    assert!(wider.certificate.ends_with("ca-192.0.2.7-2001_db8__1.pem"), "{wider:?}");
    assert_eq!(std::fs::read(&usual.certificate).unwrap(), before);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&wider.certificate).unwrap()).unwrap();
    let constraints = roots.roots[0].name_constraints.as_ref().unwrap();
    assert!(constraints.windows(4).any(|bytes| bytes == [192, 0, 2, 7]), "{constraints:02x?}");
    let (_, one) = server_config(folder.path(), &elsewhere[..1], now).unwrap();
    assert!(is_taken(&one.certificate, "192.0.2.7") && is_taken(&one.certificate, "localhost"));
    assert!(!is_taken(&one.certificate, "192.0.2.8"));
}

/// Clients that trust it must not be cut off by an update.
#[test]
fn a_ca_of_an_earlier_version_is_used_on_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("ca-key.pem"), key.serialize_pem()).unwrap();
    let mut old = rcgen::CertificateParams::default();
    old.distinguished_name.push(rcgen::DnType::CommonName, "Wiretape local CA");
    old.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    let pem = old.self_signed(&key).unwrap().pem();
    std::fs::write(folder.path().join("ca.pem"), &pem).unwrap();
    for extra in [&[][..], &["192.0.2.7".parse().unwrap()]] {
        let (_, ca) = server_config(folder.path(), extra, jiff::Timestamp::now()).unwrap();
        assert!(ca.vouches_for_all);
        assert_eq!(std::fs::read_to_string(&ca.certificate).unwrap(), pem);
    }
}

#[cfg(unix)]
fn only_the_owner_reads(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for file in ["ca-key.pem", "ca.pem"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[cfg(not(unix))]
fn only_the_owner_reads(_: &Path) {}

/// A browser connects ahead of time and says nothing: that must not keep the proxy from ending.
#[test]
fn a_silent_handshake_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (config, _) = server_config(folder.path(), &[], jiff::Timestamp::now()).unwrap();
    let running = Running::start_with("ws://127.0.0.1:9", None, Some(config));
    let silent = running.connect();
    // A second one that ends its handshake badly shows that the first was accepted before it.
    let mut second = running.connect();
    second.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let _ = second.read_to_end(&mut Vec::new());
    let begun = std::time::Instant::now();
    running.finish();
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(8),
        "the handshake's own limit is 10 s"
    );
    drop(silent);
}
