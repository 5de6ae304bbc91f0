//! The screen from outside: keys in, screens out; what it does to a real terminal.

mod desk;
mod journeys;
mod laws;
mod linear;
mod payloads;
mod player;
mod readme;
#[cfg(target_os = "linux")]
mod real;
#[cfg(target_os = "linux")]
mod recorder;
mod review;
mod screens;
