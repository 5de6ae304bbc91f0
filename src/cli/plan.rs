//! The arguments of `record` → where it listens, what it changes, whom it trusts: checked before
//! anything is opened.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::failure::{Code, Failure};
use super::record::RecordArgs;
use crate::proxy::ca::LocalCa;
use crate::proxy::tls::{ClientTls, ServerTls, Trust, client_config, server_config};
use crate::proxy::{HeaderOverride, HostPolicy, Listening, ProxyError, Settings, Upstream};

/// The port that people learn.
const PORT: u16 = 9797;

/// How many ports after [`PORT`] are tried when it is busy.
const PORTS_TRIED: u16 = 100;

/// What the arguments come to, checked before anything is opened.
pub(super) struct Plan {
    pub(super) addresses: Vec<Vec<SocketAddr>>,
    pub(super) settings: Settings,
    pub(super) tls: Option<ClientTls>,
    pub(super) ca: Option<LocalCa>,
    pub(super) host_note: String,
}

impl Plan {
    pub(super) fn new(args: &RecordArgs, upstream: &Upstream) -> Result<Self, Failure> {
        if (args.insecure || args.ca.is_some()) && !upstream.tls {
            return Err(Failure::new(
                Code::Usage,
                "--ca and -k are for wss:// and https:// servers",
            )
            .next("wiretape record wss://HOST --ca FILE"));
        }
        if args.env.as_ref().is_some_and(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return Err(Failure::new(Code::Usage, "--env takes the name of a variable")
                .next("wiretape record URL --env VITE_WS_URL -- npm run dev"));
        }
        if args.command.first().is_some_and(String::is_empty) {
            return Err(Failure::new(Code::Usage, "the command after -- has no name")
                .next("wiretape record URL -- npm run dev"));
        }
        let headers = parse_headers(&args.headers)?;
        let (host, host_note) = host_policy(args.host.as_deref(), upstream)?;
        let addresses = addresses(args.listen.as_deref())?;
        let trust = match (&args.ca, args.insecure) {
            (_, true) => Trust::Anyone,
            (Some(path), _) => Trust::SystemAnd(path.clone()),
            (None, _) => Trust::System,
        };
        let tls = upstream.tls.then(|| client_config(&trust)).transpose();
        let tls = tls.map_err(|error| {
            Failure::new(Code::Usage, format!("can't set up TLS towards the server: {error}")).next(
                "wiretape record URL --ca FILE   (a PEM file of certificates), or -k to accept any",
            )
        })?;
        let (server, ca) = if args.tls {
            let (config, ca) = local_tls(addresses.first())?;
            (Some(config), Some(ca))
        } else {
            (None, None)
        };
        Ok(Self {
            addresses,
            settings: Settings {
                host,
                headers,
                max_payload: args.max_payload,
                handshake_limit: Duration::from_secs(args.handshake_timeout),
                tls: server,
            },
            tls,
            ca,
            host_note,
        })
    }
}

pub(super) fn parse_upstream(url: &str) -> Result<Upstream, Failure> {
    Upstream::parse(url).map_err(|error| {
        let instead = error.instead.as_deref().unwrap_or("ws://localhost:8000");
        Failure::new(
            Code::Usage,
            format!("{} is not a server's URL", super::mask::mask_target(url)),
        )
        .why(error.why)
        .next(format!("wiretape record {}", super::mask::mask_target(instead)))
    })
}

fn parse_headers(texts: &[String]) -> Result<Vec<HeaderOverride>, Failure> {
    let mut headers = Vec::new();
    for text in texts {
        let lines = match text.strip_prefix('@') {
            None => text.clone(),
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::new(Code::Usage, format!("can't read the headers in {path}"))
                    .why(error.to_string())
            })?,
        };
        // A line break in an argument is a header injected; only a file has several lines.
        let is_file = text.starts_with('@');
        let split: Vec<&str> = if is_file {
            lines.lines().filter(|line| !line.trim().is_empty()).collect()
        } else {
            vec![&lines]
        };
        for line in split {
            let header = HeaderOverride::parse(line).ok_or_else(|| {
                Failure::new(Code::Usage, "a header is written 'Name: value', in one line")
                    .next("wiretape record URL --header 'Origin: https://app.example.com'")
            })?;
            headers.push(header);
        }
    }
    Ok(headers)
}

