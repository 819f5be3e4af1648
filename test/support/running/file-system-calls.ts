// node's file functions, as the code under test calls them: each call counted, and made to fail. One test at a time may do that.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** Those that change something, or could keep something from being changed; and read(2). */
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

/** What becomes of the call of that number, counted from 0: undefined lets it be done, an errno's name makes it fail. */
export type Fate = (name: CallName, number: number) => string | undefined;

type Functions = Record<CallName, (...values: unknown[]) => unknown>;
const functions = fs as unknown as Functions;

/** @returns the names of all calls that were made meanwhile, in their order */
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

/** As a full disk does it: half of what was to be written is. A descriptor is closed even where close(2) fails. */
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

/** In place of an errno: from this call on nothing has any effect, as if the process had been killed. */
export const KILLED = "killed";

const errorOf = (code: string): Error => Object.assign(new Error(code), { code, errno: code === KILLED ? -4 : -5 });
