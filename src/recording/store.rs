//! stopgap
use super::RecordingError;
use std::path::Path;
/// stopgap
pub fn remove(path: &Path) -> Result<(), RecordingError> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(RecordingError::Open { path: file.into(), source });
            }
            _ => {}
        }
    }
    Ok(())
}
