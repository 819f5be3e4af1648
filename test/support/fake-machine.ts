// A machine in memory for tools: what they print, the devices they find, and a uevent socket that says what the test wants.
import type { UeventListeners } from "../../src/agent/announcements.js";
import type { PresentDevice } from "../../src/agent/devices.js";
import { Refusal } from "../../src/libkmod/kernel.js";
import type { Machine } from "../../src/tools/machine.js";
import { type FakeKernel, type FakeKernelOptions, makeFakeKernel } from "./fake-kernel.js";
import { type World, worldFiles } from "./world.js";

export type FakeMachineOptions = Omit<FakeKernelOptions, "files"> & {
	readonly world: World;
	/** Devices with their aliases. */
	readonly devices?: Readonly<Record<string, string | readonly string[]>>;
	/** Other files, by path. */
	readonly files?: Readonly<Record<string, string>>;
	/** By what errno's name the devices cannot be walked, or the socket not be opened. */
	readonly withoutDevices?: string;
	readonly withoutSocket?: string;
};

export type FakeMachine = Machine & {
	readonly fakeKernel: FakeKernel;
	printed(): string;
	complained(): string;
	/** What the tool asked for: "threads 16", "listen 4096", "walk /sys", in order. */
	readonly asked: readonly string[];
	/** Resolves when the socket is open. */
	readonly listening: Promise<UeventListeners>;
	/** A device comes up. */
	plugIn(device: string, ...aliases: readonly string[]): Promise<void>;
	/** The process gets this signal. */
	signal(name: string): void;
	/** Sockets that were opened and not closed. */
	sockets(): number;
};

export function makeFakeMachine(options: FakeMachineOptions): FakeMachine {
	const { world, devices = {}, withoutDevices, withoutSocket } = options;
	const files = worldFiles(world);
	for (const [path, content] of Object.entries(options.files ?? {})) files.set(path, Buffer.from(content));
	const fakeKernel = makeFakeKernel({ ...options, files });
	const asked: string[] = [];
	const written = { printed: "", complained: "" };
	const onSignal: ((name: string) => void)[] = [];
	let open: (listeners: UeventListeners) => void;
	const listening = new Promise<UeventListeners>((resolve) => {
		open = resolve;
	});
	let sockets = 0;
	let number = 0;

	function* present(sysfs: string): Generator<PresentDevice> {
		asked.push(`walk ${sysfs}`);
		if (withoutDevices !== undefined) throw new Refusal("walk", `${sysfs}/devices`, withoutDevices, 2);
		for (const [name, aliases] of Object.entries(devices))
			yield { devpath: `/devices/${name}`, aliases: [aliases].flat() };
	}

	return {
		environment: {},
		workingDirectory: () => "/work",
		fakeKernel,
		asked,
		listening,
		printed: () => written.printed,
		complained: () => written.complained,
		print(text) {
			written.printed += text.toString();
		},
		complain(text) {
			written.complained += text;
		},
		openSyslog: async () => () => undefined,
		async writeFile(path, content) {
			files.set(path, Buffer.from(content));
		},
		kernel: async () => fakeKernel,
		moduleTree: async () => {
			throw new Error("no test asks a machine in memory for its module files");
		},
		devices: async (sysfs) => ({
			present: () => present(sysfs),
			identify: () => ({ subsystem: undefined, number: undefined, ifindex: undefined }),
			async listen(options) {
				const { receiveBuffer } = typeof options === "number" ? { receiveBuffer: options } : options;
				asked.push(`listen ${receiveBuffer}`);
				return (listeners) => {
					if (withoutSocket !== undefined) throw new Refusal("listen to", "uevents", withoutSocket, 97);
					sockets++;
					open(listeners);
					return { receiveBuffer, drops: () => 0, close: () => void sockets-- };
				};
			},
		}),
		async sizeThreadPool(insertions) {
			asked.push(`threads ${insertions}`);
		},
		onStopSignal: (listener) => void onSignal.push(listener),
		async plugIn(device, ...aliases) {
			const keys = [...aliases.map((alias) => `MODALIAS=${alias}`), `SEQNUM=${++number}`];
			const datagram = Buffer.from(`add@/devices/${device}\0${keys.map((key) => `${key}\0`).join("")}`);
			(await listening).onDrain([datagram]);
		},
		signal(name) {
			for (const listener of onSignal) listener(name);
		},
		sockets: () => sockets,
	};
}
