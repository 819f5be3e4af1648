// In which lines the statements of a TOML document (toml.io, 1.0) begin, which the parser does not tell. The document is one
// that the parser has taken: of what it would refuse the lines may be wrong.
//
// By hand, beside smol-toml, since toml-eslint-parser (1.0.3), which does tell positions, was measured worse. It takes 3 times as
// long for the shipped files and 3 to 50 times for 100 to 300 kB; overflows the stack at a string of 256 kB, which no bound on
// nesting keeps from it; refuses a byte order mark; rounds integers beyond 2^53 where smol-toml refuses them; leaves keys named
// __proto__ out; and is three times as large in the bundle (39 kB to 13).

/** `[a.b]`, `[[a.b]]` or `a.b = value`. Lines count from 1. */
export type Statement = {
	readonly kind: "table" | "array of tables" | "value";
	/** The key's parts. */
	readonly path: readonly string[];
	readonly line: number;
	/** Where each inline table of an array begins that is the value. */
	readonly elements: readonly number[];
};

export function listStatements(text: string): readonly Statement[] {
	const reader = { text, at: 0, line: 1 };
	const statements: Statement[] = [];
	while (skipBlanks(reader)) {
		const { line } = reader;
		if (text[reader.at] !== "[") {
			const path = splitKey(take(reader, "="));
			statements.push({ kind: "value", path, line, elements: skipValue(reader) });
			continue;
		}
		const kind = text.startsWith("[[", reader.at) ? "array of tables" : "table";
		reader.at += kind === "table" ? 1 : 2;
		statements.push({ kind, path: splitKey(take(reader, "]")), line, elements: [] });
		skipLine(reader);
	}
	return statements;
}

type Reader = { readonly text: string; at: number; line: number };

/** To the next statement, past empty lines and comments. False at the end. */
function skipBlanks(reader: Reader): boolean {
	while (reader.at < reader.text.length) {
		const character = reader.text[reader.at]!;
		if (character === "#") skipLine(reader);
		else if (/[\t\n\r ]/.test(character)) skipPart(reader);
		else return true;
	}
	return false;
}

/** To the newline that ends the line. */
function skipLine(reader: Reader): void {
	const end = reader.text.indexOf("\n", reader.at);
	reader.at = end < 0 ? reader.text.length : end;
}

/** All before `end`, where that stands outside quotes, or before the end of the line. */
function take(reader: Reader, end: string): string {
	const start = reader.at;
	while (reader.at < reader.text.length && reader.text[reader.at] !== "\n" && reader.text[reader.at] !== end)
		skipPart(reader);
	return reader.text.slice(start, reader.at++);
}

const CLOSED_BY: ReadonlySet<string> = new Set(["]", "}"]);

/** To the newline behind a value. */
function skipValue(reader: Reader): readonly number[] {
	const elements: number[] = [];
	let open = "";
	while (reader.at < reader.text.length) {
		const character = reader.text[reader.at]!;
		if (character === "\n" && open === "") return elements;
		if (character === "{" && open === "[") elements.push(reader.line);
		if (character === "[" || character === "{") open += character;
		else if (CLOSED_BY.has(character)) open = open.slice(0, -1);
		if (character === "#") skipLine(reader);
		else skipPart(reader);
	}
	return elements;
}

const QUOTES = ['"""', "'''", '"', "'"];

/** One character, or a string as a whole. */
function skipPart(reader: Reader): void {
	const quote = QUOTES.find((it) => reader.text.startsWith(it, reader.at));
	const end = quote === undefined ? reader.at + 1 : endOfString(reader.text, reader.at + quote.length, quote);
	for (; reader.at < end; reader.at++) if (reader.text[reader.at] === "\n") reader.line++;
}

function endOfString(text: string, start: number, quote: string): number {
	for (let at = start; at < text.length; at++) {
		if (text[at] === "\\" && quote[0] === '"') at++;
		else if (text.startsWith(quote, at)) {
			// Up to two quotes may stand before the three that end it.
			let end = at + quote.length;
			while (quote.length === 3 && text[end] === quote[0]) end++;
			return end;
		}
	}
	return text.length;
}

function splitKey(key: string): readonly string[] {
	const parts = key.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+/g) ?? [];
	return parts.map((part) => (/^["']/.test(part) ? part.slice(1, -1) : part));
}
