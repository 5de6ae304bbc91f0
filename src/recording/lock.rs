//! stopgap
use std::path::Path;
/// stopgap
pub fn is_live(_path: &Path) -> bool {
    false
}
