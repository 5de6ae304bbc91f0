// The blocks of the page → what the panes show. Nothing here changes after it was loaded.

/** @type {{about: object, sight: object, frames: Map<number, object>}} */
let model;

/** What is about the report, and what is seen: enough for all but payloads. */
async function loadSight() {
  const [about, sight] = (await Promise.all([unpack("wiretape-about"), unpack("wiretape-sight")])).map(
    (text) => JSON.parse(text),
  );
  model = { about, sight, frames: new Map(), lanes: [] };
  const runs = sight.runs;
  for (const lane of [...runs, ...sight.users]) lane.events = [];
  model.userOf = new Map();
  sight.users.forEach((user, number) => {
    for (const line of user.lines) model.userOf.set(line.connection, number);
  });
  sight.events.forEach((event, number) => {
    event.number = number;
    event.user = event.run === undefined ? model.userOf.get(event.connection) : runs[event.run].user;
    event.findings ??= [];
    event.kind ??= "";
    if (event.run !== undefined) {
      const before = runs[event.run].events.at(-1);
      event.before = before;
      runs[event.run].events.push(number);
    }
    const owner = model.userOf.get(event.connection);
    if (owner !== undefined) sight.users[owner].events.push(number);
  });
  // Many lanes: those with findings first.
  const order = sight.users.map((_, number) => number);
  if (order.length > 12) {
    const rank = (number) => RANKS[sight.users[number].worst] ?? 0;
    order.sort((a, b) => rank(b) - rank(a) || a - b);
  }
  for (const number of order) {
    model.lanes.push({ user: number });
    for (const run of sight.users[number].runs) model.lanes.push({ user: number, run });
  }
  model.flagged = sight.findings.filter((finding) => finding.severity !== "info");
  if (!model.flagged.length) model.flagged = sight.findings;
  sight.findings.forEach((finding, number) => (finding.number = number));
}

/** The frames with their payloads, and the connections as they were. */
async function loadTape() {
  const connections = new Map();
  for (const line of (await unpack("wiretape-tape")).split("\n")) {
    if (!line) continue;
    const row = JSON.parse(line);
    if (row.kind === "frame") model.frames.set(row.id, row);
    else if (row.kind === "connection") connections.set(row.id, row);
  }
  model.connections = connections;
}

const nameOf = (event) => model.sight.names[event.name].text;
const letterOf = (event) => (event.kind ? "" : model.sight.names[event.name].letter);
const runIdOf = (event) => (event.run === undefined ? undefined : model.sight.runs[event.run].id);
const userNameOf = (event) => model.sight.users[event.user]?.name;

/** The worst of the findings that rest on an event. */
function worstOf(event) {
  let worst;
  for (const number of event.findings) {
    const { severity } = model.sight.findings[number];
    if (!worst || RANKS[severity] > RANKS[worst]) worst = severity;
  }
  return worst;
}

const CONTROL = new Set(["close", "ping", "pong"]);

/** The payload of an event's message: a text, or bytes where it is none. */
function payloadOf(event) {
  if (event.body) return event.body.text ?? fromBase64(event.body.base64);
  const last = model.frames.get(event.frame);
  if (!last) return "";
  const rows = [];
  for (let id = event.first ?? event.frame; id <= event.frame; id += 1) {
    const row = model.frames.get(id);
    const isPart = row && row.connection === last.connection && row.direction === last.direction;
    if (isPart && (row === last || !CONTROL.has(row.opcode))) rows.push(row);
  }
  if (rows.every((row) => row.base64 === undefined)) return rows.map((row) => row.text ?? "").join("");
  const parts = rows.map(bytesOfRow);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(whole);
  } catch {
    return whole;
  }
}

const bytesOfRow = (row) => (row.base64 ? fromBase64(row.base64) : new TextEncoder().encode(row.text ?? ""));

/** The payload as bytes. */
function bytesOf(event) {
  const payload = payloadOf(event);
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

/** The JSON of an event, in a box, if it has any. Not kept: of 50,000 it would be a lot. */
function jsonOf(event) {
  const text = event.json ?? payloadOf(event);
  if (typeof text !== "string" || !/^\s*[[{"\d\-tfn]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** What is shown of an event in one row. */
function previewOf(event) {
  const payload = event.json ?? payloadOf(event);
  return typeof payload === "string" ? payload.slice(0, 160) : `${bytes(payload.length)} binary`;
}

/** Nanoseconds since the event before it in its run. */
function deltaOf(event) {
  return event.before === undefined ? undefined : event.at_ns - model.sight.events[event.before].at_ns;
}
