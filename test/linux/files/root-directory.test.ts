import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { files } from "../../../src/linux/files/files.js";
import { filesWithin, findWithin, insertWithin, withinRoot } from "../../../src/linux/files/root-directory.js";
import { openKernel } from "../../../src/linux/modules/kernel.js";

const made = mkdtempSync(join(tmpdir(), "roots-"));
process.once("exit", () => rmSync(made, { recursive: true, force: true }));

/** A root with these files, and a link for each content that begins with "-> ". A file `secret` lies beside the root. */
function makeRoot(content: Readonly<Record<string, string>>): string {
	const folder = mkdtempSync(join(made, "root-"));
	const root = join(folder, "machine");
	writeFileSync(join(folder, "secret"), "of this machine");
	mkdirSync(root);
	for (const [path, text] of Object.entries(content)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		if (text.startsWith("-> ")) symlinkSync(text.slice(3).replace("FOLDER", folder), join(root, path));
		else writeFileSync(join(root, path), text);
	}
	return root;
}

const read = (root: string, path: string) =>
	filesWithin(root, files)
		.read(root + path)
		?.toString();

const leads = test.macro({
	exec(t, content: Readonly<Record<string, string>>, path: string, expected: string | undefined) {
		t.is(read(makeRoot(content), path), expected);
	},
	title: (title) => `within a root ${title}`,
});

test("a file is read", leads, { "etc/a": "a" }, "/etc/a", "a");
test("an absolute link is one from the root", leads, { "usr/a": "a", "etc/a": "-> /usr/a" }, "/etc/a", "a");
test("an absolute link to a directory is too", leads, { "usr/lib/a": "a", lib: "-> /usr/lib" }, "/lib/a", "a");
test("a relative link is one from its place", leads, { "usr/a": "a", "etc/a": "-> ../usr/a" }, "/etc/a", "a");
test("links follow each other", leads, { "x/a": "a", b: "-> /c/../d", d: "-> x", "c/e": "" }, "/b/a", "a");
test("nothing lies above", leads, { "a/b": "b", c: "-> ../../../../a/b" }, "/c", "b");
test("nothing lies above a path either", leads, { secret: "own" }, "/../../secret", "own");
test("a link that leads out leads to nothing", leads, { a: "-> FOLDER/secret" }, "/a", undefined);
test("a relative link that leads out does too", leads, { "etc/a": "-> ../../secret" }, "/etc/a", undefined);
test("a link to nowhere is nothing", leads, { a: "-> b" }, "/a", undefined);
test("what is no directory has nothing in it", leads, { a: "a" }, "/a/b", undefined);
test("a file of the name that a link has is none of its parts", leads, { a: "-> nothing" }, "/a", undefined);

test("a loop of links is refused, by the name that was asked for", (t) => {
	const root = makeRoot({ a: "-> b", b: "-> a" });
	for (const look of [filesWithin(root, files).read, filesWithin(root, files).list, filesWithin(root, files).stamp]) {
		const { code, subject } = t.throws(() => look(`${root}/a`), { instanceOf: Refusal })!;
		t.deepEqual([code, subject], ["ELOOP", `${root}/a`]);
	}
});

test("forty links are followed, as by the kernel, and no more", (t) => {
	const chain = (length: number) =>
		Object.fromEntries(Array.from({ length }, (_, place) => [`${place}`, `-> ${place + 1}`]));
	t.is(read(makeRoot({ ...chain(40), 40: "end" }), "/0"), "end");
	t.throws(() => read(makeRoot({ ...chain(41), 41: "end" }), "/0"), { instanceOf: Refusal });
});

test("directories are listed where they are, and stamps are of what is found", (t) => {
	const root = makeRoot({ "usr/lib/a": "a", lib: "-> /usr/lib" });
	const within = filesWithin(root, files);
	t.deepEqual(within.list(`${root}/lib`), readdirSync(join(root, "usr/lib")));
	t.is(within.stamp(`${root}/lib/a`), files.stamp(join(root, "usr/lib/a")));
});

test("a path that is spelled otherwise is below the root too, and one that is not is what it says", (t) => {
	const root = makeRoot({ "usr/a": "a", a: "-> /usr/a" });
	t.is(filesWithin(relative("", root), files).read(`${root}/a`)?.toString(), "a");
	t.is(filesWithin(root, files).read(join(root, "../secret"))?.toString(), "of this machine");
	t.is(findWithin(root, "/etc/modprobe.d"), "/etc/modprobe.d");
	t.is(findWithin(root, `${root}er`), `${root}er`);
});

test("what is not there is told apart by whether a link led there", (t) => {
	const root = makeRoot({
		"usr/etc/a": "a",
		out: "-> FOLDER/secret",
		dead: "-> usr/none",
		etc: "-> usr/etc",
		file: "-> usr/etc/a/b",
		real: "a",
		twice: "-> dead/deeper",
	});
	const leadsNowhere = (path: string) => filesWithin(root, files).leadsNowhere?.(root + path);
	for (const path of ["/out", "/out/x", "/dead", "/dead/x/y", "/file", "/twice"]) t.true(leadsNowhere(path), path);
	for (const path of ["/none", "/none/x", "/etc/none", "/etc/a", "/etc/a/x", "/real/x", "/usr/../none"])
		t.false(leadsNowhere(path), path);
	// Without a root, absolute links are followed on this machine.
	t.false(files.leadsNowhere?.(`${root}/out`));
	for (const path of ["/dead", "/dead/x/y", "/file", "/twice"]) t.true(files.leadsNowhere?.(root + path), path);
	for (const path of ["/none", "/etc/none", "/etc/a", "/real/x"]) t.false(files.leadsNowhere?.(root + path), path);
});

test("what is refused is named as it was asked for, and not by where links lead", async (t) => {
	const root = makeRoot({ "usr/lib/a.ko": "a", "usr/lib/closed/a.ko": "", lib: "-> /usr/lib" });
	const machine = withinRoot(root, openKernel());
	const asked = `${root}/lib/none.ko`;
	for (const act of [() => machine.readModule(asked), () => machine.insert(asked, "")]) {
		const { code, subject, message } = (await t.throwsAsync(act, { instanceOf: Refusal }))!;
		t.deepEqual([code, subject, message], ["ENOENT", asked, `open ${asked}: ENOENT`]);
	}
	const { subject } = t.throws(() => machine.read(`${root}/lib/closed`), { instanceOf: Refusal })!;
	t.is(subject, `${root}/lib/closed`);
});

test("what is refused for another thing than the file is left as it is", async (t) => {
	const root = makeRoot({ "usr/lib/a.ko": "a", lib: "-> /usr/lib" });
	const own = new Refusal({ operation: "read", subject: "/sys/module/compression", code: "EIO" });
	const given: string[] = [];
	const insert = insertWithin(root, async (path, ...more) => {
		given.push(path, ...more.map(String));
		throw own;
	});
	t.is(await t.throwsAsync(insert(`${root}/lib/a.ko`, "x=1")), own);
	t.deepEqual(given, [`${root}/usr/lib/a.ko`, "x=1"]);
});
