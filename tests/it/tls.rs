//! TLS on both sides of the proxy, with certificates made for the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
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
fn tls_server(
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
    let (first, _) = server_config(&folder, vec!["localhost".to_owned()], now).unwrap();
    drop(first);
    // Made once: the second start signs with the same CA.
    let (config, ca) = server_config(&folder, vec!["localhost".to_owned()], now).unwrap();
    only_the_owner_reads(&folder);
    let running = Running::start_with(&format!("ws://{upstream}"), None, Some(config));

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
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
    let hosts = vec!["localhost".to_owned()];
    let (config, _) = server_config(folder.path(), hosts, jiff::Timestamp::now()).unwrap();
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
