// Where the reader is, the keys that move them, and what is drawn when that has changed.

const state = {
	at: 0,
	window: [0, 1],
	lane: undefined,
	event: undefined,
	ghost: undefined,
	finding: undefined,
	filter: { text: "", met: new Map() },
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
};

// Changes the state; what follows from it is drawn with the next picture.
function set(change) {
	Object.assign(state, change);
	redraw();
}

let isDue = false;

function redraw() {
	if (isDue) return;
	isDue = true;
	requestAnimationFrame(() => {
		isDue = false;
		for (const pane of [timeline, frames, inspector, findings, player]) pane.draw();
		const isOnly = state.only && Boolean(state.lane);
		$("only").disabled = !state.lane;
		tell($("only"), visible(state.lane ? laneName(state.lane) : "this lane"));
		press("only", isOnly);
		press("everything", !isOnly);
		tell($("folding"), FOLDINGS[state.folding]);
		tell($("times"), { run: "since run", recording: "since start", clock: "UTC" }[state.times]);
	});
}

// From the first to the last moment, with a little room for what stands at the edges.
function whole() {
	const room = Math.max((sight.to_ns - sight.from_ns) / 60, 10 * MS);
	return { from: sight.from_ns - room, to: sight.to_ns + room };
}

function setWindow(from, to) {
	const all = whole();
	const length = clamp(to - from, SHORTEST, all.to - all.from);
	const start = clamp(from, all.from, all.to - length);
	set({ window: [start, start + length] });
}

function zoom(by, around = state.at) {
	const [from, to] = state.window;
	const middle = clamp(around, from, to);
	setWindow(middle - (middle - from) * by, middle + (to - middle) * by);
}

function pan(by) {
	const [from, to] = state.window;
	setWindow(from + by * (to - from), to + by * (to - from));
}

function keepInSight(at) {
	const [from, to] = state.window;
	if (at < from || at > to) setWindow(at - (to - from) / 4, at + ((to - from) * 3) / 4);
}

function zoomTo(lane) {
	if (!lane) return;
	const run = runOf(lane);
	const spans = run ? [[run.from_ns, run.ghost_ns ?? run.until_ns]] : userOf(lane).lines.map((line) => [line.from_ns, line.to_ns ?? sight.to_ns]);
	const [from, to] = [Math.min(...spans.map((span) => span[0])), Math.max(...spans.map((span) => span[1]))];
	const room = (to - from) * 0.08 + MS;
	setWindow(from - room, to + room);
}

function follow() {
	frames.reveal();
	const top = lanes.findIndex((lane) => isSame(lane, state.lane)) * ROW;
	const { scroller, height } = timeline;
	if (top >= 0 && (top < scroller.scrollTop || top + ROW > scroller.scrollTop + height - TOP - OVERVIEW)) scroller.scrollTop = top - 2 * ROW;
	writeLink();
}

function seek(at) {
	set({ at, ghost: undefined, event: eventBefore(at) ?? state.event });
	keepInSight(at);
	follow();
}

const seekBy = (part) => seek(clamp(state.at + (state.window[1] - state.window[0]) * part, whole().from, whole().to));

// To an event, on this lane if it is there.
function toEvent(number, lane) {
	const event = sight.events[number];
	const isThere = state.only && state.lane && frames.scope().includes(number);
	const { user, run } = lane ?? (isThere ? state.lane : event);
	set({ event: number, ghost: undefined, at: event.at_ns, lane: user === undefined ? undefined : { user, run }, all: undefined });
	keepInSight(event.at_ns);
	follow();
	say(`${nameOf(event)}, ${timeOf(event.at_ns, event)}`);
}

function toLane({ user, run }) {
	set({ lane: user === undefined ? undefined : { user, run }, only: true });
	follow();
}

// To a finding: its card, its lane, and the row of what is missing, or the last it rests on.
function toFinding(number, known = false) {
	const { user, run, expected, evidence, at, code, message } = found(number);
	const lane = user === undefined ? undefined : { user: runOf({ run })?.user ?? user, run };
	const last = evidence.findLast(({ event }) => event !== undefined)?.event;
	set({ finding: number, lane, only: Boolean(lane), at, known });
	set(expected ? { ghost: number } : { ghost: undefined, event: last ?? eventBefore(at) });
	keepInSight(at);
	follow();
	say(`${code} ${message}`);
}

