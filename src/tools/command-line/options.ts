// A command's options as a table, and the values that come of it, typed by the table.
import type { Occurrence, Spelling } from "./getopt.js";

/** One row of a command's table. The key of the row in kebab-case is the option's long name: showDepends, --show-depends. */
export type Option = {
	readonly help: string;
	/** The heading in --help under which it stands; "Options:" when absent. */
	readonly group?: string;
	/** Understood, and not shown in --help. */
	readonly hidden?: true;
	/** Its letter. */
	readonly short?: string;
	/** Other long names of the same option. */
	readonly also?: readonly string[];
	/** What it takes, such as DIR. Without it the option is a flag. */
	readonly argument?: string;
	/** The argument is a whole number, 0 or more. */
	readonly number?: true;
	/** A flag that is counted, or an argument that is collected; else the last one given wins. */
	readonly repeat?: true;
};

export type Options = { readonly [key: string]: Option };

type Value<O extends Option> = O extends { argument: string }
	? O extends { repeat: true }
		? readonly string[]
		: O extends { number: true }
			? number | undefined
			: string | undefined
	: O extends { repeat: true }
		? number
		: boolean;

/** The value of each option: false, 0, [] or undefined where it was not given. */
export type Values<O extends Options> = { readonly [K in keyof O]: Value<O[K]> };

/** A command line, read: the options' values, the operands, and how each option was spelled, in order. */
export type Given<O extends Options> = {
	readonly options: Values<O>;
	readonly operands: readonly string[];
	readonly occurrences: readonly Occurrence[];
};

/** The long name of a key: showDepends is show-depends. */
export function formatLong(key: string): string {
	return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Every spelling of every option, in the table's order, which is the order in which an ambiguity lists them. */
export function listSpellings(options: Options): Spelling[] {
	return Object.entries(options).map(([key, option]) => ({
		key,
		short: option.short,
		long: [formatLong(key), ...(option.also ?? [])],
		takesArgument: option.argument !== undefined,
	}));
}
