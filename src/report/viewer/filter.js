// The text of a filter → a test for events, or the first mistake in it. The language is that of
// `--filter` and of the screen; `@saved` filters stay with whoever saved them.

const LONGEST = 4096;
const DEEPEST = 32;
const TIMES = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const WORDS = {
	type: nameOf,
	user: (event) => userOf(event)?.name,
	run: (event) => runOf(event)?.id,
	thread: (event) => event.thread,
	call: (event) => event.call,
	op: (event) => event.kind || (typeof payloadOf(event) === "string" ? "text" : "binary"),
	dir: (event) => (event.out ? "out" : "in"),
};
const AMOUNTS = {
	size: [(event) => (event.kind === "gap" ? undefined : event.bytes), { "": 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 }],
	dt: [deltaOf, TIMES],
	lat: [(event) => event.reply_ns, TIMES],
	conn: [(event) => event.connection || undefined, { "": 1 }],
};
const ORDERS = { ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, "<": (a, b) => a < b };
const MEANT = { c2s: "out", "→": "out", s2c: "in", "←": "in" };
const FIELDS = [...Object.keys(WORDS), ...Object.keys(AMOUNTS), "flag", "has", "lacks", "around"];

const wrong = (message) => {
	throw new Error(message);
};

// The test that a text asks for, none for an empty one; throws what is wrong with it.
function parseFilter(text) {
	if (text.length > LONGEST) wrong(`a filter has at most ${LONGEST} characters`);
	if (!text.trim()) return undefined;
	let place = 0;
	// What comes next, spaces aside, if it looks like this: its groups; it is passed.
	const eat = (pattern) => {
		const found = new RegExp(`\\s*(?:${pattern.source})`, "yiu");
		found.lastIndex = place;
		const match = found.exec(text);
		if (match) place = found.lastIndex;
		return match?.map((group) => group?.trim());
	};
	const next = () => text.slice(place).trim()[0];
	const keyword = (word) => eat(RegExp(`${word}(?![^\\s()"])`));

	const any = (depth) => {
		const children = [all(depth)];
		while (keyword("or")) children.push(all(depth));
		return (event) => children.some((child) => child(event));
	};
	const all = (depth) => {
		const children = [one(depth)];
		while (keyword("and") || (next() && next() !== ")" && !/^\s*or(?![^\s()"])/i.test(text.slice(place)))) children.push(one(depth));
		return (event) => children.every((child) => child(event));
	};
	const one = (depth) => {
		if (depth > DEEPEST) wrong(`more than ${DEEPEST} within each other`);
		if (eat(/\(/)) {
			const inner = any(depth + 1);
			return eat(/\)/) ? inner : wrong("a ( is never closed: add )");
		}
		if (keyword("not")) {
			const inner = one(depth + 1);
			return (event) => !inner(event);
		}
		return condition();
	};
	const condition = () => {
		let match = eat(/"((?:[^"\\]|\\.)*)"/);
		if (match) return hasText(unquoted(match[1]));
		if ((match = eat(/\/((?:[^/\\]|\\.)+)\//))) return matches(match[1]);
		if ((match = eat(/#(>=|<=|>|<)?(\d+)(?:\.\.#?(\d+))?/))) return ofFrames(match);
		if (next() === "$") return ofPointer();
		if ((match = eat(/([a-z_]+)(?=[:=<>])/))) return field(match[1].toLowerCase());
		const word = eat(/[^\s()"]+/)?.[0] ?? wrong('a condition is missing: type:NAME, user:NAME, "a text"');
		if (/^(and|or|not)$/i.test(word)) wrong(`${word} stands between two conditions`);
		if (/^[!~&|@]/.test(word)) wrong("write not …, a b for and, a or b; or quote it");
		return hasText(word);
	};
	const field = (name) => {
		if (name in AMOUNTS) return ofAmount(name);
		if (!FIELDS.includes(name)) wrong(`there is no field ${name}: ${FIELDS.join(" ")}`);
		if (!eat(/[:=]/)) wrong(`${name} is no number: ${name}:…`);
		if (name === "around") return around();
		if (name === "has") {
			const keys = pointer();
			return (event) => (at(event, keys) ?? undefined) !== undefined;
		}
		const meets = globs();
		if (name === "lacks") return lacks(meets);
		if (name === "flag") return (event) => event.findings.some((number) => isCalled(found(number), meets));
		return (event) => meets(WORDS[name](event));
	};
	// `a`, `a*`, `"a b"` or `{a,b}`.
	const globs = () => {
		const single = () => {
			const quoted = eat(/"((?:[^"\\]|\\.)*)"/);
			if (quoted) return glob(unquoted(quoted[1]), false);
			const word = eat(/[^\s()"{},]+/)?.[0] ?? wrong("a value is missing");
			return glob(MEANT[word] ?? word, true);
		};
		const isList = eat(/\{/);
		const meet = [single()];
		while (isList && eat(/,/)) meet.push(single());
		if (isList && !eat(/\}/)) wrong("a { is never closed: add }");
		return (value) => value !== undefined && meet.some((one) => one(value));
	};
	const ofAmount = (name) => {
		const [read, units] = AMOUNTS[name];
		const amount = (text) => {
			const parts = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
			const unit = parts?.[2].toLowerCase().replace(name === "size" ? /i?b$/ : "", "");
			return parts && unit in units ? Number(parts[1]) * units[unit] : wrong(`${name}: ${text} is no amount`);
		};
		const order = ORDERS[eat(/>=|<=|>|<|[:=]/)[0]];
		const words = (eat(/[^\s()"]+/)?.[0] ?? "").replace(/^\{|\}$/g, "").split(",");
		const ranges = words.map((word) => word.split("..").map(amount));
		return (event) => {
			const value = read(event);
			const isIn = ([from, to = from]) => (order ? order(value, from) : value >= from && value <= to);
			return value !== undefined && ranges.some(isIn);
		};
	};
	// `$.data.items[0]` → its keys.
	const pointer = () => {
		if (!eat(/\$/)) wrong("a place is due: $.data.tool");
		const keys = [];
		for (let match; (match = eat(/\.([\p{L}\p{N}_-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/)); ) keys.push(match[1] ?? match[2] ?? unquoted(match[3]));
		return keys;
	};
	const ofPointer = () => {
		const keys = pointer();
		const order = eat(/>=|<=|>|</)?.[0];
		if (order) {
			const bound = Number(eat(/[^\s()"]+/)?.[0] ?? NaN);
			if (!Number.isFinite(bound)) wrong("only numbers are more or less: $.n>5");
			return (event) => typeof at(event, keys) === "number" && ORDERS[order](at(event, keys), bound);
		}
		if (!eat(/[=:]/)) wrong("what of it? has:$.a, $.a=VALUE or $.a>5");
		const meets = globs();
		return (event) => {
			const value = at(event, keys) ?? {};
			return typeof value !== "object" && meets(String(value));
		};
	};
	const around = () => {
		const code = eat(/[ew][\d*]{1,3}/)?.[0] ?? wrong("around what? a finding's code is due: around:E102 5s");
		const within = eat(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)(?![^\s()])/);
		const ns = within ? Number(within[1]) * TIMES[within[2].toLowerCase()] : 5 * SECOND;
		const times = sight.findings.filter((finding) => isCalled(finding, glob(code.toUpperCase(), true))).map((finding) => finding.at_ns);
		return (event) => times.some((time) => Math.abs(time - event.at_ns) <= ns);
	};

	const test = any(0);
	return next() ? wrong("nothing is open that ) closes") : test;
}

const unquoted = (text) => text.replace(/\\(.)/g, "$1");

function glob(text, isWild) {
	const parts = text.split(isWild ? "*" : /$^/).map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
	const pattern = RegExp(`^${parts.join("[^]*?")}$`);
	return (other) => pattern.test(other);
}

const textOf = (event) => {
	const payload = payloadOf(event);
	return typeof payload === "string" ? payload : new TextDecoder("latin1").decode(payload);
};

// In the payload, in the event's name, or the code of a finding that rests on it. Without capitals,
// in any case.
function hasText(text) {
	if (!text) wrong("every payload has this in it");
	const fold = (other) => (text === text.toLowerCase() ? other.toLowerCase() : other);
	const isCode = ({ code }) => fold(code) === text;
	return (event) => fold(nameOf(event)).includes(text) || event.findings.some((number) => isCode(found(number))) || fold(textOf(event)).includes(text);
}

function matches(source) {
	try {
		const pattern = RegExp(source.replace(/\\\//g, "/"));
		return (event) => pattern.test(textOf(event));
	} catch {
		return wrong("this is no regular expression");
	}
}

function ofFrames([, order, from, to = from]) {
	const [low, high] = [Number(from), Number(to)];
	return ({ frame, first = frame }) => {
		if (order) return frame > 0 && ORDERS[order](order.startsWith(">") ? frame : first, low);
		return first <= high && frame >= low;
	};
}

function at(event, keys) {
	const within = (value, key) => (value !== null && typeof value === "object" && Object.hasOwn(value, key) ? value[key] : undefined);
	return keys.reduce(within, jsonOf(event)?.value);
}

// A finding by its severity, its code in any case, or `any`.
const isCalled = ({ severity, code }, meets) => [severity, code, code.toLowerCase(), "any"].some(meets);

// It is of a run in which no event is called so.
function lacks(meets) {
	const runs = sight.runs.map((run) => !run.events.some((number) => meets(nameOf(sight.events[number]))));
	return (event) => runs[event.run] ?? false;
}
