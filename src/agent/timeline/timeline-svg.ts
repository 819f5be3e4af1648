// A timeline as a picture (SVG 1.1 with CSS): a bar for each module from when it was wanted until it was live, its waits apart from its
// init, its cause on hover, the critical path. No script, no external file. The result is bytes, in UTF-8.
import { findCriticalPath } from "./critical-path.js";
import { HANGS_PATTERN } from "./svg-bar.js";
import { drawLegend } from "./svg-legend.js";
import {
	COLUMNS,
	type Drawing,
	drawBatches,
	drawCriticalBoxes,
	drawCriticalLines,
	drawRivals,
	drawRows,
	placeRows,
} from "./svg-rows.js";
import { SVG_STYLE } from "./svg-style.js";
import { cutText, element, escapeXml, measureText, pixels } from "./svg-text.js";
import { makeTimeScale, type TimeScale } from "./time-scale.js";
import { formatSpan } from "./time-text.js";
import type { Timeline, TimelineMark } from "./timeline.js";
import { describeHeading, describeMark, describeRun } from "./timeline-words.js";

const MARGIN = 12;
const FONT = 11;

export function formatSvg(timeline: Timeline): string {
	const scale = makeTimeScale(timeline, COLUMNS.plot, COLUMNS.plotEnd);
	const legend = drawLegend(timeline, scale.cuts.length > 0, MARGIN, 58, COLUMNS.end - MARGIN);
	const marks = placeMarks(timeline, scale);
	const axis = 58 + legend.height + 12 + marks.height + 14;
	const placed = placeRows(timeline.modules, axis + 8);
	const drawing: Drawing = { scale, placed, critical: findCriticalPath(timeline) };
	const { bottom } = placed;
	const height = bottom + 32;
	const parts = [
		element("title", {}, escapeXml(`${describeHeading(timeline)}: ${describeRun(timeline)}`)),
		`<style>${SVG_STYLE}</style>`,
		element("defs", {}, HANGS_PATTERN),
		drawHeading(timeline),
		legend.svg,
		drawBatches(placed, scale),
		drawMarks(marks, axis, bottom),
		drawAxis(scale, axis, bottom),
		drawRivals(drawing),
		drawCriticalLines(drawing),
		drawRows(drawing),
		drawCriticalBoxes(drawing),
	];
	const size = { width: COLUMNS.end, height, viewBox: `0 0 ${COLUMNS.end} ${pixels(height)}` };
	return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, `\n${parts.join("\n")}\n`)}\n`;
}

function drawHeading(timeline: Timeline): string {
	const room = COLUMNS.end - 2 * MARGIN;
	const heading = cutText(describeHeading(timeline), 17, room);
	const run = cutText(describeRun(timeline), 12.5, room);
	return (
		element("text", { x: MARGIN, y: 26, "font-size": 17, "font-weight": 600 }, escapeXml(heading)) +
		element("text", { class: "muted", x: MARGIN, y: 47, "font-size": 12.5 }, escapeXml(run))
	);
}

/** The axis above and below the rows, its grid, and the cuts. */
function drawAxis({ ticks, cuts }: TimeScale, top: number, bottom: number): string {
	const grid = ticks.map(({ x }) => `M${pixels(x)} ${pixels(top)}V${pixels(bottom + 8)}`).join("");
	const line = (y: number): string => `M${COLUMNS.plot} ${pixels(y)}H${COLUMNS.plotEnd}`;
	const words = (y: number) =>
		ticks.map(({ x, text }) =>
			element("text", { class: "muted halo", x, y, "font-size": FONT, "text-anchor": "middle" }, escapeXml(text)),
		);
	return [
		element("path", { class: "grid", d: grid }),
		element("path", { class: "axis", d: line(top) + line(bottom + 8) }),
		element("text", { class: "muted", x: COLUMNS.batch, y: top - 6, "font-size": FONT, "text-anchor": "end" }, "batch"),
		...words(top - 6),
		...words(bottom + 23),
		...cuts.map(({ x, milliseconds }) =>
			element(
				"g",
				{},
				element("title", {}, escapeXml(`${formatSpan(milliseconds)} are cut out, in which nothing begins or ends`)) +
					element("rect", { class: "cut", x: x - 4, y: top, width: 8, height: bottom + 8 - top }),
			),
		),
	].join("");
}

type PlacedMark = { readonly mark: TimelineMark; readonly x: number; readonly lane: number };
type PlacedMarks = { readonly marks: readonly PlacedMark[]; readonly height: number };

const LANE = 14;
/** Words of more marks than fit into these lanes are left out: the line stays, and its text on hover. */
const MOST_LANES = 5;

/** Places the words of each mark in the first lane where they touch no others. */
function placeMarks({ marks }: Timeline, { x }: TimeScale): PlacedMarks {
	const ends: number[] = [];
	const placed = marks.map((mark) => {
		const at = x(mark.at);
		const width = measureText(describeMark(mark), FONT) + 14;
		const free = ends.findIndex((end) => end <= at);
		const lane = free < 0 ? ends.length : free;
		if (lane < MOST_LANES) ends[lane] = at + width;
		return { mark, x: at, lane };
	});
	return { marks: placed, height: ends.length * LANE };
}

function drawMarks({ marks, height }: PlacedMarks, axis: number, bottom: number): string {
	const top = axis - 14 - height - 8;
	const drawn = marks.map(({ mark, x, lane }) => {
		const y = top + Math.min(lane, MOST_LANES) * LANE;
		const words = describeMark(mark);
		const text = { class: "halo", x: x + 4, y: y + FONT - 1, "font-size": FONT };
		return element(
			"g",
			{},
			element("title", {}, escapeXml(`${words}, at ${formatSpan(mark.at)}`)) +
				element("path", { class: "mark", d: `M${pixels(x)} ${pixels(y)}V${pixels(bottom + 8)}` }) +
				(lane < MOST_LANES ? element("text", text, escapeXml(words)) : ""),
		);
	});
	return drawn.join("");
}