function toCause(number) {
	const event = found(number)?.cause?.event;
	if (event === undefined) return say("No cause is known.", true);
	if (state.event === event && state.ghost === undefined) toFinding(number);
	else toEvent(event);
}

function stepFinding(by) {
	const here = flagged.findIndex((finding) => finding.number === state.finding);
	const next = here >= 0 ? flagged[here + by] : by > 0 ? flagged.find(({ at }) => at >= state.at) : flagged.findLast(({ at }) => at < state.at);
	if (next) toFinding(next.number);
	else say(`No finding ${by > 0 ? "after" : "before"} this one.`, true);
}

function stepEvent(by, numbers, lane) {
	const after = firstWhere(numbers, (number) => number > (state.event ?? -1));
	const place = by > 0 ? after : after - (numbers[after - 1] === state.event ? 2 : 1);
	set({ playing: false });
	if (numbers.length) toEvent(numbers[clamp(place, 0, numbers.length - 1)], lane);
}

function stepRun(by) {
	const runs = lanes.filter(runOf);
	const here = runs.findIndex((lane) => isSame(lane, state.lane));
	const lane = runs.at((here + by) % runs.length);
	if (lane) toEvent(runOf(lane).events[0], lane);
}

function move(by) {
	if (document.activeElement !== timeline.canvas) return frames.move(by);
	const here = lanes.findIndex((lane) => isSame(lane, state.lane));
	toLane(lanes[clamp(here + by, 0, lanes.length - 1)] ?? {});
}

// To the next event that the filter means, or the one before.
function hit(by) {
	const numbers = state.filter.test ? sight.events.filter(isMeant).map(({ number }) => number) : [];
	if (numbers.length) stepEvent(by, numbers);
	else say(state.filter.test ? "Nothing meets the filter." : "No filter: / begins one.", true);
}

function filterBy(text) {
	const filter = { text, met: new Map() };
	try {
		filter.test = parseFilter(text);
	} catch (mistake) {
		filter.error = mistake.message;
	}
	$("filter").setAttribute("aria-invalid", Boolean(filter.error));
	set({ filter });
	frames.box.scrollTop = 0;
	writeLink();
}

function close() {
	if (state.playing || state.known) set({ playing: false, known: false });
	else if (state.filter.text) filterBy(($("filter").value = ""));
	else set({ ghost: undefined, finding: undefined, only: false });
}

function turnTheme() {
	const { dataset } = document.documentElement;
	dataset.theme = dataset.theme === "dark" ? "light" : "dark";
	redraw();
}

const cycled = (list, value) => list[(list.indexOf(value) + 1) % list.length];
const speedBy = (by) => set({ speed: SPEEDS[clamp(SPEEDS.indexOf(state.speed) + by, 0, SPEEDS.length - 1)] });
const here = () => found(state.finding);

