// The schemas of schemas/ (JSON Schema, draft 2020-12), compiled by ajv in its strict mode, in which an unknown keyword throws.
// Stricter than a reader is: a property that a schema does not name is a fault, and so is an integer that is not safe.
import { Ajv2020 } from "ajv/dist/2020.js";

export type Schema = { readonly [keyword: string]: unknown };

/** @returns what finds the faults of a value, each with its place. */
export function compileSchema(schema: Schema): (value: unknown) => readonly string[] {
	const validate = new Ajv2020({ allErrors: true }).compile(narrowed(schema) as Schema);
	return (value) =>
		validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** The place of each property that a schema has, and the schema in which that property must not be there. */
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
