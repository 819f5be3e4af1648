// scripts/ava-worker/test-folder.mjs: the folder in a memory file system (tmpfs) for the tests' temporary directories.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import { until } from "../support/running/until.js";

const module = JSON.stringify(resolve("scripts/ava-worker/test-folder.mjs"));

/** The command of a process that prints the folder that it gets, and then runs `then`. */
const run = (place: string, needed: string, then = "") => [
	process.execPath,
	...["--input-type=module", "-e"],
	`import { makeTestFolder } from ${module};
	console.log(makeTestFolder(${JSON.stringify(place)}, ${needed}) ?? "nowhere");
	${then}`,
];

function makePlace(t: ExecutionContext): string {
	const place = mkdtempSync(join(tmpdir(), "memory-"));
	t.teardown(() => rmSync(place, { recursive: true, force: true }));
	return place;
}

function ask([program = "", ...words]: readonly string[]): string {
	return execFileSync(program, words, { encoding: "utf8" }).trim();
}

test("a run of the tests has no folder in memory where there is too little room", (t) => {
	t.is(ask(run(makePlace(t), "Infinity")), "nowhere");
	t.is(ask(run("/dev/no such place", "0")), "nowhere");
});

test("a run of the tests has no folder in memory where programs may not run", (t) => {
	const place = makePlace(t);
	const mounted = ["sh", "-euc", 'mount -t tmpfs -o noexec memory "$0"; "$@"; ls "$0"', place, ...run(place, "0")];
	t.is(ask(["unshare", "-Urm", ...mounted]), "nowhere");
});

for (const end of ["itself", "SIGINT", "SIGTERM", "SIGKILL"] as const)
	test(`a run of the tests leaves nothing in memory that ends by ${end}`, async (t) => {
		const place = makePlace(t);
		const [program = "", ...words] = run(place, "0", end === "itself" ? "" : "process.stdin.resume();");
		// The process leads a process group, to which the signal is sent.
		const child = spawn(program, words, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
		const [said] = await once(child.stdout, "data");
		const folder = String(said).trim();
		t.is(dirname(folder), place);
		if (end !== "itself") {
			t.true(existsSync(folder));
			process.kill(-child.pid!, end);
		}
		await until(() => !existsSync(folder));
		t.pass();
	});

test("where there is such a folder the tests have their temporary directories in it", (t) => {
	t.true(ask(run("/dev/shm", "undefined")) === "nowhere" || process.env.TMPDIR !== undefined);
});
