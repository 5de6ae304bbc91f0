//! Redaction: planted secrets are gone, what stays has its shape, and decisions are kept.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use wiretape::exchange::jsonl;
use wiretape::redact::{Decision, Decisions, Level, Policy, Redacted};
use wiretape::rules::presets;
use wiretape::wire::{
    Close, Connection, Direction, Fact, Frame, Gap, GapReason, Header, Marks, Note, RecordedFrame,
    Recording,
};

use crate::sample::{self, frame};

use Direction::{ClientToServer as Out, ServerToClient as In};

fn policy(level: Level) -> Policy {
    Policy { level, salt: [42; 16], ..Policy::default() }
}

/// One connection and these messages.
fn said(messages: &[(Direction, &str)]) -> Vec<Fact<'static>> {
    let mut connection = sample::connections()[0].clone();
    connection.request_head = b"GET /ws HTTP/1.1\r\n\r\n".to_vec();
    connection.response_head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
    let recording = Recording { upstream: "ws://localhost:8000".into(), ..sample::recording() };
    let mut facts = vec![Fact::Recording(recording), Fact::Connection(connection)];
    facts.extend(
        (1..)
            .zip(messages)
            .map(|(id, (way, text))| Fact::Frame(frame(id, 1, *way, 0x81, text.as_bytes()))),
    );
    facts
}

/// The payloads of `messages` once they are redacted.
fn payloads(messages: &[&str], policy: Policy) -> (Vec<String>, Redacted) {
    let messages: Vec<(Direction, &str)> = messages.iter().map(|text| (Out, *text)).collect();
    let redacted = Redacted::new(&said(&messages), policy);
    let texts = redacted.facts.iter().filter_map(|fact| match fact {
        Fact::Frame(frame) => Some(String::from_utf8(frame.frame.payload.to_vec()).unwrap()),
        _ => None,
    });
    (texts.collect(), redacted)
}

fn one(text: &str) -> String {
    payloads(&[text], policy(Level::Default)).0.remove(0)
}

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1Xzg0MTIiLCJlbWFpbCI6InNlY3JldEBhY21lLmlvIn0.c2lnbmF0dXJlLXBsYW50ZWQ";

