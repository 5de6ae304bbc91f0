// Where the reader is, the keys that move them, and what is drawn when that has changed.

/** All that the panes draw from, besides the model. */
const state = {
  at: 0,
  window: [0, 1],
  lane: undefined,
  event: undefined,
  ghost: undefined,
  finding: undefined,
  filter: { text: "", test: undefined, met: new Map(), error: undefined },
  hide: true,
  only: false,
  unfolded: false,
  folding: "folded",
  times: "run",
  mode: "tree",
  all: undefined,
  playing: false,
  known: false,
  speed: 1,
  table: false,
};

let isDue = false;

/** Changes the state; what follows is drawn before the next picture. */
function set(change) {
  Object.assign(state, change);
  redraw();
}

function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

function draw() {
  if (state.table) laneTable.draw();
  else timeline.draw();
  frames.draw();
  inspector.draw();
  findings.draw();
  player.draw();
  byId("only").setAttribute("aria-pressed", state.only && Boolean(state.lane));
  byId("only").textContent = visible(state.lane ? laneName(state.lane) : "This lane");
  byId("only").disabled = !state.lane;
  byId("everything").setAttribute("aria-pressed", !state.only || !state.lane);
  byId("folding").textContent = FOLDING_WORDS[state.folding];
  byId("times").textContent = { run: "since run began", recording: "since recording", clock: "clock, UTC" }[state.times];
}

/** From the first to the last moment, with a little room for what stands at the edges. */
function whole() {
  const { from_ns, to_ns } = model.sight;
  const room = Math.max((to_ns - from_ns) / 60, 10 * MS);
  return { from: from_ns - room, to: to_ns + room };
}

function laneName(lane) {
  return lane.run === undefined ? model.sight.users[lane.user].name : `run ${tail(model.sight.runs[lane.run].id, 10)}`;
}

/* Going somewhere. */

function setWindow(from, to) {
  const all = whole();
  const length = Math.min(Math.max(to - from, SHORTEST), all.to - all.from);
  const start = Math.min(Math.max(from, all.from), all.to - length);
  set({ window: [start, start + length] });
}

/** The window times so much, around a moment. */
function zoom(by, around = state.at) {
  const [from, to] = state.window;
  const middle = Math.min(Math.max(around, from), to);
  setWindow(middle - (middle - from) * by, middle + (to - middle) * by);
}

function pan(by) {
  const length = state.window[1] - state.window[0];
  setWindow(state.window[0] + by * length, state.window[1] + by * length);
}

function keepInSight(at) {
  const [from, to] = state.window;
  const length = to - from;
  if (at < from || at > to) setWindow(at - length / 4, at + (length * 3) / 4);
}

function zoomTo(lane) {
  const { runs, users } = model.sight;
  const spans = lane.run === undefined ? users[lane.user].lines.map((line) => [line.from_ns, line.to_ns ?? model.sight.to_ns]) : [[runs[lane.run].from_ns, runs[lane.run].ghost_ns ?? runs[lane.run].until_ns]];
  const [from, to] = [Math.min(...spans.map(([from]) => from)), Math.max(...spans.map(([, to]) => to))];
  const room = (to - from) * 0.08 + MS;
  setWindow(from - room, to + room);
}

/** Keeps lists and lanes with where the reader went. */
function follow() {
  frames.make();
  frames.reveal();
  const at = model.lanes.findIndex((lane) => state.lane && lane.user === state.lane.user && lane.run === state.lane.run);
  const room = timeline.height - AXIS - FLAGS - OVERVIEW;
  const { scroller } = timeline;
  if (at >= 0 && (at * ROW < scroller.scrollTop || (at + 1) * ROW > scroller.scrollTop + room)) scroller.scrollTop = (at - 2) * ROW;
  writeLink();
}

function seek(at) {
  set({ at, ghost: undefined, event: eventBefore(at) ?? state.event });
  keepInSight(at);
  follow();
}

function laneOf(event) {
  return event.run === undefined ? { user: event.user, run: undefined } : { user: event.user, run: event.run };
}

function toEvent(number, lane) {
  const event = model.sight.events[number];
  const owner = lane ?? (state.only && frames.scope().includes(number) ? state.lane : laneOf(event));
  set({ event: number, ghost: undefined, at: event.at_ns, lane: owner.user === undefined ? undefined : owner, all: undefined });
  keepInSight(event.at_ns);
  follow();
  say(`${nameOf(event)}, ${timeOf(event.at_ns, event)}`);
}

