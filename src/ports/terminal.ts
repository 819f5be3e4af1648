// The port to the place that output for people goes to: a terminal, or a file or pipe. src/tools/command-line/terminal.ts makes
// one. All text is byte strings in one line, without control sequences: text from outside has gone through printable(), and is
// styled last, when it is measured and wrapped.

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export type Terminal = {
	/** The columns of a line. Infinity when output goes to no terminal, and COLUMNS names no width. */
	readonly width: number;
	readonly coloured: boolean;
	/** Adds a style to text that is measured already. The text as it is where there is no colour. */
	paint(style: Style, text: string): string;
	/** How many columns a text takes: a wide character (Unicode's annex 11) takes two, a combining one none. */
	measure(text: string): number;
	/** Writes lines without newlines to standard output. */
	print(lines: readonly string[]): void;
};
