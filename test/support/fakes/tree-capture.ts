// The capture of a folder that is the root of a machine: what tests compare a captured machine with the folder by. It takes
// everything that is there, in an order of its own.

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Capture, CapturedDevice, CapturedIndex } from "../../../src/agent/capture/capture.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";

export type TreeOptions = {
	readonly release: string;
	/** Whether the indexes are left out, and their digests alone are there. */
	readonly digestsAlone?: boolean;
};

export function captureTree(root: string, { release, digestsAlone = false }: TreeOptions): Capture {
	const directory = `/lib/modules/${release}`;
	return {
		hotplugdCapture: 1,
		by: "a test",
		release,
		masked: false,
		devices: captureDevices(`${root}/sys`).toReversed(),
		files: Object.fromEntries(
			["etc", "proc"].flatMap((top) =>
				listFiles(`${root}/${top}`).map((file) => [file.slice(root.length), readFileSync(file, "latin1")]),
			),
		),
		modules: {
			directory,
			package: { name: `linux-image-${release}`, version: "6.1.115-1" },
			files: Object.fromEntries(
				readdirSync(root + directory)
					.filter((name) => name.startsWith("modules."))
					.map((name) => [name, captureIndex(readFileSync(join(root, directory, name)), digestsAlone)]),
			),
		},
	};
}

/** The devices of a sysfs, and its modules. */
export function captureDevices(sysfs: string): readonly CapturedDevice[] {
	const folders = listFolders(`${sysfs}/devices`).map((folder) => folder.slice(sysfs.length));
	const modules = existsSync(`${sysfs}/module`) ? readdirSync(`${sysfs}/module`, "latin1") : [];
	return [
		...folders.flatMap((devpath) => captureDevice(sysfs, devpath)),
		...modules.map((name) => ({ devpath: `/module/${name}` })),
	];
}

function captureIndex(content: Buffer, digestsAlone: boolean): CapturedIndex {
	return {
		bytes: content.length,
		sha256: captureFiles.sha256(content),
		...(!digestsAlone && { gzip: captureFiles.gzip(content).toString("base64") }),
	};
}

function captureDevice(sysfs: string, devpath: string): readonly CapturedDevice[] {
	const at = (name: string): Buffer => Buffer.from(`${sysfs}${devpath}/${name}`, "latin1");
	const attribute = (name: string): string | undefined =>
		existsSync(at(name)) ? readFileSync(at(name), "latin1").replace(/\n$/, "") : undefined;
	const link = (name: string): string | undefined => {
		try {
			return readlinkSync(at(name), "latin1");
		} catch {
			return undefined;
		}
	};
	const [modalias, uevent] = ["modalias", "uevent"].map(attribute);
	const [subsystem, driver] = ["subsystem", "driver"].map(link);
	if (modalias === undefined && uevent === undefined && subsystem === undefined) return [];
	return [
		{
			devpath,
			...(modalias !== undefined && { modalias }),
			...(uevent !== undefined && { uevent }),
			...(subsystem !== undefined && {
				subsystem: basename(subsystem),
				onBus: basename(dirname(subsystem)) === "bus",
			}),
			...(driver !== undefined && { driver: basename(driver) }),
		},
	];
}

function listFolders(folder: string): readonly string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(Buffer.from(folder, "latin1"), { withFileTypes: true, encoding: "latin1" }).flatMap((entry) =>
		entry.isDirectory() ? [`${folder}/${entry.name}`, ...listFolders(`${folder}/${entry.name}`)] : [],
	);
}

function listFiles(folder: string): readonly string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: "latin1" }).flatMap((entry) =>
		entry.isFile() ? [`${entry.parentPath}/${entry.name}`] : [],
	);
}
