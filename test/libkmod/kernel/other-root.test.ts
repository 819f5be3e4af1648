import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openKmod } from "../../../src/index.js";
import { moduleFileIn, trimRoot } from "../../../src/libkmod/kernel/other-root.js";
import { RELEASE } from "../../support/worlds/world.js";
import { writeWorld } from "../../support/worlds/world-folder.js";

test("a root is written without the slashes behind it", (t) => {
	t.deepEqual(["/", "//", "", "/a/", "a//", "/a/b"].map(trimRoot), ["", "", "", "/a", "a", "/a/b"]);
});

test("a module's file is below its directory or, where its path is absolute, below the root", (t) => {
	const place = { root: "/r", moduleDirectory: "/r/lib/modules/6" };
	t.is(moduleFileIn(place, "kernel/a.ko"), "/r/lib/modules/6/kernel/a.ko");
	t.is(moduleFileIn(place, "/opt/a.ko"), "/r/opt/a.ko");
	t.is(moduleFileIn({ moduleDirectory: "/lib/modules/6" }, "/opt/a.ko"), "/opt/a.ko");
});

test("a root that is empty, gone or no directory is refused, as commands refuse it, and / is this machine", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "other-root-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, "file");
	writeFileSync(file, "");
	const refused = (root: string, code: string, why: string) =>
		t.throws(() => openKmod({ root, release: RELEASE }), { name: "Refusal", code, message: `list ${root}: ${why}` });
	refused("", "ENOENT", "root names no directory: it is empty");
	refused(join(folder, "gone"), "ENOENT", "there is no such directory");
	refused(file, "ENOTDIR", "is no directory");
	refused("/dev/null", "ENOTDIR", "is no directory");
	symlinkSync("loop", join(folder, "loop"));
	t.throws(() => openKmod({ root: join(folder, "loop") }), { name: "Refusal", code: "ELOOP" });
	t.is(openKmod({ root: folder, release: RELEASE }).moduleDirectory, `${folder}/lib/modules/${RELEASE}`);
	t.is(openKmod({ root: "/", release: RELEASE }).moduleDirectory, `/lib/modules/${RELEASE}`);
	t.is(openKmod({ release: RELEASE }).moduleDirectory, `/lib/modules/${RELEASE}`);
});

test("the library follows another root's links within it, and leaves this machine's configuration alone", async (t) => {
	const root = mkdtempSync(join(tmpdir(), "other-root-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	writeWorld(root, { modules: { card: ["base"], base: [] }, config: "options card from=captured" });
	mkdirSync(join(root, "usr"));
	renameSync(join(root, "lib"), join(root, "usr/lib"));
	symlinkSync("/usr/lib", join(root, "lib"));
	writeFileSync(join(root, "usr/site.conf"), "options card more=1\n");
	symlinkSync("/usr/site.conf", join(root, "etc/modprobe.d/z-site.conf"));
	// The host has this file on every machine that runs the tests.
	symlinkSync("/etc/passwd", join(root, "etc/modprobe.d/z-theirs.conf"));
	const kmod = openKmod({ root, release: RELEASE });
	t.deepEqual(kmod.lookUp("card"), [{ name: "card" }]);
	t.is(kmod.options("card"), "from=captured more=1");
	t.true(kmod.configurationFiles.every((file) => file.startsWith(`${root}/`)));
	t.false(kmod.configurationFiles.some((file) => file.endsWith("z-theirs.conf")));
	t.is(kmod.state("card"), undefined);
	t.throws(() => kmod.loaded(), { message: `read ${root}/proc/modules: ENOENT` });
	// The link leads to a file of the root, which is no module.
	await t.throwsAsync(kmod.info("card"), { name: "MalformedModule" });
	t.is(kmod.path("card"), `${root}/lib/modules/${RELEASE}/kernel/card.ko`);
});
