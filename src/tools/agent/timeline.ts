// hotplugd timeline: when each module was wanted, began and ended, as a picture, a page or JSON.
import { formatTimeline, NO_FORMAT, timelineFormatOf } from "../../agent/timeline/timeline-format.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import { defineTool } from "../command-line/command-line.js";
import { openTimeline, timelineOptions } from "./timeline-source.js";

export const timeline = defineTool({
	name: "hotplugd timeline",
	summary: "Draws when each module was wanted, began and ended, and what it waited for.",
	usage: ["[OPTION...] [FILE.svg|FILE.html|FILE.json]"],
	options: timelineOptions,
	mostOperands: 1,
	async run({ options, operands: [file] }, machine) {
		const format = file === undefined ? "svg" : timelineFormatOf(file);
		if (format === undefined) {
			machine.complain(`hotplugd timeline: ${printable(`${file}: ${NO_FORMAT}`)}\n`);
			machine.complain("Try 'hotplugd timeline --help'.\n");
			return 2;
		}
		const recorded = await openTimeline(machine, options, "timeline");
		if (recorded === undefined) return 1;
		const text = await formatTimeline(recorded, format);
		try {
			if (file === undefined) machine.print(text);
			else await machine.writeWholeFile(file, text);
			return 0;
		} catch (thrown) {
			if (file === undefined || !(thrown instanceof Refusal)) throw thrown;
			machine.complain(`hotplugd timeline: ${printable(explainRefusal(thrown, thrown.why))}\n`);
			return 1;
		}
	},
});
