// The bar of one try of a module: its waits, its init, and signs for what went wrong or needed no init.
import { element, pixels } from "./svg-text.js";
import type { TimeScale } from "./time-scale.js";
import type { TimelineModule } from "./timeline.js";

/** Where a bar is drawn. All numbers are pixels. */
export type BarPlace = {
	readonly scale: TimeScale;
	/** The middle of the row. */
	readonly y: number;
	/** The height of an init. */
	readonly height: number;
	/** The right end of the plot, to which modules in flight reach. */
	readonly right: number;
};

/** A shorter init is drawn this wide. */
const NARROWEST = 2;

/** The bar, and where it ends. */
export function drawBar(one: TimelineModule, place: BarPlace): { readonly svg: string; readonly end: number } {
	const { scale, right, height } = place;
	const end = one.ended === undefined ? right : scale.x(one.ended);
	const waits = drawWaits(one, place, end);
	if (one.begun === undefined) {
		const sign = one.ended === undefined ? "" : drawSign(one, end, place.y);
		return { svg: waits + sign, end: one.ended === undefined ? end : end + 5 };
	}
	const x = scale.x(one.begun);
	const width = Math.max(end - x, NARROWEST);
	const signs = [
		...(one.result === "failed" ? [drawCross(x + width + 7, place.y)] : []),
		...(one.result === "live" ? [drawSign(one, x + width + 6, place.y)] : []),
	];
	const beyond = 12 * signs.length + (one.ended === undefined ? height / 2 + 2 : 0);
	return { svg: waits + drawInit(one, { ...place, x, width }) + signs.join(""), end: x + width + beyond };
}

/** Half the height of a wait's bar. */
const WAIT = 2.5;

function drawWaits({ wanted, ready, begun, waits }: TimelineModule, { scale, y }: BarPlace, end: number): string {
	const from = scale.x(wanted);
	const until = begun === undefined ? end : scale.x(begun);
	const free = Math.min(ready === undefined ? until : scale.x(ready), until);
	const box = (name: string, left: number, right: number): string =>
		right - left < 1
			? ""
			: element("rect", { class: name, x: left, y: y - WAIT, width: right - left, height: 2 * WAIT });
	const isPermit = waits.some(({ kind }) => kind === "permit");
	return box("wait", from, free) + box(isPermit ? "permit" : "wait", free, until);
}

type Init = BarPlace & { readonly x: number; readonly width: number };

function drawInit(one: TimelineModule, { x, y, width, height }: Init): string {
	const box = { x, y: y - height / 2, width, height };
	if (one.hung !== undefined) {
		const open = one.ended === undefined ? drawOpenEnd(x + width, y, height) : "";
		return element("rect", { class: "hung", fill: "url(#hangs)", ...box }) + open;
	}
	if (one.ended === undefined) return element("rect", { class: "run", ...box }) + drawOpenEnd(x + width, y, height);
	if (one.result === "no device") return element("rect", { class: "none", ...box });
	return element("rect", { class: one.result === "failed" ? "failed" : "run", ...box });
}

/** The end of a bar that has not ended: an arrow. */
function drawOpenEnd(x: number, y: number, height: number): string {
	const half = height / 2;
	return element("path", {
		class: "sign",
		d: `M${pixels(x + 2)} ${pixels(y - half)}l${pixels(half)} ${pixels(half)}l${pixels(-half)} ${pixels(half)}`,
	});
}

export function drawCross(x: number, y: number): string {
	return element("path", { class: "cross", d: `M${pixels(x - 3.5)} ${pixels(y - 3.5)}l7 7m0 -7l-7 7` });
}

/** The sign of a module that needed no init here: a circle for one that is there, a crossed circle for one that is kept out. */
export function drawSign({ result }: Pick<TimelineModule, "result">, x: number, y: number): string {
	if (result === "blocked" || result === "missing") return drawCross(x, y);
	const circle = element("circle", { class: "sign", cx: x, cy: y, r: 3.8 });
	return result === "masked" || result === "stopped"
		? circle + element("path", { class: "sign", d: `M${pixels(x - 2.7)} ${pixels(y + 2.7)}l5.4 -5.4` })
		: circle;
}

/** The sign of a rival, at its begin: a rhomb. */
export function drawRhomb(x: number, y: number): string {
	return element("path", { class: "rival", d: `M${pixels(x)} ${pixels(y - 4.5)}l4.5 4.5l-4.5 4.5l-4.5 -4.5z` });
}

/** The fill of a bar that hangs. */
export const HANGS_PATTERN = element(
	"pattern",
	{ id: "hangs", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
	element("rect", { class: "hungfill", width: 6, height: 6 }) + element("path", { class: "hungline", d: "M0 0V6" }),
);
