// Compares the machines of a fleet under two kernels. What becomes of a device follows from its aliases, so that each list of aliases
// is decided once for each configuration; a device that rules of policy may be about is decided by itself. Pure.

import type QuickLRU from "quick-lru";
import { POWER_SUPPLIES } from "../../libkmod/formats/walked-device.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Capture, CapturedDevice } from "../capture/capture.js";
import { openCapturedDevices } from "../capture/captured-devices.js";
import { concernOf } from "../commands/commands.js";
import type { Both } from "../comparing/answers.js";
import { comparePair, type DeviceChange } from "../comparing/device-changes.js";
import { type Answering, makeAnswerer, modulesOf } from "../comparing/sides.js";
import { matchesAny } from "../policy/patterns.js";
import type { Policy } from "../policy/policy.js";
import { aliasesOf, aliasKey, keyOfAliases } from "./alias-key.js";

/** A device that changes. The change is one object for all devices of the same aliases, and has the first one's path. */
export type FleetChange = { readonly devpath: string; readonly change: DeviceChange };

/**
 * What becomes of the devices of some aliases, by the mark of the two sides and the aliases: null where nothing does. It may be shared
 * by all comparers of a thread, since it is what takes memory.
 */
export type Outcomes = QuickLRU<string, DeviceChange | null>;

export type ComparerOptions = {
	/** Both with the policy of the machine. */
	readonly sides: Both<Answering>;
	readonly outcomes: Outcomes;
	/** Tells these two sides from all others whose outcomes are kept. */
	readonly mark: string;
};

/** The devices of which a driver is lost, gained or changed, in the order of a walk of /sys. */
export type MachineComparer = (capture: Capture) => readonly FleetChange[];

/** `outcomes` remembers the answers: the two sides need not. */
const LEAST_REMEMBERED = 64;

export function makeMachineComparer(options: ComparerOptions): MachineComparer {
	const { policy } = options.sides.a;
	const compareOne = makeDeviceComparer(options.sides);
	const outcomeOf = rememberOutcomes(options, compareOne);
	const isRuled = findRuled(policy);
	const concerns = concernOf(policy);
	return (capture) => {
		const { concerned, isAlone } = listConcerned(capture, isRuled, outcomeOf);
		if (concerned.length === 0) return [];
		// The walk of a class's device depends on the devices above it.
		const devices = isAlone ? capture.devices : concerned;
		const changes: FleetChange[] = [];
		for (const device of openCapturedDevices({ ...capture, devices }).present(concerns)) {
			const subsystem = device.properties?.get("SUBSYSTEM") ?? "";
			const change = isRuled(subsystem) ? compareOne(device) : outcomeOf(keyOfAliases(device.aliases));
			if (change !== null) changes.push({ devpath: device.devpath, change });
		}
		return changes;
	};
}

type CompareOne = (device: PresentDevice) => DeviceChange | null;
type OutcomeOf = (key: string) => DeviceChange | null;

function makeDeviceComparer({ a, b }: Both<Answering>): CompareOne {
	const answers = {
		a: makeAnswerer(a, undefined, LEAST_REMEMBERED),
		b: makeAnswerer(b, undefined, LEAST_REMEMBERED),
	};
	const kernels = { a: modulesOf(a), b: modulesOf(b) };
	return (device) => {
		const { devpath, aliases } = device;
		const pair = {
			a: { devpath, aliases, answer: answers.a(device) },
			b: { devpath, aliases, answer: answers.b(device) },
		};
		return comparePair(pair, kernels) ?? null;
	};
}

function rememberOutcomes({ outcomes, mark }: ComparerOptions, compareOne: CompareOne): OutcomeOf {
	return (key) => {
		const marked = mark + key;
		const known = outcomes.get(marked);
		if (known !== undefined) return known;
		const outcome = compareOne({ devpath: "", aliases: aliasesOf(key) });
		outcomes.set(marked, outcome);
		return outcome;
	};
}

/** The devices that may change. `isAlone` where one of them cannot be told without all others. */
function listConcerned({ devices }: Capture, isRuled: (subsystem: string) => boolean, outcomeOf: OutcomeOf) {
	const concerned: CapturedDevice[] = [];
	let isAlone = false;
	for (const device of devices) {
		const { devpath, subsystem = "" } = device;
		const isOfRule = isRuled(devpath.startsWith(MODULES) ? "module" : subsystem);
		if (!isOfRule) {
			const key = aliasKey(device);
			if (key === "" || outcomeOf(key) === null) continue;
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
