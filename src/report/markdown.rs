//! A report → Markdown to paste into an issue.

use super::{Bundle, Sight};

/// The report as Markdown.
pub fn markdown(bundle: &Bundle, sight: &Sight) -> String {
    let mut text = format!("### {}\n\n", in_code(&bundle.title));
    for finding in &sight.findings {
        text += &format!("- {} {}\n", finding.code, in_code(&finding.message));
    }
    text + &format!("\nScope: {}\n", in_code(&bundle.manifest.scope))
}

/// A text as code, so that nothing in it is markup.
fn in_code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(char::is_control, " "))
}
