// Captures of machines that boot, for tests of compare --initramfs: disks on several buses, md, LUKS, LVM, keyboards.

import type { Capture, CapturedDevice } from "../../../src/agent/capture/capture.js";
import { RELEASE } from "./module-tree.js";

export type Disk = "nvme" | "sata" | "usb" | "virtio";

export type BootSketch = {
	readonly disks: readonly Disk[];
	readonly raid?: "raid1" | "raid5" | undefined;
	readonly luks?: boolean | undefined;
	readonly lvm?: "linear" | "thin" | undefined;
	readonly fileSystem: "ext4" | "btrfs";
	readonly keyboards?: readonly ("ps2" | "usb")[] | undefined;
	/** Checksums in use besides crc32c. */
	readonly checksums?: readonly string[] | undefined;
};

const pci = (slot: number): string =>
	`/devices/pci0000:00/0000:00:01.0/0000:01:${slot.toString(16).padStart(2, "0")}.0`;

const device = (devpath: string, rest: Omit<CapturedDevice, "devpath"> = {}): CapturedDevice => ({ devpath, ...rest });
const bound = (devpath: string, modalias: string, module: string): CapturedDevice =>
	device(devpath, { onBus: true, modalias, driver: module, driverModule: module });
const block = (devpath: string, rest: Omit<CapturedDevice, "devpath"> = {}): CapturedDevice =>
	device(devpath, { subsystem: "block", ...rest });

/** A PCI bridge, whose driver is built in: a pci driver that is built in may have a directory in /sys/module all the same. */
const bridge = bound("/devices/pci0000:00/0000:00:01.0", "pci:v00008086d0000A330sv00sd00bc06sc04i00", "pcieport");

/** The devices on the way to a disk. The last one is its first partition. */
export function diskDevices(disk: Disk, slot: number): readonly CapturedDevice[] {
	const at = pci(slot);
	const on = (parent: string, name: string): readonly CapturedDevice[] => {
		const part = name.endsWith("n1") ? `${name}p1` : `${name}1`;
		return [block(`${parent}/${name}`), block(`${parent}/${name}/${part}`)];
	};
	const letter = String.fromCharCode(97 + slot);
	const alias = (kind: string): string => `pci:v00008086d0000F1A8sv00008086sd0000390Bbc${kind}`;
	if (disk === "nvme") return [bound(at, alias("01sc08i02"), "nvme"), ...on(`${at}/nvme/nvme${slot}`, `nvme${slot}n1`)];
	if (disk === "virtio")
		return [
			bound(at, "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00", "virtio_pci"),
			bound(`${at}/virtio${slot}`, "virtio:d00000002v00001AF4", "virtio_blk"),
			...on(`${at}/virtio${slot}/block`, `vd${letter}`),
		];
	const scsi = (parent: string): readonly CapturedDevice[] => [
		bound(`${parent}/host${slot}/target${slot}:0:0/${slot}:0:0:0`, "scsi:t-0x00", "sd_mod"),
		...on(`${parent}/host${slot}/target${slot}:0:0/${slot}:0:0:0/block`, `sd${letter}`),
	];
	if (disk === "sata") return [bound(at, alias("01sc06i01"), "ahci"), ...scsi(`${at}/ata${slot}`)];
	const port = `${at}/usb${slot}/${slot}-1/${slot}-1:1.0`;
	return [
		bound(at, alias("0Csc03i30"), "xhci_pci"),
		bound(port, "usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00", "usb_storage"),
		...scsi(port),
	];
}

/** KEY= of a keyboard with a hundred keys, as a machine of 64 bits prints it. */
const KEYS = "KEY=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe";

const keyboards: Readonly<Record<"ps2" | "usb", readonly CapturedDevice[]>> = {
	ps2: [
		bound("/devices/platform/i8042", "platform:i8042", "i8042"),
		bound("/devices/platform/i8042/serio0", "serio:ty06pr00id00ex00", "atkbd"),
		device("/devices/platform/i8042/serio0/input/input1", {
			subsystem: "input",
			uevent: `PRODUCT=11/1/1/ab41\n${KEYS}`,
		}),
	],
	usb: [
		bound(pci(20), "pci:v00008086d0000A36Dsv0sd0bc0Csc03i30", "xhci_pci"),
		bound(`${pci(20)}/usb20/20-2/20-2:1.0`, "usb:v046DpC31Cd6402dc00dsc00dp00ic03isc01ip01in00", "usbhid"),
		bound(`${pci(20)}/usb20/20-2/20-2:1.0/0003:046D:C31C.0001`, "hid:b0003g0001v0000046Dp0000C31C", "hid_generic"),
		device(`${pci(20)}/usb20/20-2/20-2:1.0/0003:046D:C31C.0001/input/input5`, { subsystem: "input", uevent: KEYS }),
	],
};

