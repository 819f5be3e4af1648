// The kernel's state of one of its modules: /sys/module/MODULE, as Documentation/ABI/testing/sysfs-module describes it, and
// /proc/modules. Module names are normalised. `sysfs` and `proc` are the mount points. Every function throws a Refusal when the
// kernel refuses to tell.

import { attributeText, attributeWord } from "../formats/attribute.js";
import { type LoadedModule, type ModuleState, parseProcModules } from "../formats/proc-modules.js";
import { bounds } from "../kernel/bounds.js";
import type { Files } from "../kernel/kernel.js";

/**
 * Undefined for a module that the kernel does not have. A directory without the file `initstate` belongs to a module whose
 * insertion has only just begun ("coming", as in libkmod), or to a built-in module that has parameters or a version. So ask
 * modules.builtin first.
 */
export function readInitstate(files: Files, sysfs: string, module: string): ModuleState | undefined {
	const directory = moduleDirectory(sysfs, module);
	const text = readText(files, `${directory}/initstate`);
	if (text === undefined) return files.list(directory) === undefined ? undefined : "coming";
	return text === "live" || text === "coming" || text === "going" ? text : undefined;
}

/** The loaded modules, the one inserted last first. Empty for a kernel without module support. */
export function readLoadedModules(files: Files, proc: string): LoadedModule[] {
	const bytes = files.read(`${proc}/modules`, bounds.loadedModules);
	return parseProcModules(bytes === undefined ? "" : attributeText(bytes));
}

/** Modules that need this one, in directory order, as in libkmod. Entries that begin with a dot are no modules. */
export function readHolders(files: Files, sysfs: string, module: string): string[] {
	return (files.list(`${moduleDirectory(sysfs, module)}/holders`) ?? []).filter((name) => !name.startsWith("."));
}

/**
 * The reference count. Undefined when the kernel does not have the module, the module is built in, or modules cannot be
 * unloaded.
 */
export function readReferences(files: Files, sysfs: string, module: string): number | undefined {
	return readNumber(files, `${moduleDirectory(sysfs, module)}/refcnt`);
}

/** Bytes of memory that the module takes, without its init sections. */
export function readSize(files: Files, sysfs: string, module: string): number | undefined {
	return readNumber(files, `${moduleDirectory(sysfs, module)}/coresize`);
}

/**
 * A section of a loaded module and its address in memory. The address is hexadecimal, and 0x0 for readers without permission
 * (kptr_restrict).
 */
export type Section = { readonly name: string; readonly address: string };

/** The module's sections, sorted by name. */
export function readSections(files: Files, sysfs: string, module: string): Section[] {
	const directory = `${moduleDirectory(sysfs, module)}/sections`;
	return (files.list(directory) ?? []).sort().flatMap((name) => {
		const address = readText(files, `${directory}/${name}`);
		return address !== undefined && /^0x[0-9a-f]+$/i.test(address) ? [{ name, address }] : [];
	});
}

function moduleDirectory(sysfs: string, module: string): string {
	return `${sysfs}/module/${module}`;
}

function readText(files: Files, path: string): string | undefined {
	const bytes = files.read(path);
	return bytes && attributeWord(bytes);
}

function readNumber(files: Files, path: string): number | undefined {
	const text = readText(files, path);
	return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
