//! The twelve pretend users: who they are, and how each proves it in the handshake.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::clock;
use super::json::{list, object};

/// The path of the platform's WebSocket.
pub(super) const PATH: &str = "/ws";

/// A user of the pretend platform.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) carrier: Carrier,
    pub(super) agent: &'static str,
    /// The client offers permessage-deflate (RFC 7692).
    pub(super) compressed: bool,
}

/// Where a client puts its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// `Authorization: Bearer …`: scripts and native apps.
    Authorization,
    /// `Sec-WebSocket-Protocol: jwt-auth, jwt.…`: browsers, which can't set a header.
    Subprotocol,
    /// `?token=…`.
    Query,
    /// `Cookie: session=…`.
    Cookie,
}

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/142.0.0.0 Safari/537.36";
const FIREFOX: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0";
const SCRIPT: &str = "chat-cli/2.4.1 (python 3.13)";

/// Everybody, in order of their numbers.
pub(super) const USERS: [User; 12] = [
    user("user_01", Carrier::Authorization, SCRIPT),
    user("user_02", Carrier::Subprotocol, CHROME),
    user("user_03", Carrier::Query, FIREFOX),
    User { name: "user_04", carrier: Carrier::Cookie, agent: CHROME, compressed: true },
    user("user_05", Carrier::Authorization, SCRIPT),
    user("user_06", Carrier::Subprotocol, FIREFOX),
    user("user_07", Carrier::Subprotocol, CHROME),
    user("user_08", Carrier::Query, SCRIPT),
    user("user_09", Carrier::Cookie, FIREFOX),
    user("user_10", Carrier::Authorization, SCRIPT),
    user("user_11", Carrier::Subprotocol, CHROME),
    user("user_12", Carrier::Query, CHROME),
];

const fn user(name: &'static str, carrier: Carrier, agent: &'static str) -> User {
    User { name, carrier, agent, compressed: false }
}

impl User {
    /// An unsigned token that says that it is fake.
    pub(super) fn token(&self) -> String {
        let head = object([("alg", "none".into()), ("typ", "JWT".into())]);
        let claims = object([
            ("sub", self.name.into()),
            ("email", format!("{}@example.test", self.name).into()),
            ("iss", "wiretape demo".into()),
            ("note", "fake: unsigned, worth nothing".into()),
            ("permissions", list(["chat".into(), "tools".into()])),
            ("iat", (clock::epoch_ms(0) / 1000).into()),
            ("exp", (clock::epoch_ms(0) / 1000 + 3600).into()),
        ]);
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.not-a-signature", part(head.to_string()), part(claims.to_string()))
    }

    /// The request's target and the header lines that carry the token.
    pub(super) fn credentials(&self) -> (String, String) {
        let token = self.token();
        let path = PATH.to_owned();
        match self.carrier {
            Carrier::Authorization => (path, format!("Authorization: Bearer {token}\r\n")),
            Carrier::Subprotocol => {
                let entry = URL_SAFE_NO_PAD.encode(token);
                (path, format!("Sec-WebSocket-Protocol: jwt-auth, jwt.{entry}\r\n"))
            }
            Carrier::Query => (format!("{PATH}?token={token}"), String::new()),
            Carrier::Cookie => {
                (path, format!("Cookie: theme=dark; session={token}; locale=en\r\n"))
            }
        }
    }

    /// Whose token this is. Nothing is verified: there is nothing to protect.
    pub(super) fn of_token(token: &str) -> Option<&'static Self> {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims = String::from_utf8(claims).ok()?;
        let (_, rest) = claims.split_once(r#""sub":""#)?;
        let (name, _) = rest.split_once('"')?;
        USERS.iter().find(|user| user.name == name)
    }

    /// Whose token this `jwt.<base64url>` entry of a subprotocol list carries.
    pub(super) fn of_subprotocol(entry: &str) -> Option<&'static Self> {
        let token = URL_SAFE_NO_PAD.decode(entry.strip_prefix("jwt.")?).ok()?;
        Self::of_token(std::str::from_utf8(&token).ok()?)
    }

    /// The user's place among [`USERS`].
    pub(super) fn index(&self) -> usize {
        USERS.iter().position(|user| user == self).expect("every user is one of USERS")
    }
}

#[cfg(test)]
mod tests {
    use super::{USERS, User};

    #[test]
    fn a_token_names_its_user() {
        for user in &USERS {
            assert_eq!(User::of_token(&user.token()), Some(user));
        }
        assert_eq!(User::of_token("a.b.c"), None);
        assert_eq!(User::of_subprotocol("jwt.!"), None);
    }
}
