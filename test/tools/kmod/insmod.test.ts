import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import koffi from "koffi";
import { fnv1a } from "../../support/fakes/standin.js";
import { compared } from "../../support/real/compared.js";
import { elfImage } from "../../support/worlds/elf-image.js";

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

/** Errnos that the kernel may answer, each with the start of the line that explains it; undefined when nothing explains it. */
const answers: Readonly<Record<string, string | undefined>> = {
	EPERM: "not permitted",
	ENOENT: "it needs a symbol",
	ESRCH: "it disagrees with the kernel about the version",
	EIO: undefined,
	ENOEXEC: "it was built for the kernel 6.1.0, and the running kernel is ",
	ENOMEM: undefined,
	EACCES: undefined,
	EBUSY: "a resource that it needs is held",
	EEXIST: undefined,
	ENODEV: "its driver found no hardware",
	EINVAL: "the kernel took a parameter or the file's format for invalid",
	ETXTBSY: undefined,
	EBADMSG: "its signature is damaged",
	ENOKEY: "it is not signed",
	EKEYREJECTED: "it is not signed",
};
const { errno: numbers } = koffi.os;

const EXPLAINED = "what the kernel means is explained in a second line";

compared("insmod asks, says and exits as the real one", "insmod", machine, [
	{ words: ["insmod"] },
	{ words: ["insmod", "-"] },
	{ words: ["insmod", "-x", "loop.ko"] },
	{ words: ["insmod", "loop.ko", "-x"] },
	...[[], ["max_loop=3", "a=b c", 'd="e f"'], ["", "x", ""], ["-f"], ["--", "-f"]].map((more) => ({
		words: ["insmod", "loop.ko", ...more],
	})),
	{
		words: ["insmod", "-p", "loop.ko"],
		differs: "-p is no option",
		ours: { calls: [], status: 1, stderr: "insmod: invalid option -- 'p'\n" },
	},
	...["loop", "absent.ko", "absent/loop.ko", "loop.ko/x", "", "./", "directory", "/etc/", ".ko", "text"].map(
		(file) => ({
			words: ["insmod", file],
		}),
	),
	...["loop.ko", "./loop.ko", "directory/loop.ko", "loop.ko.xz", "loop.ko.zst", "named-wrongly.ko"].flatMap((file) => [
		{ words: ["insmod", file, "x=1"] },
		{ words: ["insmod", "-f", file] },
	]),
	{ words: ["insmod", "-f", "loop.ko"], environment: { STANDIN_FINIT_MODULE: "38" } },
	{ words: ["insmod", "loop.ko.xz"], environment: { STANDIN_INIT_MODULE: "17" } },
	...[[], ["-f"]].map((more) => ({
		words: ["insmod", "cut.ko.xz", ...more],
		differs: "what keeps a file from being decompressed is told",
		ours: { stderr: "insmod: ERROR: could not insert module cut.ko.xz: its end is missing\n" },
	})),
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
	...Object.entries(answers).map(([code, meaning]) => ({
		words: ["insmod", "loop.ko"],
		environment: { STANDIN_FINIT_MODULE: String(numbers[code]) },
		...(meaning !== undefined && { differs: EXPLAINED, added: new RegExp(`insmod: NOTICE: loop: ${meaning}.*`) }),
	})),
	{ words: ["insmod", "loop.ko"], environment: { STANDIN_FINIT_MODULE: "999" } },
]);