/** Devices that are no way to anything. */
const others: readonly CapturedDevice[] = [
	bound(pci(30), "pci:v000010DEd00001B80sv0sd0bc03sc00i00", "nouveau"),
	device(`${pci(30)}/input/input9`, { subsystem: "input", uevent: "KEY=10000000000000 0" }),
];

/** A machine that has booted. Its live modules are those that its devices and layers have. */
export function captureOf(sketch: BootSketch): Capture {
	const { disks, raid, luks, lvm, fileSystem } = sketch;
	const paths = disks.flatMap((disk, slot) => diskDevices(disk, slot + 1));
	const devices = [device("/devices/pci0000:00"), bridge, ...paths, ...others];
	let top = disks.map((disk, slot) => diskDevices(disk, slot + 1).at(-1)!.devpath);
	const lay = (name: string, rest: Omit<CapturedDevice, "devpath">): void => {
		devices.push(block(`/devices/virtual/block/${name}`, { ...rest, slaves: top }));
		top = [`/devices/virtual/block/${name}`];
	};
	if (raid !== undefined) lay("md0", { mdLevel: raid });
	if (luks) lay("dm-0", { dmKind: "CRYPT-LUKS2" });
	if (lvm === "thin") lay("dm-1", { dmKind: "LVM" });
	if (lvm !== undefined) lay("dm-2", { dmKind: "LVM" });
	for (const keyboard of sketch.keyboards ?? []) devices.push(...keyboards[keyboard]);
	return {
		...{ hotplugdCapture: 1, by: "a test", release: RELEASE, masked: false, devices },
		files: {
			"/proc/modules": liveModules(sketch, devices),
			"/proc/crypto": cryptoOf(sketch),
			"/proc/cmdline": "quiet\n",
		},
		mounts: [{ at: "/", fileSystem, devices: top }],
	};
}

function liveModules({ raid, luks, lvm, fileSystem }: BootSketch, devices: readonly CapturedDevice[]): string {
	const live = new Set(devices.flatMap(({ driverModule }) => driverModule ?? []));
	// It is built in.
	live.delete("pcieport");
	live.add(fileSystem);
	if (raid !== undefined) live.add(raid === "raid5" ? "raid456" : raid);
	if (luks) live.add("dm_crypt").add("aesni_intel").add("xts");
	if (luks || lvm !== undefined) live.add("dm_mod");
	if (lvm === "thin") live.add("dm_thin_pool");
	live.add("crc32c_intel").add("nouveau");
	return [...live].map((module) => `${module} 16384 2 - Live 0x0000000000000000\n`).join("");
}

function cryptoOf({ luks, checksums = [] }: BootSketch): string {
	const used = (name: string, driver: string, module: string, type: string): string =>
		`name         : ${name}\ndriver       : ${driver}\nmodule       : ${module}\nrefcnt       : 3\ntype         : ${type}\n\n`;
	return [
		used("crc32c", "crc32c-intel", "crc32c_intel", "shash"),
		...checksums.map((name) => used(name, `${name}-generic`, CHECKSUMS[name]!, "shash")),
		used("ccm(aes)", "ccm_base", "ccm", "aead"),
		"name         : cbc(aes)\ndriver       : cbc-aes-aesni\nmodule       : aesni_intel\nrefcnt       : 1\ntype         : skcipher\n\n",
		...(luks ? [used("xts(aes)", "xts-aes-aesni", "aesni_intel", "skcipher")] : []),
	].join("");
}

const CHECKSUMS: Readonly<Record<string, string>> = {
	sha256: "sha256_generic",
	xxhash64: "xxhash_generic",
	"blake2b-256": "blake2b_generic",
};
