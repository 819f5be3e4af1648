// Ends this process by _exit(2) once koffi is loaded. At exit(3), koffi syncs standard output and standard error to their disks,
// however long that takes, and deadlocks on a lock of its own when the second sync fails.

let leave: ((status: number) => void) | undefined;

/** @param exit _exit(2) */
export function setExit(exit: (status: number) => void): void {
	leave = exit;
}

/** Only for a program whose output is all written when it ends: listeners of "exit" that are added later are not called. */
export function endByExit(): void {
	process.on("exit", (status) => leave?.(status));
}
