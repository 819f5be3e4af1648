// The records of the kernel's log that a capture holds: those from which explain takes a finding. A log may hold the serial of every
// disk, and the name of every phone. Pure.

import type { KernelLogRecord } from "../../ports/inspection.js";
import { listFindings, MOST_FINDINGS } from "../explaining/kernel-log.js";

/** The newest, the oldest of them first. */
export const takeLog = (records: readonly KernelLogRecord[]): readonly KernelLogRecord[] =>
	records.filter((record) => listFindings([record]).length > 0).slice(-MOST_FINDINGS);
