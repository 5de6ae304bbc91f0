//! The terminal → its size, its colours, how wide it draws the glyphs of the screen, and whether
//! it can copy. Only a real terminal is asked anything.

use std::env;
use std::io::{IsTerminal as _, stdin, stdout};
use std::process::{Command, Stdio};

use super::{Look, Verdict};

/// The least a screen needs, and what all of it needs (ux.md, 3.2): columns and rows.
const LEAST: (u16, u16) = (60, 15);
const ALL: (u16, u16) = (80, 24);

/// Programs that copy, by what they need to run in.
const CLIPBOARDS: [(&str, &str); 4] =
    [("wl-copy", "WAYLAND_DISPLAY"), ("xclip", "DISPLAY"), ("xsel", "DISPLAY"), ("pbcopy", "")];

/// What can be said of the terminal.
pub(super) fn looks() -> Vec<Look> {
    if !stdout().is_terminal() || !stdin().is_terminal() {
        let not = |about| Look::new(about, Verdict::Skip, "not a terminal");
        return ["size", "colours", "glyphs", "copy", "mouse"].map(not).into();
    }
    vec![size(), colours(), glyphs(), copy(), mouse()]
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn size() -> Look {
    let Some((width, height)) = terminal_size::terminal_size() else {
        return Look::new("size", Verdict::Warn, "the terminal does not say how large it is")
            .next("stty size   shows what the system knows");
    };
    let (columns, rows) = (width.0, height.0);
    let what = format!("{columns} columns, {rows} rows");
    if columns < LEAST.0 || rows < LEAST.1 {
        let why = format!("the screen of wiretape open needs {}x{}", LEAST.0, LEAST.1);
        Look::new("size", Verdict::Fail, what).why(why).next("make the window larger")
    } else if columns < ALL.0 || rows < ALL.1 {
        let why = format!("below {}x{} one pane is shown at a time", ALL.0, ALL.1);
        Look::new("size", Verdict::Warn, what).why(why)
    } else {
        Look::ok("size", what)
    }
}

fn colours() -> Look {
    let term = set("TERM").unwrap_or_default();
    let truecolour = set("COLORTERM").is_some_and(|it| it == "truecolor" || it == "24bit");
    if set("NO_COLOR").is_some() {
        return Look::ok("colours", "none, as NO_COLOR asks; letters and words say the same");
    }
    match term.as_str() {
        "" | "dumb" => Look::new("colours", Verdict::Warn, "none")
            .why(if term.is_empty() { "TERM is not set" } else { "TERM is dumb" })
            .next("TERM=xterm-256color wiretape open REC   where the terminal is a usual one"),
        _ if truecolour => {
            Look::ok("colours", format!("16 of its own are used; it has 16 million ({term})"))
        }
        _ => Look::ok("colours", format!("16 of its own are used ({term})")),
    }
}

fn copy() -> Look {
    let tools: Vec<&str> = CLIPBOARDS
        .iter()
        .filter(|(tool, needs)| (needs.is_empty() || set(needs).is_some()) && is_there(tool))
        .map(|(tool, _)| *tool)
        .collect();
    if set("TMUX").is_some() {
        let option = tmux_option();
        return match option.as_deref() {
            Some("off") => Look::new("copy", Verdict::Warn, "tmux keeps copies to itself")
                .why("its set-clipboard is off, so that OSC 52 does not pass")
                .next("tmux set -g set-clipboard on"),
            Some("external") => {
                Look::new("copy", Verdict::Warn, "tmux takes no copies from programs")
                    .why("its set-clipboard is external")
                    .next("tmux set -g set-clipboard on")
            }
            _ => Look::ok("copy", "by OSC 52 through tmux"),
        };
    }
    if !tools.is_empty() {
        return Look::ok("copy", format!("by OSC 52, and by {}", tools.join(", ")));
    }
    let far = set("SSH_CONNECTION").is_some();
    let what = if far { "by OSC 52, to the machine you sit at" } else { "by OSC 52" };
    Look::ok("copy", what)
        .why("whether the terminal takes it can't be asked; no clipboard program is here")
}

fn tmux_option() -> Option<String> {
    let asked = Command::new("tmux")
        .args(["show-options", "-gsv", "set-clipboard"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}

/// Whether there is a program of this name; it is not run.
fn is_there(tool: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

fn mouse() -> Look {
    match set("TERM").as_deref() {
        None | Some("dumb" | "linux" | "vt100" | "vt220") => {
            Look::new("mouse", Verdict::Warn, "this terminal has none")
                .why("all that it does has a key")
        }
        Some(_) if set("TMUX").is_some() => {
            Look::ok("mouse", "yes, where tmux has mouse on; Shift selects text")
        }
        Some(_) => Look::ok("mouse", "yes; Shift selects text"),
    }
}

#[cfg(not(unix))]
fn glyphs() -> Look {
    Look::new("glyphs", Verdict::Skip, "this system's terminal can't be asked")
}

#[cfg(unix)]
fn glyphs() -> Look {
    match widths::wrong() {
        Err(widths::NoAnswer) => {
            Look::new("glyphs", Verdict::Warn, "the terminal does not say where its cursor is")
                .why("so that how wide it draws is not known")
                .next("wiretape open REC --ascii   where the screen looks torn")
        }
        Ok(wrong) if wrong.is_empty() => {
            Look::ok("glyphs", "each takes the columns that it should")
        }
        Ok(wrong) => {
            let told: Vec<String> =
                wrong.iter().map(|(glyph, columns)| format!("{glyph} takes {columns}")).collect();
            Look::new("glyphs", Verdict::Warn, format!("{}, not 1", told.join(", ")))
                .why("the terminal or its locale draws them wide, and lines would be torn")
                .next("wiretape open REC --ascii")
        }
    }
}

/// How wide the terminal draws, asked of it.
#[cfg(unix)]
mod widths {
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Glyphs of the screen that a terminal might draw wide.
    const GLYPHS: [&str; 12] = ["━", "═", "╳", "┄", "┊", "▶", "✖", "▲", "●", "→", "▁", "…"];

    /// How long the terminal may take to answer, in nanoseconds; one over a slow line takes some
    /// tenths of a second.
    const ANSWER_LIMIT_NS: i64 = 500_000_000;

    /// The longest answer: `ESC [ ROW ; COLUMN R`.
    const ANSWER: usize = 32;

    /// The terminal said nothing, or nothing that is an answer.
    pub(super) struct NoAnswer;

    /// A terminal without echo and lines, given back as it was.
    struct Raw {
        terminal: File,
        before: Termios,
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
        }
    }

    /// Glyphs that do not take one column, and how many they take.
    pub(super) fn wrong() -> Result<Vec<(&'static str, usize)>, NoAnswer> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
        let terminal = terminal.map_err(|_| NoAnswer)?;
        let before = tcgetattr(&terminal).map_err(|_| NoAnswer)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Flush, &raw).map_err(|_| NoAnswer)?;
        let mut raw = Raw { terminal, before };
        let mut wrong = Vec::new();
        let mut measured = Ok(());
        for glyph in GLYPHS {
            match column_after(&mut raw.terminal, glyph) {
                Ok(2) => {}
                Ok(column) => wrong.push((glyph, column.saturating_sub(1))),
                Err(error) => {
                    measured = Err(error);
                    break;
                }
            }
        }
        // The line is cleared of what was tried on it.
        let _ = raw.terminal.write_all(b"\r\x1b[K");
        measured.map(|()| wrong)
    }

    fn column_after(terminal: &mut File, glyph: &str) -> Result<usize, NoAnswer> {
        let asked = format!("\r\x1b[K{glyph}\x1b[6n");
        terminal.write_all(asked.as_bytes()).map_err(|_| NoAnswer)?;
        let mut answer = Vec::new();
        while answer.len() < ANSWER && answer.last() != Some(&b'R') {
            let limit = Timespec { tv_sec: 0, tv_nsec: ANSWER_LIMIT_NS };
            let mut ready = [PollFd::new(&*terminal, PollFlags::IN)];
            if poll(&mut ready, Some(&limit)).map_err(|_| NoAnswer)? == 0 {
                return Err(NoAnswer);
            }
            let mut byte = [0];
            let count = terminal.read(&mut byte).map_err(|_| NoAnswer)?;
            answer.extend(&byte[..count]);
            if count == 0 {
                return Err(NoAnswer);
            }
        }
        column(&answer).ok_or(NoAnswer)
    }

    /// `ESC [ 12 ; 2 R` → 2.
    fn column(answer: &[u8]) -> Option<usize> {
        let text = std::str::from_utf8(answer).ok()?;
        // A key that was pressed meanwhile comes before it.
        let (_, position) = text.strip_suffix('R')?.rsplit_once("\x1b[")?;
        position.split_once(';')?.1.parse().ok()
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn answers_are_read_and_keys_before_them_are_not() {
            assert_eq!(super::column(b"\x1b[12;2R"), Some(2));
            assert_eq!(super::column(b"q\x1b[A\x1b[1;73R"), Some(73));
            for wrong in
                [&b""[..], b"R", b"\x1b[R", b"\x1b[1R", b"\x1b[1;R", b"\x1b[1;-2R", b"\xff;2R"]
            {
                assert_eq!(super::column(wrong), None, "{wrong:?}");
            }
        }
    }
}
