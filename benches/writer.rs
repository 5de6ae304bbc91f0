//! The recording writer alone.
fn main() {}
