// Intercepts the functions of node:fs for the agent: a function that is to fail throws the error that node throws for that errno.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { type AnyFunction, failure, meet, within } from "./interception.js";

/** Paths that are replaced by other files. */
const standIns = new Map<string, string>();

export function standIn(path: string, file: string): void {
	standIns.set(path, file);
}

const SYNC = [
	...["openSync", "closeSync", "readSync", "readFileSync", "writeSync", "writeFileSync", "ftruncateSync", "fchmodSync"],
	...[
		"statSync",
		"lstatSync",
		"fstatSync",
		"existsSync",
		"mkdirSync",
		"rmSync",
		"renameSync",
		"unlinkSync",
		"chmodSync",
	],
	...["readdirSync", "readlinkSync", "opendirSync", "watch"],
];

export function interceptFiles(): void {
	const module = fs as unknown as Record<string, AnyFunction>;
	for (const name of SYNC) {
		const real = module[name]!;
		module[name] = function intercepted(...values) {
			const [first] = values;
			const code = meet(name, first);
			if (code !== undefined) {
				// The kernel closes the descriptor even if close(2) fails.
				if (name === "closeSync") real.apply(this, values);
				if (name === "existsSync") return false;
				if (
					name === "statSync" &&
					isAbsent(code) &&
					(values[1] as { throwIfNoEntry?: boolean })?.throwIfNoEntry === false
				)
					return undefined;
				throw failure(code, name.replace("Sync", ""), first);
			}
			if (typeof first === "string" && standIns.has(first)) values[0] = standIns.get(first);
			return finish(
				name,
				within(() => real.apply(this, values)),
			);
		};
	}
	for (const name of ["read", "readFile"]) {
		const real = module[name]!;
		module[name] = function intercepted(...values) {
			const code = meet(name, values[0]);
			if (code === undefined) return real.apply(this, values);
			const callback = values.at(-1) as (error: Error) => void;
			setImmediate(() => callback(failure(code, "read", values[0])));
			return undefined;
		};
	}
	syncBuiltinESMExports();
}

const finish = (name: string, result: unknown): unknown =>
	name === "opendirSync" ? interceptDirectory(result as fs.Dir) : result;

const isAbsent = (code: string): boolean => code === "ENOENT" || code === "ENOTDIR";

function interceptDirectory(directory: fs.Dir): fs.Dir {
	const { readSync, closeSync } = directory;
	directory.readSync = function intercepted() {
		const code = meet("Dir.readSync", directory.path);
		if (code !== undefined) throw failure(code, "scandir", directory.path);
		return readSync.call(this);
	};
	directory.closeSync = function intercepted() {
		closeSync.call(this);
		const code = meet("Dir.closeSync", directory.path);
		if (code !== undefined) throw failure(code, "close", directory.path);
	};
	return directory;
}
