import {
	copyFileSync,
	linkSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { publish } from "../../../src/linux/depmod/publish.js";
import { runUnder } from "../../support/running/umask.js";

const newFiles = (...names: readonly string[]) => new Map(names.map((name) => [name, Buffer.from("new")]));

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "publish-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	return folder;
}

test("what cannot be replaced keeps everything as it was", async (t) => {
	const folder = makeFolder(t);
	writeFileSync(join(folder, "modules.dep"), "old");
	mkdirSync(join(folder, "modules.symbols"));
	const error = await t.throwsAsync(publish(folder, newFiles("modules.dep", "modules.alias", "modules.symbols")), {
		instanceOf: Refusal,
	});
	t.is(`${error.operation} ${error.code} ${error.subject}`, `replace EISDIR ${folder}/modules.symbols`);
	t.deepEqual(readdirSync(folder).sort(), ["modules.dep", "modules.symbols"]);
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "old");
});

test("files are readable by all and writable by their owner, whatever the old ones were and the umask is", async (t) => {
	const folder = makeFolder(t);
	writeFileSync(join(folder, "modules.dep"), "old", { mode: 0o600 });
	const module = new URL("../../../src/linux/depmod/publish.js", import.meta.url).href;
	const names = ["modules.dep", "modules.alias"];
	const files = `new Map(${JSON.stringify(names)}.map((name) => [name, Buffer.from("new")]))`;
	runUnder("077", `import { publish } from "${module}"; await publish("${folder}", ${files});`);
	for (const name of names) t.is(statSync(join(folder, name)).mode & 0o7777, 0o644);
});

test("links planted where drafts could be expected are nothing to it", async (t) => {
	const folder = makeFolder(t);
	writeFileSync(join(folder, "target"), "kept");
	for (const end of ["new", "old"]) symlinkSync("target", join(folder, `modules.dep.${process.pid}.${end}`));
	await publish(folder, newFiles("modules.dep"));
	t.is(readFileSync(join(folder, "target"), "latin1"), "kept");
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "new");
	t.true(lstatSync(join(folder, "modules.dep")).isFile());
});

const digits = "0123456789abcdef01234567";
/** Leftovers of a process that was killed: named in today's way, and in the way of the first versions. */
const dead = [
	...[`.modules.dep.bin.${digits}.new`, `.modules.dep.${digits}.old`],
	...["modules.alias.bin.4242.new", "modules.dep.77.old"],
];
const others = ["modules.dep.bak", "modules.dep.new", ".modules.dep.swp", `x.${digits}.new`, "modules.dep.4242.8.9"];

test("where nobody else writes, what a dead process has left is removed, and nothing else", async (t) => {
	const folder = makeFolder(t);
	for (const name of [...dead, ...others]) writeFileSync(join(folder, name), "x");
	await publish(folder, newFiles("modules.dep"), true);
	t.deepEqual(readdirSync(folder).sort(), [...others, "modules.dep"].sort());
});

/** Resolves when the file system's clock is later than the last change of the file's inode (st_ctime). */
async function untilLater(folder: string, changed: string): Promise<void> {
	const { ctimeNs } = statSync(join(folder, changed), { bigint: true });
	const probe = join(folder, "probe");
	for (let now = 0n; now <= ctimeNs; await setTimeout(1)) {
		writeFileSync(probe, "x");
		now = statSync(probe, { bigint: true }).ctimeNs;
	}
	rmSync(probe);
}

test("where others may write, a dead process's is what nobody has touched for a while by the file system's clock", async (t) => {
	const folder = makeFolder(t);
	for (const name of [...dead, ...others]) writeFileSync(join(folder, name), "x");
	await untilLater(folder, others.at(-1)!);
	// By default a leftover has to be an hour old.
	await publish(folder, newFiles("modules.dep"), false);
	t.deepEqual(readdirSync(folder).sort(), [...dead, ...others, "modules.dep"].sort());
	await publish(folder, newFiles("modules.dep"), false, 0);
	t.deepEqual(readdirSync(folder).sort(), [...others, "modules.dep"].sort());
});

test("a kept file is as old as its name is, and not as what is in it", async (t) => {
	const folder = makeFolder(t);
	const index = join(folder, "modules.dep");
	writeFileSync(index, "old");
	utimesSync(index, 1, 1);
	const kept = [`.modules.dep.${digits}.old`, "modules.dep.77.old"];
	linkSync(index, join(folder, kept[0]!));
	copyFileSync(index, join(folder, kept[1]!));
	utimesSync(join(folder, kept[1]!), 1, 1);
	await publish(folder, newFiles("modules.dep"));
	t.deepEqual(readdirSync(folder).sort(), [...kept, "modules.dep"].sort());
});

test("a folder with a draft's name, and what in it is no file, hold nothing up", async (t) => {
	const folder = makeFolder(t);
	mkdirSync(join(folder, dead[0]!));
	await publish(folder, newFiles("modules.dep"), true);
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "new");
});
