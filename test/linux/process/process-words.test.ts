import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { readArguments, readEnvironment, readWorkingDirectory } from "../../../src/linux/process/process-words.js";

const folder = mkdtempSync(join(tmpdir(), "process-words-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let count = 0;
/** A directory like /proc/self with these words and variables; strings are bytes (latin1). */
function proc({ cmdline = [], environ = [] }: { cmdline?: readonly string[]; environ?: readonly string[] }): string {
	const place = join(folder, `${count++}`);
	mkdirSync(place);
	const joined = (strings: readonly string[]) => strings.map((string) => `${string}\0`).join("");
	writeFileSync(join(place, "cmdline"), joined(cmdline), "latin1");
	writeFileSync(join(place, "environ"), joined(environ), "latin1");
	return place;
}
const nowhere = join(folder, "nowhere");

test("arguments in UTF-8 are told by node, and the kernel is not asked", (t) => {
	t.deepEqual(readArguments(["/bin/node", "/x/modprobe", "café", ""], nowhere), [
		"/bin/node",
		"/x/modprobe",
		"caf\xc3\xa9",
		"",
	]);
});

test("bytes that node has lost, and a replacement character that was there, are the kernel's", (t) => {
	const argv = ["/bin/node", "/x/modprobe", "caf\ufffd", "", "\ufffd", "é", ""];
	const words = ["caf\xe9", "", "\xef\xbf\xbd", "\xc3\xa9", ""];
	for (const before of [
		["node", "modprobe"],
		["/usr/bin/node", "--no-warnings", "--max-semi-space-size=1", "./dist/main.js"],
		["/x/modprobe"],
	]) {
		const read = readArguments(argv, proc({ cmdline: [...before, ...words] }));
		t.deepEqual(read, ["/bin/node", "/x/modprobe", ...words], before.join(" "));
	}
});

test("without /proc, or where it is of something else, node's own are all there is", (t) => {
	const argv = ["node", "modprobe", "caf\ufffd"];
	const bytes = ["node", "modprobe", "caf\xef\xbf\xbd"];
	t.deepEqual(readArguments(argv, nowhere), bytes);
	t.deepEqual(readArguments(argv, proc({ cmdline: ["renamed"] })), bytes);
	t.deepEqual(readArguments(argv, proc({})), bytes);
	t.deepEqual(readArguments(["node", "caf\ufffd"], proc({ cmdline: ["node", "caf\xe9"] })), [
		"node",
		"caf\xef\xbf\xbd",
	]);
});

test("the environment is bytes, and what was set since is as it was set", (t) => {
	const place = proc({
		environ: ["A=caf\xe9", "B=\xef\xbf\xbd", "N\xe9=x", "D=first\xe9", "D=second\xe9", "E=old\xe9", "=x", "F"],
	});
	const seen = { A: "caf\ufffd", B: "\ufffd", "N\ufffd": "x", D: "first\ufffd", E: "new\ufffd", G: "é", H: undefined };
	t.deepEqual(readEnvironment(seen, place), {
		A: "caf\xe9",
		B: "\xef\xbf\xbd",
		"N\xe9": "x",
		D: "first\xe9",
		E: "new\xef\xbf\xbd",
		G: "\xc3\xa9",
	});
	t.deepEqual(readEnvironment({ A: "caf\ufffd" }, nowhere), { A: "caf\xef\xbf\xbd" });
});

test("the working directory is bytes", (t) => {
	const url = new URL("../../../src/linux/process/process-words.js", import.meta.url).href;
	const script = `import { readWorkingDirectory } from "${url}"; process.stdout.write(readWorkingDirectory(), "latin1");`;
	const command = `mkdir -p "$(printf 'd\\351\\303\\240')" && cd "$(printf 'd\\351\\303\\240')" && exec "$0" --input-type=module -e '${script}'`;
	const { stdout } = spawnSync("/bin/sh", ["-c", command, process.execPath], { cwd: folder, encoding: "latin1" });
	t.is(stdout, `${folder}/d\xe9\xc3\xa0`);
	t.is(readWorkingDirectory(), process.cwd());
});