function toLane(lane) {
  set({ lane: { user: lane.user, run: lane.run }, only: true });
  follow();
}

/** To a finding: its lane, its row or the one of what is missing, its card. */
function toFinding(number, { ghost = false, known = false } = {}) {
  const finding = model.sight.findings[number];
  const run = model.sight.runs[finding.run];
  const lane = run ? { user: run.user, run: finding.run } : finding.user === undefined ? undefined : { user: finding.user, run: undefined };
  const shown = finding.evidence.map(({ event }) => event).filter((event) => event !== undefined);
  const isGhost = Boolean(finding.expected) && (ghost || !shown.length || Boolean(finding.run !== undefined));
  set({
    finding: number,
    lane,
    only: Boolean(lane),
    ghost: isGhost ? number : undefined,
    event: isGhost ? state.event : (shown.at(-1) ?? state.event),
    at: finding.at_ns,
    known: known || (state.known && finding.at_ns <= state.at),
  });
  if (isGhost && finding.expected.at_ns > state.at) set({ at: finding.expected.at_ns });
  keepInSight(state.at);
  follow();
  say(`${finding.code} ${finding.message}`);
}

function toCause(number) {
  const finding = model.sight.findings[number];
  const event = finding?.cause?.event;
  if (event === undefined) return say("No cause is known.");
  // There and back.
  if (state.event === event && state.ghost === undefined) return toFinding(number);
  toEvent(event);
}

/** The next finding in time, or the one before. */
function step(isOn, list) {
  const here = list.findIndex((finding) => finding.number === state.finding);
  if (here >= 0) return list[here + (isOn ? 1 : -1)];
  return isOn ? list.find((finding) => finding.at_ns >= state.at) : list.filter((finding) => finding.at_ns < state.at).at(-1);
}

/** To the next event, of the lane or of all. */
function stepEvent(by, numbers) {
  if (!numbers.length) return;
  const { events } = model.sight;
  const after = firstWhere(numbers, (number) => number > (state.event ?? -1));
  const isOn = numbers[after - 1] === state.event;
  const to = by > 0 ? after : isOn ? after - 2 : after - 1;
  set({ playing: false });
  const number = numbers[Math.min(Math.max(to, 0), numbers.length - 1)];
  const lane = state.lane;
  toEvent(number, numbers.length < events.length ? lane : undefined);
}

function stepRun(by) {
  const runs = model.lanes.filter((lane) => lane.run !== undefined);
  if (!runs.length) return;
  const here = runs.findIndex((lane) => lane.run === state.lane?.run);
  const lane = runs[(here + by + runs.length) % runs.length];
  toEvent(model.sight.runs[lane.run].events[0], lane);
}

function stepLane(by) {
  const here = model.lanes.findIndex((lane) => state.lane && lane.user === state.lane.user && lane.run === state.lane.run);
  const lane = model.lanes[Math.min(Math.max(here + by, 0), model.lanes.length - 1)];
  if (lane) toLane(lane);
}

function hit(by) {
  const { test } = state.filter;
  if (!test) return say("No filter: / begins one.");
  const numbers = model.sight.events.filter(isMeant).map((event) => event.number);
  if (!numbers.length) return say("Nothing meets the filter.");
  stepEvent(by, numbers);
}

function filterBy(text) {
  const filter = { text, test: undefined, met: new Map(), error: undefined };
  try {
    filter.test = parseFilter(text);
  } catch (mistake) {
    filter.error = mistake.message;
  }
  byId("filter").setAttribute("aria-invalid", Boolean(filter.error));
  set({ filter });
  frames.box.scrollTop = 0;
  writeLink();
}

function move(by) {
  if (document.activeElement === timeline.canvas) stepLane(by);
  else frames.move(by);
}

const cycle = (list, value) => list[(list.indexOf(value) + 1) % list.length];
const speedBy = (by) => set({ speed: SPEEDS[Math.min(Math.max(SPEEDS.indexOf(state.speed) + by, 0), SPEEDS.length - 1)] });

