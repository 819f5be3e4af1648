// The process's own arguments, environment and working directory as bytes. node has them as text, in which every byte that is no
// UTF-8 is U+FFFD; only where that stands in one is it read from /proc/self (proc_pid_cmdline(5), proc_pid_environ(5)).

import { readFileSync, readlinkSync } from "node:fs";
import { bytesOf } from "../../libkmod/text/byte-strings.js";

/** Where node may have lost bytes. One that is really there comes out right, too. */
const LOST = "\ufffd";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The command line, node's own two words first. The kernel's has node's options in front, too, and the script as it was called: both
 * have the same arguments at their end.
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

/** What is set in it now: a value that was changed since the process began is as it was set. */
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
		// Without /proc there is nothing better.
		return bytesOf(path);
	}
}

/** By what node makes of them. Of two of one name the first counts, as for getenv(3). */
function readVariables(path: string): ReadonlyMap<string, readonly [name: string, value: string]> {
	const variables = new Map<string, readonly [string, string]>();
	for (const string of readStrings(path) ?? []) {
		const equals = string.indexOf("=", 1);
		const seen = Buffer.from(string, "latin1").toString("utf8");
		if (equals > 0 && !variables.has(seen)) variables.set(seen, [string.slice(0, equals), string.slice(equals + 1)]);
	}
	return variables;
}

/** NUL-terminated strings; undefined where /proc is not mounted. */
function readStrings(path: string): string[] | undefined {
	try {
		return readFileSync(path, "latin1").split("\0").slice(0, -1);
	} catch {
		return undefined;
	}
}
