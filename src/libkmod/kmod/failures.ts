// Why an insertion or removal came to nothing, where it was not the kernel that refused. Each has a `code`, as a Refusal has.

/** Indexes have no file for the module. */
export class NoModuleFile extends Error {
	override readonly name = "NoModuleFile";
	readonly code = "ENOENT";
	readonly module: string;
	constructor(module: string, moduleDirectory: string) {
		super(`${moduleDirectory}/modules.dep has no file of a module ${module}: run depmod if there is one`);
		this.module = module;
	}
}

/** No module has that name, and no alias of that spelling is known. */
export class NoSuchModule extends Error {
	override readonly name = "NoSuchModule";
	readonly code = "ENOENT";
	readonly module: string;
	constructor(module: string, moduleDirectory: string) {
		super(`${moduleDirectory} has no module ${module}`);
		this.module = module;
	}
}

/** The kernel has the module already, and that was to be an error. */
export class AlreadyLoaded extends Error {
	override readonly name = "AlreadyLoaded";
	readonly code = "EEXIST";
	readonly module: string;
	constructor(module: string) {
		super(`${module} is in the kernel already`);
		this.module = module;
	}
}

/** An `install` or `remove` command of modprobe.d ended with another status than 0. */
export class CommandFailure extends Error {
	override readonly name = "CommandFailure";
	readonly code = "EINVAL";
	readonly module: string;
	readonly command: string;
	/** 128 and more for a signal, as in sh. */
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

/** Why a module that is to be removed is left alone: it is in use, built in, or not there in the first place. */
export class Unremovable extends Error {
	override readonly name = "Unremovable";
	readonly code: "EBUSY" | "ENOENT";
	readonly module: string;
	constructor(module: string, why: "in use" | "builtin" | "not in kernel") {
		super(`Module ${module} is ${why}.`);
		this.code = why === "in use" ? "EBUSY" : "ENOENT";
		this.module = module;
	}
}
