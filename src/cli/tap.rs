//! What the proxy sees → the recording's journal, and whoever else wants to know.

use std::task::{Context, Poll};

use crate::proxy::{Push, Tap};
use crate::recording::Journal;
use crate::wire::{Connection, Gap};

/// Hears of connections and notices, beside the recording.
pub(crate) trait Watcher: Send + Sync + 'static {
    /// The latest state of a connection.
    fn connection(&self, connection: &Connection);

    /// Something the user should know that belongs to no connection.
    fn notice(&self, text: &str);
}

/// Puts what the proxy sees into a journal.
pub(crate) struct JournalTap<W> {
    journal: Journal,
    watcher: W,
}

impl<W> JournalTap<W> {
    pub(crate) fn new(journal: Journal, watcher: W) -> Self {
        Self { journal, watcher }
    }
}

impl<W: Watcher> Tap for JournalTap<W> {
    fn connection(&self, connection: Connection) {
        self.watcher.connection(&connection);
        self.journal.connection(connection);
    }

    fn append(&self, connection: i64, write: &mut dyn FnMut(&mut Push<'_>)) {
        self.journal.append(connection, |appender| {
            write(&mut |direction, stamp, frame| appender.frame(direction, stamp, frame));
        });
    }

    fn gap(&self, gap: Gap) {
        self.journal.gap(&gap);
    }

    fn poll_ready(&self, connection: i64, cx: &mut Context<'_>) -> Poll<()> {
        self.journal.poll_ready(connection, cx)
    }

    fn notice(&self, text: String) {
        self.watcher.notice(&text);
    }
}
