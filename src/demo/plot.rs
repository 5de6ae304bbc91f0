//! What each of the twelve users goes through, bugs included.

use crate::wire::Direction::{ClientToServer, ServerToClient};
use crate::wire::Opcode;

use super::cast::USERS;
use super::clock::Moment;
use super::json::object;
use super::run::{Thread, Turn};
use super::script::UserScript;
use super::story::{self, STORIES, Story};
use super::talk::{Mark, Talk};

/// No question is asked after this; the last runs end before 90 s.
const LAST_QUESTION: Moment = 72_000;
/// Everybody leaves between this and three seconds later.
const LEAVING: Moment = 87_000;

/// All users' scripts, in order of their numbers.
pub(super) fn users(seed: u64) -> Vec<UserScript> {
    let mut talks: Vec<Talk> = USERS.iter().map(|user| Talk::new(user, seed)).collect();
    let [one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve] =
        talks.as_mut_slice()
    else {
        unreachable!("USERS has twelve")
    };
    mute_thread(one);
    regular(four, 1_500, &story::INVOICES);
    refreshes(three);
    uploads(six);
    breaks_off(seven);
    fails_and_stops(eight);
    haunted(eleven);
    refused_first(twelve);
    wrong_user(two, five);
    shared_handler(nine, ten);
    talks.into_iter().map(Talk::script).collect()
}

/// One question after another until it is time to leave.
fn regular(talk: &mut Talk, opens: Moment, first: &Story) {
    let ready = talk.connect(opens);
    let mut thread = Thread::new(talk);
    let answered = talk.chat(ready, &mut thread, first, Turn::Completes);
    asks_on(talk, answered);
    leaves(talk);
}

/// Planted: the run's events after `agent_started` go to a thread that no connection listens to.
fn mute_thread(talk: &mut Talk) {
    let ready = talk.connect(400);
    let mut thread = Thread::new(talk);
    let good = talk.chat(ready, &mut thread, &story::REVIEW, Turn::Completes);
    let good = talk.chat(good, &mut thread, &story::TRIP, Turn::Completes);
    let good = talk.chat(good.no_earlier(52_000), &mut thread, &story::EXPLAIN, Turn::Completes);
    let mut unheard = Thread::new(talk);
    talk.chat(good, &mut unheard, &story::COSTS, Turn::Mute);
    leaves(talk);
}

/// Two threads at once, then a page refresh (1001), then more questions.
fn refreshes(talk: &mut Talk) {
    let ready = talk.connect(1_200);
    let (mut left, mut right) = (Thread::new(talk), Thread::new(talk));
    let first = talk.chat(ready, &mut left, &story::RESEARCH, Turn::Completes);
    let second = talk.chat(ready, &mut right, &story::TICKETS, Turn::Completes);
    let both = if first.at > second.at { first } else { second };
    let first = talk.chat(both, &mut left, &story::COSTS, Turn::Completes);
    let second = talk.chat(both, &mut right, &story::REVIEW, Turn::Completes);
    talk.close(ClientToServer, first.at.max(second.at) + 1_400, (1001, "page refresh"));
    let ready = talk.connect(talk.ended() + 900);
    let restored = resume(talk, ready, &left);
    asks_on(talk, restored);
    leaves(talk);
}

/// Sends in fragments, and uploads a picture as one binary message.
fn uploads(talk: &mut Talk) {
    let ready = talk.connect(2_300);
    let mut thread = Thread::new(talk);
    let first = talk.chat(ready, &mut thread, &story::INVOICES, Turn::Completes);
    let picture = [b"\x89PNG\r\n\x1a\n".to_vec(), talk.random.bytes(6_000)].concat();
    let upload = object([
        ("name", "graph.png".into()),
        ("bytes", (picture.len() as u64).into()),
        ("mime", "image/png".into()),
    ]);
    let announced = talk.message(ClientToServer, first, 1_500, ("file_upload", upload));
    let sent = talk.in_fragments(announced, 60, Opcode::BINARY, ("upload", &picture));
    let stored = object([("name", "graph.png".into()), ("status", "stored".into())]);
    let stored = talk.message(ServerToClient, sent, 140, ("file_stored", stored));
    asks_on(talk, stored);
    leaves(talk);
}

