// kmod static-nodes: prints the device nodes of modules.devname, for example in the format of tmpfiles.d(5), so that the nodes
// can be made at boot before their modules are loaded.

import { parseModulesDevname, type StaticNode } from "../../libkmod/formats/modules-devname.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { defineTool, type Tool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import type { Options } from "../command-line/options.js";

const formats: Readonly<Record<string, { readonly help: string; format(node: StaticNode): string }>> = {
	human: {
		help: "for people; the default",
		format: ({ module, name, type, major, minor }) =>
			`Module: ${module}\n\tDevice node: /dev/${name}\n\t\tType: ${type === "b" ? "block" : "character"} device\n` +
			`\t\tMajor: ${major}\n\t\tMinor: ${minor}\n`,
	},
	tmpfiles: {
		help: "for systemd-tmpfiles, as tmpfiles.d(5) describes it",
		format({ name, type, major, minor }) {
			const slash = name.lastIndexOf("/");
			const directory = slash === -1 ? "" : `d /dev/${name.slice(0, slash)} 0755 - - -\n`;
			return `${directory}${type}! /dev/${name} 0600 - - - ${major}:${minor}\n`;
		},
	},
	devname: {
		help: "as in modules.devname itself",
		format: ({ module, name, type, major, minor }) => `${module} ${name} ${type}${major}:${minor}\n`,
	},
};

const options = {
	format: { short: "f", argument: "FORMAT", help: "Print in FORMAT, which is one of those below" },
	output: { short: "o", argument: "FILE", help: "Write to this file, and make the directories above it" },
} as const satisfies Options;

export const staticNodes: Tool = defineTool({
	name: "kmod static-nodes",
	program: "static-nodes",
	summary: "Prints the device nodes that can be made before their modules are loaded.",
	kmod: true,
	options,
	captured: { needsIndexes: () => true },
	epilogue: async () =>
		["Formats:", ...Object.entries(formats).map(([name, { help }]) => `  ${name.padEnd(10)} ${help}`)].join("\n"),
	async run({ options: { format: wanted = "human", output } }, machine) {
		const format = Object.hasOwn(formats, wanted) ? formats[wanted]?.format : undefined;
		if (format === undefined) {
			machine.complain(`Unknown format: '${oneLine(machine, 2, wanted)}'.\n`);
			await staticNodes.start(["--help"], machine);
			return 1;
		}
		const kernel = await machine.kernel();
		const path = `/lib/modules/${kernel.release}/modules.devname`;
		try {
			const text = kernel.read(path, bounds.kernelBuild)?.toString("latin1");
			if (text === undefined) {
				machine.complain(`Warning: ${path} not found - ignoring\n`);
				return 0;
			}
			const { value, bad } = parseModulesDevname(text);
			for (const line of bad) machine.complain(`Error: invalid devname entry: ${line}\n`);
			const content = Buffer.from(value.map(format).join(""), "latin1");
			if (output === undefined) machine.print(content);
			else await machine.writeFile(output, content);
			return bad.length > 0 ? 1 : 0;
		} catch (error) {
			// The executable (src/main.ts) handles a failed write to standard output.
			if (!(error instanceof Refusal) || (error.operation === "write" && output === undefined)) throw error;
			const what = oneLine(machine, 2, explain(error, path, output ?? ""));
			machine.complain(`Error: could not ${what} - ${formatErrno(error)}\n`);
			return 1;
		}
	},
});

function explain({ operation }: Refusal, path: string, output: string): string {
	if (operation === "mkdir") return `create parent directory for ${output}`;
	return operation === "write" ? `create ${output}` : `open ${path}`;
}
