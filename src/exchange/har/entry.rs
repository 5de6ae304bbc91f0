//! One entry of a HAR file → what it says of a WebSocket.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::ExchangeError;
use super::super::rows::ConnectionRow;
use super::head::{Head, MAX_HEAD, split_url};
use super::pull::{Beginning, Pull};
use super::time;
use crate::wire::Connection;

/// Bytes of a body that are kept; as many as of a recorded one.
const MAX_BODY: usize = 64 << 10;

/// Bytes of any other text that is kept.
const MAX_TEXT: usize = 64 << 10;

/// What an entry says, its messages aside.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) is_websocket: bool,
    /// Since the Unix epoch.
    pub(super) started_ns: Option<i64>,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) request: Head,
    pub(super) status: Option<u16>,
    pub(super) status_text: String,
    pub(super) response: Head,
    pub(super) body: Vec<u8>,
    pub(super) server: String,
    pub(super) port: String,
    pub(super) connect_ns: Option<u64>,
    /// From the start to the answer.
    pub(super) answered_ns: Option<u64>,
    pub(super) close: Option<CloseField>,
    /// What Wiretape itself wrote; its times count from the recording's start.
    pub(super) own: Option<Connection>,
    /// A head is longer than any that is recorded, or could not have been sent: why.
    pub(super) odd: Option<String>,
}

/// HTTP Toolkit's field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CloseField {
    Aborted,
    Closed { code: Option<u16>, reason: String, at_ns: Option<i64> },
}

impl Entry {
    /// Takes the value of `field`, which is one of [`FIELDS`].
    pub(super) fn take<R: Read>(
        &mut self,
        json: &mut Pull<R>,
        field: &'static str,
    ) -> Result<(), ExchangeError> {
        if json.null()? {
            return Ok(());
        }
        match field {
            "_resourceType" => {
                self.is_websocket |=
                    json.beginning(MAX_TEXT)?.text.eq_ignore_ascii_case("websocket");
            }
            "startedDateTime" => {
                let text = json.beginning(MAX_TEXT)?.text;
                let wrong = || json.mistake(format!("{text:.40?} is no date and time"));
                self.started_ns = Some(time::date(&text).ok_or_else(wrong)?);
            }
            "request" => self.take_request(json)?,
            "response" => self.take_response(json)?,
            "timings" => self.take_timings(json)?,
            "serverIPAddress" => self.server = json.beginning(MAX_TEXT)?.text,
            // Chrome's is a number of its own; others write the port.
            "connection" if json.is_text()? => self.port = json.beginning(MAX_TEXT)?.text,
            "_webSocketClose" => self.take_close(json)?,
            "_wiretape" => {
                let row: ConnectionRow<'_> = json.row()?;
                self.own = Some(row.into_fact().map_err(|why| json.mistake(why))?);
            }
            _ => json.skip()?,
        }
        Ok(())
    }

