import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { readEntries } from "../../../src/linux/files/directory-entries.js";
import { onDisk, socketPath } from "../../../src/linux/files/disk-path.js";
import { files } from "../../../src/linux/files/files.js";

const folder = mkdtempSync(join(tmpdir(), "disk-path-"));
test.after.always(() => rmSync(folder, { recursive: true }));

test("a path of ASCII stays as it is, any other is its bytes", (t) => {
	t.is(onDisk("/lib/modules"), "/lib/modules");
	t.deepEqual(onDisk("/\xe9\xff"), Buffer.from([0x2f, 0xe9, 0xff]));
});

test("a socket's path is text, and what is none is refused", (t) => {
	t.is(socketPath("ask", "/run/\xc3\xa9"), "/run/é");
	t.like(
		t.throws(() => socketPath("ask", "/run/\xe9"), { instanceOf: Refusal }),
		{ operation: "ask", code: "EINVAL", subject: "/run/\xe9" },
	);
});

test("names in a directory, files and their marks are found by bytes", (t) => {
	const place = `${folder}/d\xe9`;
	mkdirSync(onDisk(`${place}/\xff`), { recursive: true });
	writeFileSync(onDisk(`${place}/l\xc3\xa0`), "x");
	symlinkSync("nowhere", onDisk(`${place}/\xa0`));
	t.deepEqual(
		readEntries(place).sort((a, b) => (a.name < b.name ? -1 : 1)),
		[
			{ name: "l\xc3\xa0", kind: "file" },
			{ name: "\xa0", kind: "other" },
			{ name: "\xff", kind: "directory" },
		],
	);
	t.deepEqual(files.list(place)?.sort(), ["l\xc3\xa0", "\xa0", "\xff"]);
	t.is(files.read(`${place}/l\xc3\xa0`)?.toString("latin1"), "x");
	t.truthy(files.stamp(`${place}/\xff`));
	t.is(files.read(`${place}/\xe9`), undefined);
	t.is(readFileSync(onDisk(`${place}/l\xc3\xa0`), "latin1"), "x");
});
