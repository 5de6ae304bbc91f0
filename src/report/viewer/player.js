// Passing time → how far the playhead goes: forward and back, slower and faster, past idle time.

const SPEEDS = [-16, -8, -4, -2, -1, -0.5, -0.2, -0.1, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, Infinity];
/** Time that passes at once is no more than this: whoever was away missed nothing. */
const AT_ONCE = 250;
/** At full speed all takes so many milliseconds. */
const WHOLE = 5000;

const player = {
  moved: undefined,
  pausedAt: undefined,

  setup() {
    const speed = byId("speed");
    for (const value of SPEEDS) speed.append(el("option", { value: String(value) }, speedWord(value)));
    speed.addEventListener("change", () => set({ speed: Number(speed.value) }));
    const bar = byId("seek");
    bar.addEventListener("input", () => {
      set({ playing: false, known: true });
      seek(this.scale().ns(Number(bar.value)));
    });
    const acts = { play: "play", "step-back": "stepBack", "step-on": "stepOn", "finding-back": "findingBack", "finding-on": "findingOn" };
    for (const [id, act] of Object.entries(acts)) byId(id).addEventListener("click", () => ACTS[act]());
    byId("known").addEventListener("click", () => set({ known: false, playing: false }));
    const marks = byId("seek-marks");
    for (const finding of model.flagged) {
      const mark = el("span", { className: finding.severity });
      mark.style.left = `${this.scale().x(finding.at_ns) / 10}%`;
      marks.append(mark);
    }
  },

  /** All of it on a thousand steps, idle time folded. */
  scale() {
    const { from, to } = whole();
    return (this.whole ??= new Scale([from, to], 1000, "folded"));
  },

  toggle() {
    const playing = !state.playing;
    this.moved = undefined;
    const { from, to } = whole();
    // From the end it begins again.
    if (playing && state.speed > 0 && state.at >= to) set({ at: from });
    if (playing && state.speed < 0 && state.at <= from) set({ at: to });
    set({ playing, known: true });
    if (playing) requestAnimationFrame((now) => this.tick(now));
  },

  tick(now) {
    if (!state.playing) return;
    const passed = Math.min(now - (this.moved ?? now), AT_ONCE);
    this.moved = now;
    const { from, to } = whole();
    const rate = Number.isFinite(state.speed) ? state.speed : Math.max((to - from) / MS / WHOLE, 16);
    let at = state.at + passed * MS * rate;
    if (state.folding === "folded") {
      const idle = model.sight.folds.find(([start, end]) => at > start && at < end);
      if (idle) at = rate > 0 ? idle[1] : idle[0];
    }
    at = Math.min(Math.max(at, from), to);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) at = this.stepped(at);
    const finding = this.between(state.at, at, rate > 0);
    if (finding) {
      this.pausedAt = finding.number;
      set({ playing: false });
      toFinding(finding.number, { known: true });
      return;
    }
    const isOver = rate > 0 ? at >= to : at <= from;
    set({ at, event: eventBefore(at) ?? state.event, ghost: undefined });
    keepInSight(at);
    frames.reveal();
    if (isOver) {
      set({ playing: false, known: false });
      say("That was all.");
      return;
    }
    requestAnimationFrame((next) => this.tick(next));
  },

  /** For whom motion is too much: from event to event. */
  stepped(at) {
    const before = eventBefore(at);
    const event = model.sight.events[before];
    return event && event.at_ns > state.at ? event.at_ns : at;
  },

  /** The first finding on the way, unless it is the one that it paused at. */
  between(from, to, isForward) {
    const list = isForward ? model.flagged : [...model.flagged].reverse();
    const paused = list.findIndex((finding) => finding.number === this.pausedAt && finding.at_ns === from);
    const isOnWay = (finding) => (isForward ? finding.at_ns > from && finding.at_ns <= to : finding.at_ns < from && finding.at_ns >= to);
    return list.find((finding, at) => (paused >= 0 && at > paused && finding.at_ns === from) || isOnWay(finding));
  },

  draw() {
    const button = byId("play");
    button.textContent = state.playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    const bar = byId("seek");
    bar.value = String(Math.round(this.scale().x(state.at)));
    bar.setAttribute("aria-valuetext", `${clock(state.at)} UTC`);
    byId("speed").value = String(state.speed);
    byId("now").textContent = `${clock(state.at)} · ${since(state.at - whole().from)}`;
    byId("known").hidden = !state.known;
  },
};

const speedWord = (speed) => (Number.isFinite(speed) ? `${speed}x` : "max");

/** The last event that was there at a moment, of those that the list is of. */
function eventBefore(at) {
  const numbers = state.only && state.lane ? frames.scope() : undefined;
  const { events } = model.sight;
  if (!numbers) {
    const after = firstWhere(events, (event) => event.at_ns > at);
    return after > 0 ? after - 1 : undefined;
  }
  return numbers[firstWhere(numbers, (number) => events[number].at_ns > at) - 1];
}
