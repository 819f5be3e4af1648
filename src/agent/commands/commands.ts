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
	return new DeviceCommands(policy, pool, onSkipped);
}

class DeviceCommands implements Commands {
	readonly #policy: () => Policy;
	readonly #pool: Pick<CommandPool, "add">;
	readonly #onSkipped: OnSkipped;
	readonly #seen = makeSeenDevices();

	constructor(policy: () => Policy, pool: Pick<CommandPool, "add">, onSkipped: OnSkipped) {
		this.#policy = policy;
		this.#pool = pool;
		this.#onSkipped = onSkipped;
	}

	hear(uevents: readonly Uevent[]): void {
		const isAnything = this.#policy().run.length > 0;
		for (const uevent of uevents) {
			this.#follow(uevent);
			if (isAnything && uevent.leftAlone === undefined) this.#run(uevent, () => this.#isDue(uevent));
		}
	}

	watch(sources: DeviceSources): DeviceSources {
		const { look } = sources;
		const orOwn = (concerns: Concerns): Concerns => concerns ?? concernOf(this.#policy());
		return {
			...sources,
			present: (concerns, ...rest) => this.#look(sources.present(orOwn(concerns), ...rest)),
			...(look && { look: (options) => this.#lookBeside(look({ ...options, concerns: orOwn(options.concerns) })) }),
		};
	}

	*#look(present: Iterable<PresentDevice>): Generator<PresentDevice> {
		this.#seen.beginLook();
		for (const device of present) {
			this.#find(device);
			yield device;
		}
		this.#seen.endLook();
	}

	async *#lookBeside(lists: AsyncIterable<readonly PresentDevice[]>): AsyncGenerator<readonly PresentDevice[]> {
		this.#seen.beginLook();
		for await (const devices of lists) {
			for (const device of devices) this.#find(device);
			yield devices;
		}
		this.#seen.endLook();
	}

	#find(device: PresentDevice): void {
		this.#run(device, () => this.#seen.find(device.devpath));
	}

	/** A device that leaves and comes again is a new one. A device that moves stays the same. */
	#follow({ action, devpath, properties }: Uevent): void {
		if (action === "remove") this.#seen.forget(devpath);
		else if (action === "move" && this.#seen.forget(properties?.get("DEVPATH_OLD") ?? "")) this.#seen.announce(devpath);
	}

	#isDue({ action, devpath, properties }: Uevent): boolean {
		if (action !== "add") return true;
		// A synthetic uevent, which a write to the device's file `uevent` caused, asks for the commands to be run again.
		return this.#seen.announce(devpath) || properties?.get("SYNTH_UUID") !== undefined;
	}

	#run(device: PresentDevice, isDue: () => boolean): void {
		attempt(device.devpath, this.#onSkipped, undefined, () => this.#addRuns(device, isDue));
	}

	#addRuns(device: PresentDevice, isDue: () => boolean): void {
		const runs = listRuns(this.#policy(), device, this.#onSkipped);
		if (runs.length === 0 || !isDue()) return;
		const { devpath, action = "add" } = device;
		for (const { command, timeoutMilliseconds, source, environment: listed } of runs) {
			const environment = formatEnvironment(device, listed);
			this.#pool.add({ device: devpath, action, rule: source, command, environment, timeoutMilliseconds });
		}
	}
}

type Concerns = ReturnType<typeof concernOf>;

/** Returns which subsystems' devices without an alias a look must find. Undefined when none. */
export function concernOf(policy: Policy): ((subsystem: string) => boolean) | undefined {
	return concernsUnaliased(policy) ? (subsystem) => concernsSubsystem(policy, subsystem) : undefined;
}
