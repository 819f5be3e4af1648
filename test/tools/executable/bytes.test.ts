// Files, folders and arguments whose names are not UTF-8, given to the executable itself; the bytes of the real tools are the
// measure.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test from "ava";
import { readRecord, standinEnvironment } from "../../support/fakes/standin.js";
import { elfImage } from "../../support/worlds/elf-image.js";

const folder = mkdtempSync(join(tmpdir(), "bytes-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const RELEASE = "6.1.0-test";
/** An absolute path that contains a letter in Latin-1. */
const root = `${folder}/r\xe9`;
const modules = `${root}/lib/modules/${RELEASE}`;
const odd = `${folder}/m\xe9.ko`;

/** Writes a file. Path and content consist of bytes, one character each. */
function write(path: string, content: string | Buffer): void {
	mkdirSync(Buffer.from(dirname(path), "latin1"), { recursive: true });
	writeFileSync(Buffer.from(path, "latin1"), content, "latin1");
}

write(`${modules}/kernel/snd.ko`, elfImage({ modinfo: ["license=GPL", "alias=x"] }));
write(`${modules}/kernel/d\xe9/\xa0inner.ko`, elfImage({ modinfo: ["license=GPL"] }));
write(`${modules}/kernel/d\xe9/deep.ko`, elfImage({ modinfo: ["license=GPL"] }));
write(`${modules}/kernel/caf\xe9.ko`, elfImage({ modinfo: ["license=GPL", "alias=a:?c", "alias=b:[\xe0-\xff]"] }));
write(`${modules}/modules.order`, "kernel/d\xe9/deep.ko\nkernel/snd.ko\n");
write(`${modules}/modules.builtin`, "");
write(`${modules}/modules.builtin.modinfo`, "");
write(odd, elfImage({ modinfo: ["license=GPL", "author=Andr\xe9", "description=l\xc3\xa0", "parm=\xe9:\xff"] }));
write(`${folder}/none.conf`, "");

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command through a script: node itself cannot pass words that are not UTF-8 to a child. */
function run(words: readonly string[], before = "", environment: Readonly<Record<string, string>> = {}): Ran {
	const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
	write(`${folder}/script`, `${before}exec ${quoted}\n`);
	const { status, stdout, stderr } = spawnSync("/bin/sh", [join(folder, "script")], {
		cwd: folder,
		encoding: "latin1",
		env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...environment },
	});
	return { status, stdout, stderr };
}

const ours = (...words: readonly string[]) => run([process.execPath, resolve("dist/main.js"), ...words]);
const both = (tool: string, ...words: readonly string[]) => [run([tool, ...words]), ours(tool, ...words)] as const;

test.serial(
	"depmod walks folders of any name, writes their bytes, and modprobe and modinfo find what is in them",
	(t) => {
		const [real, own] = both("depmod", "-n", "-b", root, RELEASE);
		const withoutHeads = ({ stdout }: Ran) =>
			stdout
				.split("\n")
				.filter((line) => !line.startsWith("#"))
				.sort();
		t.deepEqual(withoutHeads(own), withoutHeads(real));
		t.true(own.stdout.includes("kernel/d\xe9/deep.ko:\n"));

		// The name's first byte would make it differ from all others by a byte that is not ASCII, which kmod's readers cannot
		// handle.
		const leftOut = "\xa0inner is left out of modules.dep.bin: it differs from others by a byte that is not ASCII";
		t.deepEqual(ours("depmod", "-b", root, RELEASE), {
			status: 0,
			stdout: "",
			stderr: `depmod: WARNING: ${leftOut}\n`,
		});
		t.is(ours("check", "-d", root, "-S", RELEASE).status, 0);
		for (const [tool, ...words] of [
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-D", "deep"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-D", "caf\xe9"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-R", "a:\xe9c"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-R", "a:\xc3\xa9c"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-R", "b:\xe9"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-R", "b:\xdf"],
			["modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-R", "\xa0inner"],
			["modinfo", "-b", root, "-k", RELEASE, "deep"],
			["modinfo", "-b", root, "-k", RELEASE, "caf\xe9"],
			["modinfo", "-b", root, "-k", RELEASE, "gone\xe9"],
			["modinfo", "-n", odd],
			["modinfo", odd],
			["modinfo", "./m\xe9.ko"],
			["modinfo", "-F", "description", odd],
		] as const) {
			const [theirs, run] = both(tool, ...words);
			t.deepEqual(run, theirs, words.join(" "));
		}
		t.is(
			ours("modprobe", "-C", "none.conf", "-d", root, "-S", RELEASE, "-D", "deep").stdout,
			`insmod ${modules}/kernel/d\xe9/deep.ko \n`,
		);
	},
);

