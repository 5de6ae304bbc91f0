//! Frames of one direction → messages: continuations joined around control frames, and inflated.

use super::frame::{Frame, Marks, Opcode, RecordedFrame};
use super::inflate::{Deflate, Inflater};
use super::stamp::Stamp;

/// A data message put together from its frames, inflated; or one control frame; or raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Ids of its first and last frame.
    pub frames: (i64, i64),
    /// Stamp of its last frame.
    pub stamp: Stamp,
    /// Text, binary, or a control opcode; `CONTINUATION` for raw bytes and strays.
    pub opcode: Opcode,
    /// The payload, inflated, up to the assembler's limit.
    pub payload: Vec<u8>,
    /// Payload bytes before the limit was applied, if known; 0 if it could not be inflated.
    pub length: u64,
    /// It was compressed on the wire.
    pub compressed: bool,
    /// Why the payload is not whole or not plain, in a few words. The assembler's limit alone is
    /// no trouble: `length` says what it took away.
    pub trouble: Option<&'static str>,
    /// All marks of its frames.
    pub marks: Marks,
}

/// Joins frames of one direction of one connection.
///
/// A whole message inside an open one is given as it comes, and the open one goes on after it. A
/// fragmented one ends the open one, which is given with its trouble.
#[derive(Debug)]
pub struct MessageAssembler {
    deflate: Option<Deflate>,
    /// Made at the first need: most connections never compress, and a window is 32 KiB and more.
    inflater: Option<Inflater>,
    limit: usize,
    /// The data message whose final frame has not come.
    data: Option<Open>,
    /// The frame that is a message by itself and whose last part has not come.
    single: Option<Open>,
    /// Where the next part belongs.
    part_of: PartOf,
}

impl MessageAssembler {
    /// Fragments of a message beyond which it is in trouble; they are still joined and counted.
    /// No honest sender comes near it, and whoever lists fragments needs a bound.
    pub const MAX_FRAGMENTS: u32 = 16 * 1024;

    /// For a direction that agreed on `deflate`, keeping at most `limit` payload bytes a message.
    pub fn new(deflate: Option<Deflate>, limit: usize) -> Self {
        Self { deflate, inflater: None, limit, data: None, single: None, part_of: PartOf::Nothing }
    }

    /// Takes the next frame (or part) and gives the message that it completes, if it does.
    pub fn feed(&mut self, recorded: &RecordedFrame<'_>) -> Option<Message> {
        let marks = recorded.frame.marks;
        if marks.has(Marks::RAW) {
            self.begin_single(recorded, Opcode::CONTINUATION, Some(NOT_FRAMED));
        } else if !marks.has(Marks::PART) {
            let cut_short = self.begin(recorded);
            if cut_short.is_some() {
                // Only one message can be given, and the frame that interrupts one is not final.
                self.add(recorded);
                if !marks.has(Marks::PART_FOLLOWS) {
                    self.part_of = PartOf::Nothing;
                }
                return cut_short;
            }
        } else if self.part_of == PartOf::Nothing {
            self.begin_single(recorded, Opcode::CONTINUATION, Some(BEGINNING_LOST));
        }
        self.add(recorded);
        self.take_complete(recorded)
    }

    /// Frames were lost here: an open message and the window are gone.
    pub fn gap(&mut self) {
        self.data = None;
        self.single = None;
        self.part_of = PartOf::Nothing;
        self.lose_window();
    }

    /// The connection is over: the next message that never got its end, until there is none.
    pub fn finish(&mut self) -> Option<Message> {
        self.part_of = PartOf::Nothing;
        let mut open = self.single.take().or_else(|| self.data.take())?;
        open.say(CUT);
        open.inflates = false;
        self.lose_window();
        Some(open.finish(None))
    }

