// A client of the control sockets that is no process of its own.

import type { Client } from "../../../src/ports/control.js";

/** @param lineage process ids of the client and its ancestors, the client first */
export const clientOf = (...lineage: readonly number[]): Client => ({
	lineage: () => lineage,
	hasGone: () => false,
});