// Keys, how it is said what they do, and that: the keys of the screen. Some have a button.
const KEYS = [
	[" ", "play, pause", () => player.toggle(), "play"],
	[".", "event on", () => stepEvent(1, frames.scope(), state.only && state.lane), "step-on"],
	[",", "event back", () => stepEvent(-1, frames.scope(), state.only && state.lane), "step-back"],
	[">", "event on, of any lane", () => stepEvent(1, everything)],
	["<", "event back, of any lane", () => stepEvent(-1, everything)],
	["[", "slower, then backwards", () => speedBy(-1)],
	["]", "faster", () => speedBy(1)],
	["e", "next finding", () => stepFinding(1), "finding-on"],
	["E", "finding before", () => stepFinding(-1), "finding-back"],
	["c", "cause, and back", () => toCause(state.finding)],
	["h ArrowLeft", "back a little", () => seekBy(-0.01)],
	["l ArrowRight", "on a little", () => seekBy(0.01)],
	["H", "a tenth back", () => seekBy(-0.1)],
	["L", "a tenth on", () => seekBy(0.1)],
	["j ArrowDown", "down", () => move(1)],
	["k ArrowUp", "up", () => move(-1)],
	["PageDown", "page down", () => frames.move(frames.page())],
	["PageUp", "page up", () => frames.move(-frames.page())],
	["g Home", "start", () => seek(whole().from)],
	["G End", "end", () => seek(whole().to)],
	["w", "next run", () => stepRun(1)],
	["b", "run before", () => stepRun(-1)],
	["+ =", "closer", () => zoom(0.5), "closer"],
	["-", "wider", () => zoom(2), "wider"],
	["0", "all of the time", () => setWindow(whole().from, whole().to), "zoom-all"],
	["z", "all of the lane", () => zoomTo(state.lane)],
	["/", "filter", () => $("filter").select()],
	["n", "next hit", () => hit(1)],
	["N", "hit before", () => hit(-1)],
	["x", "hide or dim what is not meant", () => set({ hide: !state.hide })],
	["f", "this lane, or everything", () => set({ only: !state.only })],
	["i", "idle time: folded or not", () => set({ folding: cycled(Object.keys(FOLDINGS), state.folding) }), "folding"],
	["t", "times: relative, clock", () => set({ times: cycled(["run", "recording", "clock"], state.times) }), "times"],
	["p", "payload: tree, raw, hex", () => set({ mode: cycled(MODES, state.mode) })],
	["*", "unfold streams", () => set({ unfolded: true })],
	["_", "fold streams", () => set({ unfolded: false })],
	["y", "copy as Markdown", () => copy(about.texts[state.finding] ?? about.markdown, "Markdown"), "copy-markdown"],
	["Y", "copy as a prompt", () => copy(promptOf(here()), "a prompt"), "copy-prompt"],
	["T", "timeline as a table", showTable, "table"],
	["D", "light or dark", turnTheme, "theme"],
	["?", "keys", () => $("keys").showModal(), "show-keys"],
	["Escape", "close, clear", close],
];

function onKey(event) {
	const { target, key } = event;
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
	if (target.matches("input[type=search], select")) {
		if (key !== "Escape" && key !== "Enter") return;
		if (key === "Escape") filterBy((target.value = ""));
		return target.blur();
	}
	if (target.matches("button, summary") && [" ", "Enter"].includes(key)) return;
	if (target.matches("input") && key.startsWith("Arrow")) return;
	if (target.closest("#inspector, #findings") && /^(Arrow(Up|Down)|Page|Home|End)/.test(key)) return;
	if (target === frames.box && key === "Enter") return $("inspector").focus();
	const bound = KEYS.find(([keys]) => keys === key || keys.split(" ").includes(key));
	if (!bound) return;
	event.preventDefault();
	bound[2]();
}

// Links: `#f=E102&t=12.3&l=run-or-user&q=filter`.

// To where the address says, or the sender was; whether that is anywhere.
function readLink() {
	const link = new URLSearchParams(location.hash.slice(1));
	const isLink = ["f", "t", "l", "q"].some((name) => link.has(name));
	const { view } = about;
	filterBy(($("filter").value = link.get("q") ?? ""));
	if (!isLink && view.range_ns) setWindow(...view.range_ns);
	const lane = isLink ? link.get("l") : view.lane;
	const place = lanes.find((one) => (runOf(one)?.id ?? userOf(one).name) === lane);
	if (place) toLane(place);
	const name = isLink ? link.get("f") : view.finding;
	const finding = sight.findings.find((finding) => finding.link === name?.toUpperCase());
	if (finding) toFinding(finding.number);
	else if (name) say(`There is no finding ${name} in this report.`, true);
	const t = Number.parseFloat(link.get("t"));
	if (Number.isFinite(t) && Math.abs(t * SECOND - state.at) > MS) seek(t * SECOND);
	return isLink || Boolean(place ?? finding);
}

// Names where the reader is, for others.
function writeLink() {
	const link = new URLSearchParams();
	const lane = state.only && state.lane;
	if (here()) link.set("f", here().link);
	else if (lane) link.set("l", runOf(lane)?.id ?? userOf(lane).name);
	link.set("t", (state.at / SECOND).toFixed(3));
	if (state.filter.text) link.set("q", state.filter.text);
	try {
		history.replaceState(null, "", `#${link}`);
	} catch {
		// Some browsers keep a file's address as it is; the report works without.
	}
}

