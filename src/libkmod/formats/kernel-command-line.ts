// What the kernel command line (/proc/cmdline) says to modprobe: `module.parameter[=value]`, `modprobe.blacklist=a,b`, as
// modprobe(8) describes and kmod reads them; to the kernel itself: `module_blacklist=a,b`; and to whoever has a word of its own.
//
// Apart from kmod, which leaves their dashes and quotes and so lets them go unheeded, blacklisted names are normalised.
import { normaliseAlias } from "../text/module-name.js";

export type KernelCommandLine = {
	readonly options: readonly { readonly module: string; readonly options: string }[];
	readonly blacklist: readonly string[];
	/** Modules that the kernel refuses whoever inserts them (EPERM): as spelt, for it knows modules by underscores only. */
	readonly kernelBlacklist: readonly string[];
	/** Names with unmatched brackets, which count for nothing. */
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

/** Quotes around one of them, or around them all, are none of its name. */
function blacklistedNames(value: string): readonly string[] {
	return value.replaceAll('"', "").replaceAll("-", "_").split(",");
}

type Word = { readonly word: string; readonly closed: boolean };

/** Words end at white space outside quotes. Only the last one's quotes may be left unclosed. */
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
 * Quotes may stand in the value, or around the whole: boot loaders write `"module.parameter=some words"` where
 * `module.parameter="some words"` was meant, and that is what is made of it.
 */
function parseWord(word: string): { module: string; options: string } | undefined {
	const whole = word.startsWith('"');
	const [, module, parameter, value] =
		/^([^.="\t-\r ]*)\.([^.="\t-\r ]*)(?:=(.*))?$/s.exec(whole ? word.slice(1) : word) ?? [];
	if (module === undefined || parameter === undefined) return undefined;
	if (value === undefined) return whole ? undefined : { module, options: parameter };
	return { module, options: `${parameter}=${whole ? '"' : ""}${value}` };
}

/** As the kernel's own parameters are read: up to a word `--`, quotes dropped, dashes in the name as good as underscores. */
function parseKernelBlacklist(text: string): readonly string[] {
	let names: string[] = [];
	for (const { word } of quotedWords(text)) {
		if (word === "--") break;
		const [, value] = /^"?module[-_]blacklist=(.*)$/s.exec(word) ?? [];
		// The last one counts alone.
		if (value !== undefined) names = value.replace(/^"/, "").replace(/"$/, "").split(",");
	}
	return names.filter((name) => name !== "");
}

/**
 * The value of a word `name=value`, the last one's where there are several; undefined where there is none. Words behind `--` count
 * too, as with systemd's conditions. Quotes around the value or the whole are dropped.
 */
export function readKernelWord(text: string, name: string): string | undefined {
	let value: string | undefined;
	for (const { word } of quotedWords(text)) {
		const unquoted = word.replaceAll('"', "");
		if (unquoted.startsWith(`${name}=`)) value = unquoted.slice(name.length + 1);
	}
	return value;
}
