//! The front door (room being built).
