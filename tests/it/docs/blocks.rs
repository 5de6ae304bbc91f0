//! A page's text → its fenced blocks, and a block's lines → commands with what they print.

/// A fenced block.
pub(super) struct Block<'t> {
    /// What stands after the opening fence.
    pub(super) info: &'t str,
    pub(super) text: &'t str,
    /// Where the fence is, from 1.
    pub(super) line: usize,
}

/// The fenced blocks of a page. A fence is closed by one at least as long.
pub(super) fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut found, mut at, mut open) = (Vec::new(), 0, None);
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let info = line.trim_end().trim_start_matches('`');
        let long = line.len() - line.trim_start_matches('`').len();
        match open {
            None if long >= 3 => open = Some((info, long, at + line.len(), index + 1)),
            Some((began, least, start, line)) if long >= least && info.is_empty() => {
                found.push(Block { info: began, text: &page[start..at], line });
                open = None;
            }
            _ => {}
        }
        at += line.len();
    }
    assert!(open.is_none(), "a block is never closed");
    found
}

/// The commands of a block, each with what is shown below it.
pub(super) fn commands(text: &str) -> Vec<(&str, &str)> {
    let starts: Vec<usize> = text
        .match_indices("$ ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text[..*at].ends_with('\n'))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| &text[start + 2..end]);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

/// A command's words, as a shell would take them apart.
pub(super) fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
