// The judgement of a module: bound, live, kept out, or not asked for, with the cause that counts. Pure.

import type { CommandLine } from "../../libkmod/formats/modprobe-config.js";
import { isMask } from "../../libkmod/insertion/outcome.js";
import type { DriverState } from "../../ports/inspection.js";
import { listUnbound } from "./binding.js";
import { deviceDemand, listDemands, listIdleSoftdeps } from "./demands.js";
import type { Demand, Judgement, Obstacle } from "./explanation.js";
import { isBuiltinAlone, named, namedPath, type Situated } from "./facts.js";
import { heedsInstall, listObstacles } from "./obstacles.js";

/** @param asked the demand that the subject itself makes, such as an alias that is explained */
export function judgeModule(facts: Situated, module: string, asked?: Demand): Judgement {
	const demands = [...(asked === undefined ? [] : [asked]), ...listDemands(facts, module)];
	if (facts.live?.has(module)) return judgeLive(facts, module, demands);
	const [demand] = demands;
	if (facts.loading.has(module)) return { kind: "wanted", module, loading: true, ...(demand && { demand }) };
	if (isBuiltinAlone(facts.knowledge, module)) return { kind: "builtin", module, ...(demand && { demand }) };
	return judgeAbsent(facts, module, demands);
}

function judgeLive(facts: Situated, module: string, demands: readonly Demand[]): Judgement {
	const drivers = facts.inspection?.driversOf(module) ?? [];
	const [binding] = drivers.filter(({ devices }) => devices.length > 0);
	if (binding !== undefined) return judgeBound(facts, module, binding, demands);
	const unbound = demands
		.map((demand) => judgeUnbound(facts, module, drivers, demand))
		.find((one) => one !== undefined);
	if (unbound !== undefined) return unbound;
	const [demand] = demands;
	return { kind: "live", module, ...(demand && { demand }) };
}

function judgeBound(facts: Situated, module: string, driver: DriverState, demands: readonly Demand[]): Judgement {
	const byDevice = demands.find((one) => one.kind === "device" && driver.devices.includes(one.device.devpath));
	const demand = byDevice ?? demands[0];
	// The device whose alias asked for the module is told first.
	const first = byDevice?.kind === "device" ? byDevice.device.devpath : undefined;
	const paths = driver.devices.toSorted((a, b) => Number(b === first) - Number(a === first));
	const devices = paths.map((devpath) => namedPath(facts, devpath));
	return { kind: "bound", driver: driver.name, module, devices, ...(demand && { demand }) };
}

/** Undefined unless the device that asks is on a bus for which the module has registered a driver. */
function judgeUnbound(
	facts: Situated,
	module: string,
	drivers: readonly DriverState[],
	demand: Demand,
): Judgement | undefined {
	if (demand.kind !== "device") return undefined;
	const state = facts.inspection?.device(demand.device.devpath);
	const device = facts.devices.find(({ devpath }) => devpath === demand.device.devpath);
	if (device === undefined || state === undefined || !state.onBus) return undefined;
	if (!drivers.some(({ bus }) => bus === state.subsystem)) return undefined;
	const [cause] = listUnbound(facts, device, state, module);
	return { kind: "unbound", module, device: demand.device, cause };
}

function judgeAbsent(facts: Situated, module: string, demands: readonly Demand[]): Judgement {
	const obstacle = listObstacles(facts, module).find((one) => counts(one, demands));
	if (obstacle !== undefined) {
		const demand = demands[0] ?? keptDemand(facts, module);
		return { kind: "kept out", module, obstacle, ...(demand && { demand }) };
	}
	const [demand] = demands;
	const line = facts.knowledge.installCommand(module);
	const install = line !== undefined && !isMask(line.command) && heedsInstall(facts, module) ? line : undefined;
	if (demand !== undefined) return judgeWanted(module, demand, install);
	const [idle] = listIdleSoftdeps(facts, module);
	if (idle === undefined) return { kind: "not asked for", module };
	const { of, when, source } = idle;
	return { kind: "kept out", module, obstacle: { kind: "softdep only", of, when, source } };
}

function judgeWanted(module: string, demand: Demand, install: CommandLine | undefined): Judgement {
	return { kind: "wanted", module, demand, ...(install && { install }) };
}

const OF_ALIASES: ReadonlySet<Obstacle["kind"]> = new Set(["blacklisted", "denied", "not allowed", "ignored"]);

/** The blacklist and the rules of policy about devices do not count for a module that another one needs. */
export function counts({ kind }: Obstacle, demands: readonly Demand[]): boolean {
	return !OF_ALIASES.has(kind) || !demands.some((demand) => demand.kind === "dependency" || demand.kind === "softdep");
}

/** The device that would ask for the module if nothing kept the module from it. */
function keptDemand(facts: Situated, module: string): Demand | undefined {
	const [asking] = facts.asking.get(module) ?? [];
	if (asking !== undefined) return deviceDemand(facts, asking);
	const ignored = facts.ignored.get(module);
	if (ignored === undefined) return undefined;
	const { device, alias, pattern } = ignored;
	return { kind: "device", device: named(facts, device), alias, pattern };
}
