import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import {
	type AskedFor,
	listRivals,
	orderRivals,
	type Prerequisite,
	slotOf,
} from "../../../src/libkmod/planning/rivals.js";
import { files } from "../../../src/linux/files/files.js";
import { kernelPackage } from "../../support/vm/images/kernel-package.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const asking = (device: string, alias: string, modules: string): AskedFor[] =>
	[...modules].map((module) => ({ module, by: { device, alias } }));

type Step = { readonly module: string; readonly after: readonly Prerequisite[] };

/** Steps by words: "c<ab" is a module c that depends on a and b; "c~a" is a module c with a as its softdep before it. */
const steps = (...words: readonly string[]): Step[] =>
	words.map((word) => {
		const [module = "", kind = "", ...needed] = word;
		return { module, after: needed.map((one) => ({ module: one, hard: kind === "<" })) };
	});

/** The modules in their order, each followed by the rivals that it waits for. */
const tell = (ordered: readonly Step[]): string =>
	ordered
		.map(({ module, after }) => {
			const rivals = after.filter(({ rival }) => rival !== undefined).map((one) => one.module);
			return rivals.length === 0 ? module : `${module}(${rivals.join("")})`;
		})
		.join(" ");

const orders = test.macro({
	exec(t, given: readonly string[], aliases: readonly string[], expected: string) {
		const rivals = aliases.map((modules, place) => ({ device: "", alias: `x:${place}`, modules: [...modules] }));
		t.is(tell(orderRivals(steps(...given), rivals)), expected);
	},
	title: (title) => title ?? "",
});

test("each module of an alias waits for the one before", orders, ["a", "b", "c"], ["abc"], "a b(a) c(b)");
test("what has no rival stays as it is", orders, ["a", "b", "c"], [], "a b c");
test("a rival that goes first comes to stand first", orders, ["b", "x", "a"], ["ab"], "a b(a) x");
test("it takes what it needs with it", orders, ["b", "x", "n", "a<n"], ["ab"], "n a b(a) x");
test("a dependency that says otherwise wins", orders, ["b", "a<b"], ["ab"], "b a");
test("so does one at a distance", orders, ["b", "n<b", "a<n"], ["ab"], "b n a");
test("and so does a softdep", orders, ["b", "a~b"], ["ab"], "b a");
test("behind a pair that is the other way round, both are waited for", orders, ["b", "a<b", "c"], ["abc"], "b a c(ba)");
test("where two aliases order a pair both ways, the first one counts", orders, ["a", "b"], ["ab", "ba"], "a b(a)");
test("and so it is in a circle of three", orders, ["a", "b", "c"], ["ab", "bc", "ca"], "a b(a) c(b)");
test("one device wants b, another one a and b: a goes first", orders, ["b", "a"], ["ab"], "a b(a)");
test("what is in no plan is passed over", orders, ["a", "c"], ["abc"], "a c(a)");

test("a softdep that is a rival too is waited for as a rival, a dependency as that", (t) => {
	const rivals = [{ device: "", alias: "x", modules: ["a", "b", "c"] }];
	const [, b, c] = orderRivals(steps("a", "b~a", "c<b"), rivals);
	t.deepEqual(b?.after, [{ module: "a", hard: false, rival: "x" }]);
	t.deepEqual(c?.after, [{ module: "b", hard: true }]);
});

test("modules are rivals for one alias of one device, each once, and for nothing that is asked for by name", (t) => {
	const path = () => "kernel/x.ko";
	const rivals = listRivals(
		[
			...asking("/1", "pci:1", "aba"),
			...asking("/1", "pci:2", "c"),
			...asking("/2", "pci:1", "ab"),
			{ module: "d", by: undefined },
			{ module: "e", by: undefined },
			...asking("", "pci:3", "fg"),
		],
		path,
	);
	t.deepEqual(
		rivals.map(({ device, alias, modules }) => [device, alias, modules.join("")].join(" ")),
		["/1 pci:1 ab", "/2 pci:1 ab", " pci:3 fg"],
	);
});

test("of a CPU's alias those in one folder are rivals, but for algorithms, and what has no file", (t) => {
	const paths: Readonly<Record<string, string>> = {
		a: "kernel/drivers/cpufreq/a.ko",
		b: "kernel/drivers/cpufreq/b.ko",
		c: "kernel/arch/x86/crypto/c.ko",
		d: "kernel/arch/x86/crypto/d.ko",
		e: "kernel/drivers/edac/e.ko",
	};
	const rivals = listRivals(asking("/cpu", "cpu:type:x86", "acbdexy"), (module) => paths[module]);
	t.deepEqual(
		rivals.map(({ modules }) => modules.join("")),
		["ab"],
	);
	t.is(slotOf("kernel/crypto/aes.ko"), undefined);
	t.is(slotOf("kernel/cryptography/x.ko"), "kernel/cryptography");
	t.is(slotOf(undefined), undefined);
});

