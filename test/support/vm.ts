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
// `nowhere0` to `nowhere3`, `silence` (audio), `can` (CAN bus). Only one machine runs at a time, over all processes.
// Where there is no QEMU a vmTest is skipped and says why; with HOTPLUGD_REQUIRE_VM=1 it fails instead.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backportedKernel } from "./vm/backported-kernel.js";
import { formatCpio } from "./vm/cpio.js";
import { GuestLink, type Outcome } from "./vm/guest-link.js";
import { initramfs } from "./vm/initramfs.js";
import { type Compression, kernelPackage } from "./vm/kernel-package.js";
import { modulesImage, modulesImageOf } from "./vm/modules-image.js";
import { projectImage } from "./vm/project-image.js";
import { Qemu } from "./vm/qemu-process.js";
import { Qmp } from "./vm/qmp.js";
import { rootImage } from "./vm/root-image.js";

export { coldplugDevices } from "./vm/coldplug-devices.js";
export type { Outcome } from "./vm/guest-link.js";

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
	/** MiB; 2048 unless given. */
	readonly memory?: number;
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

/** Starts a machine, runs one script in it by sh, and stops it. */
export async function boot(
	machine: Machine & { readonly script: string; readonly seconds?: number },
): Promise<Outcome> {
	const vm = await start({ ...machine, files: { ...machine.files, "/vm/script": machine.script } });
	try {
		return await vm.run("sh /vm/script", machine.seconds);
	} finally {
		await vm.stop();
	}
}

/** Starts a machine and resolves when it takes commands. The caller stops it. */
export async function start(machine: Machine): Promise<Vm> {
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-vm-"));
	const [link, monitor] = [listenOnce(join(folder, "link")), listenOnce(join(folder, "monitor"))];
	const qemu = new Qemu(await commandLine(machine, folder));
	try {
		const [linkSocket, monitorSocket] = await qemu.during(Promise.all([link, monitor]), "take its turn", 40 * 60);
		const guest = new GuestLink(linkSocket);
		const qmp = new Qmp(monitorSocket);
		await qemu.during(guest.ready, "boot", 300);
		return running(qemu, guest, qmp, folder);
	} catch (error) {
		await qemu.stop(folder);
		throw error;
	}
}

function running(qemu: Qemu, guest: GuestLink, qmp: Qmp, folder: string): Vm {
	return {
		run(commandLine, seconds = 300) {
			const { outcome, partial } = guest.run(commandLine);
			const ended = qemu.during(outcome, `end \`${commandLine}\``, seconds, partial);
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
		stop: () => qemu.stop(folder),
	};
}

async function commandLine(machine: Machine, folder: string): Promise<string[]> {
	const newer = machine.kernel === "backports" ? await backportedKernel() : undefined;
	const [kernel, initrd, root, modules, project] = await Promise.all([
		newer ?? kernelPackage(),
		initramfs(newer),
		rootImage(),
		newer ? modulesImageOf(newer) : modulesImage(machine.modules ?? "plain", machine.testModules ?? false),
		projectImage(),
	]);
	const overlay = new Map(
		Object.entries(machine.files ?? {}).map(([path, content]) => [`overlay${path}`, Buffer.from(content)]),
	);
	writeFileSync(join(folder, "initrd"), Buffer.concat([readFileSync(initrd), formatCpio(overlay)]));
	const accelerator = process.env.HOTPLUGD_VM_ACCEL ?? "tcg,thread=multi";
	return [
		...["-M", "q35", "-accel", accelerator, "-cpu", "max", "-smp", "2", "-m", String(machine.memory ?? 2048)],
		...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
		...["-kernel", join(kernel.root, "boot", `vmlinuz-${kernel.release}`), "-initrd", join(folder, "initrd")],
		...["-append", `console=ttyS0 quiet panic=-1 ${machine.append ?? ""}`],
		...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
		...["-chardev", `socket,id=link,path=${join(folder, "link")}`, "-serial", "chardev:link"],
		...["-chardev", `socket,id=monitor,path=${join(folder, "monitor")}`, "-mon", "chardev=monitor,mode=control"],
		...Object.entries({ root, modules, project }).flatMap(([name, image], index) => disk(name, image, index)),
		...backEnds,
		...(machine.devices ?? []).flatMap((device) => ["-device", device]),
	];
}

/** The disks share one slot of the bus, so that thirty are left for a test's devices. */
function disk(name: string, image: string, index: number): string[] {
	return [
		...["-drive", `if=none,id=${name},file=${image},format=raw,snapshot=on`],
		...["-device", `virtio-blk-pci,drive=${name},serial=${name},bus=pcie.0,addr=1e.${index},multifunction=on`],
	];
}

const backEnds = [
	...["-audiodev", "none,id=silence", "-object", "can-bus,id=can"],
	...[0, 1, 2, 3].flatMap((number) => ["-chardev", `null,id=nowhere${number}`]),
	...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((number) => [
		"-blockdev",
		`driver=null-co,node-name=blank${number},size=67108864,read-zeroes=on`,
	]),
];

/** A socket that QEMU will connect to. */
function listenOnce(path: string): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const server = createServer((socket) => {
			server.close();
			resolve(socket);
		});
		server.on("error", reject).listen(path).unref();
	});
}
