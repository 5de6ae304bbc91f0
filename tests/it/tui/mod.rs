//! The screen from outside: keys in, screens out; what it does to a real terminal.

mod desk;
mod journeys;
mod laws;
mod player;
mod readme;
#[cfg(target_os = "linux")]
mod real;
mod review;
mod screens;
