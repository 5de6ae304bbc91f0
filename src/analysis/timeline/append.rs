//! An event → the next row of every column and lane; findings → flags.

use crate::events::{Event, FieldId, Scalar};
use crate::rules::{Finding, Status};

use super::lane::Lane;
use super::{KINDS, Line, MOST_EVENTS, MOST_OTHERS, NONE, OTHER, Run, STRETCH, Timeline};
use crate::events::Kind;

impl Timeline {
    /// Takes the next event.
    pub fn append(&mut self, event: &Event) {
        if self.length >= MOST_EVENTS {
            self.left_out += 1;
            return;
        }
        let row = self.length;
        let line = self.line(event);
        let value = |field: Option<FieldId>| field.and_then(|field| event.field(field));
        let (thread, call) = (self.code(value(self.thread)), self.code(value(self.call)));
        let run = value(self.run).map_or(NONE, |id| self.run_number(id, line));
        let reply = self.answers.answer(event, line, (call != NONE).then_some(call));
        self.place(row, event);
        if event.part > 0 {
            self.parts.insert(row, u16::try_from(event.part).unwrap_or(u16::MAX));
        }
        self.connections.push(line);
        self.kinds.push(kind_number(event.kind) | (event.direction.index() as u8) << 4);
        self.names.push(event.name.number());
        self.sizes.push(u32::try_from(event.bytes).unwrap_or(u32::MAX));
        self.threads.push(thread);
        self.runs.push(run);
        self.calls.push(call);
        let micros = |ns: u64| u32::try_from(ns / 1000).unwrap_or(NONE - 1).min(NONE - 1);
        self.replies.push(reply.map_or(NONE, micros));
        self.lines[line as usize].lane.push(row);
        if let Some(run) = self.all_runs.get_mut(run as usize) {
            run.lane.push(row);
        }
        self.length += 1;
    }

    /// Frames and time of the row.
    fn place(&mut self, row: u32, event: &Event) {
        if row.is_multiple_of(STRETCH) {
            self.bases.push(self.latest_frame);
            self.latest.push(self.latest.last().copied().unwrap_or(0));
        }
        let (first, last) = event.frames;
        let base = self.bases.last().copied().unwrap_or(0);
        let near = i32::try_from(last.saturating_sub(base)).ok().filter(|near| *near != i32::MIN);
        let span = u16::try_from(last.saturating_sub(first)).ok();
        let fits = (last == 0 && first == 0) || (near.is_some() && span.is_some());
        if !fits {
            self.far.insert(row, event.frames);
        }
        let near = if last == 0 || !fits { i32::MIN } else { near.unwrap_or(i32::MIN) };
        self.frames.push(near);
        self.spans.push(span.unwrap_or(0));
        if last > self.latest_frame {
            self.latest_frame = last;
        } else if last != 0 && event.part == 0 {
            self.late.entry(last).or_insert(row);
        }
        self.times.push(event.at_ns);
        if let Some(latest) = self.latest.last_mut() {
            *latest = (*latest).max(event.at_ns);
        }
    }

    /// The connection's number, and whose it is, if this event is the first to say so.
    fn line(&mut self, event: &Event) -> u32 {
        let said = self.user.and_then(|field| event.field(field)).filter(|_| event.connection != 0);
        let line = if let Some(line) = self.line_of.get(&event.connection) {
            *line
        } else {
            let line = self.lines.len() as u32;
            self.lines.push(Line { id: event.connection, user: None, lane: Lane::default() });
            self.line_of.insert(event.connection, line);
            line
        };
        let known = &mut self.lines[line as usize].user;
        if let (None, Some(user)) = (*known, said) {
            *known = Some(user);
            let number = *self.user_of.entry(user).or_insert_with(|| {
                self.users.push(Vec::new());
                self.users.len() as u32 - 1
            });
            self.users[number as usize].push(line);
        }
        line
    }

    /// The number of the run of this id, of whoever has the connection.
    fn run_number(&mut self, id: Scalar, line: u32) -> u32 {
        let code = self.code(Some(id));
        let user = self.lines[line as usize].user.and_then(|user| self.user_of.get(&user));
        let whose = user.map_or(OTHER | line, |user| *user);
        *self.run_of.entry((whose, code)).or_insert_with(|| {
            if self.all_runs.len() == self.all_runs.capacity() {
                self.all_runs.reserve_exact((self.all_runs.len() / 4).max(16));
            }
            self.all_runs.push(Run { id, connection: line, lane: Lane::default() });
            self.all_runs.len() as u32 - 1
        })
    }

    fn code(&mut self, value: Option<Scalar>) -> u32 {
        match value {
            None => NONE,
            Some(Scalar::Text(symbol)) => symbol.number(),
            Some(other) => match self.other_of.get(&other) {
                Some(code) => *code,
                None if self.others.len() >= MOST_OTHERS => NONE,
                None => {
                    let code = OTHER | self.others.len() as u32;
                    self.others.push(other);
                    self.other_of.insert(other, code);
                    code
                }
            },
        }
    }

    /// Flags the rows on which findings rest. May be called again as more are found: those that
    /// were there before are known by their number.
    pub fn settle(&mut self, findings: &[Finding]) {
        self.settle_some(findings, &|finding| finding.status != Status::Withdrawn);
    }

    /// The same, by those findings alone that are told.
    pub fn settle_some(&mut self, findings: &[Finding], is_told: &dyn Fn(&Finding) -> bool) {
        for (index, finding) in findings.iter().enumerate().skip(self.told) {
            if !is_told(finding) {
                continue;
            }
            let flag = 1 << (finding.severity as u8);
            for frame in &finding.frames {
                for row in self.rows_of_frame(*frame) {
                    self.flag(row, flag, index);
                }
            }
        }
        self.told = findings.len();
    }

    /// Flags nothing any more: findings are told anew, from the first on.
    pub fn unsettle(&mut self) {
        self.told = 0;
        for row in std::mem::take(&mut self.codes).into_keys() {
            if let Some(kind) = self.kinds.get_mut(row) {
                *kind &= (1 << 5) - 1;
            }
            let line = self.connections.get(row).and_then(|line| self.lines.get_mut(line as usize));
            if let Some(line) = line {
                line.lane.lower();
            }
            let run = self.runs.get(row).and_then(|run| self.all_runs.get_mut(run as usize));
            if let Some(run) = run {
                run.lane.lower();
            }
        }
    }

    fn flag(&mut self, row: u32, flag: u8, finding: usize) {
        let Some(kind) = self.kinds.get_mut(row) else { return };
        *kind |= flag << 5;
        self.codes.entry(row).or_default().push(finding);
        let line = self.connections.get(row).and_then(|line| self.lines.get_mut(line as usize));
        if let Some(line) = line {
            line.lane.raise(row, flag);
        }
        let run = self.runs.get(row).and_then(|run| self.all_runs.get_mut(run as usize));
        if let Some(run) = run {
            run.lane.raise(row, flag);
        }
    }
}

fn kind_number(kind: Kind) -> u8 {
    KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u8
}
