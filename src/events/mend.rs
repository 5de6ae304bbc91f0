//! JSON text with halves of surrogate pairs → the same with U+FFFD in their places.
//!
//! JavaScript cuts texts between the halves of an emoji without a word, and `JSON.stringify` then
//! writes one half as `\ud83d`. Browsers read that; serde does not.

/// The mended text; `None` if there was nothing to mend.
pub(super) fn mend(text: &str) -> Option<String> {
    let mut mended: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(next) = bytes[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        let after = match (unit(bytes, at), unit(bytes, at + UNIT)) {
            (None, _) => at + 2,
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at + 2 * UNIT,
            (Some(0xd800..=0xdfff), _) => {
                let mended = mended.get_or_insert_default();
                mended.push_str(&text[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + UNIT;
                copied
            }
            (Some(_), _) => at + UNIT,
        };
        at = after.min(bytes.len());
    }
    let mut mended = mended?;
    mended.push_str(&text[copied..]);
    Some(mended)
}

/// Bytes of a `\u` escape.
const UNIT: usize = 6;

/// The UTF-16 unit that is escaped at `at`, if one is.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + UNIT)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, byte| Some(unit << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::mend;

    #[test]
    fn only_halves_are_mended() {
        for (broken, mended) in [
            (r#""a\ud83d""#, Some(r#""a\ufffd""#)),
            (
                r#""\uDE00\ud83d\ude00\uD83D\ud83d\ude00é""#,
                Some(r#""\ufffd\ud83d\ude00\ufffd\ud83d\ude00é""#),
            ),
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d""#, None),
            (r#""\u00e9\ud8"#, None),
            ("\\", None),
            ("é\\é", None),
        ] {
            assert_eq!(mend(broken).as_deref(), mended, "{broken}");
        }
    }
}
