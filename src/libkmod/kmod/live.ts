// What the kernel says of its modules right now: nothing of it is remembered.
import type { ModuleState } from "../formats/proc-modules.js";
import {
	readHolders,
	readInitstate,
	readReferences,
	readSections,
	readSize,
	type Section,
} from "../knowledge/live-state.js";
import type { Context } from "./context.js";
import { asModule, type Module, type ModuleOrName } from "./module.js";

export type LiveState = {
	/** Undefined for a module that the kernel does not have. @throws {Refusal} */
	state(module: ModuleOrName): ModuleState | "builtin" | undefined;
	/** How often it is in use; undefined where there is no such module, or it is built in, or modules cannot be unloaded. */
	references(module: ModuleOrName): number | undefined;
	/** Bytes of memory, what only its init needed apart. */
	size(module: ModuleOrName): number | undefined;
	/** Modules that need it. */
	holders(module: ModuleOrName): Module[];
	/** Its sections, and where in memory they are: 0x0 to those who are not to know. */
	sections(module: ModuleOrName): Section[];
};

export function makeLiveState({ machine, sysfs, knowledge }: Context): LiveState {
	return {
		state(module) {
			const { name } = asModule(module);
			return knowledge().isBuiltin(name) ? "builtin" : readInitstate(machine, sysfs, name);
		},
		references: (module) => readReferences(machine, sysfs, asModule(module).name),
		size: (module) => readSize(machine, sysfs, asModule(module).name),
		holders: (module) => readHolders(machine, sysfs, asModule(module).name).map((name) => ({ name })),
		sections: (module) => readSections(machine, sysfs, asModule(module).name),
	};
}

/** Whether it needs no insertion: it is live, or built in. */
export function isInKernel({ machine, sysfs, knowledge }: Context, module: string): boolean {
	return knowledge().isBuiltin(module) || readInitstate(machine, sysfs, module) === "live";
}