const ACTS = {
  play: () => player.toggle(),
  stepOn: () => stepEvent(1, frames.scope()),
  stepBack: () => stepEvent(-1, frames.scope()),
  frameOn: () => stepEvent(1, model.sight.events.map((event) => event.number)),
  frameBack: () => stepEvent(-1, model.sight.events.map((event) => event.number)),
  slower: () => speedBy(-1),
  faster: () => speedBy(1),
  findingOn: () => {
    const finding = step(true, model.flagged);
    if (finding) toFinding(finding.number);
    else say("No finding after this one.");
  },
  findingBack: () => {
    const finding = step(false, model.flagged);
    if (finding) toFinding(finding.number);
    else say("No finding before this one.");
  },
  cause: () => toCause(state.finding),
  left: () => seek(Math.max(state.at - (state.window[1] - state.window[0]) / 100, whole().from)),
  right: () => seek(Math.min(state.at + (state.window[1] - state.window[0]) / 100, whole().to)),
  farLeft: () => seek(Math.max(state.at - (state.window[1] - state.window[0]) / 10, whole().from)),
  farRight: () => seek(Math.min(state.at + (state.window[1] - state.window[0]) / 10, whole().to)),
  up: () => move(-1),
  down: () => move(1),
  pageUp: () => move(-frames.page()),
  pageDown: () => move(frames.page()),
  first: () => seek(whole().from),
  last: () => seek(whole().to),
  closer: () => zoom(0.5),
  wider: () => zoom(2),
  everything: () => setWindow(whole().from, whole().to),
  zoomLane: () => state.lane && zoomTo(state.lane),
  runOn: () => stepRun(1),
  runBack: () => stepRun(-1),
  filter: () => byId("filter").select(),
  hitOn: () => hit(1),
  hitBack: () => hit(-1),
  hide: () => set({ hide: !state.hide }),
  folding: () => set({ folding: cycle(FOLDINGS, state.folding) }),
  times: () => set({ times: cycle(["run", "recording", "clock"], state.times) }),
  payload: () => set({ mode: cycle(MODES, state.mode) }),
  unfold: () => set({ unfolded: true }),
  fold: () => set({ unfolded: false }),
  all: () => set({ only: !state.only }),
  copy: () => copy(markdownOf(model.sight.findings[state.finding]), "Markdown"),
  prompt: () => copy(promptOf(model.sight.findings[state.finding]), "a prompt"),
  table: () => laneTable.toggle(),
  keys: () => byId("keys").showModal(),
  about: () => byId("about").showModal(),
  close: () => {
    if (state.playing || state.known) set({ playing: false, known: false });
    else if (state.filter.text) {
      byId("filter").value = "";
      filterBy("");
    } else set({ ghost: undefined, finding: undefined, only: false });
  },
  theme: () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    redraw();
  },
};

/** Keys, what they do, and how that is said: those of the screen. */
const KEYS = [
  [[" "], "play", "play, pause"],
  [["."], "stepOn", "event on"],
  [[","], "stepBack", "event back"],
  [[">"], "frameOn", "event on, of any lane"],
  [["<"], "frameBack", "event back, of any lane"],
  [["["], "slower", "slower, then backwards"],
  [["]"], "faster", "faster"],
  [["e"], "findingOn", "next finding"],
  [["E"], "findingBack", "finding before"],
  [["c"], "cause", "cause, and back"],
  [["h", "ArrowLeft"], "left", "back a little"],
  [["l", "ArrowRight"], "right", "on a little"],
  [["H"], "farLeft", "a tenth back"],
  [["L"], "farRight", "a tenth on"],
  [["j", "ArrowDown"], "down", "down"],
  [["k", "ArrowUp"], "up", "up"],
  [["PageDown"], "pageDown", "page down"],
  [["PageUp"], "pageUp", "page up"],
  [["g", "Home"], "first", "start"],
  [["G", "End"], "last", "end"],
  [["w"], "runOn", "next run"],
  [["b"], "runBack", "run before"],
  [["+", "="], "closer", "closer"],
  [["-"], "wider", "wider"],
  [["0"], "everything", "everything"],
  [["z"], "zoomLane", "all of the lane"],
  [["/"], "filter", "filter"],
  [["n"], "hitOn", "next hit"],
  [["N"], "hitBack", "hit before"],
  [["x"], "hide", "hide or dim what is not meant"],
  [["f"], "all", "this lane, or everything"],
  [["i"], "folding", "idle time: folded, true, event by event"],
  [["t"], "times", "times: since the run, the recording, clock"],
  [["p"], "payload", "payload: tree, raw, hex"],
  [["*"], "unfold", "unfold streams"],
  [["_"], "fold", "fold streams"],
  [["y"], "copy", "copy as Markdown"],
  [["Y"], "prompt", "copy as a prompt"],
  [["T"], "table", "timeline as a table"],
  [["D"], "theme", "light or dark"],
  [["?"], "keys", "keys"],
  [["Escape"], "close", "close, clear"],
];
const BOUND = new Map(KEYS.flatMap(([keys, act]) => keys.map((key) => [key, act])));