    /// Finds or makes the message to which a frame with a header belongs. Gives the open message
    /// that this ends too early.
    fn begin(&mut self, recorded: &RecordedFrame<'_>) -> Option<Message> {
        let Frame { header, marks, .. } = &recorded.frame;
        let mut cut_short = None;
        if self.part_of == PartOf::Data {
            self.spoil_data(PART_LOST);
        }
        let compressed = header.rsv1() && self.deflate.is_some();
        match header.opcode() {
            Opcode::CONTINUATION if self.data.is_some() => self.part_of = PartOf::Data,
            Opcode::CONTINUATION => {
                let stray = marks.has(Marks::STRAY_CONTINUATION);
                let trouble = if stray { STRAY } else { BEGINNING_LOST };
                self.begin_single(recorded, Opcode::CONTINUATION, Some(trouble));
            }
            opcode @ (Opcode::TEXT | Opcode::BINARY) => {
                if compressed || !header.fin() {
                    // A compressed message in the midst of another leaves no window for that.
                    self.spoil_data(INTERRUPTED);
                }
                if self.data.is_some() && header.fin() {
                    self.begin_single(recorded, opcode, None);
                } else {
                    cut_short = self.data.take().map(|mut open| {
                        open.say(INTERRUPTED);
                        open.finish(None)
                    });
                    self.data = Some(Open::new(recorded, opcode));
                    self.part_of = PartOf::Data;
                }
                if let Some(open) = self.current() {
                    open.message.compressed = compressed;
                    open.inflates = compressed;
                }
            }
            opcode => self.begin_single(recorded, opcode, None),
        }
        let unexplained = marks.has(Marks::RESERVED_BITS) || header.rsv1() && !compressed;
        if let Some(open) = self.current() {
            open.final_frame = header.fin();
            open.fragments = open.fragments.saturating_add(1);
            if unexplained {
                open.say(RESERVED_BIT);
            }
        }
        cut_short
    }

    fn begin_single(
        &mut self,
        recorded: &RecordedFrame<'_>,
        opcode: Opcode,
        trouble: Option<&'static str>,
    ) {
        let open = self.single.insert(Open::new(recorded, opcode));
        open.message.trouble = trouble;
        self.part_of = PartOf::Single;
    }

    /// Adds a frame or part to the message it belongs to.
    fn add(&mut self, recorded: &RecordedFrame<'_>) {
        let Some(open) = self.part_of.choose(&mut self.data, &mut self.single) else { return };
        let inflater = match self.deflate {
            Some(deflate) if open.inflates => {
                Some(self.inflater.get_or_insert_with(|| Inflater::new(deflate)))
            }
            _ => None,
        };
        open.add(recorded, self.limit, inflater);
    }

    /// The message that `recorded`, which has been added, completes.
    fn take_complete(&mut self, recorded: &RecordedFrame<'_>) -> Option<Message> {
        let marks = recorded.frame.marks;
        if marks.has(Marks::PART_FOLLOWS) {
            return None;
        }
        let part_of = std::mem::replace(&mut self.part_of, PartOf::Nothing);
        let complete = match part_of {
            PartOf::Single => self.single.take(),
            PartOf::Data => self.data.take_if(|open| open.final_frame || marks.has(Marks::CUT)),
            PartOf::Nothing => None,
        };
        complete.map(|open| open.finish(self.inflater.as_mut()))
    }

    /// The message to which the current frame belongs.
    fn current(&mut self) -> Option<&mut Open> {
        self.part_of.choose(&mut self.data, &mut self.single)
    }

    /// The open data message is not whole any more; if it was being inflated, no more of it can be.
    fn spoil_data(&mut self, trouble: &'static str) {
        let Some(open) = &mut self.data else { return };
        if open.inflates {
            open.inflates = false;
            open.say(trouble);
            self.lose_window();
        } else if trouble == PART_LOST {
            open.say(trouble);
        }
    }

    fn lose_window(&mut self) {
        if let Some(deflate) = self.deflate {
            self.inflater.get_or_insert_with(|| Inflater::new(deflate)).gap();
        }
    }
}

/// Where a part belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartOf {
    Nothing,
    Data,
    Single,
}

impl PartOf {
    fn choose<'a>(
        self,
        data: &'a mut Option<Open>,
        single: &'a mut Option<Open>,
    ) -> Option<&'a mut Open> {
        match self {
            Self::Data => data.as_mut(),
            Self::Single => single.as_mut(),
            Self::Nothing => None,
        }
    }
}

/// A message that is being put together.
#[derive(Debug)]
struct Open {
    message: Message,
    /// The frame that is being added is the message's last.
    final_frame: bool,
    /// It is compressed, and nothing has gone wrong with that yet.
    inflates: bool,
    fragments: u32,
}

impl Open {
    fn new(recorded: &RecordedFrame<'_>, opcode: Opcode) -> Self {
        let message = Message {
            frames: (recorded.id, recorded.id),
            stamp: recorded.stamp,
            opcode,
            payload: Vec::new(),
            length: 0,
            compressed: false,
            trouble: None,
            marks: Marks::NONE,
        };
        Self { message, final_frame: false, inflates: false, fragments: 0 }
    }

