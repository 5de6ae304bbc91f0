//! Facts → the same facts without what is hidden: as many frames, with their ids and times.
//!
//! What was said is searched as messages. One that is in several frames, or compressed, is put
//! back plain: the frames before its last stay, empty. So no old bytes are left beside the new.

use super::clothes::prints;
use super::names::{Form, Kind};
use super::review::Rule;
use super::text::Redactor;
use super::{Decision, Level};
use crate::wire::{
    Close, Connection, Fact, Marks, Message, Messages, Note, Opcode, OpenRows, RecordedFrame,
    Recording, drop_payload, restate,
};

/// Bytes of a message that are searched: as many as are recorded of a frame by default. What is
/// beyond is left out.
const SEARCHED: usize = 16 << 20;

/// The facts, redacted.
pub(super) fn facts(redactor: &mut Redactor, facts: &[Fact<'_>]) -> Vec<Fact<'static>> {
    let mut scope = Scope {
        redactor,
        out: Vec::with_capacity(facts.len()),
        messages: Messages::new(SEARCHED),
        open: OpenRows::default(),
    };
    for fact in facts {
        scope.take(fact);
    }
    let Scope { mut out, open, .. } = scope;
    // What is of no whole message was not searched.
    open.rest().for_each(|at| drop_payload(&mut out, at));
    out
}

struct Scope<'a> {
    redactor: &'a mut Redactor,
    out: Vec<Fact<'static>>,
    messages: Messages,
    /// Rows of messages that are not complete, by their place in `out`.
    open: OpenRows,
}

impl Scope<'_> {
    fn take(&mut self, fact: &Fact<'_>) {
        let off = self.redactor.policy.level == Level::Off;
        let review = &mut self.redactor.review;
        match fact {
            Fact::Recording(recording) => {
                review.within("the recording".to_owned(), recording.upstream.as_bytes());
            }
            Fact::Note(note) => review.within(format!("note {}", note.id), note.text.as_bytes()),
            Fact::Connection(_) | Fact::Gap(_) | Fact::Frame(_) => {}
        }
        let other = match fact {
            Fact::Recording(recording) => Fact::Recording(self.recording(recording)),
            Fact::Connection(connection) => Fact::Connection(self.connection(connection)),
            Fact::Gap(gap) => {
                self.messages.gap(gap);
                Fact::Gap(gap.clone())
            }
            Fact::Note(note) if off => Fact::Note(note.clone()),
            Fact::Note(note) => Fact::Note(Note {
                text: self.note(&note.text),
                author: self.author(&note.author),
                ..note.clone()
            }),
            Fact::Frame(frame) => {
                let owned =
                    RecordedFrame { frame: frame.frame.clone().into_owned(), ..frame.clone() };
                self.out.push(Fact::Frame(owned));
                if !off {
                    self.frame(frame);
                }
                return;
            }
        };
        self.out.push(other);
    }

    fn note(&mut self, text: &str) -> String {
        if self.redactor.policy.level == Level::Strict {
            return self.redactor.hide((Rule::Strict, "note"), Kind::Text, text, Form::Marked);
        }
        self.redactor.said("note", text)
    }

    fn author(&mut self, author: &str) -> String {
        if self.redactor.is_strict() && !author.is_empty() {
            self.redactor.named("note", author)
        } else {
            self.redactor.said("note", author)
        }
    }

    /// The name that a recording is known by.
    fn name(&mut self, name: &str) -> String {
        if self.redactor.is_strict() && !name.is_empty() {
            self.redactor.named("name", name)
        } else {
            self.redactor.said("name", name)
        }
    }

    fn recording(&mut self, recording: &Recording) -> Recording {
        if self.redactor.policy.level == Level::Off {
            return recording.clone();
        }
        Recording {
            // First: what the rules ask for stays.
            rules: recording.rules.as_deref().and_then(|rules| self.redactor.rules(rules)),
            name: self.name(&recording.name),
            upstream: self.redactor.target(&recording.upstream),
            listen: self.redactor.target(&recording.listen),
            note: recording.note.as_deref().map(|note| self.note(note)),
            ..recording.clone()
        }
    }

    fn connection(&mut self, connection: &Connection) -> Connection {
        self.messages.connection(connection);
        let redactor = &mut *self.redactor;
        if redactor.policy.level == Level::Off {
            return connection.clone();
        }
        let of = |what: &str| format!("{what} of conn {}", connection.id);
        redactor.review.within(of("an address"), connection.client.as_bytes());
        let mut address = |text: &str| {
            if redactor.is_strict() {
                redactor.strict_segment(text)
            } else {
                redactor.loose("address", text)
            }
        };
        let (client, server) = (address(&connection.client), address(&connection.server));
        let detail = connection.detail.as_deref().map(|detail| {
            if redactor.is_strict() {
                redactor.strict_text("detail", detail)
            } else {
                redactor.loose("detail", detail)
            }
        });
        let close = connection.close.clone().map(|close| {
            close.map(|close| Close { reason: self.close_reason(&close.reason), ..close })
        });
        self.redactor.review.within(of("the answer"), &connection.response_body);
        let body = self.body(&connection.response_body);
        self.redactor.review.within(of("the request"), &connection.request_head);
        let request_head = self.redactor.head(&connection.request_head);
        self.redactor.review.within(of("the answer"), &connection.response_head);
        let response_head = self.redactor.head(&connection.response_head);
        Connection {
            client,
            server,
            request_head,
            response_head,
            response_body: body,
            detail,
            close,
            ..connection.clone()
        }
    }

    fn body(&mut self, body: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(body) {
            Ok("") => Vec::new(),
            Ok(text) => self.redactor.payload(text).into_bytes(),
            Err(_) => self.unsearched(body),
        }
    }

    /// A reason stays within the 123 bytes that a close frame has for it (RFC 6455, 5.5).
    fn close_reason(&mut self, reason: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(reason) else { return Vec::new() };
        let mut other = if self.redactor.is_strict() && !text.is_empty() {
            self.redactor.strict_text("close reason", text)
        } else {
            self.redactor.inside("close reason", text, Form::Marked, 0)
        };
        while other.len() > 123 {
            other.pop();
        }
        other.into_bytes()
    }

    /// Bytes that are no text: how many there were.
    fn unsearched(&mut self, bytes: &[u8]) -> Vec<u8> {
        let after = self.redactor.unsearched("$", bytes.len());
        after.map_or_else(|| bytes.to_vec(), String::into_bytes)
    }

    /// The frame that was just put into `out`.
    fn frame(&mut self, recorded: &RecordedFrame<'_>) {
        self.open.add(recorded, self.out.len() - 1);
        let Some(message) = self.messages.feed(recorded) else { return };
        let rows = self.open.take(recorded, &message, &self.out);
        self.message(&message, &rows);
    }

    fn message(&mut self, message: &Message, rows: &[usize]) {
        self.redactor.review.within(format!("#{}", message.frames.1), &message.payload);
        let whole = message.trouble.is_none() && message.length == message.payload.len() as u64;
        if !whole || message.marks.has(Marks::RAW) {
            self.redactor.review.hit(
                Rule::Unsearched,
                "$",
                (&format!("{} bytes", message.payload.len()), "nothing"),
                (Decision::Hide, true),
            );
            for row in rows {
                drop_payload(&mut self.out, *row);
            }
            return;
        }
        let payload = match std::str::from_utf8(&message.payload) {
            _ if message.payload.is_empty() => Vec::new(),
            _ if message.opcode == Opcode::CLOSE => match message.payload.split_at_checked(2) {
                Some((code, reason)) => [code, &self.close_reason(reason)].concat(),
                None => Vec::new(),
            },
            Ok(text) if message.opcode.is_control() => {
                let mut other = if self.redactor.is_strict() {
                    self.redactor.named("ping", text)
                } else {
                    self.redactor.inside("ping", text, Form::Plain, 0)
                };
                while other.len() > 125 {
                    other.pop();
                }
                other.into_bytes()
            }
            // Other forms of binary messages may happen to be letters.
            Ok(text) if message.opcode == Opcode::BINARY && !is_text(text) => {
                self.unsearched(&message.payload)
            }
            Ok(text) => self.redactor.payload(text).into_bytes(),
            Err(_) if message.opcode.is_control() => Vec::new(),
            Err(_) => self.unsearched(&message.payload),
        };
        if payload == message.payload && !message.compressed {
            return;
        }
        restate(&mut self.out, rows, message.opcode, &payload);
    }
}

/// It has no control letters but those that end lines, and messages (STOMP, `SignalR`).
fn is_text(text: &str) -> bool {
    prints(text.trim_end_matches(['\0', '\u{1e}', '\n', '\r']).replace('\u{1e}', "\n").as_str())
}
