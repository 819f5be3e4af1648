// A terminal for tests of text: its colours are marks that can be read, such as <red>text</red>.
import type { Terminal } from "../../../src/ports/terminal.js";

/** @param width in columns; no limit when absent */
export const plainTerminal = (width = Number.POSITIVE_INFINITY): Terminal => ({
	width,
	coloured: false,
	paint: (_, text) => text,
	measure: (text) => text.length,
	print: () => undefined,
});

export const markingTerminal = (width = Number.POSITIVE_INFINITY): Terminal => ({
	...plainTerminal(width),
	coloured: true,
	paint: (style, text) => `<${style}>${text}</${style}>`,
});
