// Virtual machines with Debian's kernel under QEMU. A test consists of a literal, the machine, and of expectations:
//
//	vmTest("a driver is loaded once", async t => {                   // from vm-test.ts
//		const { stdout } = await boot({
//			devices: coldplugDevices,                                  // values of -device
//			append: "modprobe.blacklist=e1000",                        // appended to the kernel command line
//			files: { "/etc/modprobe.d/x.conf": "options loop max_loop=3\n" },
//			modules: "xz",                                             // compression of /lib/modules; by default "plain"
//			script: "coldplug; lsmod",                                 // run by sh as root; no udevd, no init system
//		});
//		t.regex(stdout, /^loop /m);
//	});
//
//	const vm = await start({ devices: ["pcie-root-port,id=port,chassis=1,slot=1"], testModules: true });
//	const daemon = vm.run("exec hotplugd run");                       // several commands may run at once
//	await vm.qmp("device_add", { driver: "e1000e", bus: "port", id: "nic" });
//	await vm.run("kill -TERM $(pidof node)");
//	const { status, stdout, stderr } = await daemon;
//	await vm.stop();
//
// The guest has hotplugd as built, in /opt/hotplugd (`hotplugd` and `coldplug` are on PATH); this program's node; Debian's minimal
// system with kmod, udev (not started; see guest/functions.sh, `. /vm/functions`) and busybox. Writes to its disks are lost when the
// machine stops. Back ends for devices: block devices `blank0` to `blank7` (64 MiB of zeros, one device each), character devices
// `nowhere0` to `nowhere3`, `silence` (audio), `can` (CAN bus). All processes together run two machines at a time.
//
// A machine continues from the state of a machine that was frozen during its boot (machines/frozen-machine.ts): with a script as
// process 1, in the guest's root, with node's pages in memory; with another process 1, in the initramfs, so that process 1 starts
// anew. The cache has a state for each set of devices, kernel command line, memory and processors. Files, modules and the project
// come with each start, and so do the time and new random numbers. `booted: true` boots the machine, for tests of the boot itself;
// with HOTPLUGD_VM_BOOT=1 every machine boots. Without QEMU a vmTest is skipped and says why; with HOTPLUGD_REQUIRE_VM=1 it fails.
//
// Process 1 is our script by default. With another process 1, the test's commands are run
//
//	init: "systemd"   by vm-link.service, which is ordered after nothing. `start` resolves when `systemctl is-system-running
//	                  --wait` does, whatever the state (udev may still be busy then); with `early: true` at once, while the
//	                  boot has hardly begun. Debian's systemd, udev, initramfs-tools; no logind, no getty, no timers, no
//	                  D-Bus; the journal lies in memory. /lib/modules and /opt/hotplugd are mounted before.
//	init: "busybox"   by a respawned child of busybox's init. A root of busybox, node and its libraries, without udev, kmod and
//	                  modprobe (but busybox's sh finds its own applets first, a modprobe among them, whatever PATH says).
//	                  `files` may have an /etc/inittab: lines for the mounts of /run, /tmp and /dev/pts are put before it, and a
//	                  line for the link behind it.
//
//	const vm = await start({
//		init: "systemd",
//		files: { "/etc/modprobe.d/x.conf": "options loop max_loop=3\n" },
//		before: "sh /opt/hotplugd/systemd/install.sh",               // in the root, all disks mounted, before process 1
//		append: "udev.log_level=debug",
//	});
//	const { stdout } = await vm.run("udevadm settle; journalctl -b -u systemd-udevd");
//
// `initrd: { before: "sh /opt/hotplugd/systemd/install.sh" }` boots with the initrd that update-initramfs makes in such a root,
// instead of ours; with `rootDisk` on another root than ours. vm-boot.ts records the state after a boot, and has Debian's own boot as the reference. vm-plugs.ts plugs USB
// devices in and out. Where neither PCI nor USB nor signatures matter, a machine under User-mode Linux is cheaper: uml.ts.
import { recordSpan } from "../project/spans.js";
import { bootFiles, type RootDisk, startDisks } from "./images/guest-system.js";
import type { Compression } from "./images/kernel-package.js";
import type { RebuiltInitrd } from "./images/rebuilt-initrd.js";
import type { Init } from "./images/root-image.js";
import { goOn } from "./machines/frozen-machine.js";
import type { GuestLink, Outcome } from "./machines/guest-link.js";
import { type MachineProcess, startProcess } from "./machines/machine-process.js";
import { bootArguments } from "./machines/qemu-arguments.js";
import type { Qemu } from "./machines/qemu-process.js";
import type { Qmp } from "./machines/qmp.js";

