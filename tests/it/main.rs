//! The rooms from outside, one module each, in one runner.

mod wire;
