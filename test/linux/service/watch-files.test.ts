import { execFileSync } from "node:child_process";
import {
	appendFileSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { traceReads } from "../../../src/agent/settings/read-trace.js";
import { watchStaleness } from "../../../src/agent/settings/staleness.js";
import { readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../../../src/libkmod/knowledge/lookup.js";
import { files } from "../../../src/linux/files/files.js";
import { watchDirectories } from "../../../src/linux/service/watch-files.js";
import { watchSession } from "../../support/programs/watch-session.js";
import { runInNamespace } from "../../support/running/network-namespace.js";
import { until } from "../../support/running/until.js";
import { moduleDirectory, writeDepmodWorld } from "../../support/worlds/depmod-world.js";
import { moduleImage } from "../../support/worlds/elf-image.js";

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "watch-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A watch of these directories that counts its hints. A wait for a hint ends after a while. */
function watched(t: ExecutionContext, ...directories: readonly string[]) {
	let hints = 0;
	const watch = watchDirectories({
		onHint: () => hints++,
		onProblem(problem) {
			throw problem;
		},
	});
	t.teardown(() => watch.close());
	watch.follow(directories);
	return {
		watch,
		/** Resolves at the first hint after the change was made. */
		async hintOf(change: () => void): Promise<void> {
			await setTimeout(20);
			const before = hints;
			change();
			await until(() => hints > before);
		},
		hints: () => hints,
	};
}

test("a file that is written, appended to, replaced by another or removed gives a hint", async (t) => {
	const folder = makeFolder(t);
	const file = join(folder, "file");
	const { hintOf } = watched(t, folder);
	await hintOf(() => writeFileSync(file, "1"));
	await hintOf(() => appendFileSync(file, "2"));
	const draft = join(makeFolder(t), "draft");
	writeFileSync(draft, "3");
	await hintOf(() => renameSync(draft, file));
	await hintOf(() => unlinkSync(file));
	await hintOf(() => symlinkSync("elsewhere", file));
	t.pass();
});

test("a directory that is not there yet gives one when it comes, and then what happens in it", async (t) => {
	const folder = makeFolder(t);
	const late = join(folder, "some/where/late");
	const { watch, hintOf } = watched(t, late);
	for (const path of ["some", "some/where", "some/where/late", "some/where/late/file"]) {
		await hintOf(() => mkdirSync(join(folder, path)));
		watch.refresh();
	}
	t.pass();
});

test("above one that is not there, nothing else counts", async (t) => {
	const folder = makeFolder(t);
	const { hintOf, hints } = watched(t, join(folder, "late"));
	for (let i = 0; i < 20; i++) writeFileSync(join(folder, `other${i}`), "");
	await hintOf(() => mkdirSync(join(folder, "late")));
	t.is(hints(), 1);
});

test("a directory that goes, comes back or is another now is found again", async (t) => {
	const folder = makeFolder(t);
	const [directory, other] = [join(folder, "directory"), join(folder, "other")];
	mkdirSync(directory);
	const { watch, hintOf } = watched(t, directory);
	await hintOf(() => rmSync(directory, { recursive: true }));
	watch.refresh();
	await hintOf(() => mkdirSync(directory));
	watch.refresh();
	await hintOf(() => writeFileSync(join(directory, "file"), ""));
	mkdirSync(other);
	await hintOf(() => renameSync(directory, join(folder, "old")));
	renameSync(other, directory);
	watch.refresh();
	await hintOf(() => writeFileSync(join(directory, "new"), ""));
	t.pass();
});

test("one directory may be followed by two names", async (t) => {
	const folder = makeFolder(t);
	const [directory, link] = [join(folder, "directory"), join(folder, "link")];
	mkdirSync(directory);
	symlinkSync(directory, link);
	const { watch, hintOf } = watched(t, directory, link);
	await hintOf(() => writeFileSync(join(directory, "a"), ""));
	watch.follow([link]);
	await hintOf(() => writeFileSync(join(directory, "b"), ""));
	t.pass();
});

test("what is not followed any more gives no hint", async (t) => {
	const [old, current] = [makeFolder(t), makeFolder(t)];
	const { watch, hintOf, hints } = watched(t, old);
	await hintOf(() => writeFileSync(join(old, "a"), ""));
	watch.follow([current]);
	await setTimeout(20);
	const before = hints();
	writeFileSync(join(old, "b"), "");
	await hintOf(() => mkdirSync(join(current, "c")));
	t.is(hints(), before + 1);
	watch.close();
	watch.close();
	mkdirSync(join(current, "d"));
	await setTimeout(50);
	t.is(hints(), before + 1);
});

test("where no watch is to be had, the first is told, and looking now and then finds the change", async (t) => {
	const { status, stdout, stderr } = await runInNamespace(watchSession);
	t.is(stderr, "");
	t.is(status, 0);
	t.deepEqual(JSON.parse(stdout), { problems: ["watch FOLDER: ENOSPC"], before: 0, stale: 1 });
});

test("depmod's rewriting of the indexes is told once, when it is over, and again when modprobe.d changes", async (t) => {
	const root = writeDepmodWorld(t, {
		modules: { "kernel/one.ko": moduleImage([], [], ["alias=x:one"]) },
	});
	const directory = moduleDirectory(root);
	const configuration = join(root, "etc/modprobe.d");
	const depmod = () => execFileSync("depmod", ["-C", join(root, "depmod.conf"), "-b", root, "6.1.0"]);
	const aliases = Array.from({ length: 5 }, (_, i) => `x:new${i}`);
	depmod();
	const told: string[][] = [];
	const freshness = watchStaleness({
		watch: watchDirectories({
			onHint: () => freshness.hint(),
			onProblem: (problem) => t.fail(problem.message),
		}),
		quietMilliseconds: 50,
		// Polls are so rare that only a hint can be the reason.
		pollMilliseconds: 3_600_000,
		onStale() {
			told.push(read());
		},
	});
	t.teardown(() => freshness.close());

	/** The aliases that match a module, of those that are looked up. */
	function read(): string[] {
		const trace = traceReads(files);
		const knowledge = readKnowledge(trace.files, { moduleDirectory: directory, configPaths: [configuration] });
		freshness.follow(trace);
		return aliases.filter((alias) => lookUp(knowledge, alias).length > 0);
	}
	const toldAfter = async (change: () => void): Promise<string[] | undefined> => {
		const before = told.length;
		change();
		await until(() => told.length > before);
		return told.at(-1);
	};

	t.deepEqual(read(), []);
	for (const [i, alias] of aliases.entries()) {
		const found = await toldAfter(() => {
			writeFileSync(join(directory, `kernel/new${i}.ko`), moduleImage([], [], [`alias=${alias}`]));
			depmod();
		});
		t.deepEqual(found, aliases.slice(0, i + 1));
	}
	t.is(told.length, aliases.length);
	await toldAfter(() => {
		mkdirSync(configuration, { recursive: true });
		writeFileSync(join(configuration, "a.conf"), "blacklist one\n");
	});
	await toldAfter(() => appendFileSync(join(configuration, "a.conf"), "# in place\n"));
	await toldAfter(() => rmSync(join(root, "etc"), { recursive: true }));
	t.is(told.length, aliases.length + 3);
	t.true(readFileSync(join(directory, "modules.dep"), "latin1").includes("new4"));
});
