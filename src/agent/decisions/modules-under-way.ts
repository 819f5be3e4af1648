// Modules that are begun or to begin and have not ended, each with the devices that came up too late for that attempt: the driver may
// have found no hardware because they were not there.
import type { Decision } from "./decider.js";
import { makeWaitingDevices, type Waiting } from "./waiting-devices.js";

export type ModulesUnderWay = {
	begin(module: string): void;
	has(module: string): boolean;
	/** The devices came up when an earlier batch had the module in flight. */
	join(module: string, decisions: readonly Decision[], devices: readonly string[]): void;
	/** The devices that came up late; from now on they wait no more. */
	end(module: string): Waiting;
};

export function makeModulesUnderWay(): ModulesUnderWay {
	const modules = new Set<string>();
	const late = makeWaitingDevices();
	return {
		begin: (module) => void modules.add(module),
		has: (module) => modules.has(module),
		join: (module, decisions, devices) => void late.add(module, decisions, devices),
		end(module) {
			modules.delete(module);
			return late.take(module);
		},
	};
}
