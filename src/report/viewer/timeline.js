// Users, runs and findings → the lanes on a canvas: time across, one lane under the other.

const ROW = 24;
const AXIS = 22;
const TOP = AXIS + 22;
const OVERVIEW = 30;
// Width of a letter, and how near another may come.
const CHIP = 15;
const APART = 12;
// Pictures and texts that are kept to be drawn again.
const MOST = 4000;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 3e5, 9e5, 3.6e6, 2.16e7, 8.64e7].map((ms) => ms * MS);
const ROLES = ["bg", "panel", "line", "fg", "dim", "error", "warning", "info", "accent", "tool", "select", "chip", "on-flag"];

// Beginnings and ends are seen among what is more frequent.
const rankOf = (letter) => (!letter || letter === "·" ? 0 : "SDEFK".includes(letter) ? 4 : "XC".includes(letter) ? 3 : /[A-Z]/.test(letter) ? 2 : 1);

const timeline = {
	flags: [],
	ghosts: [],
	// What is drawn over and over, as pictures; and texts, cut to their room.
	pictures: new Map(),
	fitted: new Map(),

	setup() {
		this.canvas = $("lanes");
		this.scroller = $("lanes-scroll");
		this.ink = this.canvas.getContext("2d");
		this.scroller.onscroll = redraw;
		new ResizeObserver(() => this.resize()).observe(this.scroller);
		listenToPointer();
		this.resize();
	},

	resize() {
		const all = lanes.length * ROW + TOP + OVERVIEW + 4;
		this.height = Math.min(all, Math.max(Math.round(innerHeight * 0.4), 180));
		this.full = this.scroller.clientWidth;
		this.scroller.style.height = `${this.height}px`;
		$("lanes-space").style.height = `${all - this.height}px`;
		const { canvas, full, height } = this;
		this.pictures.clear();
		[canvas.width, canvas.height] = [full * devicePixelRatio, height * devicePixelRatio];
		[canvas.style.width, canvas.style.height] = [`${full}px`, `${height}px`];
		redraw();
	},

	draw() {
		const { ink, full, height, scroller } = this;
		if (!full) return;
		this.colour();
		this.roomy = full >= 700;
		this.left = this.roomy ? 180 : 84;
		this.right = full - (this.roomy ? 140 : 18);
		this.scale = new Scale(state.window, this.right - this.left, state.folding);
		this.ghosts = [];
		ink.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
		ink.clearRect(0, 0, full, height);
		ink.textBaseline = "middle";
		for (const fold of this.scale.stretches) {
			if (fold.fold) this.box(this.left + fold.x + 4, 0, FOLD - 8, height, { fill: this.c.panel });
		}
		const first = Math.floor(scroller.scrollTop / ROW);
		this.clipped(0, TOP, full, height - TOP - OVERVIEW, () => {
			lanes.slice(first, first + Math.ceil(height / ROW)).forEach((lane, at) => this.drawLane(lane, TOP + (first + at) * ROW - scroller.scrollTop));
			this.drawGaps();
		});
		this.drawAxis();
		this.drawFlags();
		this.drawFog();
		this.drawOverview();
		const span = `${clock(state.window[0])} to ${clock(state.window[1])} UTC`;
		tell($("window"), span);
		const counts = `${counted(people.length, "user")}, ${counted(sight.runs.length, "run")}, ${counted(sight.findings.length, "finding")}`;
		this.canvas.setAttribute("aria-label", `Timeline, ${span}: ${counts}. The table tells the same.`);
	},

	// The theme's colours: to ask for them makes a browser lay everything out.
	colour() {
		const { documentElement } = document;
		const { theme } = documentElement.dataset;
		if (this.theme === theme) return;
		this.theme = theme;
		this.pictures.clear();
		const style = getComputedStyle(documentElement);
		this.c = Object.fromEntries(ROLES.map((role) => [role, style.getPropertyValue(`--${role}`).trim()]));
	},

	// What all else is drawn with.

	// What `draw` draws, drawn once: its left and upper edges on whole pixels.
	picture(name, x, y, width, height, draw) {
		let picture = this.pictures.get(name);
		if (!picture) {
			if (this.pictures.size > MOST) this.pictures.clear();
			picture = Object.assign(el("canvas"), { width: Math.max(Math.ceil(width * devicePixelRatio), 1), height: Math.ceil(height * devicePixelRatio) });
			const { ink } = this;
			this.ink = picture.getContext("2d");
			this.ink.scale(devicePixelRatio, devicePixelRatio);
			this.ink.textBaseline = "middle";
			draw();
			this.ink = ink;
			this.pictures.set(name, picture);
		}
		const whole = (at) => Math.round(at * devicePixelRatio) / devicePixelRatio;
		this.ink.drawImage(picture, whole(x), whole(y), picture.width / devicePixelRatio, picture.height / devicePixelRatio);
	},

	clipped(x, y, width, height, draw) {
		const { ink } = this;
		ink.save();
		ink.beginPath();
		ink.rect(x, y, width, height);
		ink.clip();
		draw();
		ink.restore();
	},

	box(x, y, width, height, { fill, stroke, wide = 1, dash = [], round = 0, alpha = 1 }) {
		const { ink } = this;
		ink.globalAlpha = alpha;
		if (fill && !stroke && !round) {
			ink.fillStyle = fill;
			ink.fillRect(x, y, width, height);
			ink.globalAlpha = 1;
			return;
		}
		ink.beginPath();
		ink.roundRect(x, y, width, height, round);
		Object.assign(ink, { fillStyle: fill, strokeStyle: stroke, lineWidth: wide });
		if (fill) ink.fill();
		ink.setLineDash(dash);
		if (stroke) ink.stroke();
		ink.globalAlpha = 1;
	},

	path(points, colour, wide = 1, dash = []) {
		const { ink } = this;
		Object.assign(ink, { strokeStyle: colour, lineWidth: wide });
		ink.setLineDash(dash);
		ink.beginPath();
		points.forEach(([x, y], at) => (at % 2 ? ink.lineTo(x, y) : ink.moveTo(x, y)));
		ink.stroke();
	},

	text(text, x, y, room, colour, { weight = 400, size = 12, middle = false } = {}) {
		const { ink } = this;
		Object.assign(ink, { fillStyle: colour, textAlign: middle ? "center" : "left", font: `${weight} ${size}px ui-monospace, monospace` });
		const name = `${ink.font} ${Math.ceil(room)} ${text}`;
		let fit = this.fitted.get(name);
		if (!fit) {
			if (this.fitted.size > MOST) this.fitted.clear();
			let shown = [...visible(text)];
			const fits = Math.floor((room / ink.measureText(shown.join("")).width) * shown.length);
			if (fits < shown.length) shown = [...shown.slice(0, Math.max(fits - 1, 0)), "…"];
			fit = { shown: shown.join(""), width: ink.measureText(shown.join("")).width };
			this.fitted.set(name, fit);
		}
		ink.fillText(fit.shown, x, y);
		return fit.width;
	},

	x(ns) {
		return this.left + this.scale.x(ns);
	},

	isInSight(x) {
		return x >= this.left - 1 && x <= this.right + 1;
	},

	span(from, to) {
		const [start, end] = [Math.max(this.x(from), this.left), Math.min(this.x(to), this.right)];
		return end >= start ? [start, end] : undefined;
	},

	level(from, to, y, colour, wide, dash) {
		const span = this.span(from, to);
		if (span) this.path(span.map((x) => [x, y]), colour, wide, dash);
	},

	// Lanes.

	drawLane(lane, y) {
		const { c, roomy, left, right } = this;
		const middle = y + ROW / 2;
		const isHere = isSame(lane, state.lane);
		if (isHere) this.box(0, y, this.full, ROW, { fill: c.select });
		this.box(0, y + ROW - 1, this.full, 0.5, { fill: c.line });
		const run = runOf(lane);
		const user = userOf(lane);
		if (run) this.text(roomy ? runName(run.id, 16) : tail(run.id, 8), roomy ? 20 : 12, middle, left - 26, isHere ? c.fg : c.dim, { weight: isHere ? 650 : 400 });
		else this.text(roomy ? user.name : tail(user.name, 9), 8, middle, left - 16, c.fg, { weight: 650 });
		this.clipped(left - 1, y, right - left + 2, ROW, () => {
			const at = this.x(state.at);
			this.box(at - 0.75, y, 1.5, ROW, { fill: c.accent });
			if (run) this.drawRun(run, middle);
			else this.drawUser(user, middle);
		});
		const [status, role] = statusOf(lane);
		this.text(roomy ? status : status.replace(/^\w.*/, "").slice(0, 1), right + (roomy ? 8 : 3), middle, this.full - right - 10, c[role]);
	},

	// When a user was connected, where that broke, and what was said outside of runs.
	drawUser(user, y) {
		const { c } = this;
		user.lines.forEach((line, at) => {
			const to = line.to_ns ?? sight.to_ns;
			if (!line.refused) for (const side of [-2, 2]) this.level(line.from_ns, to, y + side, c.dim);
			const next = user.lines[at + 1];
			if (line.dropped && next) this.level(to, next.from_ns, y, c.warning, 1.5, [3, 4]);
		});
		this.each(user.events, (event, x) => {
			if (event.run !== undefined || event.kind) return;
			this.box(x - 0.75, event.out ? y - 8 : y + 3, 1.5, 5, { fill: c[severityOf(event) ?? "fg"], alpha: isMeant(event) ? 0.8 : 0.2 });
		});
		for (const line of user.lines.filter((line) => line.dropped || line.refused)) {
			const x = this.x(line.to_ns ?? line.from_ns);
			this.path([[x - 4, y - 5], [x + 4, y + 5], [x + 4, y - 5], [x - 4, y + 5]], c.warning, 2);
		}
	},

	// Each of a lane's events within the window.
	each(numbers, draw) {
		const [from, to] = state.window;
		for (let at = firstWhere(numbers, (number) => timeAt(number) >= from); at < numbers.length; at += 1) {
			const event = sight.events[numbers[at]];
			if (event.at_ns > to) return;
			draw(event, this.x(event.at_ns));
		}
	},

	// What a run did: letters, bars of tools, what is missing.
	drawRun(run, y) {
		const { c } = this;
		this.level(run.from_ns, run.until_ns, y, c.dim, 1.5);
		for (const [from, to] of run.tools) {
			const span = this.span(from, to);
			if (span) this.box(span[0], y - 3.5, span[1] - span[0], 7, { fill: c.tool, round: 3 });
		}
		if (run.ghost_ns !== undefined) this.level(run.ghost_ns, run.silent_ns, y, c.error, 1.5, [1.5, 5]);
		// Of those that have no room beside each other, the one that says most.
		const shown = [];
		this.each(run.events, (event, x) => {
			const weight = (RANKS[severityOf(event)] ?? 0) * 10 + rankOf(letterOf(event)) + (event.number === state.event ? 100 : 0);
			const last = shown.at(-1);
			if (!last || x - last.x >= APART) return shown.push({ event, x, weight });
			this.box(x - 0.5, y + 8, 1, 3, { fill: c.dim });
			if (weight > last.weight) Object.assign(last, { event, weight });
		});
		for (const { event, x } of shown) {
			const fill = c[severityOf(event) ?? "chip"];
			const isHere = event.number === state.event && state.ghost === undefined;
			this.chip(x, y, letterAt(event), { fill, stroke: isHere ? c.accent : severityOf(event) ? fill : c.line, wide: isHere ? 2.5 : 1, alpha: isMeant(event) ? 1 : 0.3 }, severityOf(event) ? c["on-flag"] : c.fg);
		}
		if (run.ghost_ns === undefined) return;
		const finding = run.findings.find((number) => found(number).expected) ?? run.findings[0];
		// Beside the last event rather than on it.
		const x = Math.max(this.x(run.ghost_ns), this.x(run.to_ns) + CHIP);
		const isHere = state.ghost === finding;
		this.chip(x, y, "?", { fill: c.bg, stroke: c.error, wide: isHere ? 2.5 : 1.5, dash: isHere ? [] : [3, 2] }, c.error);
		this.ghosts.push({ x, y, finding });
	},

	chip(x, y, letter, look, colour) {
		const name = JSON.stringify([letter, look, colour]);
		const [side, tall] = [CHIP + 4, 20];
		this.picture(name, x - side / 2, y - tall / 2, side, tall, () => {
			this.box(2, 2, CHIP, 16, { round: 4, ...look });
			this.ink.globalAlpha = look.alpha ?? 1;
			this.text(letter, side / 2, tall / 2 + 0.5, CHIP + 2, colour, { weight: 700, size: 11, middle: true });
		});
	},

	// What the recording lost: nobody is accused of it.
	drawGaps() {
		for (const { from_ns, to_ns } of sight.gaps) {
			const span = this.span(from_ns, Math.max(to_ns, from_ns + this.scale.nsPerPixel * 4));
			if (span) this.box(span[0], TOP, span[1] - span[0], this.height, { fill: this.c.warning, alpha: 0.25 });
		}
	},

	// Above and below them.

	drawAxis() {
		const { c, scale, left, right } = this;
		const folds = scale.stretches.filter((stretch) => stretch.fold);
		const least = scale.nsPerPixel * 84;
		const step = STEPS.find((step) => step >= least) ?? least;
		const ticks = [state.window[0], ...folds.map((fold) => fold.to)];
		if (state.folding !== "ordinal") {
			for (const { from, to, fold } of scale.stretches) {
				const zero = zeroOfTimes() % step;
				for (let tick = Math.ceil((from - zero) / step) * step + zero; tick < to && !fold; tick += step) ticks.push(tick);
			}
		}
		let free = 0;
		for (const tick of ticks.sort((a, b) => a - b)) {
			const x = this.x(tick);
			const end = folds.map((fold) => left + fold.x).find((start) => start > x) ?? right + 60;
			if (x < free || x + 60 > end) continue;
			this.box(x, AXIS - 6, 1, 6, { fill: c.line });
			free = x + this.text(axisTime(tick, step), x + 3, AXIS / 2, 90, c.dim, { size: 11 }) + 14;
		}
		for (const fold of folds) this.text(`┊${lasted(fold.to - fold.from + 1)}┊`, left + fold.x + FOLD / 2, AXIS / 2, FOLD, c.dim, { size: 11, middle: true });
		for (const y of [AXIS, TOP]) this.box(0, y, this.full, 0.5, { fill: c.line });
		const x = this.x(state.at);
		if (!this.isInSight(x)) return;
		this.box(x - 4, AXIS - 6, 8, 8, { fill: c.accent, round: [2, 2, 4, 4] });
	},

	// How many findings there are where, and how bad the worst of them is; and notes.
	drawFlags() {
		const { c } = this;
		const y = (AXIS + TOP) / 2;
		this.text("findings", 8, y, this.left - 12, c.dim);
		this.flags = [];
		for (const { number, severity, at } of flagged) {
			const x = this.x(at);
			const last = this.flags.at(-1);
			if (!this.isInSight(x)) continue;
			if (last && x < last.x + 26) last.findings.push(number);
			else this.flags.push({ x, findings: [number], severity });
		}
		for (const { x, findings } of this.flags) {
			const { severity } = worst(findings);
			this.text(`${SIGNS[severity]}${findings.length > 1 ? findings.length : ""}`, x - 5, y, 40, c[severity], { weight: 700 });
		}
		for (const note of sight.notes) {
			const x = this.x(note.at_ns ?? sight.events[note.event]?.at_ns ?? NaN);
			if (this.isInSight(x)) this.text("✎", x - 5, y, 20, c.accent, { weight: 700 });
		}
	},

	drawFog() {
		const x = Math.max(this.x(state.at) + 1, this.left);
		if (state.known && x < this.right) this.box(x, AXIS + 1, this.full - x, this.height - AXIS - OVERVIEW - 1, { fill: this.c.bg, alpha: 0.9 });
	},

	drawOverview() {
		const { c, left, right, height } = this;
		const top = height - OVERVIEW;
		this.box(0, top, this.full, OVERVIEW, { fill: c.panel });
		this.text(this.roomy ? "everything" : "all", 8, top + OVERVIEW / 2, left - 12, c.dim);
		const { from, to } = whole();
		const count = Math.max(Math.floor((right - left) / 4), 1);
		if (this.bars?.length !== count) {
			this.bars = Array(count).fill(0);
			for (const { at_ns } of sight.events) this.bars[Math.floor(((at_ns - from) / (to - from)) * count)] += 1;
		}
		const most = Math.max(...this.bars, 1);
		this.picture("bars", left, top, right - left, OVERVIEW, () => {
			this.bars.forEach((many, at) => {
				const tall = many && Math.max(Math.sqrt(many / most) * (OVERVIEW - 10), 2);
				this.box(at * 4, OVERVIEW - 4 - tall, 3, tall, { fill: c.dim });
			});
		});
		const x = (ns) => left + ((ns - from) / (to - from)) * (right - left);
		const [start, end] = state.window.map(x);
		this.box(start, top + 2, Math.max(end - start, 3), OVERVIEW - 4, { stroke: c.accent, wide: 1.5, round: 3 });
		this.box(x(state.at) - 0.75, top + 3, 1.5, OVERVIEW - 6, { fill: c.accent });
	},
};

// How a lane is, in a word or two, and the role of its colour.
const statusOf = (lane) => (runOf(lane) ?? userOf(lane)).status;

// An event's letter, or `!` where it stands in the wrong place.
const letterAt = (event) => (event.findings.some((number) => /E10[34]/.test(found(number).code)) ? "!" : letterOf(event));

// From when times count on the axis.
function zeroOfTimes() {
	if (state.times === "run") return runOf(state.lane)?.from_ns ?? sight.from_ns;
	return state.times === "clock" ? -sight.started_ns % (86400 * SECOND) : 0;
}

function axisTime(ns, step) {
	if (state.times === "clock") return clock(ns, step < SECOND ? 3 : 0);
	const digits = step < 10 * MS ? 3 : step < SECOND ? 2 : 0;
	const seconds = Number(((ns - zeroOfTimes()) / SECOND).toFixed(digits));
	return `${seconds < 0 ? "" : "+"}${seconds.toFixed(digits)}s`;
}
