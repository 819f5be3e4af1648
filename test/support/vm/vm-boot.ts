// What a boot with systemd came to, read from the guest (see vm/guest/record-boot.sh), and that of Debian's own udev to compare with.
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
	/** When it last left the inactive state and when it last became active, in seconds of the guest since its kernel began; 0: never. */
	readonly begun: number;
	readonly up: number;
}

export interface BootRecord {
	/** The names of the live modules, sorted, once none was coming and their list had stood still for five seconds. */
	readonly modules: readonly string[];
	/** `running`, `degraded`, ... */
	readonly state: string;
	readonly failed: readonly string[];
	/** Services, sockets, targets and mounts that systemd has heard of, by name. */
	readonly units: ReadonlyMap<string, UnitState>;
	/** systemd-analyze's sentence. */
	readonly timings: string;
	/** Lines of the journal at `warning` and above. */
	readonly warnings: readonly string[];
	/** What udevd logged: much, where the kernel command line says udev.log_level=debug. */
	readonly udevLog: readonly string[];
	/** Seconds of the guest from its kernel's begin until everything had stood still for five seconds. */
	readonly uptime: number;
}

/** Waits until a machine with systemd has booted and udev and the list of modules stand still, and reads what became of it. */
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

/** The aliases that udevd's builtin was to load by a rule's plain `kmod load`, and the modules that rules named themselves. */
export function builtinLoads(udevLog: readonly string[]): { readonly aliases: string[]; readonly named: string[] } {
	const runs = udevLog.flatMap((line) => /Running built-in command "kmod load(.*)"$/.exec(line)?.[1] ?? []);
	const named = runs.filter((words) => words !== "").map((words) => words.trim());
	const loads = udevLog.flatMap((line) => /^Loading module: (.*)$/.exec(line)?.[1] ?? []);
	return { aliases: loads.filter((alias) => !named.includes(alias)), named };
}

/** The coldplug devices, and a disk for which a rule of udev's names a module itself (sg). */
export const serviceDevices: readonly string[] = [
	...coldplugDevices,
	...["virtio-scsi-pci,id=hba", "scsi-hd,bus=hba.0,drive=blank7"],
];

let unmodified: Promise<BootRecord> | undefined;

/**
 * Debian's own boot with those devices, udevd's log at debug: made once for a kernel, a root and these devices, and then kept.
 * service-baseline.test.ts holds it equal to a boot made now.
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

/** What was recorded under that name, or is now. */
export async function keptRecord(name: string, record: () => Promise<BootRecord>): Promise<BootRecord> {
	const path = await asset(name, async (draft) => {
		const { units, ...rest } = await record();
		writeFileSync(draft, JSON.stringify({ ...rest, units: [...units] }));
	});
	const { units, ...rest } = JSON.parse(readFileSync(path, "utf8"));
	return { ...rest, units: new Map(units) };
}

/** @param machine where it differs from that, such as `{ initrd: {} }`. */
export async function bootUnmodified(machine: Machine = {}): Promise<BootRecord> {
	const own: Machine = { init: "systemd", devices: serviceDevices, append: "udev.log_level=debug", booted: true };
	const vm = await start({ ...own, ...machine });
	try {
		return await recordBoot(vm);
	} finally {
		await vm.stop();
	}
}
