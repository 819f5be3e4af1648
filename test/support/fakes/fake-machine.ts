// A machine in memory for tools: it keeps their output, has devices of the test's choice, and a uevent socket whose messages
// the test sends.

import { parseSettings } from "../../../src/agent/settings/settings-file.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Client, ControlOptions } from "../../../src/ports/control.js";
import type { DeviceIdentity, PresentDevice } from "../../../src/ports/devices.js";
import type { Machine } from "../../../src/ports/machine.js";
import type { InstanceLock } from "../../../src/ports/service.js";
import type { UeventListeners } from "../../../src/ports/uevents.js";
import { until } from "../running/until.js";
import { type World, worldFiles } from "../worlds/world.js";
import { clientOf } from "./client.js";
import { type FakeStates, makeFakeInspection } from "./fake-inspection.js";
import { type FakeKernel, type FakeKernelOptions, makeFakeKernel } from "./fake-kernel.js";

export type FakeMachineOptions = Omit<FakeKernelOptions, "files"> & {
	readonly world: World;
	/** Devices by their names below /devices, with their aliases. */
	readonly devices?: Readonly<Record<string, string | readonly string[]>>;
	/** Other files, by path. */
	readonly files?: Readonly<Record<string, string>>;
	/** What /sys shows of devices and drivers, and the kernel's log; nothing, and an empty log, when absent. */
	readonly states?: FakeStates;
	/** Paths that cannot be written (EROFS). */
	readonly unwritable?: readonly string[];
	/** The names of the errnos with which the walk of the devices fails, and the opening of the socket. */
	readonly withoutDevices?: string;
	readonly withoutSocket?: string;
	/** The identity of a device, with which its record in udev's database is found. */
	readonly identity?: (devpath: string) => Partial<DeviceIdentity>;
	/** The lines that wait in the thin helper's spool. */
	readonly spooled?: readonly string[];
	/** Answers the lines that are sent to any other socket. */
	readonly companion?: (line: string) => string;
	/** The lock of the run directory; a free one when absent. */
	readonly lock?: InstanceLock;
	/** Milliseconds within which the service manager expects a sign of life; no watchdog when absent. */
	readonly watchdogMilliseconds?: number;
};

export type FakeMachine = Machine & {
	readonly fakeKernel: FakeKernel;
	printed(): string;
	complained(): string;
	/** The tool's calls of the machine, in order: "threads 16", "listen 4096", "walk /sys". */
	readonly asked: readonly string[];
	/** The calls of the insertion process, in order: "insertions 32", "closed". */
	readonly insertionProcess: readonly string[];
	/** Resolves when the socket is open. */
	readonly listening: Promise<UeventListeners>;
	/** Announces that a device comes up (action "add"). */
	plugIn(device: string, ...aliases: readonly string[]): Promise<void>;
	/** Announces another action of a device. */
	tellOf(action: string, device: string): Promise<void>;
	/** Sends this signal to the process. */
	signal(name: string): void;
	/** The agent's messages to the service manager. */
	readonly said: readonly string[];
	/** The commands of policy's rules that were run, each after its action. */
	readonly commands: readonly string[];
	/** The lines that the agent put into the spool. */
	readonly left: readonly string[];
	hasFile(path: string): boolean;
	/** The content of a file. Undefined when there is none. */
	fileOf(path: string): string | undefined;
	removeFile(path: string): void;
	/** Tells the watchers of directories that something in them has changed. */
	hint(): void;
	/** Replaces the files of the world, as depmod and an editor of modprobe.d would. */
	writeWorld(anew: World): void;
	/** Sends a request to the control socket. Resolves with the answer. */
	ask(request: object, client?: Client): Promise<{ readonly ok: boolean; readonly [field: string]: unknown }>;
	/** Sends a line to the thin helper's socket. Resolves with the answer. */
	askToLoad(line: string): Promise<string>;
	/** The number of open uevent sockets. */
	sockets(): number;
};

