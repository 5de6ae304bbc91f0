//! Bytes → frames a second time: slow, of the whole wire at once, written apart from the real one.

use std::cell::Cell;

use wiretape::wire::{Direction, Frame, Header, Marks};

/// The frames of `wire`, each whole; what can't be framed in one raw frame.
pub(super) fn naive(
    direction: Direction,
    rsv1: bool,
    max: usize,
    wire: &[u8],
) -> Vec<Frame<'static>> {
    let mut out = Vec::new();
    let (mut at, mut open, mut closed) = (0, false, false);
    while at < wire.len() {
        let rest = &wire[at..];
        let head = Head::read(rest);
        let (fin, opcode, stated) = (head.fin, head.opcode, head.stated.unwrap_or(0));
        let marks = Cell::new(head.doubts(direction, rsv1));
        let mark = |mark: Marks, when: bool| marks.set(marks.get().with_if(mark, when));
        let doubts = marks.get().0.count_ones();
        mark(Marks::OVERSIZE, stated >> 63 == 1);
        mark(Marks::STRAY_CONTINUATION, opcode == 0 && !open);
        mark(Marks::INTERRUPTED_MESSAGE, (opcode == 1 || opcode == 2) && open);
        mark(Marks::AFTER_CLOSE, closed);
        if stated >> 63 == 1 || doubts >= 3 {
            mark(Marks::CUT, head.cut);
            mark(Marks::RAW, true);
            out.push(frame(&[], rest.to_vec(), rest.len() as u64, marks.get()));
            return out;
        }
        if head.cut {
            mark(Marks::CUT, true);
            out.push(frame(rest, Vec::new(), stated, marks.get()));
            return out;
        }
        let (header, rest) = rest.split_at(head.len);
        let came = rest.len().min(usize::try_from(stated).expect("under 2^63"));
        let mut payload = rest[..came].to_vec();
        if head.masked == Some(true) {
            for (i, byte) in payload.iter_mut().enumerate() {
                *byte ^= header[head.len - 4 + i % 4];
            }
        }
        let code = payload.get(..2).map(|code| u32::from(code[0]) * 256 + u32::from(code[1]));
        let bad = stated == 1 || code.is_some_and(|code| !sendable(code));
        mark(Marks::BAD_CLOSE, opcode == 8 && bad);
        mark(Marks::CUT, (came as u64) < stated);
        mark(Marks::NOT_KEPT, came > max);
        payload.truncate(max);
        out.push(frame(header, payload, stated, marks.get()));
        open = match (opcode, fin) {
            (1 | 2, false) => true,
            (0, true) => false,
            _ => open,
        };
        closed |= opcode == 8;
        at += head.len + came;
    }
    out
}

/// What a header says, as far as it is there.
struct Head {
    fin: bool,
    rsv: u8,
    opcode: u8,
    masked: Option<bool>,
    /// Bytes of extended length.
    extended: usize,
    stated: Option<u64>,
    len: usize,
    cut: bool,
}

impl Head {
    fn read(rest: &[u8]) -> Self {
        let first = rest[0];
        let second = rest.get(1).copied();
        let extended = match second.map(|second| second % 128) {
            Some(126) => 2,
            Some(127) => 8,
            _ => 0,
        };
        let masked = second.map(|second| second >= 128);
        let stated = match second {
            Some(second) if extended == 0 => Some(u64::from(second % 128)),
            Some(_) => rest
                .get(2..2 + extended)
                .map(|bytes| bytes.iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte))),
            None => None,
        };
        let len = 2 + extended + if masked == Some(true) { 4 } else { 0 };
        Self {
            fin: first >= 128,
            rsv: (first >> 4) % 8,
            opcode: first % 16,
            masked,
            extended,
            stated,
            len,
            cut: rest.len() < len,
        }
    }

    /// What makes one wonder whether it is a header at all.
    fn doubts(&self, direction: Direction, rsv1: bool) -> Marks {
        let control = self.opcode >= 8;
        let starts = self.opcode == 1 || self.opcode == 2;
        let rsv = if rsv1 && starts { self.rsv % 4 } else { self.rsv };
        let client = direction == Direction::ClientToServer;
        let least = match self.extended {
            2 => 126,
            8 => 65536,
            _ => 0,
        };
        Marks::NONE
            .with_if(Marks::RESERVED_BITS, rsv != 0)
            .with_if(Marks::RESERVED_OPCODE, ![0, 1, 2, 8, 9, 10].contains(&self.opcode))
            .with_if(Marks::FRAGMENTED_CONTROL, control && !self.fin)
            .with_if(Marks::UNMASKED, client && self.masked == Some(false))
            .with_if(Marks::MASKED, !client && self.masked == Some(true))
            .with_if(Marks::LONG_CONTROL, control && self.stated > Some(125))
            .with_if(Marks::NON_MINIMAL, self.stated.is_some_and(|stated| stated < least))
    }
}

fn sendable(code: u32) -> bool {
    (3000..5000).contains(&code) || (1000..1015).contains(&code) && !(1004..1007).contains(&code)
}

fn frame(header: &[u8], payload: Vec<u8>, length: u64, marks: Marks) -> Frame<'static> {
    let header = Header::from_bytes(header).expect("a header is short");
    Frame { header, payload: payload.into(), length, marks }
}
