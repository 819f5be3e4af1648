import {
	lstatSync,
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
import test, { type ExecutionContext } from "ava";
import { closeDraft, draftName, dropDraft, writeDraft } from "../../../src/linux/files/draft.js";
import { runUnder } from "../../support/running/umask.js";

const module = new URL("../../../src/linux/files/draft.js", import.meta.url).href;

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "draft-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	return folder;
}

test("a draft stands beside its file, hidden, and has another name each time", (t) => {
	const names = Array.from({ length: 1000 }, () => draftName("/a/modules.dep.bin", ".new"));
	t.is(new Set(names).size, names.length);
	for (const name of names) t.regex(name, /^\/a\/\.modules\.dep\.bin\.[0-9a-f]{24}\.new$/);
});

test("a file of the longest name has a draft, too", (t) => {
	const folder = makeFolder(t);
	const draft = writeDraft(() => draftName(join(folder, "n".repeat(255)), ".new"), "x", 0o644);
	dropDraft(draft);
	t.deepEqual(readdirSync(folder), []);
});

test("what has the name already is neither followed nor written, and another name is tried", (t) => {
	const folder = makeFolder(t);
	writeFileSync(join(folder, "target"), "kept");
	symlinkSync(join(folder, "target"), join(folder, "link"));
	symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
	const names = ["link", "dangling", "target", "free"].values();
	const draft = writeDraft(() => join(folder, names.next().value ?? ""), "new", 0o600);
	closeDraft(draft);
	t.is(draft.path, join(folder, "free"));
	t.is(readFileSync(draft.path, "latin1"), "new");
	t.is(statSync(draft.path).mode & 0o7777, 0o600);
	t.is(readFileSync(join(folder, "target"), "latin1"), "kept");
	t.true(lstatSync(join(folder, "dangling")).isSymbolicLink());
	t.deepEqual(readdirSync(folder).sort(), ["dangling", "free", "link", "target"]);
});

test("where every name is taken that is an error in the end", (t) => {
	const folder = makeFolder(t);
	writeFileSync(join(folder, "taken"), "kept");
	t.throws(() => writeDraft(() => join(folder, "taken"), "new", 0o600), { code: "EEXIST" });
	t.is(readFileSync(join(folder, "taken"), "latin1"), "kept");
});

test("its mode is the one that is asked for, whatever the umask is", (t) => {
	const folder = makeFolder(t);
	const write = (name: string, mode: number) =>
		`import { writeDraft } from "${module}"; writeDraft(() => "${join(folder, name)}", "x", ${mode});`;
	runUnder("077", write("read", 0o644));
	runUnder("000", write("closed", 0o600));
	t.is(statSync(join(folder, "read")).mode & 0o7777, 0o644);
	t.is(statSync(join(folder, "closed")).mode & 0o7777, 0o600);
});
