// Records of boots with systemd, read from the guest (see vm/guest/record-boot.sh), and the recorded boot of Debian's own udev as
// the reference.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { sectionsOf } from "../project/sections.js";
import { asset, digest } from "./images/cache.js";
import { kernelPackage } from "./images/kernel-package.js";
import { projectRoot } from "./images/project-image.js";
import { rootImage } from "./images/root-image.js";
import { coldplugDevices, type Machine, start, type Vm } from "./vm.js";

export const recorder = join(projectRoot, "test/support/vm/guest/record-boot.sh");

export interface UnitState {
	/** ActiveState and SubState, such as `active` and `exited`. */
	readonly active: string;
	readonly sub: string;
	/**
	 * Times in seconds since the guest's kernel started; 0 means never. `begun`: when the unit last left the inactive state;
	 * `up`: when it last became active.
	 */
	readonly begun: number;
	readonly up: number;
}

export interface BootRecord {
	/** Names of the live modules, sorted, read when no module was coming and the list had not changed for five seconds. */
	readonly modules: readonly string[];
	/** `running`, `degraded`, ... */
	readonly state: string;
	readonly failed: readonly string[];
	/** Services, sockets, targets and mounts that systemd knows, by name. */
	readonly units: ReadonlyMap<string, UnitState>;
	/** The output of systemd-analyze. */
	readonly timings: string;
	/** Lines of the journal at `warning` and above. */
	readonly warnings: readonly string[];
	/** Lines of udevd's log: many with udev.log_level=debug on the kernel command line. */
	readonly udevLog: readonly string[];
	/** Seconds from the start of the guest's kernel until nothing had changed for five seconds. */
	readonly uptime: number;
}

/** Waits until a machine with systemd has booted, and udev and the list of modules have come to rest, and reads the record. */
export async function recordBoot(vm: Pick<Vm, "run">): Promise<BootRecord> {
	const { stdout, stderr, status } = await vm.run("sh /vm/record-boot", 600);
	if (status !== 0 || stderr !== "") throw new Error(`the boot could not be recorded: ${stderr}`);
	const { uptime, modules, state, failed, units, timings, warnings, udevd } = sectionsOf(stdout);
	return {
		modules: modules ?? [],
		state: state?.[0] ?? "",
		failed: failed ?? [],
		units: new Map((units ?? []).flatMap(parseUnit)),
		timings: timings?.[0] ?? "",
		warnings: warnings ?? [],
		udevLog: udevd ?? [],
		uptime: Number(uptime?.[0]),
	};
}

function parseUnit(line: string): [string, UnitState][] {
	const property = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
	const seconds = (name: string) => Number(property(name)) / 1e6;
	const unit = {
		active: property("ActiveState"),
		sub: property("SubState"),
		begun: seconds("InactiveExitTimestampMonotonic"),
		up: seconds("ActiveEnterTimestampMonotonic"),
	};
	return property("Id") === "" ? [] : [[property("Id"), unit]];
}

/** The aliases that a rule's plain `kmod load` gave to udevd's builtin, and the modules that rules named themselves. */
export function builtinLoads(udevLog: readonly string[]): { readonly aliases: string[]; readonly named: string[] } {
	const runs = udevLog.flatMap((line) => /Running built-in command "kmod load(.*)"$/.exec(line)?.[1] ?? []);
	const named = runs.filter((words) => words !== "").map((words) => words.trim());
	const loads = udevLog.flatMap((line) => /^Loading module: (.*)$/.exec(line)?.[1] ?? []);
	return { aliases: loads.filter((alias) => !named.includes(alias)), named };
}

/** The coldplug devices, and a disk for which a rule of udev names a module (sg). */
export const serviceDevices: readonly string[] = [
	...coldplugDevices,
	...["virtio-scsi-pci,id=hba", "scsi-hd,bus=hba.0,drive=blank7"],
];

let unmodified: Promise<BootRecord> | undefined;

/**
 * Debian's own boot with those devices and udevd's log level debug. It is made once for a kernel, a root and these devices, and
 * then kept. service-baseline.test.ts checks that a boot made now is equal.
 */
export function unmodifiedBoot(): Promise<BootRecord> {
	unmodified ??= recallUnmodified();
	return unmodified;
}

async function recallUnmodified(): Promise<BootRecord> {
	const { release, version } = await kernelPackage();
	const key = digest(basename(await rootImage("systemd")), ...serviceDevices, readFileSync(recorder));
	return await keptRecord(`unmodified-boot-${release}_${version}-${key}.json`, () => bootUnmodified());
}

/** The record kept under that name; `record` makes it when there is none. */
export async function keptRecord(name: string, record: () => Promise<BootRecord>): Promise<BootRecord> {
	const path = await asset(name, async (draft) => {
		const { units, ...rest } = await record();
		writeFileSync(draft, JSON.stringify({ ...rest, units: [...units] }));
	});
	const { units, ...rest } = JSON.parse(readFileSync(path, "utf8"));
	return { ...rest, units: new Map(units) };
}

/** @param machine differences from that machine, such as `{ initrd: {} }` */
export async function bootUnmodified(machine: Machine = {}): Promise<BootRecord> {
	const own: Machine = { init: "systemd", devices: serviceDevices, append: "udev.log_level=debug", booted: true };
	const vm = await start({ ...own, ...machine });
	try {
		return await recordBoot(vm);
	} finally {
		await vm.stop();
	}
}
