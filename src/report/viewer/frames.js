// Events of a lane, or all of them → a list that draws only the rows in sight, with the rows of
// what is missing where it should have been.

const TALL = 26;
// Rows drawn beyond those in sight.
const BEYOND = 8;
// So many events of one name in a row, none of them flagged, become one row.
const STREAM = 4;
const NOWHERE = ["open", "close", "abort", "refused", "gap"];
const CELLS = ["number", "time", "way", "letter", "type", "delta", "size", "flag", "preview"];

const frames = {
	// `{event, last, times}` or `{ghost}`, and what they were made for.
	entries: [],
	made: "",
	pool: [],

	setup() {
		this.box = $("rows");
		this.space = $("rows-space");
		this.box.onscroll = () => this.draw();
		new ResizeObserver(redraw).observe(this.box);
		this.box.onclick = ({ target }) => {
			const row = target.closest(".row");
			if (row) this.choose(row.entry);
		};
	},

	// The numbers of the events that the list is of, before the filter.
	scope() {
		const { lane } = state;
		if (!state.only || !lane) return everything;
		const run = runOf(lane);
		if (!run) return eventsOf(lane);
		// A run's events, and what its user's connections did meanwhile.
		const meanwhile = userOf(lane).events.filter((number) => {
			const event = sight.events[number];
			return event.run === undefined && NOWHERE.includes(event.kind) && event.at_ns >= run.from_ns && event.at_ns <= run.silent_ns;
		});
		return [...new Set([...run.events, ...meanwhile])].sort((a, b) => a - b);
	},

	make() {
		const { lane, only, filter, hide, unfolded } = state;
		const made = JSON.stringify([lane, only, filter.text, hide, unfolded]);
		if (made === this.made) return;
		this.made = made;
		const all = this.scope();
		const hits = filter.test ? all.filter((number) => isMeant(sight.events[number])) : all;
		this.counts = [hits.length, all.length];
		const numbers = hide ? hits : all;
		const ghosts = sight.findings.filter((finding) => finding.expected && this.isInScope(finding));
		ghosts.sort((a, b) => a.expected.before - b.expected.before);
		this.entries = [];
		for (let at = 0; at < numbers.length; ) {
			while (ghosts[0]?.expected.before <= numbers[at]) this.entries.push({ ghost: ghosts.shift().number });
			const event = sight.events[numbers[at]];
			const times = unfolded ? 1 : this.alike(numbers, at, ghosts[0]?.expected.before ?? Infinity);
			this.entries.push(times < STREAM ? { event } : { event, last: sight.events[numbers[at + times - 1]], times });
			at += times < STREAM ? 1 : times;
		}
		this.entries.push(...ghosts.map(({ number }) => ({ ghost: number })));
		this.known = {};
	},

	// How many events from this one on have one name, with nothing to be said of them.
	alike(numbers, from, until) {
		const { name, connection } = sight.events[numbers[from]];
		const isAlike = (event) => event.name === name && event.connection === connection && !event.kind && !event.findings.length;
		let to = from;
		while (to < numbers.length && numbers[to] < until && isAlike(sight.events[numbers[to]])) to += 1;
		return to - from;
	},

	isInScope({ number, user, run, expected, at_ns }) {
		if (state.only && state.lane && (state.lane.run ?? run) !== run) return false;
		if (state.only && state.lane && state.lane.user !== user) return false;
		// What is missing is met by what it would have been called.
		const name = sight.names.findIndex((name) => name.text === expected.event);
		return !state.hide || !state.filter.test || (name >= 0 && state.filter.test({ name, user, run, at_ns, findings: [number], kind: "" }));
	},

	timeOf: ({ event, ghost }) => event?.at_ns ?? found(ghost).at,

	// The rows that there are: all, or those that were known at the playhead's time.
	shown() {
		this.make();
		if (!state.known) return this.entries;
		if (this.known.at !== state.at) this.known = { at: state.at, entries: this.entries.filter((entry) => this.timeOf(entry) <= state.at) };
		return this.known.entries;
	},

	// The place of the row that the reader is at; -1 where it is not among them.
	place(shown) {
		const number = state.ghost === undefined ? state.event : found(state.ghost).expected.before - 0.5;
		const numberOf = ({ event, last = event, ghost }) => last?.number ?? found(ghost).expected.before - 0.5;
		// Of missing ones, several may be at one place.
		let place = firstWhere(shown, (entry) => numberOf(entry) >= number);
		while (shown[place] && !this.isHere(shown[place]) && numberOf(shown[place]) === number) place += 1;
		return shown[place] && this.isHere(shown[place]) ? place : -1;
	},

	isHere({ event, last = event, ghost }) {
		if (!event || state.ghost !== undefined) return ghost !== undefined && ghost === state.ghost;
		return state.event >= event.number && state.event <= last.number && (event === last || sight.events[state.event].name === event.name);
	},

	choose(entry) {
		if (entry.event) toEvent(entry.event.number);
		else toFinding(entry.ghost);
	},

	move(by) {
		const shown = this.shown();
		const here = this.place(shown);
		const after = firstWhere(shown, (entry) => this.timeOf(entry) > state.at);
		const from = here >= 0 ? here : by > 0 ? after - 1 : after;
		if (shown.length) this.choose(shown[clamp(from + by, 0, shown.length - 1)]);
	},

	page() {
		return Math.max(Math.floor(this.box.clientHeight / TALL) - 1, 1);
	},

	reveal() {
		const shown = this.shown();
		const top = this.place(shown) * TALL;
		this.measure(shown);
		const { scrollTop, clientHeight } = this.box;
		if (top >= 0 && (top < scrollTop || top + TALL > scrollTop + clientHeight)) this.box.scrollTop = top - clientHeight / 2;
	},

	measure({ length }) {
		if (this.length === length) return;
		this.length = length;
		this.space.style.height = `${length * TALL}px`;
		this.box.setAttribute("aria-rowcount", length);
	},

	draw() {
		const shown = this.shown();
		const { error, test } = state.filter;
		const [hits, all] = this.counts;
		const count = hits === all ? counted(all, "event") : `${grouped(hits)} of ${counted(all, "event")}`;
		tell($("count"), `${count}${state.known ? `, as known at ${clock(state.at)}` : ""}`);
		$("filter-error").hidden = !error;
		$("filter-error").textContent = visible(error ?? "");
		$("rows-empty").hidden = shown.length > 0;
		$("rows-empty").textContent = test ? "Nothing meets the filter." : state.known ? "Nothing was known yet." : "Nothing was said here.";
		this.measure(shown);
		const first = Math.max(Math.floor(this.box.scrollTop / TALL) - BEYOND, 0);
		const end = Math.min(first + Math.ceil(this.box.clientHeight / TALL) + 2 * BEYOND, shown.length);
		let here = "";
		for (let at = first; at < end; at += 1) {
			const row = (this.pool[at - first] ??= this.row());
			this.fill(row, shown[at], at);
			if (this.isHere(shown[at])) here = row.id;
		}
		for (const row of this.pool.slice(Math.max(end - first, 0))) row.hidden = true;
		this.box.setAttribute("aria-activedescendant", here);
	},

	row() {
		const cells = CELLS.map((className) => el("span", { className, role: "gridcell" }));
		const row = el("div", { role: "row", id: `row-${this.pool.length}` }, cells);
		this.space.append(row);
		return row;
	},

	fill(row, entry, at) {
		const filled = [this.isHere(entry), state.times, zeroOfTimes(), state.filter, this.made];
		const isFilled = row.entry === entry && row.at === at && !row.hidden && filled.every((what, place) => what === row.filled[place]);
		if (isFilled) return;
		Object.assign(row, { hidden: false, entry, at, filled });
		row.style.transform = `translateY(${at * TALL}px)`;
		row.setAttribute("aria-rowindex", at + 1);
		row.setAttribute("aria-selected", this.isHere(entry));
		const { kind, texts } = entry.event ? this.told(entry) : this.toldGhost(found(entry.ghost));
		row.className = `row ${kind}`;
		texts.forEach((text, cell) => tell(row.children[cell], visible(text)));
	},

	told({ event, last, times }) {
		const severity = severityOf(event);
		const delta = times ? last.at_ns - event.at_ns : deltaOf(event);
		const codes = [...new Set(event.findings.map((number) => found(number).code))];
		const texts = [
			event.frame ? `${event.frame}` : "·",
			timeOf(event.at_ns, event),
			NOWHERE.includes(event.kind) ? "--" : event.out ? "→ out" : "← in",
			letterAt(event),
			`${nameOf(event)} ${times ? `× ${grouped(times)}` : (event.tool ?? "")}`,
			delta === undefined ? "-" : lasted(delta),
			event.kind ? "-" : bytes(event.bytes),
			severity ? `${SIGNS[severity]}${codes[0]}${codes.length > 1 ? `+${codes.length - 1}` : ""}` : "",
			previewOf(event),
		];
		return { kind: `${severity ?? ""} ${isMeant(event) ? "" : "dimmed"} ${event.kind ? "odd" : ""} ${event.out ? "out" : "in"}`, texts };
	},

	toldGhost: ({ severity, code, expected }) => ({
		kind: `ghost ${severity}`,
		texts: ["·", "", "", expected.letter, `expected here: ${withDetail(expected)}`, "", "", `${SIGNS[severity]}${code}`, ""],
	}),
};

const withDetail = ({ event, detail }) => `${event}${detail ? ` (${detail})` : ""}`;

// The filter's answer for an event, asked once.
function isMeant(event) {
	const { test, met } = state.filter;
	if (test && !met.has(event)) met.set(event, test(event));
	return !test || met.get(event);
}

// A moment as the reader wants times: of an event, since its run began.
function timeOf(ns, event) {
	if (state.times === "clock") return clock(ns);
	return since(state.times === "run" ? ns - (runOf(event)?.from_ns ?? zeroOfTimes()) : ns);
}
