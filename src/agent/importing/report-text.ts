// The text of a bug report without what terminals and editors have put around it. Pure.

/** What a terminal shows in colour: systemd 254 and later colour their output on one. */
const COLOURS = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*m`, "g");

export const withoutColours = (text: string): string => text.replace(COLOURS, "");

/** UTF-8's byte order mark, as bytes. */
const MARK = "\xef\xbb\xbf";

export const withoutByteOrderMark = (text: string): string => (text.startsWith(MARK) ? text.slice(MARK.length) : text);
