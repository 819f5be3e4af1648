// Policy's commands: uevents and looks at all devices become commands, by the rules that match.

import type { DeviceSources, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Uevent } from "../devices/uevent.js";
import { attempt } from "../faults/skipped.js";
import { formatEnvironment } from "../policy/command-environment.js";
import { concernsSubsystem, concernsUnaliased, listRuns, type Policy } from "../policy/policy.js";
import type { CommandPool } from "./command-pool.js";
import { makeSeenDevices } from "./seen-devices.js";

export type Commands = {
	/** Takes all uevents that were heard, in their order. */
	hear(uevents: readonly Uevent[]): void;
	/** Returns the same devices. Devices that are seen for the first time have their commands run on the way. */
	watch(sources: DeviceSources): DeviceSources;
};

/**
 * @param policy returns the policy in use. @param onSkipped called when a device makes the rules throw, which skips the commands
 * of that device
 */
export function makeCommands(
	policy: () => Policy,
	pool: Pick<CommandPool, "add">,
	onSkipped: OnSkipped = () => undefined,
): Commands {
	const seen = makeSeenDevices();

	function run(device: PresentDevice, isDue: () => boolean): void {
		attempt(device.devpath, onSkipped, undefined, () => addRuns(device, isDue));
	}

	function addRuns(device: PresentDevice, isDue: () => boolean): void {
		const runs = listRuns(policy(), device, onSkipped);
		if (runs.length === 0 || !isDue()) return;
		const { devpath, action = "add" } = device;
		for (const { command, timeoutMilliseconds, source, environment: listed } of runs) {
			const environment = formatEnvironment(device, listed);
			pool.add({ device: devpath, action, rule: source, command, environment, timeoutMilliseconds });
		}
	}

	function isDue(uevent: Uevent): boolean {
		const { action, devpath, properties } = uevent;
		if (action !== "add") return true;
		// A synthetic uevent, which a write to the device's file `uevent` caused, asks for the commands to be run again.
		return seen.announce(devpath) || properties?.get("SYNTH_UUID") !== undefined;
	}

	/** A device that leaves and comes again is a new one. A device that moves stays the same. */
	function follow({ action, devpath, properties }: Uevent): void {
		if (action === "remove") seen.forget(devpath);
		else if (action === "move" && seen.forget(properties?.get("DEVPATH_OLD") ?? "")) seen.announce(devpath);
	}

	function* look(present: Iterable<PresentDevice>): Generator<PresentDevice> {
		seen.beginLook();
		for (const device of present) {
			run(device, () => seen.find(device.devpath));
			yield device;
		}
		seen.endLook();
	}

	async function* lookBeside(lists: AsyncIterable<readonly PresentDevice[]>): AsyncGenerator<readonly PresentDevice[]> {
		seen.beginLook();
		for await (const devices of lists) {
			for (const device of devices) run(device, () => seen.find(device.devpath));
			yield devices;
		}
		seen.endLook();
	}

	function lookBy(look: NonNullable<DeviceSources["look"]>): NonNullable<DeviceSources["look"]> {
		return (options) => lookBeside(look({ ...options, concerns: options.concerns ?? concernOf(policy()) }));
	}

	return {
		hear(uevents) {
			const isAnything = policy().run.length > 0;
			for (const uevent of uevents) {
				follow(uevent);
				if (isAnything && uevent.leftAlone === undefined) run(uevent, () => isDue(uevent));
			}
		},
		watch: (sources) => ({
			...sources,
			present: (concerns, ...rest) => look(sources.present(concerns ?? concernOf(policy()), ...rest)),
			...(sources.look && { look: lookBy(sources.look) }),
		}),
	};
}

/** Returns which subsystems' devices without an alias a look must find. Undefined when none. */
export function concernOf(policy: Policy): ((subsystem: string) => boolean) | undefined {
	return concernsUnaliased(policy) ? (subsystem) => concernsSubsystem(policy, subsystem) : undefined;
}
