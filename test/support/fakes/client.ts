// A client of the control sockets that is no process of its own.

/** @param lineage of its processes */
import type { Client } from "../../../src/ports/control.js";
export const clientOf = (...lineage: readonly number[]): Client => ({
	lineage: () => lineage,
	hasGone: () => false,
});
