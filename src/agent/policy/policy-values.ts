// The values of a policy file, as schemas: a value of a wrong type or out of range is a mistake. Pure. The message of a mistake
// is the second half of a sentence, which follows the key.
import * as v from "valibot";
import { normaliseAlias } from "../../libkmod/text/module-name.js";
import { isHeeded, isVariable } from "./command-environment.js";
import type { Patterns } from "./patterns.js";
import { tomlTable } from "./toml-file.js";

const STRINGS = "must be a string or a list of strings";

/** One string, or a list of at least one. */
export const listOf = (one: v.GenericSchema<string, string>) =>
	v.pipe(
		v.unknown(),
		v.transform((given): unknown => (Array.isArray(given) ? given : [given])),
		v.array(v.pipe(v.string(STRINGS), one)),
		v.minLength(1, STRINGS),
		v.readonly(),
	);

export const word = (words: readonly string[]) => v.picklist(words, `must be of ${words.join(", ")}`);

/** The name of a uevent's key that a command may have. */
export const variable = v.pipe(
	v.string(),
	v.check(isVariable, ({ input }) => `has a name that a uevent cannot have, or that is too long: ${input}`),
	v.check(
		(name) => !isHeeded(name),
		({ input }) => `must not have ${input}, which makes programs do something else`,
	),
);

export const pattern = v.pipe(v.string(), v.regex(/^[^\0\n]+$/, "must not be empty or have a NUL or a newline in it"));

/** An alias or a module name, spelled as libkmod compares them. */
export const alias = v.pipe(
	pattern,
	v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
		const normalised = normaliseAlias(value);
		if (normalised !== undefined) return normalised;
		addIssue({ message: `has a bracket without its other one: ${value}` });
		return NEVER;
	}),
);

const PROPERTIES = 'must be a table such as { DEVTYPE = "disk" }';

const propertyName = v.pipe(
	v.string(),
	v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, ({ input }) => `has a key that a uevent cannot have: ${input}`),
);

const propertyPatterns = listOf(pattern);

/** Patterns by property. Read as a list, since v.record would leave a property named __proto__ out. */
export const properties = v.pipe(
	tomlTable(PROPERTIES),
	v.transform((given) => Object.entries(given)),
	v.array(
		v.pipe(
			v.tuple([propertyName, v.unknown()]),
			v.rawTransform(({ dataset, addIssue, NEVER }): readonly [string, Patterns] => {
				const [name, given] = dataset.value;
				const { success, output, issues } = v.safeParse(propertyPatterns, given, { abortEarly: true });
				if (success) return [name, output];
				addIssue({ message: `${name} ${issues[0].message}` });
				return NEVER;
			}),
		),
	),
	v.minLength(1, PROPERTIES),
);

export const flag = v.boolean("must be true or false");

const COMMAND = "must be a list of strings: a program and its arguments";

const argument = v.pipe(v.string(COMMAND), v.regex(/^[^\0]*$/, COMMAND));

/** A program's absolute path and its arguments. */
export const program = v.pipe(
	v.tupleWithRest([argument], argument, COMMAND),
	v.check(([path]) => path.startsWith("/"), "must begin with a program's absolute path"),
	v.readonly(),
);

const SHORTEST_SECONDS = 0.1;

export function seconds(longest: number) {
	const message = `must be a number from ${SHORTEST_SECONDS} to ${longest}`;
	return v.pipe(v.number(message), v.minValue(SHORTEST_SECONDS, message), v.maxValue(longest, message));
}
