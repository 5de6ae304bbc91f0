//! What several rooms' tests need: the real proxy as a process, scripted raw peers, a byte tap,
//! and recordings read back.

pub(crate) mod byte_tap;
pub(crate) mod load;
pub(crate) mod proxy;
pub(crate) mod recorded;
pub(crate) mod script;
pub(crate) mod toml_json;
pub(crate) mod traffic;

use std::path::Path;
use std::time::Duration;

/// Bound of every wait: long enough for a loaded machine, so that reaching it means "never".
pub(crate) const NEVER: Duration = Duration::from_secs(60);

/// Bytes that look like nothing in particular, the same for the same seed (xorshift).
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A file of the project is what the program makes; `WIRETAPE_SNAPSHOTS=write` writes it.
#[track_caller]
pub(crate) fn assert_file(path: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("WIRETAPE_SNAPSHOTS").is_some_and(|how| how == "write") {
        std::fs::write(&path, wanted).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(is == wanted, "{} is not what the program makes:\n{wanted}", path.display());
}

/// SHA-256, in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Fails, naming the first difference, unless both are the same bytes.
#[track_caller]
pub(crate) fn assert_same_bytes(what: &str, left: &[u8], right: &[u8]) {
    if sha256(left) == sha256(right) {
        return;
    }
    let at = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let show = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[at.saturating_sub(20)..bytes.len().min(at + 60)])
            .escape_debug()
            .to_string()
    };
    panic!(
        "{what}: {} and {} bytes differ from byte {at} on:\n  left  {}\n  right {}",
        left.len(),
        right.len(),
        show(left),
        show(right),
    );
}
