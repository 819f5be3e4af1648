// Tells which properties of a JSON schema values have. This is a reader of schemas of its own, beside ajv, since ajv only tells
// whether a value is as the schema says. It knows the keywords that the schemas of schemas/ use.
import type { Schema } from "./json-schema.js";

type Place = string;

/** @returns the places of the properties of the schema that none of the values has, such as `$defs/StepRecord/properties/why` */
export function listUnmet(root: Schema, values: readonly unknown[]): readonly Place[] {
	const met = new Set(values.flatMap((value) => listMet(root, value) ?? []));
	return listPlaces(root, "").filter((place) => !met.has(place));
}

/** @returns the places of the properties that the value has, or undefined where the value is not as the schema says */
export function listMet(root: Schema, value: unknown): readonly Place[] | undefined {
	return meet(root, value, "", root);
}

function listPlaces(schema: unknown, place: Place): readonly Place[] {
	if (typeof schema !== "object" || schema === null) return [];
	return Object.entries(schema).flatMap(([keyword, part]) => [
		...(keyword === "properties" ? Object.keys(part).map((name) => `${place}properties/${name}`) : []),
		...listPlaces(part, `${place}${keyword}/`),
	]);
}

type Meeting = readonly Place[] | undefined;

function meet(schema: Schema, value: unknown, place: Place, root: Schema): Meeting {
	if (typeof schema.$ref === "string") {
		const names = schema.$ref.slice("#/".length).split("/");
		const part = names.reduce((from: unknown, name) => (from as Schema)[name], root);
		return meet(part as Schema, value, `${names.join("/")}/`, root);
	}
	if (Array.isArray(schema.oneOf)) return meetOne(schema.oneOf, value, `${place}oneOf/`, root);
	if ("const" in schema) return value === schema.const ? [] : undefined;
	if (Array.isArray(schema.enum)) return schema.enum.includes(value) ? [] : undefined;
	if (schema.type === "object") return meetObject(schema, value, place, root);
	if (schema.type === "array") {
		if (!Array.isArray(value)) return undefined;
		return meetAll(value.map((item) => meet(schema.items as Schema, item, `${place}items/`, root)));
	}
	if (schema.type === "integer") return Number.isSafeInteger(value) ? [] : undefined;
	if (["string", "boolean", "number"].includes(String(schema.type)))
		return typeof value === schema.type ? [] : undefined;
	throw new Error(`${place} is of no type that is known here`);
}

function meetOne(arms: readonly Schema[], value: unknown, place: Place, root: Schema): Meeting {
	const met = arms
		.map((arm, number) => meet(arm, value, `${place}${number}/`, root))
		.filter((one) => one !== undefined);
	return met.length === 1 ? met[0] : undefined;
}

const meetAll = (all: readonly Meeting[]): Meeting =>
	all.includes(undefined) ? undefined : all.flatMap((one) => one!);

function meetObject(schema: Schema, value: unknown, place: Place, root: Schema): Meeting {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
	const {
		properties = {},
		required = [],
		additionalProperties,
	} = schema as {
		readonly properties?: Readonly<Record<string, Schema>>;
		readonly required?: readonly string[];
		readonly additionalProperties?: Schema | false;
	};
	if (required.some((name) => !Object.hasOwn(value, name))) return undefined;
	return meetAll(
		Object.entries(value).map(([name, item]): Meeting => {
			const property = properties[name];
			if (property !== undefined) {
				const own = `${place}properties/${name}`;
				const met = meet(property, item, `${own}/`, root);
				return met && [own, ...met];
			}
			if (!additionalProperties) return undefined;
			return meet(additionalProperties, item, `${place}additionalProperties/`, root);
		}),
	);
}
