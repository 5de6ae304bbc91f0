//! Names, ids and frames → what is kept of each: a hash map for short keys.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// A hash map for numbers and short texts. Seeded anew in every process, since its keys are what
/// traffic says.
pub type Map<K, V> = HashMap<K, V, RandomState>;