fn host_policy(wanted: Option<&str>, upstream: &Upstream) -> Result<(HostPolicy, String), Failure> {
    let policy = match wanted {
        None => HostPolicy::for_upstream(upstream),
        Some("keep") => HostPolicy::Keep,
        Some("upstream") => HostPolicy::Replace(upstream.authority()),
        Some(name) if HeaderOverride::parse(&format!("Host: {name}")).is_some() => {
            HostPolicy::Replace(name.to_owned())
        }
        Some(_) => {
            return Err(Failure::new(Code::Usage, "--host takes keep, upstream, or a host name"));
        }
    };
    let note = match &policy {
        HostPolicy::Keep => "as the client sends it".to_owned(),
        HostPolicy::Replace(name) => format!("becomes {}", super::escape::text(name)),
    };
    Ok((policy, note))
}

/// Lists of addresses to try in turn; all of one list are listened on together.
fn addresses(listen: Option<&str>) -> Result<Vec<Vec<SocketAddr>>, Failure> {
    let loopback = |port| {
        vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ]
    };
    let Some(text) = listen else {
        return Ok((0..PORTS_TRIED).map(|more| loopback(PORT + more)).collect());
    };
    let bare = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(vec![loopback(port)]);
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(vec![loopback(port)]);
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Ok(vec![vec![address]]),
        Err(_) => Err(Failure::new(
            Code::Usage,
            format!("{} is not an address to listen on", super::escape::text(text)),
        )
        .why("it is PORT, :PORT or ADDRESS:PORT, with an IP address or localhost")
        .next("wiretape record URL --listen 127.0.0.1:9797")),
    }
}

pub(super) fn listen(addresses: &[Vec<SocketAddr>]) -> Result<Listening, Failure> {
    let mut failure = None;
    for candidate in addresses {
        match Listening::bind(candidate) {
            Ok(listening) => return Ok(listening),
            Err(error) => {
                let ProxyError::Bind { source, .. } = &error;
                let busy = source.kind() == std::io::ErrorKind::AddrInUse;
                failure = Some(error);
                if !busy {
                    break;
                }
            }
        }
    }
    let text = failure.map_or_else(|| "no address".to_owned(), |error| error.to_string());
    let next = if text.contains("permission") {
        "wiretape record URL --listen 127.0.0.1:9797   (ports below 1024 need more rights)"
    } else {
        "wiretape record URL --listen 127.0.0.1:0   (any free port), or end what listens there"
    };
    Err(Failure::new(Code::Runtime, text).next(next))
}

/// Where the user's configuration lives: the local CA is kept there.
pub(super) fn config_folder() -> Result<PathBuf, Failure> {
    use etcetera::{BaseStrategy as _, choose_base_strategy};
    choose_base_strategy().map(|base| base.config_dir().join("wiretape")).map_err(|_| {
        Failure::new(Code::Runtime, "can't find your home folder, where the local CA is kept")
            .next("HOME=… wiretape record URL --tls")
    })
}

fn local_tls(addresses: Option<&Vec<SocketAddr>>) -> Result<(ServerTls, LocalCa), Failure> {
    let ips = addresses.into_iter().flatten().map(SocketAddr::ip);
    let extra: Vec<IpAddr> = ips.filter(|ip| !ip.is_loopback()).collect();
    let folder = config_folder()?;
    server_config(&folder, &extra, jiff::Timestamp::now()).map_err(|error| {
        Failure::new(Code::Runtime, format!("can't serve TLS: {error}"))
            .why(format!("the local CA is kept in {}", folder.display()))
    })
}

/// `64k`, `16M`, `1G` or plain bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err("a size is bytes, or a number with k, M or G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a size begins with a number".to_owned())?;
    number.checked_mul(scale).ok_or_else(|| "that is more than there is".to_owned())
}
