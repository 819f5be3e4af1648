// How this process ends once koffi is loaded: by _exit(2). At exit(3) koffi syncs standard output and standard error to their disks,
// for as long as that takes, and waits for a lock of its own without an end where the second of them fails.

let leave: ((status: number) => void) | undefined;

/** @param exit _exit(2) */
export function setExit(exit: (status: number) => void): void {
	leave = exit;
}

/** For a program of ours alone, all of whose output is written when it ends: what listens to its end later is not told. */
export function endByExit(): void {
	process.on("exit", (status) => leave?.(status));
}
