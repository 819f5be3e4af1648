// Stands between the agent and the system calls of its process: node:fs, sockets' and processes' handles, koffi's functions and the
// netlink package. Calls that src/linux makes are noted, and one of them can be made to fail, once, as the kernel would have it
// fail. What the test itself calls is left alone.
import { EventEmitter } from "node:events";
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";

/** One that is to fail: the first time that its call is made at its place about that subject. */
export type Fault = { readonly call: string; readonly place: string; readonly subject: string; readonly code: string };

/** The calls made, by "call at place", with what they were about. */
export type Calls = ReadonlyMap<string, ReadonlySet<string>>;

type Native = ((...values: unknown[]) => number) & { async: (...values: unknown[]) => void };
type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;

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
function meet(call: string, subject: unknown): string | undefined {
	if (depth > 0) return undefined;
	if (!recording && (fault === undefined || fired || fault.call !== call)) return undefined;
	const place = findPlace();
	return place === undefined ? undefined : meetAt(call, place, nameOf(subject));
}

/** Also of what the event loop brings, which nobody of the agent's is on the stack for. */
function meetAt(call: string, place: string, subject: string): string | undefined {
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
	const places = [...stack.matchAll(/dist\/(src\/linux\/[\w-]+)\.js:(\d+)/g)].map(
		([, file, line]) => `${file}:${line}`,
	);
	return places.find((place) => !/\/(?:syscalls|descriptor):/.test(place)) ?? places[0];
}

function failure(code: string, syscall: string, path: unknown): Error {
	const message = `${code}: injected, ${syscall} '${String(path)}'`;
	return Object.assign(new Error(message), {
		errno: -numberOf(code),
		code,
		syscall,
		...(typeof path === "string" && { path }),
	});
}

/** Files that stand in for others. */
const standIns = new Map<string, string>();

export function standIn(path: string, file: string): void {
	standIns.set(path, file);
}

const SYNC = [
	...[
		"openSync",
		"closeSync",
		"readSync",
		"readFileSync",
		"writeSync",
		"writeFileSync",
		"statSync",
		"lstatSync",
		"fstatSync",
	],
	...[
		"mkdirSync",
		"rmSync",
		"renameSync",
		"unlinkSync",
		"chmodSync",
		"ftruncateSync",
		"fchmodSync",
		"readdirSync",
		"readlinkSync",
	],
	...["existsSync", "opendirSync", "watch"],
];

