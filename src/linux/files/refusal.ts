// Turns what node throws for a failed system call into a Refusal.

import { Refusal } from "../../libkmod/kernel/kernel.js";

/** What node says of a value that no system call can take: a path with a NUL in it, a file larger than a Buffer. */
const UNFIT = new Set(["ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE", "ERR_FS_FILE_TOO_LARGE"]);

/**
 * The Refusal for what the kernel answered a node function, or for what node refused before the kernel was asked (EINVAL).
 * Whatever else was thrown is a fault of ours, and is thrown on.
 */
export function refusalFor(operation: string, subject: string, thrown: unknown): Refusal {
	if (thrown instanceof Refusal) return thrown;
	const { code, errno } = thrown as NodeJS.ErrnoException;
	if (typeof code !== "string") throw thrown;
	if (typeof errno === "number" && errno !== 0)
		return new Refusal({ operation, subject, code, errno: Math.abs(errno), cause: thrown }); // the netlink package's are positive
	if (UNFIT.has(code)) return new Refusal({ operation, subject, code: "EINVAL", cause: thrown });
	throw thrown;
}

/** Does it; what the kernel refuses is thrown as a Refusal of that operation on that subject. */
export function orRefuse<T>(operation: string, subject: string, act: () => T): T {
	try {
		return act();
	} catch (thrown) {
		throw refusalFor(operation, subject, thrown);
	}
}

/** Whether the thing is simply not there. */
export function isAbsent(thrown: unknown): boolean {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether descriptors have run out, the process's or the machine's: no fault of what was to be opened, and it may pass. */
export function isShortage(thrown: unknown): boolean {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === "EMFILE" || code === "ENFILE";
}
