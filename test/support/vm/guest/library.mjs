// Asks libkmod and hotplugd's library the same of a real kernel, and prints a line of JSON for each question:
// {question, real, ours}. It stands in the package's folder, so that it imports it by its name as anybody does.
import { readFileSync, writeFileSync } from "node:fs";
import { openKmod } from "hotplugd";
import koffi from "koffi";

const kmod = openKmod({ configPaths: ["/etc/modprobe.d"] });
const names = readFileSync("/proc/modules", "latin1")
	.trimEnd()
	.split("\n")
	.map((line) => line.split(" ")[0]);

// The first removal loads what ours needs of koffi, which wants to be there before anything else.
await kmod.remove("none").catch(() => undefined);
const library = koffi.load("libkmod.so.2");
koffi.pointer("RunInstall", koffi.proto("int RunInstallFunction(void *module, const char *command, void *data)"));
koffi.pointer("PrintAction", koffi.proto("void PrintActionFunction(void *module, bool install, const char *options)"));
const declare = (prototype) => library.func(prototype);
const kmodNew = declare("void *kmod_new(const char *dirname, const char **config_paths)");
const fromName = declare("int kmod_module_new_from_name(void *ctx, const char *name, _Out_ void **mod)");
const fromLookup = declare("int kmod_module_new_from_lookup(void *ctx, const char *alias, _Inout_ void **list)");
const fromLoaded = declare("int kmod_module_new_from_loaded(void *ctx, _Inout_ void **list)");
const next = declare("void *kmod_list_next(void *list, void *item)");
const moduleOf = declare("void *kmod_module_get_module(void *item)");
const nameOf = declare("const char *kmod_module_get_name(void *module)");
const stateOf = declare("int kmod_module_get_initstate(void *module)");
const referencesOf = declare("int kmod_module_get_refcnt(void *module)");
const sizeOf = declare("long kmod_module_get_size(void *module)");
const holdersOf = declare("void *kmod_module_get_holders(void *module)");
const sectionsOf = declare("void *kmod_module_get_sections(void *module)");
const sectionName = declare("const char *kmod_module_section_get_name(void *item)");
const sectionAddress = declare("unsigned long kmod_module_section_get_address(void *item)");
const insert = declare("int kmod_module_insert_module(void *module, unsigned int flags, const char *options)");
const remove = declare("int kmod_module_remove_module(void *module, unsigned int flags)");
const probe = declare(
	"int kmod_module_probe_insert_module(void *module, unsigned int flags, const char *options, RunInstall run, void *data, PrintAction print)",
);

// As libkmod keeps what it has read of modules, each question is asked in a context of its own.
const context = () => kmodNew(null, ["/etc/modprobe.d", null]);
function real(name) {
	const out = [null];
	fromName(context(), name, out);
	return out[0];
}
function items(head, read) {
	const all = [];
	for (let item = head; item; item = next(head, item)) all.push(read(item));
	return all;
}
const ask = (question, theirs, ours) => console.log(JSON.stringify({ question, real: theirs, ours }));
const orNone = (number) => (number < 0 ? null : Number(number));

/** The negative errno that libkmod would have answered, or 0. */
async function status(act) {
	try {
		await act();
		return 0;
	} catch (error) {
		return -(error.errno ?? { ENOENT: 2, EEXIST: 17, EINVAL: 22 }[error.errnoName]);
	}
}

const list = [null];
fromLoaded(context(), list);
ask(
	"loaded",
	items(list[0], (item) => nameOf(moduleOf(item))),
	kmod.loaded().map(({ name }) => name),
);
const states = ["builtin", "live", "coming", "going"];
for (const name of [...names, "amd_uncore", "absent"]) {
	const module = real(name);
	ask(
		`state of ${name}`,
		[
			states[stateOf(module)] ?? null,
			orNone(referencesOf(module)),
			orNone(sizeOf(module)),
			items(holdersOf(module), (item) => nameOf(moduleOf(item))).sort(),
			items(sectionsOf(module), (item) => [sectionName(item), BigInt(sectionAddress(item)).toString(16)]).sort(),
		],
		[
			kmod.state(name) ?? null,
			kmod.references(name) ?? null,
			kmod.size(name) ?? null,
			kmod
				.holders(name)
				.map((holder) => holder.name)
				.sort(),
			kmod
				.sections(name)
				.map((section) => [section.name, BigInt(section.address).toString(16)])
				.sort(),
		],
	);
}

