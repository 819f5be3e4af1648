// The state of depmod's files after each call that publishes them has failed in its turn, and after a kill before each call.
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { findMixture } from "../../../src/libkmod/check/mixed-set.js";
import { inOrderOfPublication, isDraft } from "../../../src/libkmod/depmod/publication.js";
import { publish } from "../../../src/linux/depmod/publish.js";
import { files } from "../../../src/linux/files/files.js";
import { type CallName, KILLED, withFates } from "../../support/running/file-system-calls.js";

/** The files in the order in which depmod prints them. */
const NAMES = [
	...["modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep", "modules.weakdep"],
	...["modules.symbols", "modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.devname"],
];
/** A file that the older depmod did not write. */
const ABSENT = "modules.weakdep";
const fresh = new Map(NAMES.map((name) => [name, Buffer.from(`new ${name}`)]));

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "publish-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	for (const name of NAMES) if (name !== ABSENT) writeFileSync(join(folder, name), `old ${name}`);
	writeFileSync(join(folder, "modules.order"), "kept");
	return folder;
}

type State = { readonly old: string[]; readonly new: string[]; readonly strange: string[]; readonly drafts: string[] };

/** Sorts the files of the folder by their content. */
function readState(folder: string): State {
	const state: State = { old: [], new: [], strange: [], drafts: [] };
	for (const name of readdirSync(folder).sort()) {
		const content = readFileSync(join(folder, name), "latin1");
		if (isDraft(name)) state.drafts.push(name);
		else if (content === `old ${name}`) state.old.push(name);
		else if (content === `new ${name}`) state.new.push(name);
		else if (name !== "modules.order" || content !== "kept") state.strange.push(name);
	}
	return state;
}

const whole = { old: NAMES.filter((name) => name !== ABSENT).sort(), new: [], strange: [], drafts: [] };
const replaced = { old: [], new: [...NAMES].sort(), strange: [], drafts: [] };

function callsOf(t: ExecutionContext, alone: boolean): Promise<CallName[]> {
	const folder = makeFolder(t);
	return withFates(
		() => undefined,
		() => publish(folder, fresh, alone),
	);
}

/**
 * Calls whose failure does not keep the files from being published: without a hard link a copy is made, and a leftover draft is
 * removed by the next run.
 */
const SPARED: readonly CallName[] = ["fstatSync", "fchmodSync", "readdirSync", "lstatSync", "linkSync", "unlinkSync"];

for (const alone of [true, false])
	test.serial(
		`each call fails in turn: the old files stay, whole, and no draft (${alone ? "" : "not "}locked)`,
		async (t) => {
			const calls = await callsOf(t, alone);
			t.true(calls.length > 9 * NAMES.length, calls.join());
			for (const [number, name] of calls.entries()) {
				const folder = makeFolder(t);
				let refusal: unknown;
				await withFates(
					(_, at) => (at === number ? "EIO" : undefined),
					() => publish(folder, fresh, alone).catch((thrown) => (refusal = thrown)),
				);
				const state = readState(folder);
				const message = `${number}: ${name}`;
				const isOfDirectory = name === "closeSync" && calls.indexOf("renameSync") < number;
				// When the time of the first file cannot be set, no file has its time set.
				const isFirstTime = name === "futimesSync" && number === calls.indexOf(name);
				if (SPARED.includes(name) || isOfDirectory || isFirstTime) {
					t.is(refusal, undefined, message);
					t.deepEqual(name === "unlinkSync" ? { ...state, drafts: [] } : state, replaced, message);
					t.true(state.drafts.length <= 1);
				} else {
					t.like(refusal, { name: "Refusal", code: "EIO" }, message);
					t.deepEqual(state, whole, message);
				}
				await publish(folder, fresh, true);
				t.deepEqual(readState(folder), replaced, message);
			}
		},
	);

