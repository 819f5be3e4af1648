// Rows for the state of modules in the kernel, and for inserting, probing and removing modules on a made-up machine, whose
// system calls are recorded.
import { constants } from "node:fs";
import type { Blacklisting, ProbeOptions } from "../../../src/libkmod/kmod/probe.js";
import { call, collectLog, namesIn, number, ofModule, type Pointer, pointer, readList, text } from "./libkmod.js";
import { eachReal, namesOf, openReal, type Row, recordedDuring, statusOf } from "./libkmod-subjects.js";

const LIVE = ["base", "mid", "coming", "going", "bare", "inbuilt", "absent"];
const states = ["builtin", "live", "coming", "going"];

type Insertion = { readonly name: string; readonly flags: number; readonly parameters: string };
const insertions: readonly Insertion[] = [
	{ name: "plain", flags: 0, parameters: "" },
	{ name: "plain", flags: 1, parameters: "a=1" },
	{ name: "plain", flags: 2, parameters: 'b="x y"' },
	{ name: "plain", flags: 3, parameters: "" },
	{ name: "top", flags: 0, parameters: "" },
	{ name: "plain", flags: 0, parameters: "standin.errno=8" },
	{ name: "plain", flags: 0, parameters: "standin.errno=17" },
	{ name: "absent", flags: 0, parameters: "" },
];

/** Flags of enum kmod_probe. */
const IGNORE_COMMAND = 4;
const IGNORE_LOADED = 8;
const DRY_RUN = 16;
const FAIL_ON_LOADED = 32;
const BLACKLIST: Readonly<Record<Blacklisting, number>> = { all: 0x10000, module: 0x20000, "alias only": 0x40000 };
/** Callbacks of the caller: with RUN the callback lets install commands fail, with PRINT a callback gets each step. */
const RUN = 0x100;
const PRINT = 0x200;

const wanted = [
	"top",
	"plain",
	"own-alias",
	"evil",
	"evil-alias",
	"inst",
	"base",
	"inbuilt",
	"failing",
	"needs-failing",
	"soft-failing",
];
const flagSets = [
	...[
		0,
		1,
		2,
		IGNORE_COMMAND,
		IGNORE_LOADED,
		DRY_RUN,
		FAIL_ON_LOADED,
		IGNORE_LOADED | DRY_RUN,
		IGNORE_COMMAND | DRY_RUN,
	],
	...[RUN, ...Object.values(BLACKLIST), BLACKLIST["alias only"] | FAIL_ON_LOADED],
].map((flags) => flags | PRINT);
const probes = [
	...wanted.flatMap((name) => flagSets.map((flags) => ({ name, flags, parameters: "x=1" }))),
	{ name: "own-alias", flags: 0, parameters: "" },
];

function optionsOf(flags: number, trace: string[]): ProbeOptions {
	const [blacklist] = Object.entries(BLACKLIST).find(([, flag]) => flags & flag) ?? [];
	return {
		forceVermagic: (flags & 1) !== 0,
		forceModversion: (flags & 2) !== 0,
		ignoreCommand: (flags & IGNORE_COMMAND) !== 0,
		ignoreLoaded: (flags & IGNORE_LOADED) !== 0,
		dryRun: (flags & DRY_RUN) !== 0,
		failOnLoaded: (flags & FAIL_ON_LOADED) !== 0,
		...(blacklist !== undefined && { blacklist: blacklist as Blacklisting }),
		...(flags & PRINT && {
			onStep: (step) => trace.push(`${step.how === "run" ? "install" : "insert"} ${step.module} ${step.parameters}`),
		}),
		...(flags & RUN && {
			async runCommand(command: string, module: string) {
				trace.push(`run ${module} ${command}`);
				return 3;
			},
		}),
	};
}

const nameOf = (module: Pointer) => text("kmod_module_get_name", module);

const removals = [
	{ name: "plain", flags: 0 },
	{ name: "top", flags: constants.O_TRUNC },
	{ name: "absent", flags: 1 },
	{ name: "absent", flags: 0 },
];

