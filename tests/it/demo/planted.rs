//! The bugs that the demo plants, found on the wire.

use wiretape::wire::Direction::ServerToClient;
use wiretape::wire::{Ending, Opcode};

use super::{Said, Tape, run_of};

pub(super) fn planted_bugs_are_in(tape: &Tape) {
    let messages = tape.messages();
    foreign_result(tape, &messages);
    broken_tool(tape, &messages);
    shared_handler(tape, &messages);
    after_the_end(tape, &messages);
    mute_run(tape, &messages);
}

/// E108: an event of `user_05` on `user_02`'s connection, one and no more.
fn foreign_result(tape: &Tape, messages: &[Said]) {
    let [victim] = tape.of("user_02")[..] else { panic!("user_02 comes once") };
    let foreign: Vec<_> = messages
        .iter()
        .filter(|said| said.connection == victim.id && said.run().is_some())
        .filter(|said| said.json["user_id"] != "user_02")
        .collect();
    let [leak] = foreign[..] else { panic!("{} foreign events", foreign.len()) };
    assert_eq!((leak.kind(), &leak.json["user_id"]), ("tool_completed", &"user_05".into()));
    let [owner] = tape.of("user_05")[..] else { panic!("user_05 comes once") };
    let own = run_of(messages, owner.id, leak.run().unwrap());
    assert!(own.iter().any(|said| said.payload == leak.payload), "the owner has it too");
}

/// E102: `user_07`'s tool never completes; the connection breaks, and the resume brings nothing.
fn broken_tool(tape: &Tape, messages: &[Said]) {
    let [before, after] = tape.of("user_07")[..] else { panic!("user_07 comes twice") };
    assert_eq!(before.ending, Some(Ending::Eof));
    assert_eq!(before.close, [None, None]);
    assert_eq!(after.ending, Some(Ending::Closed));
    let last = messages.iter().rfind(|said| said.connection == before.id && said.run().is_some());
    let last = last.unwrap();
    assert_eq!(last.kind(), "tool_executing");
    assert_eq!(last.json["payload"]["tool_name"], "search_costs");
    assert!(last.at_ns < before.closed_ns.unwrap());
    let resume = messages
        .iter()
        .find(|said| said.connection == after.id && said.kind() == "session_restore")
        .unwrap();
    assert_eq!(resume.json["payload"]["threadId"], last.json["thread_id"]);
    let call = &last.json["payload"]["tool_call_id"];
    let rest = messages.iter().filter(|said| said.json["payload"]["tool_call_id"] == *call);
    assert_eq!(rest.count(), 1, "the call is never heard of again");
    assert!(run_of(messages, after.id, last.run().unwrap()).is_empty());
}

/// R5: what happens to `user_09` after `user_10` has connected arrives there, for a while.
fn shared_handler(tape: &Tape, messages: &[Said]) {
    let [owner] = tape.of("user_09")[..] else { panic!("user_09 comes once") };
    let [latest] = tape.of("user_10")[..] else { panic!("user_10 comes once") };
    let strays: Vec<_> = messages
        .iter()
        .filter(|said| said.connection == latest.id && said.json["user_id"] == "user_09")
        .collect();
    assert!(!strays.is_empty());
    let run = strays[0].run().unwrap();
    assert!(strays.iter().all(|said| said.run() == Some(run)));
    let own = run_of(messages, owner.id, run);
    assert_eq!(own.first().map(|said| said.kind()), Some("agent_started"));
    assert_eq!(own.last().map(|said| said.kind()), Some("agent_completed"));
    for stray in strays {
        assert!(own.iter().all(|said| said.payload != stray.payload), "it went astray");
    }
}

/// E104: `user_11`'s agent thinks after it has completed.
fn after_the_end(tape: &Tape, messages: &[Said]) {
    let [haunted] = tape.of("user_11")[..] else { panic!("user_11 comes once") };
    let mut late = Vec::new();
    for end in messages.iter().filter(|said| said.kind() == "agent_completed") {
        let run = run_of(messages, end.connection, end.run().unwrap());
        let after = run.iter().skip_while(|said| said.payload != end.payload).skip(1);
        late.extend(after.map(|said| (said.connection, said.kind().to_owned())));
    }
    assert_eq!(late, [(haunted.id, "agent_thinking".to_owned())]);
}

/// R1: `user_01`'s last run starts, and then there are only pings and pongs.
fn mute_run(tape: &Tape, messages: &[Said]) {
    let [mute] = tape.of("user_01")[..] else { panic!("user_01 comes once") };
    let on: Vec<_> = messages.iter().filter(|said| said.connection == mute.id).collect();
    let start = on.iter().rposition(|said| said.kind() == "agent_started").unwrap();
    let rest: Vec<_> = on[start + 1..].iter().filter(|said| said.opcode == Opcode::TEXT).collect();
    assert!(rest.iter().all(|said| ["ping", "pong"].contains(&said.kind())));
    assert!(rest.len() >= 4, "{} pings and pongs", rest.len());
    assert!(rest.iter().any(|said| said.direction == ServerToClient));
}
