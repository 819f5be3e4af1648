// A timeline as the text of a file: a picture, a page, or JSON to be read again. Each is made by a module of its own, which is
// imported only when it is asked for.
import { formatJson } from "../../libkmod/text/byte-strings.js";
import type { Timeline } from "./timeline.js";

export type TimelineFormat = "svg" | "html" | "json";

/** The format that the ending of a file's name asks for. Undefined when it asks for none of them. */
export function timelineFormatOf(path: string): TimelineFormat | undefined {
	return /[^/]\.(svg|html|json)$/.exec(path)?.[1] as TimelineFormat | undefined;
}

/** A clause about a file whose name asks for no format. */
export const NO_FORMAT = "its name ends in none of .svg, .html and .json";

/** Formats a timeline. The result is bytes, in UTF-8. */
export async function formatTimeline(timeline: Timeline, format: TimelineFormat): Promise<string> {
	if (format === "json") return `${formatJson(timeline)}\n`;
	if (format === "svg") return (await import("./timeline-svg.js")).formatSvg(timeline);
	return (await import("./timeline-html.js")).formatHtml(timeline);
}
