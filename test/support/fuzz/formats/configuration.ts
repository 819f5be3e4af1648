// Text that people and the kernel's build write: modprobe.d, depmod.d, the kernel command line, modules.* and the kernel's
// symbols.
import { findDevname } from "../../../../src/libkmod/depmod/devname.js";
import { findParameterFaults } from "../../../../src/libkmod/evidence/parameter-faults.js";
import { builtinModuleInfo, parseBuiltinModinfo } from "../../../../src/libkmod/formats/builtin-modinfo.js";
import { formatConfig } from "../../../../src/libkmod/formats/config-dump.js";
import { parseDependencyLine } from "../../../../src/libkmod/formats/dependency-line.js";
import { forRelease, parseDepmodConfig } from "../../../../src/libkmod/formats/depmod-config.js";
import { parseKernelCommandLine, readKernelWord } from "../../../../src/libkmod/formats/kernel-command-line.js";
import { parseSymvers, parseSystemMap } from "../../../../src/libkmod/formats/kernel-symbols.js";
import { parseModinfoString } from "../../../../src/libkmod/formats/modinfo.js";
import { parseModprobeConfig } from "../../../../src/libkmod/formats/modprobe-config.js";
import { parseModulesDevname } from "../../../../src/libkmod/formats/modules-devname.js";
import { listLiveNames, parseProcModules } from "../../../../src/libkmod/formats/proc-modules.js";
import { normaliseAlias } from "../../../../src/libkmod/text/module-name.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const name = (random: Random): string =>
	random.pick(["snd", "snd_hda-intel", "e1000e", "a-b", "ext4", "x", "usb-storage"]);
const lines = (random: Random, most: number, line: (random: Random) => string): Buffer =>
	latin1(Array.from({ length: random.below(most) + 1 }, () => `${line(random)}\n`).join(""));

/** The input as text (latin1). Results are compared without line numbers: a text that is printed and read again has others. */
const inText = (input: Buffer): string => input.toString("latin1");

const modprobe: FuzzFormat = {
	name: "modprobe.d",
	sources: [
		"src/libkmod/formats/modprobe-config.ts",
		"src/libkmod/formats/joined-lines.ts",
		"src/libkmod/formats/config-dump.ts",
	],
	readers: ["parseModprobeConfig"],
	accepted: "every line is understood, and what is printed is read as the same",
	refused: "problems with their lines",
	kind: "text",
	words: [
		"alias",
		"blacklist",
		"options",
		"install",
		"remove",
		"softdep",
		"weakdep",
		"pre:",
		"post:",
		"include",
		"config",
		"/bin/false",
		"$CMDLINE_OPTS",
	],
	sound: 2,
	sample: (random) =>
		lines(random, 5, () =>
			random.pick([
				`alias ${name(random)}:v*[0-9a-f]* ${name(random)}`,
				`blacklist ${name(random)}`,
				`options ${name(random)} index=1\tid="a b"`,
				`install ${name(random)} /sbin/modprobe -i ${name(random)}; \\\n  echo $CMDLINE_OPTS`,
				`remove ${name(random)} true`,
				`softdep ${name(random)} pre: ${name(random)} post: ${name(random)}`,
				`weakdep ${name(random)} ${name(random)}`,
				"# a comment \\",
				"",
			]),
		),
	read(input) {
		const { value, problems } = parseModprobeConfig("x.conf", inText(input));
		for (const { line } of problems) expect(line >= 1 && line <= input.length + 1, `a problem in line ${line}`);
		// A softdep or weakdep without a dependency is printed, but cannot be read again.
		const printed = formatConfig(value).replace(/^(?:soft|weak)dep [^ \n]+ \n/gm, "");
		expectSame(
			formatConfig(parseModprobeConfig("x.conf", printed.replaceAll("\\", "\\\\")).value),
			printed,
			"what is printed is read otherwise",
		);
		return verdict(problems.length === 0);
	},
	limits: [],
};

