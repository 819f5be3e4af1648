// What goes first: drivers by what they are for, which the kernel's tree tells by where it keeps them.
import type { Step } from "../../libkmod/planning/plan-insertion.js";

/** Directories below the module directory. */
const groups = {
	block: /^kernel\/drivers\/(?:ata|block|md|mmc|mtd|nvme|scsi|ufs|virtio)\//,
	net: /^kernel\/drivers\/net\//,
	drm: /^kernel\/drivers\/(?:gpu|video)\//,
	input: /^kernel\/drivers\/(?:hid|input)\//,
	/** A controller brings up hubs and devices one after the other, each with drivers of its own. */
	usb_host: /^kernel\/drivers\/usb\/host\//,
} as const;

export type Group = keyof typeof groups;

export const groupNames = Object.keys(groups) as readonly Group[];

/** More than any chain of modules is long. */
const BEYOND_CHAINS = 1000;

/** How much sooner than the length of its chain says each step goes, for a list of groups whose first one goes before all. */
export function weighBy(first: readonly Group[], moduleDirectory: string): (step: Step) => number {
	const weights = first.map((group, place) => [groups[group], BEYOND_CHAINS * (first.length - place)] as const);
	return (step) => {
		if (step.how !== "insert" || !step.path.startsWith(`${moduleDirectory}/`)) return 0;
		const path = step.path.slice(moduleDirectory.length + 1);
		return weights.find(([directories]) => directories.test(path))?.[1] ?? 0;
	};
}
