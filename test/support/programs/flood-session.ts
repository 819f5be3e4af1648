// Floods a daemon with 200,000 uevents as fast as the kernel takes them. The argument names the flood; the result is printed as
// JSON.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setInterval, setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { addDevice, type Daemon, mountDevices, startDaemon } from "../running/agent-session.js";
import { compile } from "../running/c-program.js";
import { askForDelay, delayEnvironment, processorTime, residentSize } from "../running/daemon-figures.js";
import { formatRecords, formatUevent, injectUevents } from "../running/uevent-injector.js";

export const floodSession = fileURLToPath(import.meta.url);

export type Flooded = {
	/** Uevents a second that the writer sent, and that the agent read from the receive buffer. */
	readonly written: number;
	readonly handled: number;
	readonly drops: number;
	readonly looks: number;
	/** Modules whose only alias came once in the flood: those never inserted, and those inserted more than once. */
	readonly missing: number;
	readonly twice: number;
	/** Modules that hung during the whole flood, and were live in the end. */
	readonly hung: number;
	/** Microseconds of processor time for each uevent that was received. */
	readonly microseconds: number;
	/** Resident memory in MiB: before the flood, its maximum, and after the daemon has settled. */
	readonly memory: { readonly before: number; readonly peak: number; readonly after: number };
	/** Delays of the event loop in milliseconds. */
	readonly delay: { readonly p99: number; readonly longest: number };
	readonly ended: object;
};

const FLOOD = 200_000;
const MODULES = 1000;
const HUNG = 16;
const SETTLE_MILLISECONDS = 300;

