// Replaces a set of files as depmod must: a disk that is full or a file that cannot be replaced leaves all of the old ones, and
// a machine that loses power none that is cut short. Only if that happens between two renames are some old and some new.

import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { onDisk } from "./disk-path.js";
import { isAbsent, refusalFor } from "./refusal.js";

/** A file that is to appear at `path`; `old` is a second name of the one that is there, for as long as it may be put back. */
type Draft = { readonly path: string; readonly draft: string; readonly old: string };

/** All are on the disk beside the old ones before the first takes its name. @throws {Refusal} with the file's path */
export async function publish(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
	attempt("make", directory, () => mkdirSync(onDisk(directory), { recursive: true, mode: 0o755 }));
	const drafts: Draft[] = [];
	try {
		for (const [name, content] of files) {
			const path = join(directory, name);
			const draft = `${path}.${process.pid}.new`;
			drafts.push({ path, draft, old: `${path}.${process.pid}.old` });
			attempt("write", path, () => writeFileSync(onDisk(draft), content, { mode: 0o644 }));
		}
		// At once: a journal then has one or two commits in place of a dozen.
		await Promise.all(drafts.map(({ draft, path }) => sync(draft, path)));
		for (const draft of drafts) attempt("replace", draft.path, () => keepOld(draft));
		replaceAll(drafts);
	} finally {
		for (const { draft, old } of drafts) for (const path of [draft, old]) rmSync(onDisk(path), { force: true });
	}
	await sync(directory, directory);
}

function keepOld({ path, old }: Draft): void {
	rmSync(onDisk(old), { force: true });
	try {
		linkSync(onDisk(path), onDisk(old));
	} catch (thrown) {
		// Some file systems have no links.
		if (!isAbsent(thrown)) copyFileSync(onDisk(path), onDisk(old));
	}
}

function replaceAll(drafts: readonly Draft[]): void {
	const replaced: Draft[] = [];
	try {
		for (const it of drafts) {
			attempt("replace", it.path, () => renameSync(onDisk(it.draft), onDisk(it.path)));
			replaced.push(it);
		}
	} catch (thrown) {
		for (const it of replaced) attempt("put back", it.path, () => putBack(it));
		throw thrown;
	}
}

function putBack({ path, old }: Draft): void {
	try {
		renameSync(onDisk(old), onDisk(path));
	} catch (thrown) {
		if (!isAbsent(thrown)) throw thrown;
		rmSync(onDisk(path));
	}
}

async function sync(path: string, subject: string): Promise<void> {
	try {
		const file = await open(onDisk(path), "r");
		await file.sync().finally(() => file.close());
	} catch (thrown) {
		throw refusalFor("sync", subject, thrown);
	}
}

function attempt(operation: string, path: string, act: () => void): void {
	try {
		act();
	} catch (thrown) {
		throw refusalFor(operation, path, thrown);
	}
}
