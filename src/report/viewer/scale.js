// Time ↔ pixels: as it passed, with idle time folded, or event by event.

/** Pixels of a fold. */
const FOLD = 56;
/** The shortest window: a microsecond tells any two frames apart. */
const SHORTEST = 1000;
const FOLDINGS = ["folded", "true", "ordinal"];
const FOLDING_WORDS = { folded: "idle folded", true: "true scale", ordinal: "event by event" };

class Scale {
  /** Of `window` on `width` pixels. */
  constructor([from, to], width, folding) {
    this.stretches = [];
    to = Math.max(to, from + SHORTEST);
    const add = (start, end, x, wide, fold) =>
      this.stretches.push({ from: start, to: end, x, width: wide, fold });
    if (folding === "ordinal") {
      const events = model.sight.events;
      const first = firstWhere(events, (event) => event.at_ns >= from);
      const end = Math.max(firstWhere(events, (event) => event.at_ns > to), first + 1);
      const wide = width / (end - first);
      for (let number = first; number < end; number += 1) {
        const start = number === first ? from : events[number].at_ns;
        const next = number + 1 < end ? events[number + 1].at_ns : to;
        add(start, Math.max(next, start), (number - first) * wide, wide, false);
      }
      return;
    }
    // The longest folds come first; what does not fit is not folded.
    const room = Math.floor(width / 2 / FOLD);
    const inside = folding === "folded" ? model.sight.folds.filter(([start, end]) => start > from && end < to) : [];
    const folds = [...inside].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, room);
    folds.sort((a, b) => a[0] - b[0]);
    const asleep = folds.reduce((sum, [start, end]) => sum + end - start, 0);
    const perNs = (width - folds.length * FOLD) / Math.max(to - from - asleep, 1);
    let [start, x] = [from, 0];
    for (const [begin, end] of folds) {
      add(start, begin, x, (begin - start) * perNs, false);
      x += (begin - start) * perNs;
      add(begin, end, x, FOLD, true);
      x += FOLD;
      start = end;
    }
    add(start, to, x, width - x, false);
  }

  get folds() {
    return this.stretches.filter((stretch) => stretch.fold);
  }

  /** Nanoseconds of a pixel where time passes as it did. */
  get nsPerPixel() {
    const awake = this.stretches.filter((stretch) => !stretch.fold);
    const sum = (member) => awake.reduce((total, stretch) => total + member(stretch), 0);
    return sum((stretch) => stretch.to - stretch.from) / Math.max(sum((stretch) => stretch.width), 1);
  }

  x(ns) {
    const after = firstWhere(this.stretches, (stretch) => stretch.from > ns);
    const stretch = this.stretches[Math.max(after - 1, 0)];
    const length = Math.max(stretch.to - stretch.from, 1);
    const into = Math.min(Math.max((ns - stretch.from) / length, -1e4), 1e4);
    return stretch.x + into * stretch.width;
  }

  ns(x) {
    const after = firstWhere(this.stretches, (stretch) => stretch.x > x);
    const stretch = this.stretches[Math.max(after - 1, 0)];
    const into = stretch.width > 0 ? (x - stretch.x) / stretch.width : 0;
    return Math.round(stretch.from + into * (stretch.to - stretch.from));
  }
}
