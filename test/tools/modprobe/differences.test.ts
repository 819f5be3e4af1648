// The differences between modprobe and Debian's kmod 30: a call meets each row of the table and behaves as the row's fact says.
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { moduleDirectory, moduleFile } from "../../support/fakes/modprobe-machine.js";
import { comparedModprobe, everyRowIsMet, type ModprobeComparison } from "../../support/real/compared-modprobe.js";
import { elfImage } from "../../support/worlds/elf-image.js";

const machine = {
	modules: {
		base: { exports: ["base"] },
		mid: { exports: ["mid"], needs: ["base"] },
		top: { exports: ["top"], needs: ["mid"] },
		pre: {},
		post: {},
		late: {},
		plain: { modinfo: ["alias=x:y"] },
		masked: {},
		killed: {},
		"snd-pcm": {},
		busy: {},
	},
	live: ["base", "mid", "top", "busy"],
	used: ["busy"],
	lively: true,
	commandLine: 'quiet modprobe.blacklist="snd-pcm,other"\n',
	config: `softdep late pre: pre post: post
install killed kill -9 $$
alias x:pcm snd-pcm
`,
	files: {
		"work/top": "a file of a module's name",
		"work/plain.ko": elfImage({ modinfo: ["license=GPL"] }),
		"work/blanks/x.conf": "softdep masked  pre: pre\n",
		"work/unheeded/x.conf": "softdep masked pre: pre\nsoftdep masked post: post\ninstall masked /bin/false\n",
		"work/circle/x.conf": "softdep top post: busy plain\nsoftdep busy post: top\nsoftdep plain pre: top\n",
		"work/below/site.conf": "options plain a=1\n",
		"work/weak/x.conf": "weakdep plain pre post\n",
		"work/cut.ko.xz": execFileSync("xz", ["-c"], { input: elfImage({ modinfo: ["license=GPL"] }) }).subarray(0, 40),
		"work/gz.ko": gzipSync(
			elfImage({ modinfo: ["license=GPL"], symbols: [{ name: "__crc_own", section: 0xfff1, value: 0xabc }] }),
		),
	},
	links: { "work/above/site.conf": "gone" },
};

const differs = (
	what: string,
	line: string,
	ours: ModprobeComparison["ours"],
	more: object = {},
): ModprobeComparison => ({
	words: line.split(" "),
	differs: what,
	...(ours !== undefined && { ours }),
	...more,
});
const inserted = (name: string, parameters = "", flags = 0, file = moduleFile(name)) => ({
	call: "finit_module",
	file,
	closedOnExec: 1,
	parameters,
	flags,
});
const removed = (name: string) => ({ call: "delete_module", name, flags: 2048 });
const deprecated = (old: string, instead: string) => `modprobe: WARNING: ${old} is deprecated: use ${instead}\n`;
const insmod = (name: string, parameters = "") => `insmod ${moduleFile(name)} ${parameters}\n`;

