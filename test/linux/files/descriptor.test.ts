// close(2) of a file that was only read may fail with EIO or EINTR, on a network file system for example. The result of the read
// is kept.
import fs, { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { lockDirectory } from "../../../src/linux/depmod/directory-lock.js";
import { digestModules } from "../../../src/linux/depmod/module-digests.js";
import { readBounded } from "../../../src/linux/files/bounded-read.js";
import { readEntries } from "../../../src/linux/files/directory-entries.js";
import { mark } from "../../../src/linux/files/presence-file.js";
import { openReadiness } from "../../../src/linux/service/readiness.js";
import { withFates } from "../../support/running/file-system-calls.js";
import { moduleImage } from "../../support/worlds/elf-image.js";

const folder = mkdtempSync(join(tmpdir(), "closing-"));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Calls `act` while each close(2) fails. @returns the result of `act`, and the number of calls of close(2) */
async function whereClosingFails<T>(
	act: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly closed: number }> {
	let result: T | undefined;
	const calls = await withFates(
		(name) => (name === "closeSync" ? "EIO" : undefined),
		async () => {
			result = await act();
		},
	);
	return { result: result as T, closed: calls.filter((name) => name === "closeSync").length };
}

test.serial("a file is read whole although closing it fails", async (t) => {
	writeFileSync(join(folder, "read"), "content");
	const { result, closed } = await whereClosingFails(() => readBounded(join(folder, "read"), bounds.small));
	t.is(result.toString("latin1"), "content");
	t.is(closed, 1);
});

test.serial("a directory is listed although closing it fails", (t) => {
	const { closeSync } = fs.Dir.prototype;
	let closed = 0;
	fs.Dir.prototype.closeSync = function failing() {
		closeSync.call(this);
		closed++;
		throw Object.assign(new Error("EIO"), { code: "EIO", errno: -5 });
	};
	try {
		t.true(readEntries("rules").length > 0);
	} finally {
		fs.Dir.prototype.closeSync = closeSync;
	}
	t.is(closed, 1);
});

test.serial("a directory is locked, and released, although closing it fails", async (t) => {
	const options = { make: false, patienceMilliseconds: 0, onWait: () => undefined };
	const { closed } = await whereClosingFails(async () => {
		const lock = await lockDirectory(folder, options);
		t.true(lock.held);
		t.like(await lockDirectory(folder, options), { held: false, reason: { operation: "lock", code: "ETIMEDOUT" } });
		if (lock.held) t.notThrows(lock.release);
	});
	t.true(closed >= 4, String(closed));
});

test.serial("modules are digested although closing their files fails, packed or not", async (t) => {
	writeFileSync(join(folder, "plain.ko"), moduleImage(["given"], []));
	writeFileSync(join(folder, "packed.ko.gz"), gzipSync(moduleImage([], ["given"])));
	const { result, closed } = await whereClosingFails(() => digestModules(folder, ["plain.ko", "packed.ko.gz"]));
	t.deepEqual(
		result.modules.map(({ path, malformed }) => [path, malformed]),
		[
			["plain.ko", undefined],
			["packed.ko.gz", undefined],
		],
	);
	t.is(closed, 2);
});

test.serial("a mark is made, and readiness announced, although closing fails", async (t) => {
	const marked = join(folder, "marked");
	const { closed } = await whereClosingFails(() => mark(marked, true));
	t.is(readFileSync(marked, "latin1"), "");
	t.is(closed, 1);
	const problems: Error[] = [];
	const announced = join(folder, "announced");
	const notifyFd = openSync(announced, "w");
	const told = await whereClosingFails(async () =>
		(await openReadiness({ notifyFd, onProblem: (problem) => problems.push(problem) }, {})).ready(),
	);
	t.is(told.closed, 1);
	t.is(readFileSync(announced, "latin1"), "\n");
	t.deepEqual(problems, []);
});
