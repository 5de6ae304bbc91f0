//! Texts within texts: base64, percent-encoding, and what a JSON web token says of its user.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Decision;
use super::clothes;
use super::heads::{percent_decoded, percent_encoded};
use super::json;
use super::leaks::escaped;
use super::names::{FAKE_HEADER, Form, Kind, is_name};
use super::review::Rule;
use super::shapes::LONGEST_SECRET;
use super::text::{Cuts, MAX_NESTING, Redactor, overlaps};

/// Letters of base64 that are decoded: shorter ones are words.
const SHORTEST_BASE64: usize = 16;

impl Redactor {
    /// JSON within a text.
    pub(super) fn pieces(
        &mut self,
        place: &str,
        text: &str,
        (form, nesting): (Form, usize),
    ) -> Cuts {
        let mut cuts: Cuts = Vec::new();
        if nesting >= MAX_NESTING {
            return cuts;
        }
        for range in json::pieces(text) {
            let piece = &text[range.clone()];
            let other = self.json(place, piece, nesting + 1);
            if other != piece {
                cuts.push((
                    range,
                    if form == Form::Plain { escaped(&other, false) } else { other },
                ));
            }
        }
        cuts
    }

    /// A text with letters written as HTML or a URL may write them, without what shows only once
    /// they are written plainly; `None`: there is no such thing.
    pub(super) fn undressed(
        &mut self,
        place: &str,
        text: &str,
        (form, nesting): (Form, usize),
    ) -> Option<String> {
        if nesting >= MAX_NESTING {
            return None;
        }
        let of_html = clothes::html_decoded(text).and_then(|plain| {
            let other = self.inside(place, &plain, form, nesting + 1);
            (other != plain).then(|| clothes::html_encoded(&other))
        });
        let text = of_html.as_deref().unwrap_or(text);
        let of_url = clothes::unreserved_decoded(text).and_then(|plain| {
            let other = self.inside(place, &plain, form, nesting + 1);
            (other != plain).then_some(other)
        });
        of_url.or(of_html)
    }

    /// Base64, hexadecimal digits and percent-encoding within a text.
    pub(super) fn encoded(
        &mut self,
        place: &str,
        text: &str,
        (form, nesting): (Form, usize),
        cuts: &mut Cuts,
    ) {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-=".contains(&byte);
        let lines = clothes::lines(text, is_base64);
        for range in lines.into_iter().chain(runs(text, is_base64, SHORTEST_BASE64)) {
            if overlaps(cuts, &range) {
                continue;
            }
            let run: String = text[range.clone()].split(['\r', '\n']).collect();
            let Some((inner, clothes)) = clothes::decoded(&run) else {
                let is_data = text[..range.start].ends_with(";base64,");
                if let Some(other) = self.unsearchable(place, &run, is_data) {
                    cuts.push((range, other));
                }
                continue;
            };
            let other = self.packed(place, &inner, nesting);
            if other != inner {
                self.names.name(Kind::Token, &run, form);
                cuts.push((range, clothes.put_on(&other)));
            }
        }
        let is_url = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>&?=".contains(&byte);
        for range in runs(text, is_url, 6) {
            let run = &text[range.clone()];
            if overlaps(cuts, &range) || !run.contains('%') {
                continue;
            }
            let Some(inner) = percent_decoded(run) else { continue };
            let other = self.inside(place, &inner, Form::Plain, nesting + 1);
            if inner != run && other != inner {
                let hidden = percent_encoded(&other);
                cuts.push((range, hidden));
            }
        }
    }

    /// What was packed into base64 or the like.
    fn packed(&mut self, place: &str, inner: &str, nesting: usize) -> String {
        if json::is_json(inner) {
            self.json(place, inner, nesting + 1)
        } else {
            self.inside(place, inner, Form::Marked, nesting + 1)
        }
    }

    /// Base64 that is no text, but a picture, a sound or something compressed: how long it is.
    /// What is no longer than a key may be an id.
    fn unsearchable(&mut self, place: &str, run: &str, is_data: bool) -> Option<String> {
        let bytes = clothes::bytes(run)?;
        let is_one = is_data || run.len() > LONGEST_SECRET || clothes::is_compressed(&bytes);
        is_one.then(|| self.unsearched(place, bytes.len()))?
    }

    /// What stands for bytes that are no text, if something does: how many there were.
    pub(super) fn unsearched(&mut self, place: &str, length: usize) -> Option<String> {
        let (decision, decided) = self.decision(Rule::Unsearched, place);
        let after = format!("‹{length} bytes›");
        let before = format!("{length} bytes");
        self.review.hit(Rule::Unsearched, place, (&before, &after), (decision, decided));
        (decision != Decision::Show).then_some(after)
    }

    /// A JSON web token: what it says of its user is kept, under the user's other name, so that
    /// whose connection it is stays known. It is signed by nobody.
    pub(super) fn jwt(&mut self, place: &str, token: &str, form: Form) -> String {
        if is_name(token) {
            return token.to_owned();
        }
        let name = self.hide((Rule::Jwt, place), Kind::Token, token, form);
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        // What is somebody's id elsewhere has a name of that kind, which can't end a token.
        let is_token = name != token && self.names.kind(token) == Some(Kind::Token);
        let Some(Value::Object(claims)) = claims.filter(|_| is_token) else { return name };
        let mut kept = serde_json::Map::new();
        for (key, value) in claims {
            if !self.is_user(&key) {
                continue;
            }
            let id = match value {
                Value::String(id) => id,
                Value::Number(id) => id.to_string(),
                _ => continue,
            };
            let user = self.user(place, &id);
            kept.insert(key, Value::String(user));
        }
        if kept.is_empty() {
            return name;
        }
        let claims = URL_SAFE_NO_PAD.encode(Value::Object(kept).to_string());
        let mark = self.names.name(Kind::Token, token, Form::Plain).replace('.', "-");
        format!("{FAKE_HEADER}.{claims}.{mark}")
    }
}

/// Stretches of at least `shortest` bytes that all fit.
fn runs(text: &str, fits: impl Fn(u8) -> bool, shortest: usize) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), None);
    for (at, byte) in text.bytes().chain([0]).enumerate() {
        match start {
            None if fits(byte) => start = Some(at),
            Some(from) if !fits(byte) => {
                if at - from >= shortest {
                    found.push(from..at);
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}