export const actionRows: readonly Row[] = [
	{
		functions: ["kmod_module_get_initstate", "kmod_module_initstate_str"],
		ours: "state",
		real: ({ world }) =>
			eachReal(world, LIVE, (context, name) => {
				const state = ofModule(context, name, (module) => number("kmod_module_get_initstate", module));
				return state < 0 ? undefined : [states[state], text("kmod_module_initstate_str", state)];
			}),
		answer: ({ open, world }) =>
			LIVE.map((name) => {
				const state = open(world).state(name);
				return state && [state, state];
			}),
	},
	{
		functions: ["kmod_module_get_refcnt", "kmod_module_get_size"],
		ours: "references, size",
		real: ({ world }) =>
			eachReal(world, LIVE, (context, name) =>
				ofModule(context, name, (module) => {
					const [uses, size] = [number("kmod_module_get_refcnt", module), number("kmod_module_get_size", module)];
					return [uses < 0 ? undefined : uses, size < 0 ? undefined : size];
				}),
			),
		answer: ({ open, world }) => LIVE.map((name) => [open(world).references(name), open(world).size(name)]),
	},
	{
		functions: ["kmod_module_get_holders"],
		ours: "holders",
		real: ({ world }) =>
			eachReal(world, LIVE, (context, name) =>
				ofModule(context, name, (module) => namesIn(pointer("kmod_module_get_holders", module))).sort(),
			),
		answer: ({ open, world }) => LIVE.map((name) => namesOf(open(world).holders(name)).sort()),
	},
	{
		functions: [
			"kmod_module_get_sections",
			...["get_name", "get_address", "free_list"].map((it) => `kmod_module_section_${it}`),
		],
		ours: "sections",
		real: ({ world }) =>
			eachReal(world, LIVE, (context, name) =>
				ofModule(context, name, (module) => {
					const head = pointer("kmod_module_get_sections", module);
					const sections = readList(head, (entry) => [
						text("kmod_module_section_get_name", entry),
						BigInt(call("kmod_module_section_get_address", entry) as number | bigint).toString(16),
					]);
					call("kmod_module_section_free_list", head);
					return sections.sort();
				}),
			),
		answer: ({ open, world }) =>
			LIVE.map((name) =>
				open(world)
					.sections(name)
					.map((section) => [section.name, BigInt(section.address).toString(16)])
					.sort(),
			),
	},
	{
		functions: ["kmod_module_insert_module"],
		ours: "insert",
		async real({ world, record }) {
			const context = openReal(world);
			const answers: unknown[] = [];
			for (const { name, flags, parameters } of insertions) {
				const insert = () =>
					ofModule(context, name, (module) => number("kmod_module_insert_module", module, flags, parameters));
				answers.push(await recordedDuring(record, insert));
			}
			return answers;
		},
		async answer({ open, world, record }) {
			const answers: unknown[] = [];
			for (const { name, flags, parameters } of insertions) {
				const { forceVermagic = false, forceModversion = false } = optionsOf(flags, []);
				const insert = () => open(world).insert(name, { parameters, forceVermagic, forceModversion });
				answers.push(await recordedDuring(record, () => statusOf(insert)));
			}
			return answers;
		},
	},
	{
		functions: ["kmod_module_probe_insert_module"],
		ours: "probe",
		async real({ world, record }) {
			const answers: unknown[] = [];
			for (const { name, flags, parameters } of probes) {
				const context = openReal(world);
				const out: [Pointer] = [null];
				call("kmod_module_new_from_lookup", context, name, out);
				const module = pointer("kmod_module_get_module", out[0]);
				const trace: string[] = [];
				const run = (found: Pointer, command: string) => {
					trace.push(`run ${nameOf(found)} ${command}`);
					// libkmod takes a negative errno from the callback; ours takes the exit status.
					return -22;
				};
				const print = (found: Pointer, install: boolean, parameters: string | null) => {
					trace.push(`${install ? "install" : "insert"} ${nameOf(found)} ${parameters}`);
				};
				const status = await recordedDuring(record, () =>
					number(
						"kmod_module_probe_insert_module",
						module,
						flags & ~(RUN | PRINT),
						parameters,
						flags & RUN ? run : null,
						null,
						flags & PRINT ? print : null,
					),
				);
				answers.push([name, flags, trace, ...status]);
				call("kmod_unref", context);
			}
			return answers;
		},
		async answer({ open, world, record }) {
			const answers: unknown[] = [];
			for (const { name, flags, parameters } of probes) {
				const kmod = open(world);
				const trace: string[] = [];
				let stopped = 0;
				const status = await recordedDuring(record, () =>
					statusOf(async () => {
						const probed = await kmod.probe(kmod.lookUp(name)[0]!, { ...optionsOf(flags, trace), parameters });
						if (probed.steps.length === 0) stopped = probed.blacklisted.map(({ by }) => BLACKLIST[by])[0] ?? 0;
					}),
				);
				answers.push([name, flags, trace, stopped || status[0], status[1]]);
			}
			return answers;
		},
	},
	{
		functions: ["kmod_module_remove_module"],
		ours: "remove",
		async real({ world, record }) {
			const context = openReal(world);
			const lines = collectLog(context, 3);
			const answers: unknown[] = [];
			for (const { name, flags } of removals)
				answers.push(
					await recordedDuring(record, () =>
						ofModule(context, name, (module) => number("kmod_module_remove_module", module, flags)),
					),
				);
			return [answers, lines];
		},
		async answer({ open, world, record }) {
			const lines: string[] = [];
			const kmod = open(world, { log: ({ message }) => lines.push(message) });
			const answers: unknown[] = [];
			for (const { name, flags } of removals) {
				const options = { force: (flags & constants.O_TRUNC) !== 0, quiet: (flags & 1) !== 0 };
				answers.push(await recordedDuring(record, () => statusOf(() => kmod.remove(name, options))));
			}
			return [answers, lines];
		},
	},
];
