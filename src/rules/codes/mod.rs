//! The code of a finding → a page that tells what it means and what to do.

use super::language::nearest;

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// `E101`. Codes never change their meaning.
    pub code: &'static str,
    /// The page; its first line is the code and its title.
    pub text: &'static str,
}

impl Page {
    /// What the code is called.
    pub fn title(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.strip_prefix(self.code).unwrap_or(line).trim_start()
    }
}

const PAGES: [Page; 20] = [
    Page { code: "E101", text: include_str!("E101.md") },
    Page { code: "E102", text: include_str!("E102.md") },
    Page { code: "E103", text: include_str!("E103.md") },
    Page { code: "E104", text: include_str!("E104.md") },
    Page { code: "E105", text: include_str!("E105.md") },
    Page { code: "E106", text: include_str!("E106.md") },
    Page { code: "E107", text: include_str!("E107.md") },
    Page { code: "E108", text: include_str!("E108.md") },
    Page { code: "E109", text: include_str!("E109.md") },
    Page { code: "E110", text: include_str!("E110.md") },
    Page { code: "E111", text: include_str!("E111.md") },
    Page { code: "E112", text: include_str!("E112.md") },
    Page { code: "W201", text: include_str!("W201.md") },
    Page { code: "W202", text: include_str!("W202.md") },
    Page { code: "W203", text: include_str!("W203.md") },
    Page { code: "W204", text: include_str!("W204.md") },
    Page { code: "W205", text: include_str!("W205.md") },
    Page { code: "W206", text: include_str!("W206.md") },
    Page { code: "W207", text: include_str!("W207.md") },
    Page { code: "W208", text: include_str!("W208.md") },
];

/// The pages of all codes.
pub fn pages() -> &'static [Page] {
    &PAGES
}

/// The page of `code`, in any case.
pub fn explain(code: &str) -> Option<Page> {
    PAGES.into_iter().find(|page| page.code.eq_ignore_ascii_case(code))
}

/// The code that was probably meant.
pub fn near(code: &str) -> Option<&'static str> {
    nearest(&code.to_ascii_uppercase(), PAGES.iter().map(|page| page.code))
}

#[cfg(test)]
mod tests {
    use super::{explain, near, pages};

    #[test]
    fn every_page_has_every_part() {
        for page in pages() {
            assert!(page.text.starts_with(page.code) && !page.title().is_empty());
            for part in ["On the wire", "Usual causes", "What to do", "To silence it"] {
                assert!(page.text.contains(&format!("\n\n{part}\n\n")), "{}: {part}", page.code);
            }
            assert!(page.text.lines().all(|line| line.chars().count() <= 90), "{}", page.code);
        }
    }

    #[test]
    fn codes_are_found_in_any_case() {
        assert_eq!(explain("e102").map(|page| page.code), Some("E102"));
        assert_eq!(explain("E999"), None);
        assert_eq!(near("E1O2"), Some("E102"));
    }
}
