//! Bug reports: facts, scoped and redacted already → one HTML file, Markdown to paste, a picture.
//!
//! ```text
//! Bundle ─► Sight: lanes, letters, folds, ghosts, findings ─┬─► html: viewer + what is seen + the tape
//!                                                           ├─► markdown
//!                                                           └─► svg
//! html ─► read_html ─► the tape again
//! ```
//!
//! Pure. The HTML *is* the tape: what was put in is read back from it without loss. It opens by a
//! double click, asks nobody for anything, and payloads are only ever text in it.

mod bundle;
mod embed;
mod focus;
mod html;
mod markdown;
mod scale;
pub mod sight;
mod strip;
mod svg;
mod thin;

pub use bundle::{Bundle, Manifest, View};
pub use embed::{Embedded, MAX_HTML, TapeError, read_html};
pub use html::html;
pub use markdown::markdown;
pub use sight::Sight;
pub use svg::svg;
pub use thin::{Thinned, thinned};
