//! The upgrade to WebSocket, both ends of it.

use std::io::{self, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of a head that either end accepts.
const HEAD_LIMIT: usize = 16 << 10;

/// The GUID of RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The request of a client that wants `path`.
pub(crate) fn request(path: &str, port: u16) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A connection of a client to `path`, upgraded.
pub(crate) async fn connect(path: &str, port: u16) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request(path, port).as_bytes()).await?;
    let (head, early) = read_head(&mut stream).await?;
    accepted(&head, &early)?;
    Ok(stream)
}

/// The same, blocking.
pub(crate) fn connect_blocking(path: &str, port: u16) -> io::Result<std::net::TcpStream> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.write_all(request(path, port).as_bytes())?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    accepted(&head, &[])?;
    Ok(stream)
}

/// Answers a client's request; gives its path and what it has already sent after its head.
pub(crate) async fn accept(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    stream.set_nodelay(true)?;
    let (head, early) = read_head(stream).await?;
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map_or("", |(_, value)| value.trim());
    let accept = STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).await?;
    Ok((path, early))
}

/// Bytes up to the empty line, and what came after them.
async fn read_head(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            let early = head.split_off(end + 4);
            return Ok((head, early));
        }
        if head.len() > HEAD_LIMIT || stream.read_buf(&mut head).await? == 0 {
            return Err(io::Error::other("no whole head"));
        }
    }
}

fn accepted(head: &[u8], early: &[u8]) -> io::Result<()> {
    if !head.starts_with(b"HTTP/1.1 101") {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(io::Error::other(format!("refused: {}", String::from_utf8_lossy(line))));
    }
    if early.is_empty() { Ok(()) } else { Err(io::Error::other("server spoke first")) }
}
