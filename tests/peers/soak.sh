#!/usr/bin/env bash
# The bounds of tests/it/load.rs, for longer and with more, on a release build; prints the numbers.
# 10,000 connections take 20,000 descriptors of a process each; a lower hard limit needs fewer of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
ulimit -n "$(ulimit -Hn)"
export WIRETAPE_SOAK_SECONDS=${WIRETAPE_SOAK_SECONDS:-60}
export WIRETAPE_SOAK_STUCK=${WIRETAPE_SOAK_STUCK:-200}
export WIRETAPE_SOAK_CONNECTIONS=${WIRETAPE_SOAK_CONNECTIONS:-10000}
cargo test --locked --profile ci --test it -- --test-threads 1 --nocapture load::
