//! A story → the messages of one agent run, from the user's typing to the last event.

use crate::wire::Direction::{ClientToServer, ServerToClient};

use super::clock::{epoch_ms, iso};
use super::json::{Json, list, object};
use super::story::{Story, pieces};
use super::talk::{Mark, Talk};
use super::tools::{Call, Tool};

/// A thread of the chat.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) id: String,
    known: bool,
}

/// How a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// To its end.
    Completes,
    /// A tool fails, and the agent says so in order.
    Fails,
    /// The user stops it in the middle of its answer.
    Stopped,
    /// Planted: nothing follows the first `tool_executing`.
    Hangs,
    /// Planted: nothing follows `agent_started`.
    Mute,
    /// Planted: it thinks once more after it has completed.
    Haunts,
}

/// The ids that each message of a run carries.
struct Run {
    id: String,
    thread: String,
    agent: &'static str,
}

impl Thread {
    /// A new thread of the user of `talk`.
    pub(super) fn new(talk: &mut Talk) -> Self {
        Self { id: format!("thread_{}_{}", talk.user.name, talk.random.hex(6)), known: false }
    }
}

impl Talk {
    /// The user types a question some time after `after`, and a run answers it. The mark is the
    /// run's last event.
    pub(super) fn chat(
        &mut self,
        after: Mark,
        thread: &mut Thread,
        story: &Story,
        turn: Turn,
    ) -> Mark {
        let pause = self.random.between(700, 2_500);
        let types = after.no_earlier(after.at + pause);
        let typing_ms = self.random.between(1_100, 2_600);
        self.ask((types, typing_ms), thread, story, turn)
    }

    /// The user begins to type at `types`, and is done `typing_ms` later; a run answers.
    pub(super) fn ask(
        &mut self,
        (types, typing_ms): (Mark, u64),
        thread: &mut Thread,
        story: &Story,
        turn: Turn,
    ) -> Mark {
        let typing = self.typing(types, 0, &thread.id, Typing::Starts);
        let ready = self.typing(typing, typing_ms, &thread.id, Typing::Stops);
        let message = object([
            ("content", story.prompt.into()),
            ("references", list([])),
            ("thread_id", thread.id.clone().into()),
        ]);
        let mut asked = self.message(ClientToServer, ready, 40, ("user_message", message));
        if !thread.known {
            thread.known = true;
            let created =
                object([("thread_id", thread.id.clone().into()), ("title", story.title.into())]);
            asked = self.message(ServerToClient, asked, 8, ("thread_created", created));
        }
        self.run(asked, &thread.id, story, turn)
    }

    /// One agent run, caused by `asked`.
    fn run(&mut self, asked: Mark, thread: &str, story: &Story, turn: Turn) -> Mark {
        let id = format!("{thread}_run_{}_{}", epoch_ms(asked.at), self.random.hex(8));
        let run = Run { id, thread: thread.to_owned(), agent: story.agent };
        let hello = object([("status", "started".into()), ("message", story.title.into())]);
        let delay = self.random.between(25, 70);
        let started = self.event(asked, delay, &run, ("agent_started", hello));
        if turn == Turn::Mute {
            return started;
        }
        let mut thoughts = story.thoughts.iter();
        let mut last = started;
        if let Some(thought) = thoughts.next() {
            last = self.think(last, &run, (1, thought));
        }
        for (index, wave) in story.waves.iter().enumerate() {
            last = match turn {
                Turn::Hangs => return self.hang(last, &run, wave[0]),
                Turn::Fails => return self.failure(last, &run, wave[0]),
                _ => self.wave(last, &run, wave),
            };
            if let Some(thought) = thoughts.next() {
                last = self.think(last, &run, (index as u64 + 2, thought));
            }
        }
        self.answer(last, &run, story, (started, turn))
    }

    /// Tools that run in parallel; the mark is when the last one is done.
    fn wave(&mut self, last: Mark, run: &Run, wave: &[Tool]) -> Mark {
        let mut done = last;
        for (index, tool) in wave.iter().enumerate() {
            let mut call = tool.named_call(self);
            let executing = self.executing(last, 35 + 22 * index as u64, run, &mut call);
            let took = self.random.between(900, 3_200);
            let payload = object([
                ("tool_name", call.call.tool.into()),
                ("tool_call_id", call.id.into()),
                ("result", call.call.result),
                ("execution_time_ms", took.into()),
                ("status", "success".into()),
            ]);
            let completed = self.event(executing, took, run, ("tool_completed", payload));
            if completed.at >= done.at {
                done = completed;
            }
        }
        done
    }

    fn executing(&mut self, last: Mark, delay: u64, run: &Run, call: &mut NamedCall) -> Mark {
        let parameters = std::mem::replace(&mut call.call.parameters, Json::Null);
        let payload = object([
            ("tool_name", call.call.tool.into()),
            ("tool_call_id", call.id.clone().into()),
            ("parameters", parameters),
            ("status", "executing".into()),
        ]);
        self.event(last, delay, run, ("tool_executing", payload))
    }

