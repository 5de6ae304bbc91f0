//! The terminal → whether it is light or dark: asked of it, waited for no longer than it may take,
//! and with what was typed meanwhile handed on.

use super::keys::Key;

/// What is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Light letters.
    Dark,
    /// Dark letters.
    Light,
}

/// What came of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// What it is, if the terminal said so.
    pub(super) ground: Option<Ground>,
    /// What was typed meanwhile.
    pub(super) typed: Vec<Key>,
    /// It may still answer.
    pub(super) is_late: bool,
}

/// By `COLORFGBG`, which some terminals set: `15;0` is white on black.
pub fn from_environment(value: &str) -> Option<Ground> {
    let ground: u8 = value.rsplit(';').next()?.parse().ok()?;
    match ground {
        7 | 9..=15 => Some(Ground::Light),
        0..=6 | 8 => Some(Ground::Dark),
        _ => None,
    }
}

/// By a colour as terminals say it: `rgb:ffff/ffff/dddd`.
fn from_color(color: &str) -> Option<Ground> {
    let parts = color.strip_prefix("rgb:").or_else(|| color.strip_prefix("rgba:"))?;
    let mut shares = parts.split('/').take(3).map(|part| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?;
        let value = u32::from_str_radix(part, 16).ok()?;
        (most > 0).then(|| f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (shares.next()??, shares.next()??, shares.next()??);
    let light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(if light > 0.5 { Ground::Light } else { Ground::Dark })
}

/// The answers in what came, and what was typed between them. `None`: the last one is not there yet.
fn read(bytes: &[u8]) -> (Asked, bool) {
    let mut asked = Asked::default();
    let mut rest = bytes;
    let mut has_all = false;
    while let Some((first, after)) = rest.split_first() {
        let (taken, found) = match (first, after) {
            (0x1b, [b']', ..]) => {
                let (length, text) = sequence(rest);
                asked.ground = text.strip_prefix("11;").and_then(from_color).or(asked.ground);
                (length, None)
            }
            (0x1b, [b'[', inner @ ..]) => {
                let end = inner.iter().position(|byte| (0x40..=0x7e).contains(byte));
                let Some(end) = end else { break };
                has_all |= inner[0] == b'?' && inner[end] == b'c';
                (end + 3, csi(&inner[..=end]))
            }
            _ => typed(rest),
        };
        if taken == 0 {
            break;
        }
        asked.typed.extend(found);
        rest = &rest[taken..];
    }
    (asked, has_all)
}

/// A sequence that ends with BEL or ST: its length, 0 where it goes on, and what is in it.
fn sequence(bytes: &[u8]) -> (usize, &str) {
    let bell = bytes.iter().position(|byte| *byte == 7).map(|at| (at, at + 1));
    let string = bytes.windows(2).position(|two| two == b"\x1b\\").map(|at| (at, at + 2));
    let Some((end, length)) = [bell, string].into_iter().flatten().min() else { return (0, "") };
    (length, std::str::from_utf8(&bytes[2..end]).unwrap_or_default())
}

/// A key that terminals send as a sequence, without its beginning.
fn csi(rest: &[u8]) -> Option<Key> {
    Some(match rest {
        b"A" => Key::Up,
        b"B" => Key::Down,
        b"C" => Key::Right,
        b"D" => Key::Left,
        b"H" | b"1~" => Key::Home,
        b"F" | b"4~" => Key::End,
        b"Z" => Key::BackTab,
        b"3~" => Key::Delete,
        b"5~" => Key::PageUp,
        b"6~" => Key::PageDown,
        _ => return None,
    })
}

/// A key that is sent as itself, and its length; 0 where more of it is to come.
fn typed(bytes: &[u8]) -> (usize, Option<Key>) {
    let key = match bytes[0] {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f => Key::Backspace,
        0x1b => Key::Esc,
        control @ 1..=26 => Key::Ctrl(char::from(b'a' + control - 1)),
        0..=31 => return (1, None),
        first => {
            let length = match first {
                ..0x80 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0.. => 4,
                _ => return (1, None),
            };
            let Some(letter) = bytes.get(..length) else { return (0, None) };
            let letter = std::str::from_utf8(letter).ok().and_then(|text| text.chars().next());
            return (length, letter.map(Key::Char));
        }
    };
    (1, Some(key))
}

/// Asks the terminal, which is ours by now: what its background is, and what it is, which every
/// terminal answers, so that nobody waits for the first answer in vain.
#[cfg(unix)]
pub(super) fn ask() -> Asked {
    use std::io::{Write as _, stdin, stdout};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// What is asked: OSC 11, and DA1 after it.
    const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
    /// How long the terminal may take, in all: a reader does not notice it.
    const PATIENCE: std::time::Duration = std::time::Duration::from_millis(100);
    /// More than both answers and what anybody types meanwhile.
    const MOST: usize = 4096;

    let mut out = stdout();
    if out.write_all(QUESTION).and_then(|()| out.flush()).is_err() {
        return Asked::default();
    }
    let (begun, mut bytes) = (super::terminal::now(), Vec::new());
    while bytes.len() < MOST {
        let (asked, has_all) = read(&bytes);
        let left = PATIENCE.saturating_sub(begun.elapsed());
        if has_all || left.is_zero() {
            return Asked { is_late: !has_all, ..asked };
        }
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut ready = [PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN)];
        match poll(&mut ready, Some(&limit)) {
            Ok(1..) => {
                let mut some = [0; 256];
                match rustix::io::read(stdin(), &mut some) {
                    Ok(count @ 1..) => bytes.extend_from_slice(&some[..count]),
                    _ => break,
                }
            }
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => break,
        }
    }
    Asked { is_late: true, ..read(&bytes).0 }
}

#[cfg(not(unix))]
pub(super) fn ask() -> Asked {
    Asked::default()
}

#[cfg(test)]
mod tests {
    use super::{Ground, Key, from_color, from_environment, read};

    #[test]
    fn colours_are_light_or_dark() {
        for (color, ground) in [
            ("rgb:ffff/ffff/ffff", Some(Ground::Light)),
            ("rgb:1e/1e/1e", Some(Ground::Dark)),
            ("rgb:f/f/d", Some(Ground::Light)),
            ("rgba:0000/2b2b/3636/ffff", Some(Ground::Dark)),
            ("rgb:ff/ff", None),
            ("rgb:", None),
            ("rgb:zz/00/00", None),
            ("#ffffff", None),
        ] {
            assert_eq!(from_color(color), ground, "{color}");
        }
        assert_eq!(from_environment("15;0"), Some(Ground::Dark));
        assert_eq!(from_environment("0;default;15"), Some(Ground::Light));
        assert_eq!(from_environment("0;default"), None);
    }

    #[test]
    fn answers_are_taken_out_of_what_is_typed_around_them() {
        let (asked, has_all) =
            read(b"e\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[Aw\xc3\xa9\x1b[?62;4c\r");
        assert_eq!(asked.ground, Some(Ground::Light));
        let typed = [Key::Char('e'), Key::Up, Key::Char('w'), Key::Char('\u{e9}'), Key::Enter];
        assert_eq!((asked.typed.as_slice(), has_all), (&typed[..], true));
        // A terminal that knows no OSC 11 answers the second question alone.
        let (asked, has_all) = read(b"\x1b[?6c");
        assert_eq!((asked.ground, has_all), (None, true));
        // In parts, wherever they are parted.
        let whole = b"q\x1b]11;rgb:00/00/00\x07\x1b[?1;2c";
        for length in 0..whole.len() {
            assert!(!read(&whole[..length]).1, "{length}");
        }
        assert_eq!(read(whole).0.ground, Some(Ground::Dark));
    }
}
