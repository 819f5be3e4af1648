// The error of a file that is no capture and no bug report that a capture can be made of. Pure.

import { HotplugdError } from "../../libkmod/kernel/errors.js";

/** A file holds no machine. The message is a sentence without the file's name, one character a byte, and safe to print. */
export class UnreadableReport extends HotplugdError {
	override readonly name = "UnreadableReport";
	override readonly code = "ERR_UNREADABLE_REPORT";
}
