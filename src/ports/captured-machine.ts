// The port to a captured machine: what a call asks of a capture, and what a command knows of it beside the ports of every machine.
// src/agent/capture implements it.
import type { Files } from "../libkmod/kernel/kernel.js";
import type { LastAnswer } from "./last-answer.js";

/** What of this host counts beside the capture, since the call names it. */
export type CaptureRequest = {
	/** The root directory whose lib/modules count in place of the modules of the capture. An absolute path. */
	readonly root?: string | undefined;
	/** The kernel release that the call names. */
	readonly release?: string | undefined;
	/** Files and directories of this host, which are read here, each directory without those in it. */
	readonly host: readonly string[];
	/** The options of the command that name another root, and a release in it, as people write them. Absent where it has none. */
	readonly spelled?: { readonly root: string; readonly release: string } | undefined;
	/** Whether the command searches the indexes of modules: a capture without them is refused then. */
	readonly needsIndexes: boolean;
};

export type CapturedFacts = {
	/** The file of the capture, as the call names it. */
	readonly file: string;
	/** Whether the capture does not hold this, though the machine may have it: a path, or a field of the capture. */
	lacks(part: string): boolean;
	/** The files of this host, for what an option names. */
	readonly host: Files;
	/** What came of each module the last time it was tried. */
	readonly answers: readonly LastAnswer[];
	/** Sentences for people about how the capture can be used here. */
	readonly remarks: readonly string[];
};
