// Imports go one way only. The tables below say which files may import which, and the sources are checked against them.
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import test from "ava";

/**
 * The rooms of each part, lowest first, each with the rooms of the same part that its files import. The table `parts` says who
 * may import from another part.
 */
const rooms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	libkmod: {
		kernel: "",
		text: "kernel",
		formats: "kernel text",
		knowledge: "kernel text formats",
		evidence: "kernel text formats",
		planning: "kernel text formats knowledge",
		insertion: "kernel text evidence planning",
		depmod: "kernel text formats knowledge",
		check: "kernel text formats knowledge depmod",
		kmod: "kernel text formats knowledge planning insertion",
	},
	linux: {
		process: "",
		files: "process",
		commands: "files",
		native: "process",
		decoding: "native",
		devices: "files native",
		output: "files native",
		modules: "process files commands native decoding",
		depmod: "files native decoding",
		captures: "files decoding",
		service: "process files native",
		fleet: "files decoding output",
	},
	agent: {
		faults: "",
		devices: "faults",
		policy: "",
		decisions: "faults policy",
		explaining: "policy decisions",
		capture: "explaining",
		taking: "explaining capture",
		importing: "explaining capture taking",
		initramfs: "explaining capture",
		commands: "faults devices policy",
		settings: "policy",
		telling: "faults devices policy decisions explaining commands settings",
		comparing: "faults policy decisions explaining initramfs telling",
		fleet: "policy decisions capture commands telling comparing",
		pipeline: "faults devices policy decisions commands settings telling",
		timeline: "telling",
		control: "devices decisions commands telling pipeline timeline",
		service: "policy commands settings telling pipeline timeline control",
	},
	tools: {
		"command-line": "",
		depmod: "command-line",
		modprobe: "command-line",
		kmod: "command-line depmod modprobe",
		agent: "command-line",
		explain: "command-line agent",
		coldplug: "command-line agent explain",
		capture: "command-line agent explain",
		compare: "command-line agent explain capture",
	},
};

/** The parts that each part may import from. The kmod tools may not import the agent. */
const parts: Readonly<Record<string, readonly string[]>> = {
	libkmod: [],
	ports: ["libkmod"],
	linux: ["libkmod", "ports"],
	agent: ["libkmod", "ports"],
	tools: ["libkmod", "ports", "agent"],
};

/** The only places that may import a package, or node's own modules. */
const packages: Readonly<Record<string, readonly string[]>> = {
	node: ["src/linux/", "src/main.ts"],
	koffi: ["src/linux/native/koffi.ts"],
	netlink: ["src/linux/devices/uevent-socket.ts"],
	fzstd: ["src/linux/decoding/script-decoders.ts", "src/linux/fleet/decompressed.ts"],
	"xz-decompress": ["src/linux/decoding/script-decoders.ts"],
	"xxhash-wasm": ["src/linux/decoding/script-decoders.ts"],
	rxjs: ["src/agent/", "src/tools/agent/serve.ts"],
	"p-limit": ["src/linux/"],
	"quick-lru": ["src/agent/", "src/tools/compare/fleet-sides.ts"],
	"csv-stringify": ["src/tools/compare/fleet-tables.ts"],
	"hyparquet-writer": ["src/tools/compare/fleet-tables.ts"],
	picocolors: ["src/tools/command-line/terminal.ts"],
	"string-width": ["src/tools/command-line/terminal.ts"],
	pino: ["src/agent/telling/journal.ts"],
	"prom-client": ["src/agent/telling/metrics-text.ts"],
	"smol-toml": ["src/agent/policy/toml-file.ts", "src/agent/policy/toml-lines.ts"],
	valibot: [
		"src/agent/commands/",
		"src/agent/control/",
		"src/agent/policy/",
		"src/agent/settings/",
		"src/agent/timeline/",
	],
	yargs: ["src/tools/command-line/command-line.ts"],
	"yargs-parser": ["src/tools/command-line/command-line.ts"],
};

