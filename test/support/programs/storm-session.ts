// Sends a storm of uevents to a daemon. The argument names the storm; the result is printed as JSON.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { formatUdevMessage } from "../fakes/udev-message.js";
import {
	addDevice,
	type Daemon,
	type LogLine,
	launch,
	looked,
	mountDevices,
	preparePlace,
	startDaemon,
} from "../running/agent-session.js";
import { formatUevent, injectUevents, type UeventSender } from "../running/uevent-injector.js";

export const stormSession = fileURLToPath(import.meta.url);

const BURST = 20_000;
const MODULES = 200;
const names = Array.from({ length: MODULES }, (_, i) => `storm${i}`);
const world = {
	modules: { first: [], second: [], spoofed: [], ...Object.fromEntries(names.map((name) => [name, []])) },
	aliases: {
		"pci:first": "first",
		"pci:second": "second",
		"pci:spoofed": "spoofed",
		...Object.fromEntries(names.map((name) => [`usb:${name}d*`, name])),
	},
};

const announce = (device: string, alias: string) =>
	formatUevent("add", `/devices/${device}`, [
		["SUBSYSTEM", "usb"],
		["MODALIAS", alias],
	]);
const isOf = (message: string) => (line: LogLine) => line.msg === message;
const isLook = isOf("looked at all devices");
const isLoss = isOf("uevents were lost: looking at all devices again");
const isRefusal = isOf("refused forged uevents");
const readSeqnum = () => Number(readFileSync("/sys/kernel/uevent_seqnum", "latin1"));

/** Plugs a device in, and waits for its module. */
async function plug(daemon: Daemon, module: "first" | "second"): Promise<void> {
	addDevice(`/devices/${module}`, `pci:${module}`);
	injectUevents([announce(module, `pci:${module}`)]);
	await daemon.until(() => daemon.log.some((line) => line.module === module));
}

/** User and system time, in milliseconds: /proc/PID/stat counts hundredths of a second. */
function cpuTime({ process: { pid } }: Daemon): number {
	const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
	const [user, system] = fields.split(" ").slice(11, 13).map(Number);
	return 10 * (user! + system!);
}

async function endSpoofed(daemon: Daemon, count: number): Promise<unknown> {
	await daemon.until(() => daemon.log.some((line) => isRefusal(line) && line.refused === count));
	const ended = await daemon.stop();
	const told = daemon.log.findLast(isRefusal);
	return {
		refused: told?.refused,
		level: told?.level,
		looks: daemon.log.filter(isLook).length,
		inserted: daemon.inserted(),
		ended,
	};
}

const storms: Readonly<Record<string, () => Promise<unknown>>> = {
	async overflow() {
		const place = preparePlace(world, { receive_buffer_bytes: 4096, log_level: "debug" });
		const daemon = launch(place, { logsToFile: true });
		await looked(daemon);
		const devices = Array.from({ length: BURST }, (_, i) => [`bus/${i}`, `usb:${names[i % MODULES]}d${i}`] as const);
		for (const [device, alias] of devices) addDevice(`/devices/${device}`, alias);
		// A stopped agent cannot keep up, however the machine shares its processors.
		daemon.process.kill("SIGSTOP");
		injectUevents(devices.map(([device, alias]) => announce(device, alias)));
		daemon.process.kill("SIGCONT");
		const decided = new Set<unknown>();
		let read = 0;
		await daemon.until(() => {
			for (; read < daemon.log.length; read++) decided.add(daemon.log[read]!.alias);
			decided.delete(undefined);
			return decided.size === BURST && new Set(daemon.inserted()).size === MODULES;
		});
		const drops = daemon.drops();
		await plug(daemon, "first");
		const ended = await daemon.stop();
		const inserted = daemon.inserted();
		const missed = devices.filter(([, alias]) => !decided.has(alias)).length;
		const looks = daemon.log.filter(isLook).length;
		const twice = inserted.length - new Set(inserted).size;
		return { drops, losses: daemon.log.filter(isLoss).length, looks, missed, twice, inserted: inserted.length, ended };
	},

	async elsewhere() {
		const daemon = await startDaemon(world);
		await plug(daemon, "first");
		const before = readSeqnum();
		const fifty = "for i in $(seq 50); do unshare -n true || exit 1; done";
		const all = `for j in 1 2 3 4; do (${fifty}) & jobs="$jobs $!"; done; for j in $jobs; do wait $j || exit 1; done`;
		execFileSync("sh", ["-c", all]);
		const movedBy = readSeqnum() - before;
		await plug(daemon, "second");
		// Longer than the quiet time, after which the agent checks for losses once more.
		await setTimeout(300);
		const ended = await daemon.stop();
		const count = (is: (line: LogLine) => boolean) => daemon.log.filter(is).length;
		return { movedBy, looks: count(isLook), losses: count(isLoss), inserted: daemon.inserted(), ended };
	},

	async spoof() {
		const daemon = await startDaemon(world);
		const spoof = (count: number, sender: UeventSender) =>
			injectUevents(Array<Buffer>(count).fill(announce("spoofed", "pci:spoofed")), sender);
		spoof(5, { unicast: daemon.port() });
		spoof(7, { multicast: 1 });
		spoof(9, { multicast: 2 });
		await plug(daemon, "first");
		return endSpoofed(daemon, 12);
	},

	async spoofUdev() {
		const daemon = await startDaemon(world, { source: "udev" });
		const asUdev = (module: string) =>
			formatUdevMessage(`ACTION=add\0DEVPATH=/devices/${module}\0SUBSYSTEM=usb\0MODALIAS=pci:${module}\0`);
		const forged = [asUdev("spoofed"), announce("spoofed", "pci:spoofed")];
		injectUevents(forged, { unicast: daemon.port() });
		injectUevents(forged, { multicast: 1 });
		injectUevents([announce("spoofed", "pci:spoofed")]);
		// The sender is root of the network namespace, as udev is.
		injectUevents([asUdev("first")], { multicast: 2 });
		await daemon.until(() => daemon.log.some((line) => line.module === "first"));
		return endSpoofed(daemon, forged.length);
	},

	async noAlias() {
		const daemon = await startDaemon(world);
		const noise = (from: number) =>
			Array.from({ length: BURST / 20 }, (_, i) =>
				formatUevent(i % 2 === 0 ? "add" : "change", `/devices/virtual/block/loop${from + i}`, [
					["SUBSYSTEM", "block"],
					["DEVNAME", `loop${from + i}`],
				]),
			);
		await plug(daemon, "first");
		const before = cpuTime(daemon);
		for (let from = 0; from < BURST; from += BURST / 20) injectUevents(noise(from));
		await plug(daemon, "second");
		const milliseconds = cpuTime(daemon) - before;
		const drops = daemon.drops();
		const ended = await daemon.stop();
		return { handled: BURST - drops, drops, milliseconds, inserted: daemon.inserted(), ended };
	},
};

const storm = storms[process.argv[2] ?? ""];
if (process.argv[1] === stormSession && storm) {
	mountDevices();
	console.log(JSON.stringify(await storm()));
}
