// The kernel's current state of its modules. Nothing is cached.
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
	/**
	 * The reference count. Undefined when the kernel does not have the module, the module is built in, or modules cannot be
	 * unloaded.
	 */
	references(module: ModuleOrName): number | undefined;
	/** Bytes of memory that the module takes, without its init sections. */
	size(module: ModuleOrName): number | undefined;
	/** Modules that need this one. */
	holders(module: ModuleOrName): Module[];
	/** The module's sections and their addresses, which are 0x0 for readers without permission (kptr_restrict). */
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

/** Whether the module is live or built in, so that it needs no insertion. */
export function isInKernel({ machine, sysfs, knowledge }: Context, module: string): boolean {
	return knowledge().isBuiltin(module) || readInitstate(machine, sysfs, module) === "live";
}
