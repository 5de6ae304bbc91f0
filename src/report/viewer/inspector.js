// The event or the missing one that the reader is at → all that is known of it: a tree of its JSON,
// the text as it was, the bytes.

/** Characters and bytes of a payload that are shown at first. */
const FIRST = 64 << 10;
/** Members of an object that are shown at first, and more at a time. */
const MEMBERS = 100;
/** Members that are open at first: an object of more is shut. */
const SMALL = 24;
const HEX = 16;
const MODES = ["tree", "raw", "hex"];

const inspector = {
  setup() {
    this.box = byId("inspector");
    for (const mode of MODES) byId(`mode-${mode}`).addEventListener("click", () => set({ mode }));
    byId("copy-payload").addEventListener("click", () => {
      const event = model.sight.events[state.event];
      const payload = event && payloadOf(event);
      if (payload) copy(typeof payload === "string" ? payload : hexOf(payload), "the payload");
    });
  },

  draw() {
    const key = JSON.stringify([state.event, state.ghost, state.mode, state.times, state.all, model.frames.size]);
    if (key === this.drawn) return;
    this.drawn = key;
    for (const mode of MODES) byId(`mode-${mode}`).setAttribute("aria-pressed", mode === state.mode);
    const event = model.sight.events[state.event];
    const isGhost = state.ghost !== undefined;
    byId("modes").hidden = isGhost || !event || !this.hasPayload(event);
    if (isGhost) this.box.replaceChildren(...this.ghost(model.sight.findings[state.ghost]));
    else if (event) this.box.replaceChildren(...this.event(event));
    else this.box.replaceChildren(el("p", { className: "quiet" }, "Pick an event on the timeline or in the list."));
    this.box.scrollTop = 0;
  },

  hasPayload: (event) => !["open", "abort", "refused", "gap"].includes(event.kind),

  ghost(finding) {
    const { expected } = finding;
    return [
      el("h3", { className: finding.severity }, visible(`${SIGNS[finding.severity]} expected here: ${expected.event}`)),
      el("p", {}, "No such event came. This row marks where it should have been."),
      facts([
        ["wanted", `${expected.event}${expected.detail ? ` (${expected.detail})` : ""}`],
        ["given up", `${timeOf(expected.at_ns)}, ${clock(expected.at_ns)} UTC`],
        ["run", model.sight.runs[finding.run]?.id],
        ["user", finding.who],
        ["finding", el("button", { className: "link", on: { click: () => toFinding(finding.number) } }, visible(`${finding.code} ${finding.message}`))],
      ]),
    ];
  },

  event(event) {
    const title = `${event.frame ? `#${event.frame} ` : ""}${nameOf(event)}`;
    const way = NOWHERE.has(event.kind) ? undefined : event.out ? "out → client to server" : "← in server to client";
    const delta = deltaOf(event);
    const frame = model.frames.get(event.frame);
    const written = frame?.written_ns;
    const links = event.findings.map((number) => {
      const finding = model.sight.findings[number];
      return el("button", { className: `link ${finding.severity}`, on: { click: () => toFinding(number) } }, visible(`${SIGNS[finding.severity]} ${finding.code} ${finding.message}`));
    });
    const notes = model.sight.notes.filter((note) => note.event === event.number && note.text);
    const nodes = [
      el("h3", {}, visible(title)),
      ...links,
      ...notes.map((note) => el("p", { className: "note" }, visible(`✎ ${note.text}`))),
      facts([
        ["time", `${clock(event.at_ns)} UTC, ${since(event.at_ns)} into the recording`],
        ["way", way],
        ["user", userNameOf(event)],
        ["run", runIdOf(event)],
        ["thread", event.thread],
        ["call", event.call],
        ["tool", event.tool],
        ["conn", event.connection ? `${event.connection}` : undefined],
        ["Δ in run", delta === undefined ? undefined : lasted(delta)],
        ["answer", event.reply_ns === undefined ? undefined : `after ${lasted(event.reply_ns)}`],
        ["size", this.hasPayload(event) ? bytes(event.bytes) : undefined],
        ["frames", event.first === undefined ? undefined : `#${event.first} to #${event.frame}`],
        ["marks", frame?.marks?.join(", ")],
        ["handed on", frame && !written ? "never: the receiver was gone" : undefined],
      ]),
    ];
    if (this.hasPayload(event)) nodes.push(this.payload(event));
    else nodes.push(...this.connection(event));
    return nodes;
  },

  payload(event) {
    if (!model.frames.size) return el("p", { className: "quiet" }, "unpacking…");
    const json = state.mode === "tree" ? jsonOf(event) : undefined;
    if (json) return el("div", { className: "tree" }, ...branch(undefined, json.value, 0));
    if (state.mode === "hex") return this.cut(bytesOf(event), event, hexOf);
    const payload = payloadOf(event);
    if (typeof payload !== "string") return this.cut(payload, event, hexOf);
    if (!payload) return el("p", { className: "quiet" }, "no payload");
    // Lines end where they do; all else that hides is shown.
    return this.cut(payload, event, (text) => text.split("\n").map(visible).join("\n"));
  },

  /** The first part of a payload, and a button for the rest. */
  cut(payload, event, write) {
    const isWhole = payload.length <= FIRST || state.all === event.number;
    const pre = el("pre", { className: "raw" }, write(isWhole ? payload : payload.slice(0, FIRST)));
    const missing = event.body && event.bytes > bytesOf(event).length;
    return el(
      "div",
      {},
      missing ? el("p", { className: "quiet" }, `the first ${bytes(bytesOf(event).length)} of ${bytes(event.bytes)}; the rest is in the tape, compressed`) : undefined,
      pre,
      isWhole ? undefined : el("button", { on: { click: () => set({ all: event.number }) } }, `show all ${bytes(payload.length)}`),
    );
  },

  /** The handshake, for what a connection did. */
  connection(event) {
    const row = model.connections?.get(event.connection);
    if (!row) return [];
    const head = (title, bytes) => (bytes?.text ? [el("h4", {}, title), el("pre", { className: "raw" }, bytes.text.trimEnd().split("\n").map((line) => visible(line.trimEnd())).join("\n"))] : []);
    return [
      facts([
        ["client", row.client],
        ["server", row.server],
        ["status", row.status === undefined ? undefined : `${row.status}`],
        ["ended", row.ending && `${row.ending}${row.ended_by ? ` by ${row.ended_by}` : ""}`],
        ["detail", row.detail],
      ]),
      ...head("Request", row.request_head),
      ...head("Response", row.response_head),
      ...head("Body", row.response_body),
    ];
  },
};

