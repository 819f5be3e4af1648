import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { LogEntry } from "../../../src/libkmod/kmod/context.js";
import { type Kmod, type KmodOptions, openKmod } from "../../../src/libkmod/kmod/kmod.js";
import { MissingIndexes } from "../../../src/libkmod/knowledge/indexes.js";
import { type FakeKernelOptions, makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { configFile, moduleDirectory, type World, worldFiles } from "../../support/worlds/world.js";

type Opened = { kmod: Kmod; kernel: ReturnType<typeof makeFakeKernel>; files: Map<string, Buffer>; logged: LogEntry[] };

function open(world: World, options: KmodOptions = {}, answers: FakeKernelOptions = {}): Opened {
	const files = worldFiles(world);
	const kernel = makeFakeKernel({ files, ...answers });
	const logged: LogEntry[] = [];
	const machine = {
		...kernel,
		read(path: string): Buffer | undefined {
			const [, module] = /^\/sys\/module\/(\w+)\/initstate$/.exec(path) ?? [];
			return module !== undefined && kernel.live.has(module) ? Buffer.from("live\n") : kernel.read(path);
		},
		async readModule(path: string): Promise<Buffer> {
			throw new Refusal({ operation: "read", subject: path, code: "ENOENT" });
		},
	};
	return { kmod: openKmod(machine, { log: (entry) => logged.push(entry), ...options }), kernel, files, logged };
}

const chain = { base: [], mid: ["base"], top: ["mid"], other: ["base"] };
const file = (name: string) => `insmod ${moduleDirectory}/kernel/${name}.ko`;

test("a probe inserts what a module needs, then the module", async (t) => {
	const { kmod, kernel } = open({ modules: chain });
	const { steps } = await kmod.probe("top");
	t.deepEqual(kernel.begun, [file("base"), file("mid"), file("top")]);
	t.deepEqual(
		steps.map(({ module }) => module),
		["base", "mid", "top"],
	);
});

test("two probes at once insert a module once, and both end when it is live", async (t) => {
	const { kmod, kernel } = open({ modules: chain }, {}, { held: true });
	const probes = [kmod.probe("top"), kmod.probe("top"), kmod.probe("other")];
	for (const name of ["base", "mid", "other", "top"]) {
		while (!kernel.underway().includes(name)) await new Promise(setImmediate);
		await kernel.end(name);
	}
	await Promise.all(probes);
	t.deepEqual([...kernel.begun].sort(), [file("base"), file("mid"), file("other"), file("top")]);
});

test("a refusal reaches everybody who asked, and a later probe tries again", async (t) => {
	const { kmod, kernel } = open({ modules: { base: [] } }, {}, { held: true });
	const probes = [kmod.probe("base"), kmod.probe("base")];
	await kernel.end("base", "ENODEV");
	for (const probe of probes) t.is((await t.throwsAsync(probe, { instanceOf: Refusal })).code, "ENODEV");
	const again = kmod.probe("base");
	await kernel.end("base");
	await again;
	t.is(kernel.begun.length, 2);
});

test("a name that nothing is known of is an error that says where was looked", async (t) => {
	const { kmod } = open({ modules: chain });
	await t.throwsAsync(kmod.probe("absent"), {
		name: "NoSuchModule",
		message: `${moduleDirectory} has no module absent`,
	});
	await t.throwsAsync(kmod.insert("absent"), { name: "NoModuleFile" });
});

test("an alias that is blacklisted stops with the line that says so, for who asks for that", async (t) => {
	const { kmod, kernel } = open({ modules: chain, aliases: { "x:*": "top" }, config: "\nblacklist top\n" });
	const { steps, blacklisted } = await kmod.probe("x:1", { blacklist: "alias only" });
	t.deepEqual(steps, []);
	t.deepEqual(blacklisted, [{ module: "top", source: { file: configFile, line: 2 }, by: "alias only" }]);
	t.deepEqual(kernel.begun, []);
	await kmod.probe("top", { blacklist: "alias only" });
	t.is(kernel.begun.length, 3);
});

test("a command that fails is an error with its exit status, and said in libkmod's words", async (t) => {
	const { kmod, logged } = open(
		{ modules: chain, config: "install top false $CMDLINE_OPTS\n" },
		{},
		{ statuses: { top: 3 } },
	);
	await t.throwsAsync(kmod.probe("top", { parameters: "a=1" }), { name: "CommandFailure" });
	t.deepEqual(logged, [
		{ level: "error", message: "Error running install command 'false a=1' for module top: retcode 3" },
	]);
});

const unheeded = `softdep top pre: other
softdep top post: late
install top /bin/false
`;
const withLate = { modules: { ...chain, late: [] }, config: unheeded };

test("lines that kmod leaves unheeded are so by default, and warned of with file and line", async (t) => {
	const { kmod, kernel, logged } = open(withLate);
	await kmod.probe("top");
	t.deepEqual(kernel.begun, [file("base"), file("mid"), file("other"), file("top")]);
	t.deepEqual(logged, [
		{
			level: "warning",
			message: `${configFile} line 3: this install command does not count, since top has softdeps; honour_every_line makes it count`,
		},
		{
			level: "warning",
			message: `${configFile} line 2: this softdep does not count, since top has one in ${configFile} line 1; honour_every_line makes it count`,
		},
	]);
});

test("one setting makes both of them count", async (t) => {
	const { kmod, kernel, logged } = open(withLate, { honourEveryLine: true });
	await kmod.probe("top");
	t.deepEqual(kernel.begun, [file("base"), file("mid"), file("other"), "MODPROBE_MODULE=top /bin/false", file("late")]);
	t.deepEqual(logged, []);
});

test("a file of the configuration that is edited in place counts as changed", (t) => {
	const { kmod, files } = open({ modules: chain, config: "options top a=1\n" });
	t.is(kmod.validate(), "ok");
	files.set(configFile, Buffer.from("options top a=2\n"));
	t.is(kmod.validate(), "must recreate");
});

test("an index that is damaged has nothing in it, and is a problem; to insist on it, or to find nothing without it, is an error", async (t) => {
	const { kmod, files } = open({ modules: chain, aliases: { "x:*": "top" } });
	files.set(`${moduleDirectory}/modules.alias.bin`, Buffer.from("rubbish"));
	t.throws(() => kmod.lookUp("x:1"), { name: "MalformedIndex" });
	t.deepEqual(kmod.lookUp("top"), [{ name: "top" }]);
	t.regex(
		kmod
			.problems()
			.map(({ message }) => message)
			.join(),
		/modules\.alias\.bin is not a usable index/,
	);
	t.throws(() => kmod.load(), { name: "MalformedIndex" });
	files.delete(`${moduleDirectory}/modules.dep.bin`);
	t.throws(() => kmod.load(), { name: "MissingIndexes" });
});

for (const [fault, { code, spoil }] of Object.entries({
	damaged: { code: undefined, spoil: () => Buffer.from("rubbish") },
	"a pipe, or a link in a circle": {
		code: "ELOOP",
		spoil(path: string): Buffer {
			throw new Refusal({ operation: "read", subject: path, code: "ELOOP" });
		},
	},
	absent: { code: "ENOENT", spoil: () => undefined },
}))
	test(`what finds nothing where an index is ${fault} throws why, as commands end with it`, async (t) => {
		const files = worldFiles({ modules: chain, aliases: { "x:*": "top" }, config: "alias mine top" });
		const without = (index: string): Kmod =>
			openKmod({
				...makeFakeKernel({ files }),
				read: (path) => (path === `${moduleDirectory}/${index}` ? spoil(path) : files.get(path)),
				readModule: async () => Buffer.alloc(0),
			});
		const why = { name: code === undefined ? "MalformedIndex" : code === "ELOOP" ? "Refusal" : "MissingIndexes" };
		const noAliases = without("modules.alias.bin");
		t.throws(() => noAliases.lookUp("x:1"), { ...why, message: /modules\.alias\.bin/ });
		t.throws(() => noAliases.dumpIndex("aliases"), why);
		await t.throwsAsync(noAliases.probe("x:1"), why);
		await t.throwsAsync(noAliases.unprobe("x:1"), why);
		t.is(noAliases.lookUpName("none"), undefined);
		t.deepEqual(noAliases.lookUp("mine"), [{ name: "top", alias: "mine" }]);
		const noDependencies = without("modules.dep.bin");
		for (const ask of ["lookUp", "lookUpName", "path", "dependencies"] as const)
			t.throws(() => noDependencies[ask]("top"), { ...why, message: /modules\.dep\.bin/ }, ask);
		t.throws(() => noDependencies.dumpIndex("dependencies"), why);
		for (const ask of ["info", "versions", "symbols", "dependencySymbols", "insert"] as const)
			await t.throwsAsync(noDependencies[ask]("top"), why, ask);
		const noSymbols = without("modules.symbols.bin");
		t.throws(() => noSymbols.lookUp("symbol:none"), { ...why, message: /modules\.symbols\.bin/ });
		t.deepEqual(noSymbols.lookUp("y:1"), []);
		const noBuiltinAliases = without("modules.builtin.alias.bin");
		if (code === "ENOENT") t.is(noBuiltinAliases.dumpIndex("builtinAliases"), "");
		else t.throws(() => noBuiltinAliases.dumpIndex("builtinAliases"), why);
	});

test("what has no index, or no list of modules, to look in is an error and no empty answer", async (t) => {
	const { kmod, files } = open({
		modules: chain,
		aliases: { "x:*": "top" },
		config: "alias mine top\ninstall cmd true",
	});
	files.delete("/proc/modules");
	const nowhere = openKmod(
		{ ...makeFakeKernel({ files }), read: (path) => files.get(path), readModule: async () => Buffer.alloc(0) },
		{ moduleDirectory: "/nowhere" },
	);
	const missing = (index: string) => ({
		instanceOf: MissingIndexes,
		code: "ERR_MISSING_INDEXES",
		message: `/nowhere has no ${index}: run depmod there, or name the release of another kernel`,
	});
	t.throws(() => nowhere.lookUp("x:1"), missing("modules.dep.bin"));
	t.throws(() => nowhere.lookUp("top"), missing("modules.dep.bin"));
	t.is(t.throws<MissingIndexes>(() => nowhere.lookUp("top"), missing("modules.dep.bin")).errnoName, "ENOENT");
	t.throws(() => nowhere.lookUpName("top"), missing("modules.dep.bin"));
	t.throws(() => nowhere.path("top"), missing("modules.dep.bin"));
	t.throws(() => nowhere.dependencies("top"), missing("modules.dep.bin"));
	t.throws(() => nowhere.dumpIndex("symbols"), missing("modules.symbols.bin"));
	t.is(nowhere.dumpIndex("builtinAliases"), "");
	t.throws(() => nowhere.loaded(), { instanceOf: Refusal, code: "ENOENT", message: "read /proc/modules: ENOENT" });
	await t.throwsAsync(nowhere.probe("top"), missing("modules.dep.bin"));
	await t.throwsAsync(nowhere.unprobe("top"), missing("modules.dep.bin"));
	await t.throwsAsync(nowhere.insert("top"), missing("modules.dep.bin"));
	for (const about of ["info", "versions", "symbols", "dependencySymbols"] as const)
		await t.throwsAsync(nowhere[about]("top"), missing("modules.dep.bin"));
	// Questions that need no index are answered.
	t.deepEqual(nowhere.lookUp("mine"), [{ name: "top", alias: "mine" }]);
	t.deepEqual(nowhere.lookUp("cmd"), [{ name: "cmd" }]);
	t.is(nowhere.state("top"), undefined);
	t.is(nowhere.path({ name: "top", path: "/x/top.ko" }), "/x/top.ko");
	t.deepEqual(kmod.lookUp("y:1"), []);
	t.is(kmod.lookUpName("none"), undefined);
	t.is(kmod.path("none"), undefined);
});

test("a module built in has no more to say than modules.builtin.modinfo, which may be nothing", async (t) => {
	const { kmod, files } = open({ modules: chain, builtin: ["plain", "ext4"] });
	t.deepEqual(await kmod.info("plain"), [], "a kernel without that file");
	files.set(`${moduleDirectory}/modules.builtin.modinfo`, Buffer.from("ext4.license=GPL\0"));
	t.deepEqual(await kmod.info("plain"), []);
	t.deepEqual(await kmod.info("ext4"), [{ key: "license", value: "GPL" }]);
});
