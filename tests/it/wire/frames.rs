//! Bytes ↔ frames: any split gives the same frames, and frames give back the bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use wiretape::wire::{
    Direction, Frame, FrameDecoder, FrameSpec, LengthForm, Marks, Opcode, WireRebuilder,
    encode_frame,
};

use super::naive::naive;

pub(super) const MIB: usize = 1 << 20;

/// The rows of `wire`, fed in chunks of these sizes (over and over).
pub(super) fn rows(mut decoder: FrameDecoder, wire: &[u8], sizes: &[usize]) -> Vec<Frame<'static>> {
    let mut rows = Vec::new();
    let mut keep = |frame: Frame<'_>| rows.push(frame.into_owned());
    let mut wire = wire.to_vec();
    let mut rest = &mut wire[..];
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = (*sizes.next().expect("cycles")).clamp(1, rest.len());
        let (chunk, after) = rest.split_at_mut(size);
        decoder.feed(chunk, &mut keep);
        assert!(decoder.held() < FrameDecoder::PART_LIMIT);
        rest = after;
    }
    decoder.finish(&mut keep);
    assert_eq!(decoder.held(), 0);
    rows
}

/// The same with raw rows, which follow the chunks, joined to one.
fn framed(decoder: FrameDecoder, wire: &[u8], sizes: &[usize]) -> Vec<Frame<'static>> {
    let mut joined: Vec<Frame<'static>> = Vec::new();
    for row in rows(decoder, wire, sizes) {
        match joined.last_mut() {
            Some(last) if row.marks.has(Marks::RAW) && last.marks.has(Marks::RAW) => {
                last.payload.to_mut().extend_from_slice(&row.payload);
                last.length += row.length;
            }
            _ => joined.push(row),
        }
    }
    joined
}

fn directions() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::ClientToServer), Just(Direction::ServerToClient)]
}

/// Any frame: legal ones often, each kind of illegal one now and then.
fn specs() -> impl Strategy<Value = (FrameSpec, Vec<u8>)> {
    let opcodes = prop_oneof![4 => 0..=2_u8, 2 => 8..=10_u8, 1 => 0..=15_u8];
    let rsv = prop_oneof![6 => Just(0), 1 => Just(4), 1 => 0..=7_u8];
    let masks = prop_oneof![any::<[u8; 4]>().prop_map(Some), Just(None)];
    let forms = prop_oneof![
        6 => Just(LengthForm::Short),
        1 => Just(LengthForm::Medium),
        1 => Just(LengthForm::Long)
    ];
    let sizes = prop_oneof![8 => 0..4_usize, 4 => 0..200_usize, 1 => 65_000..66_000_usize];
    let payloads = sizes.prop_flat_map(|size| vec(any::<u8>(), size));
    (any::<bool>(), rsv, opcodes, masks, forms, payloads).prop_map(
        |(fin, rsv, opcode, mask, length_form, payload)| {
            let opcode = Opcode(opcode);
            let spec = FrameSpec { fin, rsv, opcode, mask, length_form, stated_length: None };
            (spec, payload)
        },
    )
}

/// Wire bytes: frames, then perhaps garbage, perhaps cut off.
fn wires() -> impl Strategy<Value = Vec<u8>> {
    let frames = vec(specs(), 0..12).prop_map(|frames| {
        let mut wire = Vec::new();
        for (spec, payload) in frames {
            encode_frame(&mut wire, &spec, &payload);
        }
        wire
    });
    let garbage = vec(any::<u8>(), 0..40);
    (frames, garbage, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut wire, garbage, cut, cuts)| {
            wire.extend_from_slice(&garbage);
            if cuts && !wire.is_empty() {
                wire.truncate(cut.index(wire.len()));
            }
            wire
        },
    )
}

/// A decoder that allows RSV1 if `rsv1`, and keeps `max` bytes of a payload.
pub(super) fn decoder(direction: Direction, rsv1: bool, max: usize) -> FrameDecoder {
    let mut decoder = FrameDecoder::new(direction, max as u64);
    if rsv1 {
        decoder.allow_rsv1();
    }
    decoder
}

