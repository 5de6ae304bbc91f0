//! Texts ↔ the blocks of an HTML file that hold them: compressed, in base64, and so free of markup
//! whatever they say.
//!
//! Reading trusts nothing: who opens a report did not make it.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::markdown::of_finding;
use super::{Bundle, Manifest, Sight, View, markdown};

/// The version of what is embedded.
const VERSION: u64 = 1;

/// The largest HTML file that is read, in bytes: twice what reports may have.
pub const MAX_HTML: usize = 64 << 20;

/// The longest tape, inflated: what a report of 24 MB holds, and no more memory than a file of ill
/// will may take.
const MAX_TAPE: usize = 96 << 20;

/// The longest text about a report, inflated; mostly rules.
const MAX_ABOUT: usize = 8 << 20;

/// Findings whose Markdown goes along, to be copied from the viewer.
const MOST_TEXTS: usize = 100;

/// What the blocks are called.
pub(super) const ABOUT: &str = "wiretape-about";
pub(super) const SIGHT: &str = "wiretape-sight";
pub(super) const TAPE: &str = "wiretape-tape";

/// What a report holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Where its viewer opens.
    pub view: View,
    /// The rules that it was judged by.
    pub rules_text: String,
    /// Its facts as JSON lines.
    pub tape: String,
}

/// Why there is no tape in an HTML file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// It is some other HTML.
    #[error("no tape is in it: it is no report of Wiretape")]
    NotAReport,
    /// There is more than one tape in it.
    #[error("more than one `{0}` is in it")]
    Several(&'static str),
    /// A later version made it.
    #[error("its tape has version {found}, and {supported} is the newest that is known here")]
    Newer {
        /// The version it states.
        found: u64,
        /// The newest that is known here.
        supported: u64,
    },
    /// Something is not as it was written.
    #[error("its `{what}` is damaged: {why}")]
    Damaged {
        /// The block.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// More than is read.
    #[error("its `{what}` is over {limit} bytes long")]
    TooLong {
        /// The block, or the whole.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// What is known of a report before its tape is looked at.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct About {
    v: u64,
    title: String,
    manifest: Manifest,
    view: View,
    rules: String,
    /// What the viewer says of it, and gives to the clipboard: not read back.
    told: String,
    facts: Vec<(String, String)>,
    markdown: String,
    texts: Vec<String>,
    /// Of the tape: tells a damaged file from a whole one.
    sha256: String,
}

impl About {
    pub(super) fn of(bundle: &Bundle, sight: &Sight) -> Self {
        let sha256 = hex(&Sha256::digest(bundle.tape.as_bytes()));
        let mut facts = bundle.manifest.facts();
        facts.push(("SHA-256 of the tape".to_owned(), sha256.clone()));
        let texts = sight.findings.iter().take(MOST_TEXTS);
        Self {
            v: VERSION,
            title: bundle.title.clone(),
            manifest: bundle.manifest.clone(),
            view: bundle.view.clone(),
            rules: bundle.rules_text.clone(),
            told: bundle.manifest.told(),
            facts,
            markdown: markdown(bundle, sight),
            texts: texts.map(|found| of_finding(bundle, sight, found)).collect(),
            sha256,
        }
    }
}

/// A text as what stands in a block.
pub(super) fn pack(text: &str) -> String {
    let mut gzip = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::best());
    gzip.write_all(text.as_bytes()).expect("memory takes what is written to it");
    STANDARD.encode(gzip.finish().expect("memory takes what is written to it"))
}

/// What a report of Wiretape holds.
///
/// # Errors
/// It is none, or not as it was written.
pub fn read_html(html: &str) -> Result<Embedded, TapeError> {
    if html.len() > MAX_HTML {
        return Err(TapeError::TooLong { what: "file", limit: MAX_HTML });
    }
    let damaged = |what, why: String| TapeError::Damaged { what, why };
    // What it says of itself comes first: without a tape after it, something was cut off.
    let (about, packed) = match (block(html, ABOUT)?, block(html, TAPE)?) {
        (Some(about), Some(packed)) => (about, packed),
        (Some(_), None) => return Err(damaged(TAPE, "the file ends before it".to_owned())),
        (None, _) => return Err(TapeError::NotAReport),
    };
    let about = unpack(about, ABOUT, MAX_ABOUT)?;
    let Version { v } =
        serde_json::from_str(&about).map_err(|error| damaged(ABOUT, error.to_string()))?;
    if v > VERSION {
        return Err(TapeError::Newer { found: v, supported: VERSION });
    }
    let about: About =
        serde_json::from_str(&about).map_err(|error| damaged(ABOUT, error.to_string()))?;
    let tape = unpack(packed, TAPE, MAX_TAPE)?;
    if hex(&Sha256::digest(tape.as_bytes())) != about.sha256 {
        return Err(damaged(TAPE, "its checksum is another".to_owned()));
    }
    let About { manifest, view, rules: rules_text, .. } = about;
    Ok(Embedded { manifest, view, rules_text, tape })
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// What stands in the block of this name.
fn block<'h>(html: &'h str, name: &'static str) -> Result<Option<&'h str>, TapeError> {
    let opening = opening(name);
    let mut found = html.match_indices(&opening).map(|(at, _)| &html[at + opening.len()..]);
    let Some(rest) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(TapeError::Several(name));
    }
    match rest.find('<') {
        Some(end) => Ok(Some(rest[..end].trim_ascii())),
        None => Err(TapeError::Damaged { what: name, why: "the file ends in it".to_owned() }),
    }
}

/// The tag before a block. Its type is no script's, so that nobody runs what is in it.
pub(super) fn opening(name: &str) -> String {
    format!("<script type=\"text/plain\" id=\"{name}\">")
}

/// What a block holds, if that is a text of at most `limit` bytes.
fn unpack(packed: &str, what: &'static str, limit: usize) -> Result<String, TapeError> {
    let damaged = |why: String| TapeError::Damaged { what, why };
    let gzip = STANDARD.decode(packed).map_err(|error| damaged(error.to_string()))?;
    let mut inflated = Vec::new();
    let mut bounded = GzDecoder::new(&*gzip).take(limit as u64 + 1);
    bounded.read_to_end(&mut inflated).map_err(|error| damaged(error.to_string()))?;
    if inflated.len() > limit {
        return Err(TapeError::TooLong { what, limit });
    }
    String::from_utf8(inflated).map_err(|error| damaged(error.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |hex, byte| hex + &format!("{byte:02x}"))
}
