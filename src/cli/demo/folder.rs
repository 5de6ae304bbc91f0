//! Where the demo's recording goes: the recordings' folder, or one that is gone afterwards.

use std::path::{Path, PathBuf};

use super::DemoArgs;
use crate::cli::Globals;
use crate::cli::failure::Failure;
use crate::cli::scratch::ScratchFolder;

/// A folder for one recording.
pub(super) enum Folder {
    /// The recordings' own.
    Kept(PathBuf),
    /// One of its own, for its owner alone, removed when dropped.
    Passing(ScratchFolder),
}

impl Folder {
    /// The one that `args` ask for.
    pub(super) fn new(args: &DemoArgs, globals: &Globals) -> Result<Self, Failure> {
        if args.save {
            return Ok(Self::Kept(globals.dir.clone()));
        }
        let passing = ScratchFolder::new().map_err(|failure| {
            failure.next("wiretape demo --save   uses the folder of recordings instead")
        })?;
        Ok(Self::Passing(passing))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }
}
