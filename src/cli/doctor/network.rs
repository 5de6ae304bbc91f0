//! A port and a server's URL → whether the one is free, and how far one gets towards the other.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};

use super::super::clock;
use super::super::failure::{Code, Failure};
use super::super::human;
use super::{DoctorArgs, Look, Verdict};
use crate::proxy::probe::{Reached, probe};
use crate::proxy::tls::{Trust, client_config};
use crate::proxy::{Connector, Upstream};

/// Days before a certificate's end from which on that is told.
const SOON: i64 = 14;

/// Whether the port can be listened on.
pub(super) fn port(listen: &str) -> Result<Look, Failure> {
    let listen = listen.strip_prefix(':').unwrap_or(listen);
    let is_port = listen.parse::<u16>().is_ok();
    let address = if is_port { format!("127.0.0.1:{listen}") } else { listen.to_owned() };
    let resolved = address.to_socket_addrs().ok().and_then(|mut found| found.next());
    let Some(address) = resolved else {
        return Err(Failure::new(Code::Usage, format!("{listen} is no address to listen on"))
            .next("wiretape doctor --listen 127.0.0.1:9797"));
    };
    Ok(match TcpListener::bind(address) {
        Ok(_) => Look::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let by = owner(address).map(|by| format!(" by {by}")).unwrap_or_default();
            Look::new("port", Verdict::Warn, format!("{address} is in use{by}"))
                .why("only one program can listen on a port")
                .next("wiretape record URL   takes the next free one; --listen PORT another")
        }
        Err(error) => Look::new("port", Verdict::Fail, format!("{address} can't be listened on"))
            .why(error.to_string())
            .next(
                "wiretape record URL --listen 127.0.0.1:9797   (ports below 1024 need more rights)",
            ),
    })
}

/// Who listens there: `node (pid 4711)`, where the system tells.
#[cfg(target_os = "linux")]
fn owner(address: SocketAddr) -> Option<String> {
    use std::fs;
    let port = format!(":{:04X} ", address.port());
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let tables = tables.into_iter().flatten().collect::<String>();
    let listening = tables.lines().find(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let local = columns.next().map(|local| format!("{local} "));
        local.is_some_and(|local| local.ends_with(&port)) && columns.nth(1) == Some("0A")
    })?;
    let wanted = format!("socket:[{}]", listening.split_whitespace().nth(9)?);
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(handles) = fs::read_dir(process.path().join("fd")) else { continue };
        let mut links = handles.flatten().filter_map(|handle| fs::read_link(handle.path()).ok());
        if links.any(|link| link.to_str() == Some(&wanted)) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let pid = process.file_name().to_string_lossy().into_owned();
            return Some(format!("{} (pid {pid})", name.trim_end()));
        }
    }
    None
}

#[cfg(not(target_os = "linux"))]
fn owner(_: SocketAddr) -> Option<String> {
    None
}

/// How far one gets towards the server.
pub(super) fn server(url: &str, args: &DoctorArgs) -> Result<Vec<Look>, Failure> {
    let upstream = Upstream::parse(url).map_err(|error| {
        let failure = Failure::new(Code::Usage, format!("{url} is not a server's URL"));
        let failure = failure.why(error.why.clone());
        failure.next(format!(
            "wiretape doctor {}",
            error.instead.as_deref().unwrap_or("ws://localhost:8000")
        ))
    })?;
    let trust = match (&args.ca, args.insecure) {
        (_, true) => Trust::Anyone,
        (Some(file), false) => Trust::SystemAnd(file.clone()),
        (None, false) => Trust::System,
    };
    let tls = upstream.tls.then(|| client_config(&trust)).transpose();
    let tls =
        tls.map_err(|error| Failure::new(Code::Runtime, "TLS can't be set up").because(&error))?;
    let connector = Connector::new(upstream.clone(), tls);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = clock::now();
    let reached = runtime.block_on(probe(&connector, &upstream.authority(), &upstream.path));
    let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(match reached {
        Ok(reached) => told(&upstream, &reached, took),
        Err(why) => vec![unreachable(&upstream, &why)],
    })
}

fn unreachable(upstream: &Upstream, why: &str) -> Look {
    let host = format!("{}:{}", upstream.host, upstream.port);
    if let Some(at) = why.find("TLS: ") {
        let why = &why[at + 5..];
        let what = format!("{host} answers, and its certificate or TLS is not taken");
        let look = Look::new("tls", Verdict::Fail, what).why(why);
        return if why.contains("nobody who is trusted") {
            look.next("--ca FILE with the root that issued it; -k takes any certificate")
        } else {
            look.next("openssl s_client -connect HOST:PORT   shows it; -k takes any certificate")
        };
    }
    Look::new("server", Verdict::Fail, format!("{host} can't be reached"))
        .why(why.to_owned())
        .next("start the server, or check its host and port; then again")
}

fn told(upstream: &Upstream, reached: &Reached, took_ns: u64) -> Vec<Look> {
    let mut looks = vec![Look::ok("server", format!("{} answers", reached.address))];
    if let Some((version, ends)) = &reached.tls {
        let days = ends.map(|ends| (ends - clock::wall_ns() / 1_000_000_000) / 86_400);
        looks.push(match days {
            Some(days) if days < SOON => Look::new(
                "tls",
                Verdict::Warn,
                format!("{version}; the certificate ends in {days} days"),
            )
            .why("clients refuse a certificate that has ended")
            .next("renew it"),
            Some(days) => {
                Look::ok("tls", format!("{version}; the certificate ends in {days} days"))
            }
            None => Look::ok("tls", version.clone()),
        });
    }
    let path = if upstream.path.is_empty() { "/" } else { &upstream.path };
    looks.push(match &reached.answer {
        Ok(101) => Look::ok(
            "upgrade",
            format!("101 for {path}, after {} in all", human::duration(took_ns)),
        ),
        Ok(status @ (401 | 403)) => {
            Look::new("upgrade", Verdict::Warn, format!("{status} for {path}"))
                .why("the server wants a token, a cookie or an Origin that was not sent from here")
                .next(format!(
                    "wiretape record {upstream} --header 'Origin: https://app.example.com'"
                ))
        }
        Ok(status) => Look::new("upgrade", Verdict::Warn, format!("{status} for {path}, not 101"))
            .why("no WebSocket is served at this path, or the server wants more than it was sent")
            .next("wiretape doctor ws://HOST:PORT/PATH   with the path that your app uses"),
        Err(why) => {
            Look::new("upgrade", Verdict::Fail, format!("no answer to an upgrade of {path}"))
                .why(why.clone())
                .next("look whether this port speaks HTTP, and whether it wants wss://")
        }
    });
    looks
}
