// The messages and the exit status of modprobe, case by case beside the real one.
import { release } from "node:os";
import { comparedModprobe } from "../../support/real/compared-modprobe.js";

const machine = {
	modules: {
		base: { exports: ["base"] },
		mid: { exports: ["mid"], needs: ["base"] },
		top: { needs: ["mid", "base"], modinfo: ["alias=acme:v1*", "softdep=pre: soft-pre post: soft-post"] },
		other: { exports: ["other"] },
		"soft-pre": { needs: ["other"] },
		"soft-post": {},
		plain: { modinfo: ["alias=plain-alias", "vermagic=5.10.0 SMP mod_unload"] },
		evil: { modinfo: ["alias=evil-alias"] },
		inst: { needs: ["base"] },
		failing: {},
		here: {},
		holder: { exports: ["holder"] },
		held: { needs: ["holder"] },
		busy: {},
	},
	builtin: ["inbuilt"],
	live: ["here", "holder", "held", "busy"],
	used: ["busy"],
	config: `blacklist evil
install inst echo "<$CMDLINE_OPTS> $MODPROBE_MODULE [$MODPROBE_OPTIONS]" >&2
install cmdonly /bin/false
install noisy echo no >&2; exit 3
remove here echo "<$CMDLINE_OPTS> $MODPROBE_MODULE [$MODPROBE_OPTIONS]" >&2
remove held exit 4
options plain a=1
options plain-alias b="x y"
options failing standin.errno=19
alias ghostly ghost
alias two failing
alias two plain
alias two-bad plain
alias two-bad failing
this is bad
`,
	files: {
		"work/two.ko": "no module",
		"work/conf2/bad.conf": "alias x\n\ninclude y\noptions  \n",
		"work/conf2/d.conf/x": "",
	},
};

const withConfig = (words: readonly string[]) => ({ words: ["-C", "conf", ...words] });
const cases = (...lines: readonly string[]) =>
	lines.map((line) => withConfig(line.split(" ").filter((word) => word !== "")));

/** A call after which our modprobe also explains why nothing was done, or the kernel's answer. */
const noticed = (line: string, ...notices: readonly string[]) => ({ ...cases(line)[0]!, notices });

comparedModprobe("what is wrong with a command line", machine, [
	...cases("", "-a", "-r", "-D", "-R", "--foo", "-x plain", "-w", "-w abc -r plain", "-w 1x plain", "-S", "--wait"),
	...cases("-w 08 -r here", "--show-modversions", "--show-exports", "--force plain --nonsense", "--all=1"),
	{ words: ["-w", "", "-r", "plain"] },
	{ words: [""] },
]);

comparedModprobe("modules that are not there", machine, [
	...cases("nothere", "-q nothere", "-v nothere", "-a nothere plain", "-R nothere", "-a -R nothere plain-alias absent"),
	...cases("-D nothere", "-S 9.9 plain", "-d /nonexistent plain", "-r nothere", "-r -q nothere", "-ra nothere here"),
	...cases(
		"-r nothere here",
		"plain.ko",
		"x]y",
		"-b nothere",
		"ghostly",
		"-q ghostly",
		"-D ghostly",
		"-i cmdonly",
		"-qvv nothere",
	),
	...cases("a/b", "../plain", "kernel/plain", "kernel/plain.ko", "-r a/b", "-r ../here", "-D x/../plain", "-R plain/"),
	...cases("-qvvv nothere", "-aqvvv nothere", "-aqvvvv nothere", "-s nothere", "-sa nothere absent", "-sq nothere"),
]);

comparedModprobe("what modprobe would do", machine, [
	...cases("-D top", "-D plain", "-D plain-alias z=1", "-D inst x=1", "-D acme:v1x", "-D inbuilt", "-D inbuilt-alias"),
	...cases(
		"-D here",
		"-D -b evil",
		"-D evil-alias",
		"-D two",
		"-aD two top",
		"-qD plain",
		"-Dqv plain",
		"-iD inst",
		"-R plain-alias",
	),
	...cases(
		"-R two",
		"-a -R two two plain",
		"-RD plain-alias",
		"-R evil-alias",
		"-R -r here",
		"-nv top",
		"-nv inst x=1",
	),
	...cases("-rD here", "-rnv held", "-rn -v here"),
	noticed("-nv here", "here is in the kernel already"),
	noticed("-v -D evil-alias", "evil is not inserted: conf/machine.conf line 1 blacklists it"),
	...["a", "y=a b", "", "a b=c d", 'x="y z', "x='y z'", "=", "a=  ", '"a=b c"'].map((word) =>
		withConfig(["-D", "plain", word, "b=2"]),
	),
]);

