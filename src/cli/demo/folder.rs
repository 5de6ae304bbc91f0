//! Where the demo's recording goes: the recordings' folder, or one that is gone afterwards.

use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};

use super::DemoArgs;
use crate::cli::Globals;
use crate::cli::failure::{Code, Failure};

/// A folder for one recording.
pub(super) enum Folder {
    /// The recordings' own.
    Kept(PathBuf),
    /// One of its own, for its owner alone, removed when dropped.
    Passing(PathBuf),
}

impl Folder {
    /// The one that `args` ask for.
    pub(super) fn new(args: &DemoArgs, globals: &Globals) -> Result<Self, Failure> {
        if args.save {
            return Ok(Self::Kept(globals.dir.clone()));
        }
        let mut number = [0; 8];
        getrandom::fill(&mut number).map_err(|error| {
            Failure::new(Code::Runtime, "the system gives no random numbers").why(error.to_string())
        })?;
        let name = format!("wiretape-demo-{:016x}", u64::from_le_bytes(number));
        let path = std::env::temp_dir().join(name);
        // Fails where the folder exists, whoever made it.
        private().create(&path).map_err(|error| {
            Failure::new(Code::Runtime, format!("can't make {}", path.display()))
                .because(&error)
                .next("wiretape demo --save   uses the folder of recordings instead")
        })?;
        Ok(Self::Passing(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Passing(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Passing(path) = self {
            // What is left in the system's folder for such things is cleared by the system.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// Makes folders that only their owner can enter.
fn private() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
