//! A preset's lifecycle → runs that fit it, as what a server and a client would say; and whether a
//! run that was changed still fits.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wiretape::events::Locator;
use wiretape::rules::{Automaton, Letter, Lifecycle, RuleBook, State, presets};
use wiretape::wire::Direction;

/// Chance that can be thrown again.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `below`.
    pub(super) fn throw(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % below
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.throw(all.len())]
    }
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// Its name in the lifecycle.
    pub(super) name: String,
    /// The sub-lifecycle that it belongs to, and the id there.
    pub(super) part: Option<(usize, usize)>,
    /// Which of the run's agents.
    agent: usize,
}

struct Part {
    automaton: Automaton,
    opening: Letter,
    /// Where its id is, and what its ids begin with.
    key: Locator,
    name: String,
    drained_by: Vec<String>,
}

/// A lifecycle, ready to walk.
pub(super) struct Walker {
    pub(super) book: RuleBook,
    run: Automaton,
    parts: Vec<Part>,
    ends: Vec<String>,
    /// The names of the preset speak of agents, of which each does nothing after its end.
    has_agents: bool,
}

struct Open {
    part: usize,
    id: usize,
    agent: usize,
    state: State,
}

impl Walker {
    pub(super) fn new(preset: &str) -> Self {
        let book = presets::preset(preset).unwrap();
        let Lifecycle { pattern, alphabet, subs, scope, .. } = &book.lifecycles[0];
        let run = Automaton::compile(pattern, alphabet, 4096).unwrap();
        let parts = subs
            .iter()
            .map(|sub| Part {
                automaton: Automaton::compile(&sub.pattern, &[], 4096).unwrap(),
                opening: run.letter(&format!("@{}", sub.name)).unwrap(),
                key: book.reading.fields[usize::from(sub.key.unwrap().0)].from[0].clone(),
                name: sub.name.clone(),
                drained_by: sub.drained_by.clone(),
            })
            .collect();
        let (ends, has_agents) =
            (book.scopes[*scope].end.clone(), book.reading.field("whose").is_some());
        Self { book, run, parts, ends, has_agents }
    }

    /// A run that fits, of some `steps` events, and as many more as it needs to end.
    pub(super) fn run(&self, dice: &mut Dice, steps: usize) -> Vec<Said> {
        for _ in 0..1000 {
            let mut walk = Walk {
                walker: self,
                state: self.run.start(),
                said: Vec::new(),
                open: Vec::new(),
                agents: Vec::new(),
                parts: 0,
            };
            for step in 0..steps + 200 {
                if walk.is_over() && (step >= steps || dice.throw(4) == 0) {
                    return walk.said;
                }
                walk.step(dice, step >= steps);
            }
        }
        panic!("no run comes to its end")
    }

    /// Whether the run's lifecycle and those of its parts still fit.
    pub(super) fn fits(&self, said: &[Said]) -> bool {
        let (mut state, mut ended) = (Some(self.run.start()), None);
        let mut parts: BTreeMap<(usize, usize), Option<State>> = BTreeMap::new();
        for event in said {
            if let Some((part, id)) = event.part {
                let Part { automaton, opening, drained_by, .. } = &self.parts[part];
                let letter = automaton.letter(&event.name).unwrap();
                let known = parts.contains_key(&(part, id));
                if ended.is_some() && known && !drained_by.is_empty() {
                    return false;
                }
                let child = parts.entry((part, id)).or_insert(Some(automaton.start()));
                *child = child.and_then(|state| automaton.next(state, letter));
                if !known {
                    state = state.and_then(|state| self.run.next(state, *opening));
                }
            } else {
                let letter = self.run.letter(&event.name).unwrap();
                state = state.and_then(|state| self.run.next(state, letter));
                if self.ends.contains(&event.name) {
                    ended = ended.or(Some(event.name.clone()));
                }
            }
        }
        let closed = |(key, state): (&(usize, usize), &Option<State>)| {
            let part = &self.parts[key.0];
            let excused = !part.drained_by.is_empty()
                && ended.as_ref().is_some_and(|end| !part.drained_by.contains(end));
            state.is_some_and(|state| excused || part.automaton.accepts(state))
        };
        state.is_some_and(|state| self.run.accepts(state)) && parts.iter().all(closed)
    }

    /// An event as it is on the wire.
    pub(super) fn text(&self, dice: &mut Dice, run: &str, said: &Said) -> (Direction, String) {
        let fitting = |naming: &&wiretape::events::Naming| {
            naming.name == said.name && naming.conditions.is_empty()
        };
        let naming = self.book.reading.names.iter().find(fitting);
        let kind = match naming.filter(|naming| !naming.types.is_empty()) {
            Some(naming) => dice.one_of(&naming.types).clone(),
            None => said.name.clone(),
        };
        let direction = naming.and_then(|naming| naming.direction);
        let direction = direction.unwrap_or(match said.name.as_str() {
            "subscribe" => Direction::ClientToServer,
            _ => Direction::ServerToClient,
        });
        let mut message = json!({ "type": kind });
        if self.has_agents {
            message["run_id"] = json!(run);
            message["agent_name"] = json!(format!("agent{}", said.agent));
        } else if said.name.starts_with("RUN_") && said.name != "RUN_ERROR" {
            message["runId"] = json!(run);
            message["threadId"] = json!("t");
        } else if self.book.lifecycles[0].id == "operation" {
            message["id"] = json!(run);
        }
        if let Some((part, id)) = said.part {
            let part = &self.parts[part];
            put(&mut message, &part.key, &format!("{run}-{}-{id}", part.name));
            if self.has_agents {
                message["payload"]["tool_name"] = json!(["search", "cost"][id % 2]);
            }
        }
        (direction, message.to_string())
    }
}