    fn take_request<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        json.object(&["method", "url", "headers"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            match field {
                "method" => self.method = json.beginning(MAX_TEXT)?.text,
                "url" => {
                    let Beginning { text: url, length, .. } = json.beginning(MAX_HEAD)?;
                    self.refuse_if(length > MAX_HEAD as u64, "its URL is longer than any head");
                    let scheme = url.split("://").next().unwrap_or_default();
                    self.is_websocket |= ["ws", "wss"].contains(&scheme);
                    self.url = url;
                }
                _ => {
                    let mut head = std::mem::take(&mut self.request);
                    let whole = take_headers(json, &mut head)?;
                    self.request = head;
                    self.refuse_if(!whole, "its request's headers could not have been sent");
                }
            }
            Ok(())
        })
    }

    fn take_response<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        json.object(&["status", "statusText", "headers", "content"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            match field {
                "status" => {
                    let number = json.number()?;
                    let wrong = || json.mistake(format!("{number:.40} is no status"));
                    let status: i64 = number.parse().map_err(|_| wrong())?;
                    // Browsers say 0 or -1 where there was no answer.
                    if status > 0 {
                        let status = u16::try_from(status).ok().filter(|status| *status < 1000);
                        self.status = Some(status.ok_or_else(wrong)?);
                    }
                }
                "statusText" => self.status_text = json.beginning(MAX_TEXT)?.text,
                "content" => self.take_content(json)?,
                _ => {
                    let mut head = std::mem::take(&mut self.response);
                    let whole = take_headers(json, &mut head)?;
                    self.response = head;
                    self.refuse_if(!whole, "its response's headers could not have been sent");
                }
            }
            Ok(())
        })
    }

    fn take_content<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        let (mut text, mut is_base64) = (String::new(), false);
        json.object(&["text", "encoding"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            match field {
                // In whole groups of four digits.
                "text" => text = json.beginning(MAX_BODY.div_ceil(3) * 4)?.text,
                _ => is_base64 = json.beginning(MAX_TEXT)?.text == "base64",
            }
            Ok(())
        })?;
        let decoded = if is_base64 { STANDARD.decode(&text).ok() } else { None };
        self.body = decoded.unwrap_or_else(|| text.into_bytes());
        self.body.truncate(MAX_BODY);
        Ok(())
    }

    fn take_timings<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        let mut answered_ns = 0_u64;
        json.object(&["blocked", "dns", "connect", "send", "wait"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            let number = json.number()?;
            // -1 is for what does not apply.
            let took_ns = time::milliseconds(&number);
            if field == "connect" {
                self.connect_ns = took_ns;
            }
            answered_ns = answered_ns.saturating_add(took_ns.unwrap_or(0));
            Ok(())
        })?;
        self.answered_ns = Some(answered_ns);
        Ok(())
    }

    fn take_close<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        self.is_websocket = true;
        if json.is_text()? {
            let word = json.beginning(MAX_TEXT)?.text;
            if word != "aborted" {
                return Err(json.mistake(format!("unknown word {word:.40?}, expected \"aborted\"")));
            }
            self.close = Some(CloseField::Aborted);
            return Ok(());
        }
        let (mut code, mut reason, mut at_ns) = (None, String::new(), None);
        json.object(&["code", "reason", "timestamp"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            match field {
                "reason" => reason = json.beginning(MAX_REASON)?.text,
                "code" => {
                    let number = json.number()?;
                    let wrong = || json.mistake(format!("{number:.40} is no close code"));
                    code = Some(number.parse().map_err(|_| wrong())?);
                }
                _ => at_ns = Some(json.moment()?),
            }
            Ok(())
        })?;
        self.close = Some(CloseField::Closed { code, reason, at_ns });
        Ok(())
    }

    /// The heads of the handshake, as a well-behaved peer sends what the entry says.
    pub(super) fn heads(&self) -> [Vec<u8>; 2] {
        let (origin, target) = split_url(&self.url);
        let mut request = self.request.clone();
        let method = if self.method.is_empty() { "GET" } else { &self.method };
        let method: String = method.chars().filter(char::is_ascii_graphic).collect();
        request.first = format!("{method} {target} HTTP/1.1");
        let host = origin.rsplit("://").next().unwrap_or_default();
        let sendable = !host.is_empty() && !host.contains(char::is_whitespace);
        if request.header("Host").is_none() && sendable {
            request.headers.insert(0, ("Host".to_owned(), host.to_owned()));
        }
        let mut response = self.response.clone();
        if let Some(status) = self.status {
            let text = self.status_text.replace(['\r', '\n'], " ");
            response.first = format!("HTTP/1.1 {status} {text}");
        }
        let answered = self.status.is_some();
        [request.bytes(), if answered { response.bytes() } else { Vec::new() }]
    }

    fn refuse_if(&mut self, odd: bool, why: &str) {
        if odd {
            self.odd.get_or_insert_with(|| why.to_owned());
        }
    }
}

/// The fields of an entry that [`Entry::take`] takes, and the messages.
pub(super) const FIELDS: &[&str] = &[
    "_resourceType",
    "startedDateTime",
    "request",
    "response",
    "timings",
    "serverIPAddress",
    "connection",
    "_webSocketClose",
    "_wiretape",
    MESSAGES,
];

/// The field of an entry that holds its messages.
pub(super) const MESSAGES: &str = "_webSocketMessages";

/// Bytes of a close frame's reason (RFC 6455, 5.5).
const MAX_REASON: usize = 123;

/// Adds a list of headers; false if they are more than a head may have, or could not be sent.
fn take_headers<R: Read>(json: &mut Pull<R>, head: &mut Head) -> Result<bool, ExchangeError> {
    let (mut whole, mut bytes) = (true, 0_u64);
    json.list(|json, _| {
        let (mut name, mut value) = (String::new(), String::new());
        json.object(&["name", "value"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            let Beginning { text, length, .. } = json.beginning(MAX_HEAD)?;
            bytes = bytes.saturating_add(length);
            *(if field == "name" { &mut name } else { &mut value }) = text;
            Ok(())
        })?;
        // A blank one takes place as well.
        bytes = bytes.saturating_add(4);
        whole = whole && bytes <= MAX_HEAD as u64 && head.add(&name, &value);
        Ok(())
    })?;
    Ok(whole)
}
