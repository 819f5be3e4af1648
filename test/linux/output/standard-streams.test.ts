// Writes to a pipe that another process has made non-blocking, and the width of a terminal.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";

/** More bytes than any pipe holds. */
const BYTES = 2_000_000;

const script = `const { writeStandard } = await import("./dist/src/linux/output/standard-streams.js");
writeStandard(2, "begins\\n");
try {
	writeStandard(1, "x".repeat(${BYTES}));
} catch ({ message }) {
	writeStandard(2, message);
}`;

/** Starts a process that writes to a pipe; `begun` resolves when it is about to write. */
function writer(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), "streams-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const pipe = join(folder, "pipe");
	execFileSync("mkfifo", [pipe]);
	const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
	const output = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
	const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", output, "pipe"] });
	closeSync(output);
	const begun = new Promise<void>((resolve) => child.stderr!.once("data", () => resolve()));
	return { pipe, reader, begun, complained: text(child.stderr!) };
}

test("a full pipe that does not block is written to as it is read, whole", async (t) => {
	const { pipe, reader, begun, complained } = writer(t);
	await begun;
	// A socket made of the reader's descriptor would close it, and node would close it again when the thread of this test file
	// ends: by then the number may belong to another file.
	const stream = createReadStream(pipe);
	await once(stream, "open");
	closeSync(reader);
	t.is((await buffer(stream)).length, BYTES);
	t.is(await complained, "begins\n");
});

test("a reader who goes away is not waited for", async (t) => {
	const { reader, begun, complained } = writer(t);
	await begun;
	closeSync(reader);
	t.is(await complained, "begins\nwrite standard output: EPIPE");
});

const columnsScript = `const { columnsOf, writeStandard } = await import("./dist/src/linux/output/standard-streams.js");
writeStandard(1, JSON.stringify([1, 2].map((descriptor) => columnsOf(descriptor) ?? "none")));`;

test("a terminal has the width that it was given, and anything else has none", (t) => {
	const command = (stty: string) =>
		`${stty} '${process.execPath}' --input-type=module -e '${columnsScript}' 2>/dev/null`;
	const onTerminal = (stty: string) =>
		execFileSync("script", ["-qec", command(stty), "/dev/null"], { encoding: "utf8", input: "" });
	t.true(onTerminal("stty cols 97;").includes('[97,"none"]'));
	t.true(onTerminal("stty cols 0;").includes('["none","none"]'));
	t.is(execFileSync("sh", ["-c", command("")], { encoding: "utf8" }), '["none","none"]');
});
