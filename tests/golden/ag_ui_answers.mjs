// Random AG-UI streams -> where @ag-ui/client's verifyEvents sees the first error, as text that
// `cargo test` replays.
//
//   npm install --prefix /tmp/ag-ui @ag-ui/client@1.0.0 rxjs@7
//   node tests/golden/ag_ui_answers.mjs /tmp/ag-ui
//
// writes ag-ui.txt beside itself; tests/it/rules/golden.rs reads it. Neither package is a part of
// Wiretape. A line is the index of the first event that is refused, "-" where none is, and then the
// events: a letter for the type, and a digit for the id that the type has.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const require = createRequire(resolve(process.argv[2] ?? '.') + '/');
const { verifyEvents } = require('@ag-ui/client');
const { from } = require('rxjs');
const { version } = require('@ag-ui/client/package.json');

// Letter: type, the member that holds its id, and what else it must have.
const TYPES = {
  S: ['RUN_STARTED', 'runId', { threadId: 't' }],
  F: ['RUN_FINISHED', 'runId', { threadId: 't' }],
  E: ['RUN_ERROR', '', { message: 'm' }],
  T: ['TEXT_MESSAGE_START', 'messageId', { role: 'assistant' }],
  t: ['TEXT_MESSAGE_CONTENT', 'messageId', { delta: 'd' }],
  m: ['TEXT_MESSAGE_END', 'messageId', {}],
  X: ['TOOL_CALL_START', 'toolCallId', { toolCallName: 'n' }],
  x: ['TOOL_CALL_ARGS', 'toolCallId', { delta: 'd' }],
  C: ['TOOL_CALL_END', 'toolCallId', {}],
  P: ['STEP_STARTED', 'stepName', {}],
  p: ['STEP_FINISHED', 'stepName', {}],
  G: ['REASONING_START', 'messageId', {}],
  g: ['REASONING_END', 'messageId', {}],
  M: ['REASONING_MESSAGE_START', 'messageId', { role: 'reasoning' }],
  n: ['REASONING_MESSAGE_CONTENT', 'messageId', { delta: 'd' }],
  N: ['REASONING_MESSAGE_END', 'messageId', {}],
  U: ['SUBAGENT_STARTED', 'subagentRunId', { name: 'n' }],
  u: ['SUBAGENT_FINISHED', 'subagentRunId', {}],
  v: ['SUBAGENT_ERROR', 'subagentRunId', { message: 'm' }],
  D: ['STATE_SNAPSHOT', '', { snapshot: {} }],
  c: ['CUSTOM', '', { name: 'n', value: 1 }],
};
const PARTS = [['T', 't', 'm'], ['X', 'x', 'C'], ['P', '', 'p'], ['G', '', 'g'], ['M', 'n', 'N'], ['U', '', 'u']];

let seed = 20260723n;
const random = (below) => {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((seed >> 33n) % BigInt(below));
};

// A run that fits: parts open and close in any order, and all are closed before it finishes.
function run(id) {
  const [events, open] = [[`S${id}`], []];
  let next = 1;
  for (let step = random(9); step > 0 || open.length > 0; step -= 1) {
    const act = random(5);
    if (step > 0 && act < 2 && next < 6) {
      const part = PARTS[random(PARTS.length)];
      open.push([part, next]);
      events.push(part[0] + next);
      next += 1;
    } else if (open.length > 0 && act < 4) {
      const at = random(open.length);
      const [part, of] = open[at];
      if (part[1] && random(2)) {
        events.push(part[1] + of);
      } else {
        events.push((part[2] === 'u' && random(3) === 0 ? 'v' : part[2]) + of);
        open.splice(at, 1);
      }
    } else if (step > 0) {
      events.push('Dc'[random(2)] + '0');
    }
  }
  events.push(random(5) === 0 ? 'E0' : `F${id}`);
  return events;
}

function mutate(events) {
  const at = random(events.length);
  const kind = random(4);
  if (kind === 0) events.splice(at, 1);
  else if (kind === 1) events.splice(at + 1 + random(events.length - at), 0, events[at]);
  else if (kind === 2) events.splice(random(events.length), 0, ...events.splice(at, 1));
  else if (at + 1 < events.length) [events[at], events[at + 1]] = [events[at + 1], events[at]];
}

async function verdict(events) {
  const full = events.map((event) => {
    const [type, member, more] = TYPES[event[0]];
    return { type, ...more, ...(member ? { [member]: event.slice(1) } : {}) };
  });
  let passed = 0;
  return new Promise((done) => {
    verifyEvents(false)(from(full)).subscribe({
      next: () => { passed += 1; },
      error: () => done(String(passed)),
      complete: () => done('-'),
    });
  });
}

const lines = [`# Verdicts by @ag-ui/client ${version}; made by ag_ui_answers.mjs.`];
for (const [letter, [type, member]] of Object.entries(TYPES)) lines.push(`type ${letter} ${type} ${member}`);
const streams = new Set();
while (streams.size < 600) {
  const events = random(3) === 0 ? [...run(1), ...run(2)] : run(1);
  if (random(4) > 0) mutate(events);
  if (events.length > 0) streams.add(events.join(' '));
}
for (const stream of streams) lines.push(`${await verdict(stream.split(' '))} ${stream}`);
writeFileSync(new URL('ag-ui.txt', import.meta.url), lines.join('\n') + '\n');