/// Secrets of all kinds, each in its clothes and its place; none may be left, in any form.
#[expect(clippy::too_many_lines, reason = "a list of forty")]
pub(crate) fn planted() -> (Vec<Fact<'static>>, Vec<String>) {
    let mut secrets: Vec<String> = Vec::new();
    let mut plant = |secret: &str| {
        secrets.push(secret.to_owned());
        secret.to_owned()
    };
    let b64 = |text: &str| STANDARD.encode(text);
    let request = [
        format!(
            "GET /ws/{}/chat?room=7&token={}&api%5Fkey={}&x={} HTTP/1.1",
            plant("zX9kQ2pV7mT4cR1eW8yU5hJ3nL6bF0aS"),
            plant("query-token-planted-1"),
            "percent%2Dkey%2Dplanted%2D1",
            plant("sk-live-planted-abcdefgh1234"),
        ),
        "Host: app.acme.example".into(),
        format!("Authorization: Bearer {JWT}"),
        format!("Proxy-Authorization: Basic {}", plant(&b64("proxyuser:planted-proxy-pw"))),
        format!(
            "Cookie: sid={}; theme=dark; jwt={}",
            plant("cookie-planted-sid"),
            plant("cookie-planted-jwt")
        ),
        format!("X-Api-Key: {}", plant("header-planted-key")),
        format!("X-Auth-Token: {}", plant("header-planted-token")),
        format!("Referer: https://a.example/?access_token={}", plant("referer-planted-token")),
        format!("Origin: https://{}@a.example", plant("originuser:planted-pw")),
        format!("X-Forwarded-For: {}", plant("203.0.113.77")),
        format!("X-Client-Secret: {}", plant("header-planted-secret")),
        format!(
            "Sec-WebSocket-Protocol: chat, bearer, {}, auth-{}",
            plant("protocol-planted-token"),
            plant("protocol-planted-glued")
        ),
        format!("X-Folded: a\r\n {}", plant("folded-planted-secret")),
    ];
    let response = [
        "HTTP/1.1 101 Switching Protocols".to_owned(),
        format!("Set-Cookie: session={}; Path=/; HttpOnly", plant("set-cookie-planted")),
        "Sec-WebSocket-Protocol: protocol-planted-token".into(),
        format!("Location: wss://b.example/?sig={}", plant("location-planted-sig")),
    ];
    plant("percent-key-planted-1");
    plant(JWT);
    plant("secret@acme.io");
    let nested = json!({"deep": json!({"password": plant("nested-planted-password")}).to_string()});
    let messages: Vec<(Direction, String)> = vec![
        (Out, json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {}", plant("init-planted-bearer-1"))}}).to_string()),
        (Out, json!({"type": "auth", "password": plant("pa\"ss\\planted/ü")}).to_string()),
        (Out, json!({"type": "auth", "pin": 907_431_558, "card": "4111 1111 1111 1111"}).to_string()),
        (In, json!({"type": "x", "data": nested.to_string()}).to_string()),
        (In, json!({"type": "x", "blob": b64(&format!("{{\"secret\":\"{}\"}}", plant("base64-planted-secret")))}).to_string()),
        (In, json!({"type": "x", "blob": URL_SAFE_NO_PAD.encode(format!("mail to {} today", plant("base64.planted@acme.io")))}).to_string()),
        (In, json!({"type": "x", "note": format!("write to {}", plant("planted.user@acme.io"))}).to_string()),
        (In, json!({"type": "x", "list": [{"key": plant("AKIAPLANTEDPLANTED12")}, plant("ghp_plantedplantedplanted1234567890")]}).to_string()),
        (In, json!({"type": "x", "text": format!("see https://x.example/?token={}", "encoded%2Dplanted%2Dtoken")}).to_string()),
        (In, json!({"type": "x", "ip": plant("2001:db8:0:1::42"), "v": "1.2.3"}).to_string()),
        (In, format!("42[\"login\",{{\"apiKey\":\"{}\"}}]", plant("socketio-planted-key"))),
        (In, format!("plain text with password: {}", plant("plaintext-planted-pw"))),
        (In, json!({"type": "x", "pem": "-----BEGIN RSA PRIVATE KEY-----\nplanted0key0material\n-----END RSA PRIVATE KEY-----"}).to_string()),
        (In, json!({"type": "x", "value": plant("Zk7Qw2Xv9Bt4Mn1Lc8Hd5Gf3Js6Pr0Ty")}).to_string()),
        (In, json!({"type": "x", "prompt": plant("compare our planted costs with those of last month")}).to_string()),
        (In, json!({"type": "x", plant("xoxb-planted-as-a-name-1"): 1}).to_string()),
        // Said again where no rule would look for it.
        (In, json!({"type": "x", "s": "again: cookie-planted-sid."}).to_string()),
        (In, r#"{"type":"x","s":"\u0063ookie-planted-jwt"}"#.to_owned()),
        (In, json!({"type": "x", "s": b64("xx query-token-planted-1 yy")}).to_string()),
    ];
    plant("planted0key0material");
    plant("encoded-planted-token");
    plant("4111 1111 1111 1111");
    plant("907431558");
    let mut connection = Connection {
        request_head: (request.join("\r\n") + "\r\n\r\n").into_bytes(),
        response_head: (response.join("\r\n") + "\r\n\r\n").into_bytes(),
        client: format!("{}:51000", plant("198.51.100.23")),
        detail: Some(format!("refused token={}", "detail-planted-token-7")),
        ..sample::connections()[0].clone()
    };
    connection.detail = Some(format!("said api_key={}", plant("detail-planted-key-7")));
    connection.close[0] =
        Some(Close { code: Some(4001), reason: b"token: close-planted-token-7".to_vec() });
    let mut recording = sample::recording();
    recording.upstream = format!("ws://{}@localhost:8000", plant("user:planted-userinfo"));
    recording.note = Some(format!("reported by {}", plant("note.planted@acme.io")));
    let mut facts = vec![Fact::Recording(recording), Fact::Connection(connection)];
    let count = messages.len() as i64;
    facts.extend(
        (1..)
            .zip(messages)
            .map(|(id, (way, text))| Fact::Frame(frame(id, 1, way, 0x81, text.as_bytes()))),
    );
    // In fragments, and compressed: only put together does it show.
    let split = plant("fragmented-planted-secret");
    let (first, second) = split.split_at(9);
    facts.push(Fact::Frame(frame(
        count + 1,
        1,
        In,
        0x01,
        format!("{{\"secret\":\"{first}").as_bytes(),
    )));
    facts.push(Fact::Frame(frame(count + 2, 1, In, 0x80, format!("{second}\"}}").as_bytes())));
    let close =
        [&4001_u16.to_be_bytes()[..], b"password: ", plant("close-planted-pw").as_bytes()].concat();
    facts.push(Fact::Frame(frame(count + 3, 1, Out, 0x88, &close)));
    // A binary message that is no text, a piece of garbage, and a message without an end.
    let binary = [&[0xff, 0xfe][..], plant("binary-planted-secret").as_bytes()].concat();
    facts.push(Fact::Frame(frame(count + 4, 1, In, 0x82, &binary)));
    let mut raw = frame(count + 5, 1, Out, 0, plant("raw-planted-secret").as_bytes());
    raw.frame.header = Header::EMPTY;
    raw.frame.marks = Marks::RAW;
    facts.push(Fact::Frame(raw));
    facts.push(Fact::Frame(frame(count + 6, 1, In, 0x01, plant("unfinished-planted").as_bytes())));
    facts.push(Fact::Note(Note {
        id: 1,
        first_frame: None,
        last_frame: None,
        text: format!("their key is {}", plant("sk-note-planted-abcdefgh1234")),
        author: plant("author.planted@acme.io"),
        ..Note::default()
    }));
    (facts, secrets)
}

#[test]
fn forty_planted_secrets_are_gone_in_every_form() {
    let (facts, secrets) = planted();
    assert!(secrets.len() >= 40, "{}", secrets.len());
    for level in [Level::Default, Level::Strict] {
        let redacted = Redacted::new(&facts, policy(level));
        let lines: String = redacted.facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
        // As it is written, and with everything that may be decoded decoded.
        let mut texts = vec![lines.clone()];
        for fact in &redacted.facts {
            if let Fact::Frame(frame) = fact {
                texts.push(String::from_utf8_lossy(&frame.frame.payload).into_owned());
            }
        }
        let runs = |text: &str| {
            let is_base64 =
                |letter: char| letter.is_ascii_alphanumeric() || "+/-_=".contains(letter);
            let runs = text.split(|letter| !is_base64(letter)).map(str::to_owned);
            runs.collect::<Vec<_>>()
        };
        let decoded: Vec<String> = texts
            .iter()
            .flat_map(|text| runs(text))
            .filter_map(|run| {
                let bytes = STANDARD.decode(&run).or_else(|_| URL_SAFE_NO_PAD.decode(&run)).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            })
            .collect();
        texts.extend(decoded);
        for secret in &secrets {
            for text in &texts {
                assert!(!text.contains(secret.as_str()), "{level:?}: {secret} is in {text:.300}");
            }
        }
        assert_eq!(redacted.leaks().find(lines.as_bytes()), [], "{level:?}");
        assert!(redacted.hidden() >= 40, "{}", redacted.hidden());
        // What is not secret stays.
        assert_eq!(redacted.facts.len(), facts.len());
        if level == Level::Default {
            assert!(
                ["Host: app.acme.example", "room=7", "; theme="]
                    .iter()
                    .all(|it| lines.contains(it)),
                "{lines}"
            );
            assert!(lines.contains("\\\"v\\\":\\\"1.2.3\\\""));
        }
    }
    // Off means off.
    let off = Redacted::new(&facts, policy(Level::Off));
    assert_eq!(off.facts, facts);
    assert_eq!((off.rows.len(), off.undecided()), (0, 0));
}

/// Where something was lost, what is after it is no end of what was before.
#[test]
fn a_gap_parts_a_message() {
    let lost = Gap {
        connection: Some(1),
        direction: Some(In),
        from_ns: 2,
        to_ns: 3,
        frames: 1,
        bytes: 7,
        reason: GapReason::Behind,
    };
    for gap in [None, Some(lost)] {
        let mut facts = said(&[]);
        facts.extend(gap.clone().map(Fact::Gap));
        let at = |id: i64, opcode, text: &[u8]| {
            let mut frame = frame(id, 1, In, opcode, text);
            frame.stamp.read_ns = id as u64;
            Fact::Frame(frame)
        };
        facts.push(at(1, 0x01, br#"{"type":"auth","secret":"planted-"#));
        facts.push(at(4, 0x80, br#"secret","n":1}"#));
        let redacted = Redacted::new(&facts, policy(Level::Default));
        let payloads = redacted.facts.iter().filter_map(|fact| match fact {
            Fact::Frame(frame) => Some((&*frame.frame.payload, frame.frame.marks)),
            _ => None,
        });
        let payloads: Vec<(&[u8], Marks)> = payloads.collect();
        if gap.is_some() {
            assert!(
                payloads.iter().all(|(text, marks)| text.is_empty() && marks.has(Marks::NOT_KEPT))
            );
        } else {
            assert!(payloads[1].0.starts_with(br#"{"type":"auth","secret":"#), "{payloads:?}");
        }
    }
}

/// The rules that everybody has hold no secret: `cookie:token` says where one is.
#[test]
fn presets_go_along_as_they_are() {
    for preset in presets::presets() {
        let rules = Some(preset.text.to_owned());
        let facts = [Fact::Recording(Recording { rules, ..sample::recording() })];
        let redacted = Redacted::new(&facts, policy(Level::Default));
        let hidden: Vec<_> = redacted.rows.iter().filter(|row| row.place == "the rules").collect();
        assert!(hidden.is_empty(), "{}: {hidden:?}", preset.name);
        let Fact::Recording(recording) = &redacted.facts[0] else { unreachable!("the recording") };
        assert!(recording.rules.as_deref().unwrap().contains("version = 1"), "{}", preset.name);
    }
}

#[test]
fn times_ids_and_order_stay() {
    let (facts, _) = planted();
    let redacted = Redacted::new(&facts, policy(Level::Strict));
    let outline = |facts: &[Fact<'_>]| -> Vec<String> {
        facts
            .iter()
            .map(|fact| match fact {
                Fact::Frame(f) => {
                    format!("{} {} {:?} {:?}", f.id, f.connection, f.direction, f.stamp)
                }
                Fact::Connection(c) => {
                    format!("{} {} {:?} {:?}", c.id, c.opened_ns, c.status, c.closed_ns)
                }
                _ => "other".into(),
            })
            .collect()
    };
    assert_eq!(outline(&redacted.facts), outline(&facts));
}

#[test]
fn one_original_has_one_name_and_each_report_its_own() {
    let texts = [
        r#"{"token":"abc-planted-1","other":"abc-planted-2 and abc-planted-1"}"#,
        r#"{"token":"abc-planted-2"}"#,
        r#"{"user_id":"u_8412","by":"u_8412"}"#,
        r#"{"user_id":"u_9000"}"#,
        r#"{"user_id":"user_01"}"#,
    ];
    let (out, _) = payloads(&texts, policy(Level::Default));
    let first = out[0].split('"').nth(3).unwrap().to_owned();
    let second = out[1].split('"').nth(3).unwrap().to_owned();
    assert!(first.starts_with("‹token-1 #") && second.starts_with("‹token-2 #"), "{out:?}");
    assert_eq!(out[0], format!("{{\"token\":\"{first}\",\"other\":\"{second} and {first}\"}}"));
    // user_01 is somebody else already.
    assert_eq!(out[2], r#"{"user_id":"user_02","by":"u_8412"}"#);
    assert_eq!(out[3], r#"{"user_id":"user_03"}"#);
    assert_eq!(out[4], texts[4]);
    let (other, _) = payloads(&texts, Policy { salt: [1; 16], ..Policy::default() });
    assert_ne!(out[0], other[0]);
}

#[test]
fn a_hidden_jwt_still_says_whose_connection_it_is() {
    let mut facts = said(&[(Out, r#"{"user_id":"u_8412"}"#)]);
    let Fact::Connection(connection) = &mut facts[1] else { unreachable!("the connection") };
    connection.request_head =
        format!("GET /ws?jwt={JWT} HTTP/1.1\r\nAuthorization: Bearer {JWT}\r\n\r\n").into_bytes();
    let redacted = Redacted::new(&facts, policy(Level::Default));
    let Fact::Connection(connection) = &redacted.facts[1] else { unreachable!("the connection") };
    let head = String::from_utf8(connection.request_head.clone()).unwrap();
    let token = head.split("Bearer ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(head.contains(&format!("?jwt={token} HTTP/1.1")), "{head}");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(claims, br#"{"sub":"user_01"}"#);
    let Fact::Frame(frame) = &redacted.facts[2] else { unreachable!("the frame") };
    assert_eq!(&*frame.frame.payload, br#"{"user_id":"user_01"}"#);
}

#[test]
fn what_is_not_sure_is_asked_and_a_decision_settles_it() {
    let text = r#"{"prompt":"compare our planted costs by month","key2":"a8F0kQ2xV9bT7mZ1cR4eW6yU3hJ5nL0p"}"#;
    let (out, redacted) = payloads(&[text], policy(Level::Default));
    assert_eq!(redacted.undecided(), 2);
    let places: Vec<(&str, &str, bool)> =
        redacted.rows.iter().map(|row| (row.rule, &*row.place, row.decided)).collect();
    assert_eq!(
        places[..2],
        [("looks like a secret", "$.key2", false), ("free text", "$.prompt", false)]
    );
    assert!(
        out[0].contains("‹text, 34 characters›") && out[0].contains("‹token-1 #"),
        "{}",
        out[0]
    );
    assert!(!redacted.rows[0].before.contains("kQ2xV9bT7"), "{:?}", redacted.rows[0]);
    let mut decisions = Decisions::default();
    decisions.set("$.prompt", Decision::Show);
    decisions.set("$.key2", Decision::Hide);
    let decided = Policy { decisions, ..policy(Level::Default) };
    let (out, redacted) = payloads(&[text], decided);
    assert_eq!(redacted.undecided(), 0);
    assert!(out[0].contains("compare our planted costs"), "{}", out[0]);
    // Strict asks nothing.
    let (out, redacted) = payloads(&[text], policy(Level::Strict));
    assert_eq!((redacted.undecided(), out[0].contains("compare")), (0, false));
}

#[test]
fn decisions_are_kept_beside_what_else_stands_in_the_file() {
    let text =
        "# ours\nname = \"x\" # keep\n\n[redact]\n\"$.a\" = \"show\" # why not\n\n[other]\nz = 1\n";
    let mut decisions = Decisions::read(text).unwrap();
    assert_eq!(decisions.get("$.a"), Some(Decision::Show));
    assert_eq!(decisions.write(text).unwrap(), text);
    decisions.set("$.a", Decision::Hide);
    decisions.set("$.data.prompt", Decision::Length);
    let again = decisions.write(text).unwrap();
    assert_eq!(
        again,
        "# ours\nname = \"x\" # keep\n\n[redact]\n\"$.a\" = \"hide\" # why not\n\"$.data.prompt\" = \"length\"\n\n[other]\nz = 1\n"
    );
    assert_eq!(Decisions::read(&again).unwrap(), decisions);
    assert_eq!(
        decisions.write("").unwrap(),
        "[redact]\n\"$.a\" = \"hide\"\n\"$.data.prompt\" = \"length\"\n"
    );
    for (text, why) in [
        (
            "[redact]\nx = \"maybe\"\n",
            "[redact] \"x\" is \"maybe\", expected \"hide\", \"show\" or \"length\"",
        ),
        ("[redact]\nx = 1\n", "[redact] \"x\" is 1"),
        ("redact = 7\n", "redact is no table"),
        ("redact =", "TOML parse error"),
    ] {
        let error = Decisions::read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_search_finds_an_original_in_every_form() {
    let (_, redacted) =
        payloads(&[r#"{"password":"pl\"an/ted-ü-secret"}"#], policy(Level::Default));
    let leaks = redacted.leaks();
    let secret = "pl\"an/ted-ü-secret";
    for (form, text) in [
        ("plain", format!("..{secret}..")),
        ("json", json!({ "a": secret }).to_string()),
        ("json", json!({ "a": json!({ "b": secret }).to_string() }).to_string()),
        ("json", "pl\\\"an/ted-\\u00fc-secret".to_owned()),
        ("json", "pl\\\"an\\/ted-ü-secret".to_owned()),
        ("percent", "pl%22an/ted-%C3%BC-secret".to_owned()),
        ("percent", format!("pl%22{}", "an%2fted-%c3%bc-secret".replace("%2f", "/"))),
        ("html", "pl&quot;an/ted-ü-secret".to_owned()),
        ("base64", STANDARD.encode(secret)),
        ("base64", STANDARD.encode(format!("x{secret}yz"))),
        ("base64", URL_SAFE_NO_PAD.encode(format!("xx{secret}"))),
    ] {
        let found = leaks.find(text.as_bytes());
        assert_eq!(found.first().map(|leak| leak.form), Some(form), "{text}");
        assert_eq!(found[0].original, secret);
    }
    assert_eq!(leaks.find(b"nothing of it"), []);
    // A megabyte a millisecond or so: it is one pass.
    let mut long = Vec::new();
    for _ in 0..1 << 16 {
        long.write_all(b"pl\"an/ted-secre0").unwrap();
    }
    assert_eq!(leaks.find(&long), []);
}

/// Keys and nesting; of the values only that there is one.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), shape(value))).collect()
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Null | Value::Bool(_) => value.clone(),
        _ => Value::Null,
    }
}

fn values() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        "[a-z ]{0,40}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("mail a@b.example now")),
        Just(Value::from(JWT)),
        Just(Value::from("{\"password\":\"nested-one\"}")),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let names = prop_oneof![Just("token"), Just("user_id"), Just("text"), Just("type"), Just("n")];
    words.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn json_stays_json_of_the_same_shape(value in values(), strict in any::<bool>()) {
        let level = if strict { Level::Strict } else { Level::Default };
        let text = json!({ "v": value }).to_string();
        let (out, _) = payloads(&[&text], policy(level));
        let after: Value = serde_json::from_str(&out[0]).unwrap();
        prop_assert_eq!(shape(&after), shape(&json!({ "v": value })));
        // Once more changes nothing.
        let (again, redacted) = payloads(&[&out[0]], policy(level));
        prop_assert_eq!(&again[0], &out[0], "{:?}", redacted.rows);
    }

    #[test]
    fn any_bytes_are_taken(
        head in vec(any::<u8>(), 0..200),
        rows in vec((any::<bool>(), vec(any::<u8>(), 0..14), vec(any::<u8>(), 0..60), any::<u32>()), 0..12),
        strict in any::<bool>(),
    ) {
        let mut facts = vec![Fact::Connection(Connection {
            id: 1,
            request_head: head.clone(),
            response_head: head,
            ..Connection::default()
        })];
        for (id, (out, header, payload, marks)) in (1..).zip(rows) {
            facts.push(Fact::Frame(RecordedFrame {
                id,
                connection: 1,
                direction: Direction::BOTH[usize::from(out)],
                stamp: wiretape::wire::Stamp { read_ns: 0, written_ns: None },
                frame: Frame {
                    header: Header::from_bytes(&header).unwrap(),
                    length: payload.len() as u64,
                    payload: Cow::Owned(payload),
                    marks: Marks(marks & 0x1_ffff),
                },
            }));
        }
        let level = if strict { Level::Strict } else { Level::Default };
        let redacted = Redacted::new(&facts, policy(level));
        prop_assert_eq!(redacted.facts.len(), facts.len());
    }
}

/// A token may be the id of somebody too: it has one name, and that is not hidden once more.
#[test]
fn a_token_that_is_an_id_has_one_name() {
    let text = json!({"a": [{"user_id": JWT}, JWT], "b": format!("by {JWT}")}).to_string();
    let out = one(&text);
    assert_eq!(out, r#"{"a":[{"user_id":"user_01"},"user_01"],"b":"by user_01"}"#);
    assert_eq!(one(&out), out);
}

/// Half a letter makes a string one that most readers refuse; its secret is none the less there.
#[test]
fn what_cannot_be_read_is_not_left() {
    let text =
        r#"{"a":"sk-live-planted-abcdefgh1234\ud800","\udfffsk-live-planted-abcdefgh1234":1}"#;
    assert_eq!(one(text), r#"{"a":"‹text›","‹text›":1}"#);
}

/// A text that is streamed is in pieces, each of which is nothing by itself.
#[test]
fn what_people_wrote_is_hidden_in_pieces_too() {
    let texts = [
        r#"{"type":"chunk","content":" the 14th of"}"#,
        r#"{"type":"chunk","content":"May."}"#,
        r#"{"type":"chunk","content":"","n":1}"#,
        r#"{"type":"done","content":"It rose on the 14th of May."}"#,
    ];
    let (out, redacted) = payloads(&texts, policy(Level::Default));
    assert_eq!(out[0], r#"{"type":"chunk","content":"‹text, 12 characters›"}"#);
    assert_eq!(out[1], r#"{"type":"chunk","content":"‹text, 4 characters›"}"#);
    assert_eq!(out[2], texts[2]);
    assert_eq!((redacted.undecided(), redacted.rows[0].hits), (1, 3));
    let whence: Vec<&str> = redacted.rows[0].contexts.iter().map(|it| &*it.whence).collect();
    assert_eq!(whence, ["#1", "#2", "#4"]);
    assert_eq!(redacted.rows[0].contexts[1].before, r#"{"type":"chunk","content":""#);
    // A longer piece is hidden wherever else it stands.
    let texts = [
        r#"{"type":"chunk","content":"It_rose_on_the_14th_of_May"}"#,
        r#"{"type":"done","content":"It rose on the 14th of May."}"#,
        r#"{"type":"x","s":"It_rose_on_the_14th_of_May"}"#,
    ];
    let (out, redacted) = payloads(&texts, policy(Level::Default));
    assert_eq!(redacted.leaks().find(out.concat().as_bytes()), [], "{out:?}");
    // Alone it may be anything.
    assert_eq!(one(r#"{"type":"chunk","content":"May."}"#), r#"{"type":"chunk","content":"May."}"#);
}

/// Ids of runs and threads are made of those of users; of longer ids, an id may be the beginning.
#[test]
fn an_id_within_an_id_gets_its_name_too() {
    let texts = [
        r#"{"user_id":"customer-1","run_id":"thread_customer-1_run_7"}"#,
        r#"{"user_id":"u_8412","run_id":"u_8412-run"}"#,
        r#"{"s":"customer-12345 is nobody here, u_84129 neither"}"#,
    ];
    let user_ids = ["customer-1".to_owned(), "u_8412".to_owned()].into();
    let (out, redacted) = payloads(&texts, Policy { user_ids, ..policy(Level::Default) });
    assert_eq!(out[0], r#"{"user_id":"user_01","run_id":"thread_user_01_run_7"}"#);
    assert_eq!(out[1], r#"{"user_id":"user_02","run_id":"user_02-run"}"#);
    assert_eq!(out[2], texts[2]);
    let leaks = redacted.leaks();
    assert_eq!(leaks.find(out.concat().as_bytes()), []);
    assert_eq!(leaks.find(b"by customer-1.").len(), 1);
    // A name that is also a word is one in ids only.
    let texts = [
        r#"{"user_id":"user","thread_id":"thread_user_1"}"#,
        r#"{"type":"user_message","role":"user","user_id":"ada"}"#,
    ];
    let user_ids = ["user".to_owned(), "ada".to_owned()].into();
    let (out, _) = payloads(&texts, Policy { user_ids, ..policy(Level::Default) });
    assert_eq!(out[0], r#"{"user_id":"user_02","thread_id":"thread_user_02_1"}"#);
    assert_eq!(out[1], r#"{"type":"user_message","role":"user","user_id":"user_01"}"#);
    assert_eq!(leaks.except_in(b"customer-1 is in every file").find(b"by customer-1."), []);
}

#[test]
fn whose_a_connection_is_stays_known_of_a_token_packed_once_more() {
    let packed = URL_SAFE_NO_PAD.encode(JWT);
    let mut facts = said(&[(Out, r#"{"user_id":"u_8412"}"#)]);
    let Fact::Connection(connection) = &mut facts[1] else { unreachable!("the connection") };
    let head = format!(
        "GET /ws/u_8412 HTTP/1.1\r\nUser-Agent: Chrome/142.0.0.0\r\nVia: 203.0.113.9\r\n\
         Cookie: uid=u_8412; x=abc\r\nSec-WebSocket-Protocol: jwt-auth, jwt.{packed}\r\n\r\n"
    );
    connection.request_head = head.into_bytes();
    let user_ids = ["u_8412".to_owned()].into();
    let redacted = Redacted::new(&facts, Policy { user_ids, ..policy(Level::Default) });
    let Fact::Connection(connection) = &redacted.facts[1] else { unreachable!("the connection") };
    let head = String::from_utf8(connection.request_head.clone()).unwrap();
    for kept in ["GET /ws/user_01 HTTP", "Chrome/142.0.0.0", "jwt-auth, jwt.", "uid=user_01;"] {
        assert!(head.contains(kept), "{kept}: {head}");
    }
    assert!(!head.contains("203.0.113.9") && !head.contains(&packed), "{head}");
    let token = head.split("jwt.").nth(1).unwrap().trim();
    let token = String::from_utf8(URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(claims, br#"{"sub":"user_01"}"#);
}

#[test]
fn plain_words_stay() {
    for text in [
        r#"{"type":"agent_started","run_id":"0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d","n":1795356211123}"#,
        r#"{"type":"tool_executing","payload":{"tool_name":"search_costs"},"max_tokens":4000}"#,
        "ping",
        "40",
        "42[\"message\",\"hi\"]",
    ] {
        assert_eq!(one(text), text);
    }
}
