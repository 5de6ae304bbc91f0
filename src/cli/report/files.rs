//! A bundle → files, searched for what is hidden, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::draft::{Draft, Payloads, Ready};
use crate::cli::failure::{Code, Failure};
use crate::cli::{escape, human, intake, zipped};
use crate::redact::Leaks;
use crate::report::{self, Bundle, Manifest, Sight, View};

/// Numbers tried for a name that is taken.
const MAX_NUMBER: u32 = 10_000;

/// Letters of a leaked original that are shown, which is enough to know it by.
const SHOWN: usize = 6;

/// A file of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Markdown,
    Svg,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Html, Self::Markdown, Self::Svg];

    const fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Svg => "svg",
        }
    }

    fn render(self, bundle: &Bundle, sight: &Sight) -> String {
        match self {
            Self::Html => report::html(bundle, sight),
            Self::Markdown => report::markdown(bundle, sight),
            Self::Svg => report::svg(bundle, sight),
        }
    }
}

/// Where files go, and which.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) kinds: Vec<Kind>,
    pub(super) zip: bool,
    pub(super) folder: PathBuf,
    /// What is there is overwritten.
    pub(super) force: bool,
    /// Bytes of the largest file.
    pub(super) most: u64,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Of the Markdown: itself, for the clipboard.
    pub(super) text: Option<String>,
}

/// Makes the files, searches them, and writes them.
pub(super) fn write(
    draft: &Draft,
    ready: &Ready,
    wanted: &Wanted,
) -> Result<Vec<Written>, Failure> {
    let made = make(ready, &draft.redacted.leaks(), &wanted.kinds)?;
    let total = made.iter().map(|(_, bytes)| bytes.len() as u64).max().unwrap_or(0);
    if total > wanted.most {
        return Err(too_large(total, wanted.most, draft.payloads()));
    }
    let endings: Vec<&str> =
        if wanted.zip { vec!["zip"] } else { made.iter().map(|(kind, _)| kind.ending()).collect() };
    let stem = free_stem(wanted, &ready.stem, &endings)?;
    let markdown = made.iter().find(|(kind, _)| *kind == Kind::Markdown);
    let text = markdown.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    let files: Vec<(String, Vec<u8>)> = made
        .into_iter()
        .map(|(kind, bytes)| (format!("{stem}.{}", kind.ending()), bytes))
        .collect();
    let files =
        if wanted.zip { vec![(format!("{stem}.zip"), zipped::pack(&files)?)] } else { files };
    fs::create_dir_all(&wanted.folder).map_err(|error| unwritten(&wanted.folder, &error))?;
    let mut written = Vec::new();
    for (name, bytes) in files {
        let here = Path::new(".");
        let path = if wanted.folder == here { name.into() } else { wanted.folder.join(name) };
        let is_markdown = path.extension().is_some_and(|end| end == "md");
        put(&path, &bytes, wanted.force)?;
        let text = text.clone().filter(|_| is_markdown || wanted.zip);
        written.push(Written { path, bytes: bytes.len() as u64, text });
    }
    Ok(written)
}

fn too_large(size: u64, most: u64, payloads: Payloads) -> Failure {
    let (size, most) = (human::size(size), human::size(most));
    let failure = Failure::new(Code::Usage, format!("the report would have {size}, over {most}"))
        .why("issue trackers take no larger attachments")
        .next("wiretape report REC --max-size 100M   makes it none the less")
        .next("wiretape report REC --run ID   or --range A..B   takes less of the recording");
    match payloads {
        Payloads::All => failure.next(
            "wiretape report REC --payloads types-only   leaves out of payloads what no rule reads",
        ),
        Payloads::TypesOnly => failure,
    }
}

/// A report about nothing.
fn bare(bundle: &Bundle) -> Bundle {
    Bundle {
        title: String::new(),
        manifest: Manifest::default(),
        facts: Vec::new(),
        tape: String::new(),
        book: bundle.book.clone(),
        rules_text: String::new(),
        view: View::default(),
    }
}

