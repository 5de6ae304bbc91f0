//! Facts ↔ other tools' formats (room being built).