export function interceptFiles(): void {
	const module = fs as unknown as Record<string, AnyFunction>;
	for (const name of SYNC) {
		const real = module[name]!;
		module[name] = function intercepted(...values) {
			const [first] = values;
			const code = meet(name, first);
			if (code !== undefined) {
				// A descriptor is closed whatever close(2) says.
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
			depth++;
			try {
				return finish(name, real.apply(this, values));
			} finally {
				depth--;
			}
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

type Handle = Record<string, AnyFunction>;

/** libuv's handles, whose methods return an errno as a negative number: what node makes of it is node's own. */
export function interceptHandles(): void {
	const binding = (process as unknown as { binding(name: string): Record<string, { prototype: Handle }> }).binding.bind(
		process,
	);
	const pipe = binding("pipe_wrap").Pipe!.prototype;
	const child = binding("process_wrap").Process!.prototype;
	intercept(pipe, "bind", "Pipe.bind");
	intercept(pipe, "listen", "Pipe.listen");
	intercept(pipe, "connect", "Pipe.connect");
	for (const name of ["writeBuffer", "writev", "writeUtf8String", "writeLatin1String", "writeAsciiString"])
		intercept(pipe, name, "Pipe.write");
	interceptSpawn(child);
	interceptAccept();
}

function intercept(prototype: Handle, name: string, call: string): void {
	const real = prototype[name]!;
	prototype[name] = function intercepted(...values) {
		const code = meet(call, call);
		return code === undefined ? real.apply(this, values) : -numberOf(code);
	};
}

/** libuv opens the ends of the child's pipes whether there is a child or not. */
function interceptSpawn(prototype: Handle): void {
	const real = prototype.spawn!;
	prototype.spawn = function intercepted(options) {
		const code = meet("spawn", (options as { file: string }).file);
		if (code === undefined) return real.call(this, options);
		real.call(this, { ...(options as object), file: "/nowhere/program" });
		return -numberOf(code);
	};
}

/** A server hears of accept(2)'s failures as errors. */
function interceptAccept(): void {
	const { Server } = createRequire(import.meta.url)("node:net") as { Server: { prototype: EventEmitter } };
	const { emit } = EventEmitter.prototype;
	Server.prototype.emit = function intercepted(
		this: EventEmitter & { readonly isOfTheTest?: boolean },
		event,
		...values
	) {
		const code =
			event === "connection" && !this.isOfTheTest
				? meetAt("Pipe.accept", "src/linux/control-socket", "a client")
				: undefined;
		if (code === undefined) return emit.call(this, event, ...values);
		(values[0] as { destroy(): void }).destroy();
		return emit.call(this, "error", failure(code, "accept", "a socket"));
	};
}

/** What the module system calls do here in place of the kernel: they return an errno, or 0. */
export type ModuleCalls = {
	finitModule(fd: number): Promise<number>;
	initModule(image: Uint8Array): Promise<number>;
};

/** To be called before anything loads koffi. */
export async function interceptNative(stand: ModuleCalls): Promise<void> {
	const { default: koffi } = await import("koffi");
	const module = koffi as unknown as { load: AnyFunction; errno: () => number };
	const { load, errno } = module;
	/** Of the call that failed last by a test's will. */
	let injected = 0;
	module.errno = () => {
		const own = injected;
		injected = 0;
		return own || errno();
	};
	module.load = (...path) => {
		const library = load(...path) as { func: (prototype: string) => Native };
		return { ...library, func: (prototype: string) => interceptFunction(prototype, library.func(prototype)) };
	};

	function interceptFunction(prototype: string, real: Native): Native {
		const [, declared = ""] = /(\w+)\(/.exec(prototype) ?? [];
		const call = declared === "syscall" ? "finit_module" : declared;
		const intercepted = (...values: unknown[]): number => {
			// Of an option its level and number, of a lock what is asked for.
			const subject = /sockopt|flock/.test(call) ? `${call} ${values.slice(1, 3).join(" ")}` : call;
			const code = call === "_exit" ? undefined : meet(call, subject);
			injected = code === undefined ? 0 : numberOf(code);
			if (code !== undefined) return -1;
			// The datagrams of a service manager's socket that is not there; a log's own have no address.
			if (call === "sendto" && values[5] !== 0) return Number(values[2]);
			return real(...values);
		};
		const asynchronous = (...values: unknown[]): void => {
			const done = values.at(-1) as (error: unknown, result: number) => void;
			const code = meet(call, call === "finit_module" ? values[1] : call);
			if (call !== "finit_module" && call !== "init_module") {
				real.async(...values);
				return;
			}
			const answer =
				code !== undefined
					? Promise.resolve(numberOf(code))
					: call === "init_module"
						? stand.initModule(values[0] as Uint8Array)
						: stand.finitModule(Number(values[1]));
			void answer.then((number) =>
				setImmediate(() => {
					injected = number;
					done(null, number === 0 ? 0 : -1);
					injected = 0;
				}),
			);
		};
		return Object.assign(intercepted, { async: asynchronous });
	}
}

/** Between these, milliseconds, the agent waits before it tries again: here it is quick. */
const [SHORTEST, LONGEST, QUICK] = [500, 2000, 20];

/** To be called before anything keeps a timer's function. */
export function shortenBackOff(): void {
	const timers = globalThis as unknown as Record<"setTimeout" | "setInterval", AnyFunction>;
	for (const name of ["setTimeout", "setInterval"] as const) {
		const real = timers[name];
		timers[name] = function shortened(listener, delay, ...values) {
			const isBackOff = Number(delay) >= SHORTEST && Number(delay) <= LONGEST;
			return real.call(this, listener, isBackOff ? QUICK : delay, ...values);
		};
	}
}

type Sockets = { RawNetlinkSocket: new (...values: unknown[]) => EventEmitter };

export async function interceptNetlink(): Promise<void> {
	const { default: raw } = await import("netlink/dist/raw.js");
	const module = raw as unknown as Sockets;
	const Real = module.RawNetlinkSocket;
	/** The netlink package's errnos are positive. */
	const failing = (code: string, syscall: string): Error =>
		Object.assign(failure(code, syscall, "netlink"), { errno: numberOf(code) });
	class Intercepted extends Real {
		constructor(...values: unknown[]) {
			const code = meet("Netlink.open", "uevents");
			if (code !== undefined) throw failing(code, "bind");
			super(...values);
			const handle = this as unknown as Record<string, AnyFunction>;
			for (const [name, call] of [
				["addMembership", "Netlink.join"],
				["address", "Netlink.address"],
				["getRecvBufferSize", "Netlink.buffer"],
			] as const) {
				const real = handle[name]!;
				handle[name] = (...given: unknown[]) => {
					const errno = meet(call, name);
					if (errno !== undefined) throw failing(errno, name);
					return real.apply(this, given);
				};
			}
		}
		override emit(event: string | symbol, ...values: unknown[]): boolean {
			const code = event === "message" ? meetAt("Netlink.receive", "src/linux/uevent-drain", "a message") : undefined;
			if (code === undefined) return super.emit(event, ...values);
			return super.emit("error", failing(code, "recvmsg"));
		}
	}
	Object.defineProperty(module, "RawNetlinkSocket", { value: Intercepted, writable: true, configurable: true });
}
