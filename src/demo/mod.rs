//! A pretend chat platform (room being built).
