//! The network side (room being built).
