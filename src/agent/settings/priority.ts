// The priority of drivers in the queue for permits, by their purpose, which the directory of a module in the kernel tree tells.
import type { Step } from "../../libkmod/planning/plan-insertion.js";

/** Groups of drivers, by directories below the module directory. */
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

/** More than the length of any chain of modules. */
const BEYOND_CHAINS = 1000;

/**
 * Returns the weight of a step to be added to the length of its chain, for a list of groups in order of priority. Zero for a step
 * of no group.
 */
export function weighBy(first: readonly Group[], moduleDirectory: string): (step: Step) => number {
	const weights = first.map((group, place) => [groups[group], BEYOND_CHAINS * (first.length - place)] as const);
	return (step) => {
		if (step.how !== "insert" || !step.path.startsWith(`${moduleDirectory}/`)) return 0;
		const path = step.path.slice(moduleDirectory.length + 1);
		return weights.find(([directories]) => directories.test(path))?.[1] ?? 0;
	};
}
