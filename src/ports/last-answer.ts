// What came of the last insertion of a module: told by a log, by the running agent, or by the capture of a machine.
import type { Source } from "../libkmod/formats/modprobe-config.js";
import type { Result } from "../libkmod/insertion/outcome.js";

/** Where the last answer of the kernel was found. */
export type AnswerOrigin =
	| { readonly kind: "agent"; readonly socket: string }
	| { readonly kind: "log"; readonly source: Source };

/** What came of the last insertion of a module that is known of. */
export type LastAnswer = {
	readonly module: string;
	readonly result: Result;
	/** The name of the errno. Absent when the kernel did not refuse. */
	readonly errno?: string;
	/** For people, in one sentence. */
	readonly explanation: string;
	readonly from: AnswerOrigin;
};
