// Text that came from devices, files and the kernel, for a terminal: nothing in it moves the cursor or ends the line.

/** Control characters as \xNN. */
export function printable(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
	return text.replace(/[\0-\x1f\x7f-\x9f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