/// Planted: a tool starts, the connection breaks, and after the reconnect nobody comes back to it.
fn breaks_off(talk: &mut Talk) {
    let ready = talk.connect(900);
    let mut thread = Thread::new(talk);
    let good = talk.chat(ready, &mut thread, &story::EXPLAIN, Turn::Completes);
    let hung = talk.chat(good.no_earlier(22_500), &mut thread, &story::COSTS, Turn::Hangs);
    talk.vanish(hung.at + 5_600);
    let ready = talk.connect(talk.ended() + 3_400);
    let resumed = resume(talk, ready, &thread);
    // The user waits for the rest of the answer, then gives up and asks something else.
    asks_on(talk, resumed.no_earlier(resumed.at + 14_000));
    leaves(talk);
}

/// An error that is handled as it should be, and a run that the user stops.
fn fails_and_stops(talk: &mut Talk) {
    let ready = talk.connect(1_900);
    let mut thread = Thread::new(talk);
    let failed = talk.chat(ready, &mut thread, &story::RESEARCH, Turn::Fails);
    let good = talk.chat(failed, &mut thread, &story::RESEARCH, Turn::Completes);
    let stopped = talk.chat(good, &mut thread, &story::TICKETS, Turn::Stopped);
    asks_on(talk, stopped);
    leaves(talk);
}

/// Planted: an event after `agent_completed`.
fn haunted(talk: &mut Talk) {
    let ready = talk.connect(3_100);
    let mut thread = Thread::new(talk);
    let good = talk.chat(ready, &mut thread, &story::TICKETS, Turn::Completes);
    let good = talk.chat(good, &mut thread, &story::TRIP, Turn::Completes);
    let haunted = talk.chat(good.no_earlier(46_000), &mut thread, &story::COSTS, Turn::Haunts);
    asks_on(talk, haunted);
    leaves(talk);
}

/// Forgets its token at first.
fn refused_first(talk: &mut Talk) {
    talk.refused(6_000);
    regular(talk, 8_400, &story::REGIONS);
}

/// Planted: the server sends one user's result to another one as well.
fn wrong_user(victim: &mut Talk, source: &mut Talk) {
    let ready = source.connect(700);
    let mut thread = Thread::new(source);
    let good = source.chat(ready, &mut thread, &story::REGIONS, Turn::Completes);
    let leaked = source.last_of("tool_completed").map(|draft| (draft.at, draft.act.clone()));
    let (at, act) = leaked.expect("the run used tools");
    asks_on(source, good);
    leaves(source);

    let ready = victim.connect(1_000);
    // The same moment, one millisecond later: the server's loop reached the victim after the owner.
    victim.deliver(at + 1, "tool_completed", act);
    asks_on(victim, ready);
    leaves(victim);
}

/// Planted: one handler for all sockets, so that the latest connection gets another user's events.
fn shared_handler(owner: &mut Talk, latest: &mut Talk) {
    const LATEST_CONNECTS: Moment = 45_000;
    const FIRST_STRAY: Moment = LATEST_CONNECTS + 150;
    const LAST_STRAY: Moment = LATEST_CONNECTS + 3_900;

    let ready = owner.connect(2_700);
    let mut thread = Thread::new(owner);
    let good = owner.chat(ready, &mut thread, &story::INVOICES, Turn::Completes);
    let good = owner.chat(good, &mut thread, &story::EXPLAIN, Turn::Completes);
    // The run starts before the other user connects, and takes longer than the strays last.
    let types = good.no_earlier(FIRST_STRAY - 2_300);
    let run = owner.ask((types, 1_800), &mut thread, &story::AUDIT, Turn::Completes);
    owner.client_ping(LAST_STRAY);
    let strays = owner.divert(FIRST_STRAY, LAST_STRAY);
    asks_on(owner, run);
    leaves(owner);

    let ready = latest.connect(LATEST_CONNECTS);
    for (at, event, act) in strays {
        latest.deliver(at, event, act);
    }
    asks_on(latest, ready.no_earlier(LAST_STRAY + 1_000));
    leaves(latest);
}

/// Asks the server to go on where the last connection ended; it acknowledges, and that is all.
fn resume(talk: &mut Talk, ready: Mark, thread: &Thread) -> Mark {
    let last_seen = talk.random.uuid();
    let payload =
        object([("threadId", thread.id.clone().into()), ("lastMessageId", last_seen.into())]);
    let asked = talk.message(ClientToServer, ready, 40, ("session_restore", payload));
    let ack =
        object([("received_type", "session_restore".into()), ("status", "acknowledged".into())]);
    talk.message(ServerToClient, asked, 20, ("ack", ack))
}

