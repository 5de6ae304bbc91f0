//! Where a value is: the words of a rules file → a locator.

/// A place where a value may be (rules.md, 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locator {
    /// A JSON pointer (RFC 6901) into the message.
    Pointer(String),
    /// A header of the upgrade request; names in any case.
    Header(String),
    /// A cookie of the upgrade request.
    Cookie(String),
    /// A parameter of the request's query.
    Query(String),
    /// The n-th part of the request's path, from 0.
    Path(usize),
    /// The subprotocol that was agreed on, or the first that was offered.
    Subprotocol,
    /// A claim of a JWT that was found.
    Claim(String),
    /// A JSON pointer into the first message of the client.
    First(String),
    /// The connection's number.
    Connection,
    /// Always this.
    Const(String),
}

/// What is wrong with a locator, in words that name it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocatorError(pub String);

impl Locator {
    /// Reads `/a/b`, `header:X`, `cookie:X`, `query:x`, `path:2`, `subprotocol`, `jwt:claim`,
    /// `first:/a`, `conn`, `const:x`.
    pub fn parse(text: &str) -> Result<Self, LocatorError> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(Self::Pointer(text.to_owned()));
        }
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let named = |make: fn(String) -> Self| {
            if rest.is_empty() {
                return Err(LocatorError(format!("{kind}: what of it? Write {kind}:NAME")));
            }
            Ok(make(rest.to_owned()))
        };
        match kind {
            "header" => named(|name| Self::Header(name.to_ascii_lowercase())),
            "cookie" => named(Self::Cookie),
            "query" => named(Self::Query),
            "jwt" => named(Self::Claim),
            "const" => named(Self::Const),
            "path" => rest
                .parse()
                .map(Self::Path)
                .map_err(|_| LocatorError(format!("{text}: write path:N, N from 0"))),
            "first" if rest.is_empty() || rest.starts_with('/') => Ok(Self::First(rest.to_owned())),
            "first" => Err(LocatorError(format!("{text}: a pointer begins with '/'"))),
            "subprotocol" if rest.is_empty() => Ok(Self::Subprotocol),
            "conn" if rest.is_empty() => Ok(Self::Connection),
            _ => Err(LocatorError(format!(
                "{text} is no place: write /pointer, header:X, cookie:X, query:x, path:N, \
                 subprotocol, jwt:claim, first:/pointer, conn or const:x"
            ))),
        }
    }
}
