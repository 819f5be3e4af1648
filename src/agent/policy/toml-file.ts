// A file in TOML (toml.io, 1.0), as the settings and the policy are: it has comments, reading it runs nothing, and the parser
// tells the line of a mistake. Imported only when such a file exists.
import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import type { Problem } from "../../libkmod/kernel/kernel.js";
import { bytesOf, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";
import { listStatements, type Statement } from "./toml-lines.js";

export type Table = Readonly<Record<string, unknown>>;

/** A date is an object without keys. Not by v.record, which would leave a key named __proto__ out. */
export const tomlTable = (message?: string) =>
	v.custom<Table>(
		(given) => typeof given === "object" && given !== null && !Array.isArray(given) && !(given instanceof Date),
		message,
	);

const document = tomlTable();

export type TomlFile = {
	/** Empty when the file is not TOML. */
	readonly table: Table;
	/** In the order of the file, and none when the file is not TOML. */
	readonly statements: readonly Statement[];
	/** At most one: where the file ceases to be TOML. */
	readonly problems: readonly Problem[];
};

/** Parses a file's bytes; strings of the result are bytes too. */
export function parseToml(file: string, bytes: string): TomlFile {
	const text = textOf(bytes);
	try {
		const given = v.parse(document, mapStrings(parse(text), bytesOf));
		const statements = listStatements(text).map((one) => ({ ...one, path: one.path.map(bytesOf) }));
		return { table: given, statements, problems: [] };
	} catch (error) {
		if (!(error instanceof TomlError)) throw error;
		const [why] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
		return { table: {}, statements: [], problems: [{ file, line: error.line, message: bytesOf(why ?? "not TOML") }] };
	}
}
