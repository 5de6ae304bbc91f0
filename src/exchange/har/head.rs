//! The bytes of a handshake's head ↔ its first line and its headers, as HAR has them.

/// Bytes of a head at most; as much as a recording holds of one.
pub(super) const MAX_HEAD: usize = 256 << 10;

/// A head in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// `GET /ws HTTP/1.1`; `HTTP/1.1 101 Switching Protocols`.
    pub(super) first: String,
    /// Names and values, in order.
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    /// The parts of `bytes`; what is odd about them is lost.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        Self { first, headers: headers.collect() }
    }

    /// The bytes that a well-behaved peer sends for it. None for nothing.
    pub(super) fn bytes(&self) -> Vec<u8> {
        if self.first.is_empty() && self.headers.is_empty() {
            return Vec::new();
        }
        let mut bytes = format!("{}\r\n", self.first).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// The value of the header `name`.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Adds a header as HAR has it: several of one name may be joined by line feeds, and those of
    /// HTTP/2 with a colon before their name are none. False if it could not have been sent.
    pub(super) fn add(&mut self, name: &str, value: &str) -> bool {
        if let Some(name) = name.strip_prefix(':') {
            if name == "authority" && self.header("Host").is_none() {
                return self.add("Host", value);
            }
            return true;
        }
        let lines = value.split('\n').map(|line| line.trim_matches([' ', '\t', '\r']));
        let sendable = |text: &str| !text.contains(['\r', '\0']);
        if name.is_empty() || name.contains([':', '\n', ' ']) || !sendable(name) || !sendable(value)
        {
            // A return may end a line of a value, no more.
            let returns = value.replace("\r\n", "\n");
            if returns.len() == value.len() || name.is_empty() || name.contains([':', '\n', ' ']) {
                return false;
            }
            return self.add(name, &returns);
        }
        self.headers.extend(lines.map(|line| (name.to_owned(), line.to_owned())));
        true
    }
}

/// The scheme and authority of a URL, and what is asked for there, as a request line says it.
pub(super) fn split_url(url: &str) -> (&str, String) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path_at = url[after_scheme..].find(['/', '?', '#']).map(|at| after_scheme + at);
    let (origin, rest) = path_at.map_or((url, ""), |at| url.split_at(at));
    let target = rest.split('#').next().unwrap_or_default();
    let slash = if target.starts_with('/') { "" } else { "/" };
    let mut line = String::with_capacity(target.len() + 1);
    line.push_str(slash);
    for character in target.chars() {
        // What would end the target, or the line, can't have been sent as it is.
        if character <= ' ' || character == '\u{7f}' {
            line.push_str(&format!("%{:02X}", character as u32));
        } else {
            line.push(character);
        }
    }
    (origin, line)
}

#[cfg(test)]
mod tests {
    use super::{Head, split_url};

    #[test]
    fn a_plain_head_comes_back_byte_for_byte() {
        let bytes = b"GET /ws?a=1 HTTP/1.1\r\nHost: a:80\r\nOrigin: http://a\r\nX: \r\n\r\n";
        assert_eq!(Head::parse(bytes).bytes(), bytes);
        assert_eq!(Head::parse(b"").bytes(), b"");
        assert_ne!(
            Head::parse(b"GET / HTTP/1.1\nA:1\r\n\r\n").bytes(),
            b"GET / HTTP/1.1\nA:1\r\n\r\n"
        );
    }

    #[test]
    fn a_header_cannot_smuggle_another() {
        let mut head = Head::default();
        assert!(head.add("Set-Cookie", "a=1\nb=2\r\nc=3"));
        assert!(head.add(":authority", "a.example") && head.add(":path", "/ws"));
        assert!(!head.add("X", "1\r2") && !head.add("X: 1\nY", "2") && !head.add("", "x"));
        let lines = [
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Set-Cookie", "c=3"),
            ("Host", "a.example"),
        ];
        assert_eq!(head.headers, lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn urls_split_into_where_and_what() {
        for (url, origin, target) in [
            ("ws://a:8000/ws?x=1#y", "ws://a:8000", "/ws?x=1"),
            ("wss://a", "wss://a", "/"),
            ("wss://a?x=1", "wss://a", "/?x=1"),
            ("wss://a/b c\r\nX: 1", "wss://a", "/b%20c%0D%0AX:%201"),
            ("", "", "/"),
        ] {
            assert_eq!(split_url(url), (origin, target.to_owned()), "{url}");
        }
    }
}
