import { execFileSync, spawnSync } from "node:child_process";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { run, thisMachine } from "../../../src/main.js";
import { toolsSession } from "../../support/programs/tools-session.js";
import { entriesOf } from "../../support/worlds/depmod-world.js";
import { elfImage, exported, moduleImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { differences } from "../kmod/differences.js";

const image = moduleImage([], []);
const worldFiles: Readonly<Record<string, string | Buffer>> = {
	"lib/modules/1.0/kernel/a.ko": moduleImage(["sa", "sb"], [], ["alias=x-y", "alias=x_y", "alias=bad["]),
	"lib/modules/1.0/kernel/b-b.ko": moduleImage(["t"], ["sb", "sa"], ["softdep=pre: a"]),
	"lib/modules/1.0/kernel/c.ko": elfImage({
		modinfo: [],
		symbols: [exported("c", 1), undefinedSymbol("t"), undefinedSymbol("nobody")],
		versions: { t: 9 },
	}),
	"lib/modules/1.0/updates/dup.ko": image,
	"lib/modules/1.0/extra/dup.ko": moduleImage(["extra"], []),
	"lib/modules/1.0/build/never.ko": image,
	"lib/modules/1.0/modules.order": "kernel/b-b.ko\nkernel/a.ko\nkernel/c.ko\nupdates/dup.ko\nextra/dup.ko\n",
	"lib/modules/1.0/modules.builtin": "kernel/built-in.ko\n",
	"lib/modules/1.0/modules.builtin.modinfo": "built_in.alias=b\0",
	"usr/modules/2.0/elsewhere.ko": image,
	"external/beyond.ko": image,
	"bare/lib/modules/1.0/only.ko": image,
	"System.map": "0 r __ksymtab_t\nbad\n",
	"Module.symvers": "0x5\tnobody\tvmlinux\tEXPORT_SYMBOL\t\n",
	"conf/x.conf": "search extra built-in\nrubbish\n",
	"conf/nested.conf/y": "",
	"excluding.conf": "exclude extra kernel\n",
	"external.conf": "search external built-in\nexternal * @/external\nexternal * @/absent\n",
};

type Outcome = {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
	readonly files: Readonly<Record<string, string>>;
};

/** Writes a copy of the world. The root's path replaces `@` in words. */
function makeWorld(t: ExecutionContext): string {
	const root = mkdtempSync(join(tmpdir(), "depmod-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	for (const [path, content] of Object.entries(worldFiles)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), typeof content === "string" ? content.replaceAll("@", root) : content);
	}
	return root;
}

const cutXz = execFileSync("xz", ["-c"], { input: image }).subarray(0, 40);

type Call = { readonly words: readonly string[]; readonly before?: (root: string) => void };

async function runOurs(t: ExecutionContext, { words, before }: Call): Promise<Outcome> {
	const root = makeWorld(t);
	before?.(root);
	const said = { stdout: "", stderr: "" };
	const status = await run(["node", "/sbin/depmod", ...words.map((word) => word.replaceAll("@", root))], {
		...thisMachine,
		print(content) {
			said.stdout += Buffer.from(content).toString("latin1");
		},
		complain(text) {
			said.stderr += text;
		},
	});
	return outcomeOf(root, { status, ...said });
}

function runReal(t: ExecutionContext, { words, before }: Call): Outcome {
	const root = makeWorld(t);
	before?.(root);
	const asked = words.map((word) => word.replaceAll("@", root));
	return outcomeOf(root, spawnSync("depmod", asked, { encoding: "latin1" }));
}

/** The output and the written files, with `@` in place of the root's path. */
function outcomeOf(root: string, { status, stdout, stderr }: Omit<Outcome, "files">): Outcome {
	const written = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
		(path) => /modules\.[^/]*$/.test(path) && !(path in worldFiles) && statSync(join(root, path)).isFile(),
	);
	const read = (path: string) => {
		const bytes = readFileSync(join(root, path));
		return path.endsWith(".bin") ? entriesOf(path, bytes) : bytes.toString("latin1");
	};
	const plain = (text: string) => text.replaceAll(root, "@").replaceAll(/\n{2,}/g, "\n");
	const files = Object.fromEntries(written.sort().map((path) => [path, plain(read(path))]));
	return { status, stdout: plain(stdout), stderr: plain(stderr), files };
}

/**
 * A call. `differs` names the row of the table that explains a difference, and `ours` derives our outcome from the real one.
 */
type Case = Call & { readonly differs?: string; readonly ours?: (real: Outcome) => Outcome };

const WEAKDEP = "weak dependencies have a file of their own";

/** Adds the one difference that every call has which writes files. */
function withWeakdep({ stdout, files, ...rest }: Outcome, shown: boolean): Outcome {
	const header = "# Weak dependencies extracted from modules themselves.\n";
	const names = Object.keys(files).filter((path) => path.endsWith("modules.softdep"));
	const added = names.map((path) => [path.replace("softdep", "weakdep"), header] as const);
	const made = [...Object.entries(files), ...added].sort(([a], [b]) => (a < b ? -1 : 1));
	const symbols = "# Aliases for symbols, used";
	return {
		...rest,
		stdout: shown ? stdout.replace(symbols, header + symbols) : stdout,
		files: Object.fromEntries(made),
	};
}

const old = (path: string, seconds: number) => (root: string) => utimesSync(join(root, path), seconds, seconds);
const depPath = "lib/modules/1.0/modules.dep";
const withDep =
	(...more: ((root: string) => void)[]) =>
	(root: string) => {
		writeFileSync(join(root, depPath), "");
		for (const act of more) act(root);
	};

const cases: readonly Case[] = [
	{ words: ["-b", "@", "1.0"] },
	{ words: ["-a", "--basedir=@", "1.0"] },
	{ words: ["-b", "@/bare/..", "1.0"] },
	{ words: ["-b", "@/bare", "1.0"] },
	{ words: ["-n", "-b", "@", "1.0"] },
	{ words: ["--dry-run", "-b", "@", "1.0"] },
	{ words: ["--show", "-b", "@", "1.0"] },
	{ words: ["-v", "-b", "@", "1.0"] },
	{ words: ["-v", "-n", "-b", "@", "1.0"] },
	{ words: ["-w", "-b", "@", "1.0"] },
	{ words: ["-e", "-b", "@", "1.0"] },
	{ words: ["-e", "-F", "@/System.map", "-b", "@", "1.0"] },
	{ words: ["-e", "-E", "@/Module.symvers", "-b", "@", "1.0"] },
	{ words: ["--errsyms", "--symvers=@/Module.symvers", "--filesyms=@/absent", "-b", "@", "1.0"] },
	{ words: ["-E", "@/Module.symvers", "-b", "@", "1.0"] },
	{ words: ["-e", "-P", "s", "-E", "@/Module.symvers", "-b", "@", "1.0"] },
	{ words: ["-E", "@/absent", "-b", "@", "1.0"] },
	{ words: ["-F", "@/absent", "-b", "@", "1.0"] },
	{ words: ["-P", "xy", "-b", "@", "1.0"] },
	{ words: ["-P", "", "-b", "@", "1.0"] },
	{ words: ["-C", "@/conf", "-b", "@", "1.0"] },
	{ words: ["-C", "@/conf/x.conf", "-C", "@/excluding.conf", "-b", "@", "1.0"] },
	{ words: ["-C", "@/external.conf", "-b", "@", "1.0"] },
	{ words: ["-b", "@", "9.9"] },
	{ words: ["-b", "@/nowhere", "1.0"] },
	{ words: ["-b", "@", "x"] },
	{ words: ["-b", "@", "1"] },
	{ words: ["-b", "@", "1.0x"] },
	{ words: ["-b", "@", "1.0", "relative.ko"] },
	{ words: ["-b", "@", "1.0", "@/absent.ko"] },
	{ words: ["-b", "@", "1.0", "@/lib/modules/1.0/kernel/c.ko", "@/external/beyond.ko"] },
	{ words: ["-n", "-b", "@", "1.0", "@/lib/modules/1.0/kernel/a.ko"] },
	{ words: ["-A", "-b", "@", "1.0"], before: withDep() },
	{ words: ["-A", "-b", "@", "1.0"], before: withDep(old(depPath, 1)) },
	{ words: ["-A", "-b", "@", "1.0"], before: withDep(old("lib/modules/1.0/kernel/a.ko", 4_000_000_000)) },
	{ words: ["--quick", "-b", "@", "1.0"], before: withDep(old("lib/modules/1.0/modules.order", 4_000_000_000)) },
	{ words: ["-A", "-b", "@", "1.0"], before: withDep(old("lib/modules/1.0/build/never.ko", 4_000_000_000)) },
	{ words: ["-A", "-b", "@", "1.0"] },
	{ words: ["-n", "-A", "-b", "@", "1.0"], before: withDep(old(depPath, 1)) },
	...["-u", "-q", "-r", "-rqu", "--unresolved-error", "--quiet", "--root", "--map"].map((word) => ({
		words: ["-n", word, "-b", "@", "1.0"],
	})),
	{ words: ["-x"] },
	{ words: ["-b"] },
	{ words: ["--bas"] },
	{
		words: ["-n", "-C", "@/absent.conf", "-b", "@", "1.0"],
		differs: "a configuration that is not there is an error",
		ours: (real) => ({
			...withWeakdep(real, true),
			stderr: "depmod: ERROR: @/absent.conf: there is no such file or directory\n",
		}),
	},
	{
		words: ["-b", "@", "1.0"],
		before: (root) => writeFileSync(join(root, "lib/modules/1.0/kernel/text.ko"), "rubbish\n"),
		differs: "what is wrong with a file is told",
		ours: (real) => ({
			...withWeakdep(real, false),
			stderr: real.stderr.replace(/(?<=Exec format error)$/m, " (it is not an ELF file)"),
		}),
	},
	{
		words: ["-b", "@", "1.0"],
		before: (root) => writeFileSync(join(root, "lib/modules/1.0/kernel/cut.ko.xz"), cutXz),
		differs: "what is wrong with a file is told",
		ours: (real) => ({
			...withWeakdep(real, false),
			stderr: real.stderr.replace(/Invalid argument$/m, "its end is missing"),
		}),
	},
	{
		words: ["-n", "-b", "@", "1.0"],
		before: (root) => symlinkSync("nowhere", join(root, "lib/modules/1.0/kernel/gone.ko")),
		differs: "a link to nowhere is named by its path",
		ours: (real) => ({
			...withWeakdep(real, true),
			stderr: real.stderr.replace(/fstatat\(\d+, gone.ko\)/, "could not stat @/lib/modules/1.0/kernel/gone.ko"),
		}),
	},
	{
		words: ["-n", "-C", "@/linked", "-C", "@/below", "-b", "@", "1.0"],
		before: (root) => {
			for (const name of ["linked", "below"]) mkdirSync(join(root, name));
			symlinkSync("gone", join(root, "linked/x.conf"));
			writeFileSync(join(root, "below/x.conf"), "rubbish\n");
		},
		differs: "links to nowhere are errors, and hide nothing",
		ours: (real) => ({
			...withWeakdep(real, true),
			stderr: [
				"depmod: ERROR: @/linked/x.conf: is a dangling symbolic link, so it counts for nothing and hides no other of its name",
				"depmod: ERROR: @/below/x.conf:1: ignoring bad line starting with 'rubbish'",
				"",
			].join("\n"),
		}),
	},
	{
		words: ["-b", "@", "1.0"],
		before: (root) => writeFileSync(join(root, "lib/modules/1.0/kernel/a.ko"), moduleImage(["sa"], ["t"])),
	},
	{
		words: ["-b", "@", "1.0"],
		before: (root) => rmSync(join(root, "lib/modules/1.0/modules.builtin")),
		differs: WEAKDEP,
		ours: (real) => withWeakdep(real, false),
	},
	{
		words: ["-m", "usr/modules", "-b", "@", "2.0"],
		differs: "-m and -o are options",
		ours: () => madeOf("usr/modules/2.0", "elsewhere.ko"),
	},
	{
		words: ["--moduledir=/usr/modules", "-n", "-b", "@", "2.0"],
		differs: "-m and -o are options",
		ours: () => ({ ...withWeakdep(shownOf("elsewhere.ko"), true) }),
	},
	{
		words: ["-o", "@/out", "-b", "@/bare", "1.0"],
		differs: "-m and -o are options",
		ours: () => madeOf("out/lib/modules/1.0", "only.ko", "@/bare/lib/modules/1.0"),
	},
];

const noLists = (directory: string, names: readonly string[]) =>
	names.map((name) => `depmod: WARNING: could not open ${name} at ${directory}: No such file or directory\n`).join("");

function shownOf(path: string): Outcome {
	const headers = [
		"# Aliases extracted from modules themselves.\n",
		"# Soft dependencies extracted from modules themselves.\n",
		"# Aliases for symbols, used by symbol_request().\n",
	];
	const stderr = noLists("@/usr/modules/2.0", ["modules.order"]);
	return { status: 0, stderr, stdout: `${path}:\n${headers.join("")}`, files: {} };
}

function madeOf(directory: string, path: string, source = `@/${directory}`): Outcome {
	const name = path.replace(".ko", "");
	const files = {
		"modules.alias": "# Aliases extracted from modules themselves.\n",
		"modules.alias.bin": "",
		"modules.builtin.alias.bin": "",
		"modules.builtin.bin": "",
		"modules.dep": `${path}:\n`,
		"modules.dep.bin": `${name.length + path.length + 28} bytes\n${name} 0 ${path}:\n`,
		"modules.devname": "",
		"modules.softdep": "# Soft dependencies extracted from modules themselves.\n",
		"modules.symbols": "# Aliases for symbols, used by symbol_request().\n",
		"modules.symbols.bin": "",
	};
	const below = Object.fromEntries(Object.entries(files).map(([file, text]) => [`${directory}/${file}`, text]));
	const stderr = noLists(source, ["modules.order", "modules.builtin", "modules.builtin.modinfo"]);
	return withWeakdep({ status: 0, stdout: "", stderr, files: below }, false);
}

for (const [number, call] of cases.entries())
	test(`case ${number}: depmod ${call.words.join(" ")}`, async (t) => {
		const real = runReal(t, call);
		const ours = await runOurs(t, call);
		const shown = call.words.some((word) => ["-n", "--show", "--dry-run"].includes(word));
		if (call.differs !== undefined) {
			t.true(
				differences.some(({ tool, what }) => tool === "depmod" && what === call.differs),
				call.differs,
			);
			t.notDeepEqual(ours, real, "it differs no longer");
		}
		t.deepEqual(ours, call.ours === undefined ? withWeakdep(real, shown) : call.ours(real));
	});

test("every difference is met by a case", (t) => {
	const met = new Set([WEAKDEP, ...cases.map(({ differs }) => differs)]);
	const own = differences.filter(({ tool }) => tool === "depmod").map(({ what }) => what);
	t.deepEqual(
		own.filter((what) => !met.has(what)),
		["it fails where it cannot write, and the old files stay", "gzip is read"],
		"which the tests below do",
	);
});

const nowhereToWrite = {
	"a full disk": {
		mount: "mount -t tmpfs -o size=64k none full; cp -r tree/. full; dd if=/dev/zero of=full/fill 2>/dev/null || :",
		code: "No space left on device",
	},
	"a disk that is read only": {
		mount: "mkdir -p full; mount --bind tree full; mount -o remount,bind,ro full",
		code: "Read-only file system",
	},
	"one file that cannot be replaced": {
		mount: "cp -r tree/. full; cd full/lib/modules/1.0; mount --bind modules.symbols modules.symbols; cd ../../../..",
		code: "Device or resource busy",
	},
};
for (const [what, { mount, code }] of Object.entries(nowhereToWrite))
	test(`${what} makes depmod fail, and the old files stay whole`, async (t) => {
		const root = makeWorld(t);
		const folder = join(root, "work");
		mkdirSync(join(folder, "full"), { recursive: true });
		cpSync(join(root, "bare"), join(folder, "tree"), { recursive: true });
		execFileSync("depmod", ["-b", join(folder, "tree"), "1.0"], { stdio: "ignore" });
		const call = { place: folder, words: ["depmod", "-b", "full", "1.0"], environment: {} };
		const script = `cd ${folder}; ${mount}; ${process.execPath} ${toolsSession}; sha1sum full/lib/modules/1.0/* >after 2>/dev/null; ls full/lib/modules/1.0 >names`;
		execFileSync("unshare", ["-Urm", "sh", "-c", script], { input: JSON.stringify([call]) });
		t.is(readFileSync(`${folder}.status`, "latin1"), "1");
		t.regex(
			readFileSync(`${folder}.stderr`, "latin1"),
			new RegExp(`depmod: ERROR: could not \\w+ .*modules\\.[a-z.]+: ${code}\\n$`),
		);
		const before = execFileSync("sh", ["-c", "sha1sum tree/lib/modules/1.0/*"], { cwd: folder, encoding: "utf8" });
		t.is(readFileSync(join(folder, "after"), "utf8").replaceAll("full/", "tree/"), before);
		t.is(
			readFileSync(join(folder, "names"), "utf8"),
			`${readdirSync(join(folder, "tree/lib/modules/1.0")).join("\n")}\n`,
		);
	});

test("a tree compressed by gzip has the indexes of the plain one, paths apart", async (t) => {
	const compress = (root: string) =>
		execFileSync("gzip", ["-r", join(root, "lib/modules/1.0/kernel"), join(root, "lib/modules/1.0/updates")]);
	const packed = await runOurs(t, { words: ["-b", "@", "1.0"], before: compress });
	const plain = await runOurs(t, { words: ["-b", "@", "1.0"] });
	const withoutGz = (text: string) => text.replaceAll(".ko.gz", ".ko").replace(/^\d+ bytes$/m, "");
	const texts = ({ files }: Outcome) => Object.entries(files).map(([path, text]) => `${path}\n${withoutGz(text)}`);
	t.true(packed.files[depPath]?.includes("kernel/a.ko.gz"));
	t.deepEqual(texts(packed), texts(plain));
});
