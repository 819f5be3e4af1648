// Errors of an insertion or removal that the kernel did not refuse. Each has the name of the errno that libkmod returns in that
// case.

import { HotplugdError } from "../kernel/errors.js";

/** modules.dep has no file for the module. */
export class NoModuleFile extends HotplugdError {
	override readonly name = "NoModuleFile";
	override readonly code = "ERR_NO_MODULE_FILE";
	readonly errnoName = "ENOENT";
	readonly module: string;
	constructor(module: string, moduleDirectory: string) {
		super(`${moduleDirectory}/modules.dep has no file for ${module}: run depmod if the file exists`);
		this.module = module;
	}
}

/** No module has that name, and no alias of that spelling is known. */
export class NoSuchModule extends HotplugdError {
	override readonly name = "NoSuchModule";
	override readonly code = "ERR_NO_SUCH_MODULE";
	readonly errnoName = "ENOENT";
	readonly module: string;
	constructor(module: string, moduleDirectory: string) {
		super(`${moduleDirectory} has no module ${module}`);
		this.module = module;
	}
}

/** The kernel has the module already, and the caller asked for an error in that case. */
export class AlreadyLoaded extends HotplugdError {
	override readonly name = "AlreadyLoaded";
	override readonly code = "ERR_ALREADY_LOADED";
	readonly errnoName = "EEXIST";
	readonly module: string;
	constructor(module: string) {
		super(`${module} is in the kernel already`);
		this.module = module;
	}
}

/** An `install` or `remove` command of modprobe.d ended with another status than 0. */
export class CommandFailure extends HotplugdError {
	override readonly name = "CommandFailure";
	override readonly code = "ERR_COMMAND_FAILURE";
	readonly errnoName = "EINVAL";
	readonly module: string;
	readonly command: string;
	/** 128 plus the signal's number for a signal, as in sh. */
	readonly exitStatus: number;
	constructor(kind: "install" | "remove", module: string, command: string, exitStatus: number) {
		super(
			kind === "install"
				? `Error running install command '${command}' for module ${module}: retcode ${exitStatus}`
				: `Error running remove command for ${module}`,
		);
		this.module = module;
		this.command = command;
		this.exitStatus = exitStatus;
	}
}

/** A module cannot be removed: the module is in use, built in, or not loaded. */
export class Unremovable extends HotplugdError {
	override readonly name = "Unremovable";
	override readonly code = "ERR_UNREMOVABLE";
	readonly errnoName: "EBUSY" | "ENOENT";
	readonly module: string;
	constructor(module: string, why: "in use" | "builtin" | "not in kernel") {
		super(`Module ${module} is ${why}.`);
		this.errnoName = why === "in use" ? "EBUSY" : "ENOENT";
		this.module = module;
	}
}