/** Modules of Debian's kernel that match an alias of `cpu:`, in those folders that have more than one of them. */
const debianSlots: Readonly<Record<string, readonly string[]>> = {
	"kernel/arch/x86/events/intel": ["intel_cstate", "intel_uncore"],
	"kernel/arch/x86/kvm": ["kvm_amd", "kvm_intel"],
	"kernel/drivers/cpufreq": ["acpi_cpufreq", "amd_freq_sensitivity", "powernow_k8"],
	"kernel/drivers/edac": ["amd64_edac", "i10nm_edac", "pnd2_edac", "sb_edac", "skx_edac"],
	"kernel/drivers/hwmon": ["coretemp", "via_cputemp"],
	"kernel/drivers/platform/x86/intel/pmc": ["intel_pmc_core", "intel_pmc_core_pltdrv"],
	"kernel/drivers/thermal/intel": ["intel_powerclamp", "intel_soc_dts_thermal", "x86_pkg_temp_thermal"],
};

/** Modules of crypto algorithms: those register by priority, so that their order does not matter. */
const debianAlgorithms: readonly string[] = [
	...["aesni_intel", "crc32_pclmul", "crc32c_intel", "crct10dif_pclmul", "ghash_clmulni_intel"],
	...["padlock_aes", "padlock_sha", "sha1_ssse3", "sha256_ssse3", "sha512_ssse3"],
];

test("these modules of Debian's kernel compete for one slot of a CPU's", async (t) => {
	const { root, release } = await kernelPackage();
	const moduleDirectory = join(root, "lib/modules", release);
	const knowledge = readKnowledge(files, { moduleDirectory, configPaths: ["/dev/null"] });
	const aliases = [
		...readFileSync(join(moduleDirectory, "modules.alias"), "latin1").matchAll(/^alias (cpu:\S*) (\S+)$/gm),
	];
	t.true(aliases.length > 20);
	const groups = new Map<string, Set<string>>();
	const apart = new Set<string>();
	for (const [, , module = ""] of aliases) {
		const slot = slotOf(knowledge.file(module)?.path);
		if (slot === undefined) apart.add(module);
		else groups.set(slot, (groups.get(slot) ?? new Set()).add(module));
	}
	const found = Object.fromEntries(
		[...groups].filter(([, { size }]) => size > 1).map(([slot, names]) => [slot, [...names].sort()]),
	);
	t.deepEqual(found, debianSlots);
	t.deepEqual([...apart].sort(), debianAlgorithms);
});

test("whatever the plans and aliases, no step stands before what it waits for, none is lost, and dependencies stay", (t) => {
	const random = seededRandom(t);
	let edges = 0;
	for (let round = 0; round < 2000; round++) {
		const names = Array.from({ length: 2 + random.below(8) }, (_, place) => String.fromCharCode(97 + place));
		const given: Step[] = names.map((module, place) => ({
			module,
			after: names
				.slice(0, place)
				.flatMap((one) => (random.below(4) === 0 ? [{ module: one, hard: random.below(2) === 0 }] : [])),
		}));
		const rivals = Array.from({ length: random.below(4) }, (_, alias) => ({
			device: "",
			alias: String(alias),
			modules: [...new Set(names.map(() => random.pick(names)))],
		}));
		const ordered = orderRivals(given, rivals);
		t.deepEqual(ordered.map(({ module }) => module).sort(), [...names].sort());
		ordered.forEach(({ module, after }, place) => {
			const before = ordered.slice(0, place).map((one) => one.module);
			for (const one of after) t.true(before.includes(one.module), `${module} waits for ${one.module}`);
			const original = given.find((step) => step.module === module)!.after;
			for (const one of original)
				t.true(after.some(({ module: name, hard }) => name === one.module && hard === one.hard));
			edges += after.length - original.length;
		});
	}
	t.true(edges > 1000);
});

test("a hundred thousand modules of one alias are ordered at once", (t) => {
	const names = Array.from({ length: 100_000 }, (_, number) => `m${number}`);
	const ordered = orderRivals(
		names.map((module) => ({ module, after: [] as Prerequisite[] })),
		[{ device: "", alias: "x", modules: names }],
	);
	t.is(ordered.at(-1)?.after[0]?.module, "m99998");
});
