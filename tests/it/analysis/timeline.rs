//! The column timeline: what goes in comes out, by whichever way it is asked for, in few bytes.

use proptest::prelude::*;
use wiretape::analysis::timeline::{LaneOf, Timeline};
use wiretape::events::{Event, Field, FieldId, Kind, Locator, Reading, Scalar, Symbols};
use wiretape::wire::Direction;

fn reading() -> Reading {
    let field = |name: &str| Field {
        name: name.into(),
        from: vec![Locator::Pointer(format!("/{name}"))],
        ..Field::default()
    };
    Reading { fields: ["user", "thread", "run", "call"].map(field).to_vec(), ..Reading::default() }
}

/// One event: connection, run, time, frames.
fn event(
    symbols: &mut Symbols,
    (connection, run, at_ns): (i64, u32, u64),
    frames: (i64, i64),
) -> Event {
    let mut text = |text: String| Scalar::Text(symbols.intern(&text));
    let mut fields = vec![(FieldId(0), text(format!("user_{}", connection % 3)))];
    if run > 0 {
        fields.push((FieldId(2), text(format!("run_{run}"))));
        fields.push((FieldId(3), Scalar::Integer(i64::from(run) * 7)));
    }
    Event {
        frames,
        part: 0,
        connection,
        direction: Direction::BOTH[usize::from(run % 2 == 0)],
        at_ns,
        name: symbols.intern(["started", "thinking", "completed"][at_ns as usize % 3]),
        kind: if frames.1 == 0 { Kind::Open } else { Kind::Message },
        bytes: at_ns,
        code: None,
        marks: wiretape::wire::Marks::NONE,
        passes: 0,
        body: None,
        fields,
    }
}

fn some() -> impl Strategy<Value = Vec<(i64, u32, u64, u8)>> {
    prop::collection::vec((1..6_i64, 0..5_u32, 0..400_u64, 0..20_u8), 1..700)
}

/// Events in order of arrival; each is a little late at times, as on a wire of many connections.
fn build(made: &[(i64, u32, u64, u8)]) -> (Timeline, Vec<Event>) {
    let (mut symbols, mut timeline) = (Symbols::default(), Timeline::new(&reading()));
    let (mut now, mut frame) = (0, 0);
    let mut events = Vec::new();
    for (connection, run, step, how) in made {
        now += step;
        let span = i64::from(*how == 1) * 3;
        frame += span + 1;
        let frames = match how {
            0 => (0, 0),
            2 => (frame << 40, frame << 40),
            _ => (frame - span, frame),
        };
        let event = event(&mut symbols, (*connection, *run, now), frames);
        timeline.append(&event);
        events.push(event);
    }
    (timeline, events)
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(made in some()) {
        let (timeline, events) = build(&made);
        prop_assert_eq!(timeline.len() as usize, events.len());
        for (row, event) in timeline.page(None, usize::MAX).zip(&events) {
            prop_assert_eq!((row.frames, row.at_ns, row.connection), (event.frames, event.at_ns, event.connection));
            prop_assert_eq!((row.name, row.kind, row.direction), (event.name, event.kind, event.direction));
            prop_assert_eq!(row.call, event.field(FieldId(3)));
            let run = row.run.and_then(|run| timeline.run(run)).map(|(id, _, _)| id);
            prop_assert_eq!(run, event.field(FieldId(2)));
            prop_assert_eq!(timeline.user_of(event.connection), event.field(FieldId(0)));
            if event.frames.1 != 0 {
                prop_assert!(timeline.rows_of_frame(event.frames.1).contains(&row.number));
            }
        }
        // Pages of a few are the whole.
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page: Vec<u32> = timeline.page(after, 7).map(|row| row.number).collect();
            let Some(last) = page.last() else { break };
            after = Some(*last);
            paged.extend(page);
        }
        prop_assert_eq!(paged, (0..timeline.len()).collect::<Vec<_>>());
    }

    #[test]
    fn searches_find_what_a_walk_finds(made in some(), at in 0..200_000_u64, width in 1..50_000_u64) {
        let (timeline, events) = build(&made);
        let walked = events.iter().position(|event| event.at_ns >= at).map(|row| row as u32);
        prop_assert_eq!(timeline.at(at), walked);
        for (user, id, _) in timeline.users() {
            let whose = |event: &&Event| event.field(FieldId(0)) == Some(id);
            let rows: Vec<u32> = events.iter().enumerate().filter(|(_, event)| whose(event)).map(|(row, _)| row as u32).collect();
            prop_assert_eq!(&timeline.lane_page(LaneOf::User(user), None, usize::MAX), &rows);
            let within: Vec<u32> = rows.iter().copied().filter(|row| (at..at + width).contains(&events[*row as usize].at_ns)).collect();
            let tile = timeline.tile(LaneOf::User(user), at..at + width);
            prop_assert_eq!(tile.count as usize, within.len());
            prop_assert_eq!(tile.ends, within.first().copied().zip(within.last().copied()));
        }
        for run in 0..timeline.run_count() {
            let (_, _, rows) = timeline.run(run).unwrap();
            for pair in rows.windows(2) {
                prop_assert_eq!(timeline.before_in_run(pair[1]), Some(pair[0]));
            }
            prop_assert_eq!(timeline.before_in_run(rows[0]), None);
        }
    }
}

/// Runs of seven events, each with a call of its own every second event: the usual agent chat.
#[test]
fn an_event_takes_some_sixty_bytes() {
    const EVENTS: u32 = 300_000;
    let (mut symbols, mut timeline) = (Symbols::default(), Timeline::new(&reading()));
    for number in 0..EVENTS {
        let connection = i64::from(number / 7 % 50 + 1);
        let at_ns = u64::from(number) * 1_000_000;
        let frame = i64::from(number) + 1;
        let mut event = event(&mut symbols, (connection, number / 7 + 1, at_ns), (frame, frame));
        event.fields[2].1 = Scalar::Text(symbols.intern(&format!("call_{}", number / 2)));
        timeline.append(&event);
    }
    let each = timeline.bytes() as f64 / f64::from(EVENTS);
    assert!(each < 68.0, "{each:.1} bytes an event");
}

/// What is answered, and how long that took.
#[test]
fn answers_know_what_they_answer() {
    let (mut symbols, mut timeline) = (Symbols::default(), Timeline::new(&reading()));
    let mut add = |run: u32, out: bool, at_ns: u64, call: Option<i64>| {
        let mut event = event(&mut symbols, (1, run, at_ns), (at_ns as i64, at_ns as i64));
        event.direction = Direction::BOTH[usize::from(!out)];
        event.fields.retain(|(field, _)| field.0 != 3);
        event.fields.extend(call.map(|call| (FieldId(3), Scalar::Integer(call))));
        timeline.append(&event);
    };
    add(1, true, 1_000_000, None);
    add(1, true, 2_000_000, None);
    add(1, false, 5_000_000, Some(9));
    add(1, false, 6_000_000, None);
    add(1, false, 9_000_000, Some(9));
    let replies: Vec<Option<u64>> =
        timeline.page(None, 9).map(|row| row.reply_ns.map(|ns| ns / 1_000_000)).collect();
    assert_eq!(replies, [None, None, Some(4), None, Some(4)]);
}
