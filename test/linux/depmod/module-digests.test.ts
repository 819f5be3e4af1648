import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import test from "ava";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { decodingBudget, MemoryBudget, useBudget } from "../../../src/linux/decoding/memory-budget.js";
import { digestInThreads } from "../../../src/linux/depmod/digest-threads.js";
import { digestModules, digestScripted } from "../../../src/linux/depmod/module-digests.js";
import { moduleImage } from "../../support/worlds/elf-image.js";

const folder = mkdtempSync(join(tmpdir(), "digests-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;

test.serial("threads of JavaScript have the process's budget between them", async (t) => {
	const paths = Array.from({ length: 48 }, (_, n) => `m${n}.ko.gz`);
	const packed = gzipSync(Buffer.alloc(MIB));
	for (const path of paths) writeFileSync(join(folder, path), packed);
	const usual = decodingBudget();
	for (const fitting of [0, 1, 2]) {
		const budget = new MemoryBudget(fitting * 2 * MIB + MIB / 2);
		useBudget(budget);
		const modules = await digestInThreads(3, folder, paths, new SymbolNames());
		t.is(modules?.length, 48);
		t.true(modules?.every(({ malformed }) => malformed?.reason === "Exec format error"));
		t.true(budget.peak >= 2 * MIB && budget.peak <= Math.max(fitting, 1) * 2 * MIB + MIB / 2, String(budget.peak));
	}
	useBudget(usual);
});

for (const [does, message] of [
	["throw", "thrown by a thread"],
	["exit", "a thread that reads modules has ended by itself, with exit status 3"],
] as const)
	test.serial(`a thread that fails (${does}) ends the others, and all of their memory is given back`, async (t) => {
		const usual = decodingBudget();
		const budget = new MemoryBudget(2);
		useBudget(budget);
		const script = fileURLToPath(new URL("../../support/programs/failing-digest-thread.js", import.meta.url));
		// One thread gets memory and waits for ever, the other gets memory and fails.
		const paths = ["wait", does].flatMap((first) => Array<string>(16).fill(first));
		const thrown = await t.throwsAsync(digestInThreads(2, folder, paths, new SymbolNames(), script)!, { any: true });
		t.is((thrown as Error).message, message);
		t.is(budget.held, 0);
		t.true(budget.peak > 0);
		useBudget(usual);
	});

test.serial("what threads that fail would have digested is digested here", async (t) => {
	const paths = Array.from({ length: 20 }, (_, n) => `left${n}.ko.gz`);
	for (const path of paths)
		writeFileSync(join(folder, path), gzipSync(moduleImage([`of_${path.slice(4, -6)}`], ["shared"])));
	const script = fileURLToPath(new URL("../../support/programs/failing-digest-thread.js", import.meta.url));
	const wanted = ["throw", ...paths];
	const digester = new ModuleDigester(new SymbolNames());
	const modules = await digestScripted(2, folder, wanted, digester, script);
	t.deepEqual(
		modules.map(({ path }) => path),
		wanted,
	);
	t.deepEqual(
		modules.flatMap(({ exports }) => exports.symbols.map((symbol) => digester.names.nameOf(symbol))),
		paths.map((path) => `of_${path.slice(4, -6)}`),
	);
});

test("other work has its turn while thousands of files are read", async (t) => {
	writeFileSync(join(folder, "tiny.ko"), "x");
	let turns = 0;
	const turn = (): void => {
		turns++;
		next = setImmediate(turn);
	};
	let next = setImmediate(turn);
	const { modules } = await digestModules(folder, Array<string>(20_000).fill("tiny.ko"));
	clearImmediate(next);
	t.is(modules.length, 20_000);
	t.true(turns > 0);
});

test("what is no regular file, or larger than any module, is unreadable by its reason, and others are read", async (t) => {
	writeFileSync(join(folder, "large.ko"), "");
	truncateSync(join(folder, "large.ko"), 2 ** 31);
	writeFileSync(join(folder, "short.ko"), "x");
	const { modules } = await digestModules(folder, ["large.ko", "/dev/zero", folder, "short.ko"]);
	t.deepEqual(
		modules.map(({ malformed }) => malformed?.reason),
		[
			"it is larger than 2 GiB, the limit for a module",
			"it is a device, and no regular file",
			"Is a directory",
			"Invalid argument",
		],
	);
});