export { coldplugDevices } from "./coldplug-devices.js";
export type { Outcome } from "./machines/guest-link.js";

export interface Machine {
	/** Values of QEMU's -device, in order. */
	readonly devices?: readonly string[];
	/** Parameters to append to the kernel command line. */
	readonly append?: string;
	/**
	 * Files laid over the root before any program runs there: content by absolute path. A file that begins with `#!` is
	 * executable.
	 */
	readonly files?: Readonly<Record<string, string | Buffer>>;
	/** Compression of the files in /lib/modules; plain by default. */
	readonly modules?: Compression;
	/**
	 * The newer kernel from the release's backports, which decompresses modules itself. Its modules are compressed as in Debian's
	 * package.
	 */
	readonly kernel?: "backports";
	/** Whether our own modules (fixtures/modules) are in /lib/modules/RELEASE/extra. */
	readonly testModules?: boolean;
	/** Whether /lib/modules is empty at first. The test mounts it by `mount_modules` of guest/functions.sh. */
	readonly modulesLate?: boolean;
	/** Process 1: by default a script that only answers the test; or Debian's systemd; or busybox's init. */
	readonly init?: Init;
	/**
	 * A script for `sh -eu`, run in the root before process 1 starts, with all disks mounted. When it fails, the machine stops
	 * and says why.
	 */
	readonly before?: string;
	/**
	 * With systemd, or with a root disk of its own: boots with an initrd that the machine's update-initramfs makes, after these
	 * files are laid over the root and this script has run there. That initrd finds the root by its label, and loads modules before
	 * it switches to the root.
	 */
	readonly initrd?: RebuiltInitrd;
	/** The root that the initrd is to find, when it is not found by its label. */
	readonly rootDisk?: RootDisk;
	/** With systemd: whether `start` resolves while the machine still boots. By default it waits until the boot is over. */
	readonly early?: boolean;
	/** Whether the machine boots, for a test of the boot itself. By default it continues from the state of a frozen machine. */
	readonly booted?: boolean;
	/** The machine's memory in MiB; 2048 by default. */
	readonly memory?: number;
	/**
	 * Two unless given. One costs a sixth less of this machine's time, since no processor of the guest spins for a lock whose
	 * holder does not run: for tests in which one program runs at a time.
	 */
	readonly processors?: 1 | 2;
}

export interface Vm {
	/**
	 * Runs a command line with `sh -c` as root, with an empty standard input. @throws Error with the console's text after
	 * `seconds` (300)
	 */
	run(commandLine: string, seconds?: number): Promise<Outcome>;
	/** Runs a command of the QEMU Machine Protocol (QMP), such as device_add. */
	qmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
	/** Unplugs the device with that id. Resolves when the guest has released it. */
	unplug(id: string): Promise<void>;
	/** Everything that the kernel has written to its console so far. */
	console(): string;
	stop(): Promise<void>;
}

/** The script that a machine runs, and the number of seconds that it may take. */
export interface Errand {
	readonly script: string;
	readonly seconds?: number;
}

/** Starts a machine, runs one script in it with sh, and stops it. */
export function boot(machine: Machine & Errand): Promise<Outcome> {
	return runErrand(start, machine);
}

/** Does the same with a machine that `begin` starts. The script is a file, since a command line has a limit. */
export async function runErrand<M extends Pick<Machine, "files">>(
	begin: (machine: M) => Promise<Pick<Vm, "run" | "stop">>,
	machine: M & Errand,
): Promise<Outcome> {
	const vm = await begin({ ...machine, files: { ...machine.files, "/vm/script": machine.script } });
	try {
		return await vm.run("sh /vm/script", machine.seconds);
	} finally {
		await vm.stop();
	}
}

