// The judgement of a device, or of an alias alone: bound, not bound, no driver, and the judgement of the modules that its aliases ask
// for. Pure.

import type { PresentDevice } from "../../ports/devices.js";
import type { DeviceState } from "../../ports/inspection.js";
import { listUnbound, OF_CLASSES } from "./binding.js";
import { deviceDemand } from "./demands.js";
import { judgeModule } from "./explain-module.js";
import type { Judgement, NamedDevice } from "./explanation.js";
import { type AskingDevice, lookUpReadable, named, namedPath, type Situated } from "./facts.js";
import { listElsewhere, listNearest } from "./unmatched.js";

/** A device of the walk, or a device without a path that stands for an alias: its decisions are among the facts. */
export function judgeDevice(facts: Situated, device: PresentDevice): Judgement {
	const told = named(facts, device);
	const state = device.devpath === "" ? undefined : facts.inspection?.device(device.devpath);
	return judgeBoundDevice(facts, device, state) ?? judgeByAliases(facts, device, told, state);
}

function judgeBoundDevice(
	facts: Situated,
	device: PresentDevice,
	state: DeviceState | undefined,
): Judgement | undefined {
	const told = named(facts, device);
	if (state?.driver !== undefined)
		return bound(facts, device, told, { driver: state.driver, module: state.driverModule });
	if (state?.physicalNode === undefined || state.physicalDriver === undefined) return undefined;
	const physical = facts.inspection?.device(state.physicalNode);
	const driver = { driver: state.physicalDriver, module: physical?.driverModule };
	return bound(facts, device, namedPath(facts, state.physicalNode), driver);
}

type Driver = { readonly driver: string; readonly module: string | undefined };

function bound(facts: Situated, device: PresentDevice, told: NamedDevice, { driver, module }: Driver): Judgement {
	const asking = listAsking(facts, device).find(({ match }) => match.found.module === module);
	const demand = asking && deviceDemand(facts, asking);
	return { kind: "bound", driver, ...(module && { module }), devices: [told], ...(demand && { demand }) };
}

/** The matches of the device's aliases, in the order in which they count. */
export function listAsking(facts: Situated, device: PresentDevice): readonly AskingDevice[] {
	const decisions = facts.decisions.get(device.devpath) ?? [];
	return decisions.flatMap((decision) => decision.matches.map((match) => ({ device, decision, match })));
}

function judgeByAliases(
	facts: Situated,
	device: PresentDevice,
	told: NamedDevice,
	state: DeviceState | undefined,
): Judgement {
	const asking = listAsking(facts, device);
	if (asking.length === 0) return judgeUnmatched(facts, device, told, state);
	const judged = asking.map((one) => judgeMatch(facts, one, told, state));
	const best = ORDER.map((kind) => judged.find((one) => one.kind === kind)).find((one) => one !== undefined);
	return best ?? judged[0]!;
}

/** The best that can come of several modules for one device. */
const ORDER: readonly Judgement["kind"][] = [
	"bound",
	"wanted",
	"live",
	"unbound",
	"kept out",
	"builtin",
	"not asked for",
];

function judgeMatch(
	facts: Situated,
	asking: AskingDevice,
	told: NamedDevice,
	state: DeviceState | undefined,
): Judgement {
	const { module } = asking.match.found;
	const demand = deviceDemand(facts, asking);
	const isLive = facts.live?.has(module) === true;
	const builtIn = asking.match.verdict === "builtin";
	// An alias alone has no device: the module's own state is the answer.
	if (asking.device.devpath !== "" && state?.onBus && (isLive || builtIn)) {
		const [cause] = listUnbound(facts, asking.device, state, builtIn ? undefined : module);
		return { kind: "unbound", ...(!builtIn && { module }), device: told, cause };
	}
	if (asking.device.devpath !== "" && isLive) return { kind: "live", module, demand };
	// Of all that ask for the module, this device is the one that is asked about.
	return judgeModule(facts, module, asking.match.verdict === "wanted" ? demand : undefined);
}

function judgeUnmatched(
	facts: Situated,
	device: PresentDevice,
	told: NamedDevice,
	state: DeviceState | undefined,
): Judgement {
	const decisions = facts.decisions.get(device.devpath) ?? [];
	for (const { ignored, alias, problem } of decisions) {
		if (problem !== undefined) return { kind: "failure", why: problem.message, nearest: [] };
		const [found] = ignored === undefined ? [] : lookUpReadable(facts.knowledge, alias);
		if (ignored === undefined || found === undefined) continue;
		const obstacle = { kind: "ignored" as const, source: ignored, device: told };
		return { kind: "kept out", module: found.module, obstacle };
	}
	const { aliases } = device;
	if (!bindsDrivers(device, state)) {
		const subsystem = state?.subsystem;
		const onBus = state?.onBus === true;
		return { kind: "no need", device: told, onBus, ...(subsystem !== undefined && { subsystem }) };
	}
	const [nearest] = listNearest(facts, aliases);
	const elsewhere = listElsewhere(facts, aliases);
	return { kind: "no driver", device: told, aliases, release: facts.release, elsewhere, ...(nearest && { nearest }) };
}

function bindsDrivers({ devpath, aliases }: PresentDevice, state: DeviceState | undefined): boolean {
	if (devpath === "") return true;
	if (aliases.length === 0) return false;
	if (state === undefined || state.subsystem === undefined) return !aliases.every((alias) => OF_CLASSES.test(alias));
	return state.onBus;
}
