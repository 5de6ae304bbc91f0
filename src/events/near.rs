//! A name that nobody knows → the known name that was probably meant.

/// Names longer than this are compared by equality only: the comparison is quadratic.
const LONGEST: usize = 64;

/// Changes that a slip of the fingers makes.
pub(crate) const MAX_DISTANCE: usize = 2;

/// The known name nearest to `name`: at most two changes away, or the same but for case and
/// `_`, `-`, `.`.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let limit = MAX_DISTANCE.min(candidate.chars().count().max(2) - 1);
        let distance = match distance(name, candidate) {
            _ if plain(name) == plain(candidate) => 0,
            Some(distance) if distance <= limit => distance,
            _ => continue,
        };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `name` without case and separators.
pub(crate) fn plain(name: &str) -> String {
    let kept = name.chars().filter(|character| !matches!(character, '_' | '-' | '.'));
    kept.flat_map(char::to_lowercase).collect()
}

/// Characters to insert, remove, replace or swap with their neighbour; `None` for long names.
pub(crate) fn distance(a: &str, b: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) > LONGEST || a.len().abs_diff(b.len()) > MAX_DISTANCE {
        return None;
    }
    let mut twice_above = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(twice_above[j - 1] + 1);
            }
            row.push(least);
        }
        twice_above = std::mem::replace(&mut above, row);
    }
    above.last().copied()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn slips_of_the_fingers_are_seen() {
        let known = ["tool_executing", "tool_completed", "agent_started"];
        assert_eq!(nearest("tool_complted", known), Some("tool_completed"));
        assert_eq!(nearest("toolCompleted", known), Some("tool_completed"));
        assert_eq!(nearest("AGENT.STARTED", known), Some("agent_started"));
        assert_eq!(nearest("user_message", known), None);
        assert_eq!(nearest("rnu", ["run", "conn"]), Some("run"));
        assert_eq!(nearest("xy", ["a"]), None);
    }

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(distance("abcd", "abdc"), Some(1));
        assert_eq!(distance("kitten", "sittin"), Some(2));
        assert_eq!(distance("", "ab"), Some(2));
        assert_eq!(distance(&"x".repeat(99), &"x".repeat(99)), None);
    }
}
