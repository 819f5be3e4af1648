import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "ava";
import { runBoth } from "../../support/fakes/pretend-machine.js";
import { compared } from "../../support/real/compared.js";

const module = (name: string, size: string, references: string, holders: readonly string[] = []) => ({
	[`sys/module/${name}/coresize`]: size,
	[`sys/module/${name}/refcnt`]: references,
	[`sys/module/${name}/initstate`]: "live\n",
	...Object.fromEntries(holders.map((holder) => [`sys/module/${name}/holders/${holder}/initstate`, "live\n"])),
});

const machine = {
	files: {
		"proc/modules": `uas 32768 0 - Live 0x0000000000000000
usb_storage 86016 1 uas, Live 0xffffffffc03f4000 (OE)
a_name_that_is_longer_than_its_column 999999999 12 - Live 0x0000000000000000
scsi_mod 286720 7 uas,sd_mod,usb_storage,sr_mod,sg, Live 0x0000000000000000
beginning 4096 1 - Loading 0x0000000000000000
without_coresize 7777 3 - Live 0x0000000000000000
gone 7777 3 x, Unloading 0x0000000000000000
permanent 4096 1 [permanent], Live 0x0000000000000000
`,
		...module("uas", "32768\n", "0\n"),
		...module("usb_storage", "86016\n", "1\n", ["uas"]),
		...module("a_name_that_is_longer_than_its_column", "999999999\n", "12\n"),
		...module("scsi_mod", "286720\n", "7\n", ["uas", "sd_mod", "usb_storage", "sr_mod", "sg"]),
		...module("beginning", "4096\n", "1\n"),
		"sys/module/without_coresize/refcnt": "3\n",
		...module("permanent", "4096\n", "1\n"),
	},
};

compared("lsmod prints what the real one prints", "lsmod", machine, [
	{ words: ["lsmod"] },
	{ words: ["kmod", "list"] },
	{
		words: ["lsmod", "uas"],
		differs: "there are options",
		ours: { stderr: "lsmod: ERROR: too many arguments provided.\n" },
	},
	{
		words: ["kmod", "list", "uas"],
		differs: "there are options",
		ours: { stderr: "list: ERROR: too many arguments provided.\n" },
	},
	{ words: ["lsmod", "-x"], differs: "there are options", ours: { stderr: "lsmod: invalid option -- 'x'\n" } },
	{ words: ["kmod", "list", "-x"], differs: "there are options", ours: { stderr: "list: invalid option -- 'x'\n" } },
]);

compared("lsmod on a kernel without modules", "lsmod without modules", { files: {} }, [
	{
		words: ["lsmod"],
		differs: "its messages look like those of the other tools",
		ours: { stderr: "lsmod: ERROR: could not get list of modules: No such file or directory\n" },
	},
	{
		words: ["kmod", "list", "-s"],
		differs: "there are options",
		ours: {
			stderr: "",
			calls: [
				{ call: "openlog", program: "list", options: 2, facility: 24 },
				{
					call: "syslog",
					program: "list",
					priority: 3,
					text: "ERROR: could not get list of modules: No such file or directory\n",
				},
			],
		},
	},
]);

test("options that lsmod has got since change nothing of what it prints", async (t) => {
	const [plain, ...others] = await runBoth(
		machine,
		[[], ["-s"], ["-vv"], ["--syslog", "--verbose"]].map((words) => ({ words: ["lsmod", ...words] })),
	);
	t.is(plain!.ours.status, 0);
	for (const { ours } of others) t.deepEqual({ ...ours, calls: [] }, plain!.ours);
});

test("lsmod --json prints one module a line, and leaves out what the kernel does not tell", async (t) => {
	const [run] = await runBoth(machine, [{ words: ["lsmod", "--json"] }]);
	const records = run!.ours.stdout.trimEnd().split("\n");
	t.is(records.length, 8);
	t.deepEqual(
		records.map((line) => JSON.parse(line)).filter(({ module }) => /^(uas|beginning|without|gone|usb)/.test(module)),
		[
			{ module: "uas", size: 32768, references: 0, holders: [], state: "live" },
			{ module: "usb_storage", size: 86016, references: 1, holders: ["uas"], state: "live" },
			{ module: "beginning", size: 4096, references: 1, holders: [], state: "coming" },
			{ module: "without_coresize", size: 7777, references: 3, holders: [], state: "live" },
			{ module: "gone", holders: [], state: "going" },
		],
	);
});

test("lsmod as it is installed loads neither rxjs, nor pino, nor yargs proper, nor anything native", (t) => {
	const script = `
		const { bundle, chunks } = require(${JSON.stringify(resolve("dist/main.js"))});
		const machine = { ...bundle.thisMachine, print() {}, complain() {} };
		bundle.run(["node", "lsmod"], machine).then(() => console.log(JSON.stringify([[...chunks.keys()], Object.keys(require.cache)])));`;
	const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
	t.is(stderr, "");
	const [loaded, required]: [string[], string[]] = JSON.parse(stdout);
	t.deepEqual(required, [resolve("dist/main.js")]);
	t.true(loaded.some((name) => name.startsWith("lsmod-")));
	for (const mark of ["UnsubscriptionError", "pino.serializers", "getProcessArgvBin"]) {
		const bearers = readdirSync("dist/bundle").filter((name) => readFileSync(`dist/bundle/${name}`).includes(mark));
		t.true(bearers.length > 0, `${mark} is nowhere`);
		t.deepEqual(
			loaded.filter((name) => bearers.includes(name)),
			[],
			mark,
		);
	}
});
