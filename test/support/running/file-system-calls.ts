// Wraps node's file functions for the code under test: each call is counted and can be made to fail. Only one test at a time
// may do that.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** The functions that change something or whose failure can prevent a change; and read(2). */
const NAMES = [
	...([
		"mkdirSync",
		"readdirSync",
		"lstatSync",
		"openSync",
		"fstatSync",
		"fchmodSync",
		"futimesSync",
		"writeFileSync",
	] as const),
	...(["fsync", "closeSync", "linkSync", "copyFileSync", "utimesSync", "renameSync", "unlinkSync"] as const),
	...(["readSync", "ftruncateSync", "writeSync"] as const),
];

export type CallName = (typeof NAMES)[number];

/** Decides about the call with that number, counted from 0: undefined lets the call succeed, an errno's name makes it fail. */
export type Fate = (name: CallName, number: number) => string | undefined;

type Functions = Record<CallName, (...values: unknown[]) => unknown>;
const functions = fs as unknown as Functions;

/** Runs `act` with wrapped functions. @returns the names of all calls that were made meanwhile, in order */
export async function withFates(fate: Fate, act: () => Promise<unknown>): Promise<CallName[]> {
	const calls: CallName[] = [];
	const real = Object.fromEntries(NAMES.map((name) => [name, functions[name]])) as Functions;
	for (const name of NAMES)
		functions[name] = (...values) => {
			const code = fate(name, calls.push(name) - 1);
			if (code === undefined) return real[name](...values);
			return name === "fsync" ? failLater(code, values) : fail(name, code, values, real);
		};
	syncBuiltinESMExports();
	try {
		await act();
	} finally {
		Object.assign(functions, real);
		syncBuiltinESMExports();
	}
	return calls;
}

/** Makes a call fail as on a full disk: a write writes a part. A descriptor is closed even when close(2) fails. */
function fail(name: CallName, code: string, values: unknown[], real: Functions): never {
	const [target, content] = values;
	if (code !== KILLED && name === "writeFileSync") real.writeSync(target, (content as Buffer).subarray(0, 1));
	if (name === "closeSync") real.closeSync(target);
	throw errorOf(code);
}

function failLater(code: string, values: unknown[]): void {
	const done = values.at(-1) as (error: Error) => void;
	setImmediate(() => done(errorOf(code)));
}

/** A value in place of an errno: from this call on no call has an effect, as if the process had been killed. */
export const KILLED = "killed";

const errorOf = (code: string): Error => Object.assign(new Error(code), { code, errno: code === KILLED ? -4 : -5 });
