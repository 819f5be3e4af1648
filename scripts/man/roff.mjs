// Text for roff(7), in the macros of man(7).

/** Plain text, in which everything that roff could take for a request or an escape is escaped. */
export function plain(text) {
	return text
		.replaceAll("\\", "\\e")
		.replaceAll("-", "\\-")
		.replace(/^(?=['.])/gm, "\\&");
}

/** A line of text in which *words* are emphasised and `words` are literal. */
export function inline(text) {
	return plain(text)
		.replace(/`([^`]+)`/g, "\\fB$1\\fR")
		.replace(/\*([^*\s][^*]*)\*/g, "\\fI$1\\fR");
}

export const section = (title) => `.SH "${title.toUpperCase()}"`;
export const subsection = (title) => `.SS "${plain(title)}"`;
export const paragraph = (text) => `.PP\n${inline(text)}`;

/** A term, which is roff already, and its meaning. */
export const entry = (term, text) => `.TP\n${term}\n${inline(text)}`;

/** Lines that are kept as they are. */
export const verbatim = (text) => `.PP\n.nf\n${plain(text)}\n.fi`;
