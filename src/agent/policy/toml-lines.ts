// The lines on which the statements of a TOML document (toml.io, 1.0) begin, which the TOML parser does not tell. The parser must
// have accepted the document: the lines of an invalid document may be wrong.
//
// Written by hand, in addition to smol-toml, since toml-eslint-parser (1.0.3), which does tell positions, was measured worse.
// That parser takes 3 times as long for the shipped files and 3 to 50 times for 100 to 300 kB; overflows the stack at a string of
// 256 kB, which no bound on nesting prevents; refuses a byte order mark; rounds integers beyond 2^53 where smol-toml refuses
// them; leaves keys named __proto__ out; and is three times as large in the bundle (39 kB to 13).
import { parse } from "smol-toml";

/** A statement: `[a.b]`, `[[a.b]]` or `a.b = value`. Lines count from 1. */
export type Statement = {
	readonly kind: "table" | "array of tables" | "value";
	/** The parts of the key. */
	readonly path: readonly string[];
	readonly line: number;
	/** When the value is an array: the lines where its inline tables begin. */
	readonly elements: readonly number[];
};

/** The line where each key of the document's top level first appears, alone or in the name of a table. */
export function listFirstLines(statements: readonly Statement[]): ReadonlyMap<string, number> {
	const lines = new Map<string, number>();
	let isInTable = false;
	for (const { kind, path, line } of statements) {
		const [key = ""] = path;
		if (kind !== "value") isInTable = true;
		if ((kind !== "value" || !isInTable) && !lines.has(key)) lines.set(key, line);
	}
	return lines;
}

export function listStatements(text: string): readonly Statement[] {
	// A byte order mark may precede the document.
	const reader = { text, at: text.startsWith("\uFEFF") ? 1 : 0, line: 1 };
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

/** Moves to the next statement, past empty lines and comments. Returns false at the end. */
function skipBlanks(reader: Reader): boolean {
	while (reader.at < reader.text.length) {
		const character = reader.text[reader.at]!;
		if (character === "#") skipLine(reader);
		else if (/[\t\n\r ]/.test(character)) skipPart(reader);
		else return true;
	}
	return false;
}

/** Moves to the newline that ends the line. */
function skipLine(reader: Reader): void {
	const end = reader.text.indexOf("\n", reader.at);
	reader.at = end < 0 ? reader.text.length : end;
}

/** Takes the text before `end` outside quotes, or before the end of the line. */
function take(reader: Reader, end: string): string {
	const start = reader.at;
	while (reader.at < reader.text.length && reader.text[reader.at] !== "\n" && reader.text[reader.at] !== end)
		skipPart(reader);
	return reader.text.slice(start, reader.at++);
}

const CLOSED_BY: ReadonlySet<string> = new Set(["]", "}"]);

/** Moves to the newline behind a value. Returns the lines where the inline tables of an array begin. */
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

/** Moves past one character, or past a whole string. */
function skipPart(reader: Reader): void {
	const quote = QUOTES.find((it) => reader.text.startsWith(it, reader.at));
	const end = quote === undefined ? reader.at + 1 : endOfString(reader.text, reader.at + quote.length, quote);
	for (; reader.at < end; reader.at++) if (reader.text[reader.at] === "\n") reader.line++;
}

function endOfString(text: string, start: number, quote: string): number {
	for (let at = start; at < text.length; at++) {
		if (text[at] === "\\" && quote[0] === '"') at++;
		else if (text.startsWith(quote, at)) {
			// Up to two quotes may precede the three that end the string.
			let end = at + quote.length;
			while (quote.length === 3 && text[end] === quote[0]) end++;
			return end;
		}
	}
	return text.length;
}

function splitKey(key: string): readonly string[] {
	const parts = key.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+/g) ?? [];
	return parts.map((part) => (/^["']/.test(part) ? unquote(part) : part));
}

function unquote(part: string): string {
	const inside = part.slice(1, -1);
	if (part[0] === "'" || !inside.includes("\\")) return inside;
	try {
		return Object.keys(parse(`${part} = 0`))[0] ?? inside;
	} catch {
		// The document is invalid.
		return inside;
	}
}
