// Files of synthetic captures for tests, and the two kernels of Debian's that their machines are compared under.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backportedKernel } from "../vm/images/backported-kernel.js";
import { kernelPackage } from "../vm/images/kernel-package.js";
import { type SyntheticFleet, syntheticCaptures } from "./synthetic-captures.js";

export type FleetKernels = {
	/** Options that name both kernels. */
	readonly words: readonly string[];
	/** Their roots. */
	readonly roots: readonly [string, string];
	readonly fleet: Omit<SyntheticFleet, "seed">;
};

export async function fleetKernels(): Promise<FleetKernels> {
	const [old, newer] = [await kernelPackage(), await backportedKernel()];
	const patterns = readFileSync(join(old.root, "lib/modules", old.release, "modules.alias"), "latin1");
	return {
		words: ["--kernel", old.root, "--kernel", newer.root],
		roots: [old.root, newer.root],
		fleet: { patterns, release: old.release },
	};
}

/** The first lines of a fleet. */
export function takeCaptures(fleet: SyntheticFleet, count: number): string[] {
	const lines: string[] = [];
	for (const line of syntheticCaptures(fleet)) {
		lines.push(line);
		if (lines.length === count) break;
	}
	return lines;
}

/** Writes lines into a file, and returns its path. */
export function writeLines(folder: string, name: string, lines: readonly string[]): string {
	const path = join(folder, name);
	writeFileSync(path, lines.join(""), "latin1");
	return path;
}
