// What the block devices need that lie on others: targets of the device mapper, personalities of md, and a few more drivers of such
// devices. Their modules are asked for by the programs and the kernel that put them together: no device has an alias for them. Pure.

import { parseProcModules } from "../../libkmod/formats/proc-modules.js";
import type { CapturedDevice } from "../capture/capture.js";
import { type KnownAlgorithms, listCipherNeeds } from "./algorithm-needs.js";
import type { BootNeed } from "./boot-need.js";
import { blockName } from "./boot-side.js";
import { type Judging, judgeAlias, judgeInImage, judgeName } from "./module-verdict.js";
import type { BlockOnWay } from "./ways.js";

/** The needs of one block device of a way. None for a disk. */
export function listMappingNeeds(
	judging: Judging,
	block: BlockOnWay,
	algorithms: KnownAlgorithms,
): readonly BootNeed[] {
	const { device, way } = block;
	const asked = { way, device: device.devpath };
	if (isMapped(device)) {
		const targets = targetsOf(judging, block);
		const needs = ["dm_mod", ...targets].map((name): BootNeed => {
			const verdict = name === "dm_mod" ? judgeInImage(judging, name, { inUse: true }) : judgeName(judging, name, true);
			return { need: "mapping", name: name.replaceAll("-", "_"), ...asked, verdict };
		});
		return isEncrypted(device) ? [...needs, ...listCipherNeeds(judging, algorithms ?? [], asked)] : needs;
	}
	if (device.mdLevel !== undefined) return listRaidNeeds(judging, device.mdLevel, asked);
	const module = DRIVERS.find(([pattern]) => pattern.test(blockName(device.devpath)))?.[1];
	if (module === undefined) return [];
	return [{ need: "mapping", name: module, ...asked, verdict: judgeInImage(judging, module, { inUse: true }) }];
}

/** Drivers of block devices that are on no bus. */
const DRIVERS: readonly (readonly [RegExp, string])[] = [
	[/^\/dev\/bcache[0-9]+/, "bcache"],
	[/^\/dev\/loop[0-9]+/, "loop"],
	[/^\/dev\/nbd[0-9]+/, "nbd"],
	[/^\/dev\/drbd[0-9]+/, "drbd"],
	[/^\/dev\/rbd[0-9]+/, "rbd"],
	[/^\/dev\/zram[0-9]+/, "zram"],
];

const isMapped = (device: CapturedDevice): boolean =>
	device.dmKind !== undefined || device.dmTargets !== undefined || /\/block\/dm-[0-9]+$/.test(device.devpath);

/** cryptsetup's kinds that are no encryption. */
const PLAIN_CRYPT = new Set(["CRYPT-VERITY", "CRYPT-INTEGRITY"]);

/** Whether a passphrase, or a key, opens the device. */
export function isEncrypted({ dmKind, dmTargets }: CapturedDevice): boolean {
	return dmTargets?.includes("crypt") === true || (dmKind?.startsWith("CRYPT") === true && !PLAIN_CRYPT.has(dmKind));
}

/** Targets that dm_mod itself has. */
const OWN_TARGETS = new Set(["linear", "striped", "error"]);

/** The names by which the kernel asks for the targets of a device: dm-TARGET. */
function targetsOf(judging: Judging, block: BlockOnWay): readonly string[] {
	const { dmTargets, dmKind = "" } = block.device;
	if (dmTargets !== undefined) {
		const names = [...new Set(dmTargets)].filter((target) => !OWN_TARGETS.has(target)).map((target) => `dm-${target}`);
		return [...names, ...liveTargets(judging).filter((module) => dmTargets.some((target) => isHelper(module, target)))];
	}
	if (dmKind === "CRYPT-VERITY") return ["dm-verity"];
	if (dmKind === "CRYPT-INTEGRITY") return ["dm-integrity"];
	if (dmKind.startsWith("CRYPT")) return ["dm-crypt"];
	if (dmKind === "mpath") return ["dm-multipath"];
	if (dmKind === "VDO") return ["dm-vdo"];
	return dmKind === "LVM" && liesOnVolumes(block) ? liveTargets(judging) : [];
}

/** A linear or striped volume lies on disks. One that is thin, mirrored, cached or a snapshot lies on other volumes. */
const liesOnVolumes = ({ below }: BlockOnWay): boolean => below.some(({ dmKind }) => dmKind === "LVM");

/** Modules of LVM's other kinds of volumes. */
const VOLUME_MODULES =
	/^(?:dm_(?:thin_pool|raid|mirror|snapshot|cache|cache_smq|integrity|writecache|vdo)|kvdo|raid(?:0|1|10|456))$/;

/** The personalities of dm-raid, and the policies of dm-cache. */
const isHelper = (module: string, target: string): boolean =>
	(target === "raid" && /^raid[0-9]+$/.test(module)) || (target === "cache" && module.startsWith("dm_cache_"));

/** Those in use: the kernel does not tell which volume uses which. Modules that only other modules need are no targets. */
function liveTargets({ machine: { capture } }: Judging): readonly string[] {
	const modules = parseProcModules(capture.files["/proc/modules"] ?? "");
	return modules
		.filter(({ module, references, holders }) => VOLUME_MODULES.test(module) && references > holders.length)
		.map(({ module }) => module);
}

/** Personalities by their level (`md/level`). */
function listRaidNeeds(judging: Judging, level: string, asked: Pick<BootNeed, "way" | "device">): readonly BootNeed[] {
	// A container holds other arrays, and an array that is being put together has no level yet.
	if (level === "" || level === "container" || level === "clear") return [];
	const module = /^raid[456]$/.test(level) ? "raid456" : level;
	const verdict = judgeAlias(judging, `md-${level}`, true) ?? judgeInImage(judging, module, { inUse: true });
	return [{ need: "raid", name: level, ...asked, verdict }];
}
