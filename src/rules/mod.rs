//! Events → findings: what must hold, what did not, and why.
//!
//! Pure: time is an argument. The meaning of every rule is that of `rules.md`, 2.3 to 2.5.

pub mod align;
pub mod automaton;
pub mod book;
pub mod codes;
pub mod engine;
pub mod finding;
pub mod implied;
pub mod language;
pub mod learn;
pub mod pattern;
pub mod presets;
pub mod schema;
pub mod session;
pub mod states;

mod astray;
mod course;
mod elsewhere;
mod ending;
mod explain;
mod gapped;
mod isolation;
mod listeners;
mod monitors;
mod presence;
mod provisional;
mod resume;
mod retold;
mod room;
mod sequential;
mod slice;
mod slices;
mod told;
mod tombstones;
mod track;
mod waiting;

pub use align::{Alignment, Op, Options, Step, align, edits};
pub use automaton::{Automaton, AutomatonError, Letter, State};
pub use book::{
    AtEnd, Caps, ClockKind, KeyPart, Lifecycle, Origin, Pattern, Rule, RuleBook, RuleKind, Scope,
    Severity, Sub,
};
pub use engine::Engine;
pub use finding::{Cause, Code, Expected, Finding, Pending, Row, Side, Status, Tally};
pub use pattern::PatternError;
pub use provisional::Early;
pub use room::Room;
pub use session::Sessions;
pub use states::StateSet;
pub use waiting::Waiting;
