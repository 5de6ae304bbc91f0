"use strict";

// Texts, times and amounts → what people read. Whatever came over the wire goes through `visible`
// and into text nodes; nothing here or elsewhere makes markup from text.

const MS = 1e6;
const SECOND = 1e9;

/** What does not show as itself: controls, bidi and zero-width characters, odd spaces, fillers. */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0]/gu;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** More marks than this on one character are a tower, not a script. */
const TOWER = /(\p{M}{4})\p{M}+/gu;

/** A text in which nothing hides, on one line. */
function visible(text) {
  return String(text)
    .replace(TOWER, "$1…")
    .replace(HIDDEN, (hidden) => ESCAPES[hidden] ?? `\\u{${hidden.codePointAt(0).toString(16)}}`);
}

/** An element with these properties and children; texts become text nodes. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    } else if (name in node && name !== "role") {
      node[name] = value;
    } else {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

const byId = (id) => document.getElementById(id);

/** `84ms`, `1.90s`, `14m31s`, `3h05m`. */
function lasted(ns) {
  if (ns < MS) return `${Math.floor(ns / 1000)}us`;
  if (ns < SECOND) return `${Math.floor(ns / MS)}ms`;
  const seconds = Math.floor(ns / SECOND);
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 10) return `${(Math.floor(ns / 1e7) / 100).toFixed(2)}s`;
  if (seconds < 60) return `${(Math.floor(ns / 1e8) / 10).toFixed(1)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${two(Math.floor(seconds / 60) % 60)}m`;
}

/** `1.902s`, to the millisecond, for comparing rows. */
function since(ns) {
  const sign = ns < 0 ? "-" : "";
  const ms = Math.floor(Math.abs(ns) / MS);
  return `${sign}${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}s`;
}

/** `14:33:23.511` in UTC: the same for everyone who looks. */
function clock(ns, digits = 3) {
  const iso = new Date((model.sight.started_ns + ns) / MS).toISOString();
  return digits ? iso.slice(11, 20 + digits) : iso.slice(11, 19);
}

/** `212B`, `6.1kB`, `12MB`. */
function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (count >= 999.5 && unit + 1 < units.length) {
    count /= 1000;
    unit += 1;
  }
  return `${count.toFixed(unit > 0 && count < 9.95 ? 1 : 0)}${units[unit]}`;
}

/** `1 run`, `4,812 frames`. */
function counted(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The end of a long id, which is what differs. */
function tail(id, length) {
  const characters = [...id];
  if (characters.length <= length) return id;
  const last = id.split(/[_\-:/]/).pop();
  return [...(last || id)].slice(-length).join("");
}

const SIGNS = { error: "✖", warning: "▲", info: "●" };
const RANKS = { error: 3, warning: 2, info: 1 };

/** The first place in a sorted list at which `test` holds; its length where it never does. */
function firstWhere(list, test) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(list[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
