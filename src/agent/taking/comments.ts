// Leaves the comments out of configuration: docs/capture.md, "Comments". All lines stay, so that their numbers do. Pure.

import { joinedLines } from "../../libkmod/formats/joined-lines.js";

export type CommentSyntax = "modprobe.d" | "modules-load.d" | "toml";

export function withoutComments(text: string, syntax: CommentSyntax): string {
	switch (syntax) {
		case "modprobe.d":
			return withoutJoinedComments(text);
		case "modules-load.d":
			return text
				.split("\n")
				.map((line) => (/^[\t\v\f\r ]*[#;]/.test(line) ? "" : line))
				.join("\n");
		case "toml":
			return withoutTomlComments(text);
	}
}

/** A comment goes on in the next line where its line ends in a backslash. */
function withoutJoinedComments(text: string): string {
	const lines = text.split("\n");
	for (const { line, first, last } of joinedLines(text)) if (line.startsWith("#")) lines.fill("", first - 1, last);
	return lines.join("\n");
}

/**
 * A string, or a comment. A string that is not closed ends with its line, and one of three quotes with the text: what looks like a
 * comment within it stays.
 */
const STRING_OR_COMMENT =
	/"""(?:\\.|[^\\])*?(?:"""|(?!.))|'''.*?(?:'''|(?!.))|"(?:\\[^\n]|[^\\"\n])*"?|'[^'\n]*'?|#[^\n]*/gs;

const withoutTomlComments = (text: string): string =>
	text.replace(STRING_OR_COMMENT, (found) => (found.startsWith("#") ? "" : found));
