// modules.devname: device nodes that may exist before their modules are loaded, since opening the node loads the module. depmod
// writes a line for each, `MODULE NAME TYPE MAJOR:MINOR` with the type c or b, such as `tun net/tun c10:200`.

export type StaticNode = {
	readonly module: string;
	/** Path below /dev. */
	readonly name: string;
	readonly type: "c" | "b";
	readonly major: number;
	readonly minor: number;
};

export type StaticNodes = {
	readonly value: readonly StaticNode[];
	/** Lines that are neither an entry nor a comment, verbatim. */
	readonly bad: readonly string[];
};

export function parseModulesDevname(text: string): StaticNodes {
	const value: StaticNode[] = [];
	const bad: string[] = [];
	const lines = text.split("\n");
	if (lines.at(-1) === "") lines.pop();
	for (const line of lines) {
		if (line.startsWith("#")) continue;
		const node = parseLine(line);
		if (node === undefined) bad.push(line);
		else value.push(node);
	}
	return { value, bad };
}

/** Text after the minor number is ignored. */
const ENTRY = /^[\t-\r ]*([^\t-\r ]+)[\t-\r ]+([^\t-\r ]+)[\t-\r ]+([cb])[\t-\r ]*(\d{1,10}):[\t-\r ]*(\d{1,10})/;

function parseLine(line: string): StaticNode | undefined {
	const [, module, name, type, major, minor] = ENTRY.exec(line) ?? [];
	if (module === undefined || name === undefined) return undefined;
	const numbers = { major: Number(major), minor: Number(minor) };
	if (numbers.major > 0xffffffff || numbers.minor > 0xffffffff) return undefined;
	return { module, name, type: type === "b" ? "b" : "c", ...numbers };
}
