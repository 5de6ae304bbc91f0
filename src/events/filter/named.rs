//! `@NAME` in a filter → the filter that has this name.

/// The text with named filters in the places of their names.
///
/// # Errors
/// The name that none has.
pub fn expand(text: &str, of: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let (mut rest, mut before, mut in_quotes) = (text, ' ', false);
    while let Some(letter) = rest.chars().next() {
        let begins = letter == '@' && !in_quotes && (before.is_whitespace() || before == '(');
        rest = &rest[letter.len_utf8()..];
        if begins {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let name = &rest[..end];
            let filter = of(name).ok_or_else(|| name.to_owned())?;
            expanded += &format!("({filter})");
            (rest, before) = (&rest[end..], ')');
            continue;
        }
        in_quotes ^= letter == '"' && before != '\\';
        expanded.push(letter);
        before = letter;
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn names_stand_for_filters_where_words_begin() {
        let of = |name: &str| (name == "slow-ones").then(|| "dt>2s or lat>2s".to_owned());
        let expand = |text| expand(text, &of);
        assert_eq!(expand("@slow-ones"), Ok("(dt>2s or lat>2s)".into()));
        assert_eq!(expand("not @slow-ones dir:in"), Ok("not (dt>2s or lat>2s) dir:in".into()));
        assert_eq!(expand("(@slow-ones)"), Ok("((dt>2s or lat>2s))".into()));
        assert_eq!(expand("a@slow-ones \"@x\" type:@x"), Ok("a@slow-ones \"@x\" type:@x".into()));
        assert_eq!(expand("@fast"), Err("fast".into()));
    }
}
