//! Engine.IO v4 text packets and the Socket.IO v5 packets in them → JSON objects with the members
//! `sio`, `nsp`, `ack`, `event`, `args` and `attachments`, as far as a packet has them.
//!
//! `sio` is the packet's word: `eio.ping`, `sio.event`, … `2probe` and `3probe` are a ping and a
//! pong whose `args` are `["probe"]`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::trie::elements;

/// Arguments beyond which a packet's are left out. Nobody writes functions of so many.
const MOST_ARGS: usize = 256;

/// A packet, as far as it can be read; `None` where it is none.
pub(super) fn packet(text: &str) -> Option<String> {
    let mut chars = text.chars();
    let kind = chars.next()?;
    let rest = chars.as_str();
    let packet = match kind {
        '0' => engine("eio.open", rest),
        '1' => engine("eio.close", rest),
        '2' => engine("eio.ping", rest),
        '3' => engine("eio.pong", rest),
        '4' if rest.starts_with(|c| matches!(c, '0'..='6')) => socket(rest)?,
        '4' => engine("eio.message", rest),
        '5' => engine("eio.upgrade", rest),
        '6' => engine("eio.noop", rest),
        _ => return None,
    };
    serde_json::to_string(&packet).ok()
}

/// The word of a packet that [`packet`] gave.
pub(super) fn word(packet: &str) -> &str {
    packet.split('"').nth(3).unwrap_or_default()
}

#[derive(Serialize)]
struct Packet<'a> {
    sio: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nsp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a RawValue>,
    args: Args<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    Json(Vec<&'a RawValue>),
    Text([&'a str; 1]),
}

/// An Engine.IO packet: its rest is JSON or text.
fn engine<'a>(sio: &'static str, rest: &'a str) -> Packet<'a> {
    let args = match serde_json::from_str::<&RawValue>(rest) {
        _ if rest.is_empty() => Args::Json(Vec::new()),
        Ok(json) => Args::Json(vec![json]),
        Err(_) => Args::Text([rest]),
    };
    Packet { sio, nsp: None, ack: None, attachments: None, event: None, args }
}

/// A Socket.IO packet: `type [attachments -] [/namespace ,] [ack] [json]`.
fn socket(text: &str) -> Option<Packet<'_>> {
    let mut chars = text.chars();
    let kind = chars.next()?;
    let mut rest = chars.as_str();
    let (sio, binary) = match kind {
        '0' => ("sio.connect", false),
        '1' => ("sio.disconnect", false),
        '2' => ("sio.event", false),
        '3' => ("sio.ack", false),
        '4' => ("sio.error", false),
        '5' => ("sio.binary_event", true),
        '6' => ("sio.binary_ack", true),
        _ => return None,
    };
    let mut attachments = None;
    if binary {
        let (count, after) = rest.split_once('-')?;
        attachments = Some(count.parse().ok()?);
        rest = after;
    }
    let mut nsp = "/";
    if rest.starts_with('/') {
        // A namespace without a payload may lack its comma.
        (nsp, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let ack = if digits == 0 { None } else { Some(rest[..digits].parse().ok()?) };
    let json = &rest[digits..];
    let mut event = None;
    let args = match kind {
        '2' | '3' | '5' | '6' => {
            let (mut args, _) = elements(json, MOST_ARGS)?;
            if matches!(kind, '2' | '5') && !args.is_empty() {
                event = Some(args.remove(0));
            }
            args
        }
        _ if json.is_empty() => Vec::new(),
        _ => vec![serde_json::from_str::<&RawValue>(json).ok()?],
    };
    Some(Packet { sio, nsp: Some(nsp), ack, attachments, event, args: Args::Json(args) })
}

#[cfg(test)]
mod tests {
    use super::packet;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(packet(text).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn engine_packets() {
        check(r#"0{"sid":"s"}"#, r#"{"sio":"eio.open","args":[{"sid":"s"}]}"#);
        check("2", r#"{"sio":"eio.ping","args":[]}"#);
        check("3probe", r#"{"sio":"eio.pong","args":["probe"]}"#);
        check("4hello", r#"{"sio":"eio.message","args":["hello"]}"#);
        check("4", r#"{"sio":"eio.message","args":[]}"#);
        check("6", r#"{"sio":"eio.noop","args":[]}"#);
    }

    #[test]
    fn socket_packets() {
        check(
            r#"421["save",{"a":1}]"#,
            r#"{"sio":"sio.event","nsp":"/","ack":1,"event":"save","args":[{"a":1}]}"#,
        );
        check(r#"43/admin,12["ok"]"#, r#"{"sio":"sio.ack","nsp":"/admin","ack":12,"args":["ok"]}"#);
        check(
            r#"451-/a,["img",{"_placeholder":true,"num":0}]"#,
            r#"{"sio":"sio.binary_event","nsp":"/a","attachments":1,"event":"img","args":[{"_placeholder":true,"num":0}]}"#,
        );
        check(r#"40{"sid":"x"}"#, r#"{"sio":"sio.connect","nsp":"/","args":[{"sid":"x"}]}"#);
        check("40", r#"{"sio":"sio.connect","nsp":"/","args":[]}"#);
        check("41/admin", r#"{"sio":"sio.disconnect","nsp":"/admin","args":[]}"#);
        check(
            r#"44{"message":"no"}"#,
            r#"{"sio":"sio.error","nsp":"/","args":[{"message":"no"}]}"#,
        );
    }

    #[test]
    fn what_is_no_packet_is_none() {
        for text in ["", "x", "{\"a\":1}", "42[\"a\"", "4299999999999999999999[]", "45[]", "42"] {
            assert_eq!(packet(text), None, "{text}");
        }
    }
}
