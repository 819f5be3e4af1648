// What a tool is given of the machine it runs on. main.ts plugs in the real one; a test's is an object literal.
import type { OpenUeventSocket } from "../agent/announcements.js";
import type { PresentDevice } from "../agent/devices.js";
import type { Kernel } from "../libkmod/kernel.js";

export interface Machine {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Writes to standard output: everything is written when it returns. */
	print(text: string | Uint8Array): void;
	/** The same to standard error. */
	complain(text: string): void;
	/** The running kernel, `sysfs` being where its /sys is. Only asked for by what needs it: --help does not. */
	kernel(options?: { readonly sysfs?: string }): Promise<Kernel>;
	/** The devices below a sysfs such as /sys, and the socket that announces new ones. */
	devices(sysfs: string): Promise<DeviceSources>;
	/** Makes room for so many insertions at once; to be called before anything asynchronous is. */
	sizeThreadPool(insertions: number): Promise<void>;
	/** Calls the listener at SIGTERM and SIGINT instead of ending at once. */
	onStopSignal(listener: (signal: string) => void): void;
}

export interface DeviceSources {
	present(): Iterable<PresentDevice>;
	/** Loads what it takes to listen, asking for so many bytes of receive buffer. Before that nothing native is loaded. */
	listen(receiveBuffer: number): Promise<OpenUeventSocket>;
}
