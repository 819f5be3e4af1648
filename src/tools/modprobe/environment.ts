// MODPROBE_OPTIONS: options that modprobe reads before those of its command line. By this variable modprobe also passes options
// on to the modprobes that its install and remove commands run.
import type { Occurrence } from "../command-line/getopt.js";

/** Splits the variable into words at blanks outside quotes, and drops the quotes. An unclosed quote is an ordinary character. */
export function splitOptions(text: string): string[] {
	const words: string[] = [];
	for (const [word] of text.matchAll(/(?:'[^']*'|"[^"]*"|['"].*$|[^ '"])+/gs))
		words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/gs, (_, single, double) => single ?? double));
	return words;
}

/**
 * The variable for child processes: the inherited text, then every -C, -q, -s and -v that took effect. Options that came from the
 * inherited text are among those, and so appear twice.
 */
export function optionsForChildren(inherited: string | undefined, occurrences: readonly Occurrence[]): string {
	const handedOn = occurrences.flatMap(({ key, argument = "" }) => {
		if (key === "config") return [`-C ${quote(argument)}`];
		return { quiet: ["-q"], syslog: ["-s"], verbose: ["-v"] }[key] ?? [];
	});
	return [...(inherited === undefined ? [] : [inherited]), ...handedOn].join(" ");
}

function quote(word: string): string {
	if (!/[ '"]/.test(word)) return word;
	return word.includes("'") ? `"${word}"` : `'${word}'`;
}