test.serial("depmod writes below an output folder of any name", (t) => {
	t.is(ours("depmod", "-b", root, "-o", `${folder}/o\xe9`, RELEASE).status, 0);
	t.deepEqual(
		ours("modinfo", "-b", `${folder}/o\xe9`, "-k", RELEASE, "-n", "deep").stdout,
		`${folder}/o\xe9/lib/modules/${RELEASE}/kernel/d\xe9/deep.ko\n`,
	);
});

test.serial("insmod opens a file of any name and hands on parameters of any bytes", (t) => {
	const record = join(folder, "record");
	const words = [process.execPath, resolve("dist/main.js"), "insmod", "./m\xe9.ko", "a=caf\xe9", "b=l\xc3\xa0"];
	const { LD_PRELOAD, ...environment } = standinEnvironment(record);
	t.deepEqual(run(words, "", { ...environment, LD_PRELOAD: LD_PRELOAD! }), { status: 0, stdout: "", stderr: "" });
	const [call] = readRecord(record);
	t.is(call?.parameters, "a=caf\xe9 b=l\xc3\xa0");
	t.is(call?.file, odd);
	t.is(ours("insmod", "\xe9.ko").stderr, "insmod: ERROR: could not load module \xe9.ko: No such file or directory\n");
});

test.serial("coldplug finds devices, aliases and settings by bytes; its JSON is text", (t) => {
	write(`${folder}/sys\xe9/devices/plat\xe9/modalias`, "x:\xe9\n");
	write(`${folder}/sys\xe9/devices/plat\xe9/uevent`, "MODALIAS=x:\xe9\n");
	write(`${folder}/machine\xe9/a.conf`, "alias x:? deep\noptions deep path=/caf\xe9 la=l\xc3\xa0\nalias x:?? snd\n");
	write(`${folder}/settings\xe9.toml`, "parallel = 3\n");
	write(`${folder}/rules\xe9/none.toml`, "");
	const place = ["-d", root, "-S", RELEASE, "-C", `${folder}/machine\xe9`, "--sysfs", `${folder}/sys\xe9`];
	const words = [
		"coldplug",
		"-n",
		"--config",
		`${folder}/settings\xe9.toml`,
		"--policy",
		`${folder}/rules\xe9`,
		...place,
	];
	const { status, stdout, stderr } = ours(...words, "--order");
	t.deepEqual({ status, stderr }, { status: 0, stderr: "" });
	// The dry run is text for people: bytes that are not UTF-8 are escaped.
	const inText = `insmod ${modules}/kernel/d\xe9/deep.ko path=/caf\xe9 la=`.replaceAll("\xe9", "\\xe9");
	t.true(stdout.includes(`${inText}l\xc3\xa0`));
	t.false(stdout.includes("snd"));
	const records = ours(...words, "--json")
		.stdout.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(Buffer.from(line, "latin1").toString()));
	t.like(
		records.find(({ kind }) => kind === "step"),
		{
			path: `${folder}/r\udce9/lib/modules/${RELEASE}/kernel/d\udce9/deep.ko`,
			parameters: "path=/caf\udce9 la=l\u00e0",
			cause: { device: "/devices/plat\udce9", alias: "x:\udce9" },
		},
	);
});

test.serial("a working directory of any name is part of what is relative", (t) => {
	const words = [process.execPath, resolve("dist/main.js"), "modinfo", "-n", "./kernel/snd.ko"];
	t.is(run(words, `cd '${modules}'\n`).stdout, `${modules}/./kernel/snd.ko\n`);
});

test.serial("JSON is UTF-8, and what is none in it is a lone surrogate, as in Python", (t) => {
	const { stdout } = ours("modinfo", "--json", odd);
	t.deepEqual(JSON.parse(Buffer.from(stdout, "latin1").toString("utf8")), {
		module: "m\udce9",
		filename: `${folder}/m\udce9.ko`,
		info: { license: ["GPL"], author: ["Andr\udce9"], description: ["l\u00e0"] },
		parameters: [{ name: "\udce9", description: "\udcff" }],
	});
});

test.serial("an argument that holds a replacement character keeps it, and those beside it their bytes", (t) => {
	const said = (name: string) => `modinfo: ERROR: Module ${name} not found.\n`;
	const names = ["\xef\xbf\xbd", "\xe9", "", "\xc3\xa9"];
	t.is(ours("modinfo", "-b", root, "-k", RELEASE, ...names, "").stderr, [...names, ""].map(said).join(""));
});
