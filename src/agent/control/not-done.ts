// The answer to a request that the agent cannot carry out.
import { HotplugdError } from "../../libkmod/kernel/errors.js";

/** A request that cannot be carried out, with a sentence for the client. Not a failure of the agent. */
export class NotDone extends HotplugdError {
	override readonly name = "NotDone";
	override readonly code = "ERR_NOT_DONE";
}

export const STOPPING = "the agent is stopping and begins no further work: ask the next agent";
