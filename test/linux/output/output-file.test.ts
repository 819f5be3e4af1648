import {
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
import { replaceOutputFile } from "../../../src/linux/output/output-file.js";
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