const noHardware = "failing: its driver found no hardware of its own (ENODEV)";
comparedModprobe("insertions and what comes of them", machine, [
	...cases(
		"top",
		"-v top x=1",
		"plain",
		"plain-alias q=1",
		"-f top",
		"--force-vermagic plain",
		"--force-modversion plain",
	),
	...cases(
		"-v inst a=b",
		"inst",
		"-qv inst",
		"-s inst",
		"-i inst",
		"-v -i inst",
		"-q two-bad",
		"-b evil",
		"evil-alias",
	),
	...cases(
		"cmdonly",
		"-q cmdonly",
		"-qvvv cmdonly",
		"-a cmdonly plain",
		"here",
		"held",
		"inbuilt",
		"--first-time plain",
	),
	...cases(
		"--first-time here",
		"--first-time held",
		"--first-time inbuilt",
		"-a plain top plain",
		"-a plain a=1 top",
		"-qv plain",
	),
	...["two", "two x=1", "--first-time two", "two-bad", "failing"].map((line) => noticed(line, noHardware)),
	noticed("-a two-bad plain", noHardware),
	noticed("-a failing plain failing", noHardware, noHardware),
	noticed("-sa failing plain", noHardware),
	noticed("-v here", "here is in the kernel already"),
	noticed("-v inbuilt", "inbuilt is built into the kernel"),
	noticed("-vb evil", "evil is not inserted: conf/machine.conf line 1 blacklists it"),
	noticed("-v evil-alias", "evil is not inserted: conf/machine.conf line 1 blacklists it"),
]);

comparedModprobe("removals and what comes of them", { ...machine, lively: true }, [
	...cases(
		"-r plain",
		"-r --first-time plain",
		"-r inbuilt",
		"-r inbuilt-alias",
		"-r --first-time inbuilt",
		"-r busy",
		"-r -q busy",
	),
	...cases(
		"-r -f busy",
		"-r holder",
		"-rv holder",
		"-r held",
		"-ri held",
		"-rvi held",
		"-r here",
		"-rv here",
		"-ri here",
	),
	...cases(
		"-r -s here",
		"-ra here busy held",
		"-rai here busy held",
		"-r cmdonly",
		"-r ghostly",
		"-r here x=1",
		"-rb here",
	),
	...cases(
		"-rai nothere here",
		"-ri -w 5 here",
		"-r --first-time nothere",
		"-r --remove-holders busy",
		"-rq ghostly",
		"-sr busy",
	),
	...cases("-r -R here", "-ri --force here", "-rnvi held", "-rn --first-time plain", "-ra inbuilt busy plain"),
	...[1, 2, 11, 16, 38].map((errno) => ({
		...withConfig(["-ra", "-i", "here", "held"]),
		environment: { STANDIN_DELETE_MODULE: String(errno) },
	})),
	{ ...withConfig(["-rai", "-w", "9", "here", "held"]), environment: { STANDIN_DELETE_MODULE: "16" } },
]);

const explained: readonly (readonly [number, string, string])[] = [
	[1, "base", "module_blacklist= on the kernel command line names it (EPERM)"],
	[1, "plain", "the kernel is locked down (integrity), and takes only modules signed by a key that it trusts (EPERM)"],
	[8, "plain", "it was built for the kernel 5.10.0, and the running kernel is RELEASE (ENOEXEC)"],
	[2, "needy", "it needs the symbol nobodys, which neither the kernel nor a module in it has (ENOENT)"],
	[129, "plain", "it is not signed, and the kernel takes only modules signed by a key that it trusts (EKEYREJECTED)"],
	[126, "plain", "it is not signed, and the kernel takes only modules signed by a key that it trusts (ENOKEY)"],
];

comparedModprobe(
	"the kernel's answers are explained in one sentence behind kmod's own message",
	{
		modules: { ...machine.modules, needy: { needs: ["nobodys", "known"] } },
		commandLine: "quiet module_blacklist=other,base\n",
		files: {
			"sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
			"proc/sys/kernel/modules_disabled": "0\n",
			"proc/kallsyms": "0000000000000000 T known\n",
		},
	},
	explained.map(([errno, module, notice]) => ({
		words: ["-C", "/dev/null", module],
		environment: { STANDIN_FINIT_MODULE: String(errno) },
		notices: [`${module}: ${notice.replace("RELEASE", release())}`],
	})),
);

comparedModprobe("the kernel's answers", machine, [
	...[5, 16, 17, 11, 12, 95, 36, 999].map((errno) => ({
		...withConfig(["-a", "top", "soft-post"]),
		environment: { STANDIN_FINIT_MODULE: String(errno) },
		...(errno === 16 && {
			notices: [
				"base: a resource that it needs is held by another driver, or a module that it uses did not finish in time; see dmesg (EBUSY)",
				"soft_post: a resource that it needs is held by another driver, or a module that it uses did not finish in time; see dmesg (EBUSY)",
			],
		}),
	})),
]);
