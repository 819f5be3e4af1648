import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { MOST_NAMES } from "../../../src/libkmod/kernel/bounds.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { readEntries } from "../../../src/linux/files/directory-entries.js";
import { files } from "../../../src/linux/files/files.js";

const folder = mkdtempSync(join(tmpdir(), "files-"));
test.after.always(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test("reads a file whole, and files of /proc and /sys, whose size is not told", (t) => {
	writeFileSync(at("modules.dep"), Buffer.from([0xb0, 0x07, 0xf4, 0x57, 0]));
	t.deepEqual(files.read(at("modules.dep")), Buffer.from([0xb0, 0x07, 0xf4, 0x57, 0]));
	t.regex(files.read("/proc/sys/kernel/osrelease")?.toString() ?? "", /^\d+\.\d+/);
	t.regex(files.read("/sys/kernel/uevent_seqnum")?.toString() ?? "", /^\d+\n$/);
});

test("lists the names in a directory", (t) => {
	writeFileSync(at("a.conf"), "");
	symlinkSync("/nowhere", at("b.conf"));
	t.deepEqual(
		files
			.list(folder)
			?.filter((name) => name.endsWith(".conf"))
			.sort(),
		["a.conf", "b.conf"],
	);
});

test("what is absent is undefined, also below a file", (t) => {
	writeFileSync(at("file"), "");
	for (const path of [at("none"), at("file/none"), at("none/none")]) {
		t.is(files.read(path), undefined, path);
		t.is(files.list(path), undefined, path);
		t.is(files.stamp(path), undefined, path);
	}
	t.is(files.list(at("file")), undefined);
});

test("any other reason is a refusal that names the operation, the path and the errno", (t) => {
	symlinkSync(at("loop"), at("loop"));
	const refused = t.throws(() => files.read(folder), { instanceOf: Refusal });
	t.like(refused, { operation: "read", subject: folder, code: "EISDIR", errno: 21 });
	t.like(
		t.throws(() => files.list(at("loop"))),
		{ name: "Refusal", operation: "list", code: "ELOOP", errno: 40 },
	);
	t.like(
		t.throws(() => files.stamp(at("loop"))),
		{ name: "Refusal", operation: "stat", code: "ELOOP", errno: 40 },
	);
	t.like(
		t.throws(() => files.read("/tmp/\0")),
		{ name: "Refusal", code: "EINVAL", errno: 22 },
	);
});

test("the stamp changes when a file is written, replaced or joined by another in its directory, and at no other time", (t) => {
	writeFileSync(at("stamped"), "one");
	const first = files.stamp(at("stamped"));
	t.is(files.stamp(at("stamped")), first);
	files.read(at("stamped"));
	t.is(files.stamp(at("stamped")), first);
	utimesSync(at("stamped"), 1, 1);
	const second = files.stamp(at("stamped"));
	t.not(second, first);
	// The old file exists until the new one has its name: otherwise the new file might get its inode, and, within a tick of the
	// clock, its times.
	writeFileSync(at("anew"), "two");
	utimesSync(at("anew"), 1, 1);
	renameSync(at("anew"), at("stamped"));
	t.not(files.stamp(at("stamped")), second);

	utimesSync(folder, 1, 1);
	const directory = files.stamp(folder);
	writeFileSync(at("another"), "");
	t.not(files.stamp(folder), directory);
});

test("a FIFO is no file, and keeps nobody waiting", (t) => {
	execFileSync("mkfifo", [at("pipe")]);
	const refused = t.throws(() => files.read(at("pipe")), { instanceOf: Refusal });
	t.like(refused, { operation: "read", code: "EINVAL", why: "it is a FIFO, and no regular file" });
});

test("of a directory so many names are listed, and of a larger one none", (t) => {
	mkdirSync(at("names"));
	for (const name of ["a", "b", "c"]) writeFileSync(at(`names/${name}`), "");
	for (const most of [3, 4]) t.is(readEntries(at("names"), most).length, 3);
	t.throws(() => readEntries(at("names"), 2), {
		instanceOf: Refusal,
		message: `list ${at("names")}: it holds more than 2 names`,
	});
	// Debian's largest directory of modules has some 150 files; kmod takes 65,534 modules.
	t.true(MOST_NAMES > 2 * 65_534);
});