/** Names and what they stand for; what is absent is left out. */
function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return el("dl", { className: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, typeof value === "string" ? visible(value) : value)]));
}

/** A value of JSON as nodes of a tree; what is within is made when it is opened. */
function branch(key, value, depth) {
  const label = key === undefined ? [] : [el("span", { className: "key" }, visible(key)), ": "];
  if (value === null || typeof value !== "object") {
    const kind = value === null ? "null" : typeof value;
    const text = kind === "string" ? `"${visible(value)}"` : String(value);
    const isLong = text.length > FIRST;
    const leaf = el("span", { className: kind }, isLong ? `${text.slice(0, FIRST)}…` : text);
    return [el("div", { className: "leaf" }, label, leaf)];
  }
  const isList = Array.isArray(value);
  const members = isList ? value.map((member, at) => [String(at), member]) : Object.entries(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (!members.length) return [el("div", { className: "leaf" }, label, `${open}${close}`)];
  const inside = el("div", { className: "members" });
  const size = isList ? counted(members.length, "item") : counted(members.length, "member");
  const summary = el("summary", {}, label, el("span", { className: "quiet" }, `${open} ${size} ${close}`));
  const node = el("details", {}, summary, inside);
  const more = (from) => {
    const nodes = members.slice(from, from + MEMBERS).flatMap(([key, member]) => branch(key, member, depth + 1));
    inside.append(...nodes);
    if (from + MEMBERS < members.length) {
      const button = el("button", {}, `${Math.min(MEMBERS, members.length - from - MEMBERS)} more of ${members.length}`);
      button.addEventListener("click", () => {
        button.remove();
        more(from + MEMBERS);
      });
      inside.append(button);
    }
  };
  const fillOnce = () => {
    if (node.open && !inside.childNodes.length) more(0);
  };
  node.addEventListener("toggle", fillOnce);
  node.open = depth < 1 || (depth < 4 && members.length <= SMALL);
  fillOnce();
  return [node];
}

/** `000000  48 65 6c 6c 6f  Hello`. */
function hexOf(payload) {
  const lines = [];
  for (let at = 0; at < payload.length; at += HEX) {
    const part = payload.subarray(at, at + HEX);
    const digits = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(part, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(HEX * 3)} ${text}`);
  }
  return lines.join("\n");
}
