// The rows of the picture: one a try of a module, in groups by batch.
import type { CriticalLink } from "./critical-path.js";
import { drawBar, drawRhomb } from "./svg-bar.js";
import { cutText, element, escapeXml, measureText, pixels } from "./svg-text.js";
import type { TimeScale } from "./time-scale.js";
import type { TimelineModule } from "./timeline.js";
import { describeModule, describeState } from "./timeline-words.js";

/** The columns of the picture, in pixels. */
export const COLUMNS = { batch: 40, labels: 50, labelsEnd: 206, plot: 216, plotEnd: 852, end: 1000 } as const;

export type Row = { readonly one: TimelineModule; readonly y: number };

export type Rows = {
	readonly rows: readonly Row[];
	readonly rowHeight: number;
	readonly font: number;
	readonly bottom: number;
};

/** More rows than these are drawn denser. */
const MANY = 80;

/** Places the rows: in the order in which modules were wanted, and in a batch that in which they began. */
export function placeRows(modules: readonly TimelineModule[], top: number): Rows {
	const rowHeight = modules.length > MANY ? 16 : 22;
	const begin = ({ begun, ended }: TimelineModule): number => begun ?? ended ?? Number.MAX_VALUE;
	const sorted = modules.toSorted((a, b) => a.wanted - b.wanted || a.batch - b.batch || begin(a) - begin(b));
	return {
		rows: sorted.map((one, number) => ({ one, y: top + (number + 0.5) * rowHeight })),
		rowHeight,
		font: modules.length > MANY ? 11 : 12,
		bottom: top + sorted.length * rowHeight,
	};
}

/** The stripes behind the rows, one a batch, with the batch's number and the time at which it was wanted. */
export function drawBatches({ rows, rowHeight, font }: Rows, { x }: TimeScale): string {
	const drawn: string[] = [];
	let stripes = 0;
	for (let from = 0; from < rows.length; ) {
		const { one, y } = rows[from]!;
		let to = from + 1;
		while (to < rows.length && rows[to]!.one.batch === one.batch && rows[to]!.one.wanted === one.wanted) to++;
		const [top, height] = [y - rowHeight / 2, (to - from) * rowHeight];
		if (stripes++ % 2 === 0) drawn.push(element("rect", { class: "stripe", x: 0, y: top, width: COLUMNS.end, height }));
		const at = { x: COLUMNS.batch, y: y + font * 0.36, "font-size": font, "text-anchor": "end" };
		drawn.push(element("text", { class: "mono muted", ...at }, String(one.batch)));
		const wanted = x(one.wanted);
		drawn.push(element("path", { class: "batch", d: `M${pixels(wanted)} ${pixels(top)}v${pixels(height)}` }));
		from = to;
	}
	return drawn.join("");
}

export type Drawing = {
	readonly scale: TimeScale;
	readonly placed: Rows;
	readonly critical: readonly CriticalLink[];
};

export function drawRows({ scale, placed, critical }: Drawing): string {
	const onPath = new Set(critical.map(({ one }) => one));
	return placed.rows.map((row) => drawRow(row, placed, scale, onPath.has(row.one))).join("\n");
}

function drawRow({ one, y }: Row, { rowHeight, font }: Rows, scale: TimeScale, isCritical: boolean): string {
	const name = one.try === 1 ? one.module : `${one.module} (${one.try})`;
	const label = cutText(name, font, COLUMNS.labelsEnd - COLUMNS.labels);
	const bar = drawBar(one, { scale, y, height: rowHeight - (rowHeight > 20 ? 9 : 6), right: COLUMNS.plotEnd });
	const baseline = y + font * 0.36;
	const parts = [
		element("title", {}, describeModule(one, isCritical).map(escapeXml).join("\n")),
		element("rect", {
			class: "hit",
			x: COLUMNS.labels - 6,
			y: y - rowHeight / 2,
			width: COLUMNS.end - COLUMNS.labels + 6,
			height: rowHeight,
		}),
		element(
			"text",
			{
				class: `mono label${isCritical ? " oncritical" : ""}`,
				x: COLUMNS.labelsEnd,
				y: baseline,
				"font-size": font,
				"text-anchor": "end",
			},
			escapeXml(label),
		),
		bar.svg,
		...(isRival(one) ? [drawRhomb(scale.x(one.begun ?? one.ended ?? one.wanted), y)] : []),
		drawState(one, bar.end, baseline, font - 1, scale),
	];
	return element("g", { class: "row" }, parts.join(""));
}

