//! How much of a long piece of work is done → one line on a terminal's stderr, gone when it is over.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Work that takes less shows nothing: a line that only flashes is noise.
const QUIET: Duration = Duration::from_millis(500);

/// The pause between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// Columns of the bar.
const BAR: usize = 24;

/// Shows how far something is.
pub(crate) struct Progress {
    what: &'static str,
    next: Option<Instant>,
    drawn: bool,
}

impl Progress {
    /// Of `what`, as in `checking`; shows nothing where stderr is no terminal, or if `quiet`.
    #[expect(clippy::disallowed_methods, reason = "people wait by the clock on the wall")]
    pub(crate) fn new(what: &'static str, quiet: bool) -> Self {
        let shows = !quiet && stderr().is_terminal();
        Self { what, next: shows.then(|| Instant::now() + QUIET), drawn: false }
    }

    /// `done` of `all` are done.
    #[expect(clippy::disallowed_methods, reason = "people wait by the clock on the wall")]
    pub(crate) fn at(&mut self, done: u64, all: u64) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + PAUSE);
        self.drawn = true;
        let line = drawn(self.what, done, all);
        // A line that can't be shown is no reason to stop.
        let _ = write!(stderr(), "\r{line}\x1b[K");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn drawn(what: &str, done: u64, all: u64) -> String {
    let share = |of: u64| u64::checked_div(done.min(all) * of, all).unwrap_or(of);
    let full = share(BAR as u64) as usize;
    let bar: String = (0..BAR).map(|place| if place < full { '#' } else { '.' }).collect();
    format!("{what} {bar} {:3} %", share(100))
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn a_bar_fills_from_nothing_to_all() {
        assert_eq!(drawn("checking", 0, 8), "checking ........................   0 %");
        assert_eq!(drawn("checking", 4, 8), "checking ############............  50 %");
        assert_eq!(drawn("checking", 9, 8), "checking ######################## 100 %");
        assert_eq!(drawn("checking", 0, 0), "checking ######################## 100 %");
    }
}
