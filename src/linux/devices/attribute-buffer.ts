// The buffer into which one read(2) puts an attribute of sysfs: a page at most, so that one byte more tells what is none.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { bounds, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

export const ATTRIBUTE_BUFFER = bounds.attribute.bytes + 1;

/** Its text, or why there is none. @param length how many bytes were read */
export function attributeIn(buffer: Buffer, length: number, path: string): string | Refusal {
	if (length < ATTRIBUTE_BUFFER) return attributeText(buffer.subarray(0, length));
	return new Refusal({ operation: "read", subject: path, code: "EFBIG", reason: explainTooLarge(bounds.attribute) });
}
