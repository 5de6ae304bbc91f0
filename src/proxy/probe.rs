//! An upstream's URL → how far one gets towards it: to a socket, through TLS, to a `101`.
//!
//! For who asks what is wrong; one handshake is made and the connection closed, nothing is recorded.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use super::connect::Connector;
use super::stream::Stream;

/// How long the server may take to answer the upgrade.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Bytes of an answer's head that are read: as servers allow each other.
const MOST_OF_A_HEAD: usize = 16 << 10;

/// How far one got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The address that answered.
    pub address: SocketAddr,
    /// The version of TLS, and when the server's certificate ends, in seconds since the Unix
    /// epoch; `None` without TLS.
    pub tls: Option<(String, Option<i64>)>,
    /// The status of the answer to an upgrade, or why there was none.
    pub answer: Result<u16, String>,
}

/// Tries `connector`, asking for an upgrade of `path` as `host`.
///
/// # Errors
/// Why there is no connection, in one sentence; that of TLS names the certificate's fault.
pub async fn probe(connector: &Connector, host: &str, path: &str) -> Result<Reached, String> {
    let (mut stream, address) = connector.connect().await.map_err(|error| error.text)?;
    let tls = tls_of(&stream);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let asked = tokio::time::timeout(ANSWER_LIMIT, ask(&mut stream, request.as_bytes())).await;
    let answer = asked.unwrap_or_else(|_| Err("no answer within 5 s".to_owned()));
    Ok(Reached { address, tls, answer })
}

async fn ask(stream: &mut Stream, request: &[u8]) -> Result<u16, String> {
    let words = |error: std::io::Error| super::http::plain_words(&error);
    let mut left = request;
    while !left.is_empty() {
        let count = poll_fn(|cx| stream.poll_write(cx, left)).await.map_err(words)?;
        left = left.get(count..).filter(|_| count > 0).ok_or("the server takes no request")?;
    }
    poll_fn(|cx| stream.poll_flush(cx)).await.map_err(words)?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while head.len() < MOST_OF_A_HEAD {
        let count = poll_fn(|cx| stream.poll_read(cx, &mut buffer)).await.map_err(words)?;
        head.extend_from_slice(&buffer[..count]);
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(&head) {
            // The status is known as soon as its line is.
            Ok(_) if response.code.is_some() => return Ok(response.code.unwrap_or_default()),
            Ok(_) if count == 0 => return Err("the server closed without an answer".to_owned()),
            Ok(_) => {}
            Err(_) => return Err("the answer is not HTTP".to_owned()),
        }
    }
    Err("the answer has no end".to_owned())
}

fn tls_of(stream: &Stream) -> Option<(String, Option<i64>)> {
    let Stream::Tls(tls) = stream else { return None };
    let (_, session) = tls.get_ref();
    let version = session.protocol_version().and_then(|version| version.as_str());
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    let ends = certificate.and_then(|certificate| not_after(certificate));
    Some((version.unwrap_or("TLS").replace("TLSv", "TLS ").replace('_', "."), ends))
}

/// When an X.509 certificate ends, in seconds since the Unix epoch (RFC 5280, 4.1): the one thing
/// that is asked of it here, everything else is for rustls to judge.
fn not_after(certificate: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    let mut fields = Vec::new();
    while let Some((tag, content, after)) = element(rest).filter(|_| fields.len() < 6) {
        // The version is left out where it is the first.
        if tag != 0xa0 {
            fields.push(content);
        }
        rest = after;
    }
    let validity = *fields.get(3)?;
    let (_, _, second) = element(validity)?;
    let (tag, text, _) = element(second)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // Two digits of the year: up to 2049.
        0x17 if text.get(..2)? < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        _ => text.to_owned(),
    };
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The first DER element: its tag, its content, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, start) = match first {
        ..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let end = 2 + usize::from(first - 0x80);
            let digits = bytes.get(2..end)?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), end)
        }
        _ => return None,
    };
    let end = start.checked_add(length)?;
    Some((tag, bytes.get(start..end)?, &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::not_after;

    #[test]
    fn a_certificate_s_end_is_read_and_nothing_else_is_one() {
        for (year, seconds) in [(2031, 1_924_992_000), (2055, 2_682_374_400)] {
            let mut parameters = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
            parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = parameters.self_signed(&key).unwrap();
            let der = certificate.der();
            assert_eq!(not_after(der), Some(seconds));
            for cut in 0..der.len() {
                let _ = not_after(&der[..cut]);
            }
        }
        assert_eq!(not_after(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
