#!/usr/bin/env bash
# The bounds of tests/it/load.rs, for longer and with more, on a release build; prints the numbers.
# Idle connections are as many as asked for, or as descriptors allow: two for each.
set -euo pipefail
cd "$(dirname "$0")/../.."
export WIRETAPE_SOAK_SECONDS=${WIRETAPE_SOAK_SECONDS:-60}
export WIRETAPE_SOAK_STUCK=${WIRETAPE_SOAK_STUCK:-200}
export WIRETAPE_SOAK_CONNECTIONS=${WIRETAPE_SOAK_CONNECTIONS:-10000}
cargo test --locked --profile ci --test it -- --test-threads 1 --nocapture load::
