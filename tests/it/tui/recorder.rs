//! The full screen of `record`, on a real terminal: opened by Enter, left by q, and recording goes on
//! whatever becomes of it.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc::Sender;

use super::real::Real;
use crate::live::{of_run, puppet};
use crate::support::load::connect;

/// A recorder on a terminal, a server that says what it is told to, and its client.
struct Recorder {
    real: Real,
    say: Sender<String>,
    address: SocketAddr,
    client: Option<TcpStream>,
}

impl Recorder {
    fn start(before: &str, args: &str) -> Option<Self> {
        let real = Real::new()?;
        let (server, say) = puppet();
        let verb = format!("record ws://{server} --listen 127.0.0.1:0 --name tape {args}");
        real.opens(before, &verb);
        // The screen of `--ui` lies over what is said first.
        let listed = real.waits_for("the recording", |_| real.recorder().is_some());
        let address = real.recorder().unwrap_or_else(|| panic!("{listed}"));
        Some(Self { real, say, address, client: None })
    }

    fn run(&mut self, run: &str, kinds: &[&str]) {
        if self.client.is_none() {
            self.client = Some(connect(self.address).unwrap());
        }
        for kind in kinds {
            self.say.send(of_run(kind, run, "search")).unwrap();
        }
    }

    /// How many frames the recording has in the end.
    fn frames(&self) -> String {
        let screen = self.real.shows("Recorded    tape");
        screen.lines().find(|line| line.starts_with("Recorded")).unwrap().to_owned()
    }
}

const RUN: [&str; 4] = ["agent_started", "agent_thinking", "agent_completed", "ping"];

#[test]
fn enter_shows_it_live_and_q_goes_back_while_recording_goes_on() {
    let Some(mut recorder) = Recorder::start("", "") else { return };
    recorder.real.shows("waiting for a first connection");
    recorder.real.shows("press Enter");
    recorder.run("R1", &RUN);
    recorder.real.shows("4 frames");
    recorder.real.press("Enter");
    recorder.real.shows("q goes back to the recorder");
    recorder.real.shows("[5 Live]");
    recorder.real.shows(" agent_started ");
    recorder.real.shows("follow on");
    assert!(recorder.real.on_its_own_screen());
    // What came while it was looked at is seen at once, and is kept.
    recorder.run("R2", &RUN);
    recorder.real.waits_for("the second run", |screen| screen.contains("2 done"));
    recorder.real.press("2");
    recorder.real.shows("run R2");
    recorder.real.press("q");
    recorder.real.shows("[5 Live]");
    recorder.real.press("q");
    recorder.real.shows("disk keeps up");
    assert!(!recorder.real.on_its_own_screen());
    recorder.run("R3", &RUN);
    recorder.real.shows("12 frames");
    recorder.real.press("Enter");
    recorder.real.shows("3 done");
    recorder.real.press("q");
    recorder.real.shows("disk keeps up");
    recorder.real.press("C-c");
    assert!(recorder.frames().contains("12 frames"), "{}", recorder.frames());
    recorder.real.is_as_it_was(0);
}

/// Rules that fit what was not said yet are taken when it is said.
#[test]
fn at_once_before_anything_was_said_and_ctrl_c_ends_the_recording() {
    let Some(mut recorder) = Recorder::start("", "--ui") else { return };
    recorder.real.shows("[5 Live]");
    let kinds = ["agent_started", "agent_thinking", "tool_executing"];
    recorder.run("R1", &kinds);
    recorder.real.shows("flags in");
    recorder.real.shows("1 run ");
    recorder.real.press("2");
    recorder.real.shows("run R1");
    recorder.real.press("C-c");
    assert!(recorder.frames().contains("3 frames"), "{}", recorder.frames());
    recorder.real.is_as_it_was(0);
}

#[test]
fn a_signal_closes_the_screen_and_finishes_the_recording() {
    let Some(mut recorder) = Recorder::start("", "--ui") else { return };
    recorder.real.shows("[5 Live]");
    recorder.run("R1", &RUN);
    recorder.real.shows(" agent_started ");
    let killed = Command::new("kill").args(["-TERM", &recorder.real.child()]).status().unwrap();
    assert!(killed.success());
    assert!(recorder.frames().contains("4 frames"), "{}", recorder.frames());
    recorder.real.is_as_it_was(0);
}

#[test]
fn a_screen_that_panics_is_told_of_and_recording_goes_on() {
    let Some(mut recorder) = Recorder::start("WIRETAPE_TEST_PANIC=1", "") else { return };
    recorder.run("R1", &RUN);
    recorder.real.shows("4 frames");
    recorder.real.press("Enter");
    recorder.real.shows("asked to panic");
    recorder.real.shows("no full screen");
    assert!(!recorder.real.on_its_own_screen());
    recorder.run("R2", &RUN);
    recorder.real.shows("8 frames");
    recorder.real.press("C-c");
    recorder.real.is_as_it_was(0);
}

#[test]
fn where_there_is_no_terminal_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::sample::run(folder.path(), &["record", "ws://127.0.0.1:9", "--ui"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no terminal to show it on") && said.contains("wiretape open"), "{said}");
}

/// J3: a red flag while it is recorded, and from it to what it rests on.
#[test]
fn a_flag_is_a_key_away_from_its_evidence() {
    let Some(mut recorder) = Recorder::start("", "") else { return };
    let open_call = ["agent_started", "agent_thinking", "tool_executing", "agent_completed"];
    recorder.run("R1", &open_call);
    let line = recorder.real.shows("press Enter, or wiretape open tape --at E102");
    assert!(line.contains("✖ E102"), "{line}");
    recorder.real.press("Enter");
    recorder.real.shows("1 broken");
    recorder.real.press("e");
    let flag = recorder.real.shows("Inspector  E102");
    assert!(flag.contains("[2 Timeline]") && flag.contains("expected here: "), "{flag}");
    // What comes meanwhile does not move the reader.
    recorder.run("R2", &RUN);
    recorder.real.shows("2 runs");
    recorder.real.shows("Inspector  E102");
    recorder.real.press("C-c");
    recorder.frames();
    recorder.real.is_as_it_was(0);
}
