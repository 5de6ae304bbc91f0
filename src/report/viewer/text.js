"use strict";

// Texts, times and amounts → what people read. Whatever came over the wire goes through `visible`
// and into text nodes; nothing makes markup from text.

const MS = 1e6;
const SECOND = 1e9;
const SIGNS = { error: "✖", warning: "▲", info: "●" };
const RANKS = { error: 3, warning: 2, info: 1 };

// What does not show as itself: controls, bidi and zero-width characters, odd spaces, fillers.
const HIDDEN = /(?! )[\p{C}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0]/gu;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
// More marks than this on one character are a tower, not a script.
const TOWER = /(\p{M}{4})\p{M}+/gu;

// A text on one line in which nothing hides.
const visible = (text) =>
	String(text)
		.replace(TOWER, "$1…")
		.replace(HIDDEN, (hidden) => ESCAPES[hidden] ?? `\\u{${hidden.codePointAt(0).toString(16)}}`);

// The same on the lines that it has.
const visibleLines = (text) => text.split(/\r?\n/).map(visible).join("\n");

const $ = (id) => document.getElementById(id);
const press = (id, is) => $(id).setAttribute("aria-pressed", is);

// An element: properties, and children whose texts are made visible.
function el(tag, properties, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(properties ?? {})) {
		if (name in node && name !== "role") node[name] = value;
		else node.setAttribute(name, value);
	}
	const isThere = (child) => child !== undefined && child !== null && child !== "";
	node.append(...children.flat().filter(isThere).map((child) => (child instanceof Node ? child : visible(child))));
	return node;
}

// What is said already is not said again: each time, a browser would lay it out.
function tell(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

const link = (text, onclick, kind = "") => el("button", { className: `link ${kind}`, onclick }, text);
const quiet = (text, tag = "span") => el(tag, { className: "quiet" }, text);
const raw = (text) => Object.assign(el("pre", { className: "raw" }), { textContent: text });

// Names and what they stand for; what is absent is left out.
function facts(pairs) {
	const there = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
	return el("dl", { className: "facts" }, there.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

// `84ms`, `1.90s`, `14m31s`, `3h05m`.
function lasted(ns) {
	const seconds = Math.floor(ns / SECOND);
	const two = (number) => `${number % 60}`.padStart(2, "0");
	if (ns < MS) return `${Math.floor(ns / 1000)}us`;
	if (seconds < 1) return `${Math.floor(ns / MS)}ms`;
	if (seconds < 60) return `${(ns / SECOND).toFixed(seconds < 10 ? 2 : 1)}s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds)}s`;
	return `${Math.floor(seconds / 3600)}h${two(Math.floor(seconds / 60))}m`;
}

const since = (ns) => `${(Math.trunc(ns / MS) / 1000).toFixed(3)}s`;

// `14:33:23.511` in UTC: the same for everyone who looks.
const clock = (ns, digits = 3) => new Date((sight.started_ns + ns) / MS).toISOString().slice(11, digits ? 20 + digits : 19);

function bytes(count) {
	const units = ["B", "kB", "MB", "GB"];
	while (count >= 999.5 && units.length > 1) {
		count /= 1000;
		units.shift();
	}
	return `${count.toFixed(units.length < 4 && count < 9.95 ? 1 : 0)}${units[0]}`;
}

const grouped = (number) => number.toLocaleString("en-US");
const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;

// The end of a long id, which is what differs.
function tail(id, length) {
	const last = [...id].length <= length ? id : id.split(/[_\-:/]/).pop() || id;
	return [...last].slice(-length).join("");
}

// The first place in a sorted list at which `test` holds; its length where it never does.
function firstWhere(list, test) {
	let [low, high] = [0, list.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (test(list[middle])) high = middle;
		else low = middle + 1;
	}
	return low;
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
