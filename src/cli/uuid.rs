//! Random bytes → a uuid.

use std::fmt::Write as _;

/// A random uuid (RFC 9562, version 4), as text.
pub(crate) fn random() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has a source of random bytes");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_well_formed_and_differ() {
        let id = super::random();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert_ne!(id, super::random());
    }
}
