// Rows for libkmod's context: opening it, its log, its resources, its configuration.
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Kmod } from "../../../src/libkmod/kmod/kmod.js";
import {
	call,
	collectLog,
	given,
	namesIn,
	number,
	ofModule,
	type Pointer,
	pointer,
	readConfig,
	text,
} from "./libkmod.js";
import { namesOf, openReal, type Place, type Row, type Subjects, statusOf } from "./libkmod-subjects.js";

/** Asks a fresh context or Kmod: each is opened for a single question. */
const opened =
	<Answer>(place: (subjects: Subjects) => Place, ask: (context: Pointer) => Answer) =>
	(subjects: Subjects): Answer => {
		const context = openReal(place(subjects));
		const answer = ask(context);
		call("kmod_unref", context);
		return answer;
	};
const ofPackage = (subjects: Subjects) => subjects.package;
const ofWorld = (subjects: Subjects) => subjects.world;

const KINDS = ["dependencies", "aliases", "symbols", "builtinAliases", "builtins"] as const;

/** Changes to a copy of the world. The time stamp of a touched file differs from the one that was read. */
const changes: readonly ((place: Place) => void)[] = [
	() => undefined,
	({ directory }) => touch(join(directory, "modules.alias.bin")),
	({ configPaths }) => touch(configPaths[0]!),
	({ directory, configPaths }) => {
		touch(join(directory, "modules.dep.bin"));
		touch(configPaths[0]!);
	},
];

function touch(path: string): void {
	utimesSync(path, 1, 1);
}