    /// A tool that starts.
    fn hang(&mut self, last: Mark, run: &Run, tool: Tool) -> Mark {
        let mut call = tool.named_call(self);
        self.executing(last, 40, run, &mut call)
    }

    /// A tool that fails, and the agent's error: both as they should be.
    fn failure(&mut self, last: Mark, run: &Run, tool: Tool) -> Mark {
        let mut call = tool.named_call(self);
        let executing = self.executing(last, 40, run, &mut call);
        let payload = object([
            ("tool_name", call.call.tool.into()),
            ("tool_call_id", call.id.into()),
            ("result", Json::Null),
            ("error", "upstream answered 503: try again".into()),
            ("execution_time_ms", 2_100_u64.into()),
            ("status", "error".into()),
        ]);
        let failed = self.event(executing, 2_100, run, ("tool_completed", payload));
        let error = object([
            ("error_code", "TOOL_UNAVAILABLE".into()),
            ("error_message", "A tool is not available. Please ask again.".into()),
            ("recoverable", true.into()),
        ]);
        self.event(failed, 90, run, ("agent_error", error))
    }

    fn think(&mut self, last: Mark, run: &Run, (step, thought): (u64, &str)) -> Mark {
        let payload = object([
            ("reasoning", thought.into()),
            ("step_number", step.into()),
            ("progress_percentage", Json::Null),
            ("status", "thinking".into()),
        ]);
        let delay = self.random.between(150, 650);
        self.event(last, delay, run, ("agent_thinking", payload))
    }

    /// The answer, streamed, and the end of the run.
    fn answer(
        &mut self,
        last: Mark,
        run: &Run,
        story: &Story,
        (started, turn): (Mark, Turn),
    ) -> Mark {
        let stream = format!("stream_{}", self.random.hex(8));
        let pieces = pieces(story.answer, || self.random.between(6, 22));
        let count = pieces.len();
        let shown = if turn == Turn::Stopped { count * 2 / 5 } else { count };
        let mut last = last;
        let mut pause = self.random.between(250, 600);
        for (index, piece) in pieces.into_iter().take(shown).enumerate() {
            let payload = object([
                ("stream_id", stream.clone().into()),
                ("chunk_id", format!("c{index}").into()),
                ("content", piece.into()),
                ("is_final", (index + 1 == count).into()),
            ]);
            last = self.event(last, pause, run, ("stream_chunk", payload));
            pause = self.random.between(45, 130);
        }
        if turn == Turn::Stopped {
            return self.stopped(last, run);
        }
        let payload =
            object([("stream_id", stream.into()), ("total_chunks", (count as u64).into())]);
        last = self.event(last, 15, run, ("stream_complete", payload));
        let payload = object([
            ("status", "completed".into()),
            ("final_response", story.answer.into()),
            ("duration_ms", (last.at + 40 - started.at).into()),
            ("tools_used", (story.waves.concat().len() as u64).into()),
        ]);
        last = self.event(last, 40, run, ("agent_completed", payload));
        if turn == Turn::Haunts {
            return self.think(last, run, (9, "Maybe one more look at the numbers…"));
        }
        last
    }

    fn stopped(&mut self, last: Mark, run: &Run) -> Mark {
        let payload = object([
            ("run_id", run.id.clone().into()),
            ("thread_id", run.thread.clone().into()),
            ("reason", "user pressed stop".into()),
        ]);
        let stop = self.message(ClientToServer, last, 60, ("stop_agent", payload));
        let payload =
            object([("status", "stopped".into()), ("reason", "stopped by the user".into())]);
        self.event(stop, 35, run, ("agent_stopped", payload))
    }

    /// The server sends an event of a run.
    fn event(
        &mut self,
        cause: Mark,
        delay_ms: u64,
        run: &Run,
        (event, payload): (&'static str, Json),
    ) -> Mark {
        let text = object([
            ("type", event.into()),
            ("payload", payload),
            ("run_id", run.id.clone().into()),
            ("thread_id", run.thread.clone().into()),
            ("user_id", self.user.name.into()),
            ("agent_name", run.agent.into()),
            ("timestamp", iso(cause.at + delay_ms).into()),
            ("message_id", self.random.uuid().into()),
        ]);
        self.say(ServerToClient, cause, delay_ms, (event, text.to_string()))
    }

    fn typing(&mut self, cause: Mark, delay_ms: u64, thread: &str, typing: Typing) -> Mark {
        let payload = object([
            ("thread_id", thread.into()),
            ("user_id", self.user.name.into()),
            ("is_typing", (typing == Typing::Starts).into()),
        ]);
        self.message(ClientToServer, cause, delay_ms, ("user_typing", payload))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Typing {
    Starts,
    Stops,
}

/// A call with the id that ties its two events together.
struct NamedCall {
    id: String,
    call: Call,
}

impl Tool {
    fn named_call(self, talk: &mut Talk) -> NamedCall {
        let id = format!("call_{}", talk.random.hex(12));
        NamedCall { id, call: self.call(&mut talk.random) }
    }
}
