// A client of the control sockets that is no process of its own.
import type { Client } from "../../../src/agent/control/waiting-clients.js";

/** @param lineage of its processes */
export const clientOf = (...lineage: readonly number[]): Client => ({
	lineage: () => lineage,
	hasGone: () => false,
});
