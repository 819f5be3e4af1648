// Parses a command line as glibc's getopt_long(3) does, which kmod's tools use: groups of short options, abbreviations,
// permutation, and glibc's error texts.

/** The spellings of an option on a command line. */
export type Spelling = {
	/** The key of the option in the table. */
	readonly key: string;
	/** The option's letter. */
	readonly short?: string | undefined;
	/** Long names without their dashes, the preferred one first. */
	readonly long: readonly string[];
	readonly takesArgument: boolean;
};

/** One option of a command line. `spelling` is the full name, such as -n or --show; an abbreviation is written out. */
export type Occurrence = { readonly key: string; readonly spelling: string; readonly argument?: string };

/** The words of a command line, up to its first error. `problem` is glibc's text for that error, without the program's name. */
export type Scan = {
	readonly occurrences: readonly Occurrence[];
	readonly operands: readonly string[];
	readonly problem?: string;
};

type Word = { readonly occurrences: readonly Occurrence[]; readonly tookNext: boolean; readonly problem?: string };

/**
 * Parses options and operands. With `permute` options may follow operands, as in getopt_long(3) unless POSIXLY_CORRECT is set.
 * Without `permute` the first operand ends the options. `--` ends the options in both cases.
 */
export function parseOptions(words: readonly string[], spellings: readonly Spelling[], permute = true): Scan {
	const occurrences: Occurrence[] = [];
	const operands: string[] = [];
	for (let at = 0; at < words.length; at++) {
		const word = words[at] ?? "";
		if (word === "--") return { occurrences, operands: operands.concat(words.slice(at + 1)) };
		if (word === "-" || !word.startsWith("-")) {
			if (!permute) return { occurrences, operands: words.slice(at) };
			operands.push(word);
			continue;
		}
		const parse = word.startsWith("--") ? parseLong : parseGroup;
		const read = parse(word, words[at + 1], spellings);
		for (const occurrence of read.occurrences) occurrences.push(occurrence);
		if (read.problem !== undefined) return { occurrences, operands, problem: read.problem };
		if (read.tookNext) at++;
	}
	return { occurrences, operands };
}

function parseLong(word: string, next: string | undefined, spellings: readonly Spelling[]): Word {
	const equals = word.indexOf("=");
	const name = word.slice(2, equals < 0 ? undefined : equals);
	const attached = equals < 0 ? undefined : word.slice(equals + 1);
	const candidates = lookUpLong(name, spellings);
	const [found] = candidates;
	if (found === undefined) return failure(`unrecognized option '${word}'`);
	if (candidates.some(({ spelling }) => spelling !== found.spelling)) {
		const possibilities = candidates.map((candidate) => `'--${candidate.name}'`).join(" ");
		return failure(`option '${word}' is ambiguous; possibilities: ${possibilities}`);
	}
	const { key, takesArgument } = found.spelling;
	const spelling = `--${found.name}`;
	if (takesArgument) {
		const argument = attached ?? next;
		if (argument === undefined) return failure(`option '${spelling}' requires an argument`);
		return { occurrences: [{ key, spelling, argument }], tookNext: attached === undefined };
	}
	if (attached !== undefined) return failure(`option '${spelling}' doesn't allow an argument`);
	return { occurrences: [{ key, spelling }], tookNext: false };
}

/** The long name itself, or else every name that it abbreviates. Two names of one option are not ambiguous. */
function lookUpLong(name: string, spellings: readonly Spelling[]): { name: string; spelling: Spelling }[] {
	const all = spellings.flatMap((spelling) => spelling.long.map((long) => ({ name: long, spelling })));
	const exact = all.find((candidate) => candidate.name === name);
	return exact === undefined ? all.filter((candidate) => candidate.name.startsWith(name)) : [exact];
}

function parseGroup(word: string, next: string | undefined, spellings: readonly Spelling[]): Word {
	const occurrences: Occurrence[] = [];
	const letters = [...word.slice(1)];
	for (const [index, letter] of letters.entries()) {
		const found = spellings.find(({ short }) => short === letter);
		const spelling = `-${letter}`;
		if (found === undefined) return { ...failure(`invalid option -- '${letter}'`), occurrences };
		if (!found.takesArgument) {
			occurrences.push({ key: found.key, spelling });
			continue;
		}
		const attached = letters.slice(index + 1).join("");
		const argument = attached === "" ? next : attached;
		if (argument === undefined) return { ...failure(`option requires an argument -- '${letter}'`), occurrences };
		occurrences.push({ key: found.key, spelling, argument });
		return { occurrences, tookNext: attached === "" };
	}
	return { occurrences, tookNext: false };
}

function failure(problem: string): Word {
	return { occurrences: [], tookNext: false, problem };
}
