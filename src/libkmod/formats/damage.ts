// The errors of a compressed file that cannot be read, so that every decoder refuses in the same words.

import { MOST_PARTS } from "../kernel/bounds.js";
import { HotplugdError } from "../kernel/errors.js";

/** A compressed file is damaged or unsupported. The message is a clause about the file. */
export class Damage extends HotplugdError {
	override readonly name = "Damage";
	override readonly code = "ERR_DAMAGE";
	/** `unsupported`: the file may be undamaged, but its compression is not supported here. */
	readonly kind: "cut" | "damaged" | "unsupported";
	constructor(kind: Damage["kind"], message: string) {
		super(message);
		this.kind = kind;
	}
}

export const cut = (): Damage => new Damage("cut", "its end is missing");

/** Decoders do not tell whether the data or the checksum has changed. */
export const damaged = (): Damage => new Damage("damaged", "its data or their checksum is damaged");

export const trailing = (): Damage => new Damage("damaged", "other data follows its end");

/** @param parts such as "blocks" */
export const tooManyParts = (parts: string): Damage =>
	unsupported(`a file of more than ${MOST_PARTS.toLocaleString("en")} ${parts}`);

/** @param what such as "a filter for ARM code" */
export const unsupported = (what: string): Damage => new Damage("unsupported", `${what} is not supported`);
