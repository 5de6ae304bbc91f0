//! A text that carries a JWT → the JWT's claims, unverified.
//!
//! A JWT is three parts with dots between, the first two of them JSON objects in base64url
//! (RFC 7519). What carries one puts words before it (`Bearer `, `jwt.`, `jwt.staging.`), and some
//! put the whole JWT into base64url once more, since a subprotocol's name takes few characters.
//! So any three neighbours that look like a JWT are one.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::IgnoredAny;

/// No longer text is looked at, in bytes. Servers allow heads of 8 to 64 KiB.
const LONGEST: usize = 64 << 10;

/// Dots beyond which no JWT is looked for: a JWT has two, its carrier's words a few more.
const MOST_PARTS: usize = 16;

/// As people write it: with or without padding, with stray bits at the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims of the JWT in `text`, a JSON object.
pub(super) fn claims(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim();
    // `Bearer x`, in any case.
    let token = text.rsplit([' ', '\t']).next()?;
    let parts: Vec<&str> = token.split('.').take(MOST_PARTS).collect();
    plain(&parts).or_else(|| {
        parts.iter().filter_map(|part| decode(part)).find_map(|inner| {
            let parts: Vec<&str> = inner.split('.').take(MOST_PARTS).collect();
            plain(&parts)
        })
    })
}

/// The claims of the first three neighbours that are a JWT.
fn plain(parts: &[&str]) -> Option<String> {
    parts.windows(3).find_map(|window| {
        object(window[0])?;
        object(window[1])
    })
}

/// The JSON object in a part.
fn object(part: &str) -> Option<String> {
    let text = decode(part)?;
    let is_object =
        text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&text).is_ok();
    is_object.then_some(text)
}

fn decode(part: &str) -> Option<String> {
    // Some encode with the other alphabet.
    let part = part.replace('+', "-").replace('/', "_");
    String::from_utf8(LENIENT.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::claims;

    const CLAIMS: &str = r#"{"sub":"u?>~7"}"#;

    fn jwt() -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"none"}"#), part(CLAIMS))
    }

    #[test]
    fn every_carrier_gives_up_its_claims() {
        let jwt = jwt();
        let packed = URL_SAFE_NO_PAD.encode(&jwt);
        let standard = STANDARD.encode(CLAIMS);
        let header = jwt.split('.').next().unwrap();
        for carrier in [
            jwt.clone(),
            format!("Bearer {jwt}"),
            format!("bearer  {jwt} "),
            format!("jwt.{packed}"),
            format!("jwt.{jwt}"),
            format!("jwt-auth.{packed}"),
            format!("bearer.{jwt}"),
            format!("staging-auth.{packed}"),
            format!("jwt.staging.{jwt}"),
            format!("jwt.staging.{packed}"),
            format!("{header}.{standard}."),
        ] {
            assert_eq!(claims(&carrier).as_deref(), Some(CLAIMS), "{carrier}");
        }
    }

    #[test]
    fn what_carries_no_jwt_has_no_claims() {
        let no_object =
            format!("{}.{}.x", URL_SAFE_NO_PAD.encode("[1]"), URL_SAFE_NO_PAD.encode("1"));
        for text in
            ["", "jwt", "jwt-auth", "a.b.c", "....", "jwt.é.é", &no_object, &".".repeat(60_000)]
        {
            assert_eq!(claims(text), None, "{text}");
        }
    }
}
