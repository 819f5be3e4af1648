// The buffer for one read(2) of a sysfs attribute. An attribute is one page at most: the buffer has one byte more, and a file
// that fills it is no attribute.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { bounds, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

export const ATTRIBUTE_BUFFER_BYTES = bounds.attribute.bytes + 1;

/** The attribute's text, or a Refusal (EFBIG) when the file is longer than a page. @param length how many bytes were read */
export function attributeIn(buffer: Buffer, length: number, path: string): string | Refusal {
	if (length < ATTRIBUTE_BUFFER_BYTES) return attributeText(buffer.subarray(0, length));
	return new Refusal({ operation: "read", subject: path, code: "EFBIG", reason: explainTooLarge(bounds.attribute) });
}