// To whoever listens; if it is the answer to something, to whoever looks too.
function say(text, isAnswer = false) {
	const box = $("said");
	box.textContent = visible(text);
	box.classList.toggle("shown", isAnswer);
	clearTimeout(say.fades);
	say.fades = setTimeout(() => box.classList.remove("shown"), 2500);
}

async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		say(`Copied ${what}: ${counted(text.length, "character")}.`, true);
	} catch {
		// Where a file has no clipboard, the text is there to be taken by hand.
		$("copied-text").value = text;
		$("copied").showModal();
		$("copied-text").select();
	}
}

function showTable() {
	const box = $("lane-table");
	box.hidden = !box.hidden;
	timeline.scroller.hidden = !box.hidden;
	press("table", !box.hidden);
	timeline.resize();
	if (box.childNodes.length) return;
	const rows = lanes.map((lane) => {
		const run = runOf(lane);
		const missing = (run?.findings ?? []).map((number) => found(number).expected).filter(Boolean);
		const names = run ? [...run.events.map((number) => nameOf(sight.events[number])), ...missing.map(({ event }) => `missing: ${event}`)] : [];
		const told = names.flatMap((name, at) => (name === names[at - 1] ? [] : `${name}${name === names[at + 1] ? " and more" : ""}`));
		const times = (run ? [run] : userOf(lane).lines).map(({ from_ns, to_ns }) => `${clock(from_ns)} to ${to_ns ? clock(to_ns) : "the end"}`);
		return el("tr", {}, el("th", { scope: "row" }, link(laneName(lane), () => toLane(lane))), el("td", {}, [times.join(", "), ...told].join(", ")), el("td", {}, statusOf(lane)[0]));
	});
	const head = ["Lane", "Times in UTC, and what happened", "State"].map((name) => el("th", { scope: "col" }, name));
	box.append(el("table", {}, el("tr", {}, head), rows));
}

function setupHead() {
	document.title = $("title").textContent = visible(about.title);
	$("facts").textContent = visible(about.told);
	const signs = [...sight.legend, ["?", "missing"], ["!", "out of place"], ["╳", "drop"]];
	$("legend").append(...signs.map(([letter, name]) => el("span", {}, el("b", {}, letter), ` ${name}`)));
	$("about-facts").append(facts(about.facts), el("details", {}, el("summary", {}, "Rules"), raw(visibleLines(about.rules))));
	$("keys-list").append(...KEYS.flatMap(([keys, does]) => [el("dt", {}, (keys.trim() || "Space").split(" ").map((key) => el("kbd", {}, key.replace("Arrow", "")))), el("dd", {}, does)]));
}

function listen() {
	document.onkeydown = onKey;
	onresize = () => timeline.resize();
	onhashchange = readLink;
	for (const [, , act, id] of KEYS) if (id) $(id).onclick = act;
	$("show-about").onclick = () => $("about").showModal();
	$("only").onclick = () => set({ only: true });
	$("everything").onclick = () => set({ only: false });
	$("filter").oninput = ({ target }) => {
		clearTimeout(listen.typed);
		listen.typed = setTimeout(() => filterBy(target.value), 120);
	};
	for (const button of document.querySelectorAll("dialog .shut")) button.onclick = () => button.closest("dialog").close();
}

async function start() {
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const { dataset } = document.documentElement;
	const scheme = () => (dataset.theme = dark.matches ? "dark" : "light");
	scheme();
	try {
		await load();
		$("app").hidden = false;
		set({ at: sight.from_ns, window: Object.values(whole()) });
		setupHead();
		for (const pane of [timeline, frames, inspector, findings, player]) pane.setup();
		listen();
		dark.onchange = onafterprint = () => redraw(scheme());
		onbeforeprint = () => timeline.draw((dataset.theme = "light"));
		const worstNow = worst(flagged.map(({ number }) => number));
		if (!readLink() && worstNow) toFinding(worstNow.number);
		dataset.ready = Math.round(performance.now());
	} catch (error) {
		$("app").hidden = true;
		$("broken").hidden = false;
		$("broken").textContent = `This report can't be shown: ${error.message}. \`wiretape open\` may still read it.`;
		throw error;
	}
}

start();
