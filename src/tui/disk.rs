//! What is asked of the disk → answers, on a thread of its own: a disk may be slow, and a reader is not
//! kept waiting for it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::message::{Message, Portion};
use super::review::Step;
use super::{Growths, Source, Tape, diff};
use crate::analysis::timeline::Row;
use crate::rules::RuleBook;
use crate::wire::Note;

/// What is asked of the disk.
pub(super) enum Asked {
    Read(Row, Arc<RuleBook>, Portion),
    Sift(Arc<Tape>, String, u32),
    Query(String),
    Diff(Arc<Tape>, u32),
    Note(Box<Note>),
    Report(Step),
    Forget(Vec<i64>),
    /// A text for the clipboard, and what it is.
    Copy(String, String),
    List,
    /// Answered by many or by none, and not waited for.
    Judge(Vec<String>),
    Open(String),
    Rename(String, String),
    Remove(String),
    Save(String, String),
    Pairs(Arc<Tape>, String),
    Between(Arc<Tape>, String, (u32, u32)),
}

/// What comes from elsewhere.
pub(super) enum Told {
    /// Nothing more can be asked of the disk until this is taken.
    Answer(Message),
    Opened(Box<(Tape, Growths)>),
    Typed(Message),
    /// What nobody has asked for, nor waits for.
    Beside(Message),
}

/// Answers what is asked of `source`, on a thread of its own. It ends when nobody asks any
/// more.
pub(super) fn answer(mut source: Box<dyn Source>, tell: Sender<Told>) -> io::Result<Sender<Asked>> {
    let (ask, asked) = channel();
    std::thread::Builder::new().name("disk".into()).spawn(move || {
        for asked in asked {
            let Some(told) = one(&mut *source, asked, &tell) else { continue };
            if tell.send(told).is_err() {
                return;
            }
        }
    })?;
    Ok(ask)
}

/// The answer, if one is waited for.
fn one(source: &mut dyn Source, asked: Asked, tell: &Sender<Told>) -> Option<Told> {
    Some(match asked {
        Asked::Judge(keys) => {
            let tell = tell.clone();
            let beside =
                move |key, verdict| tell.send(Told::Beside(Message::Judged(key, verdict))).is_ok();
            source.judge(keys, Box::new(beside));
            return None;
        }
        Asked::List => Told::Answer(Message::Listed(source.recordings())),
        Asked::Rename(key, name) => {
            let said = source.rename(&key, &name).map(|()| format!("it is {name} now"));
            Told::Answer(Message::Tidied(said, source.recordings()))
        }
        Asked::Remove(key) => {
            let said = source.remove(&key).map(|()| "removed".to_owned());
            Told::Answer(Message::Tidied(said, source.recordings()))
        }
        Asked::Report(step) => Told::Answer(Message::Staged(source.report(step))),
        Asked::Save(name, filter) => {
            let place = source.save(&name, &filter);
            Told::Answer(Message::Saved(name, filter, place))
        }
        Asked::Pairs(tape, key) => {
            let pairs = source.pairs(&tape, &key);
            drop(tape);
            Told::Answer(Message::Paired(key, pairs))
        }
        Asked::Between(tape, key, runs) => {
            let compared = source.between(&tape, &key, runs);
            drop(tape);
            Told::Answer(Message::Diffed(compared.map(Box::new)))
        }
        Asked::Read(row, book, portion) => {
            let payload = source.payload(&row, &book, portion);
            Told::Answer(Message::Payload(row.number, payload))
        }
        Asked::Query(sql) => Told::Answer(Message::Queried(source.query(&sql))),
        Asked::Note(note) => Told::Answer(Message::Noted(source.note(&note))),
        Asked::Forget(notes) => Told::Answer(Message::Noted(source.forget(&notes))),
        Asked::Diff(tape, run) => {
            let mut payload = |row: &Row| {
                let shown = source.payload(row, &tape.book, Portion::First).ok()?;
                Some(shown.json.map_or(shown.bytes, String::into_bytes))
            };
            let diffed = diff::compare(&tape, run, &mut payload);
            drop(tape);
            Told::Answer(Message::Diffed(diffed.map(Box::new)))
        }
        Asked::Copy(text, what) => {
            let tool = source.copy(&text);
            let tool = tool.map_or_else(String::new, |tool| format!(" and {tool}"));
            let told = format!("{what} copied, by the terminal{tool}");
            Told::Answer(Message::Copied(told))
        }
        Asked::Sift(tape, text, from) => {
            let sifted = source.sift(&tape, &text, from);
            drop(tape);
            Told::Answer(Message::Sifted(text, sifted))
        }
        Asked::Open(key) => match source.open(&key) {
            Ok(opened) => Told::Opened(Box::new(opened)),
            Err(why) => Told::Answer(Message::Opened(Err(why))),
        },
    })
}
