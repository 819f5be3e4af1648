// An attribute of sysfs (Documentation/filesystems/sysfs.rst): text in a C string, which ends at the first NUL. In a capture by
// tar, each attribute is padded with NULs to the size that the file system reports, a page.

import { trimBlanks } from "../text/byte-strings.js";

/** The text of an attribute, one character a byte. */
export function attributeText(bytes: Buffer): string {
	const end = bytes.indexOf(0);
	return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

/** The text of an attribute that is one word or number, without the trailing newline. */
export function attributeWord(bytes: Buffer): string {
	return trimBlanks(attributeText(bytes));
}
