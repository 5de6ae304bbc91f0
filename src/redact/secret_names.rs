//! Names of members, queries and headers → whether what they name is a secret.

use super::names::is_name;
use super::words::plain;

/// Parts of names whose values are secrets, in lower case, without `_` and `-`.
const SECRET_PARTS: [&str; 28] = [
    "accesskey",
    "accountkey",
    "adminkey",
    "apikey",
    "authkey",
    "authorization",
    "clientcert",
    "clientkey",
    "cookie",
    "credential",
    "csrf",
    "encryptionkey",
    "jwt",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "privatekey",
    "secret",
    "sessionid",
    "signature",
    "signingkey",
    "subscriptionkey",
    "token",
    "xauth",
    "xsrf",
];

/// Names whose values are secrets.
const SECRET_NAMES: [&str; 15] = [
    "auth", "code", "creds", "cvc", "cvv", "key", "otp", "pass", "pin", "pw", "pwd", "session",
    "sid", "sig", "ticket",
];

/// Those that mean something else as often, where they name a member.
const MANY_MEANINGS: [&str; 3] = ["code", "key", "ticket"];

/// Names with a part like a secret's that hold none: counts of tokens, and their kinds.
const NO_SECRETS: [&str; 10] = [
    "tokens",
    "maxtokens",
    "inputtokens",
    "outputtokens",
    "totaltokens",
    "prompttokens",
    "completiontokens",
    "tokencount",
    "tokentype",
    "tokenusage",
];

/// Headers that end like a key's and hold none.
const NO_KEYS: [&str; 4] = ["cache-key", "idempotency-key", "sec-websocket-key", "surrogate-key"];

/// The value of a member, a query or a cookie of this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = plain(name);
    !NO_SECRETS.contains(&name.as_str())
        && (SECRET_NAMES.contains(&name.as_str())
            || SECRET_PARTS.iter().any(|part| name.contains(part)))
}

/// Everybody calls secrets so; `plain` as [`plain`] makes names.
pub(super) fn is_common_secret(plain: &str) -> bool {
    const USUAL: [&str; 12] = [
        "accesstoken",
        "authtoken",
        "csrftoken",
        "idtoken",
        "phpsessid",
        "refreshtoken",
        "sessionid",
        "sessiontoken",
        "xauthtoken",
        "xcsrftoken",
        "xsrftoken",
        "connectsid",
    ];
    [&SECRET_NAMES[..], &SECRET_PARTS, &USUAL].iter().any(|known| known.contains(&plain))
}

/// The value of a header of this name, in lower case, is a secret.
pub(super) fn is_secret_header(name: &str) -> bool {
    let own = name.strip_prefix("x-").unwrap_or(name);
    !name.starts_with("sec-websocket-")
        && (is_secret_name(own)
            || own.contains("auth")
            || own.ends_with("-key") && !NO_KEYS.contains(&own))
}

/// The value of a member of this name is a secret. A key or a code may be many things there.
pub(super) fn is_secret_member(name: &str) -> bool {
    !MANY_MEANINGS.contains(&name.to_ascii_lowercase().as_str()) && is_secret_name(name)
}

/// A text that is the value of a member of this name is a secret. Tokens that are counted are
/// numbers, and those of a model are words.
pub(super) fn is_secret_text(name: &str, text: &str) -> bool {
    is_secret_member(name)
        || name.eq_ignore_ascii_case("tokens") && text.len() >= 8 && text.contains(is_digit)
}

/// What is around this place is called like a secret, by more than a word that means many things.
pub(super) fn is_within_secret(place: &str) -> bool {
    place.split('.').any(|name| is_secret_word(name.trim_end_matches("[*]")))
}

fn is_secret_word(name: &str) -> bool {
    is_secret_name(name) && !SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str())
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// Members that name what another one of the same object holds, and those that hold it.
const NAMES: [&str; 8] = ["field", "header", "id", "k", "key", "label", "name", "parameter"];
const VALUES: [&str; 4] = ["v", "val", "value", "values"];

