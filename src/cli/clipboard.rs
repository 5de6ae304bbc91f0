//! A text → the clipboard of this machine, by whichever tool it has.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Tools that take a text from their standard input, and the variable that says whether they have
/// somewhere to put it.
const TOOLS: &[(&str, &[&str], Option<&str>)] = &[
    ("pbcopy", &[], None),
    ("clip.exe", &[], Some("WSL_DISTRO_NAME")),
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
];

/// Gives `text` to the first that takes it; which one, if any did.
pub(super) fn copy(text: &str) -> Option<&'static str> {
    let mut usable = TOOLS.iter().filter(|(_, _, needs)| {
        needs.is_none_or(|name| std::env::var_os(name).is_some_and(|set| !set.is_empty()))
    });
    usable.find(|(tool, args, _)| takes(tool, args, text)).map(|(tool, _, _)| *tool)
}

fn takes(tool: &str, args: &[&str], text: &str) -> bool {
    let mut command = Command::new(tool);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    // Those that keep the text go on by themselves, in the background.
    let written =
        child.stdin.take().is_some_and(|mut input| input.write_all(text.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}
