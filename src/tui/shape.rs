//! Columns and rows of a terminal → what the screen is cut into (ux.md's breakpoints).

use super::app::Pane;

/// Less than this shows one sentence.
pub const LEAST: (u16, u16) = (60, 15);

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Its first column.
    pub x: u16,
    /// Its first row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Of these places.
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    /// Without a frame of one cell.
    #[must_use]
    pub const fn inner(self) -> Self {
        let (width, height) = (self.width.saturating_sub(2), self.height.saturating_sub(2));
        Self { x: self.x + 1, y: self.y + 1, width, height }
    }
}

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    TooSmall,
    /// One pane at a time: 60 columns.
    Single,
    /// One pane, as the reader wanted.
    Alone,
    /// Lanes over rows: 80 columns.
    Compact,
    /// The Inspector beside the rows, and findings below: 100 columns.
    Wide,
    /// The Inspector beside everything: 140 columns.
    Broad,
}

/// What the Timeline screen is cut into; an absent part has no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How much fits.
    pub kind: Kind,
    /// Between the head and the foot: what a full screen takes.
    pub middle: Area,
    /// The lanes.
    pub lanes: Area,
    /// The rows of a lane.
    pub frames: Area,
    /// What is in a row.
    pub inspector: Area,
    /// The findings.
    pub findings: Area,
    /// Two lines on the current finding.
    pub brief: Area,
}

impl Shape {
    /// Of a terminal with so many columns and rows.
    /// Of those panes that can be, only `alone` is shown, if one is named.
    pub fn of((width, height): (u16, u16), alone: Option<Pane>) -> Self {
        let kind = match width {
            _ if width < LEAST.0 || height < LEAST.1 => Kind::TooSmall,
            _ if alone.is_some() => Kind::Alone,
            ..80 => Kind::Single,
            80..100 => Kind::Compact,
            100..140 => Kind::Wide,
            _ => Kind::Broad,
        };
        let middle = Area::new(0, 2, width, height.saturating_sub(4));
        let none = Area::default();
        let empty = Self {
            kind,
            middle,
            lanes: none,
            frames: none,
            inspector: none,
            findings: none,
            brief: none,
        };
        let Area { y, height: rows, .. } = middle;
        match kind {
            Kind::TooSmall => empty,
            Kind::Single => Self { lanes: middle, frames: middle, inspector: middle, ..empty },
            Kind::Alone => {
                let of = |pane| if alone == Some(pane) { middle } else { none };
                Self {
                    lanes: of(Pane::Lanes),
                    frames: of(Pane::Frames),
                    inspector: of(Pane::Inspector),
                    findings: of(Pane::Findings),
                    ..empty
                }
            }
            Kind::Compact => {
                let brief = if rows >= 16 { 2 } else { 0 };
                let half = (rows - brief) / 2;
                let rest = rows - brief - half;
                Self {
                    lanes: Area::new(0, y, width, half),
                    frames: Area::new(0, y + half, width, rest),
                    inspector: Area::new(0, y, width, rows - brief),
                    brief: Area::new(0, y + rows - brief, width, brief),
                    ..empty
                }
            }
            Kind::Wide | Kind::Broad => {
                let beside = if kind == Kind::Broad { 50 } else { 0 };
                let left = width - beside;
                let below = if rows >= 26 { 6 } else { 0 };
                let half = (rows - below) / 2;
                let rest = rows - below - half;
                let split = if beside > 0 { left } else { left * 7 / 12 };
                let inspector = if beside > 0 {
                    Area::new(left, y, beside, rows)
                } else {
                    Area::new(split, y + half, width - split, rest)
                };
                Self {
                    lanes: Area::new(0, y, left, half),
                    frames: Area::new(0, y + half, split, rest),
                    inspector,
                    findings: Area::new(0, y + half + rest, left, below),
                    ..empty
                }
            }
        }
    }

    /// The panes that Tab goes through.
    pub fn panes(&self) -> &'static [Pane] {
        match self.kind {
            Kind::Wide | Kind::Broad if self.findings.height > 0 => {
                &[Pane::Lanes, Pane::Frames, Pane::Inspector, Pane::Findings]
            }
            Kind::Wide | Kind::Broad => &[Pane::Lanes, Pane::Frames, Pane::Inspector],
            Kind::Alone if self.lanes.height > 0 => &[Pane::Lanes],
            Kind::Alone if self.frames.height > 0 => &[Pane::Frames],
            Kind::Alone if self.inspector.height > 0 => &[Pane::Inspector],
            Kind::Alone => &[Pane::Findings],
            _ => &[Pane::Lanes, Pane::Frames],
        }
    }

    /// Panes stand beside each other.
    pub fn is_apart(&self) -> bool {
        !matches!(self.kind, Kind::Single)
    }

    /// The Inspector lies over the other panes.
    pub fn inspects_over(&self) -> bool {
        matches!(self.kind, Kind::Single | Kind::Compact)
    }

    /// There is room for whole words.
    pub fn roomy(&self) -> bool {
        self.middle.width >= 100
    }

    /// Columns for the names of lanes.
    pub fn label(&self) -> usize {
        if self.roomy() { 19 } else { 12 }
    }

    /// Columns for what is said at the ends of lanes.
    pub fn status(&self) -> usize {
        if self.roomy() { 16 } else { 11 }
    }

    /// Columns for time.
    pub fn picture(&self) -> usize {
        let inner = usize::from(self.lanes.width.saturating_sub(2));
        inner.saturating_sub(self.label() + self.status()).max(1)
    }

    /// Rows of a page.
    pub fn page(&self) -> usize {
        usize::from(self.frames.height.saturating_sub(3)).max(1)
    }
}
