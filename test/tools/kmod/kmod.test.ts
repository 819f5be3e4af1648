import test from "ava";
import { kmodVersion } from "../../../src/version.js";
import { type Call, runBoth } from "../../support/fakes/pretend-machine.js";
import { compared } from "../../support/real/compared.js";

const machine = { files: { "proc/modules": "loop 4096 0 - Live 0x0\n", "work/x.ko": "no module" } };
const calls = (...lines: string[]): Call[] => lines.map((line) => ({ words: line.split(" ") }));

compared("kmod finds its commands as the real one does", "kmod", machine, [
	...calls("kmod -x", "kmod -x list", "kmod list", "kmod static-nodes --what"),
	{
		words: ["kmod", "insmod", "x.ko", "a=1"],
		differs: "the tools are commands of kmod too",
		ours: {
			status: 0,
			stdout: "",
			stderr: "",
			calls: [{ call: "finit_module", file: "x.ko", closedOnExec: 1, parameters: "a=1", flags: 0 }],
		},
	},
	...calls("kmod -- static-nodes"),
	{
		words: ["kmod", "--", "list"],
		differs: "the words behind -- are a command's own",
		ours: {
			status: 0,
			stdout: `Module                  Size  Used by\n${"loop".padEnd(19)}       -2  -2\n`,
			stderr: "",
		},
	},
	{
		words: ["kmod", "--", "rmmod", "-x"],
		differs: "the tools are commands of kmod too",
		ours: { stdout: "", stderr: "rmmod: invalid option -- 'x'\n" },
	},
	{
		words: ["kmod", "rmmod", "-x"],
		differs: "the tools are commands of kmod too",
		ours: { stdout: "", stderr: "rmmod: invalid option -- 'x'\n" },
	},
]);

test("help goes where the real one's goes, and tells of every option that the real one tells of", async (t) => {
	const asking = calls(
		...["kmod", "kmod help", "kmod -h", "kmod --help list", "kmod --h", "kmod nothing", "kmod nothing --help"],
		...[
			"modprobe -h",
			"modprobe --help x",
			"depmod -h",
			"modinfo --help",
			"rmmod -h",
			"insmod --help",
			"kmod static-nodes -h",
			"kmod static-nodes -f plain",
			"kmod static-nodes --f x",
		],
	);
	const runs = await runBoth(machine, asking);
	for (const [number, { real, ours }] of runs.entries()) {
		const words = asking[number]!.words.join(" ");
		t.deepEqual([ours.status, ours.stderr], [real.status, real.stderr], words);
		const told = (text: string) =>
			[...text.matchAll(/^[\t ]+((?:-\w, )?--[\w-]+(?:, --[\w-]+)*)/gm)].map(([, it]) => it!.split(", "));
		t.true(told(real.stdout).length >= 2, `${words}: ${real.stdout}`);
		// Our help has all spellings of an option on one line.
		for (const option of told(real.stdout)) {
			const isTold = told(ours.stdout).some((all) => option.every((spelling) => all.includes(spelling)));
			t.true(isTold, `${words}: no ${option}`);
		}
		t.regex(ours.stdout, /^\w.*\n\nUsage:\n\t\w/, words);
	}
});

test("kmod's help names every command of the real one's", async (t) => {
	const [run] = await runBoth(machine, calls("kmod help"));
	const { real, ours } = run!;
	const commands = [...real.stdout.matchAll(/^ {2}([\w-]+) /gm)].map(([, name]) => name!);
	t.true(commands.length >= 9);
	for (const name of commands) t.regex(ours.stdout, new RegExp(`^  ${name} +\\S`, "m"));
});

test("the version says which kmod it behaves as, in kmod's form", async (t) => {
	const runs = await runBoth(machine, calls("kmod -V", "lsmod --version", "rmmod -V x", "insmod -V"));
	for (const { ours } of runs) t.deepEqual([ours.status, ours.stdout], [0, `${kmodVersion}\n`]);
	const form = /^kmod version \d+( \(hotplugd [\d.]+\))?\n([+-][A-Z]+ ?)+\n$/;
	t.regex(runs[0]!.real.stdout, form);
	t.regex(runs[0]!.ours.stdout, form);
});
