//! Traffic → rules that it follows.

pub mod pairs;

pub use pairs::{LearnedPair, Pairs};
