//! The rooms from outside, in one binary.

mod support;
mod writer;
