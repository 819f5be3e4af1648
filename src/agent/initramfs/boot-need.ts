// What a boot needs to reach its root file system, and whether an initramfs has it: plain data, which the text and the records of
// compare --initramfs are made from (schemas/compare.json). All strings have one character a byte.

import type { Source } from "../../libkmod/formats/modprobe-config.js";

/**
 * A thing that a boot needs:
 * - driver: of a device on the way from a disk to the machine's root of devices
 * - file system: of a mount
 * - algorithm: a checksum or a cipher, by the kernel's name for it
 * - mapping: a target of the device mapper, or another driver of block devices that lie on others
 * - raid: a personality of md
 * - keyboard: a driver on the way to a keyboard, for a passphrase
 * - network: a driver on the way to a network card, for a root that comes over the network
 */
export type BootNeed = {
	readonly need: "driver" | "file system" | "algorithm" | "mapping" | "raid" | "keyboard" | "network";
	/** A module, the name of a built-in driver, a file system, an algorithm, a target or a level. */
	readonly name: string;
	/** The devpath of the device that needs it. Absent for a file system. */
	readonly device?: string;
	/** From the disk to the mount, such as "/dev/nvme0n1p2", "dm-0", "/". */
	readonly way: readonly string[];
	readonly verdict: NeedVerdict;
};

export type NeedVerdict =
	| {
			readonly is: "in the image";
			readonly module: string;
			/** The path of its file within the image. */
			readonly path: string;
			/** Set when the machine itself uses another module. */
			readonly insteadOf?: string;
	  }
	| { readonly is: "built in" }
	| ({ readonly is: "missing"; readonly module: string } & MissingCause)
	/** `why` is a clause for people. */
	| { readonly is: "unknown"; readonly why: string };

/**
 * Why a module is of no use in an image:
 * - no file: its file is not there, or, with `of`, that of a module that it needs. So it is with `of` below
 * - no index entry: its file is there, and the indexes of the image do not have it, or not for the alias
 * - blacklisted: a line of the image keeps it from being loaded by an alias
 * - install line: a line of the image has a command in its place that loads nothing
 * - other kernel: the modules of the image are of the kernel `release`
 */
export type MissingCause =
	| { readonly cause: "no file"; readonly of?: string }
	| { readonly cause: "no index entry"; readonly path: string; readonly alias?: string; readonly of?: string }
	| { readonly cause: "blacklisted"; readonly source: Source }
	| { readonly cause: "install line"; readonly source: Source; readonly of?: string }
	| { readonly cause: "other kernel"; readonly release: string };

/** A mount that boot needs, and what came of following it down to its disks. */
export type FollowedMount = {
	readonly at: string;
	readonly fileSystem: string;
	/** The devpaths of the disks, or partitions, at the end of the way. */
	readonly disks: readonly string[];
	/** Where the way could not be followed: a sentence each. */
	readonly lost: readonly string[];
};

export type BootVerdict = {
	/** The image, as the call names it. */
	readonly image: string;
	/** The release of the modules in the image. */
	readonly release?: string;
	readonly mounts: readonly FollowedMount[];
	/** In the order in which a boot meets them, from the disk to the mount; each need once. */
	readonly needs: readonly BootNeed[];
	/** What a reader has to know beside: a sentence each. */
	readonly remarks: readonly string[];
};

/** A need that an image does not meet. */
export type LackingNeed = BootNeed & { readonly verdict: NeedVerdict & { readonly is: "missing" } };

export const isLacking = (need: BootNeed): need is LackingNeed => need.verdict.is === "missing";
