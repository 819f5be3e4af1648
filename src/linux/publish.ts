// Replaces a set of files as depmod must: a machine that loses power, or a disk that is full, leaves the old ones or the new
// ones, and none that is cut short.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { refusalFor } from "./refusal.js";

/** All are on the disk beside the old ones before the first takes its name. @throws {Refusal} with the file's path */
export async function publish(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
	attempt("make", directory, () => mkdirSync(directory, { recursive: true, mode: 0o755 }));
	const drafts: { readonly draft: string; readonly path: string }[] = [];
	try {
		for (const [name, content] of files) {
			const path = join(directory, name);
			const draft = `${path}.${process.pid}.new`;
			drafts.push({ draft, path });
			attempt("write", path, () => writeFileSync(draft, content, { mode: 0o644 }));
		}
		// At once: a journal then has one or two commits in place of a dozen.
		await Promise.all(drafts.map(({ draft, path }) => sync(draft, path)));
		for (const { draft, path } of drafts) attempt("replace", path, () => renameSync(draft, path));
	} finally {
		for (const { draft } of drafts) rmSync(draft, { force: true });
	}
	await sync(directory, directory);
}

async function sync(path: string, subject: string): Promise<void> {
	try {
		const file = await open(path, "r");
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