comparedModprobe("what differs from kmod 30", machine, [
	differs("options are those of newer kmods", "--sh plain", {
		stderr:
			"modprobe: option '--sh' is ambiguous; possibilities: '--show-alias' '--show-depends' '--show-config' '--showconfig' '--show-modversions' '--show-exports' '--show'\n",
	}),
	differs("options are those of newer kmods", "--show-alias plain", { status: 0, stdout: "plain\n", stderr: "" }),
	differs("options are those of newer kmods", "-C /dev/null --resolve-alias plain", {
		stderr: deprecated("--resolve-alias", "--show-alias"),
	}),
	differs("options are those of newer kmods", "-C /dev/null --dump-modversions", {
		stderr: `${deprecated("--dump-modversions", "--show-modversions")}modprobe: ERROR: missing parameters. See -h.\n`,
	}),
	differs("options are those of newer kmods", "-C /dev/null --show -v plain", {
		stderr: deprecated("--show", "--dry-run"),
	}),
	differs("a removal ends where softdeps stand in circles", "-C circle -ra busy", {
		status: 1,
		stderr: "modprobe: WARNING: Module busy is in use.\n",
		calls: [removed("top"), removed("mid")],
	}),
	differs("a dry run prints without -v", "-C /dev/null -n plain", { stdout: insmod("plain") }),
	differs("a dry run prints without -v", "-C /dev/null -rn top", { stdout: "rmmod top\n" }),
	differs("--remove-holders removes", "-C /dev/null --remove-holders top", { calls: [removed("top"), removed("mid")] }),
	differs("a path is a module file", "-C /dev/null ./plain.ko a=1", {
		status: 0,
		stderr: "",
		calls: [inserted("plain", "a=1", 0, "./plain.ko")],
	}),
	differs("a path is a module file", "-C /dev/null ./none.ko", {
		stderr: "modprobe: FATAL: Failed to get module from path ./none.ko: No such file or directory\n",
	}),
	differs("a module without a section says that there are no data", "-C /dev/null --show-exports plain.ko", {
		stderr: "modprobe: FATAL: could not get symbols of plain.ko: No data available\n",
	}),
	differs("a path is a module file", "-C /dev/null --show-exports ./cut.ko.xz", {
		status: 1,
		stderr: "modprobe: FATAL: could not get symbols of ./cut.ko.xz: its end is missing\n",
	}),
	differs("a path is a module file", `-C /dev/null -D ${moduleFile("late")}`, {
		status: 0,
		stderr: "",
		stdout: insmod("late"),
	}),
	differs("symbols are those of a module by its name, too", "-C /dev/null --show-exports mid", {
		...{ status: 0, stderr: "", stdout: "0x00000000\tmid\n" },
	}),
	// The working directory has a file of that name, which kmod 30 reads.
	differs("symbols are those of a module by its name, too", "-C /dev/null --show-exports top", {
		...{ status: 0, stderr: "", stdout: "0x00000000\ttop\n" },
	}),
	differs("symbols are those of a module by its name, too", "-C conf --show-exports x:pcm", {
		...{ status: 1, stdout: "" },
		stderr: "modprobe: FATAL: could not get symbols of x:pcm: No data available\n",
	}),
	differs("symbols are those of a module by its name, too", "-C /dev/null --show-modversions mid", {
		...{ status: 1, stdout: "" },
		stderr: "modprobe: FATAL: could not get modversions of mid: No data available\n",
	}),
	differs("-w gives up when its time is over", "-C /dev/null -r -w 7 busy", {
		status: 1,
		stderr: "modprobe: ERROR: could not remove 'busy': Resource temporarily unavailable\n",
		// The four attempts follow pauses of 0, 1, 2 and 4 milliseconds.
		calls: [removed("busy"), removed("busy"), removed("busy"), removed("busy")],
	}),
	differs("a module that went with its holder is gone", "-C /dev/null -r --remove-holders mid", {
		status: 0,
		stderr: "",
		calls: [removed("top"), removed("mid"), removed("base")],
	}),
	differs(
		"MODPROBE_OPTIONS is split at blanks, quoted or not",
		"plain",
		{ status: 0, stderr: "", stdout: insmod("plain"), calls: [inserted("plain")] },
		{
			environment: { MODPROBE_OPTIONS: "-C '/dev/null'  -v" },
		},
	),
	differs("a command that a signal has killed has failed", "-C conf killed", {
		status: 1,
		stderr:
			"modprobe: ERROR: Error running install command 'kill -9 $$' for module killed: retcode 137\nmodprobe: ERROR: could not insert 'killed': Invalid argument\n",
	}),
	differs("softdep lines count with two blanks", "-C blanks -D masked", { stdout: insmod("pre") + insmod("masked") }),
	differs("weakdep lines count", "-C weak -D plain", { stderr: "" }),
	differs("modprobe.blacklist= takes dashes and quotes", "-C conf -D x:pcm", { stdout: "" }),
	differs("lines that count for nothing are warned of", "-C unheeded -D masked", {
		stderr:
			"modprobe: WARNING: unheeded/x.conf line 3: this install command does not count, since masked has softdeps; honour_every_line makes it count\n" +
			"modprobe: WARNING: unheeded/x.conf line 2: this softdep does not count, since masked has one in unheeded/x.conf line 1; honour_every_line makes it count\n",
	}),
	differs("links to nowhere are errors, and hide nothing", "-q -C above -C below -D plain", {
		stdout: insmod("plain", "a=1 "),
		stderr:
			"libkmod: ERROR: above/site.conf is a dangling symbolic link, so it counts for nothing and hides no other of its name\n",
	}),
	differs("what cannot be used is said", "-C nowhere -D plain", {
		stderr: "modprobe: WARNING: nowhere: there is no such file or directory\n",
	}),
	differs("gzip is read", "-C /dev/null --show-exports gz.ko", { status: 0, stderr: "", stdout: "0x00000abc\town\n" }),
	differs("it prints JSON", "-C /dev/null --json -R plain", {
		status: 0,
		stderr: "",
		stdout: '{"asked":"plain","module":"plain","via":"module","pattern":"plain"}\n',
	}),
	differs("it prints JSON", "-C conf --json -D x:pcm", {
		status: 0,
		stderr: "",
		stdout: '{"asked":"x:pcm","module":"snd_pcm","how":"blacklisted","source":{"file":"/proc/cmdline","line":0}}\n',
	}),
	differs("it prints JSON", "-C conf --json -D late", {
		status: 0,
		stderr: "",
		stdout: [
			{
				asked: "late",
				module: "pre",
				how: "insert",
				path: moduleFile("pre"),
				parameters: "",
				because: "softdep",
				of: "late",
			},
			{ asked: "late", module: "late", how: "insert", path: moduleFile("late"), parameters: "", because: "name" },
			{
				asked: "late",
				module: "post",
				how: "insert",
				path: moduleFile("post"),
				parameters: "",
				because: "softdep",
				of: "late",
			},
		]
			.map((record) => `${JSON.stringify(record)}\n`)
			.join(""),
	}),
]);

comparedModprobe("what differs in the configuration as it is shown", { ...machine, commandLine: "" }, [
	differs("softdeps are printed with a blank before post:", "-C conf -c", {
		stdout: `install killed kill -9 $$
alias x:pcm snd_pcm
softdep late pre: pre post: post

# End of configuration files. Dumping indexes now:

alias x:y plain
alias symbol:base base
alias symbol:mid mid
alias symbol:top top
`,
	}),
]);

comparedModprobe(
	"what is damaged is said, and the rest answers",
	{ ...machine, files: { "modules/modules.alias.bin": "rubbish" } },
	[
		differs("what cannot be used is said", "-C /dev/null -R plain", {
			stderr: `modprobe: WARNING: ${moduleDirectory}/modules.alias.bin: ${moduleDirectory}/modules.alias.bin is not a usable index: it has 7 bytes, fewer than a header; run depmod to make it anew\n`,
		}),
	],
);

everyRowIsMet();
