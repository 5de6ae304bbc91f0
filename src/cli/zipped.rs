//! A report's files ↔ one zip file, for trackers that take no HTML.
//!
//! Reading trusts nothing: nothing is ever extracted by its name, only the one page is read, and
//! no more of it than a page may have.

use std::io::{Cursor, Read as _, Write as _};

use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::escape;
use super::failure::{Code, Failure};
use crate::report::MAX_HTML;

/// Files in a zip: a report has three.
const MAX_FILES: usize = 16;

/// The endings of a report's files.
const ENDINGS: [&str; 3] = [".html", ".md", ".svg"];

/// The files, packed: their names and what is in them.
pub(super) fn pack(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new(Code::Runtime, "the report could not be zipped").because(error)
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o600);
    for (name, bytes) in files {
        zip.start_file(name.as_str(), options).map_err(|error| failed(&error))?;
        zip.write_all(bytes).map_err(|error| failed(&error))?;
    }
    Ok(zip.finish().map_err(|error| failed(&error))?.into_inner())
}

/// The one page that is in a report's zip.
pub(super) fn html(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let refused = |why: String| {
        Failure::new(Code::Input, "the zip can't be read as a report")
            .why(why)
            .next("wiretape report REC --zip   makes one that can")
    };
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| refused(error.to_string()))?;
    if archive.len() > MAX_FILES {
        return Err(refused(format!("{} files are in it, and a report has three", archive.len())));
    }
    let mut page = None;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| refused(error.to_string()))?;
        let name = file.name().map_err(|error| refused(error.to_string()))?;
        let shown = escape::fit(name.as_bytes(), 60);
        let is_plain = !name.contains(['/', '\\', ':', '\0']) && !file.is_symlink();
        if !is_plain || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            return Err(refused(format!("{shown} is in it, which is no file of a report")));
        }
        if name.ends_with(".html") && page.replace(at).is_some() {
            return Err(refused(format!("{shown} is a second page in it")));
        }
    }
    let page = page.ok_or_else(|| refused("no .html is in it".to_owned()))?;
    let file = archive.by_index(page).map_err(|error| refused(error.to_string()))?;
    let mut html = Vec::new();
    // What a header says of its length is not believed: as much is read as may be.
    let read = file.take(MAX_HTML as u64 + 1).read_to_end(&mut html);
    read.map_err(|error| refused(error.to_string()))?;
    if html.len() > MAX_HTML {
        return Err(refused(format!("its page is over {MAX_HTML} bytes long")));
    }
    Ok(html)
}
