// Decides which system call of the agent fails, once, and records the calls that the agent makes. The interceptors of node, koffi
// and the netlink package ask here (intercepted-*.ts). Only calls with src/linux on the stack count: calls of the test itself are
// left alone.
import fs from "node:fs";
import { constants } from "node:os";

/** A failure: the first call of that name at that place about that subject fails with that errno. */
export type Fault = { readonly call: string; readonly place: string; readonly subject: string; readonly code: string };

/** The calls that were made, by "call at place", with the subjects of each. */
export type Calls = ReadonlyMap<string, ReadonlySet<string>>;

export type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;

const calls = new Map<string, Set<string>>();
let recording = false;
/** The number of intercepted calls under way. Calls that a function of node makes in turn do not count. */
let depth = 0;
let fault: Fault | undefined;
let fired = false;

/** Begins to record calls. */
export function record(): void {
	calls.clear();
	recording = true;
}

export function endRecord(): Calls {
	recording = false;
	return calls;
}

/** Sets the failure to inject, in place of the one before. */
export function inject(next: Fault | undefined): void {
	fault = next;
	fired = false;
}

/** Whether the failure has been injected. */
export const hasFired = (): boolean => fired;

const errnos: Readonly<Record<string, number>> = constants.errno;
/** Errnos of Linux that node does not name. */
const more: Readonly<Record<string, number>> = { ENOKEY: 126, ELIBBAD: 80 };
export const numberOf = (code: string): number => errnos[code] ?? more[code] ?? 5;

/** The errno with which the call is to fail. Undefined when it is not a call of the agent, or not to fail now. */
export function meet(call: string, subject: unknown): string | undefined {
	if (depth > 0) return undefined;
	if (!recording && (fault === undefined || fired || fault.call !== call)) return undefined;
	const place = findPlace();
	return place === undefined ? undefined : meetAt(call, place, nameOf(subject));
}

/** The same for a call at a known place. The event loop makes some calls without a function of the agent on the stack. */
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

/**
 * The name of a call's subject; of a descriptor, the path of its file. Numbers and random names are replaced, since they differ
 * from life to life.
 */
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

/**
 * The innermost line of src/linux on the stack, as file:line of the compiled file; of koffi's calls, the line that makes the
 * call.
 */
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

/** Calls made meanwhile do not count as calls of the agent. */
export function within<T>(call: () => T): T {
	depth++;
	try {
		return call();
	} finally {
		depth--;
	}
}