proptest! {
    #[test]
    fn any_split_gives_the_frames_of_an_independent_decoder(
        wire in wires(),
        direction in directions(),
        rsv1 in any::<bool>(),
        max in prop_oneof![Just(MIB), 0..300_usize],
        sizes in vec(prop_oneof![1..8_usize, 1..70_000_usize], 1..20),
    ) {
        let expected = naive(direction, rsv1, max, &wire);
        prop_assert_eq!(framed(decoder(direction, rsv1, max), &wire, &[usize::MAX]), &expected[..]);
        prop_assert_eq!(framed(decoder(direction, rsv1, max), &wire, &sizes), &expected[..]);
        if wire.len() < 2000 {
            prop_assert_eq!(framed(decoder(direction, rsv1, max), &wire, &[1]), &expected[..]);
        }
    }

    #[test]
    fn decoding_undoes_encoding((spec, payload) in specs(), direction in directions()) {
        let mut wire = Vec::new();
        encode_frame(&mut wire, &spec, &payload);
        let rows = rows(decoder(direction, true, MIB), &wire, &[7]);
        prop_assume!(!rows[0].marks.has(Marks::RAW));
        prop_assert_eq!(rows.len(), 1);
        let header = &rows[0].header;
        prop_assert_eq!(header.fin(), spec.fin);
        prop_assert_eq!(header.rsv(), spec.rsv);
        prop_assert_eq!(header.opcode(), spec.opcode);
        prop_assert_eq!(header.mask_key(), spec.mask);
        prop_assert_eq!(rows[0].length, payload.len() as u64);
        prop_assert_eq!(&rows[0].payload[..], &payload[..]);
        let minimal = spec.length_form <= LengthForm::minimal(payload.len() as u64);
        prop_assert_eq!(rows[0].marks.has(Marks::NON_MINIMAL), !minimal);
    }

    #[test]
    fn rows_give_back_the_wire(
        wire in prop_oneof![wires(), vec(any::<u8>(), 0..300)],
        direction in directions(),
        steps in vec((1..5000_usize, any::<bool>()), 1..20),
    ) {
        let mut decoder = decoder(direction, false, MIB);
        let (mut rebuilder, mut rebuilt, mut exact) = (WireRebuilder::new(), Vec::new(), true);
        let mut take = |frame: Frame<'_>| exact &= rebuilder.feed(&frame, &mut rebuilt);
        let mut bytes = wire.clone();
        let mut rest = &mut bytes[..];
        for (size, flush) in steps.iter().cycle() {
            let (chunk, after) = rest.split_at_mut((*size).min(rest.len()));
            decoder.feed(chunk, &mut take);
            if *flush {
                decoder.flush_part(&mut take);
                assert_eq!(decoder.held(), 0);
            }
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        decoder.finish(&mut take);
        prop_assert!(exact);
        prop_assert_eq!(rebuilt, wire);
    }
}

#[test]
fn close_codes_that_may_not_be_sent_are_marked() {
    let marks = |max: usize, code: u16| {
        let [high, low] = code.to_be_bytes();
        rows(decoder(Direction::ServerToClient, false, max), &[0x88, 2, high, low], &[1])[0].marks
    };
    for code in 0..=u16::MAX {
        let bad = matches!(code, 0..=999 | 1004..=1006 | 1015..=2999 | 5000..);
        assert_eq!(marks(125, code).has(Marks::BAD_CLOSE), bad, "{code}");
    }
    assert_eq!(marks(1, 1005), Marks::BAD_CLOSE.with(Marks::NOT_KEPT), "the code is half kept");
}

#[test]
fn a_frame_of_16_mib_holds_at_most_one_part_and_comes_back_bit_for_bit() {
    let mut wire = Vec::new();
    let payload: Vec<u8> = (0..16 * MIB as u32 + 3).map(|i| (i >> 7) as u8).collect();
    encode_frame(&mut wire, &FrameSpec::masked(Opcode::BINARY, [9, 8, 7, 6]), &payload);
    for sizes in [&[64 * 1024][..], &[3 * MIB + 1], &[99_991, 5]] {
        let rows = rows(decoder(Direction::ClientToServer, false, 32 * MIB), &wire, sizes);
        assert_eq!(rows.len(), 17);
        assert_eq!(rows[0].length, payload.len() as u64);
        assert!(rows.iter().all(|row| row.payload.len() <= FrameDecoder::PART_LIMIT));
        let (mut rebuilder, mut rebuilt) = (WireRebuilder::new(), Vec::new());
        assert!(rows.iter().all(|row| rebuilder.feed(row, &mut rebuilt)));
        assert!(rebuilt == wire);
    }
}

#[test]
fn a_stated_length_allocates_nothing() {
    let mut decoder = decoder(Direction::ServerToClient, false, usize::MAX);
    let mut never = |frame: Frame<'_>| panic!("{frame:?}");
    decoder.feed(&mut [0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2], &mut never);
    assert_eq!(decoder.held(), 2);
    decoder.flush_part(&mut |part| {
        assert_eq!(part.length, i64::MAX as u64);
        assert_eq!(part.marks, Marks::PART_FOLLOWS);
    });
    assert_eq!(decoder.held(), 0);
    decoder.finish(&mut |part| assert_eq!(part.marks, Marks::PART.with(Marks::CUT)));
}

#[test]
fn long_payloads_come_in_parts_and_are_kept_up_to_the_limit() {
    let mut wire = Vec::new();
    encode_frame(&mut wire, &FrameSpec::new(Opcode::BINARY), &vec![7; 4 * MIB]);
    let (whole, more, part) = (4 * MIB as u64, Marks::PART_FOLLOWS, Marks::PART);
    let kept = |max: usize, wire: &[u8]| -> Vec<_> {
        rows(decoder(Direction::ServerToClient, false, max), wire, &[100_000])
            .iter()
            .map(|row| (row.marks, row.payload.len(), row.length))
            .collect()
    };
    assert_eq!(
        kept(2 * MIB + 10, &wire),
        [
            (more, MIB, whole),
            (part.with(more), MIB, MIB as u64),
            (part.with(Marks::NOT_KEPT), 10, 2 * MIB as u64),
        ]
    );
    assert_eq!(kept(10, &wire), [(Marks::NOT_KEPT, 10, whole)]);
    // The wire ends where a part does: the part that was promised is there, and empty.
    let cut = &wire[..10 + MIB];
    assert_eq!(kept(9 * MIB, cut), [(more, MIB, whole), (part.with(Marks::CUT), 0, 0)]);
}
