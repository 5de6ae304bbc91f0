//! A character → whether it shows as itself, wherever it is printed.

/// The character shows as itself: not a control, a format character (bidi marks, zero-width
/// joiners), a private or unassigned one, a line separator, nor a space that is not U+0020.
///
/// The standard library's table of printable characters decides; combining marks count as
/// printable here, since how many of them stack up is a matter of the text around them.
pub fn prints(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    // As a string's second character, it is escaped only for not being printable; as its first,
    // for being a combining mark too.
    let mut buffer = [b'a'; 5];
    let length = 1 + character.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..length])
        .expect("an ASCII letter and a character are UTF-8")
        .escape_debug()
        .nth(1)
        == Some(character)
}
