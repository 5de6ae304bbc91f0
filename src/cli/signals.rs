//! Ctrl-C, SIGTERM and SIGHUP → "stop".

use std::io;

/// Listens for the signals that end a recording.
pub(crate) struct Signals {
    #[cfg(unix)]
    listened: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    /// Takes the signals over from the system's defaults. Must run inside a tokio runtime.
    pub(crate) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let [int, term, hup] =
                [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            Ok(Self { listened: [signal(int)?, signal(term)?, signal(hup)?] })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Ready at the next of them.
    pub(crate) async fn stop(&mut self) {
        #[cfg(unix)]
        {
            let [int, term, hup] = &mut self.listened;
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
                _ = hup.recv() => {}
            }
        }
        #[cfg(not(unix))]
        {
            // Without a console there is nobody to press Ctrl-C.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