/// Lays `value` where the locator looks.
fn put(message: &mut Value, locator: &Locator, value: &str) {
    let Locator::Pointer(pointer) = locator else { panic!("{locator:?}") };
    let mut at = message;
    for member in pointer.split('/').skip(1) {
        at = &mut at[member];
    }
    *at = json!(value);
}

/// A run on its way.
struct Walk<'w> {
    walker: &'w Walker,
    state: State,
    said: Vec<Said>,
    open: Vec<Open>,
    /// Agents that have started, and whether each is still at work.
    agents: Vec<bool>,
    parts: usize,
}

impl Walk<'_> {
    fn is_over(&self) -> bool {
        let idle = self.agents.iter().all(|works| !works);
        self.walker.run.accepts(self.state) && self.waited_for(None).is_empty() && idle
    }

    /// Parts that have to be complete before an end of this name (of an agent, if there are any).
    fn waited_for(&self, end: Option<(&str, usize)>) -> Vec<usize> {
        let waits = |open: &&Open| {
            let Part { automaton, drained_by, .. } = &self.walker.parts[open.part];
            let failed =
                |end: &str| !drained_by.is_empty() && !drained_by.iter().any(|by| by == end);
            let last = self.said.iter().rfind(|said| self.walker.ends.contains(&said.name));
            let end_name = end.map(|(name, _)| name).or(last.map(|said| said.name.as_str()));
            let mine = end.is_none_or(|(_, agent)| agent == open.agent);
            mine && !automaton.accepts(open.state) && !end_name.is_some_and(failed)
        };
        self.open.iter().filter(waits).map(|open| open.id).collect()
    }

    fn has_ended(&self) -> bool {
        self.said.iter().any(|said| self.walker.ends.contains(&said.name))
    }

    fn step(&mut self, dice: &mut Dice, hurry: bool) {
        let parts_may = !self.has_ended() || self.walker.has_agents;
        if !self.open.is_empty() && parts_may && dice.throw(5) < 3 {
            return self.go_on(dice, hurry);
        }
        let run = &self.walker.run;
        // A run that only fails has no id.
        let alone = |letter: Letter| self.said.is_empty() && run.name(letter) == "RUN_ERROR";
        let edges: Vec<(Letter, State)> =
            run.edges(self.state).iter().filter(|(letter, _)| !alone(*letter)).copied().collect();
        if edges.is_empty() {
            return;
        }
        let (letter, to) = if hurry {
            let near = |(_, to): &&(Letter, State)| run.distance_to_accept(*to);
            let nearest = edges.iter().map(|edge| near(&edge)).min().unwrap_or(0);
            let best: Vec<_> = edges.iter().filter(|edge| near(edge) == nearest).collect();
            **dice.one_of(&best)
        } else {
            *dice.one_of(&edges)
        };
        let name = run.name(letter);
        let part = self.walker.parts.iter().position(|part| part.opening == letter);
        // Its call would have to be one of the run's: that is a rule's matter.
        if name == "TOOL_CALL_RESULT" {
            return;
        }
        let Some(agent) = self.agent_for(dice, name) else { return };
        if let Some(part) = part {
            let automaton = &self.walker.parts[part].automaton;
            self.parts += 1;
            self.open.push(Open { part, id: self.parts, agent, state: automaton.start() });
            self.state = to;
            return self.advance(dice, self.open.len() - 1, hurry);
        }
        self.state = to;
        self.said.push(Said { name: name.to_owned(), part: None, agent });
    }

    /// Which agent may say this now.
    fn agent_for(&mut self, dice: &mut Dice, name: &str) -> Option<usize> {
        if !self.walker.has_agents {
            let ends = self.walker.ends.iter().any(|end| end == name);
            let ready = self.waited_for(Some((name, 0))).is_empty();
            return (!ends || ready || self.walker.parts.is_empty()).then_some(0);
        }
        if name == "agent_started" {
            self.agents.push(true);
            return (self.agents.len() <= 3).then(|| self.agents.len() - 1).or_else(|| {
                self.agents.pop();
                None
            });
        }
        let working: Vec<usize> = (0..self.agents.len()).filter(|at| self.agents[*at]).collect();
        if working.is_empty() {
            let trails = ["final_report", "agent_response"].contains(&name);
            return trails.then_some(0);
        }
        let agent = *dice.one_of(&working);
        if self.walker.ends.iter().any(|end| end == name) {
            if !self.waited_for(Some((name, agent))).is_empty() {
                return None;
            }
            self.agents[agent] = false;
        }
        Some(agent)
    }

    /// A part that is open says something.
    fn go_on(&mut self, dice: &mut Dice, hurry: bool) {
        let at = dice.throw(self.open.len());
        let Open { part, state, .. } = self.open[at];
        if self.walker.parts[part].automaton.edges(state).is_empty() {
            self.open.remove(at);
            return;
        }
        self.advance(dice, at, hurry);
    }

    fn advance(&mut self, dice: &mut Dice, at: usize, hurry: bool) {
        let Open { part, id, agent, state } = self.open[at];
        let automaton = &self.walker.parts[part].automaton;
        let edges = automaton.edges(state);
        let near = |(_, to): &&(Letter, State)| automaton.distance_to_accept(*to);
        let (letter, to) = match edges.iter().min_by_key(near).filter(|_| hurry) {
            Some(nearest) => *nearest,
            None => *dice.one_of(edges),
        };
        if automaton.accepts(state) && hurry {
            self.open.remove(at);
            return;
        }
        self.open[at].state = to;
        let name = automaton.name(letter).to_owned();
        self.said.push(Said { name, part: Some((part, id)), agent });
    }
}
