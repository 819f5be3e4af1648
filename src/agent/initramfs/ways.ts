// The way from a mount down to its disks: mounts lie on block devices, and those on others, by `slaves`: LUKS, LVM, md, multipath.
// Pure. A device is met once on each way.

import type { CapturedDevice, CapturedMount } from "../capture/capture.js";
import { type BootSide, blockName } from "./boot-side.js";

/** A block device on the way from a mount. */
export type BlockOnWay = {
	readonly device: CapturedDevice;
	/** The names of the devices from this one to the mount, such as "/dev/sda2", "dm-0", "/". */
	readonly way: readonly string[];
	/** The block devices that it lies on. */
	readonly below: readonly CapturedDevice[];
};

export type Way = {
	readonly mount: CapturedMount;
	/** From the mount down, each once. */
	readonly blocks: readonly BlockOnWay[];
	/** Those on no other block device. */
	readonly disks: readonly BlockOnWay[];
	/** Where the way ends before a disk: a sentence each. */
	readonly lost: readonly string[];
};

/** No machine has as many block devices on the way to one mount. */
const MOST_BLOCKS = 4096;

export function followMount(machine: BootSide, mount: CapturedMount): Way {
	const blocks: BlockOnWay[] = [];
	const lost: string[] = [];
	const seen = new Set<string>();
	const due = mount.devices.map((devpath) => ({ devpath, way: [mount.at] })).reverse();
	for (let next = due.pop(); next !== undefined && blocks.length < MOST_BLOCKS; next = due.pop()) {
		const { devpath } = next;
		if (seen.has(devpath)) continue;
		seen.add(devpath);
		const device = machine.devices.get(devpath);
		const way = [blockName(devpath), ...next.way];
		if (device === undefined) {
			lost.push(`${blockName(devpath)} (${devpath}) is no device of the capture`);
			continue;
		}
		const slaves = slavesOf(machine, device);
		blocks.push({ device, way, below: slaves.flatMap((slave) => machine.devices.get(slave) ?? []) });
		for (const slave of slaves.toReversed()) due.push({ devpath: slave, way });
	}
	if (mount.devices.length === 0 && !NETWORK.test(mount.fileSystem))
		lost.push(`the machine does not tell on which block devices ${mount.at} (${mount.fileSystem}) lies`);
	const disks = blocks.filter(({ device }) => slavesOf(machine, device).length === 0);
	const placeless = disks.filter(({ device }) => diskPlacesOf(machine, device).length === 0);
	lost.push(...placeless.map(({ device }) => `what ${blockName(device.devpath)} lies on is not known`));
	return { mount, blocks, disks, lost };
}

/** The devices that a block device lies on. A partition has those of its disk. */
function slavesOf(machine: BootSide, device: CapturedDevice): readonly string[] {
	const own = device.slaves ?? [];
	return own.length > 0 ? own : (wholeDiskOf(machine, device)?.slaves ?? []);
}

/** The disk of a partition. Undefined for a whole disk. */
export function wholeDiskOf({ devices }: BootSide, { devpath }: CapturedDevice): CapturedDevice | undefined {
	const above = devices.get(devpath.slice(0, devpath.lastIndexOf("/")));
	return above?.subsystem === "block" ? above : undefined;
}

/** The disks of a way, those together that are the paths of one: below a device of dm-multipath. */
export function listDisksOnWay({ blocks, disks }: Way): readonly (readonly BlockOnWay[])[] {
	const isMultipath = ({ dmKind, dmTargets }: CapturedDevice): boolean =>
		dmKind === "mpath" || dmTargets?.includes("multipath") === true;
	const names = new Set(blocks.flatMap(({ device }) => (isMultipath(device) ? [blockName(device.devpath)] : [])));
	const groups = new Map<string, BlockOnWay[]>();
	for (const disk of disks) {
		const key = disk.way.find((name) => names.has(name)) ?? disk.device.devpath;
		groups.set(key, [...(groups.get(key) ?? []), disk]);
	}
	return [...groups.values()];
}

/** Where a disk, or partition, really is in the tree of devices: at several places where it has several paths. */
export function diskPlacesOf(machine: BootSide, { devpath }: CapturedDevice): readonly string[] {
	const [, subsystem, namespace] =
		/\/nvme-subsystem\/nvme-subsys[0-9]+\/nvme([0-9]+)n([0-9]+)(?:\/|$)/.exec(devpath) ?? [];
	if (subsystem === undefined) return devpath.startsWith("/devices/virtual/") ? [] : [devpath];
	// The paths of a disk with several are hidden disks of its controllers, such as nvme0c1n1 (drivers/nvme/host/multipath.c).
	const path = new RegExp(`/nvme${subsystem}c[0-9]+n${namespace}$`);
	return [...machine.devices.keys()].filter((one) => path.test(one)).sort();
}

/** File systems that come over the network. */
const NETWORK = /^(?:nfs4?|cifs|smb3|ceph|glusterfs|afs|fuse\.(?:glusterfs|sshfs))$/;

/** Whether a way leads over the network. iSCSI's disks lie below a session. */
export const needsNetwork = ({ mount, disks }: Way): boolean =>
	NETWORK.test(mount.fileSystem) || disks.some(({ device }) => /\/session[0-9]+\/target/.test(device.devpath));
