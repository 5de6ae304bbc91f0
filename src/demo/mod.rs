//! A pretend AI-chat platform on loopback: a real WebSocket server and twelve real clients, with
//! five planted bugs.
//!
//! ```text
//!   seed ─► script: every frame of every connection, with its time and its reason
//!              │                             │
//!          clients ⇄ (whatever is between) ⇄ platform
//! ```
//!
//! Both ends play the same script, each its own side: a step is due some time after a frame of the
//! other side has come, so nothing is said before its reason. The bytes of each connection and
//! direction are the same in every run of a seed, mask keys included; only arrival times vary. (Other versions of zlib may
//! compress the same messages differently.)

mod bugs;
mod cast;
pub mod clients;
mod clock;
mod json;
mod part;
mod platform;
mod plot;
mod random;
mod run;
mod script;
mod socket;
mod story;
mod talk;
mod tools;

pub use bugs::{Bug, PLANTED};
pub use clock::Pace;
pub use part::Tally;
pub use platform::Platform;

#[cfg(test)]
mod tests {
    use super::clock::Pace;
    use super::platform::Platform;
    use super::script::Script;
    use super::{Tally, clients};

    #[tokio::test]
    async fn both_ends_get_what_the_other_sends() {
        let pace = Pace::new(60.0);
        let platform = Platform::bind(7, pace).await.unwrap();
        let address = platform.address();
        let (left, leave) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(platform.serve(async { drop(leave.await) }));
        let clients = clients::run(address, 7, pace).await.unwrap();
        drop(left);
        let server = server.await.unwrap().unwrap();

        let script = Script::new(7);
        let connections = script.users.iter().flat_map(|user| &user.connections);
        let planned = connections.fold([0, 0], |[out, back], connection| {
            [out + connection.steps[0].len() as u64, back + connection.steps[1].len() as u64]
        });
        // One step of the server's is an end without a frame.
        let [c2s, s2c] = [planned[0], planned[1] - 1];
        assert_eq!(clients, Tally { sent: c2s, received: s2c, astray: 0 });
        assert_eq!(server, Tally { sent: s2c, received: c2s, astray: 0 });
    }
}
