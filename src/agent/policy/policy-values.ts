// Reads the values of a policy file strictly: a value of a wrong type or out of range is a mistake. Pure.
import { normaliseAlias } from "../../libkmod/text/module-name.js";
import { isHeeded, isVariable } from "./command-environment.js";
import type { Patterns } from "./patterns.js";

export type Table = Readonly<Record<string, unknown>>;

/** A mistake in a rule as a whole, or in the value of one of its keys. */
export type Mistake = { readonly key?: string; readonly message: string };

/** The value, or the second half of a sentence about the mistake, which follows the key. */
type Reading<Value> = { readonly value: Value } | { readonly wrong: string };
type Read<Value, Given = unknown> = (given: Given) => Reading<Value>;

export type TableReader = {
	/**
	 * Reads the value of a key. Returns undefined when the key is absent, or the value is wrong, which is recorded as a mistake.
	 */
	read<Value>(key: string, read: Read<Value>): Value | undefined;
	/** Records that the table as a whole lacks something. */
	refuse(message: string): void;
	/** Ends the reading: every key that was not read is a mistake. */
	end(): void;
};

export function makeTableReader(table: Table, mistakes: Mistake[]): TableReader {
	const known: string[] = [];
	const lacking: Mistake[] = [];
	return {
		read(key, read) {
			known.push(key);
			if (!Object.hasOwn(table, key)) return undefined;
			const reading = read(table[key]);
			if ("value" in reading) return reading.value;
			mistakes.push({ key, message: `${key} ${reading.wrong}` });
			return undefined;
		},
		refuse: (message) => void lacking.push({ message }),
		end() {
			for (const key of Object.keys(table))
				if (!known.includes(key))
					mistakes.push({ key, message: `${key} is no key of such a rule; its keys are ${known.join(", ")}` });
			// A key with a wrong value would also be told as lacking: such messages are left out.
			if (mistakes.length === 0) mistakes.push(...lacking);
		},
	};
}

/** Reads one string, or a list of at least one. */
export function listOf(one: Read<string, string>): Read<Patterns> {
	return (given) => {
		const values: string[] = [];
		for (const it of Array.isArray(given) ? given : [given]) {
			if (typeof it !== "string") return { wrong: STRINGS };
			const reading = one(it);
			if ("wrong" in reading) return reading;
			values.push(reading.value);
		}
		return values.length === 0 ? { wrong: STRINGS } : { value: values };
	};
}

const STRINGS = "must be a string or a list of strings";

export function word(words: readonly string[]): Read<string, string> {
	return (text) => (words.includes(text) ? { value: text } : { wrong: `must be of ${words.join(", ")}` });
}

/** Reads the name of a uevent's key that a command may have. */
export const variable: Read<string, string> = (name) => {
	if (!isVariable(name)) return { wrong: `has a name that a uevent cannot have, or that is too long: ${name}` };
	if (isHeeded(name)) return { wrong: `must not have ${name}, which makes programs do something else` };
	return { value: name };
};

export const pattern: Read<string, string> = (text) =>
	text === "" || /[\0\n]/.test(text)
		? { wrong: "must not be empty or have a NUL or a newline in it" }
		: { value: text };

/** Reads an alias or a module name, spelled as libkmod compares them. */
export const alias: Read<string, string> = (text) => {
	const reading = pattern(text);
	if ("wrong" in reading) return reading;
	const value = normaliseAlias(reading.value);
	return value === undefined ? { wrong: `has a bracket without its other one: ${text}` } : { value };
};

export const properties: Read<readonly (readonly [string, Patterns])[]> = (given) => {
	const list = listOf(pattern);
	const read: [string, Patterns][] = [];
	for (const [key, patterns] of isTable(given) ? Object.entries(given) : []) {
		if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return { wrong: `has a key that a uevent cannot have: ${key}` };
		const one = list(patterns);
		if ("wrong" in one) return { wrong: `${key} ${one.wrong}` };
		read.push([key, one.value]);
	}
	return read.length === 0 ? { wrong: 'must be a table such as { DEVTYPE = "disk" }' } : { value: read };
};

export function isTable(given: unknown): given is Table {
	return typeof given === "object" && given !== null && !Array.isArray(given) && !(given instanceof Date);
}

export const flag: Read<boolean> = (given) =>
	typeof given === "boolean" ? { value: given } : { wrong: "must be true or false" };

/** Reads a program's absolute path and its arguments. */
export const program: Read<readonly [string, ...string[]]> = (given) => {
	const wrong = "must be a list of strings: a program and its arguments";
	const words: string[] = [];
	for (const it of Array.isArray(given) ? given : []) {
		if (typeof it !== "string" || it.includes("\0")) return { wrong };
		words.push(it);
	}
	const [path, ...parameters] = words;
	if (path === undefined) return { wrong };
	return path.startsWith("/")
		? { value: [path, ...parameters] }
		: { wrong: "must begin with a program's absolute path" };
};

const SHORTEST_SECONDS = 0.1;

export function seconds(longest: number): Read<number> {
	return (given) =>
		typeof given === "number" && given >= SHORTEST_SECONDS && given <= longest
			? { value: given }
			: { wrong: `must be a number from ${SHORTEST_SECONDS} to ${longest}` };
}
