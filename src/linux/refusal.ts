// Turns what node throws for a failed system call into a Refusal.

import { constants } from "node:os";
import { Refusal } from "../libkmod/kernel.js";

/** The Refusal for whatever a node function threw; EINVAL where node refused its argument before the kernel was asked. */
export function refusalFor(operation: string, subject: string, thrown: unknown): Refusal {
	if (thrown instanceof Refusal) return thrown;
	const { code, errno } = thrown as NodeJS.ErrnoException;
	const ofKernel = typeof code === "string" && typeof errno === "number" && errno !== 0;
	const refusal = ofKernel
		? new Refusal(operation, subject, code, Math.abs(errno)) // node's are negative, the netlink package's positive
		: new Refusal(operation, subject, "EINVAL", constants.errno.EINVAL);
	refusal.cause = thrown;
	return refusal;
}

/** Whether the thing is simply not there. */
export function isAbsent(thrown: unknown): boolean {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === "ENOENT" || code === "ENOTDIR";
}
