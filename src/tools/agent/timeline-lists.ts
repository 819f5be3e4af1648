// hotplugd blame and critical-chain: a timeline as text, as systemd-analyze(1) tells the one of a boot.
import { formatBlame, formatCriticalChain, listBlame } from "../../agent/timeline/timeline-text.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { normaliseName } from "../../libkmod/text/module-name.js";
import { printable } from "../../libkmod/text/printable.js";
import { defineTool } from "../command-line/command-line.js";
import { openTimeline, timelineOptions } from "./timeline-source.js";

export const blame = defineTool({
	name: "hotplugd blame",
	summary: "Lists the modules by the time that the init of each took, the longest first.",
	options: { ...timelineOptions, json: { help: "Print JSON, one record a line" } },
	mostOperands: 0,
	async run({ options }, machine) {
		const timeline = await openTimeline(machine, options, "blame");
		if (timeline === undefined) return 1;
		const all = listBlame(timeline);
		machine.print(options.json ? all.map((one) => `${formatJson(one)}\n`).join("") : formatBlame(all));
		return 0;
	},
});

export const criticalChain = defineTool({
	name: "hotplugd critical-chain",
	summary: "Shows what a module waited for, or else the module that ended last, as a tree.",
	usage: ["[OPTION...] [MODULE]"],
	options: timelineOptions,
	mostOperands: 1,
	async run({ options, operands: [named] }, machine) {
		const timeline = await openTimeline(machine, options, "critical-chain");
		if (timeline === undefined) return 1;
		const tree = formatCriticalChain(timeline, named === undefined ? undefined : normaliseName(named));
		if (tree !== undefined) {
			machine.print(tree);
			return 0;
		}
		const lacking = named === undefined ? "no module has begun and ended yet" : `the timeline has no module ${named}`;
		machine.complain(`hotplugd critical-chain: ${printable(lacking)}\n`);
		return 1;
	},
});
