// The output of a command's --json, for its manual page: a term for each key, from the schemas in schemas/.
import { readFileSync } from "node:fs";
import { entry, paragraph, section } from "./roff.mjs";

/** The names of the schemas of each command. */
const schemas = {
	kmod: ["lsmod"],
	lsmod: ["lsmod"],
	modinfo: ["modinfo"],
	modprobe: ["modprobe-show-alias", "modprobe-show-depends", "modprobe-show-config"],
};

/** The section about the records. Empty for a command without records. */
export function describeRecords(command) {
	const names = schemas[command];
	if (names === undefined) return [];
	return [
		section("JSON"),
		paragraph("With `--json` each line of the output is an object. A later version may add keys, but removes none."),
		...names.flatMap((name) => describeRecord(read(name))),
	];
}

function read(name) {
	return JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), "utf8"));
}

function describeRecord(schema) {
	const kinds = schema.oneOf ?? [schema];
	return [paragraph(schema.description), ...kinds.flatMap((kind) => describeKeys(schema, kind))];
}

/** Describes the keys. When there are several kinds of record, each begins with the key that distinguishes it. */
function describeKeys(schema, { properties }) {
	const keys = Object.entries(properties).map(([key, given]) => [key, resolve(schema, given)]);
	const mark = keys.find(([, { const: value, enum: values }]) => typeof value === "string" || values?.length === 2);
	if (schema.oneOf === undefined || mark === undefined) return keys.map(describeKey);
	const [name, { const: value, enum: values = [value], description }] = mark;
	const spelled = values.map((it) => `"${it}"`).join(" or ");
	const others = keys.filter((it) => it !== mark).map(([key]) => `\`${key}\``);
	return [entry(`${name} ${spelled}`, `${description} With it: ${others.join(", ")}.`)];
}

function describeKey([key, { description }]) {
	return entry(key, description);
}

function resolve({ $defs = {} }, { $ref, ...rest }) {
	return $ref === undefined ? rest : { ...$defs[$ref.replace("#/$defs/", "")], ...rest };
}
