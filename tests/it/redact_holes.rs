//! Redaction: secrets in the clothes that hid them from it once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wiretape::redact::{Decision, Level, Policy, Redacted};
use wiretape::wire::{Connection, Direction, Fact};

use crate::sample::{self, frame};

fn redacted(facts: &[Fact<'_>], level: Level) -> Redacted {
    Redacted::new(facts, Policy { level, salt: [42; 16], ..Policy::default() })
}

/// What is left of one message.
fn one(text: &str) -> String {
    let connection = Connection { id: 1, ..Connection::default() };
    let message = frame(1, 1, Direction::ClientToServer, 0x81, text.as_bytes());
    // What is of no form is asked for; here it is shown, without what is found in it.
    let mut policy = Policy { salt: [42; 16], ..Policy::default() };
    policy.decisions.set("text", Decision::Show);
    let redacted = Redacted::new(&[Fact::Connection(connection), Fact::Frame(message)], policy);
    let Fact::Frame(frame) = &redacted.facts[1] else { unreachable!("the frame") };
    assert_eq!(frame.frame.length, frame.frame.payload.len() as u64);
    String::from_utf8(frame.frame.payload.to_vec()).unwrap()
}

/// What is left of a request's head.
fn head(text: &str, level: Level) -> String {
    let connection = Connection { request_head: text.into(), ..sample::connections()[0].clone() };
    let redacted = redacted(&[Fact::Connection(connection)], level);
    let Fact::Connection(connection) = &redacted.facts[0] else { unreachable!("the connection") };
    String::from_utf8(connection.request_head.clone()).unwrap()
}

/// One secret a text: it goes, what is around it stays.
fn all_go(texts: &[(&str, &str)]) {
    for (text, secret) in texts {
        assert!(text.contains(secret), "{text}");
        let out = one(text);
        assert!(!out.contains(secret), "{out}");
    }
}

#[test]
fn heads_with_any_end_of_line_are_searched() {
    for end in ["\r\n", "\n", "\r", "\n\n", "\r\r\n"] {
        for level in [Level::Default, Level::Strict] {
            let text = [
                "GET /ws?token=planted1query HTTP/1.1",
                "Authorization: Bearer planted2auth",
                "Cookie: sid=planted3cookie",
                "Date: today",
                "X-Folded: a",
                " planted4folded",
                "",
                "",
            ]
            .join(end);
            let out = head(&text, level);
            assert!(!out.contains("planted"), "{end:?}: {out}");
            assert_eq!(out.matches(end).count(), text.matches(end).count(), "{out}");
            assert!(out.contains(" HTTP/1.1") && out.contains("Date: today"), "{out}");
        }
    }
    let answer = head("HTTP/1.1 101 Switching\nSet-Cookie: s=planted5\n\n", Level::Default);
    assert!(answer.starts_with("HTTP/1.1 101 Switching\nSet-Cookie: s=token-1."), "{answer}");
    for broken in
        ["GET /x?token=planted6", "\r\nAuthorization: planted7x", "GET /?key=planted8 x\n"]
    {
        assert!(!head(broken, Level::Default).contains("planted"), "{broken}");
    }
}

#[test]
fn a_token_that_nobody_signed_is_no_name_of_ours() {
    let token = |claims: &str, mark: &str| {
        format!("eyJhbGciOiJub25lIn0.{}.{mark}", URL_SAFE_NO_PAD.encode(claims))
    };
    for mark in ["", "c2ln", "token-1-9f2c"] {
        let real = token(r#"{"sub":"u_8412","email":"jane@acme.io"}"#, mark);
        for text in [
            format!(r#"{{"jwt":"{real}"}}"#),
            format!("see {real}"),
            format!(r#"{{"s":"{real}"}}"#),
        ] {
            let out = one(&text);
            let hidden = out.split(['"', ' ']).find(|word| word.starts_with("eyJ")).unwrap();
            let claims = URL_SAFE_NO_PAD.decode(hidden.split('.').nth(1).unwrap()).unwrap();
            assert_eq!(claims, br#"{"sub":"user_01"}"#, "{mark}: {out}");
            // Once more changes nothing.
            assert_eq!(one(&out), out);
        }
    }
}

#[test]
fn json_within_other_texts_is_walked() {
    all_go(&[
        ("event: x\ndata: {\"n\":1,\"password\":\"planted one\"}\n\n", "planted one"),
        ("42/chat space,[\"login\",{\"pin\":\"planted2\"}]", "planted2"),
        ("{\"type\":\"x\",\"password\":\"planted 3\",}", "planted 3"),
        ("{\"type\":\"x\",\"accessToken\":\"planted4\"", "planted4"),
        ("{\"a\":\"{\\\"password\\\":\\\"planted 5\\\"\",}", "planted 5"),
        ("{'password': 'planted 6'}", "planted 6"),
        ("{\"password\":\"planted7\"}\u{1e}", "planted7"),
        ("{\"type\":6}\u{1e}{\"cvv\":\"planted8\"}\u{1e}", "planted8"),
        ("{\"a\":1}{\"sid\":\"planted9\"} ", "planted9"),
        ("CONNECT\nlogin:bob\npasscode:planted10\n\n\0", "planted10"),
        ("CONNECT\nauthorization:Bearer planted\n\n\0", "planted"),
        ("SEND\nX-Auth-Token: planted eleven\n\n{\"a\":1}\0", "planted eleven"),
        (r#"{"s":"sent {\"password\":\"planted 12\"} there"}"#, "planted 12"),
    ]);
    // What is around it stays, and so do texts that only look like it.
    assert!(
        one("event: x\ndata: {\"n\":1,\"password\":\"planted one\"}\n\n")
            .starts_with("event: x\ndata: {\"n\":1,\"password\":\"‹token-1 #")
    );
    for plain in
        ["[[[[ {{{ [1, 2", "{\"type\":6}\u{1e}", "a [1,2] b {} c {\"n\":1}", "42/a b,[\"hi\"]"]
    {
        assert_eq!(one(plain), plain);
    }
    // Brackets without end cost no more than their letters.
    let long = "[{\"a\":[".repeat(100_000);
    assert_eq!(one(&long), long);
    for target in ["data=%7B%22password%22%3A%22plan+ted%22%7D", "data={\"password\":\"plan+ted\"}"]
    {
        let out = head(&format!("GET /ws?a=1&{target} HTTP/1.1\r\n\r\n"), Level::Default);
        assert!(!out.contains("ted") && out.contains("?a=1&data=%7B%22password%22"), "{out}");
    }
    let out = head(
        "GET / HTTP/1.1\r\nX-Debug: {\"n\":1,\"password\":\"planted x\"}\r\n\r\n",
        Level::Default,
    );
    assert!(!out.contains("planted") && out.is_ascii() && out.contains("{\"n\":1,"), "{out}");
}

#[test]
fn names_of_secrets_reach_what_is_within_and_beside() {
    all_go(&[
        (r#"{"tokens":["planted-1a","x"]}"#, "planted-1a"),
        (r#"{"refreshToken":{"value":"planted2"}}"#, "planted2"),
        (r#"{"credentials":{"n":{"who":"planted3"}}}"#, "planted3"),
        (r#"{"list":[{"name":"password","value":"planted4"}]}"#, "planted4"),
        (r#"{"headers":[["Authorization","planted5"]]}"#, "planted5"),
        (r#"{"args":["run","--password","planted6"]}"#, "planted6"),
        (r#"{"pw":"planted7"}"#, "planted7"),
        (r#"{"creds":"planted8"}"#, "planted8"),
        (r#"{"x-csrf":"planted9"}"#, "planted9"),
        (r#"{"s":"DB_PASSWORD='planted ten'"}"#, "planted ten"),
        (r#"{"s":"AUTH planted11"}"#, "planted11"),
        (r#"{"s":"mysql -u root -pplanted12 x"}"#, "planted12"),
        (r#"{"s":"curl -s -u bob:planted13 http://x"}"#, "planted13"),
        (r#"{"s":"run --api-key planted14"}"#, "planted14"),
        (r#"{"s":"token_ghp_plantedplantedplanted1234567890"}"#, "ghp_planted"),
    ]);
    for plain in [
        r#"{"usage":{"tokens":40,"max_tokens":"4000"},"token_type":"bearer"}"#,
        r#"{"list":[{"name":"city","value":"Graz"}],"args":["-v","x"]}"#,
        r#"{"session":{"id":"s1","status":"active"},"tokens":["Hel","lo"]}"#,
    ] {
        assert_eq!(one(plain), plain);
    }
    let out = head(
        "GET / HTTP/1.1\r\nX-Ticket: a8F0kQ2xV9bT7mZ1cR4eW6yU3hJ5nL0p\r\nX-Client-Cert: planted\r\n\
         X-Csrf: planted\r\nX-Request-Id: b8F0kQ2xV9bT7mZ1cR4eW6yU3hJ5nL0p\r\n\r\n",
        Level::Default,
    );
    assert!(!out.contains("a8F0kQ2") && !out.contains("planted"), "{out}");
    assert!(out.contains("X-Request-Id: b8F0kQ2"), "{out}");
}
