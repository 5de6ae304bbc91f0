//! Files and folders that only their owner can read, whatever the umask. The one place for
//! calls that are Unix's own.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Which file a path leads to: it differs once another file has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

/// The first bytes of an open file, whoever reads it elsewhere.
pub(super) fn first_bytes<const N: usize>(file: &File) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    #[cfg(unix)]
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, 0)?;
    #[cfg(not(unix))]
    {
        use std::io::{Read as _, Seek as _};
        let mut file = file;
        file.rewind()?;
        file.read_exact(&mut bytes)?;
    }
    Ok(bytes)
}

/// Makes a new file of mode 0600 and leaves it closed; an error if the name is taken.
pub(super) fn create_new(path: &Path) -> io::Result<()> {
    let file = with_private_mode(OpenOptions::new().write(true).create_new(true)).open(path)?;
    restrict(&file)
}

/// Opens a file, made with mode 0600 if it is not there.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = with_private_mode(options.read(true).write(true).create(true)).open(path)?;
    restrict(&file)?;
    Ok(file)
}

/// Makes a folder of mode 0700, and those above it; one that is there stays as it is.
pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(path)
}

/// The identity of the file that `metadata` tells of; where the system has none to offer, all
/// files are the same.
#[cfg(unix)]
pub(super) fn file_id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    FileId(metadata.dev(), metadata.ino())
}

/// The identity of the file that `metadata` tells of; where the system has none to offer, all
/// files are the same.
#[cfg(not(unix))]
pub(super) fn file_id(_metadata: &Metadata) -> FileId {
    FileId(0, 0)
}

#[cfg(unix)]
fn with_private_mode(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn with_private_mode(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A umask can only take bits away, the owner's too.
#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &File) -> io::Result<()> {
    Ok(())
}
