// kmod(8): all of kmod's tools in one, and the commands that exist only as a word after `kmod`.
import { defineTool, type Tool } from "../command-line/command-line.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { kmodTools } from "./kmod-tools.js";

type Commands = Readonly<Record<string, () => Promise<Tool>>>;

/** The commands that exist only as a word after `kmod`, without an executable of their own. */
export const commands: Commands = {
	list: async () => (await import("./lsmod.js")).kmodList,
	insert: async () => (await import("./kmod-insert.js")).kmodInsert,
	remove: async () => (await import("./kmod-remove.js")).kmodRemove,
	"static-nodes": async () => (await import("./static-nodes.js")).staticNodes,
	help: async () => kmod,
};

export const kmod: Tool = defineTool({
	name: "kmod",
	summary: "Manages kernel modules: lists, inserts, removes and describes them.",
	usage: ["[OPTION...] COMMAND [ARGUMENT...]"],
	kmod: true,
	stopAtOperand: true,
	options: {},
	async epilogue() {
		const own = await summarise(commands, { help: "Shows this help." });
		const tools = await summarise(kmodTools);
		return `Commands:\n${own}\n\nCommands that are also names for symlinks to kmod:\n${tools}`;
	},
	async run({ operands: [name, ...words] }, machine) {
		if (name === "help") return kmod.start(["--help"], machine);
		const load = lookUp(commands, name) ?? lookUp(kmodTools, name);
		if (load !== undefined) return (await load()).start(words, machine);
		machine.complain(name === undefined ? "missing command\n" : `invalid command '${oneLine(machine, 2, name)}'\n`);
		await kmod.start(["--help"], machine);
		return 1;
	},
});

function lookUp(table: Commands, name: string | undefined): (() => Promise<Tool>) | undefined {
	return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

async function summarise(table: Commands, known: Readonly<Record<string, string>> = {}): Promise<string> {
	const lines = Object.entries(table).map(async ([name, load]) => {
		return `  ${name.padEnd(13)} ${known[name] ?? (await load()).summary}`;
	});
	return (await Promise.all(lines)).join("\n");
}
