//! Passing time → how far the playhead goes: forward and back, slower and faster.

use std::time::Duration;

/// How fast, in tenths: backwards, forwards. The last is as fast as can be followed.
const TENTHS: [i64; 17] =
    [-160, -80, -40, -20, -10, -5, -2, -1, 1, 2, 5, 10, 20, 40, 80, 160, FASTEST];

/// Stands for "as fast as can be followed".
const FASTEST: i64 = i64::MAX;

/// At full speed a whole recording takes so long, but never less than at 16x.
const WHOLE: Duration = Duration::from_secs(5);

/// Time that passes at once is no more than this: whoever was away for longer missed nothing.
const MOST: Duration = Duration::from_millis(250);

/// Plays a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player {
    /// It plays now.
    pub is_playing: bool,
    /// Only what was known at the playhead's time is shown: it plays, or was paused.
    pub as_known_then: bool,
    /// It pauses where a finding is.
    pub pauses: bool,
    /// Its place among [`TENTHS`].
    speed: usize,
    /// When it last moved, since the program began.
    moved: Option<Duration>,
}

impl Default for Player {
    fn default() -> Self {
        let speed = TENTHS.iter().position(|tenths| *tenths == 10).unwrap_or(0);
        Self { is_playing: false, as_known_then: false, pauses: true, speed, moved: None }
    }
}

impl Player {
    /// Plays, or pauses.
    pub fn toggle(&mut self) {
        self.is_playing = !self.is_playing;
        self.as_known_then = true;
        self.moved = None;
    }

    /// Stands still.
    pub fn stop(&mut self) {
        (self.is_playing, self.moved) = (false, None);
    }

    /// The next speed, or the one before.
    pub fn change(&mut self, faster: bool) {
        self.speed = if faster {
            (self.speed + 1).min(TENTHS.len() - 1)
        } else {
            self.speed.saturating_sub(1)
        };
    }

    /// All speeds as they are typed.
    pub fn speeds() -> impl Iterator<Item = String> {
        TENTHS.into_iter().map(word)
    }

    /// The speed now.
    pub fn speed(&self) -> String {
        word(TENTHS[self.speed])
    }

    /// Takes a speed as it is typed: `4`, `0.5x`, `-2`, `max`.
    ///
    /// # Errors
    /// The speeds that there are.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim().trim_end_matches('x');
        let is_it = |tenths: &i64| word(*tenths).trim_end_matches('x') == text;
        let Some(speed) = TENTHS.iter().position(is_it) else {
            let all: Vec<String> = Self::speeds().collect();
            return Err(format!("speeds are {}", all.join(" ")));
        };
        self.speed = speed;
        Ok(())
    }

    /// It goes back in time.
    pub fn is_backwards(&self) -> bool {
        TENTHS[self.speed] < 0
    }

    /// How far it goes until `now`, in nanoseconds of a recording that takes `whole_ns`.
    pub fn moves(&mut self, now: Duration, whole_ns: u64) -> u64 {
        let since = self.moved.replace(now).map_or(Duration::ZERO, |then| now.saturating_sub(then));
        let ns = u64::try_from(since.min(MOST).as_nanos()).unwrap_or(0);
        match TENTHS[self.speed] {
            FASTEST => {
                let times = u128::from(whole_ns) / WHOLE.as_nanos();
                ns.saturating_mul(u64::try_from(times).unwrap_or(u64::MAX).max(16))
            }
            tenths => ns.saturating_mul(tenths.unsigned_abs()) / 10,
        }
    }
}

fn word(tenths: i64) -> String {
    match tenths {
        FASTEST => "max".to_owned(),
        tenths if tenths % 10 == 0 => format!("{}x", tenths / 10),
        tenths => format!("{}x", tenths as f64 / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Player;

    #[test]
    fn speeds_are_one_row_from_backwards_to_as_fast_as_can_be() {
        let mut player = Player::default();
        assert_eq!(player.speed(), "1x");
        let mut seen = Vec::new();
        for _ in 0..20 {
            player.change(false);
            seen.push(player.speed());
        }
        seen.dedup();
        assert_eq!(seen[..4], ["0.5x", "0.2x", "0.1x", "-0.1x"]);
        assert_eq!(seen.last().map(String::as_str), Some("-16x"));
        assert!(player.is_backwards());
        for typed in ["4", "4x", "0.5", "-2", "max", " 16x "] {
            assert_eq!(player.set(typed), Ok(()), "{typed}");
        }
        assert!(player.set("3").unwrap_err().contains("0.5x 1x 2x"));
    }

    #[test]
    fn time_passes_as_fast_as_it_was_asked_to() {
        let mut player = Player::default();
        player.toggle();
        let at = |ms| Duration::from_millis(ms);
        assert_eq!(player.moves(at(1000), 1), 0, "the first look begins");
        assert_eq!(player.moves(at(1100), 1), 100_000_000);
        assert_eq!(player.moves(at(9100), 1), 250_000_000, "nobody looked meanwhile");
        player.set("-0.5").unwrap();
        assert_eq!(player.moves(at(9200), 1), 50_000_000);
        player.set("max").unwrap();
        assert_eq!(player.moves(at(9300), 1), 1_600_000_000);
        assert_eq!(player.moves(at(9400), 1_000_000_000_000), 20_000_000_000);
    }
}
