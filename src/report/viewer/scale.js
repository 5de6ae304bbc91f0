// Time ↔ pixels: as it passed, with idle time folded, or event by event.

const FOLD = 56;
// The shortest window: a microsecond tells any two frames apart.
const SHORTEST = 1000;
const FOLDINGS = { folded: "idle folded", true: "true scale", ordinal: "event by event" };

class Scale {
	constructor([from, to], width, folding) {
		this.stretches = [];
		let [start, x] = [from, 0];
		const add = (end, wide, fold = false) => {
			this.stretches.push({ from: start, to: end, x, width: wide, fold });
			[start, x] = [end, x + wide];
		};
		this.nsPerPixel = (to - from) / width;
		const { events } = sight;
		if (folding === "ordinal") {
			const first = firstWhere(events, (event) => event.at_ns > from);
			const end = firstWhere(events, (event) => event.at_ns > to);
			for (let number = first; number < end; number += 1) add(events[number].at_ns, width / (end - first + 1));
			return add(to, width - x);
		}
		// The longest folds come first; what does not fit is not folded.
		const folds = folding === "folded" ? sight.folds.filter((fold) => fold[0] > from && fold[1] < to) : [];
		folds.sort((a, b) => b[1] - b[0] - a[1] + a[0]).splice(Math.floor(width / 2 / FOLD));
		folds.sort((a, b) => a[0] - b[0]);
		const asleep = folds.reduce((sum, fold) => sum + fold[1] - fold[0], 0);
		this.nsPerPixel = Math.max(to - from - asleep, 1) / (width - folds.length * FOLD);
		for (const fold of folds) {
			add(fold[0], (fold[0] - start) / this.nsPerPixel);
			add(fold[1], FOLD, true);
		}
		add(to, width - x);
	}

	x(ns) {
		const after = firstWhere(this.stretches, (stretch) => stretch.from > ns);
		const { from, to, x, width } = this.stretches[Math.max(after - 1, 0)];
		return x + clamp((ns - from) / Math.max(to - from, 1), -1e4, 1e4) * width;
	}

	ns(wanted) {
		const after = firstWhere(this.stretches, (stretch) => stretch.x > wanted);
		const { from, to, x, width } = this.stretches[Math.max(after - 1, 0)];
		return Math.round(from + ((wanted - x) / Math.max(width, 1e-9)) * (to - from));
	}
}
