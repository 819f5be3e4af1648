import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { runCommand } from "../../../src/linux/commands/run-command.js";
import { until } from "../../support/running/until.js";

const folder = mkdtempSync(join(tmpdir(), "run-command-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let files = 0;
const freshFile = () => join(folder, `${files++}`);

/** A limit that no command of these tests reaches which ends by itself. */
const LONG_MILLISECONDS = 30_000;
const SOON_MILLISECONDS = 50;
/** Longer than a shell takes, even on a busy machine, to set up its traps. */
const BEGUN_MILLISECONDS = 5000;

/** The shell is started like any other program. */
function sh(
	script: string,
	environment: Readonly<Record<string, string>> = {},
	timeoutMilliseconds = LONG_MILLISECONDS,
	graceMilliseconds = LONG_MILLISECONDS,
	...words: string[]
) {
	const command = ["/bin/sh", "-c", script, "sh", ...words] as const;
	return runCommand(
		{ command, environment: { PATH: "/usr/bin:/bin", ...environment }, timeoutMilliseconds },
		graceMilliseconds,
	);
}

test("arguments reach the program as they are", async (t) => {
	const OUT = freshFile();
	const words = ["a b", "$(id)", ";", "", "*", "\xc3\xa9\n"];
	t.deepEqual(await sh('printf "%s\\0" "$@" > "$OUT"', { OUT }, LONG_MILLISECONDS, LONG_MILLISECONDS, ...words), {
		exitStatus: 0,
		timedOut: false,
		complaint: "",
	});
	t.is(readFileSync(OUT, "latin1"), words.map((word) => `${word}\0`).join(""));
});

test("the environment is what is given and nothing else, and standard input is empty", async (t) => {
	process.env.NOT_FOR_COMMANDS = "1";
	const OUT = freshFile();
	await sh('cat; tr "\\0" "\\n" < /proc/$$/environ > "$OUT"', {
		OUT,
		ACTION: "add",
		NAME: 'gr\xc3\xb6\xc3\x9fer = "x"',
	});
	t.deepEqual(readFileSync(OUT, "latin1").trimEnd().split("\n").sort(), [
		"ACTION=add",
		'NAME=gr\xc3\xb6\xc3\x9fer = "x"',
		`OUT=${OUT}`,
		"PATH=/usr/bin:/bin",
	]);
});

test("it runs at the root of the file system, in a session of its own", async (t) => {
	const OUT = freshFile();
	await sh('{ pwd; cut -d " " -f 1,5,6 /proc/$$/stat; } > "$OUT"', { OUT });
	const [directory, stat = ""] = readFileSync(OUT, "utf8").split("\n");
	t.is(directory, "/");
	const [pid, group, session] = stat.split(" ");
	t.is(group, pid);
	t.is(session, pid);
});

test("the exit status is told, a signal's as a shell does, with the end of what it complained of", async (t) => {
	t.like(await sh("echo no >&2; exit 3"), { exitStatus: 3, timedOut: false, complaint: "no\n" });
	t.like(await sh("kill -HUP $$"), { exitStatus: 129, timedOut: false });
	const { complaint } = await sh("yes 0123456789 | head -c 100000 >&2; echo end >&2");
	t.is(complaint.length, 2048);
	t.true(complaint.endsWith("end\n"));
});

test("a program that takes too long gets SIGTERM, and may end by itself", async (t) => {
	const OUT = freshFile();
	const script = 'trap "echo bye >&2; exit 7" TERM; : > "$OUT"; while :; do sleep 0.01; done';
	const { complaint, ...end } = await sh(script, { OUT }, BEGUN_MILLISECONDS);
	t.deepEqual(end, { exitStatus: 7, timedOut: true });
	t.regex(complaint, /bye\n$/);
	t.true(existsSync(OUT));
});

test("one that does not heed SIGTERM gets SIGKILL, and so does what it has begun", async (t) => {
	const OUT = freshFile();
	const script = 'trap "" TERM; sleep 1000 & echo $! > "$OUT"; wait; wait; wait';
	t.like(await sh(script, { OUT }, BEGUN_MILLISECONDS, SOON_MILLISECONDS), { exitStatus: 137, timedOut: true });
	const child = readFileSync(OUT, "utf8").trim();
	t.regex(child, /^\d+$/);
	await until(() => !isAlive(child));
	t.pass();
});

test("what a program leaves running does not hold it up", async (t) => {
	const OUT = freshFile();
	t.like(await sh('sleep 1000 & echo $! > "$OUT"', { OUT }), { exitStatus: 0, timedOut: false });
	const left = readFileSync(OUT, "utf8").trim();
	t.true(isAlive(left));
	process.kill(Number(left), "SIGKILL");
});

test("what cannot be started is refused", async (t) => {
	const file = freshFile();
	writeFileSync(file, "no program");
	const start = (...command: [string, ...string[]]) =>
		runCommand({ command, environment: {}, timeoutMilliseconds: LONG_MILLISECONDS });
	const like = (subject: string, code: string) => ({ name: "Refusal", operation: "run", subject, code });
	t.like(await t.throwsAsync(start("/no/such/program", "x")), like("/no/such/program", "ENOENT"));
	t.like(await t.throwsAsync(start(file)), like(file, "EACCES"));
	t.like(await t.throwsAsync(start("/bin/sh", "a\0b")), like("/bin/sh", "EINVAL"));
});

/**
 * Whether the process runs. An orphan that has ended stays a zombie when process 1 does not reap it (in a container, for
 * example).
 */
function isAlive(pid: string): boolean {
	try {
		return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
	} catch {
		return false;
	}
}

test("a program that is not there is a refusal, but where a shell has to start it: that ends with 127, and says why", async (t) => {
	const run = (...words: readonly string[]) =>
		runCommand({ command: ["/none", ...words], environment: {}, timeoutMilliseconds: LONG_MILLISECONDS });
	await t.throwsAsync(run(), { code: "ENOENT", message: "run /none: ENOENT" });
	const { exitStatus, complaint } = await run("\xe9");
	t.is(exitStatus, 127);
	t.regex(complaint, /\/none/);
});
