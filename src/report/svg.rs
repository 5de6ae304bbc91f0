//! What is seen → a picture of the timeline.

use super::{Bundle, Sight};

/// The report as a picture.
pub fn svg(bundle: &Bundle, sight: &Sight) -> String {
    let width = 800;
    let span = sight.to_ns.saturating_sub(sight.from_ns).max(1);
    let marks: String = sight
        .findings
        .iter()
        .map(|finding| {
            let into = u128::from(finding.at_ns.saturating_sub(sight.from_ns).min(span));
            let x = into * width / u128::from(span);
            format!("<path d=\"M{x} 20v20\" stroke=\"#c33\"/>")
        })
        .collect();
    let frames = bundle.manifest.frames_of.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 60\" role=\"img\" \
         aria-label=\"{frames} frames\"><path d=\"M0 30h{width}\" stroke=\"#888\"/>{marks}</svg>\n"
    )
}