function onKey(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const isTyping = target.matches("input:not([type=range]), select, textarea");
  if (isTyping) {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    target.blur();
    if (event.key === "Escape" && target.value) filterBy((target.value = ""));
    return event.preventDefault();
  }
  // What a control does by itself stays so.
  if (target.matches("button, summary") && [" ", "Enter"].includes(event.key)) return;
  if (target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  if (target.closest("#inspector, #findings") && /^(Arrow(Up|Down)|Page|Home|End)/.test(event.key)) return;
  const act = BOUND.get(event.key);
  if (!act) return;
  event.preventDefault();
  ACTS[act]();
}

/* Links: `#f=E102`, `#t=12.345`, `#l=run-or-user`, `#q=filter`, together. */

function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  const { view } = model.about;
  const isAny = ["f", "t", "l", "q"].some((name) => link.has(name));
  const wanted = (name, saved) => (isAny ? link.get(name) : saved) ?? undefined;
  const q = link.get("q") ?? "";
  if (q !== state.filter.text) {
    byId("filter").value = q;
    filterBy(q);
  }
  if (!isAny && view.range_ns) setWindow(...view.range_ns);
  const lane = wanted("l", view.lane);
  if (lane !== undefined) {
    const { runs, users } = model.sight;
    const run = runs.findIndex((run) => run.id === lane);
    const user = users.findIndex((user) => user.name === lane);
    if (run >= 0) toLane({ run, user: runs[run].user });
    else if (user >= 0) toLane({ user });
  }
  const name = wanted("f", view.finding);
  if (name !== undefined) {
    const finding = model.sight.findings.find((finding) => finding.link.toLowerCase() === name.toLowerCase());
    if (finding) toFinding(finding.number);
    else say(`There is no finding ${name} in this report.`);
  }
  const t = Number.parseFloat(link.get("t"));
  if (Number.isFinite(t) && Math.abs(t * SECOND - state.at) > MS) seek(t * SECOND);
  return isAny;
}

let written = "";

/** The address names where the reader is, so that it can be given to others. */
function writeLink() {
  const link = new URLSearchParams();
  const finding = model.sight.findings[state.finding];
  if (finding) link.set("f", finding.link);
  else if (state.lane && state.only) link.set("l", state.lane.run === undefined ? model.sight.users[state.lane.user].name : model.sight.runs[state.lane.run].id);
  if (!finding || state.at !== Math.max(finding.at_ns, state.ghost === undefined ? 0 : (finding.expected?.at_ns ?? 0))) link.set("t", (state.at / SECOND).toFixed(3));
  if (state.filter.text) link.set("q", state.filter.text);
  written = `#${link}`;
  try {
    history.replaceState(null, "", written);
  } catch {
    // Some browsers keep a file's address as it is; the report works without.
  }
}

/* Saying and copying. */

