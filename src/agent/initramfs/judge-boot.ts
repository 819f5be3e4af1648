// Will this initramfs find its disk? All that a machine's boot needs to reach / and /usr, and whether the image has it. Pure.

import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Capture, CapturedMount } from "../capture/capture.js";
import type { KnownAlgorithms } from "./algorithm-needs.js";
import type { BootNeed, BootVerdict, FollowedMount } from "./boot-need.js";
import { type BootSide, makeBootSide } from "./boot-side.js";
import { parseProcCrypto } from "./crypto-algorithms.js";
import { DamagedImage } from "./damaged-image.js";
import { listDriverNeeds } from "./driver-needs.js";
import { listFileSystemNeeds } from "./file-system-needs.js";
import type { Image } from "./image.js";
import { findImageKernel } from "./image-kernel.js";
import { listKeyboards, listNeedsOfAny, listNetworkCards } from "./keyboard-needs.js";
import { isEncrypted, listMappingNeeds } from "./mapping-needs.js";
import type { Judging } from "./module-verdict.js";
import { listRemarks } from "./remarks.js";
import { type BlockOnWay, diskPlacesOf, followMount, listDisksOnWay, needsNetwork, type Way } from "./ways.js";

export type BootQuestion = {
	readonly capture: Capture;
	/** What is known of the modules of the machine's kernel. Undefined for a capture that has digests alone. */
	readonly knowledge: Knowledge | undefined;
	readonly image: Image;
	/** The release of the kernel that is to boot with the image. Default: that of the machine, or else of the image. */
	readonly release?: string | undefined;
};

/** @throws {DamagedImage} when an index of the image is damaged */
export function judgeBoot({ capture, knowledge, image, release }: BootQuestion): BootVerdict {
	const machine = makeBootSide(capture, knowledge);
	const kernel = findImageKernel(image, {
		wanted: release,
		machine: capture.release,
		knowledge,
		commandLine: capture.files["/proc/cmdline"],
	});
	const sameKernel = kernel.release === undefined || kernel.release === capture.release;
	const judging: Judging = { machine, kernel, sameKernel };
	try {
		const ways = (capture.mounts ?? []).map((mount) => followMount(machine, mount));
		return {
			image: image.file,
			...(kernel.release !== undefined && { release: kernel.release }),
			mounts: ways.map(followed),
			needs: distinct(ways.flatMap((way) => needsOfWay(judging, way))),
			remarks: listRemarks(judging, ways),
		};
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		throw new DamagedImage(image.file, `cannot be judged: ${error.message}`);
	}
}

const followed = ({ mount, disks, lost }: Way): FollowedMount => ({
	at: mount.at,
	fileSystem: mount.fileSystem,
	disks: disks.map(({ device }) => device.devpath),
	lost,
});

function needsOfWay(judging: Judging, way: Way): readonly BootNeed[] {
	const algorithms = knownAlgorithms(judging.machine);
	return [
		...listDisksOnWay(way).flatMap((disks) => diskNeeds(judging, disks)),
		...(needsNetwork(way) ? networkNeeds(judging, way.mount) : []),
		...way.blocks.toReversed().flatMap((block) => listMappingNeeds(judging, block, algorithms)),
		...passphraseNeeds(judging, way),
		...listFileSystemNeeds(judging, way.mount, algorithms),
	];
}

function passphraseNeeds(judging: Judging, { blocks }: Way): readonly BootNeed[] {
	const encrypted = blocks.find(({ device }) => isEncrypted(device));
	if (encrypted === undefined || !judging.kernel.asksPassphrase) return [];
	return listNeedsOfAny(judging, listKeyboards(judging.machine), { need: "keyboard", way: encrypted.way });
}

function knownAlgorithms({ capture }: BootSide): KnownAlgorithms {
	const text = capture.files["/proc/crypto"];
	return text === undefined ? undefined : parseProcCrypto(text);
}

/** Of several paths to a disk one suffices. */
function diskNeeds(judging: Judging, disks: readonly BlockOnWay[]): readonly BootNeed[] {
	const [{ way } = { way: [] }] = disks;
	const places = disks.flatMap(({ device }) => diskPlacesOf(judging.machine, device));
	if (places.length === 1) return listDriverNeeds(judging, places[0]!, { need: "driver", way });
	const devices = places.flatMap((place) => judging.machine.devices.get(place) ?? []);
	return listNeedsOfAny(judging, devices, { need: "driver", way });
}

const networkNeeds = (judging: Judging, { at }: CapturedMount): readonly BootNeed[] =>
	listNeedsOfAny(judging, listNetworkCards(judging.machine), { need: "network", way: [at] });

/** Each need once: /usr has most of what / has. Drivers are told for each device, and all else for the first. */
function distinct(needs: readonly BootNeed[]): readonly BootNeed[] {
	const first = new Map<string, BootNeed>();
	for (const one of needs) {
		const isDriver = one.need === "driver" || one.need === "keyboard" || one.need === "network";
		const key = JSON.stringify([one.need, one.name, isDriver ? one.device : ""]);
		if (!first.has(key)) first.set(key, one);
	}
	return [...first.values()];
}
