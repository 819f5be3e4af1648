// Compares the machines of a fleet under two kernels: each device by what is decided for its aliases, or by itself where rules of
// policy may be about it. Pure.

import { POWER_SUPPLIES } from "../../libkmod/formats/walked-device.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Capture, CapturedDevice } from "../capture/capture.js";
import { openCapturedDevices } from "../capture/captured-devices.js";
import { concernOf } from "../commands/commands.js";
import type { Both } from "../comparing/answers.js";
import type { DeviceChange } from "../comparing/device-changes.js";
import type { PlannedModule } from "../comparing/side-plan.js";
import { matchesAny } from "../policy/patterns.js";
import type { Policy } from "../policy/policy.js";
import type { AliasDecisions, Decided } from "./alias-decisions.js";
import { aliasKey, keyOfAliases } from "./alias-key.js";

/** A device that changes. The change is one object for all devices of the same aliases, and has the first one's path. */
export type FleetChange = { readonly devpath: string; readonly change: DeviceChange };

/** The devices of which a driver is lost, gained or changed, in the order of a walk of /sys. */
export type MachineComparer = (capture: Capture) => readonly FleetChange[];

/** @param policy the machine's own, which both sides have */
export function makeMachineComparer(decisions: AliasDecisions, policy: Policy): MachineComparer {
	const isRuled = findRuled(policy);
	const concerns = concernOf(policy);
	const decide = (device: PresentDevice): Decided =>
		isRuled(device.properties?.get("SUBSYSTEM") ?? "")
			? decisions.ofDevice(device)
			: decisions.ofAliases(keyOfAliases(device.aliases));
	/** The modules that the machine's devices have loaded, as far as devices await them. */
	const listLoaded = (capture: Capture, awaited: Both<Set<string>>): Both<Map<string, PlannedModule>> => {
		const loaded = { a: new Map<string, PlannedModule>(), b: new Map<string, PlannedModule>() };
		for (const device of openCapturedDevices(capture).present(concerns)) {
			const decided = decide(device);
			for (const side of ["a", "b"] as const)
				for (const module of awaited[side]) {
					if (loaded[side].has(module)) continue;
					const planned = decisions.loadedFor(decided, device, side, module);
					if (planned !== undefined) loaded[side].set(module, planned);
				}
		}
		return loaded;
	};
	return (capture) => {
		const { concerned, isAlone } = listConcerned(capture, isRuled, decisions);
		if (concerned.length === 0) return [];
		// The walk of a class's device depends on the devices above it.
		const devices = isAlone ? capture.devices : concerned;
		const present = [...openCapturedDevices({ ...capture, devices }).present(concerns)];
		const decided = present.map((device) => ({ device, decided: decide(device) }));
		const awaited = { a: new Set<string>(), b: new Set<string>() };
		for (const one of decided)
			for (const side of ["a", "b"] as const) for (const module of one.decided.awaited[side]) awaited[side].add(module);
		const loaded = awaited.a.size + awaited.b.size > 0 ? listLoaded(capture, awaited) : undefined;
		return decided.flatMap(({ device, decided: one }) => {
			const change = loaded === undefined ? one.change : decisions.changeOf(one, device, loaded);
			return change === null ? [] : [{ devpath: device.devpath, change }];
		});
	};
}

/** The devices that may change. `isAlone` where one of them cannot be told without all others. */
function listConcerned({ devices }: Capture, isRuled: (subsystem: string) => boolean, decisions: AliasDecisions) {
	const concerned: CapturedDevice[] = [];
	let isAlone = false;
	for (const device of devices) {
		const { devpath, subsystem = "" } = device;
		if (!isRuled(devpath.startsWith(MODULES) ? "module" : subsystem)) {
			const key = aliasKey(device);
			if (key === "") continue;
			const { change, awaited } = decisions.ofAliases(key);
			if (change === null && awaited.a.length + awaited.b.length === 0) continue;
		}
		concerned.push(device);
		isAlone ||= mayBeOfClass(device);
	}
	return { concerned, isAlone };
}

/** Whether the device may be one of a class whose uevent a walk does not read: see openCapturedDevices. */
function mayBeOfClass({ devpath, subsystem, modalias }: CapturedDevice): boolean {
	if (modalias !== undefined) return false;
	const name = baseName(devpath.slice(0, devpath.lastIndexOf("/")));
	return name === subsystem || name === POWER_SUPPLIES;
}

const MODULES = "/module/";

/** Whether a rule may be about the devices of a subsystem, for a reason that is not in their aliases. */
function findRuled({ ignore, deny, allow, load }: Policy): (subsystem: string) => boolean {
	const rules = [...ignore, ...deny, ...allow, ...load];
	if (rules.length === 0) return () => false;
	const known = new Map<string, boolean>();
	return (subsystem) => {
		const ruled =
			known.get(subsystem) ??
			rules.some(({ subsystem: patterns }) => patterns === undefined || matchesAny(patterns, subsystem));
		if (known.size < MOST_SUBSYSTEMS) known.set(subsystem, ruled);
		return ruled;
	};
}

/** More subsystems than there are: a capture may have made them up. */
const MOST_SUBSYSTEMS = 1024;
