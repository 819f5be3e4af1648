// An attribute of sysfs (Documentation/filesystems/sysfs.rst): text that a C string holds. What follows its first NUL is none of it:
// a capture by tar has each padded to the size that the file system names, a page.

import { trimBlanks } from "../text/byte-strings.js";

/** The text, one character a byte. */
export function attributeText(bytes: Buffer): string {
	const end = bytes.indexOf(0);
	return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

/** The same of an attribute that is one word or number, without the newline behind it. */
export function attributeWord(bytes: Buffer): string {
	return trimBlanks(attributeText(bytes));
}