function say(text) {
  const box = byId("said");
  box.textContent = visible(text);
  box.classList.add("shown");
  clearTimeout(say.fades);
  say.fades = setTimeout(() => box.classList.remove("shown"), 2500);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}: ${counted(text.length, "character")}.`);
  } catch {
    // Where there is no clipboard for files, the text is there to be taken by hand.
    byId("copied-text").value = text;
    byId("copied").showModal();
    byId("copied-text").select();
  }
}

/** The timeline for whoever does not see it. */
const laneTable = {
  toggle() {
    set({ table: !state.table });
    byId("lanes-scroll").hidden = state.table;
    byId("lane-table").hidden = !state.table;
    byId("table").setAttribute("aria-pressed", state.table);
    if (!state.table) timeline.resize();
  },

  draw() {
    const box = byId("lane-table");
    if (box.childNodes.length) return;
    const { users, runs, events, findings } = model.sight;
    const rows = model.lanes.map((lane) => {
      const name = el("button", { className: "link", on: { click: () => toLane(lane) } }, visible(laneName(lane)));
      const [status] = statusOf(lane, {});
      if (lane.run === undefined) {
        const lines = users[lane.user].lines.map((line) => `conn ${line.connection}: ${clock(line.from_ns)} to ${line.to_ns === undefined ? "the end" : clock(line.to_ns)}`);
        return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, ""), el("td", {}, visible(lines.join("; "))), el("td", {}, visible(status)));
      }
      const run = runs[lane.run];
      const missing = run.findings.map((number) => findings[number]).filter((finding) => finding.expected);
      const told = [...run.events.map((number) => nameOf(events[number])), ...missing.map((finding) => `missing: ${finding.expected.event}`)];
      return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, `${clock(run.from_ns)}, ${lasted(run.to_ns - run.from_ns)}`), el("td", {}, visible(told.join(", "))), el("td", {}, visible(status)));
    });
    const head = ["Lane", "When", "What happened, in order", "State"].map((name) => el("th", { scope: "col" }, name));
    box.append(el("table", {}, el("caption", {}, "Users and their runs, times in UTC"), el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
  },
};

/* Beginning. */

function setupHead() {
  const { title, manifest } = model.about;
  byId("title").textContent = visible(title);
  document.title = visible(title);
  const of = ([here, all], noun) => (here === all ? counted(all, noun) : `${here.toLocaleString("en-US")} of ${counted(all, noun)}`);
  const facts = [manifest.recorded, manifest.scope, of(manifest.frames_of, "frame"), of(manifest.users_of, "user"), manifest.hidden ? `${counted(manifest.hidden, "value")} hidden` : "nothing hidden"];
  byId("facts").replaceChildren(...facts.filter(Boolean).map((fact) => el("span", {}, visible(fact))));
  byId("legend").replaceChildren(
    ...[...model.sight.legend, ["?", "missing"], ["!", "out of place"], ["╳", "drop"]].map(([letter, name]) => el("span", {}, el("b", {}, letter), ` ${visible(name)}`)),
  );
  byId("about-facts").replaceChildren(
    factsOf(manifest),
    ...(manifest.hidden_by.length ? [el("h3", {}, "Hidden, by rule"), factsOfPairs(manifest.hidden_by)] : []),
    ...(manifest.meta.length ? [el("h3", {}, "What the sender says"), factsOfPairs(manifest.meta)] : []),
    el("details", {}, el("summary", {}, `Rules: ${visible(manifest.rules)}`), el("pre", { className: "raw" }, model.about.rules.split("\n").map(visible).join("\n"))),
  );
  byId("keys-list").append(...KEYS.flatMap(([keys, , does]) => [el("dt", {}, keys.map((key) => el("kbd", {}, key === " " ? "Space" : key.replace("Arrow", "")))), el("dd", {}, does)]));
}

const factsOfPairs = (pairs) => facts(pairs.map(([name, value]) => [visible(name), String(value)]));

function factsOf(manifest) {
  return facts([
    ["recording", manifest.recorded],
    ["recorded", new Date(manifest.recorded_at_ns / MS).toISOString()],
    ["recorded by", `wiretape ${manifest.recorded_by}`],
    ["report by", `wiretape ${manifest.tool}`],
    ["scope", manifest.scope],
    ["redaction", `${manifest.redact}: ${counted(manifest.hidden, "value")} hidden`],
    ["checksum", `SHA-256 of the tape ${model.about.sha256}`],
  ]);
}

function listen() {
  document.addEventListener("keydown", onKey);
  addEventListener("resize", () => timeline.resize());
  addEventListener("hashchange", () => location.hash !== written && readLink());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const clicks = {
    closer: "closer", wider: "wider", "zoom-all": "everything", folding: "folding", times: "times", table: "table",
    "copy-markdown": "copy", "copy-prompt": "prompt", "show-about": "about", "show-keys": "keys", theme: "theme",
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", () => ACTS[act]());
  byId("only").addEventListener("click", () => set({ only: true }));
  byId("everything").addEventListener("click", () => set({ only: false }));
  let typed;
  byId("filter").addEventListener("input", (event) => {
    clearTimeout(typed);
    typed = setTimeout(() => filterBy(event.target.value), 120);
  });
  for (const button of document.querySelectorAll("dialog .shut")) button.addEventListener("click", () => button.closest("dialog").close());
}

async function start() {
  try {
    await loadSight();
    byId("app").hidden = false;
    setupHead();
    set({ at: whole().from, window: [whole().from, whole().to] });
    for (const pane of [timeline, frames, inspector, findings, player]) pane.setup();
    listen();
    const isLinked = readLink();
    if (!isLinked && state.finding === undefined && !model.about.view.lane && model.flagged.length) {
      const worst = [...model.flagged].sort((a, b) => RANKS[b.severity] - RANKS[a.severity] || a.number - b.number)[0];
      toFinding(worst.number);
    }
    draw();
    await loadTape();
    redraw();
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    byId("app").hidden = true;
    byId("broken").hidden = false;
    byId("broken").textContent = `This report can't be shown: ${error.message}. wiretape open may still read it.`;
    throw error;
  }
}

start();
