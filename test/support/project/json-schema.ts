// Compiles the schemas of schemas/ (JSON Schema, draft 2020-12) with ajv in strict mode, where an unknown keyword throws. The
// check is stricter than a reader's: a property that the schema does not name is a fault, and so is an integer outside the safe
// range.
import { Ajv2020 } from "ajv/dist/2020.js";

export type Schema = { readonly [keyword: string]: unknown };

/** @returns a function that lists the faults of a value, each with its place */
export function compileSchema(schema: Schema): (value: unknown) => readonly string[] {
	const validate = new Ajv2020({ allErrors: true }).compile(narrowed(schema) as Schema);
	return (value) =>
		validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** For each property in a schema: its place, and the schema with that property forbidden. */
export function listWithoutEach(root: Schema): readonly (readonly [place: string, without: Schema])[] {
	const names = listProperties(root, []);
	return names.map((names) => [names.join("/"), forbid(root, names)]);
}

function listProperties(schema: unknown, names: readonly string[]): readonly (readonly string[])[] {
	return entriesOf(schema).flatMap(([keyword, part]) => [
		...(keyword === "properties" ? Object.keys(part as Schema).map((name) => [...names, keyword, name]) : []),
		...listProperties(part, [...names, keyword]),
	]);
}

function forbid(schema: unknown, [first = "", ...rest]: readonly string[]): Schema {
	const copy = (Array.isArray(schema) ? [...schema] : { ...(schema as Schema) }) as Record<string, unknown>;
	copy[first] = rest.length === 0 ? false : forbid(copy[first], rest);
	return copy;
}

function narrowed(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(narrowed);
	if (typeof schema !== "object" || schema === null) return schema;
	const copy = Object.fromEntries(entriesOf(schema).map(([keyword, part]) => [keyword, narrowed(part)]));
	if (copy.type === "object") return { additionalProperties: false, ...copy };
	if (copy.type !== "integer") return copy;
	return { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...copy };
}

const entriesOf = (value: unknown): [string, unknown][] =>
	typeof value === "object" && value !== null ? Object.entries(value) : [];
