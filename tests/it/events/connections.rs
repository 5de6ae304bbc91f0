//! What events take from a connection: its handshake, its first message, its end, its gaps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{IN, OUT, Reader, agent, connection, field, message};
use wiretape::events::reading::Condition;
use wiretape::events::{Literal, Locator, Naming, Reading};
use wiretape::wire::{Close, Connection, EndedBy, Ending, Gap, GapReason, Marks, Message, Opcode};

fn jwt(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(claims))
}

/// The event of a bare message on a connection with this handshake.
fn on(reading: Reading, target: &str, headers: &str) -> String {
    let mut reader = Reader::new(reading);
    reader.decoder.connection(&connection(1, target, headers));
    reader.text(IN, "{\"type\":\"x\"}").join("|")
}

#[test]
fn a_token_is_found_wherever_it_is_carried() {
    let jwt = jwt(r#"{"sub":"u7","user_id":"other"}"#);
    let packed = URL_SAFE_NO_PAD.encode(&jwt);
    for (target, headers) in [
        ("/ws", format!("Authorization: Bearer {jwt}\r\n")),
        ("/ws", format!("authorization:bearer {jwt}\r\n")),
        (&*format!("/ws?a=b&token={jwt}&env=staging"), String::new()),
        ("/ws", format!("Cookie: a=b; jwt={jwt}\r\n")),
        ("/ws", format!("Sec-WebSocket-Protocol: jwt-auth, jwt.{packed}, compression-gzip\r\n")),
        ("/ws", format!("Sec-WebSocket-Protocol: jwt.{jwt}\r\n")),
        ("/ws", format!("Sec-WebSocket-Protocol: jwt-auth.{jwt}\r\n")),
        ("/ws", format!("Sec-WebSocket-Protocol: bearer.{packed}\r\n")),
        (
            "/ws",
            format!(
                "Sec-WebSocket-Protocol: a, b\r\nsec-websocket-protocol: staging-auth.{jwt}\r\n"
            ),
        ),
        ("/ws", format!("Sec-WebSocket-Protocol: jwt.staging.{packed}\r\n")),
    ] {
        assert_eq!(on(agent(), target, &headers), "x user=u7", "{target} {headers}");
    }
    let other = self::jwt(r#"{"user_id":7}"#);
    let both = format!("Authorization: Bearer {other}\r\nX-User-Id: u8\r\n");
    assert_eq!(on(agent(), "/ws", &both), "x user=Integer(7)");
    assert_eq!(on(agent(), "/ws?user_id=u%209", ""), "x user=u 9");
    assert_eq!(on(agent(), "/ws?user_id=u9", "X-USER-ID: u8\r\n"), "x user=u8");
    assert_eq!(on(agent(), "/ws", "Authorization: Bearer a.b.c\r\n"), "x");
}

#[test]
fn every_place_of_a_handshake() {
    let reading = Reading {
        type_of: field("type", &["/type"]),
        fields: vec![
            field("cookie", &["cookie:sid"]),
            field("room", &["path:1"]),
            field("protocol", &["subprotocol"]),
            field("conn", &["conn"]),
            field("app", &["header:x-app", "const:chat"]),
        ],
        ..Reading::default()
    };
    let headers = "Cookie: sid=\"s1\"\r\nSec-WebSocket-Protocol: v1, v2\r\n";
    assert_eq!(
        on(reading.clone(), "/ws/room%201?x", headers),
        "x cookie=s1 room=room 1 protocol=v1 conn=Integer(1) app=chat"
    );
    let mut reader = Reader::new(reading);
    let mut state = connection(1, "/ws", headers);
    state.response_head = Vec::new();
    reader.decoder.connection(&state);
    assert!(reader.text(IN, "{}")[0].contains("protocol=v1"));
    state.response_head = b"HTTP/1.1 101 x\r\nsec-websocket-protocol: v2\r\n\r\n".to_vec();
    reader.decoder.connection(&state);
    assert!(reader.text(IN, "{}")[0].contains("protocol=v2"));
}

#[test]
fn the_first_message_of_a_client_speaks_for_all() {
    let reading = Reading {
        type_of: field("type", &["/type"]),
        jwt_from: vec![Locator::First("/token".into())],
        fields: vec![field("user", &["jwt:sub"]), field("room", &["first:/room"])],
        ..Reading::default()
    };
    let mut reader = Reader::new(reading);
    assert_eq!(reader.text(IN, r#"{"type":"welcome","room":"no"}"#), ["welcome"]);
    assert_eq!(reader.text(OUT, ""), ["ws.empty"]);
    let auth = format!(r#"{{"type":"auth","token":"{}","room":"r"}}"#, jwt(r#"{"sub":"u"}"#));
    assert_eq!(reader.text(OUT, &auth), ["auth user=u room=r"]);
    assert_eq!(reader.text(OUT, r#"{"type":"say","room":"no"}"#), ["say user=u room=r"]);
    assert_eq!(reader.feed(IN, &message(Opcode::PING, "")), ["ws.ping Ping s2c user=u room=r"]);
}

fn transport_reading() -> Reading {
    Reading {
        type_of: field("type", &["/type"]),
        fields: vec![
            field("user", &["header:x-user-id"]),
            field("code", &["/code", "/status"]),
            field("reason", &["/reason", "/ending"]),
            field("ms", &["/handshake_ms"]),
        ],
        names: vec![Naming {
            name: "crash".into(),
            types: vec!["ws.close".into()],
            direction: None,
            conditions: vec![("/code".into(), Condition::In(vec![Literal::Number(1011.0)]))],
            fields: Vec::new(),
        }],
        ..Reading::default()
    }
}

#[test]
fn openings_and_endings_are_given_once() {
    let mut reader = Reader::new(transport_reading());
    let state = connection(1, "/ws", "X-User-Id: u\r\n");
    let mut out = Vec::new();
    reader.decoder.opening(&Connection { status: None, ..state.clone() }, &mut out);
    reader.decoder.ending(&state, &mut out);
    assert!(out.is_empty());
    reader.decoder.opening(&state, &mut out);
    reader.decoder.opening(&state, &mut out);
    let reset = Connection {
        ending: Some(Ending::Reset),
        ended_by: Some(EndedBy::Client),
        closed_ns: Some(9_000_000),
        ..state.clone()
    };
    reader.decoder.ending(&reset, &mut out);
    reader.decoder.ending(&reset, &mut out);
    assert_eq!(
        reader.lines(&out),
        [
            "ws.open Open s2c user=u ms=Float(4612811918334230528)",
            "ws.abort Abort c2s user=u reason=reset"
        ]
    );
    assert_eq!((out[0].at_ns, out[1].at_ns), (3_500_000, 9_000_000));

    for (id, state, expected) in [
        (
            2,
            Connection { status: Some(403), ..state.clone() },
            "ws.refused Refused s2c user=u code=Integer(403) ms=Float(4612811918334230528)",
        ),
        (
            3,
            Connection {
                status: None,
                upgrade_ns: None,
                ending: Some(Ending::Failed),
                ..state.clone()
            },
            "ws.refused Refused s2c user=u",
        ),
    ] {
        let mut out = Vec::new();
        reader.decoder.opening(&Connection { id, ..state.clone() }, &mut out);
        reader.decoder.ending(&Connection { id, ending: Some(Ending::Eof), ..state }, &mut out);
        assert_eq!(reader.lines(&out), [expected]);
    }
    let mut out = Vec::new();
    let close = Some(Close { code: None, reason: Vec::new() });
    let closed = Connection { id: 4, ending: Some(Ending::Eof), close: [close, None], ..state };
    reader.decoder.ending(&closed, &mut out);
    assert!(out.is_empty(), "one close frame is no abort");
}

#[test]
fn control_frames_are_events() {
    let mut reader = Reader::new(transport_reading());
    let close = |payload: &[u8]| message(Opcode::CLOSE, payload);
    assert_eq!(
        reader.feed(IN, &close(b"\x03\xe8bye")),
        ["ws.close Close s2c code=Integer(1000) reason=bye"]
    );
    assert_eq!(reader.feed(OUT, &close(b"")), ["ws.close Close c2s reason="]);
    assert_eq!(
        reader.feed(IN, &close(b"\x03\xf3")),
        ["crash Close s2c code=Integer(1011) reason="]
    );
    assert_eq!(reader.feed(OUT, &message(Opcode::PONG, "x")), ["ws.pong Pong c2s"]);
    let cut = Message {
        trouble: Some("the connection ended inside it"),
        marks: Marks::CUT,
        ..message(Opcode::PING, "")
    };
    assert_eq!(reader.feed(OUT, &cut), ["_undecodable Undecodable c2s"]);
    assert_eq!(reader.feed(OUT, &message(Opcode(0xb), "")), ["_undecodable Undecodable c2s"]);
}

#[test]
fn a_gap_ends_what_was_sticky() {
    let mut reader = Reader::new(Reading {
        type_of: field("type", &["/type"]),
        fields: vec![
            wiretape::events::Field { sticky: true, ..field("run", &["/run"]) },
            field("room", &["first:/room"]),
            field("why", &["/reason"]),
        ],
        ..Reading::default()
    });
    let gap = |connection, direction| Gap {
        connection,
        direction,
        from_ns: 5,
        to_ns: 6,
        frames: 1,
        bytes: 2,
        reason: GapReason::DiskFull,
    };
    reader.text(IN, r#"{"run":"R"}"#);
    let mut out = Vec::new();
    reader.decoder.gap(&gap(Some(2), Some(IN)), &mut out);
    assert_eq!(reader.lines(&out), ["rec.gap Gap s2c why=disk-full"]);
    assert_eq!(reader.text(IN, "{}"), ["_untyped run=R"]);
    out.clear();
    reader.decoder.gap(&gap(None, None), &mut out);
    assert_eq!(
        reader.lines(&out),
        ["rec.gap Gap c2s why=disk-full", "rec.gap Gap s2c why=disk-full"]
    );
    assert_eq!((out[0].connection, out[0].at_ns), (0, 5));
    // What the client said first may be what was lost.
    assert_eq!(reader.text(OUT, r#"{"room":"r"}"#), ["_untyped"]);
}