test.serial(
	"killed before each call: every file is whole, a mixture is in order and told, and the next one mends it",
	async (t) => {
		const calls = await callsOf(t, true);
		let mixed = 0;
		for (const number of calls.keys()) {
			const folder = makeFolder(t);
			await withFates(
				(_, at) => (at >= number ? KILLED : undefined),
				() => publish(folder, fresh, true).catch(() => undefined),
			);
			const state = readState(folder);
			t.deepEqual(state.strange, []);
			// The files that others refer to are replaced first.
			const order = inOrderOfPublication(NAMES);
			t.deepEqual(state.new, order.slice(0, state.new.length).sort());
			if (state.new.length > 0 && state.old.length > 0) {
				mixed++;
				t.truthy(findMixture(files, folder));
			}
			await publish(folder, fresh, true);
			t.deepEqual(readState(folder), replaced);
			t.is(findMixture(files, folder), undefined);
		}
		t.true(mixed >= NAMES.length - 1);
	},
);

test.serial("once nothing works any more each file is whole, and what could not be put back is told", async (t) => {
	const calls = await callsOf(t, true);
	for (const number of calls.keys()) {
		const folder = makeFolder(t);
		await withFates(
			(_, at) => (at >= number ? "EROFS" : undefined),
			() => publish(folder, fresh, true).catch(() => undefined),
		);
		const { strange, ...state } = readState(folder);
		t.deepEqual(strange, []);
		if (state.new.length > 0 && state.old.length > 0) t.truthy(findMixture(files, folder));
	}
});

test.serial("on a file system that has no links and no directories on the disk it works as well", async (t) => {
	const folder = makeFolder(t);
	const calls = await withFates(
		(name) => (name === "linkSync" ? "EPERM" : name === "fsync" ? "EINVAL" : undefined),
		() => publish(folder, fresh, true),
	);
	t.is(calls.filter((name) => name === "copyFileSync").length, NAMES.length - 1);
	t.deepEqual(readState(folder), replaced);
});

test.serial("files that are put back are those of their run, be they links or copies", async (t) => {
	for (const link of [undefined, "EPERM"]) {
		const folder = makeFolder(t);
		await publish(folder, new Map(NAMES.map((name) => [name, Buffer.from(`old ${name}`)])), true);
		let renames = 0;
		await withFates(
			(name) => (name === "linkSync" ? link : name === "renameSync" && renames++ === 5 ? "EIO" : undefined),
			() => publish(folder, fresh, true).catch(() => undefined),
		);
		t.deepEqual(readState(folder), { ...whole, old: [...NAMES].sort() });
		t.is(findMixture(files, folder), undefined);
	}
});

/** Calls `between` when the last file has its name and the directory is about to be synced; that fsync fails then. */
async function whereSyncFails(between: () => Promise<unknown>, act: () => Promise<unknown>): Promise<void> {
	const { fsync } = fs;
	let synced = 0;
	const failing = (fd: number, done: fs.NoParamCallback): void => {
		if (++synced !== NAMES.length + 1) fsync(fd, done);
		else void between().then(() => done(Object.assign(new Error("EIO"), { code: "EIO", errno: -5 })), done);
	};
	fs.fsync = failing as typeof fsync;
	syncBuiltinESMExports();
	try {
		await act();
	} finally {
		fs.fsync = fsync;
		syncBuiltinESMExports();
	}
}

test.serial("of two that publish side by side without a lock, each can put back what it has kept", async (t) => {
	const folder = makeFolder(t);
	// Old times of modification, as in the directory of a kernel that was installed long ago.
	for (const name of readdirSync(folder)) utimesSync(join(folder, name), 1, 1);
	let refusal: unknown;
	await whereSyncFails(
		() => publish(folder, fresh, false),
		() => publish(folder, fresh, false).catch((thrown) => (refusal = thrown)),
	);
	t.like(refusal, { operation: "sync", code: "EIO" });
	t.deepEqual(readState(folder), whole);
});