const depmod: FuzzFormat = {
	name: "depmod.d",
	sources: ["src/libkmod/formats/depmod-config.ts", "src/libkmod/formats/joined-lines.ts"],
	readers: ["parseDepmodConfig"],
	accepted: "every line is understood",
	refused: "problems with their lines",
	kind: "text",
	words: [
		"search",
		"override",
		"external",
		"exclude",
		"include",
		"make_map_files",
		"built-in",
		"external",
		"*",
		"6.1.*",
		"[[:digit:]]",
		"(",
		"+",
	],
	sound: 2,
	sample: (random) =>
		lines(random, 5, () =>
			random.pick([
				"search updates built-in external",
				`override ${name(random)} * weak-updates`,
				`override ${name(random)} ^6\\.[[:digit:]]+-amd64$ extra`,
				"external 6.1.0-56-amd64 /opt/modules",
				"exclude .git build",
				"# a comment",
			]),
		),
	read(input) {
		const { value, problems } = parseDepmodConfig("x.conf", inText(input));
		const applied = forRelease(value, "6.1.0-56-amd64");
		expect(applied.overrides.length <= value.overrides.length, "lines were made up");
		return verdict(problems.length === 0);
	},
	limits: [],
};

const parameterTypes = ["parmtype=a:int", "parmtype=b:bool", "parmtype=c:charp", "parmtype=d:array of byte"];

const moduleParameters: FuzzFormat = {
	name: "parameters of a module",
	sources: ["src/libkmod/evidence/parameter-faults.ts"],
	readers: [],
	accepted: "the module may take all of them",
	refused: "a name or a value is wrong",
	kind: "text",
	words: ["a=", "b", "c=", "d=", "1", "0x1f", "-1", ",", '"', "=", "dyndbg=+p", " "],
	sound: 4,
	sample: (random) =>
		latin1(
			Array.from({ length: random.below(4) }, () =>
				random.pick(["a=1", "a=0x7f", "b", "b=off", 'c="x y"', '"c=x y"', "d=1,2,255", "dyndbg=+p", "a=-3"]),
			).join(" "),
		),
	read(input) {
		const text = inText(input);
		const faults = findParameterFaults(text, parameterTypes.map(parseModinfoString));
		if (faults === undefined) return "accepted";
		const size = [...faults.unknown, ...faults.invalid.flatMap(({ name, value = "" }) => [name, value])].join(
			"",
		).length;
		expect(size <= text.length, "more was read than is there");
		return "refused";
	},
	limits: [],
};

const commandLine: FuzzFormat = {
	name: "kernel command line",
	sources: ["src/libkmod/formats/kernel-command-line.ts"],
	readers: ["parseKernelCommandLine"],
	accepted: "it says something of modules",
	refused: "it does not, or a name in it is none",
	kind: "text",
	words: [
		"modprobe.blacklist=",
		"module_blacklist=",
		"snd.id=1",
		"--",
		"quiet",
		'"snd.id=a b"',
		'snd.id="a b"',
		"a.b",
		".",
		"[",
		"]",
	],
	sound: 2,
	sample: (random) =>
		latin1(
			`${Array.from({ length: random.below(5) + 1 }, () =>
				random.pick([
					"quiet",
					"root=/dev/sda1",
					`${name(random)}.index=1`,
					`"${name(random)}.id=a b"`,
					`${name(random)}.id="a b"`,
					"modprobe.blacklist=a-b,c",
					"module_blacklist=d",
					"snd[0].x=1",
				]),
			).join(" ")}\n`,
		),
	read(input) {
		const text = inText(input);
		const { options, blacklist, kernelBlacklist, bad } = parseKernelCommandLine(text);
		const size = [
			...blacklist,
			...kernelBlacklist,
			...bad,
			...options.flatMap((line) => [line.module, line.options]),
		].join("").length;
		// `module_blacklist=` counts for the kernel too, and `"x.y=z` gets one more quote.
		expect(size <= 4 * text.length + 4, "more was read than is there");
		return verdict(bad.length === 0 && options.length + blacklist.length + kernelBlacklist.length > 0);
	},
	limits: [],
};

const kernelWord: FuzzFormat = {
	name: "kernel command line, a word of ours",
	sources: ["src/libkmod/formats/kernel-command-line.ts"],
	readers: ["readKernelWord"],
	accepted: "its last value",
	refused: "undefined",
	kind: "text",
	words: ["hotplugd=off", "hotplugd=", '"hotplugd=a b"', 'hotplugd="a"', "--", "\0", "nothotplugd=1"],
	sound: 2,
	sample: (random) =>
		latin1(
			Array.from({ length: random.below(4) + 1 }, () =>
				random.pick(["quiet", "hotplugd=off", 'hotplugd="on"', "x.hotplugd=1", "--"]),
			).join(" "),
		),
	read(input) {
		const value = readKernelWord(inText(input), "hotplugd");
		expect(
			value === undefined || inText(input).replaceAll('"', "").includes(`hotplugd=${value}`),
			"a value that is not there",
		);
		return verdict(value !== undefined);
	},
	limits: [],
};

