// The pointer on the lanes → where the reader is: click, drag, pinch, wheel.

// Pixels that a press may move and still be a click.
const STEADY = 5;

function listenToPointer() {
	const { canvas } = timeline;
	const held = new Map();
	let start;
	const isOverview = (event) => event.offsetY > timeline.height - OVERVIEW;
	canvas.onpointerdown = (event) => {
		held.set(event.pointerId, event.offsetX);
		start = { x: event.offsetX, window: state.window, scale: timeline.scale, isOverview: isOverview(event), moved: false };
		canvas.setPointerCapture(event.pointerId);
		if (start.isOverview) centre(event.offsetX);
	};
	canvas.onpointermove = (event) => {
		const x = event.offsetX;
		if (!held.has(event.pointerId)) return hover(event);
		const [before, other] = [held.get(event.pointerId), [...held].find(([id]) => id !== event.pointerId)?.[1]];
		held.set(event.pointerId, x);
		if (start.isOverview) return centre(x);
		start.moved ||= Math.abs(x - start.x) > STEADY || other !== undefined;
		if (other !== undefined) {
			zoom(Math.abs(before - other) / Math.max(Math.abs(x - other), 4), timeline.scale.ns((before + other) / 2 - timeline.left));
		} else if (start.moved) {
			const by = start.scale.ns(start.x - timeline.left) - start.scale.ns(x - timeline.left);
			setWindow(start.window[0] + by, start.window[1] + by);
		}
	};
	canvas.onpointerup = canvas.onpointercancel = (event) => {
		held.delete(event.pointerId);
		if (event.type === "pointerup" && !start.moved && !start.isOverview) click(event.offsetX, event.offsetY);
	};
	canvas.ondblclick = (event) => zoomTo(laneAt(event.offsetY));
	const onwheel = (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey) zoom(Math.exp(event.deltaY / 300), timeline.scale.ns(event.offsetX - timeline.left));
		else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX || event.deltaY) / timeline.full);
		else return;
		event.preventDefault();
	};
	canvas.addEventListener("wheel", onwheel, { passive: false });
}

function laneAt(y) {
	const isInside = y >= TOP && y <= timeline.height - OVERVIEW;
	return isInside ? lanes[Math.floor((y - TOP + timeline.scroller.scrollTop) / ROW)] : undefined;
}

// The event of a lane that is nearest to a pixel, if it is near.
function eventAt(lane, x) {
	const away = (number) => Math.abs(timeline.x(timeAt(number)) - x);
	const after = firstWhere(eventsOf(lane), (number) => timeAt(number) >= timeline.scale.ns(x - timeline.left));
	const near = eventsOf(lane).slice(Math.max(after - 1, 0), after + 1);
	near.sort((a, b) => away(a) - away(b));
	return near.find((number) => away(number) <= 9);
}

const ghostAt = (x, y) => timeline.ghosts.find((spot) => Math.abs(spot.x - x) < 10 && Math.abs(spot.y - y) < 12)?.finding;

function click(x, y) {
	const flag = timeline.flags.find((flag) => y < TOP && x >= flag.x - 8 && x < flag.x + 22);
	if (flag) return toFinding(flag.findings[0]);
	if (ghostAt(x, y) !== undefined) return toFinding(ghostAt(x, y));
	const lane = laneAt(y);
	const ns = clamp(timeline.scale.ns(x - timeline.left), ...state.window);
	if (!lane) return seek(ns);
	const number = eventAt(lane, x);
	if (number !== undefined) return toEvent(number, lane);
	set({ lane, only: true, ghost: undefined, ...(x >= timeline.left ? { at: ns } : {}) });
	follow();
}

function centre(x) {
	const { from, to } = whole();
	const half = (state.window[1] - state.window[0]) / 2;
	const at = from + ((x - timeline.left) / (timeline.right - timeline.left)) * (to - from);
	setWindow(at - half, at + half);
}

function hover({ offsetX, offsetY }) {
	const lane = laneAt(offsetY);
	const finding = found(ghostAt(offsetX, offsetY));
	const event = lane && sight.events[eventAt(lane, offsetX)];
	const told = finding ? `expected here: ${finding.expected?.event ?? finding.title}` : event ? `${nameOf(event)} ${event.tool ?? ""} ${timeOf(event.at_ns, event)}` : "";
	timeline.canvas.title = visible(told);
}
