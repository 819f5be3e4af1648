// Text as roff(7) wants it, in the macros of man(7).

/** Plain text: whatever roff could take for a request or an escape is made harmless. */
export function plain(text) {
	return text
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replace(/^(?=['.])/gm, "\\&");
}

/** A line of text in which *words* are emphasised and `words` are to be typed as they stand. */
export function inline(text) {
	return plain(text)
		.replace(/`([^`]+)`/g, "\\fB$1\\fR")
		.replace(/\*([^*\s][^*]*)\*/g, "\\fI$1\\fR");
}

export const section = (title) => `.SH "${title.toUpperCase()}"`;
export const subsection = (title) => `.SS "${plain(title)}"`;
export const paragraph = (text) => `.PP\n${inline(text)}`;

/** A term, which is roff already, and what it means. */
export const entry = (term, text) => `.TP\n${term}\n${inline(text)}`;

/** Lines that stay as they are. */
export const verbatim = (text) => `.PP\n.nf\n${plain(text)}\n.fi`;