function withCopy<Answer>({ directory, configPaths }: Place, ask: (copy: Place) => Answer): Answer {
	const folder = mkdtempSync(join(tmpdir(), "resources-"));
	try {
		cpSync(directory, join(folder, "modules"), { recursive: true });
		cpSync(configPaths[0]!, join(folder, basename(configPaths[0]!)), { recursive: true });
		return ask({ directory: join(folder, "modules"), configPaths: [join(folder, basename(configPaths[0]!))] });
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function dumpReal(context: Pointer, type: number): string {
	const folder = mkdtempSync(join(tmpdir(), "dump-"));
	const fd = openSync(join(folder, "index"), "w");
	call("kmod_dump_index", context, type, fd);
	closeSync(fd);
	const dumped = readFileSync(join(folder, "index"), "latin1");
	rmSync(folder, { recursive: true });
	return dumped;
}

const freshness = ["ok", "must reload", "must recreate"];

const lists = (kmod: Kmod) => {
	const { configuration: config } = kmod;
	const joined = (words: readonly string[], head: string) => (words.length > 0 ? [`${head}: ${words.join(" ")}`] : []);
	return {
		blacklists: config.blacklist.map(({ module }) => [module, undefined]),
		install_commands: config.install.map(({ pattern, command }) => [pattern, command]),
		remove_commands: config.remove.map(({ pattern, command }) => [pattern, command]),
		aliases: config.aliases.map(({ pattern, module }) => [pattern, module]),
		options: config.options.map(({ module, options }) => [module, options]),
		// kmod 30 prints no blank before `post:`.
		softdeps: config.softdeps.map(({ pattern, pre, post }) => [
			pattern,
			[...joined(pre, "pre"), ...joined(post, "post")].join(""),
		]),
	};
};

const configRow = (kind: keyof ReturnType<typeof lists>): Row => ({
	functions: [
		`kmod_config_get_${kind}`,
		...["next", "get_key", "get_value", "free_iter"].map((it) => `kmod_config_iter_${it}`),
	],
	ours: "configuration",
	real: opened(ofPackage, (context) => readConfig(pointer(`kmod_config_get_${kind}`, context))),
	answer: (subjects) => lists(subjects.open(subjects.package))[kind],
});

export const contextRows: readonly Row[] = [
	{
		functions: ["kmod_new", "kmod_get_dirname"],
		ours: "openKmod, moduleDirectory",
		real: (subjects) => [
			opened(ofPackage, (context) => text("kmod_get_dirname", context))(subjects),
			text("kmod_get_dirname", pointer("kmod_new", null, null)),
		],
		answer: ({ open, package: place }) => [
			open(place).moduleDirectory,
			open({ directory: "", configPaths: [] }).moduleDirectory,
		],
	},
	{
		functions: ["kmod_ref", "kmod_unref"],
		ours: "a value like any other: it stays as long as somebody has it",
		real: opened(ofWorld, (context) => {
			const other = pointer("kmod_ref", context);
			return [other === context, pointer("kmod_unref", context) === context, text("kmod_get_dirname", other)];
		}),
		answer({ open, world }) {
			const holders = [open(world)];
			const [other] = [...holders];
			return [other === holders.shift(), holders.length === 0, other?.moduleDirectory];
		},
	},
	{
		functions: ["kmod_set_userdata", "kmod_get_userdata"],
		ours: "a WeakMap",
		real: opened(ofWorld, (context) => {
			call("kmod_set_userdata", context, 4711n);
			return [String(call("kmod_get_userdata", context)), "stays"];
		}),
		answer({ open, world }) {
			const kmod = open(world);
			return [new WeakMap([[kmod, "4711"]]).get(kmod), "stays"];
		},
	},
	{
		functions: ["kmod_set_log_fn", "kmod_set_log_priority", "kmod_get_log_priority"],
		ours: "the option log",
		real: opened(ofWorld, (context) => {
			const insert = () =>
				ofModule(context, "absent", (module) => number("kmod_module_insert_module", module, 0, null));
			const lines = collectLog(context, 3);
			const least = number("kmod_get_log_priority", context);
			insert();
			call("kmod_set_log_priority", context, 0);
			insert();
			return [least, lines];
		}),
		async answer({ open, world }) {
			const lines: string[] = [];
			const kmod = open(world, { log: ({ level, message }) => level === "error" && lines.push(message) });
			await statusOf(() => kmod.insert("absent"));
			await statusOf(() => open(world).insert("absent"));
			return [3, lines];
		},
	},
	{
		functions: ["kmod_load_resources", "kmod_unload_resources"],
		ours: "load, unload",
		real: (subjects) =>
			withCopy(subjects.world, (copy) => {
				const context = openReal(copy);
				const look = () => namesIn(given("kmod_module_new_from_lookup", context, "own-alias")).join();
				const answers = [number("kmod_load_resources", context), look()];
				writeFileSync(join(copy.directory, "modules.alias.bin.new"), "");
				rmSync(join(copy.directory, "modules.alias.bin"));
				answers.push(look());
				call("kmod_unload_resources", context);
				return [...answers, look(), number("kmod_load_resources", context) < 0];
			}),
		answer: ({ open, world }) =>
			withCopy(world, (copy) => {
				const kmod = open(copy);
				// When an index is gone, libkmod finds nothing and ours throws.
				const look = () => (isRefused(() => kmod.lookUp("own-alias")) ? "" : namesOf(kmod.lookUp("own-alias")).join());
				kmod.load();
				const answers = [0, look()];
				rmSync(join(copy.directory, "modules.alias.bin"));
				answers.push(look());
				kmod.unload();
				return [...answers, look(), isRefused(() => kmod.load())];
			}),
	},
	{
		functions: ["kmod_validate_resources"],
		ours: "validate",
		real: (subjects) =>
			changes.map((change) =>
				withCopy(subjects.world, (copy) => {
					const context = openReal(copy);
					call("kmod_load_resources", context);
					change(copy);
					return freshness[number("kmod_validate_resources", context)];
				}),
			),
		answer: ({ open, world }) =>
			changes.map((change) =>
				withCopy(world, (copy) => {
					const kmod = open(copy);
					kmod.load();
					change(copy);
					return kmod.validate();
				}),
			),
	},
	{
		functions: ["kmod_dump_index"],
		ours: "dumpIndex",
		real: opened(ofPackage, (context) => KINDS.map((_, type) => dumpReal(context, type))),
		answer: ({ open, package: place }) => KINDS.map((kind) => open(place).dumpIndex(kind)),
	},
	...(["blacklists", "install_commands", "remove_commands", "aliases", "options", "softdeps"] as const).map(configRow),
	{
		functions: ["kmod_config_get_weakdeps"],
		ours: "configuration",
		// kmod 30 does not know weakdep lines: the words of the line stand for its answer.
		real: (subjects) => [
			["loop", /^weakdep loop (.*)$/m.exec(readFileSync(subjects.package.configPaths[0]!, "utf8"))?.[1]],
		],
		answer: ({ open, package: place }) =>
			open(place).configuration.weakdeps.map(({ pattern, modules }) => [pattern, modules.join(" ")]),
	},
	{
		functions: ["kmod_list_next", "kmod_list_prev", "kmod_list_last"],
		ours: "arrays",
		real: opened(ofPackage, (context) => {
			const head = given("kmod_module_new_from_lookup", context, MANY);
			const name = (entry: Pointer) => text("kmod_module_get_name", pointer("kmod_module_get_module", entry));
			const last = pointer("kmod_list_last", head);
			const second = pointer("kmod_list_next", head, head);
			return [name(head), name(second), name(pointer("kmod_list_prev", head, second)), name(last)];
		}),
		answer({ open, package: place }) {
			const found = open(place).lookUp(MANY);
			return [found[0]?.name, found[1]?.name, found[0]?.name, found.at(-1)?.name];
		},
	},
];

/** An alias that matches several modules. */
const MANY = "pci:v000010ECd00008139sv*sd*bc02sc00i00";

function isRefused(act: () => void): boolean {
	try {
		act();
		return false;
	} catch {
		return true;
	}
}