const release = readFileSync("/proc/sys/kernel/osrelease", "latin1").trim();
const file = `/lib/modules/${release}/extra/hotplugd_base.ko`;
const good = readFileSync(file);
writeFileSync(file, readFileSync("/foreign.ko"));
for (const [flags, options] of [
	[0, {}],
	[2, { forceModversion: true }],
	[1, { forceVermagic: true }],
	[3, { forceVermagic: true, forceModversion: true }],
]) {
	const theirs = [insert(real("hotplugd_base"), flags, "level=3"), remove(real("hotplugd_base"), 0)];
	const ours = [
		await status(() => kmod.insert("hotplugd_base", { parameters: "level=3", ...options })),
		await status(() => kmod.remove("hotplugd_base")),
	];
	ask(`insertion with flags ${flags}`, theirs, ours);
}
writeFileSync(file, good);

const BLACKLIST = { all: 0x10000, module: 0x20000, "alias only": 0x40000 };
const probes = [
	["hotplugd_user", 0, {}],
	["hotplugd_user", 0x10, { dryRun: true }],
	["hotplugd_user", 0x20, { failOnLoaded: true }],
	["hp-slow", 0x40000, { blacklist: "alias only" }],
	["hotplugd_slow", 0x20000, { blacklist: "module" }],
	["hotplugd_user", 0x10000, { blacklist: "all" }],
	["hotplugd_slow", 0, {}],
	["hotplugd_fail", 0, {}],
	["hotplugd_fail", 4, { ignoreCommand: true }],
];
const away = async () => {
	for (const name of ["hotplugd_user", "hotplugd_base", "hotplugd_slow"])
		await kmod.remove(name).catch(() => undefined);
};
for (const [name, flags, options] of probes) {
	const traces = { real: [], ours: [] };
	const found = [null];
	fromLookup(context(), name, found);
	const run = (module, command) => {
		traces.real.push(`run ${nameOf(module)} ${command}`);
		return -22;
	};
	const print = (module, install, parameters) => {
		traces.real.push(`${install ? "install" : "insert"} ${nameOf(module)} ${parameters}`);
	};
	const call = () => probe(moduleOf(found[0]), flags, "", run, null, print);
	const theirs = [call(), call(), traces.real, stateOf(moduleOf(found[0]))];
	await away();
	let stopped = 0;
	const again = () =>
		status(async () => {
			const probed = await kmod.probe(name, {
				...options,
				parameters: "",
				onStep: (step) =>
					traces.ours.push(`${step.how === "run" ? "install" : "insert"} ${step.module} ${step.parameters}`),
				runCommand: async (command, module) => {
					traces.ours.push(`run ${module} ${command}`);
					return 1;
				},
			});
			if (probed.steps.length === 0) stopped = BLACKLIST[probed.blacklisted[0]?.by] ?? 0;
		});
	const ours = [
		(await again()) || stopped,
		(await again()) || stopped,
		traces.ours,
		states.indexOf(kmod.state(kmod.lookUp(name)[0])),
	];
	await away();
	ask(
		`probe of ${name} with flags ${flags}`,
		theirs,
		ours.map((it) => (it === -1 ? -2 : it)),
	);
}

// Two at once, of a module whose init takes its time: the kernel's own trace counts the calls.
const trace = "/sys/kernel/tracing";
writeFileSync(`${trace}/events/syscalls/sys_enter_finit_module/enable`, "1");
writeFileSync(`${trace}/trace`, "");
await Promise.all([1, 2, 3].map(() => kmod.probe("hotplugd_slow", { parameters: "delay_ms=1500" })));
const calls = readFileSync(`${trace}/trace`, "latin1").match(/sys_finit_module\(/g)?.length;
ask("calls of finit_module by three probes at once", 1, calls);
ask("state after that", "live", kmod.state("hotplugd_slow"));
