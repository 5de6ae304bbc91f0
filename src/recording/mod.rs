//! Facts ↔ one SQLite file. The only room that knows SQL.

pub mod schema;
