// Replaces a set of files as depmod must: a machine that loses power, or a disk that is full, leaves the old ones or the new
// ones, and none that is cut short.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { refusalFor } from "./refusal.js";

/** All are written beside the old ones before the first takes its name. @throws {Refusal} with the file's path */
export function publish(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
	attempt("make", directory, () => mkdirSync(directory, { recursive: true, mode: 0o755 }));
	const drafts: { readonly draft: string; readonly path: string }[] = [];
	try {
		for (const [name, content] of files) {
			const path = join(directory, name);
			const draft = `${path}.${process.pid}.new`;
			drafts.push({ draft, path });
			attempt("write", path, () => writeDraft(draft, content));
		}
		for (const { draft, path } of drafts) attempt("sync", path, () => sync(draft));
		for (const { draft, path } of drafts) attempt("replace", path, () => renameSync(draft, path));
	} finally {
		for (const { draft } of drafts) rmSync(draft, { force: true });
	}
	attempt("sync", directory, () => sync(directory));
}

function writeDraft(path: string, content: Uint8Array): void {
	writeFileSync(path, content, { mode: 0o644 });
}

function sync(path: string): void {
	const fd = openSync(path, "r");
	try {
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

function attempt(operation: string, path: string, act: () => void): void {
	try {
		act();
	} catch (thrown) {
		throw refusalFor(operation, path, thrown);
	}
}
