// The pointer on the lanes → where the reader is: click, drag, pinch, wheel.

/** Pixels that a press may move and still be a click. */
const STEADY = 5;

Object.assign(timeline, {
  listen() {
    const { canvas } = this;
    const held = new Map();
    let start;
    canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, event.offsetX);
      const isOverview = event.offsetY > this.height - OVERVIEW;
      start = { x: event.offsetX, y: event.offsetY, window: [...state.window], scale: this.scale, isOverview, moved: false };
      canvas.setPointerCapture(event.pointerId);
      if (isOverview) this.centre(event.offsetX);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held.has(event.pointerId)) return this.hover(event);
      const before = held.get(event.pointerId);
      const others = [...held].filter(([id]) => id !== event.pointerId);
      held.set(event.pointerId, event.offsetX);
      if (others.length === 1) {
        const other = others[0][1];
        const [was, is] = [Math.abs(before - other), Math.abs(event.offsetX - other)];
        start.moved = true;
        if (was > 4 && is > 4) zoom(was / is, this.scale.ns((before + other) / 2 - this.left));
        return;
      }
      if (start.isOverview) return this.centre(event.offsetX);
      start.moved ||= Math.abs(event.offsetX - start.x) > STEADY;
      if (start.moved) {
        const by = start.scale.ns(start.x - this.left) - start.scale.ns(event.offsetX - this.left);
        setWindow(start.window[0] + by, start.window[1] + by);
      }
    });
    const release = (event) => {
      held.delete(event.pointerId);
      if (event.type === "pointerup" && start && !start.moved && !start.isOverview) this.click(start.x, start.y);
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => (byId("tip").hidden = true));
    canvas.addEventListener("dblclick", (event) => {
      const lane = this.laneAt(event.offsetY);
      if (lane) zoomTo(lane);
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        const at = this.scale.ns(event.offsetX - this.left);
        if (event.ctrlKey || event.metaKey || event.altKey) zoom(Math.exp(event.deltaY / 300), at);
        else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
          pan((event.deltaX || event.deltaY) / this.width);
        } else return;
        event.preventDefault();
      },
      { passive: false },
    );
  },

  laneAt(y) {
    if (y < AXIS + FLAGS || y > this.height - OVERVIEW) return undefined;
    return model.lanes[Math.floor((y - AXIS - FLAGS + this.scroller.scrollTop) / ROW)];
  },

  /** The event of a lane that is nearest to a pixel, if it is near. */
  eventAt(lane, x) {
    const numbers = lane.run === undefined ? model.sight.users[lane.user].events : model.sight.runs[lane.run].events;
    const ns = this.scale.ns(x - this.left);
    const after = firstWhere(numbers, (number) => model.sight.events[number].at_ns >= ns);
    const near = [numbers[after - 1], numbers[after]].filter((number) => number !== undefined);
    const away = (number) => Math.abs(this.x(model.sight.events[number].at_ns) - x);
    near.sort((a, b) => away(a) - away(b));
    return near.length && away(near[0]) <= 9 ? near[0] : undefined;
  },

  ghostAt(x, y) {
    return this.ghostSpots.find((spot) => Math.abs(spot.x - x) < 10 && Math.abs(spot.y - y) < 12)?.finding;
  },

  click(x, y) {
    const spot = y < AXIS + FLAGS && this.flagSpots.find((spot) => x >= spot.x - 8 && x < spot.x + 22);
    if (spot) return toFinding(spot.finding);
    const ghost = this.ghostAt(x, y);
    if (ghost !== undefined) return toFinding(ghost);
    const lane = this.laneAt(y);
    const at = Math.min(Math.max(this.scale.ns(x - this.left), state.window[0]), state.window[1]);
    if (!lane) return seek(at);
    const event = this.eventAt(lane, x);
    if (event !== undefined) return toEvent(event, lane);
    set({ lane, only: true, ghost: undefined, ...(x >= this.left && x < this.left + this.width ? { at } : {}) });
    follow();
  },

  centre(x) {
    const { from, to } = whole();
    const half = (state.window[1] - state.window[0]) / 2;
    const at = from + ((x - this.left) / this.width) * (to - from);
    setWindow(at - half, at + half);
  },

  hover(event) {
    const tip = byId("tip");
    const lane = this.laneAt(event.offsetY);
    const ghost = this.ghostAt(event.offsetX, event.offsetY);
    const number = lane && this.eventAt(lane, event.offsetX);
    const finding = ghost !== undefined && model.sight.findings[ghost];
    const hovered = model.sight.events[number];
    tip.hidden = !finding && !hovered;
    if (tip.hidden) return;
    const words = finding
      ? `expected here: ${finding.expected?.event ?? finding.title}`
      : `${letterOf(hovered)} ${nameOf(hovered)} ${hovered.tool ?? ""} · ${timeOf(hovered.at_ns, hovered)}`;
    tip.textContent = visible(words.trim());
    const room = this.full - tip.offsetWidth - 8;
    tip.style.transform = `translate(${Math.min(event.offsetX + 12, room)}px, ${event.offsetY + 16}px)`;
  },
});