export function makeFakeMachine(options: FakeMachineOptions): FakeMachine {
	const { world, devices = {}, withoutDevices, withoutSocket, identity = () => ({}) } = options;
	const files = worldFiles(world);
	for (const [path, content] of Object.entries(options.files ?? {}))
		files.set(path, typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content));
	const fakeKernel = makeFakeKernel({ ...options, files });
	const asked: string[] = [];
	const insertionProcess: string[] = [];
	const written = { printed: "", complained: "" };
	const onSignal: ((name: string) => void)[] = [];
	const onReload: (() => void)[] = [];
	const commands: string[] = [];
	const left: string[] = [];
	const said: string[] = [];
	const onHints: (() => void)[] = [];
	const controls = new Map<string, ControlOptions["answer"]>();
	let open: (listeners: UeventListeners) => void;
	const listening = new Promise<UeventListeners>((resolve) => {
		open = resolve;
	});
	let sockets = 0;
	let number = 0;

	function* present(sysfs: string): Generator<PresentDevice> {
		asked.push(`walk ${sysfs}`);
		if (withoutDevices !== undefined)
			throw new Refusal({ operation: "walk", subject: `${sysfs}/devices`, code: withoutDevices, errno: 2 });
		for (const [name, aliases] of Object.entries(devices))
			yield { devpath: `/devices/${name}`, aliases: [aliases].flat() };
	}

	return {
		environment: {},
		workingDirectory: () => "/work",
		rulesDirectory: "/usr/share/hotplugd/rules",
		architecture: async () => "x86_64",
		fakeKernel,
		asked,
		insertionProcess,
		listening,
		printed: () => written.printed,
		complained: () => written.complained,
		print(text) {
			written.printed += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
		},
		complain(text) {
			written.complained += text;
		},
		async openReports() {
			return { print: (text) => this.print(text), complain: (text) => this.complain(text), close: async () => 0 };
		},
		openSyslog: async () => () => undefined,
		async writeFile(path, content) {
			files.set(path, typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content));
		},
		async writeWholeFile(path, content) {
			if (options.unwritable?.includes(path))
				throw new Refusal({ operation: "write", subject: path, code: "EROFS", errno: 30 });
			files.set(path, typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content));
		},
		kernel: async () => fakeKernel,
		parseSettings: async (...settings) => parseSettings(...settings),
		moduleTree: async () => {
			throw new Error("no test asks a machine in memory for its module files");
		},
		captureFiles: async () => {
			throw new Error("no test asks a machine in memory for the files of captures");
		},
		openCaptured: async () => {
			throw new Error("no test opens a capture on a machine in memory");
		},
		fleet: async () => {
			throw new Error("no test asks a machine in memory for threads");
		},
		devices: async (sysfs) => ({
			present: () => present(sysfs),
			identify: ({ devpath }) => ({
				subsystem: undefined,
				number: undefined,
				ifindex: undefined,
				...identity(devpath),
			}),
			async listen(options) {
				const { receiveBuffer } = options;
				asked.push(`listen ${receiveBuffer}`);
				return (listeners) => {
					if (withoutSocket !== undefined)
						throw new Refusal({ operation: "listen to", subject: "uevents", code: withoutSocket, errno: 97 });
					sockets++;
					open(listeners);
					return { receiveBuffer, drops: () => 0, waiting: () => 0, close: () => void sockets-- };
				};
			},
		}),
		async inspect(sysfs) {
			asked.push(`inspect ${sysfs}`);
			return makeFakeInspection(options.states);
		},
		async beginInsertionProcess({ insert }) {
			return {
				size: (insertions) => void insertionProcess.push(`insertions ${insertions}`),
				insert,
				close: async () => void insertionProcess.push("closed"),
			};
		},
		endNow: async (status) => void asked.push(`end with ${status}`),
		trimMemory: async () => undefined,
		async sizeThreadPool(insertions) {
			asked.push(`threads ${insertions}`);
		},
		onStopSignal: (listener) => void onSignal.push(listener),
		onReloadSignal: (listener) => void onReload.push(listener),
		service: async () => ({
			lockInstance: async () => options.lock ?? { held: true, release: () => undefined },
			async listenControl({ path, answer }) {
				controls.set(path.slice(path.lastIndexOf("/") + 1), answer);
				return { close: async () => void controls.delete(path) };
			},
			readiness: async () => ({
				ready: () => void said.push("ready"),
				reloading: () => void said.push("reloading"),
				stopping: () => void said.push("stopping"),
				status: (text) => void said.push(text),
				watchdogMilliseconds: options.watchdogMilliseconds,
				watchdog: () => void said.push("watchdog"),
			}),
			async watchDirectories({ onHint }) {
				onHints.push(onHint);
				return {
					follow: (directories) => void asked.push(`watch ${directories.join(" ")}`),
					refresh: () => undefined,
					close: () => void onHints.splice(onHints.indexOf(onHint), 1),
				};
			},
			mark: (path, present) => void (present ? files.set(path, Buffer.alloc(0)) : files.delete(path)),
			async runCommand({ command, environment }) {
				commands.push(`${environment.ACTION} ${command.join(" ")}`);
				return { exitStatus: 0, timedOut: false, complaint: "" };
			},
			async replaceFile(path, content) {
				files.set(path, typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content));
			},
			async ask(_, line) {
				if (options.companion === undefined) throw new Error("no test asks another agent");
				return Buffer.from(options.companion(line));
			},
			openLog: async () => ({
				offer: () => undefined,
				write: (line) => {
					written.printed += line;
				},
				close: async () => 0,
			}),
			async putSpooled(_, line) {
				left.push(String(line));
			},
			takeSpooled: async () => (options.spooled ?? []).map((line) => Buffer.from(line)),
			acceptConnection: async () => {
				throw new Error("no test is started for a connection");
			},
		}),
		said,
		commands,
		left,
		fileOf: (path) => files.get(path)?.toString("latin1"),
		hasFile: (path) => files.has(path),
		removeFile: (path) => void files.delete(path),
		hint() {
			for (const onHint of onHints) onHint();
		},
		writeWorld(anew) {
			for (const [path, content] of worldFiles(anew)) files.set(path, content);
		},
		async ask(request, client = clientOf()) {
			// When the socket listens already, the request reaches the agent before this function returns.
			if (!controls.has("control")) await until(() => controls.has("control"));
			return JSON.parse(String(await controls.get("control")!(Buffer.from(JSON.stringify(request)), client)));
		},
		async askToLoad(line) {
			// When the socket listens already, the line reaches the agent before this function returns.
			if (!controls.has("load")) await until(() => controls.has("load"));
			return String(await controls.get("load")!(Buffer.from(line), clientOf()));
		},
		async tellOf(action, device) {
			(await listening).onDrain([Buffer.from(`${action}@/devices/${device}\0SEQNUM=${++number}\0`)]);
		},
		async plugIn(device, ...aliases) {
			const keys = [...aliases.map((alias) => `MODALIAS=${alias}`), `SEQNUM=${++number}`];
			const datagram = Buffer.from(`add@/devices/${device}\0${keys.map((key) => `${key}\0`).join("")}`);
			(await listening).onDrain([datagram]);
		},
		signal(name) {
			if (name === "SIGHUP") for (const listener of onReload) listener();
			else for (const listener of onSignal) listener(name);
		},
		sockets: () => sockets,
	};
}
