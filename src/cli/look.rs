//! A recording's file and a rule book → events and findings: read on one thread, judged on another.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use super::Globals;
use super::failure::{Code, Failure};
use super::progress::Progress;
use crate::analysis::{Analysis, EventStream};
use crate::events::{Event, Symbols, Texts};
use crate::recording::{Check, RecordingError, RecordingReader};
use crate::rules::RuleBook;
use crate::wire::Recording;

/// Events handed over at once: enough that handing over costs nothing, few enough to stay in the
/// processor's cache.
const BATCH: usize = 512;

/// Batches that may wait: the reader is a little ahead, and memory holds a few thousand events.
const AHEAD: usize = 8;

/// Events, and the texts that are new in them.
struct Batch {
    events: Vec<Event>,
    new: Texts,
}

/// Looks at the whole of a recording; `each` is told of every event.
pub(crate) fn look(
    path: &Path,
    book: RuleBook,
    globals: &Globals,
    each: &mut dyn FnMut(&Event, &Symbols),
) -> Result<(Recording, Analysis), Failure> {
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    let recording = reader.recording()?;
    let analysis = Analysis::new(book).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    let last = reader.last_frame()?;
    let mut progress = Progress::new("checking", globals.quiet);
    let (stream, judging) = analysis.apart();
    let (send, batches) = sync_channel(AHEAD);
    let (give_back, judged) = channel();
    let mut analysis = std::thread::scope(|scope| {
        let reading = std::thread::Builder::new()
            .name("reader".into())
            .spawn_scoped(scope, move || read(&reader, stream, (&send, &judged)))?;
        let mut judging = judging;
        while let Ok(Batch { events, new }) = batches.recv() {
            judging.take(&events, &new, each);
            let at = events.last().map_or(0, |event| event.frames.1);
            progress.at(at.unsigned_abs(), last.unsigned_abs());
            // The reader may have ended, and then they are freed here.
            let _ = give_back.send(events);
        }
        match reading.join() {
            Ok(stream) => Ok::<_, Failure>(judging.joined(stream?)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    analysis.end(recording.finished_ns, each);
    Ok((recording, analysis))
}

fn read(
    reader: &RecordingReader,
    mut stream: EventStream,
    (send, judged): (&SyncSender<Batch>, &Receiver<Vec<Event>>),
) -> Result<EventStream, RecordingError> {
    let (mut events, mut known) = (Vec::with_capacity(BATCH), stream.symbols().len());
    let mut hand_over = |events: &mut Vec<Event>, stream: &EventStream| {
        let new = stream.symbols().since(known);
        known = stream.symbols().len();
        // What was judged is freed by the thread that made it: a third of the time otherwise.
        let mut next = judged.try_recv().unwrap_or_default();
        next.clear();
        let events = std::mem::replace(events, next);
        // Nobody listens only where judging has failed, which ends all.
        match send.send(Batch { events, new }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    reader.facts(&mut |fact| {
        stream.feed(&fact, &mut events);
        if events.len() < BATCH {
            return ControlFlow::Continue(());
        }
        hand_over(&mut events, &stream)
    })?;
    let _ = hand_over(&mut events, &stream);
    Ok(stream)
}
