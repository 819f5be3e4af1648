// Intercepts the native packages for the agent: koffi's functions, including those of the kernel's module loader, and the socket
// of the netlink package. Also shortens the agent's longer timers.
import type { EventEmitter } from "node:events";
import { type AnyFunction, failure, meet, meetAt, numberOf } from "./interception.js";

type Native = ((...values: unknown[]) => number) & { async: (...values: unknown[]) => void };

/** Replacements for the module system calls. Each resolves to an errno, or 0. */
export type ModuleCalls = {
	finitModule(fd: number): Promise<number>;
	initModule(image: Uint8Array): Promise<number>;
};

/** Must be called before koffi is loaded. */
export async function interceptNative(stand: ModuleCalls): Promise<void> {
	const { default: koffi } = await import("koffi");
	const module = koffi as unknown as { load: AnyFunction; errno: () => number };
	const { load, errno } = module;
	/** The errno of the last call that failed on purpose, or 0. */
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
			// The level and name of a socket option, or the operation of a lock.
			const subject = /sockopt|flock/.test(call) ? `${call} ${values.slice(1, 3).join(" ")}` : call;
			const code = call === "_exit" ? undefined : meet(call, subject);
			injected = code === undefined ? 0 : numberOf(code);
			if (code !== undefined) return -1;
			// A datagram with an address goes to the service manager's socket, which does not exist here; datagrams of the log
			// have no address.
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

type Sockets = { RawNetlinkSocket: new (...values: unknown[]) => EventEmitter };

export async function interceptNetlink(): Promise<void> {
	const { default: raw } = await import("netlink/dist/raw.js");
	const module = raw as unknown as Sockets;
	const Real = module.RawNetlinkSocket;
	/** The netlink package's errors have positive errnos. */
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
			const code =
				event === "message" ? meetAt("Netlink.receive", "src/linux/devices/uevent-drain", "a message") : undefined;
			if (code === undefined) return super.emit(event, ...values);
			return super.emit("error", failing(code, "recvmsg"));
		}
	}
	Object.defineProperty(module, "RawNetlinkSocket", { value: Intercepted, writable: true, configurable: true });
}

/** Timers from the shortest to the longest of these are the agent's back-off, and take the quick time here. */
const [SHORTEST_MILLISECONDS, LONGEST_MILLISECONDS, QUICK_MILLISECONDS] = [500, 2000, 20];

/** Must be called before any code keeps a reference to a timer's function. */
export function shortenBackOff(): void {
	const timers = globalThis as unknown as Record<"setTimeout" | "setInterval", AnyFunction>;
	for (const name of ["setTimeout", "setInterval"] as const) {
		const real = timers[name];
		timers[name] = function shortened(listener, delay, ...values) {
			const isBackOff = Number(delay) >= SHORTEST_MILLISECONDS && Number(delay) <= LONGEST_MILLISECONDS;
			return real.call(this, listener, isBackOff ? QUICK_MILLISECONDS : delay, ...values);
		};
	}
}
