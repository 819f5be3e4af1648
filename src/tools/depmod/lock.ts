// depmod's lock: one depmod at a time makes the index files of a module directory. A depmod that cannot get the lock warns and
// goes on.
import type { DirectoryLock } from "../../libkmod/depmod/module-tree.js";
import type { Refusal } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { DepmodCall } from "./call.js";

/** Milliseconds to wait for the lock: longer than a run of depmod takes. */
const LOCK_PATIENCE_MILLISECONDS = 60_000;

/**
 * Locks the output directory. The caller holds the lock from before the search for modules until the files are written: two
 * depmods that search and write in turns would leave a mixture of their files.
 */
export async function lockOutput({ tree, directory, output, say }: DepmodCall): Promise<DirectoryLock> {
	const lock = await tree.lock(output, {
		make: output !== directory && ifReadable(() => tree.modified(directory)) !== undefined,
		patienceMilliseconds: LOCK_PATIENCE_MILLISECONDS,
		onWait: () => say("WARNING", `waiting for another process, which has locked ${output}`),
	});
	// A directory that cannot be opened is reported by the code that reads or writes there.
	if (!lock.held && lock.reason.operation === "lock") say("WARNING", explainNoLock(output, lock.reason));
	return lock;
}

/**
 * A missing lock does not end depmod: any process may hold the lock, and without depmod's files a new kernel loads no modules.
 */
function explainNoLock(output: string, reason: Refusal): string {
	const goesOn = "going on without a lock; no other depmod should run there now";
	return reason.code === "ETIMEDOUT"
		? `${output} is still locked by another process after ${LOCK_PATIENCE_MILLISECONDS / 1000} s, ${goesOn}`
		: `could not lock ${output}: ${formatErrno(reason)}, ${goesOn}`;
}
