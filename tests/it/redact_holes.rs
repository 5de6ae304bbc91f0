//! Redaction: secrets in the clothes that hid them from it once.

use wiretape::redact::{Level, Policy, Redacted};
use wiretape::wire::{Connection, Fact};

use crate::sample;

fn redacted(facts: &[Fact<'_>], level: Level) -> Redacted {
    Redacted::new(facts, Policy { level, salt: [42; 16], ..Policy::default() })
}

/// What is left of a request's head.
fn head(text: &str, level: Level) -> String {
    let connection = Connection { request_head: text.into(), ..sample::connections()[0].clone() };
    let redacted = redacted(&[Fact::Connection(connection)], level);
    let Fact::Connection(connection) = &redacted.facts[0] else { unreachable!("the connection") };
    String::from_utf8(connection.request_head.clone()).unwrap()
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