    fn add(&mut self, recorded: &RecordedFrame<'_>, limit: usize, inflater: Option<&mut Inflater>) {
        let frame = &recorded.frame;
        let marks = frame.marks;
        let message = &mut self.message;
        message.frames.1 = recorded.id;
        message.stamp = recorded.stamp;
        message.marks = message.marks.with(marks);
        message.length = message.length.saturating_add(row_length(frame));
        if let Some(inflater) = inflater {
            inflater.feed(&frame.payload, &mut message.payload, limit);
            if marks.has(Marks::CUT.with(Marks::NOT_KEPT)) {
                inflater.gap();
                self.inflates = false;
            }
        } else if !message.compressed {
            let room = limit.saturating_sub(message.payload.len()).min(frame.payload.len());
            message.payload.extend_from_slice(&frame.payload[..room]);
        }
        if marks.has(Marks::CUT) {
            self.say(CUT);
        }
        if marks.has(Marks::NOT_KEPT) {
            self.say(NOT_KEPT);
        }
    }

    fn finish(mut self, inflater: Option<&mut Inflater>) -> Message {
        if self.message.compressed {
            self.message.length = 0;
        }
        if let Some(inflater) = inflater.filter(|_| self.inflates) {
            let outcome = inflater.end();
            self.message.length = outcome.length;
            if let Some(trouble) = outcome.trouble {
                self.say(trouble);
            }
        }
        if self.fragments > MessageAssembler::MAX_FRAGMENTS {
            self.say(MANY_FRAGMENTS);
        }
        self.message
    }

    /// Notes what is wrong; the first trouble explains the others.
    fn say(&mut self, trouble: &'static str) {
        self.message.trouble.get_or_insert(trouble);
    }
}

/// Payload bytes that a row stands for, kept or not.
fn row_length(frame: &Frame<'_>) -> u64 {
    let whole_frame =
        !frame.header.is_empty() && !frame.marks.has(Marks::PART_FOLLOWS.with(Marks::CUT));
    if whole_frame || frame.marks.has(Marks::PART) {
        frame.length
    } else {
        frame.payload.len() as u64
    }
}

const NOT_FRAMED: &str = "bytes that are no frames";
const BEGINNING_LOST: &str = "its beginning is lost";
const PART_LOST: &str = "a part of it is lost";
const STRAY: &str = "continues no message";
const INTERRUPTED: &str = "interrupted by another message";
const RESERVED_BIT: &str = "reserved bit set";
const CUT: &str = "the connection ended inside it";
const NOT_KEPT: &str = "not all of it was kept";
const MANY_FRAGMENTS: &str = "over 16,384 fragments";

#[cfg(test)]
mod tests {
    use super::{Message, MessageAssembler};
    use crate::wire::{
        Deflate, Direction, FrameDecoder, FrameSpec, Inflater, Marks, Opcode, RecordedFrame, Stamp,
        encode_frame,
    };

    /// Wire bytes: each frame as first byte and payload.
    fn wire(frames: &[(u8, &[u8])]) -> Vec<u8> {
        let mut wire = Vec::new();
        for (first, payload) in frames {
            let spec = FrameSpec {
                fin: first & 0x80 != 0,
                rsv: first >> 4 & 7,
                ..FrameSpec::new(Opcode(first & 15))
            };
            encode_frame(&mut wire, &spec, payload);
        }
        wire
    }

