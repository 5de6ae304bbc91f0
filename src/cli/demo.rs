//! What `demo` is asked to show → a pretend chat, recorded.

use std::process::ExitCode;

use clap::Args;

use super::Globals;
use super::failure::{Code, Failure};

/// What `demo` takes.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the recording
    #[arg(long)]
    pub(crate) save: bool,
    /// The same number gives the same traffic
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many times faster than life
    #[arg(long, default_value_t = 4.0, value_name = "TIMES")]
    pub(crate) speed: f64,
}

/// Shows it.
pub(crate) fn run(_args: &DemoArgs, _globals: &Globals) -> Result<ExitCode, Failure> {
    Err(Failure::new(Code::Runtime, "this build has no demo"))
}
