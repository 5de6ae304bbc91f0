//! Redaction: secrets of the kinds that people have in their traffic, as they are written there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use wiretape::redact::{Decision, Level, Policy, Redacted};
use wiretape::wire::{Connection, Direction, Fact};

use crate::sample::{self, frame};

/// All that is not sure is shown.
fn showing(level: Level) -> Policy {
    let mut policy = Policy { level, salt: [42; 16], ..Policy::default() };
    for rule in ["rule:free-text", "rule:entropy", "text"] {
        policy.decisions.set(rule, Decision::Show);
    }
    policy
}

/// What is left of messages whose first byte of the frame is `first`.
fn left(first: u8, messages: &[&[u8]], policy: Policy) -> Vec<String> {
    let mut facts = vec![Fact::Connection(Connection { id: 1, ..Connection::default() })];
    let frames = (1..).zip(messages);
    facts.extend(
        frames.map(|(id, it)| Fact::Frame(frame(id, 1, Direction::ClientToServer, first, it))),
    );
    let redacted = Redacted::new(&facts, policy);
    let frames = redacted.facts.iter().filter_map(|fact| match fact {
        Fact::Frame(frame) => Some(String::from_utf8(frame.frame.payload.to_vec()).unwrap()),
        _ => None,
    });
    frames.collect()
}

fn one(text: &str) -> String {
    left(0x81, &[text.as_bytes()], showing(Level::Default)).remove(0)
}

/// One secret a text: it goes by itself, without anybody being asked.
#[track_caller]
fn all_go(texts: &[(&str, &str)]) {
    for (text, secret) in texts {
        assert!(text.contains(secret), "{text}");
        let out = one(text);
        assert!(!out.contains(secret), "{out}");
        assert_eq!(one(&out), out, "once more changes nothing");
    }
}

