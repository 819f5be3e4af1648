// Module directories for the real tools and ours: module files of a few hundred bytes, indexed by the real depmod.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { normaliseModuleName } from "../../../src/libkmod/text/module-name.js";
import { moduleImage } from "./elf-image.js";

export const RELEASE = "6.0.0";

export type TreeModule = {
	readonly exports?: readonly string[];
	/** Symbols that any of the modules may export. */
	readonly needs?: readonly string[];
	/** Strings such as `alias=x`. */
	readonly modinfo?: readonly string[];
};

export type ModuleTree = {
	/** Modules by their file's name without extension, in modules.order's order. */
	readonly modules: Readonly<Record<string, TreeModule>>;
	/** Names of built-in modules; each also has the alias NAME-alias. */
	readonly builtin?: readonly string[];
};

/** Writes the tree below a root. @returns the module directory, ROOT/lib/modules/6.0.0 */
export function writeModuleTree(root: string, { modules, builtin = [] }: ModuleTree): string {
	const directory = join(root, "lib/modules", RELEASE);
	mkdirSync(join(directory, "kernel"), { recursive: true });
	for (const [name, { exports = [], needs = [], modinfo = [] }] of Object.entries(modules))
		writeFileSync(join(directory, modulePath(name)), moduleImage(exports, needs, modinfo));
	const lines = (names: readonly string[]) => names.map((name) => `${modulePath(name)}\n`).join("");
	writeFileSync(join(directory, "modules.order"), lines(Object.keys(modules)));
	writeFileSync(join(directory, "modules.builtin"), lines(builtin));
	const about = builtin.map((name) => `${name}.alias=${name}-alias\0${name}.license=GPL\0`);
	writeFileSync(join(directory, "modules.builtin.modinfo"), about.join(""));
	execFileSync("/sbin/depmod", ["-b", root, "-C", "/dev/null", RELEASE]);
	return directory;
}

/** The path of a module relative to the module directory. */
export function modulePath(name: string): string {
	return `kernel/${name}.ko`;
}

/** The modules that each module needs by its symbols, one line for each module. pretend-kernel.sh reads the text. */
export function formatNeeds(modules: Readonly<Record<string, TreeModule>>): string {
	const owners = new Map<string, string>();
	for (const [name, { exports = [] }] of Object.entries(modules))
		for (const symbol of exports) owners.set(symbol, normaliseModuleName(name));
	const lines = Object.entries(modules).map(([name, { needs = [] }]) => {
		const used = new Set(needs.flatMap((symbol) => owners.get(symbol) ?? []));
		return `${[normaliseModuleName(name), ...used].join(" ")}\n`;
	});
	return lines.join("");
}
