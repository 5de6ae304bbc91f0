// The blocks of the page → what the panes show. Nothing here changes after it was loaded.

let about;
let sight;
/** Frames and connections as the tape has them, by id. */
const frameRows = new Map();
const connectionRows = new Map();
/** Lanes in the order in which they are drawn: `{user}` and `{user, run}`. */
const lanes = [];
/** Findings that are more than remarks, or all where there are only remarks. */
let flagged;

/** What is said about the report, and what is seen: enough for all but payloads. */
async function loadSight() {
	const texts = await Promise.all(["wiretape-about", "wiretape-sight"].map(unpack));
	[about, sight] = texts.map((text) => JSON.parse(text));
	const { users, runs, events, findings } = sight;
	const userOf = new Map(users.flatMap((user, number) => user.lines.map((line) => [line.connection, number])));
	for (const lane of [...runs, ...users]) lane.events = [];
	events.forEach((event, number) => {
		const owner = userOf.get(event.connection);
		const run = runs[event.run];
		Object.assign(event, { number, user: run ? run.user : owner, before: run?.events.at(-1) });
		event.findings ??= [];
		event.kind ??= "";
		run?.events.push(number);
		users[owner]?.events.push(number);
	});
	findings.forEach((finding, number) => (finding.number = number));
	const bad = findings.filter((finding) => finding.severity !== "info");
	flagged = bad.length ? bad : findings;
	// Of many users, those with findings come first.
	const order = [...users.keys()];
	const rank = (number) => RANKS[users[number].worst] ?? 0;
	if (order.length > 12) order.sort((a, b) => rank(b) - rank(a) || a - b);
	for (const user of order) lanes.push({ user }, ...users[user].runs.map((run) => ({ user, run })));
}

async function loadTape() {
	for (const line of (await unpack("wiretape-tape")).split("\n").filter(Boolean)) {
		const row = JSON.parse(line);
		if (row.kind === "frame") frameRows.set(row.id, row);
		if (row.kind === "connection") connectionRows.set(row.id, row);
	}
}

const nameOf = (event) => sight.names[event.name].text;
const letterOf = (event) => (event.kind ? "" : sight.names[event.name].letter);
const runOf = (lane) => sight.runs[lane?.run];
const userOf = (lane) => sight.users[lane?.user];
const laneName = (lane) => (runOf(lane) ? `run ${tail(runOf(lane).id, 12)}` : userOf(lane).name);
const found = (number) => sight.findings[number];
const timeAt = (number) => sight.events[number].at_ns;
const eventsOf = (lane) => (runOf(lane) ?? userOf(lane)).events;
const isSame = (lane, other) => Boolean(lane && other) && lane.user === other.user && lane.run === other.run;

/** The worst of some findings, the first of them. */
const worst = (numbers) =>
	numbers.map((number) => found(number)).reduce((worst, next) => (worst && RANKS[worst.severity] >= RANKS[next.severity] ? worst : next), undefined);
const severityOf = (event) => worst(event.findings)?.severity;

const toBytes = (text) => new TextEncoder().encode(text);
/** The payload of an event's message: a text, or bytes where it is none. */
function payloadOf(event) {
	const { text, base64 } = event.body ?? frameRows.get(event.frame) ?? {};
	return base64 ? fromBase64(base64) : (text ?? "");
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

function previewOf(event) {
	const payload = event.json ?? payloadOf(event);
	return typeof payload === "string" ? payload.slice(0, 160) : `${bytes(payload.length)} binary`;
}

const deltaOf = (event) => (event.before === undefined ? undefined : event.at_ns - timeAt(event.before));
