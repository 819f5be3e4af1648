// The records of hotplugd compare --initramfs --json, a line each: schemas/compare.json has them too.

import type { BootNeed, FollowedMount } from "./boot-need.js";
import { type BootVerdict, isLacking } from "./boot-need.js";
import { bootSentence, bootStatus, explainLack } from "./boot-text.js";

/** A need of a boot, and whether the image meets it. */
export type BootNeedRecord = BootNeed & {
	readonly kind: "need";
	/** Why the image does not meet it, as a clause. Absent where it does, or where that is not known. */
	readonly cause?: string;
};

/** The last line: the answer. */
export type BootRecord = {
	readonly kind: "boot";
	/** The image, as the call names it. */
	readonly image: string;
	/** The release of the modules in the image. */
	readonly release?: string;
	/** "boots": the image has all that is needed. "fails": it lacks something. "unknown": the way to a disk could not be followed. */
	readonly answer: "boots" | "fails" | "unknown";
	/** The answer in one sentence. */
	readonly sentence: string;
	readonly mounts: readonly FollowedMount[];
	/** What a reader has to know beside: a sentence each. */
	readonly remarks: readonly string[];
};

const ANSWERS = { 0: "boots", 1: "unknown", 3: "fails" } as const;

export function listBootRecords(verdict: BootVerdict): readonly (BootNeedRecord | BootRecord)[] {
	const { image, release, mounts, needs, remarks } = verdict;
	const records = needs.map(
		(need): BootNeedRecord => ({ kind: "need", ...need, ...(isLacking(need) && { cause: explainLack(need) }) }),
	);
	return [
		...records,
		{
			kind: "boot",
			image,
			...(release !== undefined && { release }),
			answer: ANSWERS[bootStatus(verdict)],
			sentence: bootSentence(verdict),
			mounts,
			remarks,
		},
	];
}
