// The error of a file that is no initramfs image, or one that cannot be read.

import { HotplugdError } from "../../libkmod/kernel/errors.js";

/** The message is a sentence without a full stop, which begins with the file's name. */
export class DamagedImage extends HotplugdError {
	override readonly name = "DamagedImage";
	override readonly code = "ERR_DAMAGED_IMAGE";
	/** The message without the file's name. */
	readonly clause: string;
	constructor(file: string, clause: string) {
		super(`${file} ${clause}`);
		this.clause = clause;
	}
}
