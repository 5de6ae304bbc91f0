// The event or the missing one that the reader is at → all that is known of it: a tree of its JSON,
// the text as it was, the bytes.

// Characters or bytes of a payload that are shown at first.
const FIRST = 64 << 10;
// Members of an object that are shown at first, and more at a time.
const MEMBERS = 100;
// An object of more members than this is shut at first.
const SMALL = 24;
const MODES = ["tree", "raw", "hex"];

const inspector = {
	setup() {
		for (const mode of MODES) $(mode).onclick = () => set({ mode });
		$("copy-payload").onclick = () => {
			const payload = payloadOf(sight.events[state.event]);
			copy(typeof payload === "string" ? payload : hexOf(payload), "the payload");
		};
	},

	draw() {
		const drawn = JSON.stringify([state.event, state.ghost, state.mode, state.times, state.all]);
		if (drawn === this.drawn) return;
		this.drawn = drawn;
		const event = sight.events[state.event];
		const finding = found(state.ghost);
		for (const mode of MODES) press(mode, mode === state.mode);
		$("modes").hidden = finding || !event || !hasPayload(event);
		const nodes = finding ? this.ghost(finding) : event ? this.event(event) : [quiet("Pick an event on the timeline or in the list.", "p")];
		$("inspector").replaceChildren(...nodes);
		$("inspector").scrollTop = 0;
	},

	ghost: ({ number, severity, code, message, expected }) => [
		el("h3", { className: severity }, `${SIGNS[severity]} expected here: ${withDetail(expected)}`),
		el("p", {}, `No such event came until ${clock(expected.at_ns)} UTC. This row marks where it should have been.`),
		el("p", {}, link(`${code} ${message}`, () => toFinding(number), severity)),
	],

	event(event) {
		const delta = deltaOf(event);
		const frame = frameRows.get(event.frame);
		const way = event.out ? "→ out, client to server" : "← in, server to client";
		const notes = sight.notes.filter((note) => note.event === event.number && note.text);
		return [
			el("h3", {}, `${event.frame ? `#${event.frame} ` : ""}${nameOf(event)}`),
			...event.findings.map((number) => {
				const { severity, code, message } = found(number);
				return el("p", {}, link(`${SIGNS[severity]} ${code} ${message}`, () => toFinding(number), severity));
			}),
			...notes.map((note) => quiet(`✎ ${note.text}`, "p")),
			facts([
				["time", `${clock(event.at_ns)} UTC, ${since(event.at_ns)} into the recording`],
				["way", NOWHERE.includes(event.kind) ? "" : way],
				["user", userOf(event)?.name],
				["run", runOf(event)?.id],
				["thread", event.thread],
				["call", event.call],
				["tool", event.tool],
				["conn", event.connection || ""],
				["Δ in run", delta === undefined ? "" : lasted(delta)],
				["answer", event.reply_ns === undefined ? "" : `after ${lasted(event.reply_ns)}`],
				["size", hasPayload(event) ? bytes(event.bytes) : ""],
				["frames", event.first ? `#${event.first} to #${event.frame}` : ""],
				["marks", frame?.marks?.join(", ")],
				["handed on", frame && frame.written_ns === undefined ? "never: the receiver was gone" : ""],
			]),
			...(hasPayload(event) ? this.payload(event) : this.connection(event)),
		];
	},

	payload(event) {
		return [...(about.manifest.types_only ? [quiet("Of payloads, this report has what the rules read.", "p")] : []), ...this.content(event)];
	},

	content(event) {
		const json = state.mode === "tree" && jsonOf(event);
		if (json) return [el("div", { className: "tree" }, branch([], json.value, 0))];
		const isText = state.mode !== "hex" && typeof payloadOf(event) === "string";
		const payload = isText ? payloadOf(event) : bytesOf(event);
		if (!payload.length) return [quiet("no payload", "p")];
		const isWhole = payload.length <= FIRST || state.all === event.number;
		const shown = isWhole ? payload : payload.slice(0, FIRST);
		const more = () => set({ all: event.number });
		return [
			...(event.body && event.bytes > bytesOf(event).length ? [quiet(`the beginning of ${bytes(event.bytes)}; the rest is in the tape, compressed`, "p")] : []),
			raw(isText ? visibleLines(shown) : hexOf(shown)),
			...(isWhole ? [] : [el("button", { onclick: more }, `show all ${bytes(payload.length)}`)]),
		];
	},

	connection(event) {
		const row = connectionRows.get(event.connection) ?? {};
		const head = (title, part) => (part?.text ? [el("h4", {}, title), raw(visibleLines(part.text.trimEnd()))] : []);
		return [
			facts([
				["client", row.client],
				["server", row.server],
				["status", row.status],
				["ended", row.ending && `${row.ending} by ${row.ended_by ?? "nobody"}`],
				["detail", row.detail],
			]),
			...head("Request", row.request_head),
			...head("Response", row.response_head),
			...head("Body", row.response_body),
		];
	},
};

const hasPayload = (event) => !["open", "abort", "refused", "gap"].includes(event.kind);

function bytesOf(event) {
	const payload = payloadOf(event);
	return typeof payload === "string" ? toBytes(payload) : payload;
}

// A value of JSON as a node of a tree; what is within is made when it is opened.
function branch(label, value, depth) {
	if (value === null || typeof value !== "object") {
		const text = typeof value === "string" ? `"${value.slice(0, FIRST)}${value.length > FIRST ? "…" : ""}"` : String(value);
		return el("div", {}, label, el("span", { className: typeof value }, text));
	}
	const members = Object.entries(value);
	const isList = Array.isArray(value);
	const size = counted(members.length, isList ? "item" : "member");
	const inside = el("div", { className: "members" });
	const node = el("details", {}, el("summary", {}, label, quiet(isList ? `[ ${size} ]` : `{ ${size} }`)), inside);
	const more = (from) => {
		const key = (name) => [el("span", { className: "key" }, name), ": "];
		inside.append(...members.slice(from, from + MEMBERS).map(([name, member]) => branch(key(name), member, depth + 1)));
		const next = from + MEMBERS;
		if (next >= members.length) return;
		const button = el("button", {}, `${grouped(members.length - next)} more`);
		button.onclick = () => {
			button.remove();
			more(next);
		};
		inside.append(button);
	};
	node.ontoggle = () => inside.childNodes.length || more(0);
	node.open = depth < 1 || (depth < 4 && members.length <= SMALL);
	if (node.open) more(0);
	return node;
}

function hexOf(payload) {
	const lines = [];
	for (let at = 0; at < payload.length; at += 16) {
		const part = [...payload.subarray(at, at + 16)];
		const digits = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
		const text = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
		lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(48)} ${text}`);
	}
	return lines.join("\n");
}
