// hotplugd compare: who gains, loses or changes a driver between two machines, or on one machine under two kernels, configurations
// or policies, and why.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { complainOf, StartFailure } from "../agent/start-failure.js";
import { defineTool } from "../command-line/command-line.js";
import { type CompareForm, type CompareOptions, compareOptions } from "./compare-options.js";

export const compare = defineTool({
	name: "hotplugd compare",
	summary:
		"Says which devices gain, lose or change a driver from one machine, kernel or configuration to another, and why.",
	usage: [
		"[OPTION...] [A] B",
		"[OPTION...] [A] --kernel=DIR...",
		"[OPTION...] [A] --config=PATH...",
		"[OPTION...] [A] --initramfs=FILE",
		"[OPTION...] --fleet=FILE --kernel=DIR...",
	],
	options: compareOptions,
	uncaptured: "takes captures as its operands",
	mostOperands: 2,
	async run({ options: given, operands }, machine) {
		try {
			const form = await loadForm(given);
			return await form(given, operands, machine);
		} catch (error) {
			return complainOf(error, "hotplugd compare", machine);
		}
	},
});

const TABLE_OF_FLEET = "--csv and --parquet write a table of many machines: they need --fleet";

/** Each form is loaded only when the options ask for it. */
async function loadForm({ initramfs, fleet, csv, parquet }: CompareOptions): Promise<CompareForm> {
	if (initramfs !== undefined) return (await import("./initramfs-form.js")).compareInitramfs;
	if (fleet !== undefined) return (await import("./fleet.js")).compareFleet;
	if (csv !== undefined || parquet !== undefined) throw new StartFailure(TABLE_OF_FLEET, exitStatus.usage);
	return (await import("./compare-sides.js")).compareTwoSides;
}
