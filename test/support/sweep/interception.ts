// Which system call of the agent's is to fail, once, and which it makes. Those that stand between the agent and node, koffi and the
// netlink package ask here (intercepted-*.ts). What the test itself calls is left alone: only what src/linux asks for counts.
import fs from "node:fs";
import { constants } from "node:os";

/** One that is to fail: the first time that its call is made at its place about that subject. */
export type Fault = { readonly call: string; readonly place: string; readonly subject: string; readonly code: string };

/** The calls made, by "call at place", with what they were about. */
export type Calls = ReadonlyMap<string, ReadonlySet<string>>;

export type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;

const calls = new Map<string, Set<string>>();
let recording = false;
/** Calls under way: what one of node's functions calls in turn is its own affair. */
let depth = 0;
let fault: Fault | undefined;
let fired = false;

/** Notes from now on. */
export function record(): void {
	calls.clear();
	recording = true;
}

export function endRecord(): Calls {
	recording = false;
	return calls;
}

/** From now on, until the next one. */
export function inject(next: Fault | undefined): void {
	fault = next;
	fired = false;
}

/** Whether the call has failed by now. */
export const hasFired = (): boolean => fired;

const errnos: Readonly<Record<string, number>> = constants.errno;
/** Numbers of Linux that node does not name. */
const more: Readonly<Record<string, number>> = { ENOKEY: 126, ELIBBAD: 80 };
export const numberOf = (code: string): number => errnos[code] ?? more[code] ?? 5;

/** The errno that the call is to fail by, if it is one of the agent's that is to fail now. */
export function meet(call: string, subject: unknown): string | undefined {
	if (depth > 0) return undefined;
	if (!recording && (fault === undefined || fired || fault.call !== call)) return undefined;
	const place = findPlace();
	return place === undefined ? undefined : meetAt(call, place, nameOf(subject));
}

/** Also of what the event loop brings, which nobody of the agent's is on the stack for. */
export function meetAt(call: string, place: string, subject: string): string | undefined {
	if (recording) {
		const key = `${call} at ${place}`;
		calls.set(key, (calls.get(key) ?? new Set()).add(subject));
	}
	if (fault === undefined || fired || fault.call !== call) return undefined;
	if (fault.place !== place || fault.subject !== subject) return undefined;
	fired = true;
	return fault.code;
}

/** A descriptor is what it is open for. Without what differs from life to life: numbers, and names by chance. */
function nameOf(subject: unknown): string {
	const name = typeof subject === "number" ? readLink(subject) : String(subject);
	if (!/^[/.]|:\[/.test(name)) return name;
	return name.replace(/[0-9a-f]{24}/g, "X").replace(/\d+/g, "N");
}

const { readlinkSync } = fs;

function readLink(fd: number): string {
	try {
		return readlinkSync(`/proc/self/fd/${fd}`);
	} catch {
		return "a descriptor";
	}
}

/** The first line of src/linux on the stack, as file:line of what was compiled; of koffi's calls the line that asks for one. */
function findPlace(): string | undefined {
	const kept = Error.stackTraceLimit;
	Error.stackTraceLimit = 20;
	const { stack = "" } = new Error();
	Error.stackTraceLimit = kept;
	const places = [...stack.matchAll(/dist\/(src\/linux\/[\w/-]+)\.js:(\d+)/g)].map(
		([, file, line]) => `${file}:${line}`,
	);
	return places.find((place) => !/\/(?:syscalls|descriptor):/.test(place)) ?? places[0];
}

export function failure(code: string, syscall: string, path: unknown): Error {
	const message = `${code}: injected, ${syscall} '${String(path)}'`;
	return Object.assign(new Error(message), {
		errno: -numberOf(code),
		code,
		syscall,
		...(typeof path === "string" && { path }),
	});
}

/** What is called meanwhile is no call of the agent's. */
export function within<T>(call: () => T): T {
	depth++;
	try {
		return call();
	} finally {
		depth--;
	}
}
