//! A name that a rules file uses and nobody declares → what was probably meant.

pub(crate) use crate::events::near::nearest;
use crate::events::near::{MAX_DISTANCE, distance, plain};

/// The known event that `name` is most likely a slip of. Stricter than [`nearest`], because an
/// event need not be declared: `ping` is not a slip of `pong`.
pub(super) fn slip<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest(
        name,
        known.into_iter().filter(|candidate| {
            let shorter = name.chars().count().min(candidate.chars().count());
            let limit = MAX_DISTANCE.min(shorter / 5);
            plain(name) == plain(candidate)
                || distance(name, candidate).is_some_and(|distance| distance <= limit)
        }),
    )
}

/// ` did you mean "x"?`, or all of them where nothing is near.
pub(super) fn suggestion<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(name, known.clone()) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let all: Vec<&str> = known.into_iter().take(24).collect();
    (!all.is_empty()).then(|| format!("there is {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::slip;

    #[test]
    fn words_of_their_own_are_no_slips() {
        assert_eq!(slip("pong", ["ping"]), None);
        assert_eq!(slip("unsubscribe", ["subscribe"]), None);
        assert_eq!(slip("agent_complted", ["agent_completed"]), Some("agent_completed"));
    }
}
