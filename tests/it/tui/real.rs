//! The screen on a real terminal, which tmux is: what is left of it afterwards, however it ends.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use wiretape::recording::RecordingReader;

use crate::sample::run;
use crate::support::NEVER;

/// A terminal with a shell in it.
pub(super) struct Real {
    folder: TempDir,
}

impl Real {
    /// `None` where there is no tmux and nobody requires one.
    pub(super) fn new() -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            let required = std::env::var_os("WIRETAPE_PEERS").is_some_and(|how| how == "required");
            assert!(!required, "tmux is not installed");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
        assert!(run(folder.path(), &["import", sample.to_str().unwrap()]).status.success());
        let real = Self { folder };
        real.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "36", "sh"]);
        real.types("PS1='ready> '; clear");
        real.waits_for("\nready>", |screen| screen.starts_with("ready>"));
        Some(real)
    }

    #[track_caller]
    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.env("TMUX_TMPDIR", self.folder.path()).env("TZ", "UTC").env_remove("TMUX");
        command.env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        let output = command.current_dir(self.folder.path()).arg("-L").arg("w").args(args);
        String::from_utf8(output.output().unwrap().stdout).unwrap()
    }

    /// A command line.
    fn types(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    pub(super) fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    pub(super) fn opens(&self, before: &str, verb: &str) {
        let binary = env!("CARGO_BIN_EXE_wiretape");
        self.types(&format!("{before} {binary} {verb}; echo EXIT $?"));
    }

    #[track_caller]
    pub(super) fn waits_for(&self, what: &str, seen: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.tmux(&["capture-pane", "-p"]);
            if seen(&screen) {
                return screen;
            }
            assert!(start.elapsed() < NEVER, "never saw {what}:\n{screen}");
        }
    }

    #[track_caller]
    pub(super) fn shows(&self, words: &str) -> String {
        self.waits_for(words, |screen| screen.contains(words))
    }

    /// The shell's own screen, a cursor, and keys that are echoed line by line.
    #[track_caller]
    pub(super) fn is_as_it_was(&self, code: u8) {
        self.shows(&format!("EXIT {code}"));
        assert_eq!(self.tmux(&["display", "-p", "#{alternate_on} #{cursor_flag}"]).trim(), "0 1");
        self.types("clear; stty -a");
        let modes = self.shows("icanon");
        for mode in ["-icanon", "-echo ", "-isig", "-opost"] {
            assert!(!modes.contains(mode), "{mode} is left behind:\n{modes}");
        }
    }

    /// Where the recording called `tape` says that it listens, once there is one.
    pub(super) fn recorder(&self) -> Option<SocketAddr> {
        let recordings = fs::read_dir(self.folder.path().join("recordings")).ok()?;
        let mut paths = recordings.filter_map(|file| Some(file.ok()?.path()));
        let path = paths.find(|path| path.to_string_lossy().ends_with("-tape.db"))?;
        let reader = RecordingReader::open(&path).ok()?;
        reader.recording().ok()?.listen.strip_prefix("ws://")?.parse().ok()
    }

    /// What runs in the shell.
    pub(super) fn child(&self) -> String {
        let shell = self.tmux(&["display", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))
            .unwrap()
            .trim()
            .to_owned()
    }

    pub(super) fn on_its_own_screen(&self) -> bool {
        self.tmux(&["display", "-p", "#{alternate_on}"]).trim() == "1"
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_flag_its_cause_and_the_terminal_as_it_was() {
    let Some(real) = Real::new() else { return };
    real.opens("", "open recordings/*.db --at E102");
    real.shows("expected here: C tool_completed");
    assert!(real.on_its_own_screen());
    real.press("c");
    real.shows("this is the cause; c goes back");
    real.press("q");
    real.is_as_it_was(0);
}

#[test]
fn the_list_opens_a_recording_and_ctrl_c_leaves() {
    let Some(real) = Real::new() else { return };
    real.opens("", "");
    real.shows("[1 Sessions]");
    real.press("Enter");
    real.shows("[2 Timeline]");
    real.press("C-c");
    real.is_as_it_was(0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let Some(real) = Real::new() else { return };
    real.opens("", "open recordings/*.db");
    real.shows("[2 Timeline]");
    let killed = Command::new("kill").args(["-TERM", &real.child()]).status().unwrap();
    assert!(killed.success());
    real.is_as_it_was(130);
}

/// A window that is closed takes the program with it, and leaves nothing that spins.
#[test]
fn a_terminal_that_goes_away_ends_it() {
    let Some(real) = Real::new() else { return };
    real.opens("", "open recordings/*.db");
    real.shows("[2 Timeline]");
    let program = format!("/proc/{}", real.child());
    real.tmux(&["kill-server"]);
    let start = Instant::now();
    while Path::new(&program).exists() {
        assert!(start.elapsed() < NEVER, "it is still there");
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_read() {
    let Some(real) = Real::new() else { return };
    real.opens("WIRETAPE_TEST_PANIC=1", "open recordings/*.db");
    real.shows("asked to panic");
    real.is_as_it_was(101);
}

/// J5: from the command to the files, with what is not sure decided on the screen, and kept.
#[test]
fn a_report_is_reviewed_and_written() {
    let Some(real) = Real::new() else { return };
    real.opens("", "report recordings/*.db --finding E104 --out out");
    real.shows("? free text");
    assert!(real.on_its_own_screen());
    real.press("Tab");
    real.shows("to decide first");
    real.press("Enter");
    real.shows("»");
    real.press("Escape");
    real.shows("before");
    real.press("Space");
    real.shows("everything is decided");
    real.press("Tab");
    real.shows("opens in any browser");
    real.is_as_it_was(0);
    let decided = fs::read_to_string(real.folder.path().join("wiretape.toml")).unwrap();
    assert_eq!(decided, "[redact]\n\"$.payload.content\" = \"length\"\n");
    assert_eq!(fs::read_dir(real.folder.path().join("out")).unwrap().count(), 3);
    // What was decided once is not asked again; and left, there is no report.
    real.types("clear");
    real.opens("", "report recordings/*.db --finding E104 --out again");
    real.shows("Look first");
    assert_eq!(fs::read_dir(real.folder.path().join("again")).unwrap().count(), 3);
    fs::remove_file(real.folder.path().join("wiretape.toml")).unwrap();
    real.types("clear");
    real.opens("", "report recordings/*.db --finding E104 --out never");
    real.shows("? free text");
    real.press("q");
    real.shows("nothing was written");
    real.is_as_it_was(0);
    assert!(!real.folder.path().join("never").exists());
    // Without a screen the same is asked in words.
    real.types("clear");
    real.opens("", "report recordings/*.db --finding E104 --out lines --linear");
    real.shows("length (Enter), show, every hit, or quit?");
    real.types("every");
    real.shows("#1632");
    real.types("length");
    real.shows("Look first");
    assert_eq!(fs::read_dir(real.folder.path().join("lines")).unwrap().count(), 3);
}

/// `r` reviews, writes and comes back; the page is opened where it was made.
#[test]
fn a_report_from_the_screen_and_back() {
    let Some(real) = Real::new() else { return };
    real.opens("", "open recordings/*.db --at E102");
    real.shows("expected here: C tool_completed");
    real.press("r");
    real.shows("what leaves this machine");
    real.press("Space");
    real.shows("everything is decided");
    real.press("Tab");
    real.shows("Report: written");
    real.press("Enter");
    real.waits_for("the timeline again", |screen| {
        screen.contains("expected here: C tool_completed") && !screen.contains("Report: written")
    });
    real.press("q");
    real.is_as_it_was(0);
    real.types("clear");
    real.opens("", "open wiretape-*.html");
    real.shows("expected here: C tool_completed");
    real.shows("Inspector  E102");
    real.press("a");
    real.types("mine");
    real.shows("wiretape import makes one of this");
    real.press("q");
    real.is_as_it_was(0);
}

/// tmux says what is written on; what is typed before the screen is there is not lost to it.
#[test]
fn light_or_dark_is_asked_for_and_keys_typed_meanwhile_are_keys() {
    let Some(real) = Real::new() else { return };
    real.tmux(&["set", "-g", "window-style", "bg=#ffffff,fg=#202020"]);
    let binary = env!("CARGO_BIN_EXE_wiretape");
    real.tmux(&["send-keys", "-l", &format!("COLORTERM=truecolor {binary} open recordings/*.db")]);
    real.tmux(&["send-keys", "Enter", "3", "4"]);
    real.shows("[4 Findings]");
    let screen = real.shows("E102 missing");
    // An error is in the light look's red, or in the terminal's own where it does not say.
    let colored = real.tmux(&["capture-pane", "-p", "-e"]);
    let light = colored.contains("38;2;176;58;0");
    let ansi = colored.contains("[31m") || colored.contains(";31m");
    assert!(light || ansi, "{colored}");
    assert!(!screen.contains("rgb:"), "{screen}");
    real.press("C-c");
    real.waits_for("the shell", |screen| screen.contains("ready>"));
}

/// Settings of a file: what is set works, and what is wrong is said before anything is shown.
#[test]
fn a_file_of_settings_decides_unless_the_command_line_does() {
    let Some(real) = Real::new() else { return };
    let settings = "theme = \"mono\"\nascii = true\n[keys]\ncause = \"K\"\n";
    fs::write(real.folder.path().join("wiretape.toml"), settings).unwrap();
    real.opens("", "open recordings/*.db --at E102");
    let screen = real.shows("K cause");
    assert!(screen.is_ascii(), "{screen}");
    real.press("K");
    real.shows("K goes back");
    real.press("q");
    real.is_as_it_was(0);
    let listed = run(real.folder.path(), &["config"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("theme = \"mono\"") && listed.contains("cause = [\"K\"]"), "{listed}");
    // What is listed can be read again, and sets the same.
    fs::write(real.folder.path().join("again.toml"), &listed).unwrap();
    let again = run(real.folder.path(), &["config", "--config", "again.toml"]);
    let after = |text: &str| text[text.find("theme").unwrap()..].to_owned();
    assert_eq!(after(&String::from_utf8(again.stdout).unwrap()), after(&listed));
    for (settings, said) in [
        ("[keys]\nplay = \"e\"", "e would be both play and finding-next"),
        ("[keys]\nplay = \"Ctrl-z\"", "Ctrl-Z can't be bound"),
        ("thema = 1", "line 1: thema is no setting; did you mean theme?"),
    ] {
        fs::write(real.folder.path().join("wiretape.toml"), settings).unwrap();
        let refused = run(real.folder.path(), &["config"]);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(said) && text.contains("wiretape config"), "{text}");
    }
}

/// The diff: from the flag to the first event that the good run has and this one has not.
#[test]
fn a_flag_beside_a_good_run() {
    let Some(real) = Real::new() else { return };
    real.opens("", "open recordings/*.db --at E102");
    real.shows("expected here: C tool_completed");
    real.press("d");
    let diff = real.shows("FIRST LOSS");
    assert!(diff.contains("tool_completed search_c") && diff.contains("(good, "), "{diff}");
    real.press("x");
    real.waits_for("only what differs", |screen| !screen.contains("agent_started   "));
    real.press("n");
    real.press("q");
    real.shows("[2 Timeline]");
    real.press("q");
    real.is_as_it_was(0);
}

/// A terminal without a second screen keeps what was drawn, and works all the same.
#[test]
fn on_the_main_screen_too() {
    let Some(real) = Real::new() else { return };
    real.tmux(&["set", "-g", "alternate-screen", "off"]);
    for key in ["q", "C-c"] {
        real.opens("", "open recordings/*.db");
        real.shows("[2 Timeline]");
        assert!(!real.on_its_own_screen());
        real.press(key);
        real.is_as_it_was(0);
    }
    real.opens("WIRETAPE_TEST_PANIC=1", "open recordings/*.db");
    real.shows("asked to panic");
    real.is_as_it_was(101);
}

/// Some terminals, and what records them, answer no question.
#[test]
fn a_terminal_that_answers_nothing_has_the_screen_too() {
    let Some(real) = Real::new() else { return };
    let binary = env!("CARGO_BIN_EXE_wiretape");
    let line = format!("stty rows 36 cols 120; exec {binary} open recordings/*.db");
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(real.folder.path());
    script.env("TERM", "xterm-256color").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut shown = Vec::new();
    let mut piece = [0; 4096];
    let mut told = child.stdout.take().unwrap();
    while !String::from_utf8_lossy(&shown).contains("Timeline]") {
        let length = told.read(&mut piece).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend(&piece[..length]);
    }
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"q").unwrap();
    told.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
}

/// The list: a name, another order, and a removal that is asked for.
#[test]
fn the_list_names_and_removes() {
    let Some(real) = Real::new() else { return };
    real.opens("", "");
    real.shows("sort: newest");
    real.press("F6");
    real.shows("its name:");
    real.press("C-u");
    real.tmux(&["send-keys", "-l", "tuesday"]);
    real.press("Enter");
    real.shows("it is tuesday now");
    let names = || {
        let files = fs::read_dir(real.folder.path().join("recordings")).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert!(names().iter().all(|name| name.contains("-tuesday.db")), "{:?}", names());
    real.press("Enter");
    real.shows("tuesday");
    real.shows("[2 Timeline]");
    real.press("1");
    real.press("Delete");
    real.shows("Remove this recording?");
    real.press("n");
    real.shows("nothing was removed");
    real.press("Delete");
    real.shows("Remove this recording?");
    real.press("y");
    real.shows("removed");
    assert!(names().is_empty(), "{:?}", names());
    // The list is where it began: there is nothing to go back to.
    real.press("q");
    real.is_as_it_was(0);
}

/// What the list says of a recording is what `check` says, is kept, and is found anew of a file that
/// has changed.
#[test]
fn the_list_says_what_is_found_and_remembers_it() {
    let Some(real) = Real::new() else { return };
    let folder = real.folder.path();
    let file = fs::read_dir(folder.join("recordings")).unwrap().next().unwrap().unwrap().path();
    let file = file.to_str().unwrap().to_owned();
    let checked = run(folder, &["check", "--json", "--fail-on", "never", &file]);
    let checked = String::from_utf8(checked.stdout).unwrap();
    let count = |severity: &str| checked.matches(&format!("\"severity\":\"{severity}\"")).count();
    let found = format!("✖{} ▲{}", count("error"), count("warning"));
    assert_eq!(found, "✖5 ▲3", "{checked}");
    real.opens("", "");
    let screen = real.shows(&found);
    assert!(screen.contains("  12    69     2,348 "), "{screen}");
    let cache = folder.join("cache/wiretape/verdicts.json");
    let kept = || fs::read_to_string(&cache).unwrap_or_default();
    real.waits_for("what is kept", |_| kept().contains("\"errors\":5"));
    real.press("q");
    real.is_as_it_was(0);

    // What is kept is what is said: nothing is looked through again.
    fs::write(&cache, kept().replace("\"errors\":5", "\"errors\":4")).unwrap();
    real.opens("clear;", "");
    real.shows("✖4 ▲3");
    real.press("q");
    real.is_as_it_was(0);

    // A file that has changed is another one.
    assert!(run(folder, &["note", &file, "a storm"]).status.success());
    real.opens("clear;", "");
    real.shows(&found);
    real.waits_for("what is kept", |_| kept().contains("\"errors\":5"));
    assert!(!kept().contains("\"errors\":4"), "{}", kept());
    real.press("q");
    real.is_as_it_was(0);

    // Of a broken cache nobody is told.
    fs::write(&cache, "[{").unwrap();
    real.opens("clear;", "");
    real.shows(&found);
    real.press("q");
    real.is_as_it_was(0);
}

/// A report of what was never opened, from the list.
#[test]
fn the_list_makes_a_report() {
    let Some(real) = Real::new() else { return };
    real.opens("", "");
    real.shows("r report");
    real.press("r");
    real.shows("? free text");
    real.press("q");
    real.shows("no report was made");
    real.press("r");
    real.shows("? free text");
    real.press("Space");
    real.press("j");
    real.press("Space");
    real.shows("everything is decided");
    real.press("Tab");
    real.shows("Report: written");
    real.press("Escape");
    // At once after it, a key would be one with Alt.
    real.waits_for("the list", |screen| !screen.contains("Report: written"));
    real.press("q");
    real.is_as_it_was(0);
    let files = fs::read_dir(real.folder.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("wiretape-")).count(), 3);
}

/// From the list to a recorder of its own, in the same terminal.
#[test]
fn the_list_leads_to_a_recorder() {
    let Some(real) = Real::new() else { return };
    real.opens("", "--theme mono");
    real.shows("[1 Sessions]");
    real.press("R");
    real.shows("record what passes to: ws://localhost:8000");
    real.press("Enter");
    real.shows("q goes back to the recorder");
    real.press("q");
    real.shows("disk keeps up");
    real.press("C-c");
    real.shows("Recorded ");
    real.is_as_it_was(0);
}
