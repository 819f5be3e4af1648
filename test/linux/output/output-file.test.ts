import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { replaceOutputFile, writeWholeFile } from "../../../src/linux/output/output-file.js";
import { runUnder } from "../../support/running/umask.js";

const module = new URL("../../../src/linux/output/output-file.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "output-file-"));
test.after.always(() => rmSync(folder, { recursive: true }));

test("a file is made where there is none, and replaced by another one where there is", (t) => {
	const path = join(folder, "new.prom");
	replaceOutputFile(path, "one\n");
	t.is(readFileSync(path, "utf8"), "one\n");
	t.is(statSync(path).mode & 0o777, 0o644);
	const { ino } = statSync(path);
	replaceOutputFile(path, "two\n");
	t.is(readFileSync(path, "utf8"), "two\n");
	t.not(statSync(path).ino, ino);
	t.deepEqual(
		readdirSync(folder).filter((name) => name.includes("new.prom")),
		["new.prom"],
	);
});

test("a link is replaced, not followed", (t) => {
	const target = join(folder, "target");
	writeFileSync(target, "kept");
	symlinkSync(target, join(folder, "link.prom"));
	replaceOutputFile(join(folder, "link.prom"), "new");
	t.is(readFileSync(target, "utf8"), "kept");
	t.is(readFileSync(join(folder, "link.prom"), "utf8"), "new");
});

test("who reads it may be another user than who writes it, whatever the umask is", (t) => {
	const path = join(folder, "closed.prom");
	runUnder("077", `import { replaceOutputFile } from "${module}"; replaceOutputFile("${path}", "x");`);
	t.is(statSync(path).mode & 0o777, 0o644);
});

test("what is planted under a name that could be guessed is nothing to it", (t) => {
	const target = join(folder, "other");
	writeFileSync(target, "kept");
	symlinkSync(target, join(folder, `.spied.prom.${process.pid}`));
	replaceOutputFile(join(folder, "spied.prom"), "new");
	t.is(readFileSync(target, "utf8"), "kept");
	t.is(readFileSync(join(folder, "spied.prom"), "utf8"), "new");
	t.true(readdirSync(folder).includes(`.spied.prom.${process.pid}`));
	rmSync(join(folder, `.spied.prom.${process.pid}`));
});

test("where it cannot be written or replaced that is told, the old one stays, and no draft is left", (t) => {
	const refused = (path: string) => t.throws(() => replaceOutputFile(path, "x"));
	t.like(refused(join(folder, "none/a.prom")), { name: "Refusal", operation: "write", code: "ENOENT" });
	mkdirSync(join(folder, "taken.prom/inside"), { recursive: true });
	t.like(refused(join(folder, "taken.prom")), { name: "Refusal", operation: "replace", code: "EISDIR" });
	t.deepEqual(
		readdirSync(folder).filter((name) => name.startsWith(".")),
		[],
	);
});

test("a file that is written whole through a link to a file that is absent is made where the link leads to", (t) => {
	const place = mkdtempSync(join(folder, "dangling-"));
	mkdirSync(join(place, "sub"));
	symlinkSync("sub/next.svg", join(place, "link.svg"));
	symlinkSync("made\xe9.svg", join(place, "sub/next.svg"));
	writeWholeFile(join(place, "link.svg"), "x");
	t.is(readFileSync(join(place, "link.svg"), "utf8"), "x");
	t.true(lstatSync(join(place, "link.svg")).isSymbolicLink());
	t.is(readdirSync(join(place, "sub")).length, 2);
	symlinkSync("none/x.svg", join(place, "nowhere.svg"));
	t.throws(() => writeWholeFile(join(place, "nowhere.svg"), "x"), { message: /ENOENT/ });
	symlinkSync("circle.svg", join(place, "circle.svg"));
	t.throws(() => writeWholeFile(join(place, "circle.svg"), "x"), { message: /ELOOP/ });
});

test("a file that is written whole is not opened to more readers than the one that it replaces", (t) => {
	const path = join(folder, "private.svg");
	writeFileSync(path, "old", { mode: 0o600 });
	writeWholeFile(path, "new");
	t.is(statSync(path).mode & 0o777, 0o600);
});

test("a file that is written whole is made or replaced, through a link too, and nothing is left beside it", (t) => {
	const place = mkdtempSync(join(folder, "whole-"));
	const path = join(place, "x.svg");
	writeWholeFile(path, "one");
	symlinkSync("x.svg", join(place, "link.svg"));
	writeWholeFile(join(place, "link.svg"), "caf\xe9");
	t.is(readFileSync(path, "latin1"), "caf\xe9");
	t.is(statSync(path).mode & 0o777, 0o644);
	t.deepEqual(readdirSync(place).sort(), ["link.svg", "x.svg"]);
	writeWholeFile(join(place, "\xe9.svg"), Buffer.from("bytes"));
	t.is(readFileSync(Buffer.from(join(place, "\xe9.svg"), "latin1"), "utf8"), "bytes");
});

test("a file is written whole only where a regular file can be", (t) => {
	const place = mkdtempSync(join(folder, "odd-"));
	symlinkSync("/dev/null", join(place, "device"));
	mkdirSync(join(place, "directory"));
	for (const [name, code, reason] of [
		["device", "EINVAL", "it is no regular file"],
		["directory", "EINVAL", "it is no regular file"],
		["none/x", "ENOENT", undefined],
	] as const) {
		const path = join(place, name);
		const refusal = t.throws(() => writeWholeFile(path, "x"), { instanceOf: Refusal });
		t.like(refusal, { operation: "write", subject: path, code, reason });
	}
	t.deepEqual(readdirSync(place).sort(), ["device", "directory"]);
});
