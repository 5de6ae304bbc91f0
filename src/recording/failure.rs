//! Why a batch could not be stored, as the recorder and people take it.

use std::error::Error;
use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::RecordingError;
use super::displaced::Displaced;
use super::file;
use crate::wire::GapReason;

/// Why a batch could not be stored.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: GapReason,
    pub(super) text: String,
    pub(super) displaced: Option<Displaced>,
}

impl Failure {
    pub(super) fn displaced(path: &Path, displaced: Displaced) -> Self {
        let text = format!("{} {displaced}", path.display());
        Self { reason: GapReason::DiskError, text, displaced: Some(displaced) }
    }

    pub(super) fn sqlite(
        path: &Path,
        error: &rusqlite::Error,
        displaced: Option<Displaced>,
    ) -> Self {
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        let displaced = match displaced {
            None if code == ffi::SQLITE_READONLY_DBMOVED => Some(Displaced::Removed),
            None if file::is_broken(error) => Some(Displaced::Overwritten),
            seen => seen,
        };
        if let Some(displaced) = displaced {
            return Self::displaced(path, displaced);
        }
        let path = path.display();
        let (reason, text) = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (GapReason::Locked, format!("{path} is locked by another program"))
            }
            // The log's index has no room to grow.
            _ if code == ffi::SQLITE_IOERR_SHMSIZE => {
                (GapReason::DiskFull, format!("the disk is full: no room for {path}"))
            }
            Some(ErrorCode::DiskFull) => {
                (GapReason::DiskFull, format!("the disk is full: no room for {path}"))
            }
            _ => (GapReason::DiskError, format!("{path} can't be written: {error}")),
        };
        Self { reason, text, displaced: None }
    }

    pub(super) fn new_file(error: &RecordingError) -> Self {
        let reason = match error {
            RecordingError::Full { .. } => GapReason::DiskFull,
            RecordingError::Locked { .. } => GapReason::Locked,
            _ => GapReason::DiskError,
        };
        let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
        Self { reason, text: format!("{error}{cause}"), displaced: None }
    }
}
