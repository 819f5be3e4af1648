// With a low limit of open files (ulimit -n), loading either works or is refused in one sentence before anything begins.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { run } from "../../../src/tools/agent/run.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { execute, loadForReal, withOpenFiles } from "../../support/running/coldplug-process.js";
import type { World } from "../../support/worlds/world.js";
import { worldWords, writeWorld } from "../../support/worlds/world-folder.js";

const folder = mkdtempSync(join(tmpdir(), "open-files-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const names = Array.from({ length: 40 }, (_, number) => `m${number}`);
const world: World = {
	modules: Object.fromEntries(names.map((name) => [name, []])),
	aliases: Object.fromEntries(names.map((name) => [`x:${name}`, name])),
};
const devices = Object.fromEntries(names.map((name) => [name, `x:${name}`]));

/** The number of files that node itself has open, and one more: with fewer node cannot read this program. */
const least = Number(
	execFileSync(process.execPath, ["-p", "fs.readdirSync('/proc/self/fd').length"], { encoding: "utf8" }),
);
const limits = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 28, 36, 40, 44, 64].map((more) => least + more);

const REFUSED =
	/^\w[\w ]*: (?:only \d+ files may be open at once, which leaves \d+ of the 40 that loading modules may need|too few files may be open at once): raise the limit \(ulimit -n, LimitNOFILE=\)\n$/;

for (const openFiles of limits)
	test(`coldplug that may have ${openFiles} files open loads everything, or says so and begins nothing`, async (t) => {
		const { status, stdout, stderr, inserted } = await loadForReal(join(folder, `coldplug-${openFiles}`), {
			world,
			devices,
			openFiles,
		});
		t.is(stdout, "");
		if (status === 0) {
			t.is(stderr, "");
			t.deepEqual(inserted, names.toSorted());
		} else {
			t.is(status, 1, stderr);
			t.regex(stderr, REFUSED);
			t.deepEqual(inserted, []);
		}
		if (openFiles < least + 30) t.is(status, 1);
		if (openFiles > least + 42) t.is(status, 0);
	});

for (const openFiles of [1, 4, 6, 12].map((more) => least + more))
	test(`the agent that may have ${openFiles} files open says so and begins nothing`, async (t) => {
		const machine = join(folder, `run-${openFiles}`);
		writeWorld(machine, world);
		const mounts = 'mount -t tmpfs none /run && mount -t tmpfs none /sys/devices && exec "$@"';
		const { status, stdout, stderr } = await execute(machine, [
			...withOpenFiles(openFiles),
			...["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", mounts, "sh"],
			...[process.execPath, "dist/main.js", "run", "--source", "kernel", ...worldWords(machine)],
		]);
		t.deepEqual([status, stdout], [1, ""], stderr);
		t.regex(stderr, REFUSED);
	});

test("what may be opened is asked before anything is begun", async (t) => {
	for (const [left, begins] of [
		[39, false],
		[40, true],
		[0, false],
	] as const) {
		const machine = makeFakeMachine({ world: { modules: {} } });
		const openFiles = async () => ({ left, most: left + 20 });
		t.is(await coldplug.start(["--quiet", "10"], { ...machine, openFiles }), begins ? 0 : 1);
		t.is(machine.insertionProcess.length > 0, begins);
		t.is(machine.complained() === "", begins, machine.complained());
		t.is(machine.asked.length > 0, begins);
	}
	const machine = makeFakeMachine({ world: { modules: {} } });
	t.is(await run.start([], { ...machine, openFiles: async () => ({ left: 0 }) }), 1);
	t.regex(machine.complained(), /^hotplugd run: only so few files may be open at once, which leaves 0 of the 40 /);
	t.deepEqual(machine.asked, []);
});

test("a dry run needs no more than it opens", async (t) => {
	const machine = makeFakeMachine({ world: { modules: {} } });
	t.is(await coldplug.start(["-n"], { ...machine, openFiles: async () => ({ left: 3, most: 24 }) }), 0);
});
