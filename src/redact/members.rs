//! JSON → the same JSON without what is hidden: a member's name says what its value may be.

use super::Decision;
use super::json::{self, Part, Spot};
use super::names::{Form, Kind, is_name};
use super::patterns;
use super::review::Rule;
use super::secret_names::{Before, is_secret_member, is_secret_text, is_within_secret};
use super::shapes::{is_card, randomness};
use super::text::{MAX_NESTING, Redactor, without};
use super::words::{is_free_text, is_id, is_phone_name, is_ssn_name};

impl Redactor {
    /// Valid JSON.
    pub(super) fn json(&mut self, root: &str, text: &str, nesting: usize) -> String {
        let mut before = Before::default();
        json::walk(text, root, &mut |spot, part| match part {
            Part::Text(text) => {
                let Spot { place, key, said, index } = spot;
                let secret = before.announces(place, text)
                    || is_secret_text(key, text)
                    || is_within_secret(place) && !self.is_kept(key)
                    || said.announces(key)
                    || index.is_some() && said.announces_argument(key, text);
                let other = self.member(spot, text, secret, nesting);
                (other != text).then_some(other)
            }
            Part::Name(name) => {
                let other = self.inside(spot.place, name, Form::Marked, MAX_NESTING);
                let other = if self.is_strict() && !is_name(&other) {
                    self.strict_name(spot.place, &other)
                } else {
                    other
                };
                (other != name).then_some(other)
            }
            Part::Number(number) => self.number(spot, number),
        })
    }

    fn number(&mut self, spot: Spot<'_>, number: &str) -> Option<String> {
        let Spot { place, key, said, .. } = spot;
        let decided = self.policy.decisions.get(place);
        if decided == Some(Decision::Show) {
            return None;
        }
        let (rule, kind) = match () {
            () if decided.is_some() => (Rule::Pointer, Kind::Token),
            () if self.is_user(key) => (Rule::User, Kind::User),
            () if is_secret_member(key) || said.announces(key) => (Rule::Member, Kind::Token),
            () if is_card(number) => (Rule::Card, Kind::Card),
            () => match personal(key, number) {
                Some(known) => known,
                None if self.is_strict() => return self.strict_number(spot, number),
                None => return None,
            },
        };
        let other = self.hide((rule, place), kind, number, Form::Marked);
        (other != number).then(|| json::quoted(&other))
    }

    /// A text that is the value of a member.
    fn member(&mut self, spot: Spot<'_>, text: &str, secret: bool, nesting: usize) -> String {
        let Spot { place, key, .. } = spot;
        if text.is_empty() || is_name(text) {
            return text.to_owned();
        }
        let decided = self.policy.decisions.get(place);
        if let Some(decision @ (Decision::Hide | Decision::Length)) = decided {
            let what = (Kind::Token, decision, true);
            return self.decide((Rule::Pointer, place), what, text, Form::Marked);
        }
        if self.is_called(text) {
            return text.to_owned();
        }
        let shown = decided.is_some();
        // `"role": "user"` is about nobody, even where somebody is called so.
        let is_word = self.is_kept(key) && !is_id(key);
        if (self.is_user(key) || self.is_known_user(text) && !is_word) && !shown {
            return self.user(place, text);
        }
        let found = patterns::find(text);
        // A secret of a known kind keeps its kind, if it is all that stands there.
        let is_one = matches!(&found[..], [one] if one.range == (0..text.len()));
        if secret && !is_one && !shown {
            return self.hide((Rule::Member, place), Kind::Token, text, Form::Marked);
        }
        if let Some((rule, kind)) = personal(key, text).filter(|_| !is_one && !shown) {
            return self.hide((rule, place), kind, text, Form::Marked);
        }
        if nesting < MAX_NESTING && json::is_json(text) {
            return self.json(place, text, nesting + 1);
        }
        if self.is_strict() && !shown {
            return self.strict_member(spot, text);
        }
        if !self.is_kept(key) && !shown {
            let other = match () {
                () if is_free_text(key, &without(text, &found)) || self.is_wordy_at(place) => {
                    self.hide((Rule::FreeText, place), Kind::Text, text, Form::Marked)
                }
                () if found.is_empty() && !is_id(key) && randomness(text).is_some() => {
                    self.hide((Rule::Entropy, place), Kind::Token, text, Form::Marked)
                }
                () => text.to_owned(),
            };
            // What is shown may none the less have something in it that is not.
            if other != text {
                return other;
            }
        }
        let other = self.inside(place, text, Form::Marked, nesting);
        // Ids are put together of others; other texts may have somebody's name for a word.
        if is_id(key) && !shown { self.users_in(place, &other) } else { other }
    }
}

/// A number by which somebody is known, in a member that is called so.
fn personal(key: &str, text: &str) -> Option<(Rule, Kind)> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.()/ ".contains(&byte));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match digits {
        _ if !is_number => None,
        7..=15 if is_phone_name(key) => Some((Rule::Phone, Kind::Phone)),
        9 if is_ssn_name(key) => Some((Rule::Ssn, Kind::Ssn)),
        _ => None,
    }
}
