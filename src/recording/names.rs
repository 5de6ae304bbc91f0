//! Two-word names: friendly, short, told apart when read aloud, and any pair is harmless.

/// First words.
const QUALITIES: [&str; 80] = [
    "amber", "autumn", "azure", "bold", "brass", "breezy", "bright", "brisk", "bronze", "calm",
    "candid", "cedar", "cheery", "chilly", "clever", "cobalt", "coral", "cosmic", "cosy", "crisp",
    "dapper", "deft", "eager", "early", "earnest", "fabled", "fancy", "fleet", "fond", "frosty",
    "gentle", "gilded", "glad", "golden", "hardy", "hazel", "honest", "humble", "indigo", "ivory",
    "jaunty", "jolly", "keen", "kind", "lively", "lucid", "lucky", "lunar", "maple", "mellow",
    "merry", "mighty", "mint", "misty", "modest", "nimble", "noble", "olive", "opal", "patient",
    "peppy", "placid", "plucky", "polar", "proud", "quick", "quiet", "rapid", "ready", "rustic",
    "silver", "snowy", "solar", "steady", "sunny", "swift", "tidy", "vivid", "warm", "witty",
];

/// Second words.
const ANIMALS: [&str; 80] = [
    "alpaca", "badger", "beaver", "beetle", "bison", "bobcat", "camel", "canary", "cheetah",
    "cicada", "condor", "cougar", "coyote", "crane", "cricket", "dingo", "dolphin", "eagle",
    "egret", "falcon", "ferret", "finch", "fox", "gannet", "gazelle", "gecko", "gibbon", "giraffe",
    "hamster", "hare", "hedgehog", "heron", "hoopoe", "ibex", "ibis", "iguana", "jackdaw",
    "jaguar", "kestrel", "kiwi", "koala", "lemur", "leopard", "linnet", "llama", "lynx", "magpie",
    "marmot", "marten", "mole", "moose", "narwhal", "newt", "ocelot", "oriole", "osprey", "otter",
    "owl", "panda", "panther", "pelican", "penguin", "plover", "puffin", "puma", "quail", "rabbit",
    "raven", "robin", "salmon", "seal", "sparrow", "stork", "swan", "tapir", "toucan", "turtle",
    "walrus", "wombat", "zebra",
];

/// The name for a random number; any number will do.
pub(super) fn name(random: u64) -> String {
    let (quality, animal) = (random % 80, random / 80 % 80);
    format!("{}-{}", QUALITIES[quality as usize], ANIMALS[animal as usize])
}

/// How many letters must change to make `b` of `a` (Levenshtein).
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (place, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_word_is_there_once_and_plain() {
        let words: HashSet<&str> = QUALITIES.into_iter().chain(ANIMALS).collect();
        assert_eq!(words.len(), QUALITIES.len() + ANIMALS.len());
        assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
        let names: HashSet<String> = (0..6_400).map(name).collect();
        assert_eq!(names.len(), 6_400);
        name(u64::MAX);
    }

    #[test]
    fn distance_counts_changes() {
        for (a, b, expected) in
            [("", "", 0), ("fox", "fox", 0), ("fox", "fix", 1), ("", "ab", 2), ("owl", "wolf", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }
}
