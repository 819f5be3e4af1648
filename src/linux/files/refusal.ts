// Turns the error that node throws for a failed system call into a Refusal.

import { Refusal } from "../../libkmod/kernel/kernel.js";

/** node's error codes for a value that no system call can take: a path with a NUL in it, a file larger than a Buffer. */
const UNFIT = new Set(["ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE", "ERR_FS_FILE_TOO_LARGE"]);

/**
 * The Refusal for a system call of node that has failed, or for an argument that node has refused before the system call
 * (EINVAL).
 * @throws any other error, which is a fault of this program
 */
export function refusalFor(operation: string, subject: string, thrown: unknown): Refusal {
	if (thrown instanceof Refusal) return thrown;
	const { code, errno } = thrown as NodeJS.ErrnoException;
	if (typeof code !== "string") throw thrown;
	if (typeof errno === "number" && errno !== 0)
		return new Refusal({ operation, subject, code, errno: Math.abs(errno), cause: thrown }); // the netlink package's errnos are positive
	if (UNFIT.has(code)) return new Refusal({ operation, subject, code: "EINVAL", cause: thrown });
	throw thrown;
}

/** Calls a function, and throws its errors as Refusals of an operation on a subject. @throws {Refusal} */
export function orRefuse<T>(operation: string, subject: string, act: () => T): T {
	try {
		return act();
	} catch (thrown) {
		throw refusalFor(operation, subject, thrown);
	}
}

/** Whether an error means that the file does not exist. */
export function isAbsent(thrown: unknown): boolean {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === "ENOENT" || code === "ENOTDIR";
}

/**
 * Whether an error means that the process, or the machine, has no file descriptors left. That is no fault of the file, and may
 * pass.
 */
export function isShortage(thrown: unknown): boolean {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === "EMFILE" || code === "ENFILE";
}
