// Events of a lane, or all of them → a list that draws only the rows in sight, with the rows of
// what is missing where it should have been.

const TALL = 26;
/** Rows drawn beyond those in sight. */
const BEYOND = 8;
/** So many events of one name in a row, none of them flagged, become one row. */
const STREAM = 4;
/** What is no message goes nowhere. */
const NOWHERE = new Set(["open", "close", "abort", "refused", "gap"]);

const frames = {
  /** Rows by their kinds: `{event, last, times}` or `{ghost}`; what they were made for. */
  entries: [],
  made: "",
  pool: [],

  setup() {
    this.box = byId("rows");
    this.space = byId("rows-space");
    this.box.addEventListener("scroll", () => redraw());
    new ResizeObserver(() => redraw()).observe(this.box);
    this.box.addEventListener("click", (event) => {
      const row = event.target.closest("[role=row]");
      if (row) this.choose(row.entry);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      byId("inspector").focus();
      event.preventDefault();
    });
  },

  /** The events that the list is of, before the filter. */
  scope() {
    const { events, runs, users } = model.sight;
    const { lane } = state;
    if (!state.only || !lane) return events.map((event) => event.number);
    if (lane.run === undefined) return users[lane.user].events;
    // A run's events, and what its user's connections did meanwhile.
    const run = runs[lane.run];
    const meanwhile = users[lane.user].events.filter((number) => {
      const event = events[number];
      return event.run === undefined && NOWHERE.has(event.kind) && event.at_ns >= run.from_ns && event.at_ns <= run.silent_ns;
    });
    return [...new Set([...run.events, ...meanwhile])].sort((a, b) => a - b);
  },

  make() {
    const key = JSON.stringify([state.lane, state.only, state.filter.text, state.hide, state.unfolded, model.frames.size]);
    if (key === this.made) return;
    this.made = key;
    const { events, findings } = model.sight;
    const { test } = state.filter;
    const all = this.scope();
    const meant = test && state.hide ? all.filter((number) => isMeant(events[number])) : all;
    const hits = !test ? all.length : state.hide ? meant.length : all.filter((number) => isMeant(events[number])).length;
    this.count = [hits, all.length];
    const ghosts = findings.filter((finding) => finding.expected && this.isInScope(finding));
    ghosts.sort((a, b) => a.expected.before - b.expected.before);
    this.entries = [];
    let next = 0;
    for (let at = 0; at < meant.length; ) {
      for (; next < ghosts.length && ghosts[next].expected.before <= meant[at]; next += 1) this.entries.push({ ghost: ghosts[next].number });
      const until = next < ghosts.length ? ghosts[next].expected.before : Infinity;
      const times = state.unfolded ? 1 : this.alike(meant, at, until);
      const event = events[meant[at]];
      this.entries.push(times < STREAM ? { event } : { event, last: events[meant[at + times - 1]], times });
      at += times < STREAM ? 1 : times;
    }
    for (; next < ghosts.length; next += 1) this.entries.push({ ghost: ghosts[next].number });
  },

  /** How many events from this one on are of one name, and nothing is to be said of them. */
  alike(numbers, from, until) {
    const { events } = model.sight;
    const first = events[numbers[from]];
    const isAlike = (event) =>
      event.name === first.name && event.connection === first.connection && !event.kind && !event.findings.length;
    let to = from;
    while (to < numbers.length && numbers[to] < until && isAlike(events[numbers[to]])) to += 1;
    return Math.max(to - from, 1);
  },

  isInScope(finding) {
    const { lane } = state;
    if (state.only && lane && (lane.run === undefined ? finding.user !== lane.user : finding.run !== lane.run)) return false;
    if (!state.filter.test || !state.hide) return true;
    // What is missing is met by what it would have been called.
    const { event } = finding.expected;
    const name = model.sight.names.findIndex((name) => name.text === event);
    if (name < 0) return false;
    return state.filter.test({ name, user: finding.user, run: finding.run, findings: [finding.number], kind: "", at_ns: finding.at_ns });
  },

  timeOf(entry) {
    return entry.event ? entry.event.at_ns : model.sight.findings[entry.ghost].expected.at_ns;
  },

  /** The rows that there are: all, or those that were known at the playhead's time. */
  shown() {
    this.make();
    return state.known ? this.entries.filter((entry) => this.timeOf(entry) <= state.at) : this.entries;
  },

  isSelected(entry) {
    if (!entry.event) return state.ghost === entry.ghost;
    if (state.ghost !== undefined) return false;
    return state.event >= entry.event.number && state.event <= (entry.last ?? entry.event).number &&
      (!entry.times || nameOf(model.sight.events[state.event]) === nameOf(entry.event));
  },

  choose(entry) {
    if (entry.event) toEvent(entry.event.number);
    else toFinding(entry.ghost, { ghost: true });
  },

  /** The selection by so many rows. */
  move(by) {
    const shown = this.shown();
    if (!shown.length) return;
    const here = shown.findIndex((entry) => this.isSelected(entry));
    const before = firstWhere(shown, (entry) => this.timeOf(entry) > state.at) - 1;
    const from = here >= 0 ? here : by > 0 ? before : before + 1;
    this.choose(shown[Math.min(Math.max(from + by, 0), shown.length - 1)]);
  },

  page() {
    return Math.max(Math.floor(this.box.clientHeight / TALL) - 1, 1);
  },

  /** Brings the selection into sight. */
  reveal() {
    const at = this.shown().findIndex((entry) => this.isSelected(entry));
    if (at < 0) return;
    this.space.style.height = `${this.shown().length * TALL}px`;
    const [top, bottom] = [at * TALL, (at + 1) * TALL];
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || bottom > scrollTop + clientHeight) this.box.scrollTop = top - clientHeight / 2;
  },

  draw() {
    const shown = this.shown();
    const [hits, all] = this.count;
    this.space.style.height = `${shown.length * TALL}px`;
    this.box.setAttribute("aria-rowcount", shown.length);
    byId("count").textContent = state.filter.error
      ? ""
      : `${hits === all ? counted(all, "event") : `${hits.toLocaleString("en-US")} of ${counted(all, "event")}`}${state.known ? `, as known at ${clock(state.at)}` : ""}`;
    const error = byId("filter-error");
    error.hidden = !state.filter.error;
    error.textContent = visible(state.filter.error ?? "");
    const first = Math.max(Math.floor(this.box.scrollTop / TALL) - BEYOND, 0);
    const end = Math.min(first + Math.ceil(this.box.clientHeight / TALL) + 2 * BEYOND, shown.length);
    let active = "";
    for (let at = first; at < end; at += 1) {
      const row = (this.pool[at - first] ??= this.row());
      this.fill(row, shown[at], at);
      if (this.isSelected(shown[at])) active = row.id;
    }
    this.pool.slice(Math.max(end - first, 0)).forEach((row) => (row.hidden = true));
    if (active) this.box.setAttribute("aria-activedescendant", active);
    else this.box.removeAttribute("aria-activedescendant");
    const empty = byId("rows-empty");
    empty.hidden = shown.length > 0;
    empty.textContent = state.filter.test ? "Nothing meets the filter." : state.known ? "Nothing was known yet." : "Nothing was said here.";
  },

  row() {
    const cell = (name) => el("span", { className: name, role: "gridcell" });
    const cells = ["number", "time", "way", "letter", "type", "delta", "size", "flag", "preview"].map(cell);
    const row = el("div", { className: "row", role: "row", id: `row-${this.pool.length}` }, cells);
    row.cells = Object.fromEntries(cells.map((cell) => [cell.className, cell]));
    this.space.append(row);
    return row;
  },

  fill(row, entry, at) {
    const put = (name, text) => {
      const shown = visible(text ?? "");
      if (row.cells[name].textContent !== shown) row.cells[name].textContent = shown;
    };
    row.hidden = false;
    row.entry = entry;
    row.style.transform = `translateY(${at * TALL}px)`;
    row.setAttribute("aria-rowindex", at + 1);
    const isSelected = this.isSelected(entry);
    row.setAttribute("aria-selected", isSelected);
    const { event } = entry;
    if (!event) {
      const finding = model.sight.findings[entry.ghost];
      const { expected } = finding;
      row.className = `row ghost ${finding.severity}`;
      put("number", "·");
      for (const name of ["time", "way", "delta", "size", "preview"]) put(name, "");
      put("letter", expected.letter);
      put("type", `expected here: ${expected.event}${expected.detail ? ` (${expected.detail})` : ""}`);
      put("flag", `${SIGNS[finding.severity]}${finding.code}`);
      return;
    }
    const worst = worstOf(event);
    row.className = `row ${worst ?? ""} ${dimmed(event) ? "dimmed" : ""} ${event.kind ? "odd" : ""} ${event.out ? "out" : "in"}`;
    put("number", event.frame ? `${event.frame}` : "·");
    put("time", timeOf(event.at_ns, event));
    put("way", NOWHERE.has(event.kind) ? "--" : event.out ? "out →" : "← in");
    put("letter", letterAt(event));
    put("type", `${nameOf(event)}${entry.times ? ` × ${entry.times.toLocaleString("en-US")}` : event.tool ? ` ${event.tool}` : ""}`);
    const delta = entry.times ? entry.last.at_ns - event.at_ns : deltaOf(event);
    put("delta", delta === undefined ? "-" : lasted(delta));
    put("size", event.kind ? "-" : bytes(event.bytes));
    const flags = [...new Set(event.findings.map((number) => model.sight.findings[number].code))];
    put("flag", worst ? `${SIGNS[worst]}${flags[0]}${flags.length > 1 ? `+${flags.length - 1}` : ""}` : "");
    put("preview", event.kind && event.kind !== "undecodable" ? "" : previewOf(event));
  },
};

/** The filter's answer for an event, asked once. */
function isMeant(event) {
  const { test, met } = state.filter;
  if (!test) return true;
  let is = met.get(event);
  if (is === undefined) met.set(event, (is = test(event)));
  return is;
}

const dimmed = (event) => !isMeant(event);

/** A moment as the reader wants times: of an event, since its run began. */
function timeOf(ns, event) {
  if (state.times === "clock") return clock(ns);
  const run = event?.run === undefined ? undefined : model.sight.runs[event.run];
  return since(ns - (state.times === "run" ? (run?.from_ns ?? zero()) : 0));
}

/** From when times count on the axis. */
function zero() {
  const run = state.lane?.run;
  if (state.times !== "run") return 0;
  return run === undefined ? whole().from : model.sight.runs[run].from_ns;
}
