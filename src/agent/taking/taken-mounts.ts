// The file systems at / and /usr, and the block devices that they lie on: /proc/self/mountinfo (proc_pid_mountinfo(5)). Pure but for
// the ports.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { Inspection } from "../../ports/inspection.js";
import type { CapturedMount } from "../capture/capture.js";

const PLACES = ["/", "/usr"] as const;

export type MountLine = {
	/** MAJOR:MINOR; the major is 0 where the file system lies on several devices, or on none. */
	readonly number: string;
	readonly at: string;
	readonly fileSystem: string;
	/** As the program that mounted it has named it: a path, or any other words. */
	readonly source: string;
};

/** The mounts of / and /usr: of several at one place, the last lies on top. Lines that tell no mount are passed by. */
export function parseMountLines(text: string): readonly MountLine[] {
	const lines = new Map<string, MountLine>();
	for (const line of text.split("\n")) {
		const [front = "", back = ""] = splitAtOptions(line);
		const [, , number = "", , at = ""] = front.split(" ");
		const [fileSystem = "", source = ""] = back.split(" ");
		if (PLACES.some((place) => place === at) && fileSystem !== "") lines.set(at, { number, at, fileSystem, source });
	}
	return PLACES.flatMap((place) => lines.get(place) ?? []);
}

/** A dash by itself ends the optional fields. */
function splitAtOptions(line: string): readonly string[] {
	const dash = line.indexOf(" - ");
	return dash < 0 ? [] : [line.slice(0, dash), line.slice(dash + 3)];
}

export type MountSight = {
	readonly files: Pick<Files, "read" | "list">;
	/** The root of another machine, or "", and the path of its sysfs, `root` included. */
	readonly root: string;
	readonly sysfs: string;
	readonly inspection: Pick<Inspection, "follow" | "nodeName">;
};

export function takeMounts(sight: MountSight): readonly CapturedMount[] {
	const bytes = ifReadable(() => sight.files.read(`${sight.root}/proc/self/mountinfo`, bounds.mounts));
	return parseMountLines(bytes?.toString("latin1") ?? "").map((mount) => ({
		at: mount.at,
		fileSystem: mount.fileSystem,
		devices: findDevices(mount, sight),
	}));
}

function findDevices({ number, fileSystem, source }: MountLine, sight: MountSight): readonly string[] {
	const { inspection } = sight;
	const own = /^\d+:\d+$/.test(number) ? inspection.follow(`/dev/block/${number}`) : undefined;
	if (own !== undefined) return [own];
	const nodes = source
		.split(":")
		.filter((part) => part.startsWith("/dev/"))
		.map((part) => inspection.nodeName(part) ?? baseName(part));
	const several = fileSystem === "btrfs" && nodes[0] !== undefined ? findOfBtrfs(nodes[0], sight) : [];
	return several.length > 0 ? several : nodes.flatMap((name) => inspection.follow(`/class/block/${name}`) ?? []);
}

/** All devices of the btrfs that has a device of this name. */
function findOfBtrfs(name: string, { files, sysfs, inspection }: MountSight): readonly string[] {
	for (const uuid of (ifReadable(() => files.list(`${sysfs}/fs/btrfs`)) ?? []).sort()) {
		const names = ifReadable(() => files.list(`${sysfs}/fs/btrfs/${uuid}/devices`)) ?? [];
		if (names.includes(name))
			return names.sort().flatMap((one) => inspection.follow(`/fs/btrfs/${uuid}/devices/${one}`) ?? []);
	}
	return [];
}
