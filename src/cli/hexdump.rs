//! Bytes → lines of a canonical hex dump, 16 bytes each.

/// `00000000  68 65 6c 6c 6f 0a                                 |hello.|`
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.chunks(16).enumerate().map(|(row, chunk)| {
        let mut line = format!("{:08x} ", row * 16);
        for column in 0..16 {
            if column % 8 == 0 {
                line.push(' ');
            }
            match chunk.get(column) {
                Some(byte) => line.push_str(&format!("{byte:02x} ")),
                None => line.push_str("   "),
            }
        }
        line.push_str(" |");
        line.extend(chunk.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        }));
        line.push('|');
        line
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_everyone_knows_it() {
        let lines: Vec<String> = super::lines(b"hello, \x1b[31mworld").collect();
        let expected = [
            "00000000  68 65 6c 6c 6f 2c 20 1b  5b 33 31 6d 77 6f 72 6c  |hello, .[31mworl|",
            "00000010  64                                                |d|",
        ];
        assert_eq!(lines, expected);
    }
}
