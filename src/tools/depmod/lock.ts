// depmod's lock: one at a time makes the files of a module directory. Without a lock it goes on, and says so.
import type { DirectoryLock } from "../../libkmod/depmod/module-tree.js";
import type { Refusal } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { DepmodCall } from "./call.js";

/** Milliseconds: longer than a depmod takes. */
const LOCK_PATIENCE = 60_000;

/** To be held from before the modules are looked for: two that look and write by turns leave files of both. */
export async function lockOutput({ tree, directory, output, say }: DepmodCall): Promise<DirectoryLock> {
	const lock = await tree.lock(output, {
		make: output !== directory && ifReadable(() => tree.modified(directory)) !== undefined,
		patienceMilliseconds: LOCK_PATIENCE,
		onWait: () => say("WARNING", `waiting for another process, which has locked ${output}`),
	});
	// What cannot be opened is named by whoever has to read or write there.
	if (!lock.held && lock.reason.operation === "lock") say("WARNING", explainNoLock(output, lock.reason));
	return lock;
}

/** Neither ends it: anybody may hold a lock, and without depmod a new kernel has no modules. */
function explainNoLock(output: string, reason: Refusal): string {
	const goesOn = "going on without; no other depmod should run there now";
	return reason.code === "ETIMEDOUT"
		? `${output} is still locked by another process after ${LOCK_PATIENCE / 1000} s, ${goesOn}`
		: `could not lock ${output}: ${formatErrno(reason)}, ${goesOn}`;
}
