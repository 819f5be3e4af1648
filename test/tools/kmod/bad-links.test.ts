// The tools and files that exist but cannot be followed: each costs only the thing that it stands for, as with the real kmod,
// which runs beside ours.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openKmod } from "../../../src/index.js";
import { indexNames } from "../../../src/libkmod/knowledge/indexes.js";
import { ourTool, type Said } from "../../support/fakes/tool-in-process.js";
import { execute } from "../../support/running/coldplug-process.js";
import { RELEASE } from "../../support/worlds/world.js";
import { worldWords, writeWorld } from "../../support/worlds/world-folder.js";

const made = mkdtempSync(join(tmpdir(), "bad-links-"));
test.after.always(() => execFileSync("rm", ["-rf", made]));
let machines = 0;

function makeMachine(): string {
	const machine = join(made, `${machines++}`);
	writeWorld(machine, { modules: { ok: ["bus"], bus: [] }, aliases: { "x:ok": "ok" }, builtin: ["inbuilt"] });
	return machine;
}

const inTree = (machine: string, name: string): string => join(machine, "lib/modules", RELEASE, name);

/** Functions that make a link that the kernel does not follow, with the errno's name. */
const faults = {
	"leads to itself": { code: "ELOOP", spoil: (path: string) => symlinkSync(path, path) },
	"has too long a name in it": { code: "ENAMETOOLONG", spoil: (path: string) => symlinkSync("a".repeat(300), path) },
	"leads through a file": {
		code: undefined,
		spoil(path: string) {
			writeFileSync(`${path}.file`, "");
			symlinkSync(`${path}.file/x`, path);
		},
	},
} as const;

function real(tool: string, ...words: readonly string[]): Said {
	const { status, stdout, stderr } = spawnSync(`/sbin/${tool}`, words, { encoding: "latin1" });
	return { status: status ?? -1, stdout, stderr };
}

const withoutWarnings = ({ stderr, ...rest }: Said): Said => ({
	...rest,
	stderr: stderr.replaceAll(/^\w+: WARNING: .*\n/gm, ""),
});

async function compare(t: ExecutionContext, tool: string, ...words: readonly string[]): Promise<Said> {
	const ours = await ourTool(tool, ...words);
	t.deepEqual(withoutWarnings(ours), real(tool, ...words), `${tool} ${words.join(" ")}`);
	return ours;
}

const ofTree = [...Object.values(indexNames), "modules.softdep", "modules.weakdep"];

for (const [name, { code, spoil }] of Object.entries(faults))
	for (const file of ofTree)
		test(`where ${file} ${name}, modprobe goes on as kmod does, and the library too`, async (t) => {
			const machine = makeMachine();
			const path = inTree(machine, file);
			rmSync(path, { force: true });
			spoil(path);
			const warning = `${path}: cannot be read (${code}), so nothing in it counts`;
			for (const wanted of ["ok", "x:ok", "inbuilt", "absent"]) {
				const { stderr } = await compare(t, "modprobe", ...worldWords(machine), "-D", wanted);
				t.is(stderr.includes(`modprobe: WARNING: ${warning}\n`), code !== undefined);
			}
			await compare(t, "modprobe", ...worldWords(machine), "-q", "-D", "absent");
			const kmod = openKmod({ moduleDirectory: inTree(machine, ""), configPaths: [join(machine, "etc/modprobe.d")] });
			t.deepEqual(kmod.lookUp("inbuilt").length, file === indexNames.builtins ? 0 : 1);
			t.is(kmod.validate(), "ok");
			rmSync(path);
			t.is(kmod.validate() === "ok", code === undefined, "what is gone is another thing than what cannot be followed");
		});

test("a file in a closed directory is one that cannot be read", async (t) => {
	const machine = makeMachine();
	const path = inTree(machine, indexNames.aliases);
	rmSync(path);
	mkdirSync(`${machine}/closed`);
	symlinkSync(`${machine}/closed/x`, path);
	chmodSync(`${machine}/closed`, 0);
	const words = [...worldWords(machine), "-D", "ok"];
	// In a user namespace without a mapped user, the modes of files apply to root, too.
	const told = await execute(machine, ["unshare", "--user", process.execPath, "dist/main.js", "modprobe", ...words]);
	const { status, stdout } = await execute(machine, ["unshare", "--user", "/sbin/modprobe", ...words]);
	const tree = `MACHINE/lib/modules/${RELEASE}`;
	const why = `${tree}/modules.alias.bin: cannot be read (EACCES), so nothing in it counts`;
	t.deepEqual(told, { status, stdout, stderr: `modprobe: WARNING: ${why}\n` });
	t.is(stdout, `insmod ${tree}/kernel/bus.ko \ninsmod ${tree}/kernel/ok.ko \n`);
});

for (const [name, { code, spoil }] of Object.entries(faults)) {
	test(`an operand, a configuration or a root that ${name} is what it is for kmod, or names what the kernel says`, async (t) => {
		const machine = makeMachine();
		const bad = join(machine, "bad.ko");
		spoil(bad);
		const why = { ELOOP: "Too many levels of symbolic links", ENAMETOOLONG: "File name too long" };
		const said = code === undefined ? "No such file or directory" : why[code];
		const { stderr } = await ourTool("modprobe", ...worldWords(machine), "-D", bad);
		t.is(stderr, `modprobe: FATAL: Failed to get module from path ${bad}: ${said}\n`);
		const inserted = await ourTool("kmod", "insert", bad);
		t.regex(inserted.stderr, new RegExp(`ERROR: Module ${bad} not found in directory`));
		await compare(t, "modinfo", "-b", machine, "-k", RELEASE, bad);
		await compare(t, "modprobe", "-d", machine, "-S", RELEASE, "-C", bad, "-D", "ok");
		await compare(t, "modprobe", "-d", bad, "-S", RELEASE, "-C", "/dev/null", "-D", "ok");
	});

	test(`depmod, of a module file or a modules.dep that ${name}, says what kmod's does`, async (t) => {
		const machine = makeMachine();
		const bad = join(machine, "bad.ko");
		spoil(bad);
		const words = ["-C", "/dev/null", "-b", machine, RELEASE];
		const spoken = (stderr: string) => stderr.split("\n").filter((line) => /could not (?:create|fstatat)/.test(line));
		for (const [put, call] of [
			[bad, ["-n", ...words, bad]],
			[inTree(machine, "modules.dep"), ["-A", ...words]],
		] as const) {
			const runs = [() => real("depmod", ...call), () => ourTool("depmod", ...call)].map(async (run) => {
				rmSync(put, { force: true });
				spoil(put);
				return spoken((await run()).stderr);
			});
			const [theirs, ours] = await Promise.all(runs);
			t.is(ours?.length, 1);
			t.deepEqual(ours, theirs);
		}
	});
}

test("a kernel command line that cannot be read is a problem of the configuration, in the library and to check", async (t) => {
	const machine = makeMachine();
	mkdirSync(join(machine, "proc"), { recursive: true });
	rmSync(join(machine, "proc/cmdline"), { force: true });
	symlinkSync("cmdline", join(machine, "proc/cmdline"));
	const message = "cannot be read (ELOOP), so nothing in it counts";
	const kmod = openKmod({ root: machine, release: RELEASE });
	t.deepEqual(kmod.problems(), [{ file: join(machine, "proc/cmdline"), line: 0, message }]);
	t.is(kmod.lookUp("ok").length, 1);
	const { stdout, status } = await ourTool("hotplugd", "check", "-d", machine, "-S", RELEASE);
	t.true(stdout.includes(`${machine}/proc/cmdline: ${message}\n`));
	t.is(status, 1);
});