const dependencyLine: FuzzFormat = {
	name: "modules.dep's lines",
	sources: ["src/libkmod/formats/dependency-line.ts"],
	readers: ["parseDependencyLine"],
	accepted: "a path and what it depends on, the same when written again",
	refused: "undefined",
	kind: "text",
	words: ["kernel/a.ko:", "/abs/b.ko", ":", " : "],
	sound: 1,
	sample: (random) =>
		latin1(
			`kernel/${name(random)}.ko:${Array.from({ length: random.below(4) }, () => ` kernel/${name(random)}.ko`).join("")}`,
		),
	read(input) {
		const line = parseDependencyLine(inText(input));
		if (line === undefined) return "refused";
		const again = parseDependencyLine(`${line.path}:${line.dependencies.map((path) => ` ${path}`).join("")}`);
		expectSame(again, line, "what is written again is read otherwise");
		return "accepted";
	},
	limits: [
		{
			bound: "where the colon stands",
			n: 0,
			make: (n) => latin1(`${"a".repeat(Math.max(0, n))}: b`),
			within: "refused",
			beyond: "accepted",
		},
	],
};

const builtinModinfo: FuzzFormat = {
	name: "modules.builtin.modinfo",
	sources: ["src/libkmod/formats/builtin-modinfo.ts", "src/libkmod/formats/modinfo.ts"],
	readers: ["parseBuiltinModinfo", "parseModinfoString"],
	accepted: "every string is about a module",
	refused: "one is about none, and is left out",
	kind: "text",
	words: ["ext4.license=GPL\0", "alias=x", ".", "\0\0"],
	sound: 2,
	sample: (random) =>
		latin1(
			Array.from(
				{ length: random.below(5) + 1 },
				() => `${name(random)}.${random.pick(["license=GPL", "alias=pci:v*", "parm=a:b", "file=drivers/x"])}\0`,
			).join(""),
		),
	read(input) {
		const entries = parseBuiltinModinfo(input);
		for (const { module } of entries.slice(0, 3))
			expect(
				builtinModuleInfo(input, module).length === entries.filter((entry) => entry.module === module).length,
				"a module's strings differ",
			);
		expect(builtinModuleInfo(input, "no such\0module").length === 0, "a module that cannot be has strings");
		return verdict(
			entries.length ===
				inText(input)
					.split("\0")
					.filter((string) => string !== "").length,
		);
	},
	limits: [],
};

const systemMap: FuzzFormat = {
	name: "System.map",
	sources: ["src/libkmod/formats/kernel-symbols.ts"],
	readers: ["parseSystemMap"],
	accepted: "three words in every line",
	refused: "problems with their lines",
	kind: "text",
	words: ["__ksymtab_printk", "ffffffff81000000", "T", " r "],
	sound: 3,
	sample: (random) =>
		lines(
			random,
			5,
			() =>
				`ffffffff81${random.text("0123456789abcdef", 6, 6)} ${random.pick("TtrRdD")} ${random.pick(["", "__ksymtab_"])}${random.text("abc_", 1, 9)}`,
		),
	read(input) {
		const { value, problems } = parseSystemMap("System.map", inText(input), "_");
		expect(value.size <= input.length, "more symbols than bytes");
		return verdict(problems.length === 0);
	},
	limits: [],
};

const symvers: FuzzFormat = {
	name: "Module.symvers",
	sources: ["src/libkmod/formats/kernel-symbols.ts"],
	readers: ["parseSymvers"],
	accepted: "a checksum in every line of the kernel's",
	refused: "problems with their lines",
	kind: "text",
	words: ["vmlinux", "0xffffffff", "EXPORT_SYMBOL", "0x", "0xg", "-1"],
	sound: 2,
	sample: (random) =>
		lines(
			random,
			6,
			() =>
				`0x${random.pick(["", "", "g"])}${random.text("0123456789abcdef", 8, 8)}\t${random.text("abc_", 1, 9)}\t${random.pick(["vmlinux", "drivers/x"])}\tEXPORT_SYMBOL\t`,
		),
	read(input) {
		const { value, problems } = parseSymvers("Module.symvers", inText(input));
		for (const crc of value.values()) expect(crc >= 0, `a checksum of ${crc}`);
		return verdict(problems.length === 0);
	},
	limits: [],
};

