// A kernel's modules for booting: those of disks, file systems, the device mapper, md and keyboards, with the aliases and softdeps
// that Linux 6.1 has for them, indexed by the real depmod. The module files are a few hundred bytes each.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Image, readImage } from "../../../src/agent/initramfs/image.js";
import { type Knowledge, readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";
import { openKernel } from "../../../src/linux/modules/kernel.js";
import { formatCpio } from "../vm/images/cpio.js";
import { RELEASE, type TreeModule, writeModuleTree } from "./module-tree.js";

export { RELEASE as bootRelease } from "./module-tree.js";

/** A module that uses others, by the symbol that each exports. */
const module = (
	needs: readonly string[],
	aliases: readonly string[] = [],
	softdeps: readonly string[] = [],
): TreeModule => ({
	needs: needs.map((one) => `of_${one}`),
	modinfo: [...aliases.map((alias) => `alias=${alias}`), ...softdeps.map((line) => `softdep=${line}`)],
});

const sketches: Readonly<Record<string, TreeModule>> = {
	nvme_core: module([]),
	nvme: module(["nvme_core"], ["pci:v*d*sv*sd*bc01sc08i02*"]),
	scsi_mod: module([]),
	libata: module(["scsi_mod"]),
	libahci: module(["libata"]),
	ahci: module(["libahci", "libata"], ["pci:v*d*sv*sd*bc01sc06i01*"]),
	sd_mod: module(["scsi_mod"], ["scsi:t-0x00*"]),
	usbcore: module([]),
	xhci_hcd: module(["usbcore"]),
	xhci_pci: module(["xhci_hcd"], ["pci:v*d*sv*sd*bc0Csc03i30*"]),
	usb_storage: module(["usbcore", "scsi_mod"], ["usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*"]),
	hid: module([]),
	usbhid: module(["hid", "usbcore"], ["usb:v*p*d*dc*dsc*dp*ic03isc*ip*in*"]),
	hid_generic: module(["hid"], ["hid:b*g*v*p*"]),
	hid_apple: module(["hid"], ["hid:b0003g*v000005ACp*"]),
	serio: module([]),
	// The platform device of i8042 is made by the module itself: another device's alias leads to it.
	i8042: module(["serio"], ["acpi*:PNP0303:*"]),
	atkbd: module(["serio"], ["serio:ty06pr*id*ex*"]),
	virtio: module([]),
	virtio_ring: module(["virtio"]),
	virtio_pci: module(["virtio_ring"], ["pci:v00001AF4d*sv*sd*bc*sc*i*"]),
	virtio_blk: module(["virtio_ring"], ["virtio:d00000002v*"]),
	crc16: module([]),
	mbcache: module([]),
	jbd2: module([]),
	ext4: module(["jbd2", "mbcache", "crc16"], ["fs-ext4", "fs-ext3", "fs-ext2"], ["pre: crc32c"]),
	xor: module([]),
	raid6_pq: module([]),
	btrfs: module(["xor", "raid6_pq"], ["fs-btrfs"], ["pre: blake2b-256", "pre: sha256", "pre: xxhash64", "pre: crc32c"]),
	crc32c_generic: module([], ["crc32c", "crypto-crc32c"]),
	crc32c_intel: module([], ["crc32c", "crypto-crc32c"]),
	sha256_generic: module([], ["sha256", "crypto-sha256"]),
	xxhash_generic: module([], ["xxhash64", "crypto-xxhash64"]),
	blake2b_generic: module([], ["blake2b-256", "crypto-blake2b-256"]),
	dm_mod: module([]),
	dm_crypt: module(["dm_mod"]),
	dm_bufio: module(["dm_mod"]),
	dm_persistent_data: module(["dm_bufio"]),
	dm_thin_pool: module(["dm_persistent_data", "dm_mod"], ["dm-thin"]),
	md_mod: module([]),
	dm_raid: module(["dm_mod", "md_mod"], ["dm-raid1"]),
	raid1: module(["md_mod"], ["md-level-1", "md-raid1"]),
	async_tx: module(["xor"]),
	raid456: module(["md_mod", "async_tx", "raid6_pq"], ["md-level-5", "md-raid5", "md-level-6", "md-raid6"]),
	xts: module([], ["xts", "crypto-xts"]),
	ecb: module([], ["ecb", "crypto-ecb"]),
	dm_multipath: module(["dm_mod"]),
	aes_generic: module([], ["aes", "crypto-aes"]),
	aesni_intel: module([], ["aes", "crypto-aes"]),
};

/** Each module exports one symbol. */
export const bootModules: Readonly<Record<string, TreeModule>> = Object.fromEntries(
	Object.entries(sketches).map(([name, one]) => [name, { ...one, exports: [`of_${name}`] }]),
);

export const bootBuiltins: readonly string[] = ["pcieport", "loop"];

export type BootWorld = {
	/** The root, below which lib/modules/RELEASE lies. */
	readonly root: string;
	readonly knowledge: Knowledge;
	/** The files of the module directory by their paths in an image: usr/lib/modules/RELEASE/... */
	readonly files: ReadonlyMap<string, Buffer>;
};

/** Writes the modules, and reads what depmod made of them. The folder is removed when the process exits. */
export function writeBootWorld(modules = bootModules): BootWorld {
	const root = mkdtempSync(join(tmpdir(), "boot-world-"));
	process.once("exit", () => rmSync(root, { recursive: true, force: true }));
	const directory = writeModuleTree(root, { modules, builtin: bootBuiltins });
	const knowledge = readKnowledge(openKernel(), {
		moduleDirectory: directory,
		root,
		configPaths: [],
		kernelCommandLine: "",
	});
	const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => /\.[^/]+$/.test(name));
	return {
		root,
		knowledge,
		files: new Map(names.map((name) => [`usr/lib/modules/${RELEASE}/${name}`, readFileSync(join(directory, name))])),
	};
}

/** The path of a module's file in an image. */
export const pathInImage = (name: string): string => `usr/lib/modules/${RELEASE}/kernel/${name}.ko`;

/** An image of these files. */
export const imageOf = (files: ReadonlyMap<string, Buffer>): Promise<Image> =>
	readImage("IMAGE", formatCpio(files), captureFiles);

/** The files without some modules' files. */
export const without = (
	files: ReadonlyMap<string, Buffer>,
	...modules: readonly string[]
): ReadonlyMap<string, Buffer> =>
	new Map([...files].filter(([path]) => !modules.some((name) => path === pathInImage(name))));
