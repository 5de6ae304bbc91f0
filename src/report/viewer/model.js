// The blocks of the page → what the panes show. Nothing here changes after it was loaded.

let about;
let sight;
const frameRows = new Map();
const connectionRows = new Map();
// Lanes in the order in which they are drawn: `{user}` and `{user, run}`.
const lanes = [];
// The numbers of all events.
let everything;
// Users who ever were connected.
let people;
// Findings that are more than remarks, or all where there are only remarks.
let flagged;

async function load() {
	const blocks = ["about", "sight", "tape"].map((name) => unpack(`wiretape-${name}`));
	const [said, seen, tape] = await Promise.all(blocks);
	[about, sight] = [JSON.parse(said), JSON.parse(seen)];
	for (const line of tape.split("\n").filter(Boolean)) {
		const row = JSON.parse(line);
		if (row.kind === "frame") frameRows.set(row.id, row);
		if (row.kind === "connection") connectionRows.set(row.id, row);
	}
	const { users, runs, events, findings } = sight;
	const ownerOf = new Map(users.flatMap((user, number) => user.lines.map((line) => [line.connection, number])));
	for (const lane of [...runs, ...users]) lane.events = [];
	everything = [...events.keys()];
	people = users.filter((user) => user.runs.length || user.lines.some((line) => !line.refused));
	let frame = 0;
	events.forEach((event, number) => {
		// What the tape tells of an event is not told again.
		const row = event.step === undefined ? undefined : frameRows.get((frame += event.step));
		if (row) Object.assign(event, { frame, at_ns: row.read_ns, connection: row.connection, out: row.direction === "c2s" });
		const run = runs[event.run];
		const owner = ownerOf.get(event.connection);
		Object.assign(event, { number, user: run ? run.user : owner, before: run?.events.at(-1) });
		event.findings ??= [];
		event.kind ??= "";
		run?.events.push(number);
		users[owner]?.events.push(number);
	});
	// What is missing is found out when it is sure that it will not come.
	findings.forEach((finding, number) => Object.assign(finding, { number, at: finding.expected?.at_ns ?? finding.at_ns }));
	const bad = findings.filter(({ severity }) => severity !== "info");
	flagged = (bad.length ? bad : [...findings]).sort((a, b) => a.at - b.at);
	// Of many users, those with findings come first.
	const order = [...users.keys()];
	const rank = (number) => RANKS[users[number].worst] ?? 0;
	if (order.length > 12) order.sort((a, b) => rank(b) - rank(a) || a - b);
	for (const user of order) lanes.push({ user }, ...users[user].runs.map((run) => ({ user, run })));
}

const nameOf = (event) => sight.names[event.name].text;
const letterOf = (event) => (event.kind ? "" : sight.names[event.name].letter);
const runOf = (lane) => sight.runs[lane?.run];
const userOf = (lane) => sight.users[lane?.user];
// `run 9c1e`; an id that says itself that it is a run's needs no word for it.
function runName(id, length) {
	const name = tail(id, length);
	return /^run/i.test(name) ? name : `run ${name}`;
}
const laneName = (lane) => (runOf(lane) ? runName(runOf(lane).id, 12) : userOf(lane).name);
const found = (number) => sight.findings[number];
const timeAt = (number) => sight.events[number].at_ns;
const eventsOf = (lane) => (runOf(lane) ?? userOf(lane)).events;
const isSame = (lane, other) => Boolean(lane && other) && lane.user === other.user && lane.run === other.run;

const worst = (numbers) =>
	numbers.map((number) => found(number)).reduce((worst, next) => (worst && RANKS[worst.severity] >= RANKS[next.severity] ? worst : next), undefined);
const severityOf = (event) => worst(event.findings)?.severity;

const toBytes = (text) => new TextEncoder().encode(text);
// The payload of an event's message: a text, or bytes where it is none.
function payloadOf(event) {
	const { text = "", base64 } = event.body ?? frameRows.get(event.frame) ?? {};
	if (!base64) return text;
	const payload = fromBase64(base64);
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
	} catch {
		return payload;
	}
}

// The JSON of an event, in a box, if it has any. Not kept: of 50,000 it would be a lot.
function jsonOf(event) {
	const text = event.json ?? payloadOf(event);
	if (typeof text !== "string" || !/^\s*[[{"\d\-tfn]/.test(text)) return undefined;
	// Numbers that a browser would round stay as they are.
	const exact = (_, value, context) => (typeof value === "number" && /^-?\d{16,}$/.test(context?.source) ? BigInt(context.source) : value);
	try {
		return { value: JSON.parse(text, /\d{16}/.test(text) ? exact : undefined) };
	} catch {
		return undefined;
	}
}

function previewOf(event) {
	if (event.kind === "close") {
		const [high, low, ...reason] = bytesOf(event);
		return low === undefined ? "" : `${high * 256 + low} ${new TextDecoder().decode(Uint8Array.from(reason))}`;
	}
	const payload = event.json ?? payloadOf(event);
	return typeof payload === "string" ? payload.slice(0, 160) : `${bytes(payload.length)} binary`;
}

const deltaOf = (event) => (event.before === undefined ? undefined : event.at_ns - timeAt(event.before));