/// Questions of all kinds, with pauses, up to [`LAST_QUESTION`].
fn asks_on(talk: &mut Talk, after: Mark) {
    let mut last = after;
    let mut thread = Thread::new(talk);
    while last.at < LAST_QUESTION {
        let story = *talk.random.pick(&STORIES);
        last = talk.chat(last, &mut thread, story, Turn::Completes);
        let pause = talk.random.between(1_000, 5_000);
        last = last.no_earlier(last.at + pause);
        if talk.random.between(0, 2) == 0 {
            thread = Thread::new(talk);
        }
    }
}

/// The client closes in order.
fn leaves(talk: &mut Talk) {
    let at = LEAVING + talk.random.between(0, 3_000);
    talk.close(ClientToServer, at, (1000, "bye"));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::users;
    use crate::demo::script::Act;
    use crate::wire::Direction;

    /// Enough that a choice which only some seeds make shows; it held for the first 60 as well.
    const SEEDS: u64 = 12;

    /// What the server says of runs, by run: whose connection, and the event, in order.
    fn runs(seed: u64) -> BTreeMap<String, Vec<(&'static str, Value)>> {
        let mut runs = BTreeMap::<String, Vec<_>>::new();
        for user in users(seed) {
            for connection in &user.connections {
                for step in connection.of(Direction::ServerToClient) {
                    let Act::Send { payload, .. } = &step.act else { continue };
                    let Ok(event) = serde_json::from_slice::<Value>(payload) else { continue };
                    let Some(run) = event["run_id"].as_str().map(str::to_owned) else { continue };
                    runs.entry(run).or_default().push((user.user.name, event));
                }
            }
        }
        runs
    }

    /// What is wrong with one run, as its own user's connection shows it and as others' do.
    fn faults(events: &[(&'static str, Value)]) -> Vec<String> {
        let user = events[0].1["user_id"].as_str().unwrap();
        let mut faults = Vec::new();
        let (mut ended, mut open, mut seen) = (false, 0, 0);
        let mut ordered: Vec<_> = events.iter().collect();
        ordered.sort_by_key(|(_, event)| event["timestamp"].as_str().unwrap().to_owned());
        ordered.dedup_by_key(|(_, event)| event["message_id"].clone());
        for (_, event) in ordered {
            seen += 1;
            if ended {
                faults.push("after the end".to_owned());
            }
            let kind = event["type"].as_str().unwrap();
            if (kind == "agent_started") != (seen == 1) {
                faults.push(format!("{kind} at place {seen}"));
            }
            match kind {
                "tool_executing" => open += 1,
                "tool_completed" => open -= 1,
                "agent_completed" | "agent_error" | "agent_stopped" => ended = true,
                _ => {}
            }
        }
        if !ended {
            faults.push(format!("no end, {open} tools open"));
        }
        let strangers = events.iter().filter(|(on, _)| *on != user).count();
        if strangers > 0 {
            let on = events.iter().find(|(on, _)| *on != user).unwrap().0;
            faults.push(format!("{user} on {on}"));
        }
        faults.iter().map(|fault| format!("{user}: {fault}")).collect()
    }

    #[test]
    fn any_seed_has_the_planted_bugs_and_no_other() {
        for seed in 0..SEEDS {
            let mut found: Vec<String> =
                runs(seed).values().flat_map(|events| faults(events)).collect();
            found.sort();
            let planted = [
                "user_01: no end, 0 tools open",
                "user_05: user_05 on user_02",
                "user_07: no end, 1 tools open",
                "user_09: user_09 on user_10",
                "user_11: after the end",
            ];
            assert_eq!(found, planted, "seed {seed}");
        }
    }

    #[test]
    fn any_seed_takes_about_ninety_seconds() {
        for seed in 0..SEEDS {
            for user in users(seed) {
                let length = |(script, side): (usize, Direction)| {
                    let steps = user.connections[script].of(side);
                    steps.iter().map(|step| step.delay_ms).max().unwrap_or(0)
                };
                let last = user.connections.len() - 1;
                let waits: u64 = user.connections.iter().map(|script| script.wait_ms).sum();
                let longest = Direction::BOTH.map(|side| length((last, side))).into_iter().max();
                assert!(waits + longest.unwrap() <= 91_000, "{} seed {seed}", user.user.name);
            }
        }
    }
}