/**
 * Starts a machine that is not to come to its root. Resolves with the console, and without the machine, when the console has a text of
 * that pattern. @throws Error with the console when that takes more than 300 s, or when the guest takes commands
 */
export async function bootUntil(machine: Machine, pattern: RegExp): Promise<string> {
	const { way, qemu, guest, begun, stop } = await begin(machine);
	try {
		const booted = guest.ready.then(() => Promise.reject(new Error(`the machine has booted\n${qemu.console}`)));
		await qemu.during(Promise.race([qemu.says(pattern), booted]), `say ${pattern}`, 300);
		recordSpan(way, "until a line", (performance.now() - begun) / 1000);
		return qemu.console;
	} finally {
		await stop();
	}
}

/** Starts a machine. Resolves when it takes commands. The caller stops it. */
export async function start(machine: Machine): Promise<Vm> {
	const { way, qemu, guest, qmp, begun, stop } = await begin(machine);
	try {
		await qemu.during(guest.ready, "start", 300);
		if (machine.init === "systemd" && !machine.early) {
			const booted = guest.run("systemctl is-system-running --wait");
			await qemu.during(booted.outcome, "finish booting", 300, booted.partial);
		}
		recordSpan(way, machine.init ?? "script", (performance.now() - begun) / 1000);
		return running(qemu, guest, qmp, stop);
	} catch (error) {
		await stop();
		throw error;
	}
}

/** Starts a machine. Its guest may not take commands yet. */
async function begin(machine: Machine): Promise<MachineProcess & { readonly way: "boot" | "restore" }> {
	const [files, disks] = await Promise.all([bootFiles(machine), startDisks(machine)]);
	const isFrozen = !machine.booted && !machine.initrd && process.env.HOTPLUGD_VM_BOOT !== "1";
	const thawed = isFrozen ? await goOn(machine, files, disks) : undefined;
	if (thawed !== undefined) return { ...thawed, way: "restore" };
	const booting = await startProcess(bootArguments(machine, files), files, disks);
	// An initrd of Debian does not wait for the start signal.
	void booting.guest.here.then(() => booting.guest.go(0));
	return { ...booting, way: "boot" };
}

/**
 * sh for a machine in which something hangs: lists every process, and every busy or blocked thread with the place where it waits.
 */
const listTasks = `for task in /proc/[0-9]*/task/*; do
	read -r line <"$task/stat" || continue
	name=\${line%)*}; set -- \${line##*) }
	process=\${task#/proc/}
	# 0x200000 is PF_KTHREAD.
	case $1 in S | I) [ $(($7 & 0x200000)) -eq 0 ] && [ "\${process%%/*}" = "\${task##*/}" ] || continue ;; esac
	echo "$task $1 \${name#*(} $(cat "$task/wchan") $(tr '\\0' ' ' <"$task/cmdline" | cut -c 1-60)" \
		"$(head -n 5 "$task/stack" | tr '\\n' ' ')"
done 2>/dev/null; grep -E 'MemAvail|Slab' /proc/meminfo; cat /proc/loadavg; echo w >/proc/sysrq-trigger; echo l >/proc/sysrq-trigger`;

function running(qemu: Qemu, guest: GuestLink, qmp: Qmp, stop: () => Promise<void>): Vm {
	return {
		run(commandLine, seconds = 300) {
			const { outcome, partial } = guest.run(commandLine);
			const late = async () => {
				const [sofar, tasks] = await Promise.all([partial(), guest.run(listTasks).outcome]);
				return { ...sofar, stderr: `${sofar.stderr}--- its tasks\n${tasks.stdout}` };
			};
			const ended = qemu.during(outcome, `end \`${commandLine}\``, seconds, late);
			// A test that fails before it awaits this promise needs no second error.
			ended.catch(() => {});
			return ended;
		},
		qmp: (command, args = {}) => qemu.during(qmp.execute(command, args), `answer ${command}`, 60),
		async unplug(id) {
			const gone = qmp.next("DEVICE_DELETED", (data) => data.device === id);
			await this.qmp("device_del", { id });
			await qemu.during(gone, `let go of ${id}`, 120);
		},
		console: () => qemu.console,
		stop,
	};
}
