// A strict check that text is well-formed XML of the kind that pictures are: elements, attributes in double quotes, text and
// references, without comments, processing instructions and CDATA sections (XML 1.0, sections 2 and 3).

const NAME = "[A-Za-z][\\w.:-]*";
const TAG = new RegExp(`^<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`, "u");
const REFERENCE = /&(?!(?:#(\d+)|amp|lt|gt|quot|apos);)/;
/** Whether a code point is a character of XML (production 2, Char). */
const isCharacter = (code: number): boolean =>
	code === 0x9 ||
	code === 0xa ||
	code === 0xd ||
	(code >= 0x20 && code < 0xd800) ||
	(code >= 0xe000 && code !== 0xfffe && code !== 0xffff);

/** The first fault of a document. Undefined when it is well-formed. */
export function findXmlFault(document: string): string | undefined {
	if ([...document].some((one) => !isCharacter(one.codePointAt(0)!))) return "a character that XML does not allow";
	if (REFERENCE.test(document)) return "an ampersand that begins no reference";
	const open: string[] = [];
	let roots = 0;
	let rest = document;
	while (rest !== "") {
		const text = /^[^<]+/.exec(rest)?.[0] ?? "";
		if (open.length === 0 && text.trim() !== "") return `text outside the root: ${text.slice(0, 20)}`;
		rest = rest.slice(text.length);
		if (rest === "") break;
		const tag = TAG.exec(rest);
		if (tag === null) return `no tag: ${rest.slice(0, 40)}`;
		const [whole, end, name = "", attributes = "", empty] = tag;
		const names = [...attributes.matchAll(new RegExp(`(${NAME})="`, "gu"))].map(([, one]) => one);
		if (new Set(names).size < names.length) return `an attribute twice: ${whole.slice(0, 60)}`;
		if (end !== "" && open.pop() !== name) return `${name} ends where it is not open`;
		if (end === "" && open.length === 0 && ++roots > 1) return "a second root";
		if (end === "" && empty === "") open.push(name);
		rest = rest.slice(whole.length);
	}
	if (open.length > 0) return `${open.at(-1)} does not end`;
	return roots === 1 ? undefined : "no root";
}
