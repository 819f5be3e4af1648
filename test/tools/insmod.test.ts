import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import koffi from "koffi";
import { explainFailure } from "../../src/agent/explain.js";
import { Refusal } from "../../src/libkmod/kernel.js";
import { compared } from "../support/compared.js";
import { elfImage } from "../support/elf-image.js";
import { fnv1a } from "../support/standin.js";

const image = elfImage({ modinfo: ["license=GPL", "vermagic=6.1.0 SMP mod_unload ", "name=x"], versions: { a: 1 } });
const xz = execFileSync("xz", ["--check=crc32", "-c"], { input: image });
const zst = execFileSync("zstd", ["-c"], { input: image, stdio: ["pipe", "pipe", "ignore"] });

const machine = {
	files: {
		"work/loop.ko": image,
		"work/loop.ko.xz": xz,
		"work/loop.ko.zst": zst,
		"work/named-wrongly.ko": zst,
		"work/cut.ko.xz": xz.subarray(0, xz.length >> 1),
		"work/loop.ko.gz": gzipSync(image),
		"work/empty.ko": "",
		"work/text": "no module at all\n",
		"work/.ko": image,
		"work/directory/loop.ko": image,
	},
};

/** Answers of the kernel, and whether they are explained. */
const answers: Readonly<Record<string, boolean>> = {
	EPERM: true,
	ENOENT: true,
	ESRCH: true,
	EIO: false,
	ENOEXEC: true,
	ENOMEM: false,
	EACCES: false,
	EBUSY: false,
	EEXIST: false,
	ENODEV: false,
	EINVAL: false,
	ETXTBSY: false,
	EBADMSG: true,
	ENOKEY: true,
	EKEYREJECTED: true,
};
const { errno: numbers } = koffi.os;
const explain = (code: string) => explainFailure(new Refusal("insert", "loop.ko", code, numbers[code] ?? 0));

const EXPLAINED = "what the kernel means is explained in a second line";

compared("insmod asks, says and exits as the real one", "insmod", machine, [
	{ words: ["insmod"] },
	{ words: ["insmod", "-"] },
	{ words: ["insmod", "-x", "loop.ko"] },
	{ words: ["insmod", "loop.ko", "-x"] },
	...[[], ["max_loop=3", "a=b c", 'd="e f"'], ["", "x", ""], ["-f"], ["--", "-f"], ["-p"]].map((more) => ({
		words: ["insmod", "loop.ko", ...more],
	})),
	...["loop", "absent.ko", "absent/loop.ko", "loop.ko/x", "", "./", "directory", "/etc/", ".ko", "text"].map(
		(file) => ({
			words: ["insmod", file],
		}),
	),
	...[
		"loop.ko",
		"./loop.ko",
		"directory/loop.ko",
		"loop.ko.xz",
		"loop.ko.zst",
		"named-wrongly.ko",
		"cut.ko.xz",
	].flatMap((file) => [{ words: ["insmod", file, "x=1"] }, { words: ["insmod", "-f", file] }]),
	{ words: ["insmod", "-f", "loop.ko"], environment: { STANDIN_FINIT_MODULE: "38" } },
	{ words: ["insmod", "loop.ko.xz"], environment: { STANDIN_INIT_MODULE: "17" } },
	{
		words: ["insmod", "loop.ko.gz"],
		differs: "gzip is read",
		ours: { calls: [{ call: "init_module", size: image.length, hash: fnv1a(image), parameters: "" }] },
	},
	{
		words: ["insmod", "empty.ko"],
		differs: "the kernel judges files that are too short to be modules",
		ours: {
			status: 0,
			stderr: "",
			calls: [{ call: "finit_module", file: "empty.ko", closedOnExec: 1, parameters: "", flags: 0 }],
		},
	},
	...[
		["--force", 3] as const,
		["--force-modversion", 1] as const,
		["--force-vermagic", 2] as const,
		["-v", 0] as const,
	].map(([option, flags]) => ({
		words: ["insmod", option, "loop.ko"],
		differs: "there are more options",
		ours: {
			status: 0,
			stderr: "",
			calls: [{ call: "finit_module", file: "loop.ko", closedOnExec: 1, parameters: "", flags }],
		},
	})),
	{
		words: ["insmod", "-s"],
		differs: "there are more options",
		ours: {
			stderr: "",
			calls: [
				{ call: "openlog", program: "insmod", options: 2, facility: 24 },
				{ call: "syslog", program: "insmod", priority: 3, text: "ERROR: missing filename.\n" },
			],
		},
	},
	...Object.entries(answers).map(([code, explained]) => ({
		words: ["insmod", "loop.ko"],
		environment: { STANDIN_FINIT_MODULE: String(numbers[code]) },
		...(explained && { differs: EXPLAINED, added: `insmod: NOTICE: ${explain(code)}\n` }),
	})),
	{ words: ["insmod", "loop.ko"], environment: { STANDIN_FINIT_MODULE: "999" } },
]);
