//! Masked bytes ↔ unmasked bytes (RFC 6455, 5.3).

/// XORs `bytes` with `key`, whose first byte meets payload offset 0; `bytes` starts at `offset`.
///
/// Masking and unmasking are the same. Eight bytes a step, which the compiler turns into vectors.
pub fn apply(bytes: &mut [u8], key: [u8; 4], offset: u64) {
    let phase = (offset % 4) as usize;
    let turned = [key[phase % 4], key[(phase + 1) % 4], key[(phase + 2) % 4], key[(phase + 3) % 4]];
    let [a, b, c, d] = turned;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(turned.into_iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn any_split_masks_alike() {
        let plain: Vec<u8> = (0..=255).collect();
        let key = [1, 2, 3, 0x80];
        let naive: Vec<u8> = plain.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
        for at in 0..plain.len() {
            let mut bytes = plain.clone();
            let (left, right) = bytes.split_at_mut(at);
            apply(left, key, 0);
            apply(right, key, at as u64);
            assert_eq!(bytes, naive, "split at {at}");
        }
    }
}
