// Virtual machines with Debian's kernel: the one file that knows QEMU. A test is a literal and an expectation:
//
//	vmTest("a driver is loaded once", async t => {                   // from vm-test.ts
//		const { stdout } = await boot({
//			devices: coldplugDevices,                                  // values of -device
//			append: "modprobe.blacklist=e1000",                        // joins the kernel command line
//			files: { "/etc/modprobe.d/x.conf": "options loop max_loop=3\n" },
//			modules: "xz",                                             // how /lib/modules is compressed; else "plain"
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
// In the guest: hotplugd as built, in /opt/hotplugd (`hotplugd` and `coldplug` are on PATH); this program's node; Debian's
// minimal system with kmod, udev (not started; see guest/functions.sh, `. /vm/functions`) and busybox. Its disks forget everything at the end.
// Back ends for devices: block devices `blank0` to `blank7` (64 MiB of zeros, one device each), character devices
// `nowhere0` to `nowhere3`, `silence` (audio), `can` (CAN bus). Two machines run at a time, over all processes.
//
// A machine goes on from the state of one that was frozen when it had booted so far that it awaits its start (vm/frozen-machine.ts):
// with a script as process 1, in its root, with node's pages read; with another process 1, in the initramfs, so that this one
// begins anew. Devices, kernel command line, memory and processors are those of the literal, and each such set has a state of its own in the
// cache; files, modules and the project come with the start, as the clock's time and other random numbers do. `booted: true` boots
// for a test whose subject that is; with HOTPLUGD_VM_BOOT=1 every machine boots.
// Where there is no QEMU a vmTest is skipped and says why; with HOTPLUGD_REQUIRE_VM=1 it fails instead.
//
// Process 1 is a script of ours unless `init` says otherwise; what the test runs is then run
//
//	init: "systemd"   by vm-link.service, which is ordered after nothing. `start` resolves when `systemctl is-system-running
//	                  --wait` does, whatever the state (udev may still be busy then); with `early: true` at once, while the
//	                  boot has hardly begun. Debian's systemd, udev, initramfs-tools; no logind, no getty, no timers, no
//	                  D-Bus; the journal lies in memory. /lib/modules and /opt/hotplugd are mounted before.
//	init: "busybox"   by a respawned child of busybox's init. A root of busybox, node and its libraries, without udev, kmod and
//	                  modprobe (but busybox's sh finds its own applets first, a modprobe among them, whatever PATH says).
//	                  `files` may have an /etc/inittab: the mounts of /run, /tmp, /dev/pts come before it, the link behind it.
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
// instead of ours. What a boot came to, and Debian's own to compare it with: vm-boot.ts. USB devices that come and go: vm-plugs.ts.
// Where neither PCI nor USB nor signatures matter, a machine under User-mode Linux costs less than one of these: uml.ts.
import { recordSpan } from "../project/spans.js";
import { bootFiles, startDisks } from "./images/guest-system.js";
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
	/** Parameters for the kernel command line. */
	readonly append?: string;
	/** Files laid over the root before anything runs there: absolute path and content; `#!` at its start makes it executable. */
	readonly files?: Readonly<Record<string, string | Buffer>>;
	/** How /lib/modules is compressed; plain unless given. */
	readonly modules?: Compression;
	/** The newer kernel of the release's backports, which decompresses modules itself: its modules are as Debian compressed them. */
	readonly kernel?: "backports";
	/** Whether our own modules of fixtures/modules are among them, in /lib/modules/RELEASE/extra. */
	readonly testModules?: boolean;
	/** Whether /lib/modules is left empty: guest/functions.sh has `mount_modules`, which mounts it when the test says so. */
	readonly modulesLate?: boolean;
	/** Process 1: a script that does nothing but answer the test, unless given; Debian's systemd; or busybox's init. */
	readonly init?: Init;
	/** For `sh -eu`, in the root before process 1 begins, all disks mounted. Where it fails, the machine stops and says why. */
	readonly before?: string;
	/**
	 * With systemd: the machine's own initrd instead of ours, as its update-initramfs makes it once these files are laid over
	 * the root and this script has run there. It finds the root by its label, and loads modules before it goes there.
	 */
	readonly initrd?: RebuiltInitrd;
	/** With systemd: whether commands are taken at once, while it boots; else `start` waits until the boot is over. */
	readonly early?: boolean;
	/** Whether it is booted for this test, whose subject that is; else it goes on from the state of one that was frozen. */
	readonly booted?: boolean;
	/** MiB; 2048 unless given. */
	readonly memory?: number;
	/**
	 * Two unless given. One costs a sixth less of this machine's time, since no processor of the guest spins for a lock whose
	 * holder does not run: for tests in which one program runs at a time.
	 */
	readonly processors?: 1 | 2;
}

export interface Vm {
	/** Runs a command line by `sh -c` as root, its standard input empty. @throws Error with the console after `seconds` (300). */
	run(commandLine: string, seconds?: number): Promise<Outcome>;
	/** A command of QEMU's machine protocol, such as device_add. */
	qmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
	/** Unplugs a device by its id; resolves when the guest has let go of it. */
	unplug(id: string): Promise<void>;
	/** What the kernel has written on its console so far. */
	console(): string;
	stop(): Promise<void>;
}

/** What one machine is for: a script for sh, and how many seconds it may take. */
export interface Errand {
	readonly script: string;
	readonly seconds?: number;
}

/** Starts a machine, runs one script in it by sh, and stops it. */
export function boot(machine: Machine & Errand): Promise<Outcome> {
	return runErrand(start, machine);
}

/** The same of a machine that is started so. The script comes as a file: no command line is as long. */
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

/** Starts a machine and resolves when it takes commands. The caller stops it. */
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

/** A machine whose guest is on its way to take commands. */
async function begin(machine: Machine): Promise<MachineProcess & { readonly way: "boot" | "restore" }> {
	const [files, disks] = await Promise.all([bootFiles(machine), startDisks(machine)]);
	const isFrozen = !machine.booted && !machine.initrd && process.env.HOTPLUGD_VM_BOOT !== "1";
	const thawed = isFrozen ? await goOn(machine, files, disks) : undefined;
	if (thawed !== undefined) return { ...thawed, way: "restore" };
	const booting = await startProcess(bootArguments(machine, files), files, disks);
	// An initrd of Debian's asks for no word.
	void booting.guest.here.then(() => booting.guest.go(0));
	return { ...booting, way: "boot" };
}

/** Of a machine in which something hangs: every process, and every thread that is busy or blocked, with where it waits. */
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
			// A test that fails before it awaits this has said enough.
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
