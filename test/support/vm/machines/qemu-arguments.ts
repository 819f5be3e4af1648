// QEMU's command line for a machine: the same where it boots and where it goes on from a frozen state, but for the way in.
import type { BootFiles } from "../images/guest-system.js";

export interface Hardware {
	readonly devices?: readonly string[];
	readonly append?: string;
	readonly memory?: number;
	readonly processors?: 1 | 2;
}

/** Devices that QEMU does not freeze: these are plugged in when the machine goes on, those of PCI into ports for that. */
const unfrozen = ["nvme", "usb-audio", "usb-serial"];

export interface Devices {
	/** Values of -device. */
	readonly frozen: readonly string[];
	readonly late: readonly string[];
	/** How many of those are new to the guest's PCI at once. */
	readonly onPci: number;
}

/** Which of a machine's devices are there from its power-on, and which come late where it goes on from a frozen state. */
export function sortDevices(devices: readonly string[] = []): Devices {
	const is = (names: readonly string[]) => (device: string) => names.includes(device.split(",")[0]!);
	const late = devices.filter(is(unfrozen));
	const ported = late.filter((device) => !device.startsWith("usb-"));
	const port = (device: string) => `late${ported.indexOf(device)}`;
	return {
		frozen: [
			...ported.map((device, index) => `pcie-root-port,id=${port(device)},chassis=${100 + index},slot=${100 + index}`),
			...devices.filter((device) => !late.includes(device)),
		],
		late: late.map((device) => (ported.includes(device) ? `${device},bus=${port(device)}` : device)),
		onPci: ported.length,
	};
}

/** Of a machine that boots with all its devices. */
export function bootArguments(hardware: Hardware, files: BootFiles): string[] {
	return [...frozenArguments(hardware, files), ...deviceArguments(sortDevices(hardware.devices).late)];
}

/** Of a machine that is frozen, or goes on from that: what it sees from its power-on until it awaits its start. */
export function frozenArguments(
	{ devices, append = "", memory = 2048, processors = 2 }: Hardware,
	files: BootFiles,
): string[] {
	const accelerator = process.env.HOTPLUGD_VM_ACCEL ?? "tcg,thread=multi";
	const parameters = ["console=ttyS0", "quiet", "panic=-1", ...emulated, files.append, append];
	return [
		...["-M", "q35", "-accel", accelerator, "-cpu", "max", "-smp", String(processors), "-m", String(memory)],
		...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
		...["-kernel", files.kernel, "-append", parameters.filter((words) => words !== "").join(" ")],
		...backEnds,
		...deviceArguments(sortDevices(devices).frozen),
	];
}

const deviceArguments = (devices: readonly string[]) => devices.flatMap((device) => ["-device", device]);

/**
 * A host that is too busy to emulate the timer in time would have the kernel give up; what is emulated needs no mitigations; and
 * QEMU translates a program anew for each address that it is at, so that it is to be at the same one each time.
 */
const emulated = ["no_timer_check", "mitigations=off", "norandmaps"];

/** Paths and names of one start. */
export interface StartFiles {
	readonly initrd: string;
	readonly root: string;
	readonly modules: string;
	readonly project: string;
	readonly overlay: string;
	/** Sockets that QEMU connects to. */
	readonly link: string;
	readonly monitor: string;
	/** Another in each start: a kernel that goes on from a frozen state then draws other random numbers than the last one did. */
	readonly generation: string;
}

/** What differs from start to start, and from the start that was frozen. */
export function startArguments({ initrd, link, monitor, generation, ...images }: StartFiles): string[] {
	const { root, modules, project, overlay } = images;
	return [
		...["-initrd", initrd],
		...["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
		...["-chardev", `socket,id=link,path=${link}`, "-serial", "chardev:link"],
		...["-chardev", `socket,id=monitor,path=${monitor}`, "-mon", "chardev=monitor,mode=control"],
		...Object.entries({ root, modules, project, overlay }).flatMap(([name, image], index) => disk(name, image, index)),
		...["-device", `vmgenid,guid=${generation}`],
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