const isRival = ({ waits }: TimelineModule): boolean => waits.some(({ kind }) => kind === "rival");

/** The state stands to the right of the bar, or to the left where there is no room. */
function drawState(one: TimelineModule, end: number, y: number, font: number, scale: TimeScale): string {
	const words = describeState(one);
	const from = end + 8;
	const room = COLUMNS.end - 6 - from;
	const left = scale.x(one.wanted) - 8 - COLUMNS.plot;
	const goesLeft = measureText(words, font) > room && left > room;
	const at = goesLeft ? { x: scale.x(one.wanted) - 8, "text-anchor": "end" } : { x: from };
	const text = cutText(words, font, goesLeft ? left : room);
	return element("text", { class: "mono muted halo", ...at, y, "font-size": font }, escapeXml(text));
}

/** The critical path below the rows: from the end of each module down, or up, to the row of the next. */
export function drawCriticalLines({ scale, placed, critical }: Drawing): string {
	const rows = new Map(placed.rows.map((row) => [row.one, row.y]));
	const drawn = critical.flatMap(({ one }, number) => {
		const before = critical[number - 1]?.one;
		if (before === undefined) return [];
		return [`M${pixels(scale.x(endOf(before)))} ${pixels(rows.get(before) ?? 0)}V${pixels(rows.get(one) ?? 0)}`];
	});
	return drawn.length === 0 ? "" : element("path", { class: "critical", d: drawn.join("") });
}

/** The critical path above the rows: the wait of each module that ended last, and a box around its init. */
export function drawCriticalBoxes({ scale, placed, critical }: Drawing): string {
	const rows = new Map(placed.rows.map((row) => [row.one, row.y]));
	const half = (placed.rowHeight - (placed.rowHeight > 20 ? 5 : 3)) / 2;
	const drawn = critical.map(({ one }, number) => {
		const y = rows.get(one) ?? 0;
		const x = scale.x(one.begun ?? one.wanted);
		const right = Math.max(scale.x(endOf(one)), x + 2);
		const before = critical[number - 1]?.one;
		const from = scale.x(before === undefined ? one.wanted : endOf(before));
		return `M${pixels(from)} ${pixels(y)}H${pixels(x)}M${pixels(x)} ${pixels(y - half)}H${pixels(right)}V${pixels(y + half)}H${pixels(x)}z`;
	});
	return drawn.length === 0 ? "" : element("path", { class: "critical", d: drawn.join("") });
}

const endOf = ({ wanted, begun = wanted, ended = begun }: TimelineModule): number => ended;

/** From the end of each rival to the begin of the one behind it. */
export function drawRivals({ scale, placed }: Drawing): string {
	const rows = new Map(placed.rows.map((row) => [row.one.module, row]));
	const drawn = placed.rows.flatMap(({ one, y }) =>
		one.waits.flatMap(({ kind, module = "", until }) => {
			const first = kind === "rival" ? rows.get(module) : undefined;
			if (first === undefined || until === undefined) return [];
			return [`M${pixels(scale.x(until))} ${pixels(first.y)}V${pixels(y)}H${pixels(scale.x(one.begun ?? until))}`];
		}),
	);
	return drawn.length === 0 ? "" : element("path", { class: "rivalline", d: drawn.join("") });
}