/** Everything that may be loaded before a file runs: its imports and their imports in turn (transitively), without import(). */
const loadedWith: Readonly<Record<string, readonly string[]>> = {
	"src/main.ts": ["node", "yargs-parser"],
	"src/index.ts": ["node"],
	"src/linux/modules/kernel.ts": ["node"],
	"src/linux/modules/module-operations.ts": ["node", "p-limit"],
	"src/tools/coldplug/coldplug.ts": ["quick-lru", "yargs-parser"],
	"src/tools/agent/agent-commands.ts": ["valibot", "yargs-parser"],
	"src/tools/explain/explain.ts": ["quick-lru", "yargs-parser"],
	"src/tools/compare/compare.ts": ["yargs-parser"],
	"src/tools/agent/load.ts": ["valibot", "yargs-parser"],
	"src/tools/kmod/lsmod.ts": ["yargs-parser"],
	"src/tools/modprobe/modprobe.ts": ["yargs-parser"],
	"src/tools/agent/settle.ts": ["valibot", "yargs-parser"],
	"src/tools/agent/status.ts": ["valibot", "yargs-parser"],
	"src/tools/agent/timeline.ts": ["valibot", "yargs-parser"],
	"src/linux/service/control-client.ts": ["node"],
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

/** The path of a file of this project, or the name of a package. */
function resolve(from: string, name: string): string {
	if (name.startsWith(".")) return normalize(join(from, "..", name)).replace(/\.js$/, ".ts");
	if (name.startsWith("node:")) return "node";
	return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

const isWithin = (file: string, places: readonly string[]): boolean =>
	places.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place));

const isOwn = ({ target }: Import): boolean => target.startsWith("src/");

/**
 * The part and the room of a file, such as agent and policy of src/agent/policy/rules.ts, ports and "" of src/ports/machine.ts,
 * and "" twice of src/main.ts.
 */
function placeOf(file: string): { readonly part: string; readonly room: string } {
	const [, ...folders] = file.split("/").slice(0, -1);
	return { part: folders[0] ?? "", room: folders.slice(1).join("/") };
}

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

const kmodTools: readonly string[] = ["command-line", "depmod", "modprobe", "kmod"];

/** Whether a file may import another one of src. */
function mayImport(from: string, target: string): boolean {
	const [here, there] = [placeOf(from), placeOf(target)];
	if (here.part === "" || target === "src/version.ts") return true;
	if (here.part !== there.part) {
		const isKmodTool = here.part === "tools" && kmodTools.includes(here.room);
		return parts[here.part]?.includes(there.part) === true && !(isKmodTool && there.part === "agent");
	}
	return here.room === there.room || words(rooms[here.part]?.[here.room] ?? "").includes(there.room);
}

test("every file imports only what its room may", (t) => {
	const own = imports.filter(isOwn);
	t.true(own.length > 1000, `only ${own.length} imports were found`);
	const list = (some: readonly Import[]) => some.map(({ from, target }) => `${from} imports ${target}`);
	t.deepEqual(list(own.filter(({ target }) => !sources.includes(target))), []);
	t.deepEqual(list(own.filter(({ from, target }) => !mayImport(from, target))), []);
});

test("no file imports itself by way of others, types and import() included", (t) => {
	const targets = new Map(sources.map((file) => [file, new Set<string>()]));
	for (const { from, target } of imports.filter(isOwn)) targets.get(from)?.add(target);
	// A file none of whose imports is left is in no cycle.
	for (let found = true; found; ) {
		found = false;
		for (const [file, left] of targets) {
			for (const target of left) if (!targets.has(target)) left.delete(target);
			if (left.size === 0) found = targets.delete(file);
		}
	}
	t.deepEqual([...targets.keys()], []);
});

test("every room is in the table, below those that may import from it, which do so", (t) => {
	const found = new Set(
		sources
			.map(placeOf)
			.filter(({ room }) => room !== "")
			.map(({ part, room }) => `${part}/${room}`),
	);
	const listed = Object.entries(rooms).flatMap(([part, table]) => Object.keys(table).map((room) => `${part}/${room}`));
	t.deepEqual([...found].sort(), [...listed].sort());
	const used = new Set(
		imports.filter(isOwn).map(({ from, target }) => {
			const [here, there] = [placeOf(from), placeOf(target)];
			return here.part === there.part ? `${here.part}: ${here.room} imports ${there.room}` : "";
		}),
	);
	for (const [part, table] of Object.entries(rooms)) {
		const names = Object.keys(table);
		for (const [room, lower] of Object.entries(table)) {
			t.deepEqual(
				words(lower).filter((one) => !names.slice(0, names.indexOf(room)).includes(one)),
				[],
				`${part}: ${room} stands above what it imports`,
			);
			t.deepEqual(
				words(lower).filter((one) => !used.has(`${part}: ${room} imports ${one}`)),
				[],
				`${part}: ${room} does not import what it may`,
			);
		}
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
