// Small module directories, and the results of the real depmod and ours for them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { type DepmodInput, depmod } from "../../../src/libkmod/depmod/depmod.js";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { chooseModules, isExcluded, isModuleFileName } from "../../../src/libkmod/depmod/module-search.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { type DepmodConfig, forRelease, parseDepmodConfig } from "../../../src/libkmod/formats/depmod-config.js";
import { listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";

export const RELEASE = "6.1.0";

export type DepmodWorld = {
	/** Module files, by their paths below the module directory. */
	readonly modules: Readonly<Record<string, Buffer>>;
	/** The text of modules.order; all modules in their given order when absent. With the empty list there is no such file. */
	readonly order?: string | [];
	readonly builtin?: string | [];
	readonly builtinModinfo?: string | [];
	/** The text of a file of depmod.d. */
	readonly config?: string;
};

export type Outcome = {
	readonly status: number | null;
	/** The messages on standard error, without the program's name and without blank lines. */
	readonly messages: string;
	/** The text of text files and the entries of indexes, by name. */
	readonly files: Readonly<Record<string, string>>;
};

/** Writes the world and returns its root, which is removed when the test ends. */
export function writeDepmodWorld(t: ExecutionContext, world: DepmodWorld): string {
	const root = mkdtempSync(join(tmpdir(), "depmod-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	const order = Object.keys(world.modules).map((path) => `${path}\n`);
	const { order: given = order.join(""), builtin = "", builtinModinfo = "", config = "" } = world;
	const files = { "modules.order": given, "modules.builtin": builtin, "modules.builtin.modinfo": builtinModinfo };
	for (const [name, content] of Object.entries({ ...world.modules, ...files })) {
		if (Array.isArray(content)) continue;
		const path = join(moduleDirectory(root), name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, content, "latin1");
	}
	writeFileSync(join(root, "depmod.conf"), config);
	return root;
}

export function moduleDirectory(root: string): string {
	return join(root, "lib/modules", RELEASE);
}

export function runRealDepmod(root: string, ...options: readonly string[]): Outcome {
	const words = [...options, "-C", join(root, "depmod.conf"), "-b", root, RELEASE];
	const { status, signal, stderr } = spawnSync("depmod", words, { encoding: "latin1", timeout: 50_000 });
	if (signal !== null) throw new Error(`depmod ended by ${signal}: ${stderr}`);
	const directory = moduleDirectory(root);
	const names = readdirSync(directory).filter((name) => name.startsWith("modules.") && !GIVEN.includes(name));
	const files = names.map((name) => [name, readFileSync(join(directory, name))] as const);
	for (const name of names) rmSync(join(directory, name));
	return { status, messages: withoutBlankLines(stderr.replaceAll(/^depmod: /gm, "")), files: readable(files) };
}

const GIVEN = ["modules.order", "modules.builtin", "modules.builtin.modinfo"];

export function runOurDepmod(root: string, options: Partial<DepmodInput> = {}): Outcome {
	const { files, problems } = depmod({ ...readWorld(root), ...options });
	const messages = problems.map(({ level, message }) => `${level}: ${message}\n`).join("");
	// Debian's kmod does not know weak dependencies yet.
	const known = [...files].filter(([name]) => name !== "modules.weakdep");
	return { status: files.size === 0 ? 1 : 0, messages: withoutBlankLines(messages), files: readable(known) };
}

/** Reads a directory into depmod's input, as a caller does. */
export function readWorld(root: string): DepmodInput {
	const directory = moduleDirectory(root);
	const { value } = parseDepmodConfig("depmod.conf", readFileSync(join(root, "depmod.conf"), "utf8"));
	const config = forRelease(value, RELEASE);
	const names = new SymbolNames();
	const digester = new ModuleDigester(names);
	const paths = chooseModules(listPaths(directory, "", config), config);
	const modules = paths.map((path) => digester.digest(path, readFileSync(join(directory, path))));
	const read = (name: string) =>
		readdirSync(directory).includes(name) ? readFileSync(join(directory, name)) : undefined;
	const [order, builtin, builtinModinfo] = GIVEN.map(read);
	return { directory, modules, names, order, builtin, builtinModinfo };
}

function listPaths(directory: string, below: string, config: DepmodConfig): string[] {
	const entries = readdirSync(join(directory, below), { withFileTypes: true });
	return entries
		.filter(({ name }) => !isExcluded(name, config))
		.flatMap((entry) => {
			const path = join(below, entry.name);
			if (entry.isDirectory()) return listPaths(directory, path, config);
			return isModuleFileName(entry.name) ? [path] : [];
		});
}

/** Runs both depmods and compares their outcomes. Returns the outcome of the real one. */
export function compareWithDepmod(
	t: ExecutionContext,
	world: DepmodWorld,
	{ words = [], input = {} }: { words?: readonly string[]; input?: Partial<DepmodInput> } = {},
): Outcome {
	const root = writeDepmodWorld(t, world);
	const real = runRealDepmod(root, ...words);
	t.deepEqual(runOurDepmod(root, input), real);
	return real;
}

function readable(files: Iterable<readonly [string, Buffer]>): Record<string, string> {
	const texts = [...files].map(([name, bytes]) => [
		name,
		name.endsWith(".bin") ? entriesOf(name, bytes) : bytes.toString("latin1"),
	]);
	return Object.fromEntries(texts.sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

/** The size of an index, and one line for each entry. Without modules.builtin, Debian's depmod writes empty index files. */
export function entriesOf(name: string, bytes: Buffer): string {
	const entries = bytes.length === 0 ? [] : [...listEntries(openIndex(name, bytes))];
	if (entries.length === 0) return "";
	return `${bytes.length} bytes\n${entries.map(({ key, priority, value }) => `${key} ${priority} ${value}\n`).join("")}`;
}

function withoutBlankLines(text: string): string {
	return text.replaceAll(/\n{2,}/g, "\n");
}