#[test]
fn numbers_of_people_are_hidden() {
    all_go(&[
        (r#"{"v":"call +49 170 1234567 now"}"#, "1234567"),
        (r#"{"to":"whatsapp:+14155238886"}"#, "4155238886"),
        (r#"{"v":"(415) 555-2671"}"#, "555"),
        (r#"{"phone_number":"4155552679"}"#, "4155552679"),
        (r#"{"phone":4155552680}"#, "4155552680"),
        (r#"{"v":"ssn 536-22-1234."}"#, "536-22"),
        (r#"{"ssn":"536229876"}"#, "536229876"),
        (r#"{"v":"to GB29 NWBK 6016 1331 9268 19 today"}"#, "NWBK"),
        (r#"{"iban":"DE89370400440532013000"}"#, "370400"),
        (r#"{"v":"ip-203-0-113-51.ec2.internal"}"#, "203-0"),
        (r#"{"v":"client_203.0.113.53"}"#, "203.0"),
        (r#"{"v":"mail jörg@müller.example"}"#, "müller"),
    ]);
    let out = one(r#"{"v":"+49 170 1234567","w":"or +49 170 1234567"}"#);
    assert_eq!(out.matches("‹phone-1 #").count(), 2, "{out}");
}

#[test]
fn a_member_is_named_by_another_in_any_order() {
    all_go(&[
        (r#"{"value":"hunter2","name":"password"}"#, "hunter2"),
        (r#"{"val":"hunter2","n":{"a":[1]},"key":"api_key"}"#, "hunter2"),
        (r#"[{"name":"DB_PASSWORD","contents":"hunter2"}]"#, "hunter2"),
        (r#"{"a":{"values":["hunter2"],"header":"X-Auth-Token"}}"#, "hunter2"),
        (r#"{"value":4711,"field":"cvv"}"#, "4711"),
        (r#"{"jwk":{"d":"planted","kty":"EC","x":"aaa"}}"#, "planted"),
        (r#"{"params":["bob","planted-1"],"method":"auth.login"}"#, "planted-1"),
        (r#"{"type":1,"target":"Login","arguments":["bob","planted-1"]}"#, "planted-1"),
        (r#"42["authenticate","planted-1"]"#, "planted-1"),
    ]);
    for plain in [
        r#"{"value":"Graz","name":"city","in":{"name":"password"}}"#,
        r#"{"value":"hunter2","n":{"name":"password"}}"#,
        r#"{"name":"password_reset","text":"hunter2"}"#,
        r#"{"d":"1","k":"v","x":"aaa"}"#,
        r#"["user_login","room-4711"]"#,
    ] {
        assert_eq!(one(plain), plain);
    }
}

#[test]
fn keys_of_vendors_are_hidden_wherever_they_stand() {
    all_go(&[
        (r#"{"v":"https://hooks.slack.com/services/T01/B02/abcdEFGH1234"}"#, "abcdEFGH"),
        (r#"{"v":"https://discord.com/api/webhooks/1234/abcdEFGH-1234"}"#, "abcdEFGH"),
        (
            r#"{"v":"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"}"#,
            "ZnCjm1XVW7vRze4b7Cq4se7kKWs",
        ),
        (
            r#"{"v":"https://api.telegram.org/bot123456789:AAE-abcdefghijklmnopqrstuvwxyz12345/x"}"#,
            "AAE-abc",
        ),
        (r#"{"v":"use hvs.CAESIJabcdefgh1234567890ABCDEFGH now"}"#, "CAESIJ"),
        (r#"{"v":"key is xai-abcdefghijABCDEFGHIJ1234567890abcdef"}"#, "abcdefghij"),
        (r#"{"v":"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nplanted\n"}"#, "planted"),
        (r#"{"v":"-----BEGIN RSA PRIVATE KEY-----\\nplanted\\n-----END"}"#, "planted"),
        (r#"{"v":"AccountName=a;AccountKey=planted==;x=1"}"#, "planted"),
        (r#"{"v":"Server=db;UID=sa;PWD=planted;"}"#, "planted"),
        (r#"{"v":"user=bob&pass=planted&x=1"}"#, "planted"),
        (r#"{"v":"__cf_bm=planted; path=/"}"#, "planted"),
        (r#"{"v":"aws_secret_access_key = planted/one"}"#, "planted"),
        (r#"{"v":"machine x login bob password planted"}"#, "planted"),
        (r#"{"v":"<a><dbPassword>planted</dbPassword></a>"}"#, "planted"),
        (r#"{"v":"<meta name=\"csrf-token\" content=\"planted\" />"}"#, "planted"),
        (r#"{"v":"https://x.io/reset/abcd1234abcd1234"}"#, "abcd1234"),
    ]);
}

/// What is written in another way is read as what it is.
#[test]
fn other_clothes_hide_nothing() {
    let utf16: Vec<u8> =
        "{\"password\":\"planted\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lines = STANDARD.encode("{\"user\":\"someone of a long name\",\"password\":\"planted\"}");
    let lines: Vec<&str> =
        lines.as_bytes().chunks(24).map(|line| std::str::from_utf8(line).unwrap()).collect();
    // `{"password":"planted"}`.
    let hex = "7b2270617373776f7264223a22706c616e746564227d";
    let texts = [
        r#"{"v":"{&quot;password&quot;:&quot;planted&quot;}"}"#.to_owned(),
        r#"{"v":"password&#61;planted&#x26;x"}"#.to_owned(),
        r#"{"v":"https://a/?%74oken=plan%74ed"}"#.to_owned(),
        r#"{"v":"https://a/?next=%252Fcb%253Ftoken%253Dplanted"}"#.to_owned(),
        json!({ "v": hex }).to_string(),
        json!({ "v": STANDARD.encode(&utf16) }).to_string(),
        json!({ "v": lines.join("\n") }).to_string(),
    ];
    for text in &texts {
        let out = one(text);
        assert!(!text.eq(&out), "{out}");
        assert_eq!(one(&out), out);
        // What is around it stays, so that it is still of its form.
        let inner = out.split('"').nth(3).unwrap();
        let read = STANDARD.decode(inner).unwrap_or_else(|_| inner.as_bytes().to_vec());
        for clear in [String::from_utf8_lossy(&read), out.clone().into()] {
            let bare = clear.replace(['\0', '%'], "").replace("74", "t");
            assert!(!bare.contains("planted"), "{text}: {out}");
        }
    }
    // Once more said in these clothes: as it was hidden, and not only refused.
    let said = r#"{"a":"plan<ted>-77","password":"plan<ted>-77","b":"plan&lt;ted&gt;-77","c":"706c616e3c7465643e2d3737"}"#;
    let out = one(said);
    assert!(!out.contains("ted") && !out.contains("706c616e"), "{out}");
    // What looks like it stays.
    for plain in [
        r#"{"v":"R&D &copy; 100% of a &amp; b"}"#,
        r#"{"v":"deadbeefdeadbeefdeadbeefdeadbeef"}"#,
        "{\"v\":\"words\\nof\\nthe same\\nsize\"}",
    ] {
        assert_eq!(one(plain), plain);
    }
}

#[test]
fn what_cannot_be_searched_is_left_out() {
    let picture = STANDARD.encode([0x89, b'P', b'N', b'G', 0, 1, 2, 3, 0xff, 0xfe]);
    let out = one(&json!({ "v": format!("data:image/png;base64,{picture}") }).to_string());
    assert_eq!(out, r#"{"v":"data:image/png;base64,‹10 bytes›"}"#);
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xca; 20]].concat();
    let out = one(&json!({ "v": STANDARD.encode(gzip) }).to_string());
    assert_eq!(out, r#"{"v":"‹30 bytes›"}"#);
    let sound: Vec<u8> = (0..600_u32).map(|it| (it * 37 % 251) as u8).collect();
    let out = one(&json!({ "delta": STANDARD.encode(sound) }).to_string());
    assert_eq!(out, r#"{"delta":"‹600 bytes›"}"#);
    // Of other forms some messages happen to be letters.
    let policy = || showing(Level::Default);
    let forms: [&[u8]; 3] = [
        b"\x0a\x03bob\x12\x07planted\x18\x01",
        b"p\0l\0a\0n\0t\0e\0d\0",
        b"{\"password\":\"planted\"}",
    ];
    let out = left(0x82, &forms, policy());
    assert_eq!(out[..2], ["‹16 bytes›", "‹14 bytes›"]);
    assert!(out[2].starts_with("{\"password\":\"‹token-1"), "{out:?}");
    assert_eq!(left(0x82, &[b"CONNECTED\n\n\0"], policy()), ["CONNECTED\n\n\0"]);
}

/// Whoever is shown a text sees no secret in it that is hidden elsewhere.
#[test]
fn what_is_shown_is_searched_all_the_same() {
    let text = r#"{"password":"planted-99","text":"this is what I said: planted-99, and no more"}"#;
    let out = one(text);
    assert!(out.contains("what I said: ‹token-1 #") && !out.contains("planted"), "{out}");
}

/// An id that is an address is one person's, with whatever is before it.
#[test]
fn an_address_that_is_an_id_has_the_name_of_its_user() {
    let texts: [&[u8]; 3] = [
        br#"{"run_id":"thread_ada@acme.example","s":"see run-ada@acme.example.","t":"bob.ada@acme.example"}"#,
        br#"{"thread_id":"thread_ada@acme.example_7","s":"by ada@acme.example"}"#,
        br#"{"user_id":"ada@acme.example"}"#,
    ];
    for user_ids in [[].into(), ["ada@acme.example".to_owned()].into()] {
        let out = left(0x81, &texts, Policy { user_ids, ..showing(Level::Default) });
        assert!(
            out[0].starts_with(r#"{"run_id":"thread_user_01","s":"see run-user_01.","t":"‹email"#),
            "{out:?}"
        );
        assert_eq!(out[1], r#"{"thread_id":"thread_user_01_7","s":"by user_01"}"#);
        assert_eq!(out[2], r#"{"user_id":"user_01"}"#);
    }
}

fn strict_head(text: &str) -> String {
    let connection = Connection { request_head: text.into(), ..sample::connections()[0].clone() };
    let policy = Policy { level: Level::Strict, salt: [42; 16], ..Policy::default() };
    let redacted = Redacted::new(&[Fact::Connection(connection)], policy);
    let Fact::Connection(connection) = &redacted.facts[0] else { unreachable!("the connection") };
    String::from_utf8(connection.request_head.clone()).unwrap()
}

/// What a standard or everybody's software calls something stays; what an application does goes.
#[test]
fn strict_keeps_no_words_of_the_application_in_a_head() {
    let head = strict_head(
        "GET /ws?room=7&jane-roe=1&access_token=planted HTTP/1.1\r\nHost: a.example\r\n\
         X-Jane-Roe-Dismissed: yes\r\nX-Request-Id: 7\r\nCookie: sid=planted; jane=planted\r\n\
         Sec-WebSocket-Protocol: graphql-ws, jane-roe-v1\r\n\r\n",
    );
    for kept in [
        "GET /ws?room=",
        "&access_token=",
        "\r\nHost: ",
        "\r\nX-Request-Id: ",
        " sid=",
        " graphql-ws, name",
    ] {
        assert!(head.contains(kept), "{kept}: {head}");
    }
    assert!(!head.to_lowercase().contains("jane") && !head.contains("planted"), "{head}");
    assert_eq!(strict_head(&head), head, "once more changes nothing");
    for (line, after) in [
        ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101 Switching Protocols"),
        ("HTTP/1.1 403 Jane Roe is ill", "HTTP/1.1 403 text"),
        ("HTTP/1.1 200", "HTTP/1.1 200"),
        ("HTTP/jane 200 OK", "text"),
    ] {
        assert_eq!(strict_head(&format!("{line}\r\n\r\n")), format!("{after}\r\n\r\n"));
    }
    let head = strict_head("JANE /x HTTP/1.1\r\n\r\n");
    assert!(!head.contains("JANE"), "{head}");
}
