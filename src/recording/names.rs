//! Names that people can say aloud ("amber-fox"), and unique ids.

use std::fmt::Write as _;

/// A random two-word name; about seven thousand there are.
pub(super) fn two_words() -> String {
    let random = random::<4>();
    let pick = |words: &[&'static str], at: usize| {
        words[usize::from(u16::from_le_bytes([random[at], random[at + 1]])) % words.len()]
    };
    format!("{}-{}", pick(&ADJECTIVES, 0), pick(&ANIMALS, 2))
}

/// A random uuid (RFC 9562, version 4), as text.
pub(super) fn uuid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a source of random bytes");
    bytes
}

/// First words: short, friendly, told apart by ear.
const ADJECTIVES: [&str; 80] = [
    "amber", "azure", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "clever",
    "cobalt", "copper", "coral", "cosmic", "crimson", "crisp", "daring", "deft", "eager", "early",
    "fabled", "fleet", "fresh", "gentle", "gilded", "glad", "golden", "grand", "hazel", "honest",
    "humble", "indigo", "ivory", "jade", "jolly", "keen", "kind", "lively", "lucid", "lunar",
    "mellow", "merry", "mighty", "misty", "modest", "nimble", "noble", "olive", "opal", "pearl",
    "plucky", "polar", "proud", "quick", "quiet", "rapid", "royal", "ruby", "rustic", "sandy",
    "scarlet", "serene", "silver", "sleek", "snowy", "solar", "spry", "stellar", "sturdy", "sunny",
    "swift", "tidy", "topaz", "tranquil", "upbeat", "velvet", "vivid", "warm", "witty", "zesty",
];

/// Second words.
const ANIMALS: [&str; 83] = [
    "badger",
    "beaver",
    "bison",
    "bobcat",
    "camel",
    "caribou",
    "cheetah",
    "condor",
    "coyote",
    "crane",
    "cricket",
    "dingo",
    "dolphin",
    "eagle",
    "falcon",
    "ferret",
    "finch",
    "fox",
    "gazelle",
    "gecko",
    "gibbon",
    "hamster",
    "hare",
    "hawk",
    "heron",
    "hornet",
    "ibex",
    "iguana",
    "jackal",
    "jaguar",
    "kestrel",
    "kingfisher",
    "koala",
    "lemur",
    "leopard",
    "linnet",
    "lizard",
    "llama",
    "lynx",
    "magpie",
    "mallard",
    "marlin",
    "marmot",
    "marten",
    "meerkat",
    "mole",
    "moose",
    "newt",
    "ocelot",
    "osprey",
    "otter",
    "owl",
    "panda",
    "panther",
    "parrot",
    "pelican",
    "penguin",
    "pheasant",
    "puffin",
    "puma",
    "quail",
    "rabbit",
    "raccoon",
    "raven",
    "robin",
    "salmon",
    "seal",
    "sparrow",
    "squirrel",
    "stork",
    "swan",
    "tapir",
    "tiger",
    "toucan",
    "trout",
    "turtle",
    "walrus",
    "weasel",
    "wolf",
    "wombat",
    "wren",
    "yak",
    "zebra",
];

#[cfg(test)]
mod tests {
    use super::{two_words, uuid};

    #[test]
    fn names_and_ids_are_well_formed_and_differ() {
        let names: std::collections::HashSet<String> = (0..200).map(|_| two_words()).collect();
        assert!(names.len() > 150, "{}", names.len());
        assert!(names.iter().all(|name| name.split('-').count() == 2));
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert_ne!(id, uuid());
    }
}
