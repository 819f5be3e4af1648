import { compared } from "../../support/real/compared.js";
import { encodeTrie } from "../../support/worlds/trie.js";

const module = (name: string, references: string, holders: readonly string[] = [], initstate = "live\n") => ({
	[`sys/module/${name}/refcnt`]: references,
	[`sys/module/${name}/initstate`]: initstate,
	...Object.fromEntries(holders.map((holder) => [`sys/module/${name}/holders/${holder}/initstate`, "live\n"])),
});

const machine = {
	files: {
		...module("uas", "0\n"),
		...module("loop_back", "0\n"),
		...module("usb_storage", "1\n", ["uas"]),
		...module("scsi_mod", "7\n", ["uas", "sd_mod", "usb_storage", "sr_mod", "sg"]),
		...module("in_use", "3\n"),
		...module("beginning", "1\n", [], "coming\n"),
		...module("ending", "0\n", [], "going\n"),
		...module("without_state", "0\n"),
		"sys/module/with_parameters/parameters/x": "1\n",
		"modules/modules.builtin.bin": encodeTrie([["ext_four", 0, ""]], true),
		"work/loop-back.ko.xz": "",
		"work/uas": "",
	},
	directories: ["work/ending.d", "sys/module/uas/holders", "sys/module/loop_back/holders"],
};

const ANSWERS = [1, 2, 8, 11, 16, 22, 38, 95, 110, 999];

compared("rmmod asks, says and exits as the real one", "rmmod", machine, [
	{ words: ["rmmod"] },
	{ words: ["rmmod", "-s"] },
	{ words: ["rmmod", "-x", "uas"] },
	{ words: ["rmmod", "--wait", "uas"] },
	{
		words: ["rmmod", "-w", "uas"],
		differs: "-w is no option",
		ours: { stderr: "rmmod: invalid option -- 'w'\n" },
	},
	{ words: ["rmmod", "uas"] },
	{ words: ["rmmod", "-v", "uas", "loop-back", "uas"] },
	{ words: ["rmmod", "usb-storage"] },
	{ words: ["rmmod", "scsi_mod"] },
	{ words: ["rmmod", "in_use"] },
	{ words: ["rmmod", "beginning", "ending", "without_state"] },
	{ words: ["rmmod", "absent"] },
	{ words: ["rmmod", "ext-four"] },
	{ words: ["rmmod", "with_parameters"] },
	{ words: ["rmmod", "scsi_mod", "absent", "uas", "ext_four", "loop_back"] },
	...["scsi_mod", "absent", "ext_four", "in-use", "uas.ko", "with_parameters"].map((name) => ({
		words: ["rmmod", "--force", name],
	})),
	...[
		"loop-back.ko",
		"./loop-back.ko.xz",
		"./loop-back",
		"/etc/passwd",
		"/no/uas",
		"ending.d",
		"a/b-c",
		"",
		"..",
		"no/",
	].map((name) => ({
		words: ["rmmod", name],
	})),
	...["./", "/"].map((name) => ({
		words: ["rmmod", "uas", name, "uas"],
		differs: "a name that cannot be used is a failure",
		ours: { status: 1 },
	})),
	{ words: ["rmmod", "uas", "--", "-f"] },
	{ words: ["rmmod", "a".repeat(300), "uas"] },
	{
		words: ["rmmod", "a".repeat(5000), "uas"],
		differs: "a name that cannot be used is a failure",
		ours: {
			status: 1,
			stderr: `rmmod: ERROR: could not use module ${"a".repeat(5000)}: File name too long\n`,
		},
	},
	...ANSWERS.map((errno) => ({
		words: ["rmmod", "loop-back", "uas.ko"],
		environment: { STANDIN_DELETE_MODULE: String(errno) },
	})),
	{ words: ["rmmod", "--syslog", "absent", "uas"], environment: { STANDIN_DELETE_MODULE: "38" } },
	{
		words: ["rmmod", "-s", "usb-storage"],
		differs: "what holds a module stands in the log with the module",
		ours: {
			stderr: "",
			calls: [
				{ call: "openlog", program: "rmmod", options: 2, facility: 24 },
				{ call: "syslog", program: "rmmod", priority: 3, text: "ERROR: Module usb_storage is in use by: uas\n" },
			],
		},
	},
]);
