//! The count of lost frames, asked for again and again → when to say that frames are being lost.
//!
//! Where nothing can be stored, the recorder says so itself. Where it only can't keep up
//! (`--when-behind gap`), the count grows and nothing else happens: that is what is told here.

/// Looks between two words about the same stretch: a second.
const BETWEEN: u32 = 5;

/// Looks without a loss after which a stretch is over. A busy disk falls behind in bursts, and not
/// every pause between two is news.
const CALM: u32 = 10;

/// What has been told so far.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    lost: u64,
    paused: bool,
    /// Looks since the last word and since the last loss, while a stretch lasts.
    stretch: Option<(u32, u32)>,
}

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Frames begin to be lost.
    Begun,
    /// They still are.
    GoesOn,
    /// All is kept again.
    Over,
}

impl Losses {
    /// Looks: `lost` frames in all; `paused` says that the recorder stores nothing, and has said so.
    pub(crate) fn look(&mut self, lost: u64, paused: bool) -> Option<Turn> {
        let was_paused = std::mem::replace(&mut self.paused, paused);
        let more = std::mem::replace(&mut self.lost, lost) < lost;
        if paused || was_paused {
            self.stretch = None;
            return None;
        }
        let Some((since_word, since_loss)) = &mut self.stretch else {
            self.stretch = more.then_some((0, 0));
            return more.then_some(Turn::Begun);
        };
        *since_word += 1;
        *since_loss = if more { 0 } else { *since_loss + 1 };
        if *since_loss >= CALM {
            self.stretch = None;
            return Some(Turn::Over);
        }
        if more && *since_word >= BETWEEN {
            *since_word = 0;
            return Some(Turn::GoesOn);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{BETWEEN, CALM, Losses, Turn};

    #[test]
    fn a_stretch_is_told_at_its_beginning_now_and_then_and_at_its_end() {
        let mut losses = Losses::default();
        assert_eq!(losses.look(0, false), None);
        assert_eq!(losses.look(7, false), Some(Turn::Begun));
        let told: Vec<Turn> = (8..58).filter_map(|lost| losses.look(lost, false)).collect();
        assert_eq!(told, vec![Turn::GoesOn; 50 / BETWEEN as usize]);
        // Calm for a moment, then one more: the same stretch.
        assert!((1..CALM).all(|_| losses.look(57, false).is_none()));
        assert_eq!(losses.look(58, false), Some(Turn::GoesOn));
        assert!((1..CALM).all(|_| losses.look(58, false).is_none()));
        assert_eq!(losses.look(58, false), Some(Turn::Over));
        assert_eq!(losses.look(58, false), None);
        assert_eq!(losses.look(59, false), Some(Turn::Begun));
    }

    #[test]
    fn what_the_recorder_says_itself_is_not_told_twice() {
        let mut losses = Losses::default();
        assert_eq!(losses.look(5, true), None);
        assert_eq!(losses.look(9, true), None);
        assert_eq!(losses.look(11, false), None, "lost before the pause ended");
        assert_eq!(losses.look(11, false), None);
        assert_eq!(losses.look(12, false), Some(Turn::Begun));
    }
}