    fn assemble(mut assembler: MessageAssembler, wire: &[u8]) -> Vec<Message> {
        let mut decoder = FrameDecoder::new(Direction::ServerToClient, 3 << 20);
        decoder.allow_rsv1();
        let mut messages = Vec::new();
        let mut id = 0;
        let mut take = |frame: crate::wire::Frame<'_>| {
            id += 1;
            let frame = RecordedFrame {
                id,
                connection: 1,
                direction: Direction::ServerToClient,
                stamp: Stamp { read_ns: id as u64, written_ns: None },
                frame,
            };
            messages.extend(assembler.feed(&frame));
        };
        decoder.feed(&mut wire.to_vec(), &mut take);
        decoder.finish(&mut take);
        messages.extend(std::iter::from_fn(|| assembler.finish()));
        messages
    }

    /// One line a message: ids, opcode, payload, trouble.
    #[track_caller]
    fn check(frames: &[(u8, &[u8])], expected: &[&str]) {
        check_with(MessageAssembler::new(None, 100), &wire(frames), expected);
    }

    #[track_caller]
    fn check_with(assembler: MessageAssembler, wire: &[u8], expected: &[&str]) {
        let lines: Vec<String> = assemble(assembler, wire)
            .iter()
            .map(|message| {
                let (first, last) = message.frames;
                let text = String::from_utf8_lossy(&message.payload);
                let trouble = message.trouble.map(|trouble| format!(": {trouble}"));
                let word = message.opcode.word();
                format!("{first}-{last} {word} {text}{}", trouble.unwrap_or_default())
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn continuations_are_joined_around_control_frames() {
        check(
            &[(0x01, b"He"), (0x89, b"?"), (0x00, b"l"), (0x80, b"lo"), (0x88, b"")],
            &["2-2 ping ?", "1-4 text Hello", "5-5 close "],
        );
    }

    #[test]
    fn broken_sequences_say_what_is_wrong() {
        check(&[(0x80, b"x")], &["1-1 continuation x: continues no message"]);
        check(
            &[(0x01, b"a"), (0x82, b"whole"), (0x80, b"b")],
            &["2-2 binary whole", "1-3 text ab"],
        );
        check(
            &[(0x01, b"a"), (0x02, b"b"), (0x80, b"c"), (0x81, b"d")],
            &["1-1 text a: interrupted by another message", "2-3 binary bc", "4-4 text d"],
        );
        check(&[(0x01, b"a")], &["1-1 text a: the connection ended inside it"]);
        check(&[(0xc1, b"a")], &["1-1 text a: reserved bit set"]);
        check(&[(0xf5, b"a")], &["1-1 reserved-5 a: reserved bit set"]);
        let mut cut = wire(&[(0x01, b"a"), (0x80, b"bcd")]);
        cut.pop();
        let expected = ["1-2 text abc: the connection ended inside it"];
        check_with(MessageAssembler::new(None, 9), &cut, &expected);
        let raw = [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255];
        let messages = assemble(MessageAssembler::new(None, 100), &raw);
        assert_eq!(messages[0].payload, raw);
        assert_eq!(messages[0].opcode, Opcode::CONTINUATION);
        assert!(messages[0].marks.has(Marks::RAW) && messages[0].trouble.is_some());
    }

    #[test]
    fn parts_are_joined_and_what_was_not_kept_is_counted() {
        let long = vec![7; 5 << 20];
        let messages = assemble(MessageAssembler::new(None, 10 << 20), &wire(&[(0x82, &long)]));
        let [message] = &messages[..] else { panic!("{}", messages.len()) };
        assert_eq!((message.payload.len(), message.length), (3 << 20, 5 << 20));
        assert_eq!(message.trouble, Some("not all of it was kept"));
        let messages = assemble(MessageAssembler::new(None, 10), &wire(&[(0x82, &long)]));
        assert_eq!((messages[0].payload.len(), messages[0].length), (10, 5 << 20));
    }

    #[test]
    fn compressed_messages_are_inflated_over_fragments_and_not_after_a_gap() {
        // RFC 7692, 7.2.3.2: "Hello" twice, the second referring back to the first.
        let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let second = [0xf2, 0x00, 0x11, 0x00, 0x00];
        let two = wire(&[(0x41, &first[..3]), (0x89, b"?"), (0x80, &first[3..]), (0xc1, &second)]);
        let assembler = || MessageAssembler::new(Some(Deflate::DEFAULT), 100);
        check_with(assembler(), &two, &["2-2 ping ?", "1-3 text Hello", "4-4 text Hello"]);
        let mut after_gap = assembler();
        after_gap.gap();
        let lost = "1-1 text : an earlier message it builds on is lost";
        check_with(after_gap, &wire(&[(0xc1, &first), (0x81, b"x")]), &[lost, "2-2 text x"]);
        let mut inflater = Inflater::new(Deflate::DEFAULT);
        inflater.feed(&second, &mut Vec::new(), 100);
        assert_eq!(inflater.end().trouble, Some("does not inflate"), "a late join is no NULs");
    }

    #[test]
    fn fragments_beyond_the_bound_are_joined_and_said() {
        let mut frames = vec![(0x00, &b"a"[..]); 100_000];
        frames[0].0 = 0x01;
        frames[99_999].0 = 0x80;
        let messages = assemble(MessageAssembler::new(None, 1 << 20), &wire(&frames));
        assert_eq!((messages.len(), messages[0].length), (1, 100_000));
        assert_eq!(messages[0].trouble, Some("over 16,384 fragments"));
    }
}
