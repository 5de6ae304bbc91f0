// Users, runs and findings → the lanes: time across, one lane under the other, on a canvas. The
// same as a table for whoever does not see it.

const ROW = 24;
const AXIS = 22;
const FLAGS = 22;
const OVERVIEW = 30;
/** Width of a letter, and how near another may come. */
const CHIP = 15;
const APART = 12;
/** Steps of the axis in nanoseconds. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 3e5, 9e5, 3.6e6, 2.16e7].map(
  (ms) => ms * MS,
);
/** Beginnings and ends are seen among what is more frequent. */
const rankOf = (letter) => (/[SDEFK]/.test(letter) ? 4 : /[XC]/.test(letter) ? 3 : /[A-Z]/.test(letter) ? 2 : letter === "·" ? 0 : 1);

const timeline = {
  /** Where the plot is, and what can be hit: set as it is drawn. */
  left: 0,
  width: 0,
  scale: undefined,
  flagSpots: [],
  ghostSpots: [],

  setup() {
    this.canvas = byId("lanes");
    this.scroller = byId("lanes-scroll");
    this.ink = this.canvas.getContext("2d");
    new ResizeObserver(() => this.resize()).observe(this.scroller);
    this.scroller.addEventListener("scroll", () => redraw());
    this.listen();
    this.resize();
  },

  resize() {
    const lanes = model.lanes.length * ROW;
    const around = AXIS + FLAGS + OVERVIEW;
    const most = Math.max(Math.round(innerHeight * (innerWidth < 700 ? 0.36 : 0.4)), 180);
    this.height = Math.min(lanes + around + 4, most);
    this.scroller.style.height = `${this.height}px`;
    byId("lanes-space").style.height = `${Math.max(lanes + around + 4 - this.height, 0)}px`;
    const ratio = devicePixelRatio || 1;
    this.full = this.scroller.clientWidth;
    this.canvas.width = Math.round(this.full * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.full}px`;
    this.canvas.style.height = `${this.height}px`;
    this.ratio = ratio;
    redraw();
  },

  /** Colours of the theme, by role. */
  colours() {
    const style = getComputedStyle(document.documentElement);
    const roles = ["bg", "panel", "line", "fg", "dim", "error", "warning", "info", "accent", "tool", "select", "chip", "on-flag"];
    return Object.fromEntries(roles.map((role) => [role, style.getPropertyValue(`--${role}`).trim()]));
  },

  draw() {
    const { ink, full, height } = this;
    const colours = (this.c = this.colours());
    const roomy = full >= 700;
    this.left = roomy ? 190 : 84;
    this.status = roomy ? 150 : 18;
    this.width = Math.max(full - this.left - this.status, 40);
    this.scale = new Scale(state.window, this.width, state.folding);
    ink.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ink.clearRect(0, 0, full, height);
    ink.textBaseline = "middle";
    this.font(12);
    const first = Math.floor(this.scroller.scrollTop / ROW);
    const shown = Math.ceil((height - AXIS - FLAGS - OVERVIEW) / ROW) + 1;
    ink.save();
    ink.beginPath();
    ink.rect(0, AXIS + FLAGS, full, height - AXIS - FLAGS - OVERVIEW);
    ink.clip();
    this.ghostSpots = [];
    this.drawFolds(colours);
    for (let at = first; at < Math.min(first + shown, model.lanes.length); at += 1) {
      this.drawLane(model.lanes[at], AXIS + FLAGS + at * ROW - this.scroller.scrollTop, roomy);
    }
    this.drawGaps();
    ink.restore();
    this.drawAxis();
    this.drawFlags();
    this.drawFog();
    this.drawPlayhead();
    this.drawOverview();
    this.describe();
  },

  font(size, weight = 400) {
    this.ink.font = `${weight} ${size}px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace`;
  },

  /** A text in so many pixels. */
  text(text, x, y, room, colour, weight = 400) {
    const { ink } = this;
    this.font(12, weight);
    ink.fillStyle = colour;
    let shown = visible(text);
    if (ink.measureText(shown).width > room) {
      const characters = [...shown];
      let fits = Math.floor((room / ink.measureText(shown).width) * characters.length) - 1;
      do {
        shown = `${characters.slice(0, Math.max(fits, 0)).join("")}…`;
        fits -= 1;
      } while (fits > 0 && ink.measureText(shown).width > room);
    }
    ink.fillText(shown, x, y);
    return ink.measureText(shown).width;
  },

  /** A moment on the canvas. */
  x(ns) {
    return this.left + this.scale.x(ns);
  },

  /** A stretch of time, as far as it is in sight. */
  span(from, to) {
    const [start, end] = [this.left, this.left + this.width];
    const [a, b] = [Math.max(this.x(from), start), Math.min(this.x(to), end)];
    return b > start && a < end && b >= a ? [a, b] : undefined;
  },

  stroke(from, to, y, { colour, wide = 1.5, dash = [] }) {
    const span = this.span(from, to);
    if (!span) return;
    const { ink } = this;
    ink.strokeStyle = colour;
    ink.lineWidth = wide;
    ink.setLineDash(dash);
    ink.beginPath();
    ink.moveTo(span[0], y);
    ink.lineTo(span[1], y);
    ink.stroke();
    ink.setLineDash([]);
  },

  drawFolds(c) {
    const { ink } = this;
    for (const fold of this.scale.folds) {
      ink.fillStyle = c.line;
      ink.globalAlpha = 0.35;
      ink.fillRect(this.left + fold.x + 4, 0, FOLD - 8, this.height);
      ink.globalAlpha = 1;
    }
  },

  drawLane(lane, y, roomy) {
    const c = this.c;
    const { ink } = this;
    const middle = y + ROW / 2;
    const isSelected = state.lane && state.lane.run === lane.run && state.lane.user === lane.user;
    if (isSelected) {
      ink.fillStyle = c.select;
      ink.fillRect(0, y, this.full, ROW);
    }
    ink.fillStyle = c.line;
    ink.fillRect(0, y + ROW - 1, this.full, 0.5);
    const user = model.sight.users[lane.user];
    ink.save();
    if (lane.run === undefined) {
      this.text(roomy ? user.name : tail(user.name, 9), 8, middle, this.left - (roomy ? 52 : 12), c.fg, 650);
      if (roomy) this.text("conn", this.left - 42, middle, 36, c.dim);
      this.clipPlot();
      this.drawLines(user, middle);
    } else {
      const run = model.sight.runs[lane.run];
      this.text(roomy ? `run ${tail(run.id, 16)}` : tail(run.id, 7), roomy ? 20 : 14, middle, this.left - 26, isSelected ? c.fg : c.dim, isSelected ? 650 : 400);
      this.clipPlot();
      this.drawRun(run, middle);
    }
    ink.restore();
    const [status, colour] = statusOf(lane, c);
    const x = this.left + this.width + 8;
    if (roomy) this.text(status, x, middle, this.status - 14, colour);
    else this.text(status.slice(0, 1).replace(/[a-z]/, ""), x - 4, middle, 16, colour);
  },

  clipPlot() {
    this.ink.beginPath();
    this.ink.rect(this.left - 1, 0, this.width + 2, this.height);
    this.ink.clip();
  },

  /** When a user was connected: two lines, broken where it broke; and what was said outside runs. */
  drawLines(user, y) {
    const c = this.c;
    const { ink } = this;
    user.lines.forEach((line, at) => {
      const to = line.to_ns ?? model.sight.to_ns;
      if (!line.refused) {
        for (const side of [-2, 2]) this.stroke(line.from_ns, to, y + side, { colour: c.dim, wide: 1 });
      }
      const next = user.lines[at + 1];
      if (line.dropped && next && next.from_ns > to) {
        this.stroke(to, next.from_ns, y, { colour: c.warning, wide: 1.5, dash: [3, 4] });
      }
    });
    this.inSight(user.events, (event) => {
      if (event.run !== undefined || event.kind) return;
      ink.fillStyle = worstOf(event) ? c[worstOf(event)] : c.fg;
      ink.globalAlpha = dimmed(event) ? 0.2 : 0.8;
      ink.fillRect(this.x(event.at_ns) - 0.75, event.out ? y - 8 : y + 3, 1.5, 5);
      ink.globalAlpha = 1;
    });
    for (const line of user.lines.filter((line) => line.dropped || line.refused)) {
      const x = this.x(line.to_ns ?? line.from_ns);
      ink.strokeStyle = c.warning;
      ink.lineWidth = 2;
      ink.beginPath();
      ink.moveTo(x - 4, y - 5);
      ink.lineTo(x + 4, y + 5);
      ink.moveTo(x + 4, y - 5);
      ink.lineTo(x - 4, y + 5);
      ink.stroke();
    }
  },

  /** Each of a lane's events within the window, and the one before it. */
  inSight(numbers, each) {
    const events = model.sight.events;
    const [from, to] = state.window;
    const first = firstWhere(numbers, (number) => events[number].at_ns >= from);
    for (let at = first; at < numbers.length && events[numbers[at]].at_ns <= to; at += 1) each(events[numbers[at]]);
  },

  /** What a run did: letters, bars of tools, what is missing. */
  drawRun(run, y) {
    const c = this.c;
    const { ink } = this;
    this.stroke(run.from_ns, run.until_ns, y, { colour: c.dim });
    ink.fillStyle = c.tool;
    for (const [from, to] of run.tools) {
      const span = this.span(from, to);
      if (!span) continue;
      ink.beginPath();
      ink.roundRect(span[0], y - 3.5, Math.max(span[1] - span[0], 1), 7, 3);
      ink.fill();
    }
    if (run.ghost_ns !== undefined) {
      this.stroke(run.ghost_ns, run.silent_ns, y, { colour: c.bg, wide: 4 });
      this.stroke(run.ghost_ns, run.silent_ns, y, { colour: c.error, wide: 1.5, dash: [1.5, 5] });
    }
    let best;
    let lastX = -Infinity;
    const flush = () => {
      if (best) this.chip(best.x, y, letterAt(best.event), worstOf(best.event), dimmed(best.event), best.event.number === state.event);
    };
    this.inSight(run.events, (event) => {
      const x = this.x(event.at_ns);
      const weight = (RANKS[worstOf(event)] ?? 0) * 10 + rankOf(letterOf(event)) + (event.number === state.event ? 100 : 0);
      if (best && x - best.x < APART) {
        this.tick(x, y);
        if (weight > best.weight) best = { event, x: Math.max(x, lastX + APART), weight };
        return;
      }
      flush();
      lastX = best ? best.x : lastX;
      best = { event, x, weight };
    });
    flush();
    if (run.ghost_ns !== undefined) {
      const number = run.findings.find((number) => model.sight.findings[number].expected);
      // Beside the last event rather than on it.
      const x = Math.max(this.x(run.ghost_ns), this.x(run.to_ns) + CHIP);
      this.ghost(x, y, number !== undefined && state.ghost === number);
      this.ghostSpots.push({ x, y, finding: number ?? run.findings[0] });
    }
  },

  tick(x, y) {
    this.ink.fillStyle = this.c.fg;
    this.ink.globalAlpha = 0.45;
    this.ink.fillRect(x - 0.5, y + 7, 1, 3);
    this.ink.globalAlpha = 1;
  },

  chip(x, y, letter, severity, isDimmed, isSelected) {
    const { ink, c } = this;
    ink.globalAlpha = isDimmed ? 0.3 : 1;
    ink.beginPath();
    ink.roundRect(x - CHIP / 2, y - 8, CHIP, 16, 4);
    ink.fillStyle = severity ? c[severity] : c.chip;
    ink.fill();
    ink.strokeStyle = isSelected ? c.accent : severity ? c[severity] : c.line;
    ink.lineWidth = isSelected ? 2.5 : 1;
    ink.stroke();
    this.font(11, 700);
    ink.textAlign = "center";
    ink.fillStyle = severity ? c["on-flag"] : c.fg;
    ink.fillText(letter, x, y + 0.5);
    ink.textAlign = "left";
    ink.globalAlpha = 1;
  },

  ghost(x, y, isSelected) {
    const { ink, c } = this;
    ink.beginPath();
    ink.roundRect(x - CHIP / 2, y - 8, CHIP, 16, 4);
    ink.fillStyle = c.bg;
    ink.fill();
    ink.strokeStyle = c.error;
    ink.lineWidth = isSelected ? 2.5 : 1.5;
    ink.setLineDash(isSelected ? [] : [3, 2]);
    ink.stroke();
    ink.setLineDash([]);
    this.font(12, 800);
    ink.textAlign = "center";
    ink.fillStyle = c.error;
    ink.fillText("?", x, y + 0.5);
    ink.textAlign = "left";
  },

  /** What the recording lost is hatched: nobody is accused of it. */
  drawGaps() {
    const { ink, c } = this;
    for (const gap of model.sight.gaps) {
      const span = this.span(gap.from_ns, Math.max(gap.to_ns, gap.from_ns + this.scale.nsPerPixel * 3));
      if (!span) continue;
      ink.save();
      ink.beginPath();
      ink.rect(span[0], AXIS + FLAGS, span[1] - span[0], this.height);
      ink.clip();
      ink.strokeStyle = c.warning;
      ink.globalAlpha = 0.5;
      for (let x = span[0] - this.height; x < span[1]; x += 8) {
        ink.beginPath();
        ink.moveTo(x, this.height);
        ink.lineTo(x + this.height, 0);
        ink.stroke();
      }
      ink.restore();
    }
  },

  drawAxis() {
    const { ink, c, scale, left } = this;
    const y = AXIS / 2 + 1;
    ink.fillStyle = c.line;
    ink.fillRect(0, AXIS, this.full, 0.5);
    const labels = [[left, this.time(state.window[0], SECOND)]];
    for (const fold of scale.folds) labels.push([left + fold.x + FOLD, this.time(fold.to, SECOND)]);
    const least = scale.nsPerPixel * 84;
    const step = STEPS.find((step) => step >= least) ?? 24 * 3600 * SECOND;
    if (state.folding !== "ordinal") {
      const into = this.origin(step);
      for (const stretch of scale.stretches.filter((stretch) => !stretch.fold)) {
        for (let tick = Math.ceil((stretch.from + into) / step) * step - into; tick < stretch.to; tick += step) {
          labels.push([this.x(tick), this.time(tick, step)]);
        }
      }
    }
    let free = -Infinity;
    for (const [x, label] of labels.sort((a, b) => a[0] - b[0])) {
      const fold = scale.folds.find((fold) => left + fold.x > x);
      this.font(11);
      const wide = ink.measureText(label).width;
      if (x < free || x + wide > (fold ? left + fold.x : left + this.width + this.status)) continue;
      ink.fillStyle = c.dim;
      ink.fillText(label, x + 3, y);
      ink.fillStyle = c.line;
      ink.fillRect(x, AXIS - 6, 1, 6);
      free = x + wide + 12;
    }
    ink.textAlign = "center";
    for (const fold of scale.folds) {
      ink.fillStyle = c.dim;
      ink.fillText(lasted(fold.to - fold.from + 1), left + fold.x + FOLD / 2, y);
      ink.fillText("┊ ┊", left + fold.x + FOLD / 2, AXIS + FLAGS / 2);
    }
    ink.textAlign = "left";
  },

  /** By how much round times are off the recording's own. */
  origin(step) {
    if (state.times === "clock") return model.sight.started_ns % step;
    return state.times === "run" ? -zero() % step : 0;
  },

  time(ns, step) {
    if (state.times === "clock") return clock(ns, step < SECOND ? 3 : 0);
    const at = (ns - zero()) / SECOND;
    return `${at < 0 ? "" : "+"}${at.toFixed(step < 10 * MS ? 3 : step < SECOND ? 2 : 0)}s`;
  },

  /** How many findings there are where, and how bad the worst of them is; and notes. */
  drawFlags() {
    const { c } = this;
    const y = AXIS + FLAGS / 2;
    this.ink.fillStyle = c.line;
    this.ink.fillRect(0, AXIS + FLAGS, this.full, 0.5);
    this.text("findings", 8, y, this.left - 12, c.dim);
    const spots = [];
    for (const finding of model.flagged) {
      const x = this.x(finding.at_ns);
      if (x < this.left - 1 || x > this.left + this.width + 1) continue;
      const last = spots.at(-1);
      if (last && x < last.x + 26) {
        last.count += 1;
        if (RANKS[finding.severity] > RANKS[last.severity]) last.severity = finding.severity;
      } else {
        spots.push({ x, count: 1, severity: finding.severity, finding: finding.number });
      }
    }
    for (const { x, count, severity } of spots) this.text(`${SIGNS[severity]}${count > 1 ? count : ""}`, x - 5, y, 30, c[severity], 700);
    this.flagSpots = spots;
    for (const note of model.sight.notes) {
      const at = note.at_ns ?? model.sight.events[note.event]?.at_ns;
      if (at === undefined || !this.span(at, at)) continue;
      this.text("✎", this.x(at) - 5, y, 20, c.accent, 700);
    }
  },

  /** What was not known yet. */
  drawFog() {
    if (!state.known) return;
    const span = this.span(state.at, Math.max(state.window[1], state.at));
    if (!span) return;
    this.ink.fillStyle = this.c.bg;
    this.ink.globalAlpha = 0.86;
    this.ink.fillRect(span[0], AXIS + 1, this.left + this.width - span[0] + this.status, this.height - AXIS - OVERVIEW - 1);
    this.ink.globalAlpha = 1;
  },

  drawPlayhead() {
    const { ink, c } = this;
    const x = this.x(state.at);
    if (x < this.left - 1 || x > this.left + this.width + 1) return;
    ink.fillStyle = c.accent;
    ink.fillRect(x - 0.75, AXIS - 4, 1.5, this.height - AXIS - OVERVIEW + 4);
    ink.beginPath();
    ink.moveTo(x - 5, AXIS - 8);
    ink.lineTo(x + 5, AXIS - 8);
    ink.lineTo(x, AXIS - 1);
    ink.fill();
  },

  /** The whole report, with the window on it. */
  drawOverview() {
    const { ink, c } = this;
    const top = this.height - OVERVIEW;
    ink.fillStyle = c.panel;
    ink.fillRect(0, top, this.full, OVERVIEW);
    ink.fillStyle = c.line;
    ink.fillRect(0, top, this.full, 0.5);
    this.text("everything", 8, top + OVERVIEW / 2, this.left - 12, c.dim);
    const bars = Math.max(Math.floor(this.width / 4), 1);
    const { from, to } = whole();
    if (this.bars?.length !== bars) {
      this.bars = new Array(bars).fill(0);
      for (const event of model.sight.events) {
        this.bars[Math.min(Math.floor(((event.at_ns - from) / (to - from)) * bars), bars - 1)] += 1;
      }
    }
    const most = Math.max(...this.bars, 1);
    ink.fillStyle = c.dim;
    this.bars.forEach((count, at) => {
      const tall = count && Math.max(Math.sqrt(count / most) * (OVERVIEW - 10), 2);
      ink.fillRect(this.left + at * 4, top + OVERVIEW - 4 - tall, 3, tall);
    });
    const at = (ns) => this.left + ((Math.min(Math.max(ns, from), to) - from) / (to - from)) * this.width;
    const [a, b] = [at(state.window[0]), at(state.window[1])];
    ink.strokeStyle = c.accent;
    ink.lineWidth = 1.5;
    ink.strokeRect(a, top + 2, Math.max(b - a, 3), OVERVIEW - 4);
    ink.fillStyle = c.accent;
    ink.fillRect(at(state.at) - 0.75, top + 3, 1.5, OVERVIEW - 6);
  },

  /** What the canvas shows, in words. */
  describe() {
    const { users, runs, findings } = model.sight;
    const [from, to] = state.window;
    byId("window").textContent = `${clock(from)} to ${clock(to)} UTC · ${FOLDING_WORDS[state.folding]}`;
    this.canvas.setAttribute(
      "aria-label",
      `Timeline from ${clock(from)} to ${clock(to)} UTC: ${counted(users.length, "user")}, ${counted(runs.length, "run")}, ` +
        `${counted(findings.length, "finding")}. Arrow keys move; the same is in the table.`,
    );
  },
};

/** How a lane is, in a word or two. */
function statusOf(lane, c) {
  if (lane.run === undefined) {
    const { lines } = model.sight.users[lane.user];
    const lost = lines.reduce((sum, line, at) => {
      const next = lines[at + 1];
      return line.dropped && next && line.to_ns !== undefined ? sum + Math.max(next.from_ns - line.to_ns, 0) : sum;
    }, 0);
    const last = lines.at(-1);
    if (lost > 0) return [`╳ drop ${lasted(lost)}`, c.warning];
    if (last?.dropped) return [`╳ ${last.ending || "drop"}`, c.warning];
    return [last?.refused ? "refused" : last?.ending || "open at end", last?.refused ? c.warning : c.dim];
  }
  const run = model.sight.runs[lane.run];
  const findings = run.findings.map((number) => model.sight.findings[number]);
  const worst = findings.reduce((worst, finding) => (!worst || RANKS[finding.severity] > RANKS[worst.severity] ? finding : worst), undefined);
  if (worst) return [`${SIGNS[worst.severity]} ${worst.code} ${worst.class}`, c[worst.severity]];
  if (run.open) return ["open", c.dim];
  return [`${run.outcome} ${lasted(run.to_ns - run.from_ns)}`, run.outcome === "ok" ? c.dim : c.error];
}

/** An event's letter, or `!` where it stands in the wrong place. */
function letterAt(event) {
  const isAstray = event.findings.some((number) => /E103|E104/.test(model.sight.findings[number].code));
  return isAstray ? "!" : letterOf(event);
}
