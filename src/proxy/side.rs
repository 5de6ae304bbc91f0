//! One socket of an HTTP exchange, with what was read and not yet used and what is still to go.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::stream::Stream;

/// Bytes read at once while heads and bodies are scanned.
const READ: usize = 16 << 10;

/// Bytes that may wait on either way; above it the sender is left waiting (TCP's flow control).
pub(super) const WAITING_LIMIT: usize = 128 << 10;

/// Bytes taken from a client that still talks while it is being refused.
const GOODBYE_BYTES: usize = 1 << 20;

/// One socket and its two buffers.
pub(super) struct Side {
    pub(super) stream: Stream,
    /// Read, not used.
    pub(super) inbox: Vec<u8>,
    /// To be written.
    pub(super) outbox: Vec<u8>,
    /// The peer has ended its half.
    pub(super) ended: bool,
    /// Our half has been ended.
    pub(super) shut: bool,
    /// Writing has failed: the peer takes nothing more, though it may still have something to say.
    pub(super) deaf: bool,
    written: usize,
}

impl Side {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
            ended: false,
            shut: false,
            deaf: false,
            written: 0,
        }
    }

    /// Reads once into the inbox; `Ok(0)` is the end. Pending while the inbox is full.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.inbox.len() >= WAITING_LIMIT {
            return Poll::Pending;
        }
        let mut buffer = [0; READ];
        let read = match ready!(self.stream.poll_read(cx, &mut buffer)) {
            // TLS without close_notify: in HTTP the framing tells whether something is missing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        self.inbox.extend_from_slice(&buffer[..read]);
        self.ended |= read == 0;
        Poll::Ready(Ok(read))
    }

    /// Reads whatever comes, to see the peer leave; ready only if it has.
    pub(super) fn poll_watch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ended {
            if ready!(self.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }

    /// Writes the outbox out.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outbox.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.outbox.len() {
            self.written += ready!(self.stream.poll_write(cx, &self.outbox[self.written..]))?;
        }
        ready!(self.stream.poll_flush(cx))?;
        self.outbox = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Ends our half once the outbox is out.
    pub(super) fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            ready!(self.poll_drain(cx))?;
            ready!(self.stream.poll_shutdown(cx))?;
            self.shut = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is left and ends; then listens a little, since closing a socket with unread
    /// bytes makes the system throw away what it has not sent (RFC 9112, 9.6).
    pub(super) async fn goodbye(&mut self, limit: Duration) {
        let farewell = async {
            poll_fn(|cx| self.poll_shut(cx)).await?;
            let mut taken = 0;
            while !self.ended && taken < GOODBYE_BYTES {
                self.inbox.clear();
                taken += poll_fn(|cx| self.poll_fill(cx)).await?;
            }
            Ok::<(), io::Error>(())
        };
        // A peer that does not listen, or not in time, has its answer: the socket closes.
        let _ = tokio::time::timeout(limit, farewell).await;
    }
}
