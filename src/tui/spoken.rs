//! Typed lines ↔ sentences: the same as the screen, for a terminal of which nothing is asked but that it
//! prints lines.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};

use super::app::App;
use super::desk::{Clipboard, Desk, GROW};
use super::disk::answer;
use super::linear;
use super::message::Message;
use super::terminal::Ended;
use super::{Growths, Source};

/// Lines of a terminal, for what depends on how many there are: as many as lists tell.
const SIZE: (u16, u16) = (100, 40);

/// Tells where the reader is, and goes where they say, until they leave or say nothing more.
///
/// # Errors
/// What is told can't be printed.
pub fn speak(
    app: &mut App,
    source: Box<dyn Source>,
    growths: Option<Growths>,
    out: &mut dyn Write,
) -> io::Result<Ended> {
    let (tell, told) = channel();
    let asked = answer(source, tell)?;
    let typed = listen()?;
    let mut desk = Desk::new(app, asked, growths, Clipboard::Tools);
    desk.take(Message::Resize(SIZE.0, SIZE.1));
    let mut voice = Voice { out, is_due: true, is_first: true, found: 0 };
    loop {
        if let Some(ended) = desk.ended() {
            return Ok(ended);
        }
        let grew = desk.grow();
        desk.ask();
        let tape = desk.app.tape.as_ref();
        let is_there = tape.is_none_or(|tape| tape.is_whole || tape.about.state == "live");
        if !grew && is_there && desk.is_settled() {
            voice.say(desk.app)?;
            match typed.try_recv() {
                Ok(line) => {
                    for message in linear::heard(desk.app, &line) {
                        desk.take(message);
                    }
                    voice.is_due = true;
                    continue;
                }
                Err(TryRecvError::Disconnected) => return Ok(Ended::Left),
                Err(TryRecvError::Empty) => {}
            }
        }
        match told.recv_timeout(GROW) {
            Ok(some) => desk.told(some),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Stopped),
        }
    }
}

/// Lines as they are typed, on a thread of its own; it ends with the program.
fn listen() -> io::Result<Receiver<String>> {
    let (tell, typed) = channel();
    std::thread::Builder::new().name("lines".into()).spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if tell.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(typed)
}

/// What is said, and what was said.
struct Voice<'a> {
    out: &'a mut dyn Write,
    /// The reader waits for an answer.
    is_due: bool,
    is_first: bool,
    /// Findings that were told of.
    found: usize,
}

impl Voice<'_> {
    fn say(&mut self, app: &App) -> io::Result<()> {
        let findings = app.tape.as_ref().map_or(0, |tape| tape.findings.len());
        let mut lines = Vec::new();
        if self.is_first {
            lines.extend(linear::about(app));
        } else if app.following {
            // What is found meanwhile is told without being asked for.
            lines.extend((self.found..findings).filter_map(|index| linear::news(app, index)));
        }
        if self.is_due {
            lines.extend(linear::tell(app));
        }
        self.found = findings;
        (self.is_first, self.is_due) = (false, false);
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            writeln!(self.out, "{line}")?;
        }
        if io::stdout().is_terminal() {
            write!(self.out, "> ")?;
        }
        self.out.flush()
    }
}
