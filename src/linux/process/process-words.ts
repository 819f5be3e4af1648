// The arguments, environment and working directory of this process as byte strings. node gives them as text, in which every byte
// that is not valid UTF-8 is U+FFFD. Only for a value with U+FFFD the bytes are read from /proc/self (proc_pid_cmdline(5),
// proc_pid_environ(5)).

import { readFileSync, readlinkSync } from "node:fs";
import { bytesOf } from "../../libkmod/text/byte-strings.js";

/** The mark of a byte that node may have lost. A U+FFFD that the user has typed comes out right too. */
const LOST = "\ufffd";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The command line, as process.argv: node and the script come first. In the kernel's command line, node's options come before the
 * script, and the script is named as it was called. So only the arguments at the end, which are the same in both, are taken from
 * the kernel's.
 */
export function readArguments(argv: readonly string[], proc = "/proc/self"): readonly string[] {
	const bytes = argv.map(bytesOf);
	if (!argv.some((word) => word.includes(LOST))) return bytes;
	const given = readStrings(`${proc}/cmdline`);
	const count = argv.length - NODES_OWN;
	if (given === undefined || given.length < count + 1) return bytes;
	return [...bytes.slice(0, NODES_OWN), ...(count === 0 ? [] : given.slice(-count))];
}

const NODES_OWN = 2;

/** The environment as it is now: a variable that was changed since the process began has its new value. */
export function readEnvironment(environment: Environment, proc = "/proc/self"): Record<string, string> {
	const bytes: Record<string, string> = {};
	let first: ReadonlyMap<string, readonly [name: string, value: string]> | undefined;
	for (const [name, value] of Object.entries(environment)) {
		if (value === undefined) continue;
		if (name.includes(LOST) || value.includes(LOST)) first ??= readVariables(`${proc}/environ`);
		const given = first?.get(`${name}=${value}`) ?? [bytesOf(name), bytesOf(value)];
		bytes[given[0]] = given[1];
	}
	return bytes;
}

/** An absolute path. */
export function readWorkingDirectory(): string {
	const path = process.cwd();
	if (!path.includes(LOST)) return bytesOf(path);
	try {
		return readlinkSync("/proc/self/cwd", "latin1");
	} catch {
		// Without /proc the lost bytes cannot be read.
		return bytesOf(path);
	}
}

/** The variables by their text in node, `NAME=value`. Of two variables with one name the first counts, as for getenv(3). */
function readVariables(path: string): ReadonlyMap<string, readonly [name: string, value: string]> {
	const variables = new Map<string, readonly [string, string]>();
	for (const string of readStrings(path) ?? []) {
		const equals = string.indexOf("=", 1);
		const seen = Buffer.from(string, "latin1").toString("utf8");
		if (equals > 0 && !variables.has(seen)) variables.set(seen, [string.slice(0, equals), string.slice(equals + 1)]);
	}
	return variables;
}

/** The NUL-terminated strings of a file. Undefined when /proc is not mounted. */
function readStrings(path: string): string[] | undefined {
	try {
		return readFileSync(path, "latin1").split("\0").slice(0, -1);
	} catch {
		return undefined;
	}
}
