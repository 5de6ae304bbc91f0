//! `4k`, `1.5s`, `..` ↔ numbers with their units.

/// What a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes: 4096, 4k, 1.5m.
    Bytes,
    /// Nanoseconds: 200ms, 2s, 1.5m.
    Time,
    /// Plain numbers.
    Count,
}

/// The units of each kind, the largest first.
const BYTES: [(&str, u64); 4] = [("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10), ("", 1)];
const TIMES: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];
const COUNTS: [(&str, u64); 1] = [("", 1)];

impl Unit {
    fn names(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Bytes => &BYTES,
            Self::Time => &TIMES,
            Self::Count => &COUNTS,
        }
    }

    /// How amounts are written.
    pub(super) const fn form(self) -> &'static str {
        match self {
            Self::Bytes => "write 4096, 4k or 1.5m",
            Self::Time => "write 200ms, 2s, 1.5m or 1h",
            Self::Count => "write a whole number",
        }
    }

    /// Reads an amount; `None` if it is none.
    pub(super) fn read(self, text: &str) -> Option<u64> {
        let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.to_ascii_lowercase();
        // `4kb` and `4KiB` are what people write too.
        let unit = match self {
            Self::Bytes => unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit),
            Self::Time | Self::Count => &unit,
        };
        let (_, size) = self.names().iter().find(|(name, _)| *name == unit)?;
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(*size);
        }
        let number: f64 = number.parse().ok().filter(|_| *size > 1)?;
        let amount = number * *size as f64;
        (amount.is_finite() && amount < 9e18).then_some(amount.round() as u64)
    }

    /// Writes an amount so that [`Unit::read`] reads the same.
    pub(super) fn write(self, amount: u64) -> String {
        let fits = |size: u64| amount.is_multiple_of(size) && (amount > 0 || size == 1);
        let names = self.names();
        let found = names.iter().find(|(_, size)| fits(*size)).or(names.last());
        let (name, size) = found.copied().unwrap_or(("", 1));
        format!("{}{name}", amount / size)
    }
}

/// Which amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Range {
    Above(u64),
    AtLeast(u64),
    Below(u64),
    AtMost(u64),
    Exactly(u64),
    /// Both ends are in it.
    Between(u64, u64),
}

impl Range {
    /// Whether an amount is in it.
    pub fn has(self, amount: u64) -> bool {
        match self {
            Self::Above(bound) => amount > bound,
            Self::AtLeast(bound) => amount >= bound,
            Self::Below(bound) => amount < bound,
            Self::AtMost(bound) => amount <= bound,
            Self::Exactly(wanted) => amount == wanted,
            Self::Between(from, to) => (from..=to).contains(&amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, bytes) in
            [("4k", 4096), ("4KiB", 4096), ("1.5m", 3 << 19), ("12", 12), ("12b", 12)]
        {
            assert_eq!(Unit::Bytes.read(text), Some(bytes), "{text}");
        }
        assert_eq!(Unit::Time.read("1.5s"), Some(1_500_000_000));
        assert_eq!(Unit::Time.read("200ms"), Some(200_000_000));
        for wrong in ["2", "s", "-2s", "1.2.3s", "9999999999999h", "2 s", ""] {
            assert_eq!(Unit::Time.read(wrong), None, "{wrong}");
        }
        assert_eq!(Unit::Count.read("1.5"), None);
    }
}