const folder = mkdtempSync(join(tmpdir(), "flood-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const release = join(folder, "release");

const once1000 = Array.from({ length: MODULES }, (_, i) => `once${i}`);
const hung = Array.from({ length: HUNG }, (_, i) => `hung${i}`);
const world = {
	modules: Object.fromEntries(["stick", ...once1000, ...hung].map((name) => [name, []])),
	aliases: {
		"usb:stick*": "stick",
		...Object.fromEntries(once1000.map((name) => [`usb:${name}`, name])),
		...Object.fromEntries(hung.map((name) => [`usb:${name}d*`, name])),
	},
	config: hung.map((name) => `options ${name} standin.until=${release}\n`).join(""),
};

const announce = (action: string, device: string, alias?: string) =>
	formatUevent(action, `/devices/${device}`, [
		["SUBSYSTEM", "usb"],
		["DEVTYPE", "usb_device"],
		...(alias === undefined ? [["DEVNAME", device] as const] : [["MODALIAS", alias] as const]),
	]);

/**
 * Uevents between the aliases that come once: devices that come again and again, unknown aliases, and uevents without an alias.
 */
function commonNoise(i: number): Buffer {
	if (i % 2 === 0) return announce("change", `virtual/block/loop${i % 512}`);
	if (i % 4 === 1) return announce("add", `bus/odd${i}`, `usb:odd${i}`);
	return announce("add", `bus/stick${i % 1000}`, `usb:stick${i % 1000}`);
}

/** Each uevent is of another device. */
const noiseForHung = (i: number): Buffer => announce("add", `bus/${i}`, `usb:${hung[i % HUNG]}d${i}`);

/** A flood with a thousand aliases that come once each, spread evenly among the noise. */
function makeFlood(noise: (i: number) => Buffer): Buffer {
	const every = FLOOD / MODULES;
	const messages = Array.from({ length: FLOOD }, (_, i) =>
		i % every === every / 2 ? announceOnce(Math.floor(i / every)) : noise(i),
	);
	return formatRecords(messages);
}

const announceOnce = (i: number): Buffer => announce("add", `bus/${once1000[i]}`, `usb:${once1000[i]}`);

type Flood = {
	readonly settings?: Parameters<typeof startDaemon>[1];
	/** Whether the devices are in a /sys of this process. Otherwise the machine's own /sys is used. */
	readonly ownDevices: boolean;
	readonly write: () => Promise<void>;
};

async function flood({ settings, ownDevices, write }: Flood): Promise<Flooded> {
	if (ownDevices) mountDevices();
	const delays = join(folder, "delays");
	// The first insertion starts threads, for example: its cost does not count for the flood.
	const daemon = await startDaemon(world, settings, delayEnvironment(delays));
	injectUevents([announce("add", "bus/stick", "usb:stick")]);
	await daemon.until(() => daemon.inserted().includes("stick"));
	if (ownDevices) for (const name of once1000) addDevice(`/devices/bus/${name}`, `usb:${name}`);
	await setTimeout(SETTLE_MILLISECONDS);
	await askForDelay(daemon, delays);
	const [before, time, begun] = [residentSize(daemon), processorTime(daemon), performance.now()];
	const watch = watchPeak(daemon);
	await write();
	const written = performance.now() - begun;
	await daemon.until(() => daemon.waiting() === 0);
	const handled = performance.now() - begun;
	await daemon.until(() => countInserted(daemon, "once") >= MODULES);
	const microseconds = (1000 * (processorTime(daemon) - time)) / (FLOOD - daemon.drops());
	const delay = await askForDelay(daemon, delays);
	const settled = performance.now();
	await daemon.until(() => residentSize(daemon) < before + 20 || performance.now() - settled > 30_000);
	const after = residentSize(daemon);
	const peak = await watch.stop();
	const drops = daemon.drops();
	const hanging = daemon.inserted().filter((name) => name.startsWith("hung")).length;
	writeFileSync(release, "");
	// An agent that is told to stop would not wait for hung modules.
	await daemon.until(() => countInserted(daemon, "hung") === hanging);
	const ended = await daemon.stop();
	const names = daemon.inserted();
	return {
		written: Math.round((1000 * FLOOD) / written),
		handled: Math.round((1000 * (FLOOD - drops)) / handled),
		drops,
		looks: daemon.log.filter(({ msg }) => msg === "looked at all devices").length,
		missing: once1000.filter((name) => !names.includes(name)).length,
		twice: names.length - new Set(names).size,
		hung: countInserted(daemon, "hung"),
		microseconds: Math.round(10 * microseconds) / 10,
		memory: { before, peak, after },
		delay,
		ended,
	};
}

/** The number of inserted modules by the log, which is cheaper to read than the stand-in's record. */
function countInserted(daemon: Daemon, prefix: string): number {
	return daemon.log.filter(({ module, result }) => result === "inserted" && String(module).startsWith(prefix)).length;
}

function watchPeak(daemon: Daemon): { stop(): Promise<number> } {
	let peak = 0;
	const ended = new AbortController();
	const watching = (async () => {
		for await (const _ of setInterval(50, undefined, { signal: ended.signal }))
			peak = Math.max(peak, residentSize(daemon));
	})().catch(() => undefined);
	return {
		async stop() {
			ended.abort();
			await watching;
			return peak;
		},
	};
}

/** Sends the records as the kernel's uevents. Resolves when the kernel has taken all of them. */
async function inject(records: Buffer): Promise<void> {
	const writer = spawn(compile("uevent-injector"), ["kernel"], { stdio: ["pipe", "inherit", "inherit"] });
	writer.stdin.end(records);
	await success(writer);
}

async function success(child: ChildProcess): Promise<void> {
	const [status] = await once(child, "exit");
	if (status !== 0) throw new Error(`${child.spawnfile} ended with ${status}`);
}

/** Floods by writing to uevent files: half of the uevents are "change", half "add", with the aliases among them. */
async function floodByRealDevices(): Promise<void> {
	const writer = compile("uevent-writer");
	const halves = ["change", "add"].map((action) =>
		success(spawn(writer, [action, String(FLOOD / 2)], { stdio: ["ignore", "ignore", "inherit"] })),
	);
	for (let i = 0; i < MODULES; i += MODULES / 10)
		await inject(formatRecords(once1000.slice(i, i + MODULES / 10).map((_, place) => announceOnce(i + place))));
	await Promise.all(halves);
}

const floods: Readonly<Record<string, () => Promise<Flooded>>> = {
	common: () => ofNoise(commonNoise),
	tooMuch: () => ofNoise(commonNoise, { receive_buffer_bytes: 4096 }),
	hung: () => ofNoise(noiseForHung, { hung_seconds: 1, parallel: HUNG }),
	realDevices: () => flood({ ownDevices: false, write: floodByRealDevices }),
};

function ofNoise(noise: (i: number) => Buffer, settings: Flood["settings"] = {}): Promise<Flooded> {
	const records = makeFlood(noise);
	return flood({ settings, ownDevices: true, write: () => inject(records) });
}

const chosen = floods[process.argv[2] ?? ""];
if (process.argv[1] === floodSession && chosen) console.log(JSON.stringify(await chosen()));
