// Imports go one way. The tables below say which; the sources are read to hold them to it.
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import test from "ava";

/** Files in the folder on the left may import those on the right. */
const folders: Readonly<Record<string, readonly string[]>> = {
	"src/libkmod/": ["src/libkmod/"],
	"src/linux/": ["src/linux/", "src/libkmod/"],
	"src/agent/": ["src/agent/", "src/libkmod/"],
	"src/tools/": ["src/tools/", "src/agent/", "src/libkmod/", "src/version.ts"],
	"src/": ["src/"],
};

/** A package, or node itself, and the only places that may import it. */
const packages: Readonly<Record<string, readonly string[]>> = {
	node: ["src/linux/", "src/main.ts"],
	koffi: ["src/linux/koffi.ts"],
	netlink: ["src/linux/uevent-socket.ts"],
	fzstd: ["src/linux/script-decoders.ts"],
	"xz-decompress": ["src/linux/script-decoders.ts"],
	"xxhash-wasm": ["src/linux/script-decoders.ts"],
	rxjs: ["src/agent/"],
	pino: ["src/agent/journal.ts"],
	"prom-client": ["src/agent/metrics-text.ts"],
	"smol-toml": ["src/agent/settings-file.ts", "src/agent/policy-file.ts"],
	yargs: ["src/tools/command-line.ts"],
	"yargs-parser": ["src/tools/command-line.ts"],
};

/** What may be loaded before a file can run: all that it needs, and all that this needs in turn, import() apart. */
const loadedWith: Readonly<Record<string, readonly string[]>> = {
	"src/main.ts": ["node", "yargs-parser"],
	"src/index.ts": ["node"],
	"src/linux/kernel.ts": ["node"],
	"src/linux/module-operations.ts": ["node"],
	"src/tools/coldplug.ts": ["yargs-parser"],
	"src/tools/agent-commands.ts": ["yargs-parser"],
	"src/tools/load.ts": ["yargs-parser"],
	"src/tools/lsmod.ts": ["yargs-parser"],
	"src/tools/modprobe.ts": ["yargs-parser"],
	"src/tools/settle.ts": ["yargs-parser"],
	"src/tools/status.ts": ["yargs-parser"],
	"src/linux/control-client.ts": ["node"],
};

type Import = { readonly from: string; readonly target: string; readonly lazy: boolean; readonly typeOnly: boolean };

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
	.filter((name) => name.endsWith(".ts"))
	.map((name) => join("src", name));

const imports = sources.flatMap(readImports);

function readImports(from: string): Import[] {
	const text = readFileSync(from, "utf8");
	const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^;"']*?\sfrom\s+)?"([^"]+)"/gm);
	const calls = text.matchAll(/(?<!typeof )\bimport\(\s*"([^"]+)"\s*\)/g);
	return [
		...[...statements].map(([, type, name = ""]) => ({
			from,
			target: resolve(from, name),
			lazy: false,
			typeOnly: !!type,
		})),
		...[...calls].map(([, name = ""]) => ({ from, target: resolve(from, name), lazy: true, typeOnly: false })),
	];
}

/** A file of this project, or the name of a package. */
function resolve(from: string, name: string): string {
	if (name.startsWith(".")) return normalize(join(from, "..", name)).replace(/\.js$/, ".ts");
	if (name.startsWith("node:")) return "node";
	return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

const isWithin = (file: string, places: readonly string[]): boolean =>
	places.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place));

const isOwn = ({ target }: Import): boolean => target.startsWith("src/");

test("every file imports only what its folder may", (t) => {
	const own = imports.filter(isOwn);
	t.true(own.length > 50, `only ${own.length} imports were found`);
	for (const { from, target } of own) {
		const [, allowed = []] = Object.entries(folders).find(([folder]) => from.startsWith(folder)) ?? [];
		t.true(isWithin(target, allowed), `${from} imports ${target}`);
		t.true(sources.includes(target), `${from} imports ${target}, which is not there`);
	}
});

test("every package is imported in its own place only", (t) => {
	const foreign = imports.filter((one) => !isOwn(one));
	for (const { from, target } of foreign) t.true(isWithin(from, packages[target] ?? []), `${from} imports ${target}`);
	const imported = new Set(foreign.map(({ target }) => target));
	t.deepEqual([...imported].sort(), Object.keys(packages).sort());
});

test("a package that is imported is a dependency, and the other way round", (t) => {
	const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
	t.deepEqual(
		Object.keys(packages)
			.filter((name) => name !== "node")
			.sort(),
		Object.keys(dependencies).sort(),
	);
});

for (const [entry, allowed] of Object.entries(loadedWith))
	test(`${entry} loads nothing but ${allowed.join(" and ")} before it runs`, (t) => {
		const reached = new Set([entry]);
		const loaded = new Set<string>();
		for (const file of reached)
			for (const one of imports.filter(({ from, lazy, typeOnly }) => from === file && !lazy && !typeOnly))
				(isOwn(one) ? reached : loaded).add(one.target);
		t.true(sources.includes(entry));
		t.deepEqual([...loaded].sort(), [...allowed].sort());
	});
