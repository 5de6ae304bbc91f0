//! argv → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiretape::cli::run(std::env::args_os())
}