/// Members that hold it too, but hold what people wrote as often.
const CONTENTS: [&str; 5] = ["content", "contents", "data", "default", "text"];

/// Members that say what is to be done, and those that hold with what.
const ACTIONS: [&str; 9] =
    ["action", "cmd", "command", "event", "method", "msg", "op", "target", "type"];
const ARGUMENTS: [&str; 5] = ["args", "arguments", "data", "params", "parameters"];

/// What is done with a secret.
const LOGINS: [&str; 8] = [
    "auth",
    "authenticate",
    "authorize",
    "login",
    "logon",
    "signin",
    "changepassword",
    "setpassword",
];

/// Members of a JSON Web Key that are its private part (RFC 7518, 6).
const PRIVATE_PARTS: [&str; 8] = ["d", "dp", "dq", "k", "oth", "p", "q", "qi"];

/// What an object names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    #[default]
    NoSecret,
    /// `{"name":"password_reset", …}`
    AboutSecret,
    /// `{"name":"DB_PASSWORD", …}`: it is one by its last word.
    Secret,
}

/// What an object says of its members, in whatever order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    names: Named,
    /// `{"method":"login", …}`
    logs_in: bool,
    /// `{"kty":"EC", …}`
    is_key: bool,
}

impl Said {
    /// One of its members is a text.
    pub(super) fn hear(&mut self, key: &str, text: &str) {
        let key = plain(key);
        if NAMES.contains(&key.as_str()) && is_word(text) && is_secret_member(text) {
            let text = plain(text);
            let is_one = SECRET_NAMES.contains(&text.as_str())
                || SECRET_PARTS.iter().any(|part| text.ends_with(part));
            self.names = self.names.max(if is_one { Named::Secret } else { Named::AboutSecret });
        }
        self.logs_in |= ACTIONS.contains(&key.as_str()) && is_login(text);
        self.is_key |= key == "kty";
    }

    /// It says that there is a secret in it.
    pub(super) fn says_something(self) -> bool {
        self != Self::default()
    }

    /// What is in its member of this name is a secret.
    pub(super) fn announces(self, key: &str) -> bool {
        let name = plain(key);
        self.names >= Named::AboutSecret && VALUES.contains(&name.as_str())
            || self.names == Named::Secret && CONTENTS.contains(&name.as_str())
            || self.is_key && PRIVATE_PARTS.contains(&key)
    }

    /// A text in its list of this name is one: of its arguments, those that no person would say.
    pub(super) fn announces_argument(self, key: &str, text: &str) -> bool {
        self.logs_in && ARGUMENTS.contains(&plain(key).as_str()) && is_token_like(text)
    }
}

/// One word, and no name of ours for a secret.
fn is_word(name: &str) -> bool {
    !is_name(name)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// `login`, `auth.login`, `/user/authenticate`.
fn is_login(action: &str) -> bool {
    let last = action.rsplit(['.', '/', ':']).next().unwrap_or(action);
    LOGINS.contains(&plain(last).as_str())
}

fn is_token_like(text: &str) -> bool {
    text.len() >= 8 && text.contains(is_digit)
}

/// What was said before a text in a list: `["--password",…]` names what comes next, and
/// `["login",…]`, a message by itself, what comes after it.
#[derive(Debug, Default)]
pub(super) struct Before {
    place: String,
    text: String,
    logs_in: bool,
}

impl Before {
    /// What was before says that this is a secret; and this is before the next.
    pub(super) fn announces(&mut self, place: &str, text: &str) -> bool {
        let list = place.ends_with(']') && self.place == place;
        let is_named = list
            && (self.text.starts_with('-') || is_token_like(text))
            && is_word(&self.text)
            && is_secret_word(&self.text);
        let is_message = place == "$[*]";
        let secret = is_named || is_message && self.logs_in && is_token_like(text);
        self.logs_in |= is_message && is_login(text);
        self.place.replace_range(.., place);
        self.text.replace_range(.., text);
        secret
    }
}
