// What the kernel says of one of its modules: /sys/module/MODULE, as Documentation/ABI/testing/sysfs-module describes it, and
// /proc/modules. Names are normalised ones, and `sysfs` and `proc` the directories where those are mounted. Everything
// here throws a Refusal where the kernel refuses to tell.

import { attributeText, attributeWord } from "../formats/attribute.js";
import { type LoadedModule, type ModuleState, parseProcModules } from "../formats/proc-modules.js";
import { bounds } from "../kernel/bounds.js";
import type { Files } from "../kernel/kernel.js";

/**
 * Undefined for a module that the kernel does not have. A directory without the file `initstate` is that of a module whose
 * insertion has only just begun: "coming", as in libkmod; or that of a module built in, which also has a directory if it
 * has parameters or a version. Ask modules.builtin first.
 */
export function readInitstate(files: Files, sysfs: string, module: string): ModuleState | undefined {
	const directory = moduleDirectory(sysfs, module);
	const text = readText(files, `${directory}/initstate`);
	if (text === undefined) return files.list(directory) === undefined ? undefined : "coming";
	return text === "live" || text === "coming" || text === "going" ? text : undefined;
}

/** The one inserted last comes first; none for a kernel without modules. */
export function readLoadedModules(files: Files, proc: string): LoadedModule[] {
	const bytes = files.read(`${proc}/modules`, bounds.loadedModules);
	return parseProcModules(bytes === undefined ? "" : attributeText(bytes));
}

/** Modules that need this one, in the order of the directory that lists them, as in libkmod. No module's name begins with a dot. */
export function readHolders(files: Files, sysfs: string, module: string): string[] {
	return (files.list(`${moduleDirectory(sysfs, module)}/holders`) ?? []).filter((name) => !name.startsWith("."));
}

/** How often it is in use; undefined where there is no such module, or it is built in, or modules cannot be unloaded. */
export function readReferences(files: Files, sysfs: string, module: string): number | undefined {
	return readNumber(files, `${moduleDirectory(sysfs, module)}/refcnt`);
}

/** Bytes of memory that the module takes, what only its init needed apart. */
export function readSize(files: Files, sysfs: string, module: string): number | undefined {
	return readNumber(files, `${moduleDirectory(sysfs, module)}/coresize`);
}

/** A section of a module's file where the kernel has put it; the address is hexadecimal, 0x0 to those who are not to know. */
export type Section = { readonly name: string; readonly address: string };

/** By name. */
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
