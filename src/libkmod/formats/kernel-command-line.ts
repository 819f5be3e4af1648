// The kernel command line (/proc/cmdline): `module.parameter[=value]` and `modprobe.blacklist=a,b` for modprobe, as modprobe(8)
// describes and kmod reads them; `module_blacklist=a,b` for the kernel itself; and single words of other programs.
//
// Blacklisted names are normalised. kmod leaves their dashes and quotes, and so ignores such names.
import { normaliseAlias } from "../text/module-name.js";

export type KernelCommandLine = {
	readonly options: readonly { readonly module: string; readonly options: string }[];
	readonly blacklist: readonly string[];
	/**
	 * Modules that the kernel refuses with EPERM, whichever program inserts them. As spelled: the kernel knows modules by
	 * underscores only.
	 */
	readonly kernelBlacklist: readonly string[];
	/** Names with unmatched brackets, which are ignored. */
	readonly bad: readonly string[];
};

export function parseKernelCommandLine(text: string): KernelCommandLine {
	const options: { module: string; options: string }[] = [];
	const blacklist: string[] = [];
	const bad: string[] = [];
	for (const { word, closed } of quotedWords(text)) {
		const found = closed ? parseWord(word) : undefined;
		if (found === undefined) continue;
		const module = normaliseAlias(found.module);
		if (module === undefined) bad.push(found.module);
		else if (found.module === "modprobe" && found.options.startsWith("blacklist="))
			for (const name of blacklistedNames(found.options.slice("blacklist=".length))) blacklist.push(name);
		else options.push({ module, options: found.options.replaceAll("\t", " ") });
	}
	return { options, blacklist, kernelBlacklist: parseKernelBlacklist(text), bad };
}

/** The blacklisted names. Quotes around one name, or around the list, are no part of a name. */
function blacklistedNames(value: string): readonly string[] {
	return value.replaceAll('"', "").replaceAll("-", "_").split(",");
}

type Word = { readonly word: string; readonly closed: boolean };

/** Splits the text at white space outside quotes. Only the last word may have an unclosed quote. */
function quotedWords(text: string): Word[] {
	const words: Word[] = [];
	const nul = text.indexOf("\0");
	const length = nul === -1 ? text.length : nul;
	let start = 0;
	let quoted = false;
	for (let at = 0; at <= length; at++) {
		if (at < length && text[at] === '"') quoted = !quoted;
		if (at < length && (quoted || !isSpace(text.charCodeAt(at)))) continue;
		if (at > start) words.push({ word: text.slice(start, at), closed: !quoted });
		start = at + 1;
	}
	return words;
}

function isSpace(code: number): boolean {
	return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/**
 * Parses `module.parameter=value`. Quotes may enclose the value or the whole word. Boot loaders write `"module.parameter=some
 * words"` when `module.parameter="some words"` was meant. Both give the latter.
 */
function parseWord(word: string): { module: string; options: string } | undefined {
	const whole = word.startsWith('"');
	const [, module, parameter, value] =
		/^([^.="\t-\r ]*)\.([^.="\t-\r ]*)(?:=(.*))?$/s.exec(whole ? word.slice(1) : word) ?? [];
	if (module === undefined || parameter === undefined) return undefined;
	if (value === undefined) return whole ? undefined : { module, options: parameter };
	return { module, options: `${parameter}=${whole ? '"' : ""}${value}` };
}

/**
 * Reads module_blacklist by the rules of the kernel's own parameters: up to a word `--`, quotes dropped, dashes in the name
 * equal to underscores.
 */
function parseKernelBlacklist(text: string): readonly string[] {
	let names: string[] = [];
	for (const { word } of quotedWords(text)) {
		if (word === "--") break;
		const [, value] = /^"?module[-_]blacklist=(.*)$/s.exec(word) ?? [];
		// Only the last such word counts.
		if (value !== undefined) names = value.replace(/^"/, "").replace(/"$/, "").split(",");
	}
	return names.filter((name) => name !== "");
}

/**
 * The value of the last word `name=value`. Undefined when there is none. Words after `--` count too, as with systemd's
 * conditions. Quotes around the value or the whole word are dropped.
 */
export function readKernelWord(text: string, name: string): string | undefined {
	let value: string | undefined;
	for (const { word } of quotedWords(text)) {
		const unquoted = word.replaceAll('"', "");
		if (unquoted.startsWith(`${name}=`)) value = unquoted.slice(name.length + 1);
	}
	return value;
}