fn make(ready: &Ready, leaks: &Leaks, kinds: &[Kind]) -> Result<Vec<(Kind, Vec<u8>)>, Failure> {
    let bundle = &ready.bundle;
    let sight = Sight::of(bundle).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    let bare = bare(bundle);
    let bare_sight = Sight::default();
    let mut made = Vec::new();
    for kind in kinds {
        let text = kind.render(bundle, &sight);
        // A secret may be a word that every page has; what else is in this one is searched below.
        let own = leaks.except_in(kind.render(&bare, &bare_sight).as_bytes());
        search(&own, &text, kind.ending())?;
        if *kind == Kind::Html {
            // What is packed in it is searched as it will be read.
            let embedded = report::read_html(&text).map_err(|error| intake::unread(&error))?;
            let inside = |what: &str| format!("the {what} in the html");
            search(leaks, &embedded.tape, &inside("tape"))?;
            search(leaks, &embedded.rules_text, &inside("rules"))?;
            for (what, json) in [
                ("manifest", serde_json::to_string(&embedded.manifest)),
                ("view", serde_json::to_string(&embedded.view)),
                ("timeline", serde_json::to_string(&sight)),
                ("title", serde_json::to_string(&bundle.title)),
                ("text to copy", Ok(report::markdown(bundle, &sight))),
            ] {
                search(leaks, &json.unwrap_or_default(), &inside(what))?;
            }
        }
        made.push((*kind, text.into_bytes()));
    }
    search(leaks, &ready.stem, "the files' name")?;
    Ok(made)
}

/// Refuses a text that a hidden original is in.
fn search(leaks: &Leaks, text: &str, what: &str) -> Result<(), Failure> {
    let found = leaks.find(text.as_bytes());
    let Some(first) = found.first() else { return Ok(()) };
    let begins: String = first.original.chars().take(SHOWN).collect();
    Err(Failure::new(Code::Runtime, "nothing was written: what is hidden is still in the report")
        .why(format!(
            "`{begins}…` ({}) is in {what}, at byte {}, as {}",
            human::counted(first.original.chars().count() as u64, "character"),
            first.at,
            first.form
        ))
        .next("wiretape report REC --redact strict   leaves out more")
        .next("\"rule:…\" = \"show\" in wiretape.toml   if it is no secret"))
}

/// A name that nothing has yet.
fn free_stem(wanted: &Wanted, stem: &str, endings: &[&str]) -> Result<String, Failure> {
    let is_free = |stem: &str| {
        endings.iter().all(|ending| {
            fs::symlink_metadata(wanted.folder.join(format!("{stem}.{ending}"))).is_err()
        })
    };
    if wanted.force || is_free(stem) {
        return Ok(stem.to_owned());
    }
    let mut numbered = (2..MAX_NUMBER).map(|number| format!("{stem}-{number}"));
    numbered.find(|stem| is_free(stem)).ok_or_else(|| {
        let folder = escape::path(&wanted.folder);
        Failure::new(Code::Runtime, format!("too many files in {folder} are called {stem}"))
            .next("--force   overwrites the first")
    })
}

/// Writes a file that has its name only once it is whole, and that is its owner's alone.
fn put(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    let partial = partial(path);
    let result = (|| {
        fill(&partial, bytes, true)?;
        if force {
            return fs::rename(&partial, path);
        }
        // Fails where somebody else has taken the name meanwhile.
        match fs::hard_link(&partial, path) {
            Ok(()) => fs::remove_file(&partial),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Not every disk has links.
            Err(_) => fs::rename(&partial, path),
        }
    })();
    if result.is_err() {
        // What matters is already an error; a leftover is only untidy.
        let _ = fs::remove_file(&partial);
    }
    result.map_err(|error| unwritten(path, &error))
}

/// Gives a file other contents, at once.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let partial = partial(path);
    let result = (|| {
        fill(&partial, bytes, false)?;
        if let Ok(before) = fs::metadata(path) {
            fs::set_permissions(&partial, before.permissions())?;
        }
        fs::rename(&partial, path)
    })();
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result.map_err(|error| unwritten(path, &error))
}

fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    PathBuf::from(partial)
}

fn fill(path: &Path, bytes: &[u8], is_private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file: File = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Code::Runtime, format!("{} can't be written", escape::path(path)))
        .why(error.to_string())
        .next("--out FOLDER   writes elsewhere")
}
