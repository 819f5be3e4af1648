// Sides of a comparison, of worlds in memory.

import type { Both } from "../../../src/agent/comparing/answers.js";
import { compareSides, type SidesCompared } from "../../../src/agent/comparing/comparison.js";
import type { Side } from "../../../src/agent/comparing/sides.js";
import { withMasks } from "../../../src/agent/decisions/decider.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeWorld, type World } from "./world.js";

/** Devices by their names below /devices, with their aliases. */
export type NamedDevices = Readonly<Record<string, string | readonly string[]>>;

export type SideOfWorld = {
	readonly name?: string;
	readonly world?: Partial<World>;
	readonly devices?: NamedDevices | readonly PresentDevice[];
	/** The text of a file of rules. */
	readonly rules?: string;
	/** Paths of module files that are not there. */
	readonly missing?: readonly string[];
	/** The words of module_blacklist=. */
	readonly kernelBlacklist?: readonly string[];
};

export const RULES_FILE = "/etc/rules.toml";

export function makeSide({
	name = "side",
	world = {},
	devices = {},
	rules = "",
	missing = [],
	kernelBlacklist = [],
}: SideOfWorld): Side {
	const { policy } = parsePolicy(RULES_FILE, rules).value;
	return {
		name,
		release: "6.0.0",
		policy,
		knowledge: withMasks(makeWorld({ modules: {}, ...world }), policy),
		devices: isList(devices) ? devices : listNamedDevices(devices),
		kernelBlacklist: { file: "/proc/cmdline", modules: new Set(kernelBlacklist) },
		isFileThere: (path) => !missing.includes(path),
	};
}

const isList = (devices: NonNullable<SideOfWorld["devices"]>): devices is readonly PresentDevice[] =>
	Array.isArray(devices);

export const listNamedDevices = (devices: NamedDevices): readonly PresentDevice[] =>
	Object.entries(devices).map(([name, aliases]) => ({ devpath: `/devices/${name}`, aliases: [aliases].flat() }));

/** Both sides have what `shared` says, and each what its own says besides. */
export const makeSides = (shared: SideOfWorld, a: SideOfWorld, b: SideOfWorld): Both<Side> => ({
	a: makeSide({ ...shared, name: "A", ...a, world: { ...shared.world, ...a.world } }),
	b: makeSide({ ...shared, name: "B", ...b, world: { ...shared.world, ...b.world } }),
});

export const compareWorlds = (...sides: Parameters<typeof makeSides>): SidesCompared =>
	compareSides(makeSides(...sides));
