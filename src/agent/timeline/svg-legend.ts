// The legend of the picture: a sign and a word for each kind of thing that occurs in it.
import { drawCross, drawRhomb, drawSign } from "./svg-bar.js";
import { element, escapeXml } from "./svg-text.js";
import type { Timeline, TimelineModule } from "./timeline.js";

type Entry = {
	readonly words: string;
	/** Draws the sign into a box 22 pixels wide whose middle is at y. */
	draw(x: number, y: number): string;
	/** Whether it occurs. Always when undefined. */
	occurs?(one: TimelineModule): boolean;
};

/** Stands in the legend where the axis has a cut. */
const CUT: Entry = {
	words: "time cut out",
	draw: (x, y) => element("rect", { class: "cut", x: x + 6, y: y - 6, width: 8, height: 12 }),
};

const box =
	(name: string, height: number, more: Readonly<Record<string, string>> = {}) =>
	(x: number, y: number) =>
		element("rect", { class: name, x, y: y - height / 2, width: 20, height, ...more });

const isIdle =
	(...results: readonly string[]) =>
	({ result, begun }: TimelineModule): boolean =>
		result !== undefined && results.includes(result) && (begun === undefined || result === "live");

const entries: readonly Entry[] = [
	{ words: "its init runs", draw: box("run", 10) },
	{ words: "waits", draw: box("wait", 5) },
	{
		words: "waits for a permit",
		draw: box("permit", 5),
		occurs: ({ waits }) => waits.some(({ kind }) => kind === "permit"),
	},
	{ words: "found no hardware", draw: box("none", 10), occurs: ({ result }) => result === "no device" },
	{
		words: "failed",
		draw: (x, y) => element("rect", { class: "failed", x, y: y - 5, width: 12, height: 10 }) + drawCross(x + 18, y),
		occurs: ({ result }) => result === "failed",
	},
	{ words: "hung", draw: box("hung", 10, { fill: "url(#hangs)" }), occurs: ({ hung }) => hung !== undefined },
	{
		words: "behind a rival",
		draw: (x, y) => element("path", { class: "rivalline", d: `M${x} ${y}h13` }) + drawRhomb(x + 15, y),
		occurs: ({ waits }) => waits.some(({ kind }) => kind === "rival"),
	},
	{
		words: "there already",
		draw: (x, y) => drawSign({ result: "live" }, x + 10, y),
		occurs: isIdle("live", "builtin"),
	},
	{ words: "kept out", draw: (x, y) => drawSign({ result: "masked" }, x + 10, y), occurs: isIdle("masked", "stopped") },
	{ words: "blocked or missing", draw: (x, y) => drawCross(x + 10, y), occurs: isIdle("blocked", "missing") },
	{ words: "critical path", draw: (x, y) => element("path", { class: "critical", d: `M${x} ${y - 4}h9v8h11` }) },
	{ words: "batch wanted", draw: (x, y) => element("path", { class: "batch", d: `M${x + 10} ${y - 6}v12` }) },
];

const ROW = 20;
const FONT = 11.5;

/** Draws the legend from the upper left corner, in as many rows as it needs. @returns its height too */
export function drawLegend({ modules }: Timeline, hasCuts: boolean, left: number, top: number, right: number) {
	const drawn: string[] = [];
	let x = left;
	let y = top + ROW / 2;
	for (const { words, draw, occurs } of hasCuts ? [...entries, CUT] : entries) {
		if (occurs !== undefined && !modules.some(occurs)) continue;
		const width = 26 + words.length * FONT * 0.58 + 18;
		if (x > left && x + width > right) {
			x = left;
			y += ROW;
		}
		drawn.push(draw(x, y), element("text", { x: x + 27, y: y + 4, "font-size": FONT }, escapeXml(words)));
		x += width;
	}
	return { svg: drawn.join(""), height: y - top + ROW / 2 };
}
