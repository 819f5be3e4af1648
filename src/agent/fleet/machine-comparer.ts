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
import { aliasesOf, aliasKey, keyOfAliases } from "./alias-key.js";

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
	const present = (capture: Capture, { devices, isAlone }: Picked) =>
		// The walk of a class's device depends on the devices above it.
		openCapturedDevices(isAlone ? { ...capture, devices } : capture).present(concerns);
	/** The modules that the machine's devices have loaded, as far as devices await them. */
	const listLoaded = (devices: Iterable<PresentDevice>, awaited: Awaited): Both<Map<string, PlannedModule>> => {
		const loaded = { a: new Map<string, PlannedModule>(), b: new Map<string, PlannedModule>() };
		for (const device of devices) {
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
		const told = tellDevices(capture, isRuled, decisions);
		const concerned = pick(told, mayChange);
		if (concerned.devices.length === 0) return [];
		const decided = [...present(capture, concerned)].map((device) => ({ device, decided: decide(device) }));
		const awaited = { a: new Set<string>(), b: new Set<string>() };
		for (const one of decided)
			for (const side of ["a", "b"] as const) for (const module of one.decided.awaited[side]) awaited[side].add(module);
		const bringing =
			awaited.a.size + awaited.b.size > 0 ? pick(told, (one) => mayBring(one, awaited, decisions)) : NOBODY;
		const loaded = bringing.devices.length > 0 ? listLoaded(present(capture, bringing), awaited) : undefined;
		return decided.flatMap(({ device, decided: one }) => {
			const change = loaded === undefined ? one.change : decisions.changeOf(one, device, loaded);
			return change === null ? [] : [{ devpath: device.devpath, change }];
		});
	};
}

type Awaited = Both<ReadonlySet<string>>;

/** A device, and what is decided for its aliases. Undefined where a rule of policy may be about the device. */
type ToldDevice = { readonly device: CapturedDevice; readonly key: string; readonly decided: Decided | undefined };

/** The devices that bear on the outcome: those that a rule may be about, and those with an alias. */
function tellDevices(
	{ devices }: Capture,
	isRuled: (subsystem: string) => boolean,
	decisions: AliasDecisions,
): readonly ToldDevice[] {
	const told: ToldDevice[] = [];
	for (const device of devices) {
		const { devpath, subsystem = "" } = device;
		if (isRuled(devpath.startsWith(MODULES) ? "module" : subsystem)) told.push({ device, key: "", decided: undefined });
		else {
			const key = aliasKey(device);
			if (key !== "") told.push({ device, key, decided: decisions.ofAliases(key) });
		}
	}
	return told;
}

/** Some devices of a capture. `isAlone` where they are walked as if there were no others. */
type Picked = { readonly devices: readonly CapturedDevice[]; readonly isAlone: boolean };

const NOBODY: Picked = { devices: [], isAlone: true };

function pick(told: readonly ToldDevice[], isPicked: (one: ToldDevice) => boolean): Picked {
	const devices = told.filter(isPicked).map(({ device }) => device);
	return { devices, isAlone: !devices.some(mayBeOfClass) };
}

function mayChange({ decided }: ToldDevice): boolean {
	if (decided === undefined) return true;
	const { change, awaited } = decided;
	return change !== null || awaited.a.length + awaited.b.length > 0;
}

/** Whether the device may have a module loaded that others await. */
function mayBring({ key, decided }: ToldDevice, awaited: Awaited, decisions: AliasDecisions): boolean {
	if (decided === undefined) return true;
	const device = { devpath: "", aliases: decided.loaded === undefined ? aliasesOf(key) : [] };
	const modules = decisions.modulesOf(decided);
	for (const side of ["a", "b"] as const)
		for (const module of awaited[side])
			if (modules.includes(module) && decisions.loadedFor(decided, device, side, module) !== undefined) return true;
	return false;
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
