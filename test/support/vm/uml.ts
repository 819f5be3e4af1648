// Virtual machines with User-mode Linux: Debian's kernel as a process of the host. Such a machine boots in a fraction of the time of
// an emulated machine, and has real modules, uevents and udevd under Debian's systemd, but only one processor, no PCI, no USB, no
// signatures and no compressed modules. Its root is that of the other machines. Its writes stay in its memory, and none of the
// host's directories is mounted there.
//
//	const vm = await startUml({
//		init: "systemd",                                             // or "busybox"; by default a script, as in vm.ts
//		devices: umlDevices,
//		files: { "/etc/x": "" },
//		before: "sh /opt/hotplugd/systemd/install.sh",
//		append: "hotplugd=off",
//	});
//	const { stdout } = await vm.run("udevadm settle; lsmod");
//	await vm.stop();
//
// The machine has no hardware buses: a script makes its devices (vm/guest/uml-devices.sh). uml-boot.ts records an unmodified boot
// with them.
import { mkdtempSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordSpan } from "../project/spans.js";
import { guestFile } from "./images/overlay.js";
import { umlSystem } from "./images/uml-system.js";
import { GuestLink } from "./machines/guest-link.js";
import type { Qemu } from "./machines/qemu-process.js";
import { LINE, startKernel } from "./machines/uml-process.js";
import { type Errand, type Machine, type Outcome, runErrand, type Vm } from "./vm.js";

/** Options of a machine of QEMU that a machine under User-mode Linux has as well. */
export interface UmlMachine
	extends Pick<Machine, "init" | "append" | "files" | "before" | "early" | "modulesLate" | "testModules"> {
	/**
	 * sh that makes the devices, such as `umlDevices`, run in the root before `before`, with all modules available. By default
	 * there are none.
	 */
	readonly devices?: string;
}

export type UmlVm = Pick<Vm, "run" | "console" | "stop">;

/** 108 chips on an I2C bus, for all drivers of such chips, and simulated SCSI devices: disk, tape, CD, changer and enclosure. */
export const umlDevices = guestFile("uml-devices.sh").toString();

/** sh for `devices`: an I2C bus with chips of these kinds, and a SCSI disk. */
export function umlChips(...kinds: readonly string[]): string {
	const chips = kinds.map((kind, number) => `echo ${kind} ${0x40 + number} >"\${adapter%/name}/new_device"`);
	return `modprobe i2c-stub chip_addr=0x03
adapter=$(grep -l '^SMBus stub' /sys/bus/i2c/devices/i2c-*/name)
${chips.join("\n")}
modprobe scsi_debug`;
}

/** The machine's memory in MiB. */
const MEMORY_MIB = 1024;

/** Starts a machine, runs one script in it with sh, and stops it. */
export function bootUml(machine: UmlMachine & Errand): Promise<Outcome> {
	return runErrand(startUml, machine);
}

/** Starts a machine. Resolves when it has booted; with `early`, when it takes commands. The caller stops it. */
export async function startUml(machine: UmlMachine): Promise<UmlVm> {
	const { initrd, disks } = await umlSystem(machine);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-uml-"));
	writeFileSync(join(folder, "initrd"), initrd);
	const kernel = startKernel(commandLine(disks, folder, machine.append ?? ""), memoryFolder(folder));
	try {
		await kernel.during(kernel.heard, "take its turn", 40 * 60);
		const begun = performance.now();
		const guest = new GuestLink(kernel.line);
		await kernel.during(guest.ready, "boot", 300);
		if (machine.init === "systemd" && !machine.early) {
			const booted = guest.run("systemctl is-system-running --wait");
			await kernel.during(booted.outcome, "finish booting", 300, booted.partial);
		}
		recordSpan("boot", `User-mode Linux, ${machine.init ?? "script"}`, (performance.now() - begun) / 1000);
		return running(kernel, guest, folder);
	} catch (error) {
		await kernel.stop(folder);
		throw error;
	}
}

function running(kernel: Qemu, guest: GuestLink, folder: string): UmlVm {
	return {
		run(commandLine, seconds = 300) {
			const { outcome, partial } = guest.run(commandLine);
			const ended = kernel.during(outcome, `end \`${commandLine}\``, seconds, partial);
			// A test that fails before it awaits this promise needs no second error.
			ended.catch(() => {});
			return ended;
		},
		console: () => kernel.console,
		stop: () => kernel.stop(folder),
	};
}

/**
 * The flags of ubd are r (read-only) and c (shared). Without c the kernel would lock the images, and no QEMU with them would
 * start.
 */
function commandLine(disks: readonly string[], folder: string, append: string): string[] {
	return [
		...disks.map((image, index) => `ubd${index}rc=${image}`),
		`initrd=${join(folder, "initrd")}`,
		`mem=${MEMORY_MIB}M`,
		...["con=null", "con0=null,fd:1", "ssl=null", `ssl1=fd:${LINE}`],
		...[`uml_dir=${folder}`, "umid=guest", "quiet", "panic=-1"],
		// By default there are 512 legacy terminals, each of which makes a uevent.
		"pty.legacy_count=0",
		// A simulated device has the type that is set at the time of the scan.
		"scsi_mod.scan=sync",
		...append.split(" ").filter((word) => word !== ""),
	];
}

/** The directory of the file that is the machine's memory: in memory of this machine when there is room. */
function memoryFolder(folder: string): string {
	try {
		const { bavail, bsize } = statfsSync("/dev/shm");
		return bavail * bsize > 2 * MEMORY_MIB * 1024 * 1024 ? "/dev/shm" : folder;
	} catch {
		return folder;
	}
}
