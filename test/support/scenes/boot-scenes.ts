// Boots in which every kind of need, verdict and cause occurs, as the records that compare --initramfs --json prints.

import type { Capture } from "../../../src/agent/capture/capture.js";
import { listBootRecords } from "../../../src/agent/initramfs/boot-records.js";
import { judgeBoot } from "../../../src/agent/initramfs/judge-boot.js";
import { formatJson } from "../../../src/libkmod/text/byte-strings.js";
import { type BootSketch, captureOf } from "../worlds/boot-captures.js";
import { bootModules, imageOf, pathInImage, without, writeBootWorld } from "../worlds/boot-world.js";

type Boot = {
	readonly capture: Capture;
	readonly files: ReadonlyMap<string, Buffer>;
	/** The release that the call names. */
	readonly release?: string;
};

const encrypted: BootSketch = { disks: ["nvme"], luks: true, lvm: "linear", fileSystem: "ext4", keyboards: ["ps2"] };

/** A line for each need, and the answer, of each boot. */
export async function boots(): Promise<string> {
	const world = writeBootWorld();
	const lines: string[] = [];
	for (const { capture, files, release } of listBoots(world.files)) {
		const verdict = judgeBoot({
			capture,
			knowledge: world.knowledge,
			image: await imageOf(files),
			...(release && { release }),
		});
		lines.push(...listBootRecords(verdict).map((record) => `${formatJson(record)}\n`));
	}
	return lines.join("");
}

function listBoots(files: ReadonlyMap<string, Buffer>): readonly Boot[] {
	const capture = captureOf(encrypted);
	const { nvme: nvmeModule, nvme_core: coreModule, ...others } = bootModules;
	const indexed = (modules: typeof bootModules) => writeBootWorld(modules).files;
	const withFiles = (all: ReadonlyMap<string, Buffer>, more: Readonly<Record<string, string>>) =>
		new Map([...all, ...Object.entries(more).map(([path, text]) => [path, Buffer.from(text)] as const)]);
	const left = (all: ReadonlyMap<string, Buffer>, module: string) =>
		new Map([...all, [pathInImage(module), files.get(pathInImage(module))!]]);
	const configured = (text: string) => withFiles(files, { "etc/modprobe.d/mine.conf": text });
	const sata = captureOf({ disks: ["sata"], fileSystem: "ext4" });
	const { ahci: _, ...withoutAhci } = bootModules;
	const renamed = { ...withoutAhci, ahci_new: { modinfo: ["alias=pci:v*d*sv*sd*bc01sc06i01*"] } };
	const unpatterned = { ...bootModules, nvme: { ...nvmeModule!, modinfo: [] } };
	const { "/proc/modules": __, ...unlisted } = sata.files;
	const old = { ...capture, release: "5.9.0" };
	return [
		{ capture, files },
		{ capture: captureOf({ disks: ["sata", "nvme"], raid: "raid5", fileSystem: "btrfs" }), files },
		{ capture, files: without(files, "nvme") },
		{ capture, files: without(files, "nvme_core") },
		{ capture, files: left(indexed({ ...others, nvme_core: coreModule! }), "nvme") },
		{ capture, files: left(indexed({ ...others, nvme: nvmeModule! }), "nvme_core") },
		{ capture, files: configured("blacklist nvme\n") },
		{ capture, files: configured("install nvme /bin/false\n") },
		{ capture, files: configured("install nvme_core /bin/false\n") },
		{ capture: { ...sata, release: "5.9.0" }, files: indexed(renamed) },
		{ capture: old, files, release: "5.9.0" },
		{ capture, files: indexed(unpatterned) },
		{ capture: { ...capture, mounts: [{ at: "/", fileSystem: "zfs", devices: [] }] }, files },
		{
			capture: { ...sata, files: unlisted, mounts: sata.mounts!.map((one) => ({ ...one, fileSystem: "zfs" })) },
			files,
		},
	];
}