const devname: FuzzFormat = {
	name: "modules.devname",
	sources: ["src/libkmod/formats/modules-devname.ts"],
	readers: ["parseModulesDevname"],
	accepted: "a node or a comment in every line",
	refused: "lines that are neither",
	kind: "text",
	words: ["c10:200", "b7:0", "net/tun", "tun", "c 10: 200", "c4294967295:4294967296"],
	sound: 2,
	sample: (random) =>
		lines(random, 4, () =>
			random.pick([
				"# Device nodes to trigger on-demand module loading.",
				`${name(random)} net/${name(random)} ${random.pick("cb")}${random.below(300)}:${random.below(300)}`,
			]),
		),
	read(input) {
		const { value, bad } = parseModulesDevname(inText(input));
		for (const { major, minor } of value)
			expect(major <= 0xffffffff && minor <= 0xffffffff, `a number of ${major}:${minor}`);
		return verdict(bad.length === 0);
	},
	limits: [
		{
			bound: "a device's number",
			n: 0xffffffff,
			make: (n) => latin1(`tun net/tun c10:${n}\n`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const devnames: FuzzFormat = {
	name: "aliases that name a device node",
	sources: ["src/libkmod/depmod/devname.ts"],
	readers: [],
	accepted: "a node's name and numbers",
	refused: "no name, or no numbers",
	kind: "text",
	words: ["devname:", "char-major-", "block-major-7-0", "\n", "-"],
	sound: 2,
	sample: (random) =>
		lines(random, 5, () =>
			random.pick([
				`devname:net/${name(random)}`,
				`devname:${name(random)}`,
				`char-major-${random.below(300)}-${random.below(300)}`,
				"block-major-7-*",
				"pci:v*",
			]),
		),
	read(input) {
		const digest = { name: "tun", aliases: inText(input).split("\n") };
		const found = findDevname(digest as unknown as Parameters<typeof findDevname>[0]);
		if (found === undefined || !("major" in found)) return "refused";
		expect(found.major >= 0 && found.minor >= 0, `a number of ${found.major}:${found.minor}`);
		return "accepted";
	},
	limits: [],
};

const procModules: FuzzFormat = {
	name: "/proc/modules",
	sources: ["src/libkmod/formats/proc-modules.ts"],
	readers: ["parseProcModules", "readLoadedModules"],
	accepted: "a module in every line, and both readers see the same live ones",
	refused: "lines that are none of a module",
	kind: "text",
	words: ["Live", "Loading", "Unloading", "-", "[permanent],", "0x0000000000000000", "(OE)", "999999999999999"],
	sound: 2,
	sample: (random) =>
		lines(
			random,
			4,
			() =>
				`${name(random)} ${random.below(99_999)} ${random.pick(["-", "0", "7"])} ${random.pick(["-", "a,b,", "[permanent],"])} ${random.pick(["Live", "Live", "Loading", "Unloading"])} 0xffffffffc03f4000${random.pick(["", " (OE)"])}`,
		),
	read(input) {
		const text = inText(input);
		const modules = parseProcModules(text);
		const live = new Set(modules.filter(({ state }) => state === "live").map(({ module }) => module));
		expectSame([...listLiveNames(text)].sort(), [...live].sort(), "live modules differ");
		for (const { size, references } of modules) expect(size >= 0 && references >= 0, "a number below zero");
		return verdict(modules.length === text.split("\n").filter((line) => line !== "").length);
	},
	limits: [
		{
			bound: "digits of a size",
			n: 15,
			make: (n) => latin1(`a ${"9".repeat(n)} 0 - Live 0x0\n`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const alias: FuzzFormat = {
	name: "aliases' spelling",
	sources: ["src/libkmod/text/module-name.ts"],
	readers: [],
	accepted: "one spelling, and its own the second time",
	refused: "undefined: a bracket without its other one",
	kind: "text",
	words: ["[a-c]", "[", "]", "-", "_", "[!-]", "[]-]"],
	sound: 1,
	sample: (random) => latin1(random.text(["pci:", "v-", "[0-9]", "-", "_", "*", "a"], 1, 6)),
	read(input) {
		const spelt = normaliseAlias(inText(input));
		if (spelt === undefined) return "refused";
		expect(spelt.length === input.length, "the spelling has another length");
		expectSame(normaliseAlias(spelt), spelt, "spelt again it is another");
		return "accepted";
	},
	limits: [],
};

export const configurationFormats: readonly FuzzFormat[] = [
	...[modprobe, depmod, moduleParameters, commandLine, kernelWord, dependencyLine, builtinModinfo, systemMap, symvers],
	...[devname, devnames, procModules, alias],
];
