// Where the timeline of a command comes from: the running agent, or a file that --timeline wrote.
import { parseObjectLine } from "../../agent/control/json-line.js";
import type { Timeline } from "../../agent/timeline/timeline.js";
import { checkTimeline } from "../../agent/timeline/timeline-reading.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { Options } from "../command-line/options.js";
import { askAgent, askOptions, SOON_MILLISECONDS } from "./ask-agent.js";

export const timelineOptions = {
	...askOptions,
	from: {
		argument: "FILE",
		help: "Take the timeline from FILE, which --timeline FILE.json wrote, instead of an agent",
	},
} as const satisfies Options;

type Source = { readonly socket: string | undefined; readonly from: string | undefined };

/**
 * Resolves with the timeline. Undefined when there is none: the reason has been printed, and the caller exits with status 1.
 * @param asker the name of the command
 */
export async function openTimeline(
	machine: Machine,
	{ socket, from }: Source,
	asker: string,
): Promise<Timeline | undefined> {
	if (from === undefined) {
		const request = { command: "timeline" } as const;
		const answer = await askAgent(machine, { request, socket, timeoutMilliseconds: SOON_MILLISECONDS, asker });
		return answer?.timeline;
	}
	const timeline = await readTimelineFile(machine, from);
	if (typeof timeline !== "string") return timeline;
	machine.complain(`hotplugd ${asker}: ${printable(timeline)}\n`);
	return undefined;
}

/** The timeline of a file, or a sentence why there is none. */
async function readTimelineFile(machine: Machine, file: string): Promise<Timeline | string> {
	try {
		const content = (await machine.kernel()).read(file, bounds.timeline);
		return content === undefined ? `there is no file ${file}` : parseTimelineFile(content, file);
	} catch (thrown) {
		if (thrown instanceof Refusal) return explainRefusal(thrown, thrown.why);
		throw thrown;
	}
}

/** @returns the timeline, or a sentence about the mistake in the file */
export function parseTimelineFile(content: Uint8Array, file: string): Timeline | string {
	const fields = parseObjectLine(content);
	if (fields === undefined) return `${file}: it is no timeline of hotplugd: it is no JSON object, or it was cut`;
	const timeline = checkTimeline(fields);
	return typeof timeline === "string" ? `${file}: ${timeline}` : timeline;
}
