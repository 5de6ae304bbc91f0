//! A request's head → whose connection it is, by the token it carries.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// How every JSON web token begins: `{"` in base64url.
const TOKEN: &str = "eyJ";

/// The longest name taken from a token, in characters: it is shown in every line.
const MAX_NAME: usize = 24;

/// The claim `sub` of the first token in the head, wherever it is: in a header, a cookie, the query,
/// or wrapped in base64url as a subprotocol. Nothing is verified.
pub(super) fn user(request_head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(request_head);
    let words = head.split(|character: char| !is_token(character));
    words.filter_map(unwrapped).find_map(|token| subject(&token))
}

/// The name of the place where the token was, or nothing.
pub(super) fn carrier(request_head: &[u8]) -> Option<&'static str> {
    let head = String::from_utf8_lossy(request_head);
    let mut lines = head.lines();
    if lines.next().is_some_and(|start| start.contains(TOKEN)) {
        return Some("query");
    }
    let names = lines.filter_map(|line| line.split_once(':'));
    for (name, value) in names {
        let known = match name.to_ascii_lowercase().as_str() {
            "authorization" => "header",
            "cookie" => "cookie",
            "sec-websocket-protocol" => "subprotocol",
            _ => continue,
        };
        let mut words = value.split(|character: char| !is_token(character));
        if words.find_map(unwrapped).is_some() {
            return Some(known);
        }
    }
    None
}

/// A token may contain these.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// The tokens in a word: itself, or what follows its `jwt.`, decoded.
fn unwrapped(word: &str) -> Option<String> {
    if word.starts_with(TOKEN) && word.contains('.') {
        return Some(word.to_owned());
    }
    let inner = URL_SAFE_NO_PAD.decode(word.strip_prefix("jwt.")?).ok()?;
    String::from_utf8(inner).ok().filter(|token| token.starts_with(TOKEN))
}

fn subject(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let subject = claims.get("sub")?.as_str()?;
    Some(subject.chars().take(MAX_NAME).collect())
}

#[cfg(test)]
mod tests {
    use super::{URL_SAFE_NO_PAD, carrier, user};
    use base64::Engine as _;

    #[test]
    fn a_user_is_found_wherever_the_token_is() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"ada"}"#);
        let token = format!("eyJhIjoxfQ.{claims}.x");
        let wrapped = URL_SAFE_NO_PAD.encode(&token);
        for (head, place) in [
            (format!("GET /ws HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n"), "header"),
            (format!("GET /ws?token={token}&a=b HTTP/1.1\r\nHost: x\r\n\r\n"), "query"),
            (format!("GET /ws HTTP/1.1\r\nCookie: a=b; s={token}; c=d\r\n\r\n"), "cookie"),
            (
                format!("GET / HTTP/1.1\r\nSec-WebSocket-Protocol: x, jwt.{wrapped}\r\n\r\n"),
                "subprotocol",
            ),
        ] {
            assert_eq!(user(head.as_bytes()).as_deref(), Some("ada"), "{head}");
            assert_eq!(carrier(head.as_bytes()), Some(place), "{head}");
        }
        assert_eq!(user(b"GET /ws?token=eyJ.eyJ.eyJ HTTP/1.1\r\n\r\n"), None);
        assert_eq!(user(b"\xff\xfe"), None);
    }
}
