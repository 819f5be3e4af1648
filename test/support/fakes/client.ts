// A client of the control sockets that is no process of its own.

import type { Client } from "../../../src/ports/control.js";

/** @param lineage the pids of the client and its ancestors, and the ids of their sessions */
export const clientOf = (...lineage: readonly number[]): Client => ({
	lineage: () => lineage,
	hasGone: () => false,
});
