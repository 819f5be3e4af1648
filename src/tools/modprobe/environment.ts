// MODPROBE_OPTIONS: options that stand before those of the command line, and what a modprobe hands on by it to the modprobes
// that its install and remove commands run.
import type { Occurrence } from "../command-line/getopt.js";

/** Words end at blanks outside quotes, which are dropped. A quote that is never closed is a character like any other. */
export function splitOptions(text: string): string[] {
	const words: string[] = [];
	for (const [word] of text.matchAll(/(?:'[^']*'|"[^"]*"|['"].*$|[^ '"])+/gs))
		words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/gs, (_, single, double) => single ?? double));
	return words;
}

/** What was there, then each -C, -q, -s and -v that counted, the inherited ones again. */
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
