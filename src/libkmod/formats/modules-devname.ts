// modules.devname: device nodes that may be there before their modules are, since opening one loads its module. depmod writes
// a line for each, `MODULE NAME TYPE MAJOR:MINOR` with the type c or b, such as `tun net/tun c10:200`.

export type StaticNode = {
	readonly module: string;
	/** Below /dev. */
	readonly name: string;
	readonly type: "c" | "b";
	readonly major: number;
	readonly minor: number;
};

export type StaticNodes = {
	readonly value: readonly StaticNode[];
	/** Lines that are neither an entry nor a comment, as they stand there. */
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

/** What follows the minor number is passed over. */
const ENTRY = /^[\t-\r ]*([^\t-\r ]+)[\t-\r ]+([^\t-\r ]+)[\t-\r ]+([cb])[\t-\r ]*(\d{1,10}):[\t-\r ]*(\d{1,10})/;

function parseLine(line: string): StaticNode | undefined {
	const [, module, name, type, major, minor] = ENTRY.exec(line) ?? [];
	if (module === undefined || name === undefined) return undefined;
	const numbers = { major: Number(major), minor: Number(minor) };
	if (numbers.major > 0xffffffff || numbers.minor > 0xffffffff) return undefined;
	return { module, name, type: type === "b" ? "b" : "c", ...numbers };
}
