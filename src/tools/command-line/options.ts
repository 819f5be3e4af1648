// The table of a command's options, and the type of the parsed values, which follows from the table.
import type { Occurrence, Spelling } from "./getopt.js";

/** One row of the table. The option's long name is the row's key in kebab-case: showDepends becomes --show-depends. */
export type Option = {
	readonly help: string;
	/** The heading of the option in --help; "Options:" when absent. */
	readonly group?: string;
	/** The option works but is not shown in --help. */
	readonly hidden?: true;
	/** The option's letter. */
	readonly short?: string;
	/** Other long names of the same option. */
	readonly also?: readonly string[];
	/** The name of the argument, such as DIR. An option without argument is a flag. */
	readonly argument?: string;
	/** The argument is a whole number, 0 or more. */
	readonly number?: true;
	/** The argument is a file or directory of this host, even where --machine names another machine. */
	readonly ofHost?: true;
	/** A repeated flag is counted, and repeated arguments are collected in a list. Without `repeat` the last one wins. */
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

/** The value of each option. An option that was not given is false, 0, [] or undefined. */
export type Values<O extends Options> = { readonly [K in keyof O]: Value<O[K]> };

/** A parsed command line: the options' values, the operands, and each option's spelling, in order. */
export type Given<O extends Options> = {
	readonly options: Values<O>;
	readonly operands: readonly string[];
	readonly occurrences: readonly Occurrence[];
};

/** The long name of a key: show-depends for showDepends. */
export function formatLong(key: string): string {
	return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Every spelling of every option, in the table's order. The message about an ambiguous abbreviation lists them in that order. */
export function listSpellings(options: Options): Spelling[] {
	return Object.entries(options).map(([key, option]) => ({
		key,
		short: option.short,
		long: [formatLong(key), ...(option.also ?? [])],
		takesArgument: option.argument !== undefined,
	}));
}
