// Writes schemas/*.json from the types of the library, with their docstrings as descriptions: `npm run schemas`, or into another
// folder, `npm run schemas -- FOLDER`. test/project/schemas.test.ts holds that the files are what this makes.
import "./no-debugger.mjs";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
	createFormatter,
	createParser,
	createProgram,
	DEFAULT_CONFIG,
	IntersectionType,
	IntersectionTypeFormatter,
	SchemaGenerator,
} from "ts-json-schema-generator";

/** The schemas by their files' names, each with the type that it is made from: one that src/index.ts exports. */
export const schemas = {
	blame: "BlameRecord",
	capture: "Capture",
	check: "CheckRecord",
	coldplug: "ColdplugRecord",
	compare: "CompareRecord",
	explain: "ExplanationRecord",
	fleet: "FleetRecord",
	log: "LogRecord",
	lsmod: "ModuleRecord",
	modinfo: "ModinfoRecord",
	"modprobe-show-alias": "AliasRecord",
	"modprobe-show-config": "ConfigRecord",
	"modprobe-show-depends": "DependsRecord",
	status: "AgentStatus",
	timeline: "Timeline",
};

const root = resolve(import.meta.dirname, "..");

/** @returns the text of each file of schemas/, by the file's name */
export function formatSchemas() {
	const generator = openGenerator();
	return new Map(
		Object.entries(schemas).map(([name, type]) => [`${name}.json`, `${formatValue(makeSchema(generator, type))}\n`]),
	);
}

/**
 * Opens one program for all types, since reading the sources takes most of the time. The compiler in use is the generator's own, and
 * tsc has checked the types already.
 */
function openGenerator() {
	const config = {
		...DEFAULT_CONFIG,
		path: join(root, "src/index.ts"),
		tsconfig: join(root, "tsconfig.json"),
		skipTypeCheck: true,
		topRef: false,
		encodeRefs: false,
	};
	const program = createProgram(config);
	const formatter = createFormatter(config, (chain, whole) => chain.addTypeFormatter(new InOrder(whole)));
	return new SchemaGenerator(program, createParser(program, config), formatter, config);
}

/** The generator puts the properties of the last part of an intersection first: here they come in the order of the source. */
class InOrder extends IntersectionTypeFormatter {
	getDefinition(type) {
		return super.getDefinition(new IntersectionType(type.getTypes().toReversed()));
	}
}

function makeSchema(generator, type) {
	const { $schema: _, definitions = {}, ...schema } = generator.createSchema(type);
	const parts = Object.entries(definitions)
		.filter(([name]) => name !== WHOLE_NUMBER)
		.sort(([one], [other]) => (one < other ? -1 : 1));
	return {
		$schema: "https://json-schema.org/draft/2020-12/schema",
		title: type,
		...restate(schema),
		...(parts.length > 0 && { $defs: restateAll(Object.fromEntries(parts)) }),
	};
}

const WHOLE_NUMBER = "WholeNumber";

/**
 * Copies a schema: in one order of keywords, by draft 2020-12 (`$defs`), with whole numbers said where they are, and with `oneOf` in
 * place of `anyOf`, since the arms of our unions exclude each other.
 */
function restate(schema) {
	const { $ref, description, type, anyOf, items, properties, required, additionalProperties, ...others } = schema;
	if (type === "object" && Object.keys(properties ?? {}).length === 0 && additionalProperties === undefined)
		throw new Error("the generator did not understand a type, and has the schema of any object for it");
	const name = $ref?.replace("#/definitions/", "");
	const isPart = (value) => typeof value === "object";
	return {
		...(name !== undefined && (name === WHOLE_NUMBER ? { type: "integer", minimum: 0 } : { $ref: `#/$defs/${name}` })),
		...(type !== undefined && { type }),
		...(description !== undefined && { description }),
		...others,
		...(anyOf !== undefined && { oneOf: anyOf.map(restate) }),
		...(items !== undefined && { items: restate(items) }),
		...(properties !== undefined && { properties: restateAll(properties) }),
		...(required !== undefined && { required: Object.keys(properties).filter((key) => required.includes(key)) }),
		...(additionalProperties !== undefined && {
			additionalProperties: isPart(additionalProperties) ? restate(additionalProperties) : additionalProperties,
		}),
	};
}

const restateAll = (parts) => Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, restate(part)]));

const WIDTH = 120;
const TAB_WIDTH = 2;

/** Formats a value as biome formats JSON: with tabs, and an array of words in one line where that has room for it. */
function formatValue(value, tabs = 0, used = 0) {
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const isList = Array.isArray(value);
	const [open, close] = isList ? "[]" : "{}";
	const entries = Object.entries(value).filter(([, item]) => item !== undefined);
	if (entries.length === 0) return open + close;
	if (isList && value.every((item) => typeof item !== "object")) {
		const line = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
		if (tabs * TAB_WIDTH + used + line.length + 1 <= WIDTH) return line;
	}
	const indent = "\t".repeat(tabs + 1);
	const lines = entries.map(([key, item]) => {
		const name = isList ? "" : `${JSON.stringify(key)}: `;
		return `${indent}${name}${formatValue(item, tabs + 1, name.length)}`;
	});
	return `${open}\n${lines.join(",\n")}\n${"\t".repeat(tabs)}${close}`;
}

export function writeSchemas(folder) {
	for (const [name, text] of formatSchemas()) writeFileSync(join(folder, name), text);
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url)
	writeSchemas(process.argv[2] ?? join(root, "schemas"));
