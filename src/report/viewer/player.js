// Passing time → how far the playhead goes: forward and back, slower and faster, past idle time.

const SPEEDS = [-16, -8, -4, -2, -1, -0.5, -0.2, -0.1, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, Infinity];
// Milliseconds that pass at once are no more than this: whoever was away missed nothing.
const AT_ONCE = 250;
const WHOLE = 5000;

const player = {
	moved: undefined,
	pausedAt: undefined,

	setup() {
		const { from, to } = whole();
		// All of it on a thousand steps, idle time folded.
		this.scale = new Scale([from, to], 1000, "folded");
		$("speed").append(...SPEEDS.map((value) => el("option", { value }, Number.isFinite(value) ? `${value}x` : "max")));
		$("speed").onchange = ({ target }) => set({ speed: Number(target.value) });
		$("seek").oninput = ({ target }) => {
			set({ playing: false, known: true });
			seek(this.scale.ns(Number(target.value)));
		};
		$("known").onclick = () => set({ known: false, playing: false });
		for (const { severity, at } of flagged) {
			const mark = el("span", { className: severity });
			mark.style.left = `${this.scale.x(at) / 10}%`;
			$("seek-marks").append(mark);
		}
	},

	toggle() {
		const { from, to } = whole();
		const playing = !state.playing;
		this.moved = undefined;
		set({ playing, known: true });
		if (!playing) return;
		if (state.speed > 0 && state.at >= to) set({ at: from });
		if (state.speed < 0 && state.at <= from) set({ at: to });
		requestAnimationFrame((now) => this.tick(now));
	},

	tick(now) {
		if (!state.playing) return;
		const { from, to } = whole();
		const isOn = state.speed > 0;
		const rate = Number.isFinite(state.speed) ? state.speed : Math.max((to - from) / MS / WHOLE, 16);
		let at = state.at + Math.min(now - (this.moved ?? now), AT_ONCE) * MS * rate;
		this.moved = now;
		const idle = state.folding === "folded" && sight.folds.find((fold) => at > fold[0] && at < fold[1]);
		if (idle) at = idle[isOn ? 1 : 0];
		at = clamp(at, from, to);
		const finding = this.between(state.at, at, isOn);
		if (finding) {
			this.pausedAt = finding;
			set({ playing: false });
			return toFinding(finding.number, true);
		}
		const isOver = at === (isOn ? to : from);
		const event = eventBefore(at) ?? state.event;
		// For whom motion is too much, it goes from event to event.
		const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
		if (isCalm && event === state.event && !isOver) state.at = at;
		else set({ at, event, ghost: undefined });
		keepInSight(at);
		frames.reveal();
		if (isOver) {
			set({ playing: false, known: false });
			return say("That was all.", true);
		}
		requestAnimationFrame((next) => this.tick(next));
	},

	// The first finding on the way; of several at one moment, each is paused at.
	between(from, to, isOn) {
		const list = isOn ? flagged : [...flagged].reverse();
		const paused = this.pausedAt?.at === from ? list.indexOf(this.pausedAt) : Infinity;
		return list.find(({ at }, place) => (at === from ? place > paused : isOn ? at > from && at <= to : at < from && at >= to));
	},

	draw() {
		tell($("play"), state.playing ? "❚❚" : "▶");
		$("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
		$("seek").value = Math.round(this.scale.x(state.at));
		$("seek").setAttribute("aria-valuetext", `${clock(state.at)} UTC`);
		$("speed").value = state.speed;
		tell($("now"), `${clock(state.at)} · ${since(state.at - sight.from_ns)}`);
		$("known").hidden = !state.known;
	},
};

// The last event that was there at a moment, of those that the list is of.
function eventBefore(at) {
	const numbers = frames.scope();
	return numbers[firstWhere(numbers, (number) => timeAt(number) > at) - 1];
}
