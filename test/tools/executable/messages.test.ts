// The messages and exit statuses of kmod's tools, case by case: the real tool and ours print each line, and the rest of both
// outputs is equal.
import test from "ava";
import {
	LONG_RUNS_TIMEOUT_MILLISECONDS,
	type PretendMachine,
	type Run,
	runBoth,
} from "../../support/fakes/pretend-machine.js";
import { withoutLibraryLinesIn } from "../../support/real/compared.js";
import { withoutPlacesIn } from "../../support/real/compared-modprobe.js";
import { elfImage, exported, moduleImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { differences } from "../kmod/differences.js";

const live = (module: string, references: string, holders: readonly string[] = []) => ({
	[`sys/module/${module}/initstate`]: "live\n",
	...(references !== "" && { [`sys/module/${module}/refcnt`]: `${references}\n` }),
	...Object.fromEntries(holders.map((holder) => [`sys/module/${module}/holders/${holder}/x`, ""])),
});

const circle = (name: string, needs: string) => moduleImage([`k_${name}`], [`k_${needs}`]);
const needy = elfImage({
	modinfo: ["alias=bad["],
	symbols: [undefinedSymbol("known"), undefinedSymbol("nobodys")],
	versions: { known: 5 },
});

const machine: PretendMachine = {
	files: {
		"proc/modules": "",
		"proc/cmdline": "quiet\n",
		"modules/kernel/plain.ko": elfImage({ modinfo: ["alias=plain-alias", "license=GPL"], symbols: [exported("x")] }),
		"modules/kernel/held.ko": moduleImage(["held"], []),
		"modules/kernel/user.ko": moduleImage([], ["held"]),
		"modules/kernel/busy.ko": moduleImage([], []),
		"modules/kernel/broken.ko": "no module at all",
		"modules/kernel/gone.ko": moduleImage([], []),
		"modules/modules.order": "",
		"modules/modules.builtin": "kernel/inside.ko\n",
		"modules/modules.builtin.modinfo": "",
		...live("held", "1", ["user"]),
		...live("user", "0"),
		...live("busy", "3"),
		...live("kept", ""),
		"work/commands.conf": "install plain exit 3\nremove busy exit 4\n",
		"work/bad.conf": "rubbish here\ninclude other\n",
		"work/folder/sub.conf/x": "",
		"work/plain.ko": moduleImage([], []),
		"work/circle/lib/modules/1.0/a.ko": circle("a", "b"),
		"work/circle/lib/modules/1.0/b.ko": circle("b", "a"),
		...Object.fromEntries(
			["order", "builtin", "builtin.modinfo"].map((it) => [`work/circle/lib/modules/1.0/modules.${it}`, ""]),
		),
		"work/bare/lib/modules/1.0/needy.ko": needy,
		"work/System.map": "0 r __ksymtab_known\n",
		"work/Module.symvers": "0x7\tknown\tvmlinux\tEXPORT_SYMBOL\t\n",
	},
	directories: ["held", "user", "busy", "kept"].map((name) => `sys/module/${name}/holders`),
	prepare: "depmod 2>/dev/null; cd /lib/modules/*; rm modules.devname kernel/gone.ko; cd -",
};

type Case = {
	readonly line: string;
	readonly status: 0 | 1;
	/** The line that both print on standard error, with DIRECTORY in place of /lib/modules/RELEASE. */
	readonly says?: string;
	/** The errno that the kernel answers. */
	readonly errno?: number;
	/** The row of the table that explains how ours differs. */
	readonly differs?: string;
};

const EEXIST = 17;
const ENOENT = 2;

const modprobe: readonly Case[] = [
	{ line: "nothere", status: 1, says: "FATAL: Module nothere not found in directory DIRECTORY" },
	{ line: "-a nothere plain", status: 1, says: "WARNING: Module nothere not found in directory DIRECTORY" },
	{ line: "-q nothere", status: 1 },
	{ line: "-r nothere", status: 1, says: "FATAL: Module nothere not found." },
	{ line: "-r busy", status: 1, says: "FATAL: Module busy is in use." },
	{ line: "-r held", status: 1, says: "FATAL: Module held is in use." },
	{ line: "-ra busy user", status: 1, says: "WARNING: Module busy is in use." },
	{ line: "-r inside", status: 1, says: "FATAL: Module inside is builtin." },
	{ line: "-r plain", status: 0 },
	{ line: "-r --first-time plain", status: 1, says: "FATAL: Module plain is not in kernel." },
	{ line: "user", status: 0 },
	{ line: "--first-time user", status: 1, says: "ERROR: could not insert 'user': Module already in kernel" },
	{ line: "--first-time inside", status: 1, says: "ERROR: could not insert 'inside': Module already in kernel" },
	{ line: "plain", errno: EEXIST, status: 0 },
	{
		line: "--first-time plain",
		errno: EEXIST,
		status: 1,
		says: "ERROR: could not insert 'plain': Module already in kernel",
	},
	{
		line: "plain",
		errno: ENOENT,
		status: 1,
		says: "ERROR: could not insert 'plain': Unknown symbol in module, or unknown parameter (see dmesg)",
	},
	...(
		[
			[8, "Exec format error"],
			[129, "Key was rejected by service"],
			[1, "Operation not permitted"],
			[22, "Invalid argument"],
			[12, "Cannot allocate memory"],
			[38, "Function not implemented"],
		] as const
	).map(([errno, text]) => ({
		line: "plain",
		errno,
		status: 1 as const,
		says: `ERROR: could not insert 'plain': ${text}`,
	})),
	{
		line: "-C commands.conf plain",
		status: 1,
		says: "ERROR: Error running install command 'exit 3' for module plain: retcode 3",
	},
	{ line: "-C commands.conf plain", status: 1, says: "ERROR: could not insert 'plain': Invalid argument" },
	{ line: "-C commands.conf -r busy", status: 1, says: "FATAL: Error running remove command for busy" },
	{ line: "", status: 1, says: "ERROR: missing parameters. See -h." },
	{ line: "-w many -r plain", status: 1, says: "ERROR: unexpected wait value 'many'." },
	{ line: "-r user", errno: 16, status: 1, says: "ERROR: could not remove 'user': Device or resource busy" },
	{
		line: "-C bad.conf -D plain",
		status: 0,
		says: "libkmod: ERROR: bad.conf line 1: ignoring bad line starting with 'rubbish'",
	},
	{
		line: "-C bad.conf -D plain",
		status: 0,
		says: "libkmod: ERROR: bad.conf: command include is deprecated and not parsed anymore",
	},
	{
		line: "-C folder -D plain",
		status: 0,
		says: "libkmod: ERROR: Directories inside directories are not supported: folder/sub.conf",
	},
	{ line: "--show-exports nothere.ko", status: 1, says: "FATAL: Module nothere.ko not found." },
	{ line: "--nonsense", status: 1, says: "unrecognized option '--nonsense'" },
];

const insmod: readonly Case[] = [
	{ line: "", status: 1, says: "ERROR: missing filename." },
	{ line: "-", status: 1, says: "ERROR: this tool does not support loading from stdin!" },
	{ line: "none.ko", status: 1, says: "ERROR: could not load module none.ko: No such file or directory" },
	...(
		[
			[8, "Invalid module format"],
			[2, "Unknown symbol in module"],
			[3, "Module has wrong symbol version"],
			[22, "Invalid parameters"],
			[17, "File exists"],
			[129, "Key was rejected by service"],
		] as const
	).map(([errno, text]) => ({
		line: "plain.ko",
		errno,
		status: 1 as const,
		says: `ERROR: could not insert module plain.ko: ${text}`,
	})),
];

const rmmod: readonly Case[] = [
	{ line: "", status: 1, says: "ERROR: missing module name." },
	{ line: "nothere", status: 1, says: "ERROR: Module nothere is not currently loaded" },
	{ line: "inside", status: 1, says: "ERROR: Module inside is builtin." },
	{ line: "held", status: 1, says: "ERROR: Module held is in use by: user" },
	{ line: "busy", status: 1, says: "ERROR: Module busy is in use" },
	{ line: "kept", status: 1, says: "ERROR: Module unloading is not supported" },
	{ line: "nothere user", status: 1, says: "ERROR: Module nothere is not currently loaded" },
	{ line: "user", errno: 16, status: 1, says: "ERROR: could not remove module user: Device or resource busy" },
];

const modinfo: readonly Case[] = [
	{ line: "", status: 1, says: "ERROR: missing module or filename." },
	{ line: "nothere", status: 1, says: "ERROR: Module nothere not found." },
	{ line: "nothere plain", status: 1, says: "ERROR: Module nothere not found." },
	{ line: "gone", status: 1, says: "ERROR: could not get modinfo from 'gone': No such file or directory" },
	{ line: "/nowhere/plain.ko", status: 1, says: "ERROR: Module /nowhere/plain.ko not found." },
	{
		line: "broken",
		status: 1,
		says: "ERROR: could not get modinfo from 'broken': Exec format error",
		differs: "what is wrong with a file is told in a second line",
	},
];

const depmod: readonly Case[] = [
	{
		line: "-b circle 1.0",
		status: 1,
		says: "ERROR: Found 2 modules in dependency cycles!",
	},
	{
		line: "-b circle 1.0",
		status: 1,
		says: "ERROR: Cycle detected: b -> a -> b",
	},
	{
		line: "-b nowhere 1.0",
		status: 1,
		says: "ERROR: could not open directory WORK/nowhere/lib/modules/1.0: No such file or directory",
	},
	{ line: "-b nowhere 1.0", status: 1, says: "FATAL: could not search modules: No such file or directory" },
	...["modules.order", "modules.builtin", "modules.builtin.modinfo"].map((name) => ({
		line: "-b bare 1.0",
		status: 0 as const,
		says: `WARNING: could not open ${name} at WORK/bare/lib/modules/1.0: No such file or directory`,
	})),
	{
		line: "-e -F System.map -b bare 1.0",
		status: 0,
		says: "WARNING: WORK/bare/lib/modules/1.0/needy.ko needs unknown symbol nobodys",
	},
	{
		line: "-e -E Module.symvers -b bare 1.0",
		status: 0,
		says: "WARNING: WORK/bare/lib/modules/1.0/needy.ko disagrees about version of symbol known",
	},
	{ line: "-n -e", status: 0, says: "WARNING: -e needs -E or -F", differs: "what is wrong with a file is told" },
	{ line: "-b bare 1.0", status: 0, says: "WARNING: Unmatched bracket in bad[" },
	{ line: "x.y", status: 1, says: "ERROR: Bad version passed x.y" },
	{ line: "1.0 relative.ko", status: 1, says: "FATAL: relative.ko: not absolute path." },
	{ line: "-P ab", status: 1, says: "FATAL: -P only takes a single char" },
];

const kmod: readonly Case[] = [
	{ line: "nothing", status: 1, says: "invalid command 'nothing'" },
	{ line: "", status: 1, says: "missing command" },
	{ line: "static-nodes", status: 0, says: "Warning: DIRECTORY/modules.devname not found - ignoring" },
	{ line: "static-nodes -f none", status: 1, says: "Unknown format: 'none'." },
	{ line: "list", status: 0 },
];

const lsmod: readonly Case[] = [{ line: "", status: 0 }];

const table: Readonly<Record<string, readonly Case[]>> = { modprobe, insmod, rmmod, modinfo, depmod, kmod, lsmod };
const cases = Object.entries(table).flatMap(([tool, rows]) => rows.map((row) => ({ tool, ...row })));

/** Lines that only our tools print: the reason for the kernel's answer, or why nothing was done. */
const NOTICE = /^\w+: NOTICE: .*\n/gm;

test("each message is said by the real one and by ours, and both exit alike", async (t) => {
	const calls = cases.map(({ tool, line, errno }) => ({
		words: [tool, ...line.split(" ").filter((word) => word !== "")],
		...(errno !== undefined && {
			environment: Object.fromEntries(
				["FINIT", "INIT", "DELETE"].map((call) => [`STANDIN_${call}_MODULE`, `${errno}`]),
			),
		}),
	}));
	t.timeout(2 * LONG_RUNS_TIMEOUT_MILLISECONDS);
	const runs = await runBoth(machine, calls, LONG_RUNS_TIMEOUT_MILLISECONDS);
	t.true(cases.length > 70);
	const faults = cases.flatMap((row, number) => findFaults(row, runs[number]!.real, runs[number]!.ours));
	t.deepEqual(faults, []);
});

function findFaults({ tool, line, status, says, differs }: (typeof cases)[number], real: Run, ours: Run): string[] {
	const [theirs, own] = [saidBy(tool, real), saidBy(tool, ours).replaceAll(NOTICE, "")];
	const isRight = (said: string) =>
		says === undefined ? said === "" : said.split("\n").some((text) => isSaid(text, tool, says));
	const isRow = differences.some((row) => row.tool === tool && row.what === differs);
	return [
		...(real.status === status ? [] : [`the real one exits ${real.status}`]),
		...(ours.status === status ? [] : [`ours exits ${ours.status}`]),
		...(isRight(theirs) ? [] : [`the real one says: ${theirs}`]),
		...(isRight(own) ? [] : [`ours says: ${own}`]),
		...((differs === undefined ? own === theirs : isRow) ? [] : [`the rest differs: ${theirs} and ${own}`]),
	].map((fault) => `${tool} ${line}: ${fault}`);
}

/**
 * Standard error without the paths of the run. libkmod's own lines stay for modprobe only: our modprobe alone prints those that
 * have no counterpart among the tool's lines.
 */
function saidBy(tool: string, { stderr }: Run): string {
	const said = tool === "modprobe" ? withoutPlacesIn(stderr) : withoutLibraryLinesIn(stderr);
	return said
		.replaceAll(/(?:\/[\w.-]+)+\/pretend-\w+\/(?:real|ours)-\d+/g, "WORK")
		.replaceAll(/(?<!WORK\S*)\/lib\/modules\/\d[^/\s]*(?=[/\s])/g, "DIRECTORY")
		.replaceAll(/\n{2,}/g, "\n");
}

/** Whether a line is the message, with or without the tool's name before it. Reasons that ours adds follow in parentheses. */
function isSaid(line: string, tool: string, says: string): boolean {
	return [says, `${tool}: ${says}`].some((text) => line === text || line.startsWith(`${text} (`));
}
