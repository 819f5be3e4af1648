// JSON Schema (draft 2020-12) as far as schemas/ uses it. Strict: what a schema does not name is a fault, and so is a keyword that
// is not known here.

export type Schema = { readonly [keyword: string]: unknown };

/** What is wrong with a value, each fault with its place; and by place which parts of the schema were met. */
export type Judgement = { readonly faults: readonly string[]; readonly met: ReadonlySet<string> };

const ANNOTATIONS = ["$schema", "$defs", "title", "description"];

export function judge(schema: Schema, value: unknown): Judgement {
	const met = new Set<string>();
	return { faults: [...check({ root: schema, met }, schema, value, "")], met };
}

/** Each property and each kind of record that a schema has, by its place. */
export function listPlaces(root: Schema): string[] {
	const places: string[] = [];
	const met = { add: (place: string) => void places.push(place) };
	const visit = (schema: Schema, place: string): void => {
		const { properties = {}, items, oneOf = [], additionalProperties } = resolve(root, schema);
		for (const [name, property] of entriesOf(properties)) {
			met.add(`${place}.${name}`);
			visit(property, `${place}.${name}`);
		}
		for (const [number, one] of (oneOf as Schema[]).entries()) visit(one, `${place}|${number}`);
		for (const inner of [items, additionalProperties]) if (isSchema(inner)) visit(inner, `${place}[]`);
	};
	visit(root, "");
	return places;
}

type Context = { readonly root: Schema; readonly met: Set<string> };

function* check(context: Context, given: Schema, value: unknown, place: string): Generator<string> {
	const schema = resolve(context.root, given);
	for (const [keyword, wanted] of Object.entries(schema)) {
		if (ANNOTATIONS.includes(keyword)) continue;
		const rule = rules[keyword];
		if (rule === undefined) throw new Error(`${keyword} is no keyword that is known here`);
		yield* rule(context, { schema, wanted, value, place });
	}
}

type Point = { readonly schema: Schema; readonly wanted: unknown; readonly value: unknown; readonly place: string };

const rules: Readonly<Record<string, (context: Context, point: Point) => Iterable<string>>> = {
	type: (_, { wanted, value, place }) => (isOfType(wanted, value) ? [] : [`${place} is no ${wanted}`]),
	const: (_, { wanted, value, place }) => (value === wanted ? [] : [`${place} is not ${wanted}`]),
	enum: (_, { wanted, value, place }) =>
		(wanted as unknown[]).includes(value) ? [] : [`${place} is none of ${wanted}`],
	minimum: (_, { wanted, value, place }) => (Number(value) >= Number(wanted) ? [] : [`${place} is below ${wanted}`]),
	required: (_, { wanted, value, place }) =>
		(wanted as string[]).filter((name) => !(name in Object(value))).map((name) => `${place} lacks ${name}`),
	*properties(context, { schema, wanted, value, place }) {
		const properties = wanted as Readonly<Record<string, Schema>>;
		for (const [name, inner] of Object.entries(Object(value))) {
			const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
			if (property === undefined) {
				if (schema.additionalProperties === undefined) yield `${place} has ${name}, of which nothing is said`;
				continue;
			}
			context.met.add(`${place}.${name}`);
			yield* check(context, property, inner, `${place}.${name}`);
		}
	},
	*additionalProperties(context, { schema, wanted, value, place }) {
		for (const [name, inner] of Object.entries(Object(value)))
			if (!(name in Object(schema.properties))) yield* check(context, wanted as Schema, inner, `${place}[]`);
	},
	*items(context, { wanted, value, place }) {
		for (const item of Array.isArray(value) ? value : []) yield* check(context, wanted as Schema, item, `${place}[]`);
	},
	*oneOf(context, { wanted, value, place }) {
		const trials = (wanted as Schema[]).map((one, number) => {
			const met = new Set<string>();
			const faults = [...check({ ...context, met }, one, value, `${place}|${number}`)];
			return { faults, met };
		});
		const right = trials.filter(({ faults }) => faults.length === 0);
		if (right.length !== 1) yield `${place} is ${right.length} of them: ${trials.flatMap(({ faults }) => faults)}`;
		for (const { met } of right) for (const it of met) context.met.add(it);
	},
};

function isOfType(wanted: unknown, value: unknown): boolean {
	if (wanted === "integer") return Number.isSafeInteger(value);
	if (wanted === "array") return Array.isArray(value);
	if (wanted === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
	return typeof value === wanted;
}

function resolve(root: Schema, schema: Schema): Schema {
	const { $ref } = schema;
	if ($ref === undefined) return schema;
	const found = (root.$defs as Record<string, Schema>)[String($ref).replace("#/$defs/", "")];
	if (found === undefined) throw new Error(`${$ref} leads nowhere`);
	return found;
}

function isSchema(value: unknown): value is Schema {
	return typeof value === "object" && value !== null;
}

function entriesOf(properties: unknown): [string, Schema][] {
	return Object.entries(properties as Record<string, Schema>);
}
